"""deploy/compose.yml: what it starts fits together, and nothing stands open."""

import re
from typing import Any

import pytest

from node import configfile
from node.cli.main import COMMANDS
from tests.deploy import plain_yaml
from tests.deploy.plain_yaml import PlainYamlError
from tests.house.tree import ROOT

FILE = plain_yaml.load((ROOT / "deploy" / "compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "allmende"}
KEYS = {
    "image", "build", "command", "restart", "depends_on", "environment", "secrets", "networks", "volumes", "tmpfs",
    "healthcheck", "read_only", "cap_drop", "cap_add", "security_opt", "stop_grace_period", "shm_size", "ports",
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["a: &x 1", "a:\n\tb: 1", "a: 1\na: 2", 'a: "b', "a: |\n  text", "a:\n    b: 1\n  c: 2"],
    ids=["anchor", "tab", "twice", "open quote", "long text", "odd indent"],
)
def test_the_reader_refuses_what_is_not_plain(text: str) -> None:
    with pytest.raises(PlainYamlError):
        plain_yaml.load(text)


def test_the_reader_understands_mappings_lists_and_texts() -> None:
    text = 'a:\n  b: c:d\n  e: ["f", g]\n  h:\n    - "i:j"\n    - k: l\n  # word\nm:\n'
    assert plain_yaml.load(text) == {"a": {"b": "c:d", "e": ["f", "g"], "h": ["i:j", {"k": "l"}]}, "m": None}


def test_only_known_keys_are_used() -> None:
    assert set(FILE) == {"name", "services", "networks", "volumes", "secrets"}
    assert not {key for service in SERVICES.values() for key in service} - KEYS


def test_images_name_a_version() -> None:
    for name, service in SERVICES.items():
        if name not in OURS:
            assert re.search(r":\d+(\.\d+)*(-\w+)?$", service["image"]), service["image"]


def test_whatever_is_named_is_declared() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        assert set(service.get("networks", [])) <= set(FILE["networks"])
        assert set(service.get("secrets", [])) <= set(FILE["secrets"])
        named = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert {volume for volume in named if not volume.startswith(".")} <= set(FILE["volumes"])


def test_our_services_run_commands_that_exist_with_settings_that_exist() -> None:
    known = {f"{configfile.ENV_PREFIX}{key.section}__{key.name}".upper() for key in configfile.all_keys()}
    assert set(OURS) == {"migrate", "web", "worker"}
    for service in OURS.values():
        assert service["command"][0] in COMMANDS
        assert set(service["environment"]) <= known


def test_nothing_but_caddy_can_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["caddy"]
    assert FILE["networks"]["inside"]["internal"] == "true"
    for name in ("database", "valkey"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_our_services_may_do_little() -> None:
    for service in OURS.values():
        assert service["read_only"] == "true"
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert not any("privileged" in service for service in SERVICES.values())


def test_secrets_come_from_files_only() -> None:
    for name, service in SERVICES.items():
        for key, value in (service.get("environment") or {}).items():
            assert "password" not in key.lower() or key.endswith("_FILE"), f"{name}: {key}"
            assert not re.search(r"://[^/\s]*:[^/@\s]+@", value), f"{name}: {key} holds a password"
            if value.startswith("/run/secrets/"):
                assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert all(secret["file"].startswith("./secrets/") for secret in FILE["secrets"].values())


def test_web_starts_after_the_database_is_up_to_date_and_caddy_after_web() -> None:
    assert SERVICES["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"
    for name in ("web", "worker"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert SERVICES["caddy"]["depends_on"]["web"]["condition"] == "service_healthy"
    for name in ("database", "valkey"):
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_the_proxy_the_node_trusts_is_the_network_caddy_is_in() -> None:
    subnet = FILE["networks"]["outside"]["ipam"]["config"][0]["subnet"]
    assert SERVICES["web"]["environment"]["ALLMENDE__WEB__TRUSTED_PROXIES"] == subnet
    assert SERVICES["caddy"]["networks"] == ["outside"]
