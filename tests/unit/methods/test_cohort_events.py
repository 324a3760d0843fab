"""Effects by time since exposure with few units: the published estimates, errors that hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from equieval.errors import DesignError
from equieval.methods.cohort_events import cohort_event_study
from equieval.methods.event_blocks import effects_of, in_blocks
from equieval.methods.gap_event_study import pretrend_test
from equieval.methods.honest import EventStudy, GroupPart
from equieval.methods.joint_tests import (
    ALONE,
    FLAT,
    TOO_FEW,
    joint_reference,
    shown_part,
    withheld,
)
from equieval.methods.staggered import callaway_santanna

CONTROLS = ("never-treated", "not-yet-treated")


def panel(cohorts: dict[int, int], periods: int = 8, seed: int = 1) -> pd.DataFrame:
    """Units that join as ``cohorts`` say (0: never), each with its own luck in every period."""
    first = np.repeat(list(cohorts), list(cohorts.values()))
    rng = np.random.default_rng(seed)
    frame = pd.MultiIndex.from_product(
        [range(len(first)), range(1, periods + 1)], names=["unit", "period"]
    ).to_frame(index=False)
    frame["first_exposed"] = first[frame["unit"]]
    exposed = (frame["first_exposed"] > 0) & (frame["period"] >= frame["first_exposed"])
    frame["value"] = rng.normal(size=len(frame)) - 1.0 * exposed
    return frame


def study_of(cohorts: dict[int, int], **options: object) -> EventStudy:
    return cohort_event_study(panel(cohorts), outcome="value", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("control_group", CONTROLS)
@pytest.mark.parametrize("cohorts", [{4: 4, 5: 3, 6: 5, 0: 7}, {3: 2, 6: 6, 0: 1}])
def test_the_estimates_are_those_of_callaway_and_santanna(cohorts, control_group) -> None:
    data = panel(cohorts)
    found = cohort_event_study(data, outcome="value", control_group=control_group)
    published = callaway_santanna(data, outcome="value", control_group=control_group)
    table = published.aggregate("dynamic").effects.query("event_time != -1")
    np.testing.assert_allclose(found.estimates, table["estimate"], atol=1e-12)
    assert found.n_before == (table["event_time"] < -1).sum()


def test_the_last_cohort_has_no_effect_once_nobody_is_left_to_compare_with() -> None:
    data = panel({4: 4, 6: 4})
    found = cohort_event_study(data, outcome="value", control_group="not-yet-treated")
    table = callaway_santanna(data, outcome="value", control_group="not-yet-treated")
    effects = table.aggregate("dynamic").effects.query("event_time != -1")
    np.testing.assert_allclose(found.estimates, effects["estimate"], atol=1e-12)
    assert found.n_after == 2


def test_one_start_is_welch_with_the_degrees_of_freedom_of_equal_variances() -> None:
    """An effect is a difference of mean changes: Welch's error (SciPy), Bell–McCaffrey's df."""
    data = panel({4: 5, 0: 9})
    found = cohort_event_study(data, outcome="value")
    wide = data.pivot(index="unit", columns="period", values="value")
    change = wide[5] - wide[3]
    welch = stats.ttest_ind(change[:5], change[5:], equal_var=False)
    place = found.n_before + 1
    assert found.estimates[place] == pytest.approx(change[:5].mean() - change[5:].mean())
    error = np.sqrt(found.covariance[place, place])
    assert found.estimates[place] / error == pytest.approx(welch.statistic)
    # Imbens & Kolesár (2016), equation 10: one binary regressor, n1 = 5 and n0 = 9
    n1, n0 = 5, 9
    by_hand = (1 / n1 + 1 / n0) ** 2 / (1 / (n1**2 * (n1 - 1)) + 1 / (n0**2 * (n0 - 1)))
    row = np.eye(len(found.estimates))[place]
    assert found.df(row) == pytest.approx(by_hand)
    assert found.design_df(row) == pytest.approx(by_hand)


def test_with_many_units_the_errors_are_the_published_ones() -> None:
    data = panel({4: 150, 6: 150, 0: 300})
    found = cohort_event_study(data, outcome="value")
    table = callaway_santanna(data, outcome="value").aggregate("dynamic").effects
    known = table.query("event_time != -1")
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), known["std_error"], rtol=0.02)
    ours, normal = effects_of(found).query("event_time != -1"), known
    width = ours["band_high"] - ours["band_low"]
    asymptotic = normal["band_high"] - normal["band_low"]
    np.testing.assert_allclose(width, asymptotic, rtol=0.04)


def test_blocks_carry_the_degrees_of_freedom_with_them() -> None:
    monthly = study_of({5: 4, 0: 12})
    blocks = in_blocks(monthly, 2)
    weights = np.zeros(len(blocks.estimates))
    weights[blocks.n_before] = 1.0
    by_month = np.zeros(len(monthly.estimates))
    by_month[[monthly.n_before, monthly.n_before + 1]] = 0.5
    by_month[monthly.n_before - 1] = -0.5  # the other period of the reference block is 0
    assert blocks.estimates @ weights == pytest.approx(monthly.estimates @ by_month)
    assert blocks.df(weights) == pytest.approx(monthly.df(by_month))


def test_a_cohort_that_is_one_unit_leaves_its_effects_without_an_interval() -> None:
    study = study_of({4: 1, 6: 6, 0: 8})
    frame = effects_of(study).set_index("event_time")
    # joined first: alone at event times 3 and 4, together with the others up to 2
    assert (frame.loc[0:4, "reason"] == ALONE).all()
    assert frame.loc[0:4, ["std_error", "df", "ci_low", "band_high"]].isna().all(axis=None)
    assert (frame.loc[[-5, -4], "reason"] == "").all()
    assert frame.loc[[-5, -4], "band_low"].notna().all()


def test_three_units_alone_are_too_few_and_four_are_not() -> None:
    assert set(withheld(study_of({4: 3, 0: 60}))) == {TOO_FEW}
    assert set(withheld(study_of({4: 4, 0: 60}))) == {""}
    study = study_of({4: 3, 6: 6, 0: 60})
    shown = shown_part(study)
    # the first cohort alone has event times 3 and 4, the second alone −5 and −4
    assert shown.n_after == 3
    assert shown.n_before == study.n_before
    assert withheld(shown) == [""] * len(shown.estimates)


def test_a_period_in_which_nobody_varies_has_no_interval() -> None:
    data = panel({4: 6, 0: 9})
    data.loc[data["period"].isin([2, 3]), "value"] = 0.0
    study = cohort_event_study(data, outcome="value")
    assert withheld(study)[study.n_before - 1] == FLAT


@pytest.mark.parametrize("control_group", CONTROLS)
def test_weights_and_covariates_go_as_in_callaway_and_santanna(control_group) -> None:
    data = panel({4: 12, 6: 12, 0: 24})
    rng = np.random.default_rng(7)
    data["births"] = rng.integers(100, 900, 48)[data["unit"]]
    data["older"] = rng.normal(size=48)[data["unit"]]
    options = {
        "outcome": "value",
        "control_group": control_group,
        "weights": "births",
        "covariates": ["older"],
        "method": "or",
    }
    found = cohort_event_study(data, **options)
    table = callaway_santanna(data, **options).aggregate("dynamic").effects
    known = table.query("event_time != -1")
    np.testing.assert_allclose(found.estimates, known["estimate"], atol=1e-12)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), known["std_error"], rtol=0.2)
    unweighted = cohort_event_study(data, outcome="value", control_group=control_group)
    row = np.eye(len(found.estimates))[found.n_before]
    assert found.df(row) < unweighted.df(row)


def test_equal_weights_change_nothing() -> None:
    data = panel({4: 4, 6: 3, 0: 7})
    plain = cohort_event_study(data, outcome="value")
    weighted = cohort_event_study(data.assign(size=5.0), outcome="value", weights="size")
    np.testing.assert_allclose(weighted.covariance, plain.covariance)
    assert [part.df for part in weighted.parts] == pytest.approx([6, 3, 2])


def test_two_effects_of_one_group_of_pairs_have_the_multivariate_distribution() -> None:
    """Independent effects of one large group: the band is Šidák's, the test its p value."""
    size = 3
    study = EventStudy(
        np.array([0.1, 2.5, 0.3]), np.eye(size), size, (GroupPart(np.eye(size), np.eye(size), 400),)
    )
    reference = joint_reference(study, draws=40_000)
    sidak = stats.t.ppf(0.5 + 0.95 ** (1 / size) / 2, 400)
    np.testing.assert_allclose(reference.critical(0.95), sidak, rtol=0.015)
    single = 2 * stats.t.sf(2.5, 400)
    assert reference.p_value(study.estimates) == pytest.approx(1 - (1 - single) ** size, rel=0.05)
    test = pretrend_test(study)
    assert test.statistic == 2.5
    assert test.df == pytest.approx(400)
    assert test.critical == pytest.approx([sidak] * size, rel=0.03)


def test_the_band_is_wider_where_fewer_units_stand_behind_an_effect() -> None:
    frame = effects_of(in_blocks(study_of({4: 4, 6: 9, 0: 9}), 1)).set_index("event_time")
    multiplier = (frame["band_high"] - frame["estimate"]) / frame["std_error"]
    assert frame.loc[4, "df"] < frame.loc[0, "df"]
    assert multiplier[4] > 1.2 * multiplier[0]


def test_normal_theory_gets_errors_that_give_the_t_interval() -> None:
    study = study_of({4: 4, 0: 9})
    frame = effects_of(study).query("event_time != -1")
    errors = np.sqrt(np.diag(study.widened(0.95).covariance))
    np.testing.assert_allclose(stats.norm.ppf(0.975) * errors, frame["ci_high"] - frame["estimate"])
    assert study.widened(0.95).widened(0.95).covariance == pytest.approx(
        study.widened(0.95).covariance
    )


def test_before_exposure_there_must_be_something_to_test() -> None:
    with pytest.raises(DesignError, match="No effect before exposure can be tested: a cohort of"):
        pretrend_test(study_of({4: 1, 0: 9}))
