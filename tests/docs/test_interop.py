"""docs/interoperability.md claims what tests show and nothing else."""

import re

from tests.corpus.files import READ_AS
from tests.docs import interop
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
