"""Words of panels, of lasting, of the earlier periods and of audits follow their numbers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from equieval.errors import InputError
from equieval.present import layouts, narrative, tables
from equieval.present.narrative.panel_model import _MODELS

from .conftest import UNIT

RATE = {"outcome": "stillbirth rate", "unit": UNIT}


def _ends(worst: float, best: float, half: float = 0.5) -> pd.DataFrame:
    estimate = np.array([worst, best])
    return pd.DataFrame(
        {"stratum": ["1", "10"], "estimate": estimate, "ci_low": estimate - half,
         "ci_high": estimate + half}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("narrowed: the worst-off gained", "narrowed against what was expected: the most deprived "
         "decile gained"),
        ("widened: the worst-off lost and the best-off gained", "the most deprived decile lost and "
         "the least deprived decile gained"),
        ("narrowed: not clear who moved", "who moved is not clear"),
        ("no clear change", "The gap shows no clear change"),
    ],
)  # fmt: skip
def test_a_levelling_verdict_names_the_groups(verdict: str, said: str) -> None:
    words = narrative.levelling_statement(_ends(-1.0, 0.1), verdict=verdict, **RATE).markdown
    assert said in words
    assert f"was 1.00 {UNIT} lower than expected" in words
    assert "95% interval 0.50 to 1.50 lower), which is better" in words
    assert "95% interval 0.40 lower to 0.60 higher): no clear change" in words


def test_levelling_up_is_said_of_a_gap_that_narrowed_and_of_no_other() -> None:
    """The groups alone do not show it: the gap between them may have no clear change."""
    gained = "narrowed: the worst-off gained"
    up = narrative.levelling_statement(_ends(-1.0, 0.1), verdict=gained, **RATE).markdown
    assert "decile gained (levelling up).**" in up
    for verdict in ("no clear change", ""):
        words = narrative.levelling_statement(_ends(-1.0, 0.1), verdict=verdict, **RATE).markdown
        assert "levelling" not in words


def test_where_both_ends_gained_the_one_that_gained_more_is_named() -> None:
    gained = "narrowed: the worst-off gained"
    ends = _ends(-1.0, -0.6)
    ends.loc[1, ["ci_low", "ci_high"]] = [-0.8, -0.4]
    words = narrative.levelling_statement(ends, verdict=gained, **RATE).markdown
    assert "decile gained more than the least deprived decile (levelling up).**" in words


def test_an_end_without_an_interval_did_not_stay_as_it_was() -> None:
    ends = _ends(-1.0, 0.1)
    ends.loc[1, ["estimate", "ci_low", "ci_high"]] = math.nan
    words = narrative.levelling_statement(ends, **RATE).markdown
    assert "how the most deprived decile and the least deprived decile moved cannot be told" in (
        words.lower()
    )
    assert "no clear change" not in words


def test_who_moved_turns_with_the_numbers() -> None:
    better = narrative.levelling_statement(_ends(-1.0, 0.0), **RATE).markdown
    worse = narrative.levelling_statement(_ends(1.0, 0.0), **RATE).markdown
    assert "most deprived decile improved; no clear change in the least" in better
    assert "most deprived decile worsened; no clear change in the least" in worse


def _lasting(*verdicts: str) -> pd.DataFrame:
    horizons = ["early", "12 months", "24 months"][: len(verdicts) + 1]
    return pd.DataFrame(
        {"horizon": horizons, "estimate": -2.0, "ci_low": -3.0, "ci_high": -1.0,
         "margin_low": 0.1, "margin_high": 0.9, "verdict": ["", *verdicts]}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("retained", "**At 24 months, at least 50% of the early effect is left.**"),
        ("not retained", "**At 24 months, less than 50% of the early effect is left.**"),
        ("these data cannot say", "**At 24 months, these data cannot say whether 50%"),
    ],
)
def test_the_last_horizon_answers_whether_it_lasted(verdict: str, said: str) -> None:
    words = narrative.sustained_statement(
        _lasting("retained", verdict), subject="gap", unit=UNIT, retention=0.5, quantity="gap"
    ).markdown
    assert words.startswith(said)
    assert f"2.00 {UNIT} narrower than expected (95% interval 1.00 to 3.00 narrower)" in words


def test_a_horizon_that_the_data_do_not_reach_is_said_and_decides_nothing() -> None:
    words = narrative.sustained_statement(
        _lasting("retained", "not reached"), subject="gap", unit=UNIT, retention=0.5, quantity="gap"
    ).markdown
    assert words.startswith("**At 12 months, at least 50% of the early effect is left.**")
    assert "- 24 months: the data do not reach so far, so they cannot say whether 50%" in words


def test_without_a_clear_early_effect_these_data_cannot_say() -> None:
    words = narrative.sustained_statement(
        _lasting("no clear early effect"), subject="rate", unit=UNIT, retention=0.5
    ).markdown
    assert words.startswith("**There is no clear early improvement in the rate, so these data ")
    assert "cannot say whether one lasted" in words
    logs = narrative.sustained_statement(
        _lasting("retained").assign(estimate=math.log(0.8), ci_low=math.log(0.7), ci_high=0.0),
        subject="rate", unit=UNIT, retention=0.5, log=True,
    ).markdown  # fmt: skip
    assert "20% lower than expected, a ratio of 0.80 (95% interval 0.70 to 1.00)" in logs
    with pytest.raises(InputError, match="retained"):
        narrative.sustained_statement(_lasting("retaned"), subject="rate", unit=UNIT, retention=0.5)


TEST = pd.DataFrame(
    [{"statistic": 3.0, "df": 3, "p_value": 0.4, "slope_half": 0.2, "slope_most": 0.31,
      "block": "half-year", "reason": "", "relative": 0.7}]
)  # fmt: skip


def test_passing_the_pretrend_test_is_never_told_as_support() -> None:
    words = narrative.pretrend_statement(TEST, subject="stillbirth rate", unit=UNIT).markdown
    assert "arise in 40% of cases" in words
    assert "That is no support for the comparison by itself" in words
    assert f"miss a drift of 0.20 {UNIT} per half-year in half of all cases" in words
    unknown = narrative.pretrend_statement(
        TEST.drop(columns=["slope_half"]), subject="rate", unit=UNIT
    ).markdown
    assert "what the test could have found is not known" in unknown
    failed = narrative.pretrend_statement(
        TEST.assign(p_value=0.001), subject="stillbirth rate", unit=UNIT
    ).markdown
    assert failed.startswith("**The stillbirth rate already moved differently before the start**")
    assert "under 1% of cases" in failed
    none = pd.DataFrame([{"block": "year", "reason": "too few units"}])
    words = narrative.pretrend_statement(none, subject="rate", unit=UNIT).markdown
    assert words.startswith("**Whether the rate moved alike before the start cannot be tested**")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.7, "less than 0.70 times their largest departure before it"),
        (0.0, "even with exactly parallel gaps these data show no clear change"),
        (math.inf, "stands at every departure from parallel gaps that was tried"),
    ],
)
def test_the_parallel_gap_assumption_is_told_with_its_breakdown(value: float, said: str) -> None:
    words = narrative.parallel_gap_statement(
        TEST.assign(relative=value), gap="ethnic gap", measure_unit=UNIT,
        worst_off="the Black group", held_against="the White group",
    ).markdown  # fmt: skip
    assert "between the Black group and the White group would otherwise have changed alike" in words
    assert said in words.replace("Even", "even")
    bare = narrative.parallel_gap_statement(
        TEST.drop(columns="relative"), gap="gap", measure_unit=UNIT
    ).markdown
    assert "departure" not in bare


def test_the_headline_interval_is_told_with_its_rule() -> None:
    def told(interval: str, **more: object) -> str:
        row = {"interval": interval, "reason": "1 treated of 27 clusters", **more}
        return narrative.headline_interval_statement(pd.DataFrame([row])).markdown

    few = told("reassignment", smallest_attainable_p=1 / 27)
    assert "comes from reassigning the treatment over the units**: 1 treated of 27" in few
    assert "the most extreme result that could come out is 1 of 27" in few.replace("The", "the")
    assert "cannot say whether there was a change" in told("none")
    assert "The rule was fixed before any estimate" in told("clustered")
    with pytest.raises(InputError, match="clustered"):
        told("clustred")


def test_bounds_for_people_of_unknown_group_are_told_by_plausibility() -> None:
    bounds = pd.DataFrame(
        {"plausibility": [1.0, 2.0, math.inf], "measure": "gap", "known": 2.5,
         "low": [2.4, 1.2, -8.0], "high": [2.6, 3.8, 12.0]}
    )  # fmt: skip
    words = {"unit": "% of bookings", "name": "ethnic gap", "worst_off": "the Black group"}
    said = narrative.missing_bounds_statement(
        bounds, missing_share=0.083, needed=2.7, **words
    ).markdown
    assert "not known for 8% of people; among the others the ethnic gap is 2.50 percentage" in said
    assert "up to 2 times as common or as rare" in said
    assert "between 1.20 and 3.80" in said
    assert "stays to the disadvantage of the Black group unless they differ" in said
    never = narrative.missing_bounds_statement(bounds, needed=math.inf, **words).markdown
    assert "No way of sharing them out turns the ethnic gap round" in never
    turned = narrative.missing_bounds_statement(
        bounds.assign(known=-2.5), needed=2.7, **words
    ).markdown
    assert "in favour of the Black group" in turned


def test_an_audit_is_summed_up_from_its_findings() -> None:
    findings = pd.DataFrame(
        [
            {"part": "gap", "label": "booking", "estimate": 4.2, "ci_low": 2.0, "ci_high": 6.4},
            {"part": "gap", "label": "continuity", "estimate": 0.2, "ci_low": -2, "ci_high": 2.4},
            {"part": "agreement", "label": "booking", "found": 2, "total": 5},
            {"part": "agreement", "label": "smoking", "found": 0, "total": 5},
            {"part": "completeness", "label": "ethnic group", "estimate": 0.9199, "found": 3,
             "total": 8},
            {"part": "actions", "label": "further work", "found": 6},
        ]
    )  # fmt: skip
    words = narrative.audit_summary(findings, unit="% of bookings").markdown
    assert words.startswith(
        "**This audit finds clear gaps in 1 of 2 comparisons, sources that differ on 1 of 2 "
        "figures and recording under 95% in the one field.**"
    )
    assert "- Booking: +4.20 percentage points (95% interval 2.00 to 6.40)." in words
    assert "no clear gap" in words
    assert "- Ethnic group is recorded for 91% of people; 3 of 8 organisations" in words
    assert "- Further work: 6 follow from these findings." in words
    with pytest.raises(InputError, match="completeness"):
        narrative.audit_summary(findings.assign(part="completness"), unit="")


@pytest.mark.parametrize("estimator", sorted(_MODELS))
def test_a_panel_model_is_told_by_what_was_fitted(estimator: str) -> None:
    row = {"estimator": estimator, "n_units": 40, "n_treated_units": 1, "inference": "clustered"}
    words = narrative.did_model(pd.DataFrame([row])).markdown
    assert words.count("$$") == 2
    assert words.count("$") % 2 == 0
    assert "There are 40 units, of which 1 takes part. Interval: clustered." in words
    assert ("units that never take part" in words) == (estimator == "Callaway–Sant'Anna")


@pytest.mark.parametrize("estimator", ["two-way fixed effects", "Callaway–Sant'Anna"])
def test_an_adjusted_model_says_what_is_adjusted_for_and_what_is_assumed(estimator: str) -> None:
    row = pd.DataFrame([{"estimator": estimator}])
    words = narrative.did_model(row, adjusted="the booking rate before the start").markdown
    assert words.count("$$") == 2
    assert "is the booking rate before the start" in words
    assert "{adjusted}" not in words
    assert "units that were alike in it before, whether they take part or not" in words
    assert "alike in it" not in narrative.did_model(row).markdown
    with pytest.raises(InputError, match="'imputation' with covariates"):
        narrative.did_model(pd.DataFrame([{"estimator": "imputation"}]), adjusted="size")


@pytest.mark.parametrize(("treated", "counts"), [(2, "each unit"), (8, "each person")])
def test_the_weighting_told_is_that_of_what_was_done(treated: int, counts: str) -> None:
    row = {"estimator": "two-way fixed effects", "n_units": 24, "n_treated_units": treated}
    weighting = "each person counts the same; group shares are those before the start"
    words = narrative.did_model(pd.DataFrame([row]), weighting=weighting).markdown
    assert f"Weighting: {counts} counts the same; group shares are those before" in words


def test_a_model_without_words_is_refused_with_the_one_meant() -> None:
    with pytest.raises(InputError, match="two-way fixed effects"):
        narrative.did_model(pd.DataFrame({"estimator": ["two way fixed effects"]}))
    with pytest.raises(InputError, match="not-yet-treated"):
        narrative.did_model(
            pd.DataFrame({"estimator": ["imputation"]}), control_group="not-yet-treatd"
        )


def test_synthetic_and_controlled_models_show_their_weights() -> None:
    synthetic = narrative.synthetic_did_model(
        pd.DataFrame([{"n_units": 27, "n_treated_units": 1, "pre_fit": 0.31}])
    ).markdown
    assert r"\omega_i \lambda_t" in synthetic
    assert "0.31 from those that take part" in synthetic
    controlled = narrative.controlled_its_model(pd.DataFrame({"term": ["intercept", "t", "post"]}))
    assert r"d_t = y_t - \sum_j w_j" in controlled.markdown
    assert r"\beta_3" not in controlled.markdown


def test_tables_of_panels_head_their_rows_and_print_units() -> None:
    weights = layouts.control_weights(
        pd.DataFrame({"unit": ["A", "B"], "weight": [0.25, 0.75]}), caption="Weights"
    )
    html = tables.to_html(weights, "weights", 1)
    assert html.index(">B<") < html.index(">A<")
    assert "75.0%" in html
    placed = layouts.reassignments(
        pd.DataFrame(
            [{"label": "Rate, in percentage points", "estimate": -1.2, "assignments": "27 possible",
              "p_value": 5 / 27, "smallest_attainable_p": 1 / 27, "reading": "Chance can give it"}]
        ),
        caption="Reassigned",
    )  # fmt: skip
    html = tables.to_html(placed, "placed", 4)
    assert "0.0370" in html
    assert "0.1852" in html
    assert "−1.20" in html
