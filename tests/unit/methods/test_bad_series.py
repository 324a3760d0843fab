"""What no series and no set of groups can carry: a reason and a remedy, no number."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from equieval.errors import InputError
from equieval.methods.inequality import measure_series, measures, measures_of_values
from equieval.methods.its import (
    fit_newey_west,
    fit_ols,
    fit_quasi_poisson,
    fit_reml_ar1,
    level_and_slope,
)
from equieval.methods.its_controlled import controlled_its
from equieval.methods.its_counts import fit_quasi_poisson_ar1
from equieval.methods.its_design import segmented
from equieval.methods.its_effects import planned_effect_df
from equieval.methods.its_units import mixed_its, two_stage_its
from equieval.methods.power import detectable_effect
from equieval.methods.proportions import byar, directly_standardised_rate, wilson
from equieval.methods.reference import against_reference, attributable
from equieval.methods.spread import SPREAD_MEASURES, spread

MONTHS = pd.period_range("2018-01", periods=48, freq="M")
START = pd.Period("2020-01", "M")
DESIGN = level_and_slope(MONTHS, START)
EXPOSURE = pd.Series(300.0, MONTHS)
LEVELS = ["most", "middle", "least"]


def refused(call, words=None):
    with pytest.raises(InputError, match=words) as refusal:
        call()
    assert refusal.value.what
    assert refusal.value.remedy


def series(seed=0):
    return pd.Series(10 + np.random.default_rng(seed).normal(size=48), MONTHS)


def groups(numerator=(30, 20, 10), denominator=(1000, 1000, 1000)):
    return pd.DataFrame({"stratum": LEVELS, "numerator": numerator, "denominator": denominator})


FITS = {
    "REML": lambda y: fit_reml_ar1(y, DESIGN),
    "OLS": lambda y: fit_ols(y, DESIGN),
    "Newey–West": lambda y: fit_newey_west(y, DESIGN),
    "counts": lambda y: fit_quasi_poisson(y, EXPOSURE, DESIGN),
    "counts, AR(1)": lambda y: fit_quasi_poisson_ar1(y, EXPOSURE, DESIGN),
    "controlled": lambda y: controlled_its(y, series(1), START),
}
FAULTS = {
    "text": lambda y: y.astype(str).where(y.index != START, "many"),
    "infinite": lambda y: y.where(y.index != START, np.inf),
    "none": lambda y: y.iloc[:0],
}


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_series_gets_a_reason(fit, fault):
    refused(lambda: FITS[fit](FAULTS[fault](series())))


@pytest.mark.parametrize("fit", [name for name in FITS if name != "controlled"])
@pytest.mark.parametrize("size", [1.0, 100.0, 1e9])
def test_a_series_in_which_nothing_varies_has_no_interval(fit, size):
    refused(lambda: FITS[fit](pd.Series(size, MONTHS)))


@pytest.mark.parametrize("fit", ["REML", "OLS", "Newey–West"])
def test_rounding_is_judged_by_the_size_of_the_figures(fit):
    rounding = 1e-14 * np.random.default_rng(2).normal(size=48)
    refused(lambda: FITS[fit](pd.Series(100 + 100 * rounding, MONTHS)), "no variation")
    refused(lambda: FITS[fit](pd.Series(np.arange(48) + rounding, MONTHS)), "no variation")
    assert np.isfinite(FITS[fit](series() * 1e-14).std_error).all()


def test_a_copy_is_no_control():
    y = series()
    refused(lambda: controlled_its(y, (y + 0.1 - 0.1).rename("copy"), START), "exactly alike")


def test_counts_on_a_curve_leave_nothing_to_judge_by():
    curve = pd.Series(np.exp(0.01 * np.arange(48)), MONTHS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        refused(lambda: fit_quasi_poisson(curve * 50, EXPOSURE, DESIGN), "no variation")
    endless = EXPOSURE.where(MONTHS != START, np.inf)
    refused(lambda: fit_quasi_poisson(series(), endless, DESIGN), "finite")


def test_units_that_move_exactly_alike_have_no_interval():
    rows = pd.concat([series().rename("y").to_frame().assign(unit=f"u{k}") for k in range(6)])
    rows = rows.rename_axis("period").reset_index()
    refused(lambda: mixed_its(rows, START, outcome="y"), "exactly alike")
    for start in ("2020-01", {f"u{k}": "2020-01" for k in range(6)}, pd.Period("2020Q1")):
        refused(lambda start=start: two_stage_its(rows, start, outcome="y"), "the series is by M")
    refused(lambda: two_stage_its(rows.assign(y="many"), START, outcome="y"), "no numbers")


@pytest.mark.parametrize("moment", ["2020-01", pd.Timestamp("2020-01-01"), pd.Period("2020Q1"), 5])
def test_moments_are_periods_of_the_series(moment):
    refused(lambda: segmented(MONTHS, moment), "the series is by M")
    refused(lambda: segmented(MONTHS, START, exclude=[moment]), "the series is by M")
    refused(lambda: segmented(MONTHS, START, other={"x": (START, moment)}), "the series is by M")
    refused(lambda: segmented(MONTHS.to_timestamp(), START), "not indexed by periods")


def test_an_excluded_period_is_excluded_and_text_is_refused():
    """Text would be found among the periods and yet leave every row where it is."""
    left_out = pd.Period("2020-08", "M")
    assert len(segmented(MONTHS, START, exclude=[left_out])) == 47
    refused(lambda: segmented(MONTHS, START, exclude=["2020-08"]))
    refused(lambda: segmented(MONTHS, START, exclude="2020-08"))


@pytest.mark.parametrize("name", ["lag", "phase_in"])
@pytest.mark.parametrize("value", [-1, 1.5, "1", None])
def test_lags_are_whole_periods(name, value):
    refused(lambda: segmented(MONTHS, START, **{name: value}), "cannot be negative or a fraction")


def test_one_period_after_the_start_carries_no_slope():
    months = pd.period_range("2018-01", periods=25, freq="M")
    design = level_and_slope(months, START)
    refused(lambda: planned_effect_df(design, START, phi=0.4), "cannot tell the model's terms")
    before = series()[MONTHS < START]
    found = detectable_effect(before, periods_after=1, replications=20)
    assert (found.effect, found.refused) == (np.inf, 1.0)
    refused(lambda: detectable_effect(before, periods_after=12, replications=0), "at least 1")


GROUPED = {
    "measures": lambda data, **o: measures(data, LEVELS, **{"per": 1000, **o}),
    "spread": lambda data, **o: spread(data, LEVELS, **{"per": 1000, **o}),
    "against a reference": lambda data, **o: against_reference(
        data, LEVELS, "least", **{"per": 1000, **o}
    ),
    "attributable": lambda data, **o: attributable(data, LEVELS, "least", **{"per": 1000, **o}),
    "series": lambda data, **o: measure_series(
        data.assign(period=1), LEVELS, "gap", **{"per": 1000, **o}
    ),
}


@pytest.mark.parametrize("name", GROUPED)
def test_faults_in_groups_get_a_reason(name):
    measure = GROUPED[name]
    assert len(measure(groups()))
    refused(lambda: measure(groups(("many", 20, 10))), "no numbers")
    refused(lambda: measure(groups(denominator=(1000, np.inf, 1000))), "finite")
    refused(lambda: measure(groups().drop(columns="denominator")), "no column 'denominator'")
    refused(lambda: measure(groups().rename(columns={"stratum": "group"})), "no column 'stratum'")
    for option in ({"per": 0}, {"per": -1}, {"dispersion": 0}, {"dispersion": -3}):
        refused(lambda option=option: measure(groups(), **option), "must be above 0")


def test_a_series_of_measures_needs_its_periods():
    refused(lambda: measure_series(groups(), LEVELS, "gap", per=1), "no column 'period'")


def test_values_need_their_standard_errors():
    values = pd.DataFrame({"stratum": LEVELS, "value": [1.0, 2, 3], "population": 1.0})
    for error in (np.nan, -1.0):
        data = values.assign(std_error=[0.1, error, 0.1])
        refused(lambda data=data: measures_of_values(data, LEVELS), "middle")


@pytest.mark.parametrize("numerator", [(0, 0, 0), (1000, 1000, 1000)])
def test_a_spread_in_which_nothing_varies_has_no_interval(numerator):
    found = spread(groups(numerator), LEVELS, per=1000)
    assert list(found["measure"]) == list(SPREAD_MEASURES)
    assert found[["estimate", "std_error", "ci_low", "ci_high"]].isna().all(axis=None)
    assert found["method"].str.startswith("not defined").all()


def test_an_index_over_groups_all_alike_is_nought_and_no_rounding():
    """Rounding of 1e-14 in place of 0 would pass for a series with something to fit."""
    alike = groups((7, 14, 21), (30, 60, 90))
    found = measures(alike, LEVELS, per=100).set_index("measure")["estimate"]
    assert found[["sii", "concentration-index-absolute"]].tolist() == [0.0, 0.0]


def test_counts_that_are_text_and_rates_per_nothing_are_refused():
    for interval in (wilson, byar):
        refused(lambda interval=interval: interval(["many"], [3]), "no number")
        refused(lambda interval=interval: interval([1], [3], per=0), "must be above 0")
        refused(lambda interval=interval: interval([1], [3], dispersion=0), "must be above 0")
    for standard in ([0, 0], [-1, 2]):
        refused(lambda standard=standard: directly_standardised_rate([3, 9], [9, 99], standard))
