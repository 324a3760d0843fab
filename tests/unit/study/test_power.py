"""What an evaluation could find follows from its design and its own figures before the start."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from evaluations import PROJECT, read

from equieval.data import parse_period
from equieval.errors import DesignError
from equieval.protocol import Evaluation, load_evaluation
from equieval.study.adequacy import CANNOT_SAY, WITH_CAUTION, design_level, missed
from equieval.study.check import check
from equieval.study.comparison import compare
from equieval.study.designs import study_of
from equieval.study.panel import measure_panel, panel_design, rate_panel
from equieval.study.power import DetectableEffects, Simulation, detectable_effects
from equieval.study.series import label

FEW, HARDLY_ANY = Simulation(replications=60), Simulation(replications=6)
COMPARISON = "smokefree-pathway-smoking-at-delivery"


def evaluation_of(id: str, **design: Any) -> Evaluation:
    """An evaluation of the portfolio with some keys of its design changed."""
    found = load_evaluation(PROJECT / "params" / f"{id}.yaml")
    changed = found.design.model_copy(update=design)
    return Evaluation({**found.given, "design": changed}, found.where)


def found_by(id: str, *, simulation: Simulation = FEW, **design: Any) -> DetectableEffects:
    return detectable_effects(evaluation_of(id, **design), PROJECT, simulation=simulation)


def test_a_comparison_promises_what_its_report_can_tell_from_nothing() -> None:
    # An effect is found with 80% power at about 1.43 half widths of its 95% interval
    # ((1.96 + 0.84) / 1.96); the report weights by denominator, so the two agree roughly.
    evaluation, observations = read(PROJECT, PROJECT / "params" / f"{COMPARISON}.yaml")
    design = panel_design(evaluation, observations)
    panels = {
        "outcome": rate_panel(observations, "smoking-at-delivery", design),
        "gap": measure_panel(evaluation, observations, "sii", design),
    }
    for answer in found_by(COMPARISON).answers:
        effect = compare(panels[answer.question], draws=499).effect
        told = 1.43 * (effect.ci_high - effect.ci_low) / 2
        assert told / 2 < answer.effect < 2 * told


def test_time_left_out_or_anticipated_before_the_start_teaches_nothing() -> None:
    left_out = ("2020-12", "2022-11")
    found = found_by(COMPARISON, simulation=HARDLY_ANY, exclude_periods=left_out, anticipation=2)
    plan = found.plan
    assert (label(plan.learnt[0]), label(plan.learnt[-1])) == ("2021-01", "2022-07")
    assert plan.after == 29


def test_units_that_start_at_different_times_are_compared_without_controls() -> None:
    found = found_by("midwifery-continuity-staggered", simulation=HARDLY_ANY)
    assert [answer.question for answer in found.answers] == ["outcome", "gap"]
    assert (found.plan.n_units, found.plan.n_treated_units) == (23, 12)
    assert "6 periods before the start" in found.caution


@pytest.mark.parametrize("left_out", [("2021-05",), ("2021-05", "2022-08", "2022-09")])
def test_a_series_of_which_periods_before_the_start_are_left_out_is_planned_too(
    left_out: tuple[str, ...],
) -> None:
    whole = found_by("smokefree-pathway-controlled-its")
    found = found_by("smokefree-pathway-controlled-its", exclude_periods=left_out)
    assert not found.refusals
    assert len(found.plan.learnt) == len(whole.plan.learnt) - len(left_out)
    assert (found.plan.start, found.plan.after) == (whole.plan.start, whole.plan.after)
    for less, more in zip(found.answers, whole.answers, strict=True):
        assert 0.5 * more.effect < less.effect < 2 * more.effect


def test_a_series_is_judged_by_its_own_model_on_protected_counts() -> None:
    found = found_by("smokefree-pathway-controlled-its")
    assert not found.refusals
    assert label(found.plan.horizon) == "2024-09"
    for answer in found.answers:
        assert 0 < answer.effect < abs(answer.before)
        assert math.isfinite(answer.longer)


@pytest.mark.parametrize(
    "id",
    [
        "stillbirth-care-bundle-england",
        "smokefree-pathway-controlled-its",
        "midwifery-continuity-staggered",
    ],
)
def test_a_plan_is_judged_as_its_report_will_be(id: str) -> None:
    # The thresholds see no outcome after the start, so `check` finds in the whole data what
    # `power` found in those before it; where the report cannot say, no effect is promised.
    evaluation, observations = read(PROJECT, PROJECT / "params" / f"{id}.yaml")
    checked = study_of(evaluation.design.type).checks(evaluation, observations, None)
    found = found_by(id, simulation=HARDLY_ANY)
    pd.testing.assert_frame_equal(found.checks, checked)
    refused = design_level(checked) == CANNOT_SAY
    assert bool(found.refusals) == refused
    for refusal in found.refusals.values():
        assert refusal.what.endswith("; ".join(missed(checked)))
    if design_level(checked) == WITH_CAUTION:
        assert found.caution.endswith("; ".join(missed(checked, WITH_CAUTION)))


def test_months_that_a_control_misses_are_missing_from_plan_and_report_alike(
    tmp_path: Path,
) -> None:
    # 2021-03 lies before the start and is learnt from by neither; of 2023-02, after it, the plan
    # knows nothing.
    evaluation = evaluation_of("smokefree-pathway-controlled-its")
    for source in evaluation.data.sources:
        table = pd.read_csv(PROJECT / source.path, dtype=str)
        gone = (table["lmns"] == "Ashmere LMNS") & table["month"].isin(["2021-03", "2023-02"])
        (tmp_path / source.path).parent.mkdir(parents=True, exist_ok=True)
        table[~gone].to_csv(tmp_path / source.path, index=False)
    found = detectable_effects(evaluation, tmp_path, simulation=HARDLY_ANY)
    assert not found.refusals
    assert len(found.plan.learnt) == 29
    assert pd.Period("2021-03") not in found.plan.learnt
    report = check(evaluation, tmp_path)
    columns = ["id", "found"]
    planned, judged = (
        each[columns].set_index("id")["found"] for each in (found.checks, report.checks)
    )
    same = ["points-before", "events-per-cell"]
    pd.testing.assert_series_equal(planned[same], judged[same])
    assert report.left_out == ("left out: 2021-03 and 2023-02 (no figure of Ashmere LMNS)",)


@pytest.mark.parametrize("periods_after", [1, 2])
def test_a_plan_too_short_for_its_report_says_what_to_do(periods_after: int) -> None:
    evaluation = evaluation_of("inclusion-outreach-booking")
    with pytest.raises(DesignError, match="too few points are planned") as error:
        detectable_effects(evaluation, PROJECT, simulation=HARDLY_ANY, periods_after=periods_after)
    assert error.value.where == "design.start"
    assert "--periods-after" in error.value.remedy


@pytest.mark.parametrize(
    "id", ["inclusion-outreach-booking", "smokefree-pathway-smoking-at-delivery"]
)
def test_no_outcome_after_the_start_changes_what_a_design_can_carry(id: str) -> None:
    evaluation, observations = read(PROJECT, PROJECT / "params" / f"{id}.yaml")
    table = observations.table.copy()
    after = table["period"] >= parse_period(evaluation.design.start, observations.frequency)
    table.loc[after, "numerator"] = (table.loc[after, "numerator"] / 1000).round()
    checks = study_of(evaluation.design.type).checks
    pd.testing.assert_frame_equal(
        checks(evaluation, replace(observations, table=table), None),
        checks(evaluation, observations, None),
    )


@pytest.mark.parametrize(
    ("id", "design", "words", "where"),
    [
        ("maternity-equity-audit-ashmere", {}, "estimates no effect", "design.type"),
        ("workforce-race-equality", {}, "4 periods without a gap", "design.first_period"),
        (COMPARISON, {"start": "2020-04"}, "nothing is recorded before", "design.start"),
        (
            COMPARISON,
            {"exclude_periods": ("2022-06",)},
            "3 periods without a gap",
            "design.exclude_periods",
        ),
        (COMPARISON, {"controls": ("Nowhere LMNS",)}, "no LMNS 'Nowhere LMNS'", "design.controls"),
    ],
)
def test_a_design_that_cannot_be_planned_says_why(
    id: str, design: dict[str, Any], words: str, where: str
) -> None:
    with pytest.raises(DesignError) as error:
        found_by(id, **design)
    assert words in error.value.what
    assert error.value.where == where
    assert error.value.remedy
