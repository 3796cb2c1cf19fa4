"""No house can pick a colour that is hard to read."""

import pytest

from node.web import hue


@pytest.mark.parametrize("degrees", range(0, 360, 5))
def test_every_hue_reads_in_both_schemes(degrees: int) -> None:
    shades = hue.palette(degrees)
    for ground in ("#FBF8F3", "#FFFFFF"):
        assert hue.contrast(shades.light.brand, ground) >= hue.MIN_TEXT
    for ground in ("#161A19", "#1F2423"):
        assert hue.contrast(shades.dark.brand, ground) >= hue.MIN_TEXT
    for scheme in (shades.light, shades.dark):
        assert hue.contrast(scheme.on_brand, scheme.brand) >= hue.MIN_TEXT
        assert hue.contrast(scheme.brand, scheme.tint) >= hue.MIN_ON_TINT
    assert hue.contrast("#1F2421", shades.light.tint) >= hue.MIN_TEXT
    assert hue.contrast("#F0ECE4", shades.dark.tint) >= hue.MIN_TEXT


def test_contrast_is_that_of_the_guidelines() -> None:
    assert hue.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert hue.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


def test_a_hue_has_its_own_stylesheet() -> None:
    assert hue.palette(175) == hue.palette(535)
    assert hue.palette(300).light.brand in hue.stylesheet(300)
