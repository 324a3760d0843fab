"""What no design can carry, through every estimator of a panel: a reason and a remedy, no number.

An estimator for which a kind of input is no fault (two-way fixed effects carry a missing month and
say so) is left out of that kind by name.
"""

from __future__ import annotations

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
from equieval.methods.honest import EventStudy
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
