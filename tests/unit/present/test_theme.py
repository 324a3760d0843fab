from __future__ import annotations

import re

import matplotlib as mpl
import pytest

from equieval.present import theme


@pytest.mark.parametrize(("foreground", "background", "minimum"), theme.CONTRASTS)
@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_colours_that_stand_on_each_other_meet_wcag_aa(
    colours: dict[str, str], foreground: str, background: str, minimum: float
) -> None:
    ratio = theme.contrast_ratio(colours[foreground], colours[background])
    assert ratio >= minimum, f"{foreground} on {background}: {ratio:.2f}"


def test_contrast_is_computed_as_wcag_defines_it() -> None:
    # WCAG 2.2: black on white is 21:1; #767676 is the lightest grey that passes AA on white.
    assert theme.contrast_ratio("#000000", "#ffffff") == pytest.approx(21)
    assert theme.contrast_ratio("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("colour", [theme.MOST, theme.LEAST, theme.MID_BLUE, theme.DARK_PINK])
def test_colours_that_carry_meaning_in_figures_stand_out_from_the_ground(colour: str) -> None:
    assert theme.contrast_ratio(colour, theme.LIGHT["figure"]) >= theme.GRAPHIC_CONTRAST


def test_both_themes_define_every_colour() -> None:
    assert theme.LIGHT.keys() == theme.DARK.keys()


def test_css_follows_the_reader_can_be_forced_and_leaves_paper_light() -> None:
    css = theme.css_tokens()
    assert "@media screen and (prefers-color-scheme: dark)" in css
    assert ':root[data-theme="dark"]' in css
    assert css.count(f"--colour-text: {theme.DARK['text']};") == 2
    assert css.count("@media") == css.count("@media screen") == 2
    assert css.count("{") == css.count("}")


def test_artefact_css_uses_only_tokens_that_exist() -> None:
    defined = set(re.findall(r"(--[\w-]+):", theme.css_tokens()))
    assert set(re.findall(r"var\((--[\w-]+)\)", theme.artefact_css())) <= defined


def test_nothing_is_fetched_from_another_host() -> None:
    assert "http" not in theme.css_tokens() + theme.artefact_css()
    assert "@import" not in theme.css_tokens() + theme.artefact_css()


def test_figure_style_overrides_the_readers_settings_and_gives_them_back() -> None:
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.spines.top": True}):
        with theme.figure_style():
            assert mpl.rcParams["font.size"] == theme.POINTS_TEXT
            assert not mpl.rcParams["axes.spines.top"]
        assert mpl.rcParams["font.size"] == 30
        assert mpl.rcParams["lines.linewidth"] == 9
