"""Withheld is neither zero nor absent: marked in figures and tables, counted in the note."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.present import figures, layouts, tables

MONTHS = pd.period_range("2020-01", "2020-12", freq="M")
WORDS = {"outcome": "stillbirth rate", "unit": "stillbirths per 1,000 births"}


def by_group(mark="*", hidden=(3, 4)):
    frame = pd.DataFrame(
        [(stratum, period, 5.0 + int(stratum)) for stratum in "123" for period in MONTHS],
        columns=["stratum", "period", "rate"],
    )
    gone = (frame["stratum"] == "3") & frame["period"].isin(MONTHS[list(hidden)])
    marks = np.where(gone, mark, "")
    return frame.assign(rate=frame["rate"].mask(gone), numerator=9, denominator=999, mark=marks)


def drawn(picture, marker):
    (axes,) = picture.figure.axes
    return [line for line in axes.lines if line.get_marker() == marker]


@pytest.mark.parametrize(
    ("mark", "why"),
    [("*", "to protect confidentiality"), ("[x]", "because too few events are behind them")],
)
def test_withheld_rates_are_crosses_that_the_note_counts_and_explains(mark, why):
    picture = figures.rates_by_group(by_group(mark), **WORDS)
    (crosses,) = drawn(picture, "x")
    assert crosses.get_xdata().tolist() == [period.ordinal for period in MONTHS[3:5]]
    assert f"2 of 36 values are withheld {why}: crosses" in picture.note
    assert "Withheld is not zero." in picture.note
    (line,) = (one for one in drawn(picture, "s") if len(one.get_xdata()) == 12)
    assert np.isnan(line.get_ydata()[3:5]).all()  # no line is drawn across
    assert (picture.data["mark"] == mark).sum() == 2  # and the download says so too


def test_a_value_between_withheld_ones_is_still_drawn():
    picture = figures.rates_by_group(by_group(hidden=(2, 4)), **WORDS)
    (alone,) = drawn(picture, ".")
    assert alone.get_xdata().tolist() == [MONTHS[3].ordinal]


def test_a_line_of_dots_says_how_many_groups_are_withheld():
    picture = figures.equiplot(by_group(), **WORDS)
    (axes,) = picture.figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert [label for label in labels if "withheld" in label] == [
        "April 2020 (1 withheld)",
        "May 2020 (1 withheld)",
    ]


def test_nothing_is_said_where_nothing_is_withheld():
    picture = figures.rates_by_group(by_group(hidden=()), **WORDS)
    assert "ithheld" not in picture.note
    assert drawn(picture, "x") == []


def test_a_withheld_measure_is_a_cross_and_no_dot():
    frame = pd.DataFrame(
        {
            "period": MONTHS,
            "estimate": [1.0] * 11 + [np.nan],
            "ci_low": 0.5,
            "ci_high": 1.5,
            "mark": [""] * 11 + ["[x]"],
        }
    )
    picture = figures.gap_series(frame, measure="slope index of inequality", unit="per 1,000")
    assert "1 of 12 values is withheld because too few events" in picture.note
    assert "for 11 months" in picture.alt


def test_a_grid_of_records_tells_withheld_from_missing():
    frame = by_group().assign(recorded=1.0, withheld=0.0)
    frame.loc[frame["mark"] == "*", ["recorded", "withheld"]] = [0.0, 1.0]
    frame.loc[0, "recorded"] = 0.0
    picture = figures.completeness_heatmap(frame, item="stillbirth rate", group="fifth")
    assert "2 of 36 combinations of fifth and month are withheld in part or whole" in picture.title
    assert "in 35 of 36 combinations of fifth and month" in picture.alt


def test_tables_show_the_mark_in_place_of_a_rate_and_beside_one():
    frame = pd.DataFrame(
        {
            "label": ["Fifth 1", "Fifth 2", "Fifth 3"],
            "numerator": [2, 7, 40],
            "denominator": [500, 500, 500],
            "rate": [np.nan, 14.0, 80.0],
            "ci_low": [np.nan, 6.0, 59.0],
            "ci_high": [np.nan, 29.0, 107.0],
            "mark": ["[x]", "[u]", ""],
        }
    )
    html = tables.to_html(layouts.group_rates(frame, caption="Rates", unit="per 1,000"), "a", 1)
    rows = html.split("<tr>")[2:]
    assert rows[0].count("[x]") == 2  # rate and interval; the count is shown
    assert ">2<" in rows[0]
    assert "14.00 <abbr" in rows[1]
    assert rows[1].count("[u]") == 1
    assert "<abbr" not in rows[2].split("</table>")[0]
    assert "low reliability, based on few events" in html
