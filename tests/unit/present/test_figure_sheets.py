"""How figures look: no overlaps, nothing cut off, deterministic bytes, labels in the image."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from io import BytesIO

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from equieval.present import figures, theme
from equieval.present.artefact import Picture

from .conftest import UNIT
from .panel_builds import PANEL_BUILDS

SOURCE = (
    "Office for National Statistics, Child and infant mortality 2022 and Births 2023, Open "
    "Government Licence v3"
)
LONG = "Saving Babies’ Lives care bundle, version 1"
RATE = {"outcome": "stillbirth rate", "unit": UNIT, "source": SOURCE, "population": "England"}


def _forest(rows: int, scale: float) -> pd.DataFrame:
    estimate = np.linspace(-scale, scale, rows)
    return pd.DataFrame(
        {
            "panel": ["group"] * (rows - 1) + ["gap"],
            "label": [f"A rather long name of group or estimator {i}" for i in range(rows)],
            "estimate": estimate,
            "ci_low": estimate - scale,
            "ci_high": estimate + 2 * scale,
            "df": 7.43,
            "primary": [True] + [False] * (rows - 1),
        }
    )


def _ends(estimate: float) -> pd.DataFrame:
    return pd.DataFrame(
        {"stratum": ["1", "10"], "counterfactual": [4.6, 2.9], "fitted": [4.6 + estimate, 3.0],
         "estimate": [estimate, 0.1], "ci_low": -12.3, "ci_high": 12.3}
    )  # fmt: skip


def _recorded(periods: pd.PeriodIndex) -> pd.DataFrame:
    rows = [
        (str(d), p, 0.5 if d == 3 else int(p != periods[-1])) for d in range(1, 11) for p in periods
    ]
    return pd.DataFrame(rows, columns=["stratum", "period", "recorded"])


Build = Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame], Picture]
START = {"start": "2016", "intervention": LONG}
FOREST = {"quantity": "change", "unit": UNIT, "source": SOURCE, "synthetic": True}
BUILDS: dict[str, Build] = {
    "series": lambda s, g, m: figures.counterfactual_series(s, **RATE, **START),
    "series, late start": lambda s, g, m: figures.counterfactual_series(
        s, **RATE, start="2023", intervention=LONG, synthetic=True
    ),
    "series, all ends equal": lambda s, g, m: figures.counterfactual_series(
        s.assign(observed=4.0, fitted=4.0, counterfactual=4.0), **RATE, **START
    ),
    "series, off zero": lambda s, g, m: figures.counterfactual_series(
        s.assign(**(s.drop(columns="period") + 90)), **RATE, **START
    ),
    "rates": lambda s, g, m: figures.rates_by_group(g, **RATE, **START),
    "rates, equal ends": lambda s, g, m: figures.rates_by_group(g.assign(rate=4.0), **RATE),
    "equiplot": lambda s, g, m: figures.equiplot(g, **RATE),
    "gap": lambda s, g, m: figures.gap_series(
        m, measure="slope index of inequality", unit=UNIT, source=SOURCE, **START
    ),
    "ratio gap": lambda s, g, m: figures.gap_series(
        m, measure="relative index", null=1, source=SOURCE
    ),
    "sii": lambda s, g, m: figures.sii_fit(
        g.iloc[:3].assign(ridit=[0.1, 0.5, 0.9], fitted=[6.0, 5.0, 4.0]), **RATE
    ),
    "forest": lambda s, g, m: figures.forest(_forest(5, 0.3), **FOREST),
    "forest, large": lambda s, g, m: figures.forest(_forest(14, 250), **FOREST),
    "forest, one row": lambda s, g, m: figures.forest(_forest(1, 3), **FOREST),
    "forest, ratios": lambda s, g, m: figures.forest(
        _forest(4, 0.1).assign(estimate=1.3, ci_low=0.4, ci_high=4), reference=1, log=True, **FOREST
    ),
    "heat map": lambda s, g, m: figures.completeness_heatmap(
        _recorded(pd.period_range("2010", "2023", freq="Y")), item="rate", source=SOURCE
    ),
    "heat map, months": lambda s, g, m: figures.completeness_heatmap(
        _recorded(pd.period_range("2019-04", periods=60, freq="M")), item="rate", source=SOURCE
    ),
    "autocorrelation": lambda s, g, m: figures.autocorrelation(
        pd.DataFrame({"lag": range(1, 13), "acf": 0.2, "bound": 0.5}), frequency="month"
    ),
    "levelling": lambda s, g, m: figures.levelling(_ends(-0.4), **RATE),
    "levelling, no move": lambda s, g, m: figures.levelling(_ends(0.0), **RATE),
    "headline": lambda s, g, m: figures.headline(
        _forest(6, 0.4), measure="slope index of inequality", measure_unit=UNIT, **RATE
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=sorted([*BUILDS, *PANEL_BUILDS]))
def picture(
    request: pytest.FixtureRequest, series: pd.DataFrame, by_group: pd.DataFrame, gaps: pd.DataFrame
) -> Picture:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if request.param in PANEL_BUILDS:
            return PANEL_BUILDS[request.param]()
        return BUILDS[request.param](series, by_group, gaps)


@pytest.fixture(scope="module")
def saved(picture: Picture) -> tuple[bytes, bytes]:
    """The picture as SVG and as PNG."""
    return figures.svg_bytes(picture.figure), figures.png_bytes(picture.figure)


def _drawn_texts(picture: Picture) -> list[tuple[str, Bbox]]:
    """Every text that the drawing shows with its box in pixels."""
    canvas = FigureCanvasAgg(picture.figure)
    with theme.figure_style():
        canvas.draw()
    beyond = set()
    for ax in picture.figure.axes:
        for axis, limits in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            low, high = sorted(limits)
            beyond |= {id(t.label1) for t in axis.majorTicks if not low <= t.get_loc() <= high}
    return [
        (text.get_text(), text.get_window_extent(canvas.get_renderer()))
        for text in picture.figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in beyond
    ]


def test_no_label_overlaps_another_or_leaves_the_sheet(picture: Picture) -> None:
    texts = _drawn_texts(picture)
    width, height = picture.figure.get_size_inches() * picture.figure.dpi
    for words, box in texts:
        inside = 0 <= box.x0 < box.x1 <= width + 0.5 and 0 <= box.y0 < box.y1 <= height + 0.5
        assert inside, f"'{words}' leaves the sheet"
    for (words, box), (other_words, other) in itertools.combinations(texts, 2):
        apart = box.x1 <= other.x0 + 1 or other.x1 <= box.x0 + 1
        apart = apart or box.y1 <= other.y0 + 1.5 or other.y1 <= box.y0 + 1.5
        assert apart, f"'{words}' overlaps '{other_words}'"


def test_text_is_horizontal_and_legible(picture: Picture) -> None:
    for text in picture.figure.findobj(Text):
        if text.get_text().strip():
            assert text.get_fontsize() >= 9
            assert text.get_rotation() == 0
    assert picture.figure.get_size_inches()[0] == pytest.approx(7.2)


def test_every_picture_has_a_finding_a_scope_and_a_result_in_words(picture: Picture) -> None:
    assert picture.title
    assert not picture.title.endswith(".")
    assert not picture.title[0].islower()
    assert picture.subtitle
    assert any(character.isdigit() for character in picture.alt)
    assert picture.alt.endswith(".")
    for words in (picture.title, picture.subtitle, picture.alt, picture.note):
        assert "nan" not in words.casefold().replace("financial", "")
        assert "  " not in words


def test_the_same_drawing_gives_the_same_bytes(
    picture: Picture, saved: tuple[bytes, bytes]
) -> None:
    assert (figures.svg_bytes(picture.figure), figures.png_bytes(picture.figure)) == saved


def test_pictures_say_nothing_of_time_program_or_other_hosts(saved: tuple[bytes, bytes]) -> None:
    svg, png = saved[0].decode(), saved[1]
    assert "matplotlib" not in svg.casefold()
    assert "dc:date" not in svg
    assert "DOCTYPE" not in svg
    assert "DejaVu" not in svg
    assert len(svg) < 100_000
    assert b"Software" not in png
    assert b"atplotlib" not in png
    assert imread(BytesIO(png)).shape[1] == 1080


def test_source_and_synthetic_label_stand_inside_the_picture(series: pd.DataFrame) -> None:
    words = {**RATE, **START}
    real = figures.svg_bytes(figures.counterfactual_series(series, **words).figure).decode()
    made = figures.counterfactual_series(series, synthetic=True, **words)
    assert "Source: Office for National Statistics" in real
    assert "Synthetic data" not in real
    assert "Synthetic data" in figures.svg_bytes(made.figure).decode()


SCRIPT = """
import hashlib, pandas as pd
from equieval.present import figures
frame = pd.DataFrame({"label": ["a", "b"], "estimate": [.1, .2], "ci_low": 0, "ci_high": .4})
figure = figures.forest(frame, quantity="change").figure
heat = pd.DataFrame({"stratum": ["1", "2"], "period": ["2020", "2021"], "recorded": [1, 1]})
other = figures.completeness_heatmap(heat, item="rate").figure
for drawn in (figure, other):
    for save in (figures.svg_bytes, figures.png_bytes):
        print(hashlib.sha256(save(drawn)).hexdigest())
"""


def test_bytes_are_the_same_in_fresh_processes_with_other_hash_seeds() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed, "MPLBACKEND": backend},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed, backend in (("1", "agg"), ("2", "svg"))
    }  # fmt: skip
    assert len(said) == 1


def test_figures_do_not_depend_on_the_readers_matplotlib(series: pd.DataFrame) -> None:
    words = {**RATE, **START}
    plain = figures.svg_bytes(figures.counterfactual_series(series, **words).figure)
    with mpl.rc_context({"font.size": 25, "figure.dpi": 300, "axes.facecolor": "red"}):
        other = figures.svg_bytes(figures.counterfactual_series(series, **words).figure)
    assert plain == other


def test_drawing_leaves_no_open_figure_behind(series: pd.DataFrame) -> None:
    from matplotlib import _pylab_helpers

    figures.svg_bytes(figures.counterfactual_series(series, **RATE, **START).figure)
    assert not _pylab_helpers.Gcf.figs
