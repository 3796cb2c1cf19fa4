"""docs/codes.md names every code and nothing else."""

from tests.docs import codes


def test_the_page_is_fresh() -> None:
    assert codes.PAGE.read_text("utf-8") == codes.render()


def test_every_ending_a_handler_names_is_explained() -> None:
    assert codes.named_in_handlers() == set(codes.ENDS)
