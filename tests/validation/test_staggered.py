"""Callaway and Sant'Anna on county employment: published answers, and csdid as second oracle."""

from __future__ import annotations

import contextlib
import io
import warnings

import numpy as np
import pandas as pd
import pytest

from equieval.methods.staggered import callaway_santanna

COLUMNS = {"outcome": "lemp", "first_exposed": "first", "unit": "county", "period": "year"}


@pytest.fixture(scope="module")
def effects(mpdta):
    return callaway_santanna(mpdta, base_period="varying", **COLUMNS)


def test_group_time_effects_are_those_published(effects):
    # did package vignette (varying base, never treated)
    found = effects.effects.pivot(index="cohort", columns="time", values="estimate")
    expected = [
        [-0.0105, -0.0704, -0.1373, -0.1008],
        [0.0065, -0.0028, -0.0046, -0.0412],
        [0.0305, -0.0027, -0.0311, -0.0261],
    ]
    np.testing.assert_allclose(found, expected, atol=5.1e-5)


@pytest.mark.parametrize(
    ("kind", "estimate"),
    [("simple", -0.03995), ("dynamic", -0.07724), ("group", -0.03102), ("calendar", -0.04170)],
)
def test_overall_effects_are_those_published(effects, kind, estimate):
    assert effects.aggregate(kind).overall.estimate == pytest.approx(estimate, abs=5.1e-6)


def test_the_simple_effect_has_the_published_standard_error(effects):
    assert effects.aggregate("simple").overall.std_error == pytest.approx(0.01203, abs=5.1e-6)


def test_with_a_covariate(mpdta):
    found = callaway_santanna(mpdta, covariates=["lpop"], **COLUMNS)
    assert found.aggregate("simple").overall.estimate == pytest.approx(-0.04175, abs=5.1e-6)
    assert found.aggregate("dynamic").overall.estimate == pytest.approx(-0.08035, abs=5.1e-6)


def test_effects_by_time_since_exposure(effects):
    by_event = effects.aggregate("dynamic").effects.set_index("event_time")
    np.testing.assert_allclose(
        by_event.loc[0:3, "estimate"], [-0.0199, -0.0510, -0.1373, -0.1008], atol=5.1e-5
    )
    # the published errors are bootstrapped: .0123 .0167 .0413 .0351
    np.testing.assert_allclose(
        by_event.loc[0:3, "std_error"], [0.0123, 0.0167, 0.0413, 0.0351], rtol=0.13
    )


def test_the_universal_base_moves_only_what_lies_before(mpdta, effects):
    universal = callaway_santanna(mpdta, **COLUMNS).effects.set_index(["cohort", "time"])
    varying = effects.effects.set_index(["cohort", "time"])
    after = varying[varying["event_time"] >= 0].index
    np.testing.assert_allclose(
        universal.loc[after, "estimate"], varying.loc[after, "estimate"], rtol=1e-10
    )
    base = universal[universal["event_time"] == -1]
    assert (base["estimate"] == 0).all()


def _compare(data, covariates, names, *, method, control_group, base_period, weights, early):
    """Hold every effect, error and overall effect against csdid's, to rounding."""
    outcome, first, unit, period = names.values()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        from csdid.att_gt import ATTgt

        theirs = ATTgt(
            yname=outcome,
            gname=first,
            idname=unit,
            tname=period,
            xformla=f"{outcome}~" + "+".join(covariates or ("1",)),
            data=data.copy(),
            control_group=[control_group.replace("-", "")],
            weights_name=weights,
            anticipation=early,
        ).fit(est_method={"or": "reg"}.get(method, method), bstrap=False, base_period=base_period)
        overall = {
            kind: theirs.aggte(typec=kind, bstrap=False, cband=False).atte
            for kind in ("simple", "group", "dynamic", "calendar")
        }
    ours = callaway_santanna(
        data,
        covariates=covariates,
        method=method,
        control_group=control_group,
        base_period=base_period,
        weights=weights,
        anticipation=early,
        **names,
    )
    cells = ["cohort", "time"]
    expected = pd.DataFrame(
        {
            "cohort": theirs.results["group"],
            "time": theirs.results["year"],
            "estimate": theirs.results["att"],
            "std_error": np.nan_to_num(np.asarray(theirs.results["se"], dtype=float)),
        }
    ).set_index(cells)
    found = ours.effects.set_index(cells).loc[expected.index]
    assert len(found) == len(ours.effects)
    for column in ("estimate", "std_error"):
        np.testing.assert_allclose(found[column], expected[column], rtol=1e-8, atol=1e-10)
    for kind, answer in overall.items():
        effect = ours.aggregate(kind, draws=10).overall
        assert effect.estimate == pytest.approx(answer["overall_att"], rel=1e-8)
        assert effect.std_error == pytest.approx(np.ravel(answer["overall_se"])[0], rel=1e-8)


@pytest.mark.parametrize("weights", [None, "population"])
@pytest.mark.parametrize("covariates", [(), ("lpop",)])
@pytest.mark.parametrize("method", ["dr", "ipw", "or"])
@pytest.mark.parametrize("control_group", ["never-treated", "not-yet-treated"])
def test_csdid_agrees_on_effects_errors_and_aggregations(
    mpdta, weights, covariates, method, control_group
):
    _compare(
        mpdta.assign(population=np.exp(mpdta["lpop"])),
        covariates,
        COLUMNS,
        method=method,
        control_group=control_group,
        base_period="varying",
        weights=weights,
        early=0,
    )


def _selected(seed, *, moving):
    """Who joins, when, and the trend follow from two covariates, the trend not in a line."""
    rng = np.random.default_rng(seed)
    size, older = 20 + 4 * rng.normal(size=240), rng.normal(size=240)
    drawn = 0.3 * (size - 20) + 0.6 * older + rng.logistic(size=240)
    first = np.array([0, 6, 5, 4])[np.digitize(drawn, [-0.1, 0.8, 1.8])]
    data = pd.MultiIndex.from_product([range(240), range(1, 8)], names=["unit", "period"])
    data = data.to_frame(index=False)
    unit, time = data["unit"], data["period"]
    data["first"], data["births"] = first[unit], rng.uniform(0.2, 6, 240)[unit]
    data["size"], data["older"] = size[unit], older[unit]
    data["y"] = 0.02 * (data["size"] - 18) ** 2 * time + data["older"] * np.sqrt(time)
    data["y"] += (data["first"] > 0) * (time >= data["first"]) * (1 + data["older"])
    data["y"] += rng.normal(size=len(data))
    data["size"] += rng.normal(size=len(data)) * moving
    return data


@pytest.mark.parametrize("method", ["dr", "ipw", "or"])
@pytest.mark.parametrize(
    ("seed", "moving", "options"),
    [
        (0, False, ("never-treated", "universal", None, 0)),
        (1, False, ("never-treated", "universal", "births", 1)),
        (2, False, ("not-yet-treated", "universal", "births", 0)),
        (3, False, ("not-yet-treated", "varying", None, 1)),
        (4, True, ("never-treated", "varying", "births", 0)),
        (5, True, ("not-yet-treated", "varying", None, 0)),
    ],
)
def test_csdid_agrees_where_covariates_say_who_joins(method, seed, moving, options):
    names = {"outcome": "y", "first_exposed": "first", "unit": "unit", "period": "period"}
    control_group, base_period, weights, early = options
    _compare(
        _selected(seed, moving=moving),
        ("size", "older"),
        names,
        method=method,
        control_group=control_group,
        base_period=base_period,
        weights=weights,
        early=early,
    )
