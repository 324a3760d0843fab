"""Counts far out of line with their neighbours are asked after; trends and chance are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.data import Observations
from equieval.data.quality import supply_doubts
from equieval.data.supply import EVERY_UNIT, HIGH, LOW, out_of_line

MONTHS = pd.period_range("2020-01", periods=24, freq="M")
STEADY = np.full(24, 60.0)


def observed(**counts: np.ndarray) -> Observations:
    """Observations of units with these events a month among 1,000 women in two groups."""
    rows = [
        (unit, period, group, "smoking-at-delivery", count / 2, 500.0)
        for unit, series in counts.items()
        for period, count in zip(MONTHS, series, strict=True)
        for group in ("1", "2")
    ]
    columns = ["unit", "period", "imd-quintile", "indicator", "numerator", "denominator"]
    table = pd.DataFrame(rows, columns=columns)
    return Observations(table, "imd-quintile", ("1", "2"), "month", ())


def changed(series: np.ndarray, **at: float) -> np.ndarray:
    out = series.copy()
    for place, value in at.items():
        out[int(place[1:])] = value
    return out


def told(**counts: np.ndarray) -> list[tuple[str, str, str]]:
    found = out_of_line(observed(**counts), "smoking-at-delivery")
    return [(row.unit, str(row.period), row.side) for row in found.itertuples()]


def test_a_month_in_which_every_unit_reports_nothing_is_likely_a_gap() -> None:
    nothing = changed(STEADY, m13=0)
    assert told(A=nothing, B=nothing, C=nothing) == [(EVERY_UNIT, "2021-02", LOW)]
    (words,) = supply_doubts(observed(A=nothing, B=nothing), "smoking-at-delivery")
    assert "of all units for February 2021" in words
    assert "far below" in words
    assert "missing is not zero" in words
    assert not any(sign.isdigit() for sign in words.replace("2021", ""))


def test_one_unit_that_reports_nothing_is_named_and_so_is_one_that_reports_twice_over() -> None:
    assert told(A=changed(STEADY, m5=0), B=STEADY, C=STEADY) == [("A", "2020-06", LOW)]
    assert told(A=changed(STEADY, m5=600), B=STEADY) == [(EVERY_UNIT, "2020-06", HIGH)]


def test_a_last_month_that_is_cut_off_and_two_months_together_are_found() -> None:
    assert told(A=changed(STEADY, m23=3)) == [(EVERY_UNIT, "2021-12", LOW)]
    assert [row[1] for row in told(A=changed(STEADY, m10=0, m11=1))] == ["2020-11", "2020-12"]


@pytest.mark.parametrize(
    "series",
    [
        np.where(np.arange(24) < 12, 0.0, 300.0),  # a service that begins
        np.where(np.arange(24) < 12, 300.0, 20.0),  # and one that ends
        200.0 * 0.8 ** np.arange(24),
        60 + 40 * np.sin(np.arange(24) / 2),
        np.random.default_rng(3).poisson(4, 24).astype(float),  # zeros by chance
        changed(STEADY, m7=np.nan),  # said elsewhere: it is missing
    ],
)
def test_steps_trends_seasons_and_chance_are_left_alone(series: np.ndarray) -> None:
    assert told(A=series) == []
