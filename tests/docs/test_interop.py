"""docs/interoperability.md claims what tests show and nothing else."""

import re

from tests.corpus.files import READ_AS
from tests.docs import grid, interop
from tests.house.tree import ROOT


def test_the_page_is_fresh() -> None:
    assert interop.PAGE.read_text("utf-8") == interop.render(), "run: python -m tests.docs.interop"


def test_every_test_it_names_is_there() -> None:
    named = re.findall(r"`(tests/[^`]+)`", interop.PAGE.read_text("utf-8"))
    assert len(named) > 8
    for name in named:
        path, _, function = name.partition("::")
        assert (ROOT / path).exists(), name
        assert not function or f"def {function}(" in (ROOT / path).read_text("utf-8"), name


def test_every_kind_of_document_that_is_read_has_a_column() -> None:
    columns = {kind for _, kinds in interop._COLUMNS for kind in kinds}
    assert {kind for kind in READ_AS.values() if not kind.startswith("!")} <= columns


def test_every_mark_of_the_grid_stands_on_a_test_that_is_there() -> None:
    for program, table, columns, test in (*grid.LIVED, *grid.PLAYED, *grid.LEFT):
        assert program in grid.NAMES and set(columns) <= grid.TABLES[table].keys(), test
        path, _, function = test.partition("::")
        assert f"def {function}(" in (ROOT / path).read_text("utf-8"), test


def test_every_document_we_read_or_send_has_a_column_in_the_grid() -> None:
    kinds = {kind for kind in READ_AS.values() if not kind.startswith("!")} | set(interop.sent_names())
    kinds |= {kind for _, kind in grid.by_hand().values()} - {"Undo"}  # by its id: whatever it takes back
    assert {kind for kind in kinds if grid.place_of(kind) is None} == set()


def test_every_program_of_the_grid_is_named_and_has_a_row() -> None:
    programs = {grid.program_of(name) for name, kind in READ_AS.items() if grid.place_of(kind)}
    programs |= {program for program, _ in grid.by_hand().values()}
    assert programs <= grid.NAMES.keys()
    page = interop.PAGE.read_text("utf-8")
    assert [name for name in grid.NAMES.values() if f"\n| {name} |" not in page] == []
