"""What a report says of its protocol, and its tables of conditions: they follow the evaluation."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from evaluations import PROJECT

from equieval.data import Observations
from equieval.protocol import Evaluation, load_evaluation
from equieval.protocol.registration import new_registration, register
from equieval.study import conditions, describe, panel_conditions
from equieval.study.analysis import Analysis
from equieval.study.appraisal import Appraisal, judge
from equieval.study.control_outcomes import CONTROL_OUTCOME, ESTIMANDS, PLACEBO_GROUP
from equieval.study.robustness import robustness


@pytest.fixture(scope="module")
def appraisal(
    evaluation: Evaluation, observations: Observations, estimates: pd.DataFrame
) -> Appraisal:
    return judge(evaluation, observations, estimates)


@pytest.fixture(scope="module")
def checked(evaluation: Evaluation, observations: Observations) -> Analysis:
    return robustness(evaluation, observations)


def with_frames(found: Analysis, **frames: pd.DataFrame) -> Analysis:
    named = {name.replace("_", "-"): frame for name, frame in frames.items()}
    return replace(found, frames={**found.frames, **named})


def controls(*ends: tuple[float, float], kind: str = CONTROL_OUTCOME) -> pd.DataFrame:
    """Estimates where none can be, one per interval."""
    rows = [
        {
            "id": f"e{place}", "kind": kind, "label": f"Control {place}", "measure": "rate",
            "because": "Not served.", "outcome": "neonatal-mortality",
            "estimand": f"rate: {ESTIMANDS[kind]}", "note": f"Control {place}",
            "estimate": (low + high) / 2, "ci_low": low, "ci_high": high, "df": 20.0,
        }
        for place, (low, high) in enumerate(ends, start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def changed(evaluation: Evaluation, block: str, **values: Any) -> Evaluation:
    blocks = {name: block for name, block in evaluation.blocks().items() if name != "schema"}
    blocks[block] |= values
    return Evaluation.of_blocks(blocks, where="test")


def answers(table: pd.DataFrame, key: str) -> dict[str, tuple[str, str]]:
    return {row[key]: (row["answer"], row["evidence"]) for row in table.to_dict("records")}


def leaves(value: Any, key: str) -> list[str]:
    """The keys of every value that is set, as a reader would look for them."""
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in leaves(inner, f"{key}.{name}")]
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [
            leaf
            for place, item in enumerate(value, start=1)
            for leaf in leaves(item, f"{key}[{place}]")
        ]
    return [] if value in (None, [], {}) else [key]


def test_every_parameter_that_decides_a_number_is_listed(evaluation: Evaluation) -> None:
    listed = set(describe.parameters(evaluation)["item"])
    blocks = evaluation.blocks()
    for name in ("data", "outcomes", "equity", "design", "robustness", "disclosure"):
        for leaf in leaves(blocks[name], name):
            assert leaf in listed, leaf
    words = describe.parameters(evaluation).set_index("item")["words"]
    assert words["design.start"] == "2016"
    assert words["outcomes.primary.horizon"] == "2019"
    assert words["robustness.leave_one_out"] == "yes"
    assert words["robustness.exclude_periods"] == "2020, 2021; 2016"  # two sets


def test_a_parameter_that_is_changed_is_listed_as_changed(evaluation: Evaluation) -> None:
    other = changed(evaluation, "robustness", newey_west_lag=5)
    words = describe.parameters(other).set_index("item")["words"]
    assert words["robustness.newey_west_lag"] == "5"


def test_all_items_of_tidier_are_answered_or_said_to_be_missing(evaluation: Evaluation) -> None:
    frame = describe.tidier(evaluation).set_index("item")["words"]
    assert sum(item[0].isdigit() for item in frame.index) == 12  # Hoffmann et al. 2014
    assert (frame != "").all()
    without = changed(evaluation, "intervention", materials=None)
    assert describe.tidier(without).set_index("item")["words"]["3 What: materials"] == "Not stated"


def test_an_edition_that_was_recalled_is_shown_as_recalled(evaluation: Evaluation) -> None:
    words = describe.population(evaluation).set_index("item")["words"]
    assert "(recalled, not read in the source)" in words["Edition of the index"]
    read = changed(evaluation, "equity", edition_recalled=False)
    words = describe.population(read).set_index("item")["words"]
    assert "recalled" not in words["Edition of the index"]


def test_sources_name_publisher_licence_and_fingerprint(
    evaluation: Evaluation, observations: Observations
) -> None:
    words = describe.sources(evaluation, observations).set_index("item")["words"]
    assert words["Publisher"] == "Office for National Statistics"
    assert words["Licence"] == "Open Government Licence v3.0"
    assert words["Fingerprint"].startswith("sha256 ")


def test_seven_conditions_are_answered_with_evidence(
    evaluation: Evaluation,
    observations: Observations,
    appraisal: Appraisal,
    checked: Analysis,
) -> None:
    table = conditions.seven_conditions(evaluation, observations, appraisal, checked)
    assert len(table) == 7
    found = answers(table, "condition")
    assert found["Data requirements"][0] == "not met"
    assert "degrees of freedom" in found["Data requirements"][1]
    assert found["Common shocks"][0] == "not met"
    assert "COVID-19 pandemic" in found["Common shocks"][1]
    assert found["Spillover"][0] == "does not apply"
    assert (table["evidence"].str.len() > 20).all()


def test_the_conditions_turn_with_the_numbers(
    evaluation: Evaluation,
    observations: Observations,
    appraisal: Appraisal,
    checked: Analysis,
) -> None:
    placebo, tests = checked.frame("placebo"), checked.frame("residual-tests")
    clear = placebo.assign(estimate=1.0, ci_low=0.5, ci_high=1.5)
    concern = tests.assign(concern=[True] + [False] * (len(tests) - 1))
    adequate = replace(appraisal, inequality=replace(appraisal.inequality, level="can carry"))
    quiet = changed(evaluation, "intervention", co_interventions=[])
    found = answers(
        conditions.seven_conditions(
            quiet,
            observations,
            adequate,
            with_frames(checked, placebo=clear, residual_tests=concern),
        ),
        "condition",
    )
    assert found["Data requirements"][0] == "met"
    assert found["No anticipation"][0] == "not met"
    assert "the trend was already changing" in found["No anticipation"][1]
    assert found["Statistical assumptions"][0] == "not met"
    assert str(tests["test"].iloc[0]) in found["Statistical assumptions"][1]
    assert found["Common shocks"][0] == "cannot tell"
    none = clear.assign(ci_low=-1.0)
    calm = answers(
        conditions.seven_conditions(
            quiet,
            observations,
            adequate,
            with_frames(checked, placebo=none, residual_tests=tests.assign(concern=False)),
        ),
        "condition",
    )
    assert calm["No anticipation"][0] == "cannot tell"
    assert calm["Statistical assumptions"][0] == "partly met"


def test_epocs_seven_criteria_follow_the_evaluation(
    evaluation: Evaluation,
    observations: Observations,
    appraisal: Appraisal,
    checked: Analysis,
    tmp_path: Path,
) -> None:
    table = conditions.epoc_criteria(evaluation, observations, appraisal, checked, tmp_path)
    assert len(table) == 7
    found = answers(table, "criterion")
    assert found["Data collection unaffected"][0] == "partly met"  # the break of 2023
    assert "2023" in found["Data collection unaffected"][1]
    assert found["Complete outcome data"] == ("met", "Every one of the 14 periods has a figure.")
    assert "(2016)" in found["Shape specified beforehand"][1]
    assert "(2019)" in found["Shape specified beforehand"][1]


def test_a_shape_is_specified_beforehand_once_it_is_registered_and_as_registered(
    evaluation: Evaluation,
    observations: Observations,
    appraisal: Appraisal,
    checked: Analysis,
    tmp_path: Path,
) -> None:
    def shape(run: Evaluation) -> tuple[str, str]:
        table = conditions.epoc_criteria(run, observations, appraisal, checked, tmp_path)
        return answers(table, "criterion")["Shape specified beforehand"]

    answer, words = shape(evaluation)
    assert answer == "partly met"
    assert words.endswith("but were not registered before the analysis.")
    day = dt.date(2020, 3, 1)
    id = evaluation.identity.id
    register(tmp_path, evaluation, new_registration(evaluation, id, date=day, data={}))
    answer, words = shape(evaluation)
    assert answer == "met"
    assert "registered on 2020-03-01 (self-attested" in words
    assert "Outcome data seen by then: none." in words
    answer, words = shape(changed(evaluation, "design", impact="slope"))
    assert answer == "partly met"
    assert words.endswith("Changed since then: design.impact.")
    assert shape(changed(evaluation, "robustness", leave_one_out=False))[0] == "met"


@pytest.mark.parametrize(
    ("found", "answer", "words"),
    [
        (controls(), "cannot tell", "No control outcome was declared beforehand."),
        (controls((-0.3, 0.2)), "partly met", "no smaller ones"),
        (controls((0.1, 0.2)), "not met", "1 of 1 leaves out no effect, where none can be."),
        (
            controls((-0.3, 0.2), (0.1, 0.2)),
            "not met",
            "1 of 2 leaves out no effect, where none can be; chance alone gives one in twenty.",
        ),
        (controls((-0.3, 0.2), kind=PLACEBO_GROUP), "partly met", "Placebo group 'Control 1'"),
    ],
    ids=["none declared", "one that includes none", "one that is clear", "one of two", "a group"],
)
def test_what_is_found_where_no_effect_can_be_is_evidence_on_common_shocks(
    evaluation: Evaluation,
    observations: Observations,
    appraisal: Appraisal,
    checked: Analysis,
    tmp_path: Path,
    found: pd.DataFrame,
    answer: str,
    words: str,
) -> None:
    quiet = changed(evaluation, "intervention", co_interventions=[])
    frame = found if len(found) else checked.frame("controls")
    robust = with_frames(checked, controls=frame)
    given = (quiet, observations, appraisal, robust)
    for table, key, name in (
        (conditions.seven_conditions(*given), "condition", "Common shocks"),
        (conditions.epoc_criteria(*given, tmp_path), "criterion", "Independent of other changes"),
    ):
        said = answers(table, key)[name]
        assert said[0] == answer
        assert words in said[1]
    # A change that is named stays one, whatever the controls say.
    named = conditions.seven_conditions(evaluation, observations, appraisal, robust)
    assert answers(named, "condition")["Common shocks"][0] == "not met"


@pytest.mark.parametrize(
    ("found", "answer"), [(controls((-0.3, 0.2)), "partly met"), (controls((0.1, 0.2)), "not met")]
)
def test_a_comparison_takes_out_a_change_that_reached_both_sides(
    found: pd.DataFrame, answer: str
) -> None:
    compared = load_evaluation(PROJECT / "params" / "smokefree-pathway-controlled-its.yaml")
    said, words = conditions.shock_evidence(compared, found)
    assert said == answer
    assert (
        "April 2023: A national media campaign (Made up. It reached all LMNSs at once, so the "
        "comparison takes it out). The comparison takes out what reached both sides alike" in words
    )


@pytest.mark.parametrize(
    ("breakdown", "words"),
    [
        (0.0, "Even with parallel trends"),
        (0.03, "not hold for even a small departure"),
        (0.7, "up to 0.7 times the largest"),
        (float("inf"), "at every departure"),
    ],
)
def test_how_far_parallel_trends_may_fail_is_told_with_the_unit_of_the_drift(
    breakdown: float, words: str
) -> None:
    compared = load_evaluation(PROJECT / "params" / "smokefree-pathway-smoking-at-delivery.yaml")
    tested = {"reason": "", "p_value": 0.4, "df": 3, "slope_most": 0.8}
    found = {"reason": "", "block": "quarter", "relative": breakdown}
    _, said = panel_conditions._parallel(compared, pd.Series(tested), pd.Series(found))
    assert words in said
    assert "a steady drift of 0.80 percentage points each quarter" in said


def test_specifications_without_an_interval_are_counted() -> None:
    curve = pd.DataFrame(
        {
            "estimate": [-2.0, -1.0], "ci_low": [-3.0, None], "ci_high": [-1.0, None],
            "share_same_sign": 1.0,
        }
    )  # fmt: skip
    answer, words = panel_conditions._agreement(curve)
    assert answer == "partly met"
    assert words.endswith("Only 1 of them can have an interval.")
    assert panel_conditions._agreement(curve.head(1))[0] == "met"


def test_an_effect_where_none_can_be_costs_a_step_of_certainty_and_one_unbounded_does_not(
    evaluation: Evaluation, observations: Observations, estimates: pd.DataFrame
) -> None:
    def reasons(found: pd.DataFrame) -> tuple[str, ...]:
        return judge(
            evaluation, observations, pd.concat([estimates, found], ignore_index=True)
        ).certainty_reasons

    assert "something moved what the intervention cannot (Control 1)" in reasons(
        controls((0.1, 0.2))
    )
    for quiet in (
        controls((-0.1, 0.2)),
        controls((0.1, 0.2)).assign(ci_low=float("nan"), ci_high=float("nan")),
    ):
        assert not any("moved what" in reason for reason in reasons(quiet))
