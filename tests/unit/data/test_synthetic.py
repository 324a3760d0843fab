"""The generator draws around the truth that it states.

Truth is known by construction; the tests average over fixed seeds and allow four
standard errors of that average, taken from the replications themselves.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.data import its_births

REPLICATIONS = 60
TRUTH = {"level": -0.6, "slope": -0.02, "gap_level": -0.8, "gap_slope": 0.03}


def rates(table: pd.DataFrame) -> pd.DataFrame:
    births = table["live_births"] + table["stillbirths"]
    rated = table.assign(rate=1000 * table["stillbirths"] / births)
    return rated.pivot(index="period", columns="imd_decile", values="rate")


def index_of_inequality(by_decile: pd.DataFrame) -> pd.Series:
    """Slope index from a plain regression on ridits of ten equal shares."""
    ridit = (np.arange(10) + 0.5) / 10
    ordered = by_decile[[str(number) for number in range(1, 11)]].to_numpy()
    return pd.Series(-np.polyfit(ridit, ordered.T, 1)[0], index=by_decile.index)


def level_and_slope(series: pd.Series) -> tuple[float, float]:
    """Least squares on time, post and since, with the start in the middle."""
    time = np.arange(len(series))
    since = np.maximum(0, time - len(series) // 2)
    post = (time >= len(series) // 2).astype(float)
    design = np.column_stack([np.ones_like(time), time, post, since])
    fitted = np.linalg.lstsq(design, series.to_numpy(), rcond=None)[0]
    return float(fitted[2]), float(fitted[3])


@pytest.fixture(scope="module")
def estimates() -> pd.DataFrame:
    found = []
    for seed in range(REPLICATIONS):
        by_decile = rates(its_births(seed, phi=0.3, trend=-0.01, **TRUTH).table)
        found.append(
            (*level_and_slope(by_decile["all"]), *level_and_slope(index_of_inequality(by_decile)))
        )
    return pd.DataFrame(found, columns=list(TRUTH))


@pytest.mark.parametrize("effect", TRUTH)
def test_effects_are_recovered_on_average(estimates: pd.DataFrame, effect: str) -> None:
    error = estimates[effect].std() / np.sqrt(REPLICATIONS)
    assert estimates[effect].mean() == pytest.approx(TRUTH[effect], abs=4 * error)
    # The simulation can tell the truth from no effect; otherwise it would prove nothing.
    assert abs(TRUTH[effect]) > 4 * error


def test_the_noise_has_the_autocorrelation_that_is_asked_for() -> None:
    lagged = []
    for seed in range(20):
        drawn = its_births(seed, periods=200, phi=0.6, noise=0.5, births_per_period=2_000_000)
        series = rates(drawn.table)["all"] - drawn.truth["baseline_rate"]
        lagged.append(series.autocorr())
    # Estimates of an AR(1) are biased downwards by about (1 + 3 * phi) / n = .014.
    assert np.mean(lagged) == pytest.approx(0.6 - 0.014, abs=4 * np.std(lagged) / np.sqrt(20))


def test_the_same_seed_gives_the_same_table_and_another_does_not() -> None:
    pd.testing.assert_frame_equal(its_births(7).table, its_births(7).table)
    assert not its_births(7).table.equals(its_births(8).table)


def test_the_table_is_like_a_published_one() -> None:
    drawn = its_births(1, periods=8, start="2019-Q3", frequency="quarter")
    table = drawn.table
    assert list(table.columns) == ["period", "imd_decile", "live_births", "stillbirths"]
    assert len(table) == 8 * 11
    assert list(table["period"].unique()[:3]) == ["2019-Q3", "2019-Q4", "2020-Q1"]
    totals = table[table["imd_decile"] == "all"].set_index("period")
    deciles = table[table["imd_decile"] != "all"].groupby("period")
    assert (deciles["stillbirths"].sum() == totals["stillbirths"]).all()
    assert drawn.truth["start"] == "2020-Q3"
    assert list(drawn.expected["period"].astype(str)[:2]) == ["2019Q3", "2019Q4"]


def test_the_expected_course_holds_the_effects() -> None:
    drawn = its_births(1, periods=10, intervention_after=4, trend=-0.1, **TRUTH)
    at_end = drawn.expected.iloc[-1]
    assert at_end["rate"] - at_end["rate_counterfactual"] == pytest.approx(-0.6 - 0.02 * 5)
    assert at_end["sii"] - at_end["sii_counterfactual"] == pytest.approx(-0.8 + 0.03 * 5)
    before = drawn.expected.iloc[:4]
    assert (before["rate"] == before["rate_counterfactual"]).all()


@pytest.mark.parametrize(
    "arguments",
    [{"intervention_after": 72}, {"phi": 1.0}, {"baseline_rate": 0.5}, {"intervention_after": 0}],
)
def test_what_describes_no_series_is_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must|outside"):
        its_births(1, **arguments)  # type: ignore[arg-type]
