"""Settings: every mistake is answered with its place and the mend, and the reference page is fresh."""

from pathlib import Path

import msgspec
import pytest

from node import configfile
from node.config import Config, ConfigError, check, parse_listen


class Mistake(msgspec.Struct, frozen=True):
    name: str
    text: str
    says: tuple[str, ...]
    environment: dict[str, str] = {}


LAB = "[node]\nlab = true\n"
MISTAKES = [
    Mistake("misspelt key", LAB + "[web]\nproceses = 2\n", ("line 4", "no key proceses", "Did you mean processes?")),
    Mistake("misspelt section", LAB + "[wep]\nlisten = 'x'\n", ("line 3", "no section [wep]", "Did you mean web?")),
    Mistake("key of another section", LAB + "[web]\npool_size = 2\n", ("line 4", "belongs into [database]")),
    Mistake("key without section", "listen = 'x'\n", ("line 1", "belongs into the section [web]")),
    Mistake("section as a value", "node = 'x'\n", ("line 1", "write [node]")),
    Mistake("too large", LAB + "[web]\nprocesses = 99\n", ("line 4", "<= 64")),
    Mistake("wrong type", LAB + "[web]\nprocesses = 'two'\n", ("line 4", "Expected `int`")),
    Mistake("same key in two sections", "[database]\nurl = 'x'\n[valkey]\nurl = 1\n", ("line 4", "[valkey] url")),
    Mistake("dotted key", "web.proceses = 1\n", ("line 1", "Did you mean processes?")),
    Mistake("not TOML", "[web\n", ("not valid TOML", "line 1")),
    Mistake("unknown variable", LAB, ("ALLMENDE__WEB__LISTN", "Did you mean ALLMENDE__WEB__LISTEN?"),
            {"ALLMENDE__WEB__LISTN": "x"}),
    Mistake("variable of wrong type", LAB, ("ALLMENDE__WEB__PROCESSES", "Expected `int`"),
            {"ALLMENDE__WEB__PROCESSES": "many"}),
    Mistake("public origin in the lab", LAB + "origin = 'https://example.org'\n", ("lab", "https://example.org")),
    Mistake("public http", "[node]\norigin = 'http://example.org'\n", ("only trust https",)),
    Mistake("origin with a path", "[node]\norigin = 'https://example.org/social'\n", ("more than scheme and host",)),
    Mistake("origin with a slash", "[node]\norigin = 'https://example.org/'\n", ("more than scheme and host",)),
    Mistake("origin without scheme", "[node]\norigin = 'example.org'\n", ("no address", "like https://example.org")),
    Mistake("origin in capitals", "[node]\norigin = 'https://Example.org'\n", ("lower case",)),
    Mistake("origin with a bad port", "[node]\norigin = 'https://example.org:99999'\n", ("no address",)),
    Mistake("bad listen", LAB + "[web]\nlisten = '8080'\n", ("127.0.0.1:8080",)),
    Mistake("bad proxy", LAB + "[web]\ntrusted_proxies = ['nginx']\n", ("nginx", "not an address")),
    Mistake("url twice", LAB + "[database]\nurl = 'a'\nurl_file = 'b'\n", ("both url and url_file",)),
    Mistake("no language", "[node]\nlab = true\nlanguages = []\n", ("languages is empty",)),
]  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case.name)
def test_a_mistake_is_refused_with_its_place_and_the_mend(case: Mistake, tmp_path: Path) -> None:
    (tmp_path / "allmende.toml").write_text(case.text)
    with pytest.raises(ConfigError) as caught:
        configfile.load(tmp_path, environment=case.environment)
    for words in case.says:
        assert words in str(caught.value)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "allmende.toml").write_text(LAB + "languages = ['en']\n[web]\nprocesses = 3\n")
    environment = {
        "ALLMENDE__WEB__PROCESSES": "2", "ALLMENDE__NODE__LANGUAGES": "de, en", "ALLMENDE__NODE__LAB": "yes",
        "ALLMENDE__WORKER__POLL_DELAY_S": "0.5", "ALLMENDEX": "other",
    }  # fmt: skip
    config = configfile.load(tmp_path, environment=environment)
    assert config.web.processes == 2
    assert config.node.languages == ("de", "en")
    assert config.node.lab
    assert config.worker.poll_delay_s == 0.5


def test_a_file_named_on_the_command_line_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        configfile.load(tmp_path, tmp_path / "missing.toml", environment={})


def test_what_show_prints_hides_passwords_and_can_be_read_again(tmp_path: Path) -> None:
    text = (
        LAB
        + "[database]\nurl = 'postgresql://us:s%40cret@db/x'\n[valkey]\nurl = 'redis://:s3cret@v:6379/0'\n"
    )
    (tmp_path / "allmende.toml").write_text(text)
    shown = configfile.show(configfile.load(tmp_path, environment={}))
    assert "s%40cret" not in shown
    assert "s3cret" not in shown
    (tmp_path / "allmende.toml").write_text(shown)
    assert configfile.load(tmp_path, environment={}).database.url == "postgresql://us:***@db/x"


def test_the_reference_names_every_key_with_its_meaning() -> None:
    page = configfile.reference()
    for key in configfile.all_keys():
        assert key.description, key
        assert f"| `{key.name}` |" in page


def test_the_reference_page_is_fresh() -> None:
    page = Path(__file__).parents[2] / "docs" / "configure.md"
    assert page.read_text() == configfile.reference(), "run `allmende dev settings`"


def test_paths_are_taken_from_the_data_directory(tmp_path: Path) -> None:
    config = Config.for_data_dir(tmp_path)
    assert config.media_dir == tmp_path / "media"
    assert config.key_file == tmp_path / "secrets" / "node.key"
    elsewhere = msgspec.structs.replace(
        config, media=msgspec.structs.replace(config.media, path="/srv/media")
    )
    assert elsewhere.media_dir == Path("/srv/media")


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:80", "127.0.0.1", 80), ("[::1]:8080", "::1", 8080), ("unix:/a b", "", 0)],
)
def test_addresses_to_listen_on_are_read(text: str, host: str, port: int) -> None:
    address = parse_listen(text)
    assert (address.host, address.port) == (host, port)


def test_several_processes_cannot_share_a_unix_socket(tmp_path: Path) -> None:
    config = Config.for_data_dir(tmp_path)
    web = msgspec.structs.replace(config.web, listen="unix:/run/x.sock", processes=2)
    with pytest.raises(ConfigError, match="one web process"):
        check(msgspec.structs.replace(config, web=web))
