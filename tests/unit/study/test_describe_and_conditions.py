"""What a report says of its protocol, and its tables of conditions: they follow the evaluation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from equieval.data import Observations
from equieval.protocol import Evaluation
from equieval.study import conditions, describe
from equieval.study.appraisal import Appraisal, judge
from equieval.study.robustness import robustness


@pytest.fixture(scope="module")
def appraisal(
    evaluation: Evaluation, observations: Observations, estimates: pd.DataFrame
) -> Appraisal:
    return judge(evaluation, observations, estimates)


@pytest.fixture(scope="module")
def checked(evaluation: Evaluation, observations: Observations) -> tuple[pd.DataFrame, ...]:
    found = robustness(evaluation, observations)
    return found.frame("placebo"), found.frame("residual-tests")


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
    checked: tuple[pd.DataFrame, ...],
) -> None:
    table = conditions.seven_conditions(evaluation, observations, appraisal, *checked)
    assert len(table) == 7
    found = answers(table, "condition")
    assert found["Data requirements"][0] == "not met"
    assert "degrees of freedom" in found["Data requirements"][1]
    assert found["Common shocks"][0] == "not met"
    assert "COVID-19 pandemic" in found["Common shocks"][1]
    assert (table["evidence"].str.len() > 20).all()


def test_the_conditions_turn_with_the_numbers(
    evaluation: Evaluation,
    observations: Observations,
    appraisal: Appraisal,
    checked: tuple[pd.DataFrame, ...],
) -> None:
    placebo, tests = checked
    clear = placebo.assign(estimate=1.0, ci_low=0.5, ci_high=1.5)
    concern = tests.assign(concern=[True] + [False] * (len(tests) - 1))
    adequate = replace(appraisal, inequality=replace(appraisal.inequality, level="can carry"))
    quiet = changed(evaluation, "intervention", co_interventions=[])
    found = answers(
        conditions.seven_conditions(quiet, observations, adequate, clear, concern), "condition"
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
            quiet, observations, adequate, none, tests.assign(concern=False)
        ),
        "condition",
    )
    assert calm["No anticipation"][0] == "cannot tell"
    assert calm["Statistical assumptions"][0] == "partly met"


def test_epocs_seven_criteria_follow_the_evaluation(
    evaluation: Evaluation, observations: Observations, appraisal: Appraisal
) -> None:
    table = conditions.epoc_criteria(evaluation, observations, appraisal)
    assert len(table) == 7
    found = answers(table, "criterion")
    assert found["Data collection unaffected"][0] == "partly met"  # the break of 2023
    assert "2023" in found["Data collection unaffected"][1]
    assert found["Complete outcome data"] == ("met", "Every one of the 14 periods has a figure.")
    assert "(2016)" in found["Shape specified beforehand"][1]
    assert "(2019)" in found["Shape specified beforehand"][1]
