"""What an analysis goes without is named: units, periods, and figures that are all withheld."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from evaluations import PROJECT, read

from equieval.data import Observations, load_observations
from equieval.errors import DesignError
from equieval.protocol import Evaluation, load_evaluation
from equieval.study.describe import at_a_glance
from equieval.study.left_out import left_out
from equieval.study.safeguard import safeguard
from equieval.study.series import series_design

COUNTS = ["numerator", "denominator"]


def without(observations: Observations, unit: str, first: str, last: str) -> Observations:
    """The observations with the counts of a unit missing from one month to another."""
    table = observations.table.copy()
    months = pd.period_range(first, last, freq="M")
    table.loc[(table["unit"] == unit) & table["period"].isin(months), COUNTS] = float("nan")
    return replace(observations, table=table)


def study(id: str) -> tuple[Evaluation, Observations]:
    return read(PROJECT, PROJECT / "params" / f"{id}.yaml")


def test_a_treated_unit_that_stops_reporting_is_named_with_the_reason() -> None:
    evaluation, observations = study("smokefree-pathway-smoking-at-delivery")
    assert left_out(evaluation, observations) == ()
    (words,) = left_out(evaluation, without(observations, "Glenhallow LMNS", "2022-10", "2025-03"))
    assert words.startswith("Glenhallow LMNS (no figure for 2022-10, 2022-11, 2022-12 …")


def test_months_without_a_comparison_are_named_on_the_page_too() -> None:
    evaluation, observations = study("smokefree-pathway-controlled-its")
    items = set(at_a_glance(evaluation, observations)["item"])
    assert "Left out" not in items
    gone = without(observations, "Ashmere LMNS", "2021-03", "2021-04")
    assert left_out(evaluation, gone) == ("2021-03 and 2021-04 (no figure of Ashmere LMNS)",)
    said = at_a_glance(evaluation, gone).set_index("item").loc["Left out", "words"]
    assert said == "March 2021 and April 2021 (no figure of Ashmere LMNS)"


def test_figures_that_a_profile_withholds_throughout_are_said_to_be_withheld() -> None:
    evaluation = load_evaluation(PROJECT / "params" / "inclusion-outreach-booking.yaml")
    recorded = load_observations(evaluation, PROJECT)
    everybody = recorded.table.assign(numerator=recorded.table["denominator"])
    safe = safeguard(evaluation, replace(recorded, table=everybody), PROJECT)
    with pytest.raises(DesignError, match="withheld under the disclosure profile") as refusal:
        series_design(evaluation, safe.grouped(evaluation.equity.grouping))
    assert refusal.value.where == "disclosure.profile"
    assert "nobody" in refusal.value.remedy
