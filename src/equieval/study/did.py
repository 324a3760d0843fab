"""Difference-in-differences: the effect on an outcome and on the inequality in it.

With one start the headline is two-way fixed effects, weighted by denominator, with the interval
that the number of units allows (`equieval.study.comparison`); with several it is Callaway and
Sant'Anna's (`equieval.study.staggered`); covariates that the protocol names adjust both, and the
same without them stands beside it. Inequality measures that are linear in the rates are
estimated as outcomes of the units; all measures together, from one counterfactual with one joint
covariance, stand beside them.

With one start the effect on a unit's own gap is the triple difference already: a regression of the
groups' rates with effects for unit and period, group and period, and unit and group comes to the
same number where every rate counts the same. Weighted by the groups' sizes it does not, and then
stands beside the headline.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast
from equieval.methods.staggered_alternatives import goodman_bacon
from equieval.protocol import Evaluation, indicator
from equieval.protocol.design import (
    DifferenceInDifferences,
    StaggeredDifferenceInDifferences,
    SyntheticDifferenceInDifferences,
)
from equieval.study.analysis import CI_LEVEL, RELATIVE, Analysis, Subject, tidy
from equieval.study.approach import Approach, JointEffects, approach_of
from equieval.study.baseline_direction import refuse_reversed_gap
from equieval.study.beside import beside_rows
from equieval.study.comparison import (
    PER_PERSON,
    PER_SIZE,
    PER_UNIT,
    Comparison,
    Way,
    comparison_row,
    ratio_row,
    triple_way,
)
from equieval.study.event_studies import EventEffects, event_frames, for_event_study
from equieval.study.groups import compared_levels, direction
from equieval.study.headline import UP_TO_HORIZON
from equieval.study.its import shown_groups
from equieval.study.lasting import lasting_rows
from equieval.study.panel import (
    PanelDesign,
    measure_panel,
    panel_design,
    rate_panel,
    strata_panel,
)
from equieval.study.panel_frames import arms, funnel, units_compared
from equieval.study.panel_options import counting_of
from equieval.study.series import LINEAR_MEASURES, label
from equieval.study.staggered_ways import count_ways
from equieval.study.synthetic import synthetic_frames

_OF_ENDS = ("id", "estimate", "ci_low", "ci_high")


def effect(evaluation: Evaluation, observations: Observations) -> Analysis:
    """Estimate the effect on the rate of the primary and the secondary outcomes.

    Frames: ``arms`` (primary) and ``arms-<indicator>``: period, arm, rate, numerator,
    denominator; ``units``: unit, arm, start, denominator, events, reason; ``funnel``: every
    unit's rate before the start; ``event-study`` and
    ``pre-trend`` (see `equieval.study.event_studies.event_frames`); ``interval`` (which interval
    stands in the headline: interval, reason); ``bacon`` where units start
    at different times: comparison, treated, control, estimate, weight.
    """
    design, approach = panel_design(evaluation, observations), approach_of(evaluation)
    primary = evaluation.outcomes.primary.indicator
    rows: list[dict[str, Any]] = []
    frames: dict[str, pd.DataFrame] = {}
    for outcome in evaluation.outcomes.indicators:
        panel = rate_panel(observations, outcome, design.to_horizon())
        about = subject(evaluation, "effect", outcome, "rate")
        columns: dict[str, Any] = {
            "horizon": label(design.horizon),
            "n_events": int(panel["numerator"].sum()),
        }
        try:
            found = approach.compare(panel, treated_events(panel))
        except DesignError as refusal:
            if outcome == primary:
                raise
            rows.append(_refused(about, approach, design, refusal))
            continue
        estimator = approach.estimator
        rows.append(comparison_row(found, about, estimator=estimator, role="secondary", **columns))
        rows += ratio_row(found, about, estimator=estimator, **columns)
        if outcome == primary:
            frames["interval"] = found.rule
        rows += beside_rows(approach.ways(panel), found, about, **columns)
        if isinstance(evaluation.design, StaggeredDifferenceInDifferences):
            rows += _counted(panel, design, found, about, columns)
        suffix = "" if outcome == primary else f"-{outcome}"
        frames[f"arms{suffix}"] = arms(observations, outcome, design)
        if outcome == primary:
            events = event_effects(evaluation, observations, about)
            rows += events.rows
            frames |= events.frames
            if isinstance(evaluation.design, SyntheticDifferenceInDifferences):
                whole = rate_panel(observations, outcome, design)
                frames |= synthetic_frames(panel, whole, design, outcome)
            if design.staggered:
                frames["bacon"] = goodman_bacon(panel, outcome="value").assign(indicator=outcome)
    frames["funnel"] = funnel(observations, primary, design)
    frames["units"] = units_compared(observations, primary, design)
    return Analysis(tidy(rows), frames)


def inequality_effect(evaluation: Evaluation, observations: Observations) -> Analysis:
    """Estimate the effect on inequality in the primary outcome, and on each group's rate.

    Frames: ``groups`` (rows of the group effects), ``levelling`` (the two ends: stratum,
    counterfactual, fitted, id, estimate, ci_low, ci_high), ``who-moved`` (verdict, and the test
    that all groups have the same effect), ``event-study`` and ``pre-trend`` of the primary measure,
    ``lasting`` (its effect by time since the start) and ``sustained`` (see `lasting_rows`),
    ``interval`` (which interval stands in the headline, and why).
    """
    design, approach = panel_design(evaluation, observations), approach_of(evaluation)
    primary, horizon = evaluation.outcomes.primary, label(design.horizon)
    refuse_reversed_gap(evaluation, observations)
    wanted: list[str] = list(dict.fromkeys((primary.measure, *evaluation.equity.measures)))
    refuse_without_interval(primary.measure)
    rows: list[dict[str, Any]] = []
    frames: dict[str, pd.DataFrame] = {}
    for measure in [measure for measure in wanted if measure in LINEAR_MEASURES]:
        panel = measure_panel(evaluation, observations, measure, design.to_horizon())
        about = subject(evaluation, "inequality-effect", primary.indicator, measure)
        is_primary = measure == primary.measure
        found = approach.compare(panel, None)
        rows.append(
            comparison_row(
                found,
                about,
                estimator=approach.estimator,
                role="primary" if is_primary else "secondary",
                horizon=horizon,
            )
        )
        if is_primary:
            frames["interval"] = found.rule
            ways = (*approach.ways(panel), *_triple(evaluation, observations, design))
            rows += beside_rows(ways, found, about, horizon=horizon)
            events = event_effects(evaluation, observations, about)
            lasting, sustained = lasting_rows(
                events.study, evaluation.robustness, observations.frequency, about
            )
            rows += [*events.rows, *lasting]
            frames |= {**events.frames, "lasting": events.after, "sustained": sustained}
    joint = approach.joint(evaluation, observations, design.to_horizon())
    rows += _joint_rows(evaluation, joint, horizon, approach)
    group_rows, frames["levelling"] = _group_rows(evaluation, observations, design, approach)
    estimates = tidy([*rows, *group_rows])
    in_groups = estimates["id"].isin([row["id"] for row in group_rows])
    frames["groups"] = estimates[in_groups].reset_index(drop=True)
    frames["who-moved"] = pd.DataFrame([{"verdict": joint.verdict, **joint.test}])
    return Analysis(estimates, frames)


def _counted(
    panel: pd.DataFrame,
    design: PanelDesign,
    found: Comparison,
    about: Subject,
    columns: dict[str, Any],
) -> Iterator[dict[str, Any]]:
    """Yield the effect on a rate from its events, and its ratio where there is one."""
    difference, ratio = count_ways(
        panel,
        indicator(about.outcome).per,
        anticipation=design.anticipation,
        counting=design.counting,
    )
    relative = replace(about, scale=RELATIVE)
    yield from beside_rows([difference], found, about, **columns)
    for row in beside_rows([ratio], found, relative, variant="ratio", **columns):
        if "estimate" in row:
            yield row


def _triple(
    evaluation: Evaluation, observations: Observations, design: PanelDesign
) -> tuple[Way, ...]:
    """Return the triple difference where the primary measure is a gap and all start together."""
    primary = evaluation.outcomes.primary
    if primary.measure != "gap" or not isinstance(evaluation.design, DifferenceInDifferences):
        return ()
    cells = strata_panel(observations, primary.indicator, design.to_horizon())
    levels = compared_levels(evaluation, observations)
    worst, best = levels[0], levels[-1]
    if direction(primary.indicator) == "high":
        worst, best = best, worst
    return (triple_way(cells, worst, best, counting=design.counting),)


def event_effects(
    evaluation: Evaluation, observations: Observations, about: Subject
) -> EventEffects:
    """Return the effects by time since the start on a subject's outcome: its rate, or its measure.

    Against the comparison that the headline makes.
    """
    shown = for_event_study(panel_design(evaluation, observations))
    panel = (
        rate_panel(observations, about.outcome, shown)
        if about.measure == "rate"
        else measure_panel(evaluation, observations, about.measure, shown, outcome=about.outcome)
    )
    control_group = approach_of(evaluation).control_group
    return event_frames(panel, shown, about, observations.frequency, control_group=control_group)


def subject(
    evaluation: Evaluation, page: str, outcome: str, measure: str, stratum: str = "all"
) -> Subject:
    """Return the columns that all estimates of one panel share."""
    return Subject(
        page=page,
        outcome=outcome,
        measure=measure,
        design=evaluation.design.type,
        dimension=evaluation.equity.dimension,
        scale="absolute",
        stratum=stratum,
    )


def treated_events(panel: pd.DataFrame) -> float:
    """Return the number of events in treated units, all periods together."""
    return float(panel.loc[panel["treated"] == 1, "numerator"].sum())


def refuse_without_interval(measure: str) -> None:
    """Refuse a primary measure whose interval the number of units cannot carry."""
    if measure not in LINEAR_MEASURES:
        raise DesignError(
            f"the primary measure '{measure}' has no interval that holds with few units",
            where="outcomes.primary.measure",
            remedy=f"use one of {', '.join(LINEAR_MEASURES)}; the others are shown beside it",
        )


def _joint_rows(
    evaluation: Evaluation, joint: JointEffects, horizon: str, approach: Approach
) -> list[dict[str, Any]]:
    """Return the effect on every measure from one counterfactual, as rows."""
    primary = evaluation.outcomes.primary
    weighting = PER_UNIT if approach.per_unit else PER_PERSON
    if not isinstance(evaluation.design, DifferenceInDifferences):
        weighting = PER_SIZE if counting_of(evaluation).by_size else PER_UNIT
    rows = []
    for _, row in joint.measures.iterrows():
        measure = str(row["measure"])
        about = subject(evaluation, "inequality-effect", primary.indicator, measure)
        about = replace(about, weighting=weighting)
        rows.append(
            about.row(
                Contrast(
                    estimate=float(row["estimate"]),
                    std_error=float(row["std_error"]),
                    df=float(row["df"]),
                    ci_low=float(row["ci_low"]),
                    ci_high=float(row["ci_high"]),
                    p_value=float(row["p_value"]),
                    ci_level=CI_LEVEL,
                ),
                estimator=approach.joint_name,
                estimand=UP_TO_HORIZON,
                role="robustness" if measure == primary.measure else "secondary",
                horizon=horizon,
                inference=joint.inference,
                n_units=joint.n_units,
                n_treated_units=joint.n_treated_units,
                note="the difference of two ratios" if measure in ("ratio", "rii") else None,
            )
        )
    return rows


def _group_rows(
    evaluation: Evaluation, observations: Observations, design: PanelDesign, approach: Approach
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Compare every group by itself; return its rows, and where the two ends stand."""
    outcome = evaluation.outcomes.primary.indicator
    groups = shown_groups(observations)
    levels = compared_levels(evaluation, groups)
    cells = strata_panel(groups, outcome, design.to_horizon())
    rows: list[dict[str, Any]] = []
    ends: dict[str, dict[str, Any]] = {}
    for stratum in levels:
        panel = cells[cells["stratum"] == stratum].reset_index(drop=True)
        about = subject(evaluation, "inequality-effect", outcome, "rate", stratum)
        try:
            found = approach.compare(panel, treated_events(panel))
        except DesignError as refusal:
            rows.append(_refused(about, approach, design, refusal))
            expected = observed = math.nan
        else:
            rows.append(
                comparison_row(
                    found,
                    about,
                    estimator=approach.estimator,
                    role="secondary",
                    horizon=label(design.horizon),
                    n_events=int(panel["numerator"].sum()),
                )
            )
            observed, expected = found.observed, found.observed - found.effect.estimate
        ends[stratum] = {
            "stratum": stratum,
            "counterfactual": expected,
            "fitted": observed,
            **{name: rows[-1].get(name, math.nan) for name in _OF_ENDS},
        }
    return rows, pd.DataFrame([ends[levels[0]], ends[levels[-1]]])


def _refused(
    about: Subject, approach: Approach, design: PanelDesign, refusal: DesignError
) -> dict[str, Any]:
    return about.refused(
        estimator=approach.estimator,
        estimand=UP_TO_HORIZON,
        role="secondary",
        horizon=label(design.horizon),
        note=refusal.what,
    )
