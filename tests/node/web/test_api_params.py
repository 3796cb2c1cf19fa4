"""Parameters of the client API: one tree, however they were sent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.ids import MAX_ID
from node.web.api import ApiRefusal
from node.web.api_params import Params, grow

TREES: dict[str, tuple[list[tuple[str, str]], dict[str, Any]]] = {
    "plain": ([("a", "1")], {"a": "1"}),
    "the last counts": ([("a", "1"), ("a", "2")], {"a": "2"}),
    "a list": ([("id[]", "1"), ("id[]", "2")], {"id": ["1", "2"]}),
    "nested": ([("source[privacy]", "private"), ("source[language]", "de")],
               {"source": {"privacy": "private", "language": "de"}}),
    "numbered rows": ([("f[0][name]", "a"), ("f[0][value]", "b"), ("f[1][name]", "c")],
                      {"f": {"0": {"name": "a", "value": "b"}, "1": {"name": "c"}}}),
    "rows in order": ([("f[][name]", "a"), ("f[][value]", "b"), ("f[][name]", "c")],
                      {"f": [{"name": "a", "value": "b"}, {"name": "c"}]}),
    "a text, then a list": ([("a", "1"), ("a[]", "2")], {"a": ["2"]}),
    "a list, then nested": ([("a[]", "1"), ("a[b]", "2")], {"a": {"b": "2"}}),
    "no name": ([("[]", "1"), ("a]", "2"), ("a[b", "3"), ("", "4")], {}),
}  # fmt: skip


@pytest.mark.parametrize(("pairs", "tree"), TREES.values(), ids=TREES.keys())
def test_names_with_brackets_grow_a_tree(pairs: list[tuple[str, str]], tree: dict[str, Any]) -> None:
    assert grow(pairs) == tree


FLAGS = [("true", True), ("1", True), ("on", True), ("yes", True), ("false", False), ("0", False), ("off", False),
         ("F", False), ("", None), (None, None), (True, True), (False, False), (0, False), (1, True)]  # fmt: skip


@pytest.mark.parametrize(("sent", "read"), FLAGS)
def test_yes_and_no_are_read_as_clients_write_them(sent: object, read: bool | None) -> None:
    assert Params({"x": sent}).find_flag("x") is read


IDS: dict[str, tuple[object, list[int]]] = {
    "texts": (["1", "2"], [1, 2]),
    "numbers": ([1, 2], [1, 2]),
    "one": ("7", [7]),
    "each once": (["1", "2", "1"], [1, 2]),
    "nonsense between": (["1", "x", "", "-3", "4"], [1, 4]),
    "too large": ([str(MAX_ID + 1), "9" * 40], []),
    "none": (None, []),
}


@pytest.mark.parametrize(("sent", "read"), IDS.values(), ids=IDS.keys())
def test_a_list_of_ids_holds_only_ids(sent: object, read: list[int]) -> None:
    assert Params({"id": sent}).ids("id", 40) == read


def test_a_list_of_ids_is_never_longer_than_allowed() -> None:
    assert len(Params({"id": [str(n) for n in range(100)]}).ids("id", 40)) == 40


NOT_NUMBERS = ["abc", "1.5", "1e3", "٣", " 1", "9" * 30, True, 1.5, [1], {"a": 1}]


@pytest.mark.parametrize("sent", NOT_NUMBERS)
def test_what_is_no_number_is_refused(sent: object) -> None:
    with pytest.raises(ApiRefusal) as refused:
        Params({"limit": sent}).number("limit", 20)
    assert refused.value.status == 400


def test_what_is_out_of_bounds_is_refused_whole() -> None:
    for pairs in (
        [("a\0", "1")],
        [("a", "\0")],
        [("a", "\ud800")],
        [("a[b][c][d][e][f]", "1")],
        [(f"a{n}", "1") for n in range(501)],
    ):
        with pytest.raises(ApiRefusal) as refused:
            grow(pairs)
        assert refused.value.status == 400


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
name_like = st.text(alphabet="ab[]01", max_size=12)


@given(st.lists(st.tuples(name_like, st.text(alphabet="01tx", max_size=3)), max_size=12), json_like)
def test_whatever_is_sent_is_read_or_refused(pairs: list[tuple[str, str]], value: Any) -> None:
    try:
        trees: list[dict[str, Any]] = [grow(pairs)]
    except ApiRefusal:
        trees = []
    for tree in (*trees, {"a": value}):
        params = Params(tree)
        for read in (
            params.text, params.find_flag, params.find_id, params.texts, params.inner, params.rows, params.file,
            lambda name, params=params: params.number(name, 1),
            lambda name, params=params: params.ids(name, 5),
        ):  # fmt: skip
            try:
                read("a")
            except ApiRefusal as refused:
                assert refused.status in (400, 422)
