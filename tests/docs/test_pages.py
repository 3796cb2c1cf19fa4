"""The pages of docs/: links lead somewhere, every command and setting file is told of, decisions keep their form."""

import re
from pathlib import Path

import pytest

from node.cli.main import COMMANDS, HIDDEN, cli
from tests.house.tree import ROOT, tracked

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
HEADINGS = ["Context", "Decision", "What it costs", "What would change it"]
LARGEST_PICTURE = 150_000


def without_code(text: str) -> str:
    return re.sub(r"^( *)```.*?^ *```$", "", text, flags=re.M | re.S)


def links(path: Path) -> list[str]:
    text = without_code(path.read_text("utf-8"))
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'<img src="([^"]+)"', text)


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", without_code(path.read_text("utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_links_inside_the_repository_lead_somewhere(path: Path) -> None:
    for link in links(path):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_of_docs_can_be_reached_from_its_contents() -> None:
    contents = ROOT / "docs" / "README.md"
    reached = {(contents.parent / link).resolve() for link in links(contents) if "://" not in link}
    reached |= {path for path in PAGES if "decisions" in path.parts} | {contents}
    assert {path for path in PAGES if "docs" in path.parts} - reached == set()


def test_every_decision_is_listed_once_and_in_order() -> None:
    listed = links(ROOT / "docs" / "decisions" / "README.md")
    assert listed == [path.name for path in DECISIONS]
    numbers = [path.name[:4] for path in DECISIONS]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_short_and_says_what_would_change_it(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) <= 40
    assert re.match(rf"# {path.name[:4]} \S", lines[0])
    assert [line[3:] for line in lines if line.startswith("## ")] == HEADINGS


def test_every_command_is_told_of() -> None:
    """In a page for people, not only in --help."""
    told = "\n".join(path.read_text("utf-8") for path in PAGES if path.name != "CHANGELOG.md")
    missing = []
    for name in sorted(set(COMMANDS) - HIDDEN):
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        inner = sorted(getattr(command, "commands", {}) or {""})
        words = [f"allmende {name} {sub}".strip() for sub in inner]
        missing += [word for word in words if word not in told]
    assert not missing


def test_every_file_of_deploy_is_told_of() -> None:
    told = "\n".join(path.read_text("utf-8") for path in PAGES)
    files = {path.name for path in tracked() if path.relative_to(ROOT).parts[0] == "deploy"}
    unseen = {"Dockerfile", "Dockerfile.dockerignore", "healthcheck.py", "compose.yml", "backup.sh"}
    # What these do is behind `docker compose up` and the backup unit.
    patterns = {
        name for name in files - unseen if name not in told and not name.startswith("allmende-backup.")
    }
    assert not patterns


def test_the_readme_begins_with_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    commands = re.findall(r"^\./allmende (\S+(?: \S+)?) +#", text, re.M)
    assert commands == ["demo", "dev check"]
    assert len(text.splitlines()) <= 60


def test_pictures_are_small() -> None:
    for path in (ROOT / "docs" / "pictures").glob("*"):
        assert path.stat().st_size <= LARGEST_PICTURE, path.name


def test_lines_of_our_pages_can_be_read_in_a_terminal() -> None:
    made = {"codes.md", "configure.md", "client-api.md", "LICENSE.md"}
    wrong = []
    for path in PAGES:
        if path.name in made:
            continue
        for number, line in enumerate(without_code(path.read_text("utf-8")).splitlines(), 1):
            if len(line) > 125 and not line.startswith(("|", "<img", "- [")):
                wrong.append(f"{path.relative_to(ROOT)}:{number}")
    assert not wrong
