"""Plan, check and report of a comparison weigh units and adjust for covariates alike.

Data are made up with known truth (`equieval.data.synthetic`); what early booking does to the
outcome is put in on top.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from comparisons import write_comparison
from evaluations import Blocks, read

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.protocol import Evaluation, load_evaluation
from equieval.study.approach import approach_of
from equieval.study.check import check
from equieval.study.designs import study_of
from equieval.study.did import treated_events
from equieval.study.panel import measure_panel, panel_design, rate_panel
from equieval.study.planned_panel import planned_panel
from equieval.study.power import DetectableEffects, Simulation, detectable_effects

BOOKING, OUTCOME = "booking-by-10-weeks", "smoking-at-delivery"
FEW = Simulation(replications=60)
KINDS = {"did": 11, "staggered-did": 12, "synthetic-did": 1}
"""Designs, with how many of 24 units are treated."""
LEARNT = re.compile(r"t on [\d.]+")
"""Degrees of freedom that are learnt from each panel."""


def booked(table: pd.DataFrame) -> pd.DataFrame:
    """Give every unit early bookings, and smokers that follow them by other steps each quarter.

    Units grow by their place, so that some count for much more than others.
    """
    units = sorted(table["lmns"].unique())
    place = table["lmns"].map(pd.Series(np.arange(len(units)), units))
    early = (7 * place % len(units)) / len(units)
    quarters = sorted(table["quarter"].unique())
    steps = pd.Series(np.random.default_rng(5).uniform(0, 0.12, len(quarters)), quarters)
    grown = table.assign(
        women_status_known=table["women_status_known"] * (1 + place // 6 * 3),
        smokers=table["smokers"] * (1 + place // 6 * 3),
    )
    more = table["quarter"].map(steps) * early * grown["women_status_known"]
    smokers = (grown["smokers"] + more).round()
    return grown.assign(
        booked=(grown["women_status_known"] * (0.4 + 0.4 * early)).round(), smokers=smokers
    )


def written(root: Path, kind: str, **keys: Any) -> tuple[Evaluation, Observations]:
    """Write a comparison that weighs by size and, but for a synthetic one, adjusts."""

    def edit(blocks: Blocks) -> None:
        blocks["data"]["sources"][0]["indicators"][BOOKING] = {
            "numerator": ["booked"], "denominator": ["women_status_known"],
        }  # fmt: skip
        blocks["outcomes"]["primary"]["weighting"] = keys.get("weighting", "fixed-shares")
        blocks["robustness"] = {}
        if kind == "synthetic-did":
            blocks["design"]["treated"].append(blocks["design"]["controls"].pop())
        else:
            blocks["design"]["covariates"] = keys.get("covariates", [BOOKING])

    path, _ = write_comparison(
        root, f"{kind}-{len(keys)}", edit, kind=kind, units=24, treated=KINDS[kind], table=booked
    )
    return read(root, path)


def planned(root: Path, evaluation: Evaluation) -> DetectableEffects:
    return detectable_effects(evaluation, root, simulation=FEW)


def panels(evaluation: Evaluation, observations: Observations) -> dict[str, pd.DataFrame]:
    """Return what the report compares: the rate, and the primary measure."""
    design = panel_design(evaluation, observations).to_horizon()
    measure = evaluation.outcomes.primary.measure
    return {
        "outcome": rate_panel(observations, OUTCOME, design),
        "gap": measure_panel(evaluation, observations, measure, design),
    }


@pytest.mark.parametrize("kind", list(KINDS))
def test_plan_check_and_report_weigh_and_adjust_alike(tmp_path: Path, kind: str) -> None:
    evaluation, observations = written(tmp_path, kind)
    found = planned(tmp_path, evaluation)
    path = tmp_path / "params" / f"{evaluation.identity.id}.yaml"
    reported = study_of(kind).checks(evaluation, observations, None)
    pd.testing.assert_frame_equal(found.checks, check(load_evaluation(path), tmp_path).checks)
    pd.testing.assert_frame_equal(found.checks, reported)
    assert not found.refusals
    approach = approach_of(evaluation)
    for answer in found.answers:
        panel = panels(evaluation, observations)[answer.question]
        events = treated_events(panel) if answer.question == "outcome" else None
        report = approach.vary(panel, events)
        words = f"{report.inference}; {report.weighting} ({report.reason})"
        assert LEARNT.sub("t on", answer.judged) == LEARNT.sub("t on", words)
        assert ("adjusted for" in answer.judged) == (kind != "synthetic-did")
        assert "each person counts the same" in answer.judged
        # found with 80% power at about 1.43 half widths: (1.96 + 0.84) / 1.96
        told = 1.43 * (report.effect.ci_high - report.effect.ci_low) / 2
        assert told / 2 < answer.effect < 2 * told


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_planned_panel_is_that_of_the_report_but_for_its_outcome(
    tmp_path: Path, kind: str
) -> None:
    evaluation, observations = written(tmp_path, kind)
    design = panel_design(evaluation, observations).to_horizon()
    keys = ["unit", "period"]
    for rows in panels(evaluation, observations).values():
        panel = design.counting.sized(planned_panel(rows, design)).set_index(keys).sort_index()
        real = design.counting.sized(rows).set_index(keys).sort_index()
        same = [name for name in real if name not in ("value", "weight", "numerator", "rate")]
        same = [name for name in same if name in panel]
        assert {"exposed", "first_exposed", *design.counting.covariates} <= set(same)
        pd.testing.assert_frame_equal(panel[same], real[same])
        before = real[real["exposed"].groupby("period").transform("max") == 0]
        assert panel["weight"].sum() == pytest.approx(
            before["weight"].groupby("unit").mean().sum() * panel.groupby("period").ngroups
        )


def test_what_a_covariate_explains_need_not_be_found_against(tmp_path: Path) -> None:
    effects = [
        planned(tmp_path, written(tmp_path, "did", **keys)[0]).answers[0].effect
        for keys in ({}, {"covariates": []})
    ]
    assert effects[0] < 0.8 * effects[1]


def test_units_that_count_by_size_are_counted_as_the_headline_counts_them(tmp_path: Path) -> None:
    evaluation, observations = written(tmp_path, "staggered-did")
    design = panel_design(evaluation, observations)
    rows = panels(evaluation, observations)["gap"]
    before = rows[rows["period"] < design.start].groupby("unit")["weight"].sum()
    sizes = [before[list(arm)] for arm in (design.adoption, design.controls)]
    treated, others = (int(size.sum() ** 2 / (size**2).sum()) for size in sizes)  # Kish
    checks = study_of("staggered-did").checks(evaluation, observations, None).set_index("id")
    assert checks.loc[["treated-units", "comparison-units"], "found"].tolist() == [treated, others]
    assert treated < 12
    assert "the 12 that count by their size" in checks.loc["treated-units", "counted"]
    headline = approach_of(evaluation).compare(rows, None)
    assert f"as much as {treated + others} units alike, {treated} of them" in headline.reason
    equal, same = written(tmp_path, "staggered-did", weighting="equal")
    checks = study_of("staggered-did").checks(equal, same, None).set_index("id")
    assert checks.loc[["treated-units", "comparison-units"], "found"].tolist() == [12, 12]
    assert set(checks["counted"]) == {""}


def test_covariates_that_the_units_cannot_carry_are_refused_before_anything_is_drawn(
    tmp_path: Path,
) -> None:
    def two(blocks: Blocks) -> None:
        blocks["data"]["sources"][0]["indicators"][BOOKING] = {
            "numerator": ["booked"], "denominator": ["women_status_known"],
        }  # fmt: skip
        blocks["design"]["covariates"] = [BOOKING]

    path, _ = write_comparison(tmp_path, "few", two, units=16, treated=6, table=booked)
    evaluation = load_evaluation(path)
    for asked in (lambda: check(evaluation, tmp_path), lambda: planned(tmp_path, evaluation)):
        with pytest.raises(DesignError, match="cannot carry 1 covariates") as refusal:
            asked()
        assert refusal.value.where == "design.covariates"


def test_where_all_units_start_a_plan_compares_with_the_last_until_they_do(tmp_path: Path) -> None:
    def all_join(blocks: Blocks) -> None:
        design = blocks["design"]
        design["adoption"] |= dict.fromkeys(design.pop("controls"), "2023-Q1")
        blocks["outcomes"]["primary"]["horizon"] = "2022-Q4"

    path, _ = write_comparison(tmp_path, "all-join", all_join, kind="staggered-did")
    evaluation, observations = read(tmp_path, path)
    found = detectable_effects(evaluation, tmp_path, simulation=Simulation(replications=20))
    pd.testing.assert_frame_equal(
        found.checks, study_of("staggered-did").checks(evaluation, observations, None)
    )
    assert (found.plan.n_units, found.plan.n_treated_units) == (16, 6)
    for answer in found.answers:
        assert "16 units, 6 of them treated" in answer.judged
        assert np.isinf(answer.longer)  # nobody is left to compare with
    with pytest.raises(DesignError, match="nobody is left to compare with"):
        detectable_effects(evaluation, tmp_path, simulation=FEW, periods_after=8)
