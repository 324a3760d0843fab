"""What no design can carry, through every estimator of a panel: a reason and a remedy, no number.

An estimator for which a kind of input is no fault (two-way fixed effects carry a missing month and
say so) is left out of that kind by name.
"""

from __future__ import annotations

import math
import warnings
from inspect import signature

import numpy as np
import pandas as pd
import pytest

from equieval.errors import InputError
from equieval.methods.did import (
    difference_in_differences,
    triple_difference,
    two_way_fixed_effects,
)
from equieval.methods.few_clusters import cr2, wild_bootstrap
from equieval.methods.few_treated import ferman_pinto, reassign_over_dates
from equieval.methods.gap_event_study import pretrend_test
from equieval.methods.honest import EventStudy, relative_magnitudes
from equieval.methods.honest_smoothness import smoothness
from equieval.methods.inequality_effect import stratum_effects
from equieval.methods.inference import reassign_over_units
from equieval.methods.staggered import callaway_santanna
from equieval.methods.staggered_alternatives import goodman_bacon, imputation, sun_abraham
from equieval.methods.staggered_counts import poisson_etwfe
from equieval.methods.staggered_inequality import staggered_stratum_effects
from equieval.methods.synthetic_did import synthetic_did
from equieval.methods.synthetic_inequality import placebo_synthetic_did, synthetic_strata

LEVELS = ["most", "middle", "least"]


def panel(staggered):
    """Births and events of 30 units, 8 periods and 3 strata; 5 (or a half) start in time."""
    rng = np.random.default_rng(0)
    frame = pd.MultiIndex.from_product(
        [range(30), range(1, 9), LEVELS], names=["unit", "period", "stratum"]
    ).to_frame(index=False)
    cohorts = np.array([0, 0, 4, 6])[frame["unit"] % 4]
    frame["first_exposed"] = cohorts if staggered else np.where(frame["unit"] < 5, 5, 0)
    frame["treated"] = (frame["first_exposed"] > 0).astype(int)
    frame["exposed"] = frame["treated"] * (frame["period"] >= frame["first_exposed"])
    frame["births"] = rng.integers(200, 400, len(frame)).astype(float)
    frame["events"] = rng.poisson(0.05 * frame["births"]).astype(float)
    frame["y"] = 1000 * frame["events"] / frame["births"]
    frame["x"], frame["z"] = rng.normal(size=(2, len(frame)))
    return frame


def one(frame):
    return frame[frame["stratum"] == "most"]


#: Name: whether adoption is staggered, and the call.
ESTIMATORS = {
    "did": (False, lambda f, **o: difference_in_differences(one(f), outcome="y", start=5, **o)),
    "twfe": (False, lambda f, **o: two_way_fixed_effects(one(f), outcome="y", **o)),
    "weighted twfe": (
        False,
        lambda f, **o: two_way_fixed_effects(one(f), outcome="y", weights="births", **o),
    ),
    "triple": (False, lambda f, **o: triple_difference(f, "most", "least", outcome="y", **o)),
    "cr2": (False, lambda f, **o: cr2(one(f), outcome="y", **o)),
    "wild": (False, lambda f, **o: wild_bootstrap(one(f), outcome="y", draws=99, **o)),
    "strata": (False, lambda f, **o: stratum_effects(f, LEVELS, outcome="y", **o)),
    "reassign": (
        False,
        lambda f: reassign_over_units(one(f), outcome="y", max_assignments=99),
    ),
    "ferman-pinto": (False, lambda f: ferman_pinto(one(f), outcome="y", size="births", draws=9)),
    "synthetic": (False, lambda f: synthetic_did(one(f), outcome="y", placebos=20)),
    "placebos": (False, lambda f: placebo_synthetic_did(one(f), outcome="y", max_placebos=20)),
    "synthetic strata": (
        False,
        lambda f: synthetic_strata(f, LEVELS, outcome="y", max_placebos=20),
    ),
    "callaway-santanna": (True, lambda f, **o: callaway_santanna(one(f), outcome="y", **o)),
    "not yet treated": (
        True,
        lambda f, **o: callaway_santanna(one(f), outcome="y", control_group="not-yet-treated", **o),
    ),
    "imputation": (True, lambda f, **o: imputation(one(f), outcome="y", **o)),
    "sun-abraham": (True, lambda f, **o: sun_abraham(one(f), outcome="y", **o)),
    "poisson": (
        True,
        lambda f, **o: poisson_etwfe(one(f), events="events", exposure="births", **o),
    ),
    "staggered strata": (
        True,
        lambda f, **o: staggered_stratum_effects(f, LEVELS, outcome="y", **o),
    ),
    "goodman-bacon": (True, lambda f: goodman_bacon(one(f), outcome="y")),
    "dates": (True, lambda f: reassign_over_dates(one(f), outcome="y", max_assignments=20)),
}
CARRY_MISSING = {"did", "twfe", "weighted twfe", "triple", "cr2", "wild", "strata"}
RANKED = {"reassign", "goodman-bacon", "dates"}  # no standard error that could be 0
FIXED = {"did"}  # its start is an argument: nobody can be exposed earlier


def all_exposed(frame):
    cohort = frame.loc[frame["treated"] == 1, "first_exposed"].min()
    return frame[frame["first_exposed"] == cohort]


def without_events(frame):
    """Nobody in the worst-off stratum has an event."""
    none = frame["stratum"] == "most"
    return frame.assign(y=frame["y"].mask(none, 0.0), events=frame["events"].mask(none, 0.0))


def blank(frame, column):
    return frame.assign(**{column: frame[column].astype(float).mask(frame["unit"] == 7)})


#: Kind of fault: what it does to the data, and whom it does not concern.
FAULTS = {
    "no controls left": (all_exposed, set()),
    "no pre-period": (lambda f: f[f["period"] >= 6], set()),
    "treated from the start": (
        lambda f: f.assign(exposed=f["treated"], first_exposed=f["treated"]),
        FIXED,
    ),
    "empty stratum": (lambda f: f[f["stratum"] != "most"], set()),
    "stratum without events": (without_events, set()),
    "no rows": (lambda f: f.iloc[:0], set()),
    "missing month": (lambda f: f[(f["unit"] != 7) | (f["period"] != 3)], CARRY_MISSING),
    "nothing recorded": (lambda f: f.assign(y=np.nan, events=np.nan), set()),
    "infinite rate": (
        lambda f: f.assign(
            y=f["y"].where(f["unit"] != 7, np.inf), events=f["events"].where(f["unit"] != 7, np.inf)
        ),
        set(),
    ),
    "everybody always": (
        lambda f: f.assign(y=100.0, events=f["births"]),
        set(),
    ),
    "text": (lambda f: f.assign(y="many", events="many"), set()),
    "rows of no unit": (lambda f: blank(f, "unit"), set()),
    "one unit": (lambda f: f[f["unit"] == 2], set()),
    "one unit on each side": (
        lambda f: f[f["unit"].isin([2, 8 if f["first_exposed"].nunique() == 3 else 7])],
        {*RANKED, "weighted twfe"},
    ),
}


@pytest.mark.parametrize(
    ("fault", "name"),
    [(fault, name) for fault in FAULTS for name in ESTIMATORS if name not in FAULTS[fault][1]],
)
def test_a_fault_gets_a_reason_and_a_remedy(fault, name):
    staggered, estimate = ESTIMATORS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        with pytest.raises(InputError) as refusal:
            estimate(FAULTS[fault][0](panel(staggered)))
    assert refusal.value.what
    assert refusal.value.remedy


@pytest.mark.parametrize("name", ESTIMATORS)
def test_without_a_fault_there_is_an_answer(name):
    staggered, estimate = ESTIMATORS[name]
    assert estimate(panel(staggered)) is not None


@pytest.mark.parametrize(
    "name", [name for name, (_, call) in ESTIMATORS.items() if "o" in signature(call).parameters]
)
def test_one_cluster_is_refused(name):
    staggered, estimate = ESTIMATORS[name]
    with pytest.raises(InputError, match="cluster") as refusal:
        estimate(panel(staggered).assign(everything=1), cluster="everything")
    assert refusal.value.remedy
    data = panel(staggered)
    data["region"] = data["unit"].mask(data["unit"] == 4) // 3
    with pytest.raises(InputError, match="have no 'region'"):
        estimate(data, cluster="region")


@pytest.mark.parametrize(
    "name", [name for name, (_, call) in ESTIMATORS.items() if "o" in signature(call).parameters]
)
def test_a_cluster_that_cuts_across_units_is_refused(name):
    staggered, estimate = ESTIMATORS[name]
    data = panel(staggered)
    with pytest.raises(InputError, match="more than one cluster") as refusal:
        estimate(data.assign(site=(data["unit"] + data["period"]) % 5), cluster="site")
    assert refusal.value.remedy


@pytest.mark.parametrize("start", ["5", 4.5, None, pd.Period("2020-05", "M")])
def test_a_moment_that_is_none_of_the_datas_periods_is_refused(start):
    with pytest.raises(InputError, match="no whole number") as refusal:
        difference_in_differences(one(panel(False)), outcome="y", start=start)
    assert refusal.value.remedy
    data = panel(True)
    late = data["first_exposed"].astype(object).where(data["first_exposed"] != 6, start)
    if start is not None:
        with pytest.raises(InputError, match="no whole number"):
            callaway_santanna(one(data.assign(first_exposed=late)), outcome="y")


def test_a_start_of_another_frequency_is_refused():
    data = one(panel(False))
    data["period"] = pd.PeriodIndex(
        pd.period_range("2020-01", periods=8, freq="M")[data["period"] - 1]
    )
    for start in (pd.Period("2020Q2"), "2020-05", 5):
        with pytest.raises(InputError, match="the series is by M"):
            difference_in_differences(data, outcome="y", start=start)


def test_text_in_the_weights_of_a_triple_difference_is_refused():
    data = panel(False).assign(births="many")
    with pytest.raises(InputError, match="no numbers"):
        triple_difference(data, "most", "least", outcome="y", weights="births")


def test_too_few_draws_and_a_confidence_level_in_per_cent_are_refused():
    data = one(panel(False))
    for options, words in (({"draws": 5}, "at least 99"), ({"ci_level": 95}, "between 0 and 1")):
        with pytest.raises(InputError, match=words):
            wild_bootstrap(data, outcome="y", **options)


def test_anticipation_is_a_whole_number_of_periods():
    for anticipation in (-1, 0.5):
        with pytest.raises(InputError, match="cannot be negative or a fraction"):
            callaway_santanna(one(panel(True)), outcome="y", anticipation=anticipation)


@pytest.mark.parametrize(
    "study",
    [
        EventStudy(np.array([np.nan, 1.0, 2.0]), np.eye(3), 1),
        EventStudy(np.ones(3), np.diag([1.0, np.inf, 1.0]), 1),
        EventStudy(np.ones(3), np.eye(2), 1),
    ],
)
def test_an_event_study_with_holes_is_refused(study):
    for bounds in (lambda: relative_magnitudes(study, [1.0]), lambda: smoothness(study, [0.1])):
        with pytest.raises(InputError) as refusal:
            bounds()
        assert refusal.value.remedy


@pytest.mark.parametrize("value", [[-1.0], [math.nan], [math.inf], ["a"], []])
def test_a_size_of_violation_that_is_none_is_refused(value):
    study = EventStudy(np.ones(3), np.eye(3), 1)
    for bounds in (relative_magnitudes, smoothness):
        with pytest.raises(InputError, match="cannot be negative"):
            bounds(study, value)


@pytest.mark.parametrize(
    "name",
    [
        "twfe",
        "weighted twfe",
        "callaway-santanna",
        "not yet treated",
        "poisson",
        "staggered strata",
    ],
)
@pytest.mark.parametrize("covariates", [["flat"], ["x", "twice"], ["z", "moved"]])
def test_covariates_that_repeat_each_other_are_refused(name, covariates):
    staggered, estimate = ESTIMATORS[name]
    data = panel(staggered)
    data = data.assign(flat=1.0, twice=2 * data["x"], moved=data["z"] - 1)
    with pytest.raises(InputError, match="cannot be") as refusal:
        estimate(data, covariates=covariates)
    assert refusal.value.remedy


@pytest.mark.parametrize("name", ["did", "twfe", "weighted twfe", "triple"])
def test_a_missing_month_that_can_be_carried_is_said(name):
    _, estimate = ESTIMATORS[name]
    data = panel(False)
    found = estimate(data[(data["unit"] != 7) | (data["period"] != 3)])
    assert "1 of the units' periods are missing" in found.note


def test_unknown_treatment_is_refused():
    for name, column in (("did", "treated"), ("twfe", "exposed"), ("strata", "exposed")):
        with pytest.raises(InputError, match=r"not known|neither 0 nor 1"):
            ESTIMATORS[name][1](blank(panel(False), column))


def test_a_cohort_of_one_unit_is_named():
    data = one(panel(True))
    data = data[(data["first_exposed"] != 6) | (data["unit"] == 3)]
    assert "the cohort of 6 has one unit" in callaway_santanna(data, outcome="y").note


def test_a_singular_covariance_is_refused():
    with pytest.raises(InputError, match="singular") as refusal:
        pretrend_test(EventStudy(np.ones(4), np.ones((4, 4)), 2))
    assert refusal.value.remedy
