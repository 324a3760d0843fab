"""Callaway and Sant'Anna on county employment: published answers, and csdid as second oracle."""

from __future__ import annotations

import contextlib
import io
import warnings

import numpy as np
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


@pytest.mark.parametrize("weights", [None, "population"])
@pytest.mark.parametrize("covariates", [(), ("lpop",)])
@pytest.mark.parametrize("method", ["dr", "ipw", "or"])
@pytest.mark.parametrize("control_group", ["never-treated", "not-yet-treated"])
def test_csdid_agrees_on_effects_errors_and_aggregations(
    mpdta, weights, covariates, method, control_group
):
    mpdta = mpdta.assign(population=np.exp(mpdta["lpop"]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from csdid.att_gt import ATTgt

        with contextlib.redirect_stdout(io.StringIO()):
            theirs = ATTgt(
                yname="lemp",
                gname="first",
                idname="county",
                tname="year",
                xformla="lemp~" + "+".join(covariates or ("1",)),
                data=mpdta.copy(),
                control_group=[control_group.replace("-", "")],
                weights_name=weights,
            ).fit(est_method={"or": "reg"}.get(method, method), bstrap=False, base_period="varying")
            overall = {
                kind: theirs.aggte(typec=kind, bstrap=False, cband=False).atte
                for kind in ("simple", "group", "dynamic", "calendar")
            }
    ours = callaway_santanna(
        mpdta,
        covariates=covariates,
        method=method,
        control_group=control_group,
        base_period="varying",
        weights=weights,
        **COLUMNS,
    )
    # doubly robust: diff-diff divides the weighted part by the number treated, csdid (as R's did)
    # by the sum of the weights; the rest agrees to rounding
    slack = 1e-5 if covariates and method == "dr" else 1e-9
    np.testing.assert_allclose(ours.effects["estimate"], theirs.results["att"], atol=slack)
    np.testing.assert_allclose(ours.effects["std_error"], theirs.results["se"], rtol=5e-3)
    for kind, expected in overall.items():
        found = ours.aggregate(kind).overall
        assert found.estimate == pytest.approx(expected["overall_att"], abs=slack)
        assert found.std_error == pytest.approx(expected["overall_se"], rel=5e-3)
