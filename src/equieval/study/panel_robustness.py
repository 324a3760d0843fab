"""Robustness of a comparison of units: does the answer hang on one choice or one unit?

Every variant changes one thing and estimates the same effect again by the headline rule. Placebo
starts use the periods before the real start only, where no effect can be; nor can it be on control
outcomes and in placebo groups. What the intervention may itself have changed (who is counted,
whose group is known) is analysed as an outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import pandas as pd

from equieval.data import Observations, parse_period
from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast
from equieval.methods.did import two_way_fixed_effects
from equieval.methods.inference import TREATED_FOR_BOOTSTRAP, reassignment_interval
from equieval.methods.specification_curve import Specification, specification_curve
from equieval.methods.staggered_alternatives import imputation
from equieval.protocol import Evaluation
from equieval.study.analysis import CI_LEVEL, Analysis, Subject, tidy
from equieval.study.approach import Approach, approach_of
from equieval.study.comparison import comparison_row
from equieval.study.did import subject, treated_events
from equieval.study.event_studies import for_event_study
from equieval.study.headline import HEADLINES, UP_TO_HORIZON
from equieval.study.panel import PanelDesign, measure_panel, panel_design, rate_panel
from equieval.study.panel_control_outcomes import panel_control_outcomes
from equieval.study.panel_frames import units_compared
from equieval.study.reassigned import reassigned_rows
from equieval.study.sensitivity import sensitivity_frames
from equieval.study.tried_rows import sensitivity_rows, specification_rows

PLACEBO = "placebo effect"
TWFE = HEADLINES["did"].estimator
IMPUTATION, UNADJUSTED = "imputation", ", unadjusted"
REASSIGNED = "difference-in-differences, reassigned"
Panel = Callable[[PanelDesign], pd.DataFrame]
"""From a design to the panel of one outcome under it."""


@dataclass(frozen=True)
class PanelVariant:
    """One thing changed: its kind, its name for readers, and the design that results."""

    kind: str
    label: str
    design: PanelDesign


def robustness(evaluation: Evaluation, observations: Observations) -> Analysis:
    """Estimate the primary and the outcome's effect under every variant of the protocol.

    Frames: ``variants`` and ``placebo`` (kind, label, measure and the Estimates columns),
    ``controls`` (the same, of control outcomes and placebo groups; with ``because``),
    ``alternatives`` (what else may have changed: label, unit and the Estimates columns),
    ``specifications`` (see `equieval.methods.specification_curve`), those of
    `equieval.study.sensitivity.sensitivity_frames` for the primary measure, and those of
    `equieval.study.reassigned.reassigned_rows`.
    """
    design, approach = panel_design(evaluation, observations), approach_of(evaluation)
    measure, panels = evaluation.outcomes.primary.measure, _panels(evaluation, observations)
    rows, labels = _variant_rows(evaluation, observations, design, approach)
    other_rows, other_labels = _changed_besides(evaluation, observations, design, approach)
    controls, control_rows = panel_control_outcomes(evaluation, observations, design, approach)
    about = subject(evaluation, "robustness", evaluation.outcomes.primary.indicator, measure)
    specifications, tried = specification_rows(
        _specifications(evaluation, observations, design, approach, panels[measure]), about
    )
    shown = for_event_study(design)
    sensitivity, bounded = sensitivity_rows(
        sensitivity_frames(
            panels[measure](shown),
            shown,
            observations.frequency,
            control_group=approach.control_group,
            bounds=evaluation.robustness.honest,
        ),
        about,
        replace(about, page="inequality-effect"),
    )
    among, reassigned = reassigned_rows(
        [
            (panel(design.to_horizon()), replace(about, measure=measured))
            for measured, panel in panels.items()
        ],
        design,
        approach,
    )
    estimates = tidy([*rows, *control_rows, *other_rows, *tried, *bounded, *reassigned])
    labelled = pd.DataFrame(labels, columns=["id", "kind", "label", "measure"])
    labelled = labelled.merge(estimates, on="id")
    is_placebo = labelled["kind"] == "placebo start"
    return Analysis(
        estimates,
        {
            "variants": labelled[~is_placebo].reset_index(drop=True),
            "placebo": labelled[is_placebo].reset_index(drop=True),
            "controls": controls,
            "alternatives": pd.DataFrame(other_labels, columns=["id", "label", "unit"]).merge(
                estimates, on="id"
            ),
            "specifications": specifications,
            **sensitivity,
            **among,
        },
    )


def variant_estimates(evaluation: Evaluation, observations: Observations) -> pd.DataFrame:
    """Return the estimates of all variants, and where no effect can be: what a verdict heeds."""
    design, approach = panel_design(evaluation, observations), approach_of(evaluation)
    return tidy(
        [
            *_variant_rows(evaluation, observations, design, approach)[0],
            *panel_control_outcomes(evaluation, observations, design, approach)[1],
        ]
    )


def _panels(evaluation: Evaluation, observations: Observations) -> dict[str, Panel]:
    primary = evaluation.outcomes.primary
    return {
        primary.measure: lambda design: measure_panel(
            evaluation, observations, primary.measure, design
        ),
        "rate": lambda design: rate_panel(observations, primary.indicator, design),
    }


def _variant_rows(
    evaluation: Evaluation, observations: Observations, design: PanelDesign, approach: Approach
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return every variant of both measures as rows, and what each is called."""
    rows: list[dict[str, Any]] = []
    labels: list[dict[str, str]] = []
    for measure, panel in _panels(evaluation, observations).items():
        about = subject(evaluation, "robustness", evaluation.outcomes.primary.indicator, measure)
        for variant in _variants(evaluation, observations, design):
            row = _variant_row(variant, panel, about, approach)
            rows.append(row)
            labels.append(
                {"id": row["id"], "kind": variant.kind, "label": variant.label, "measure": measure}
            )
    return rows, labels


def _variants(
    evaluation: Evaluation, observations: Observations, design: PanelDesign
) -> Iterator[PanelVariant]:
    """Yield what the protocol asks for, and the comparison that regression to the mean asks for."""
    block = evaluation.robustness
    periods = {
        name: parse_period(name, observations.frequency)
        for name in (
            *block.alternative_starts,
            *block.placebo_starts,
            *(name for group in block.exclude_periods for name in group),
        )
    }
    if not design.staggered:
        for start in block.alternative_starts:
            yield PanelVariant(
                "another start", f"start in {start}", design.starting(periods[start])
            )
    for group in block.exclude_periods:
        left = design.without_periods(*(periods[name] for name in group))
        yield PanelVariant("periods left out", f"without {_span(group)}", left)
    alike = _similar_baseline(evaluation, observations, design)
    if len(alike) < len(design.controls):
        further = [unit for unit in design.controls if unit not in alike]
        yield PanelVariant(
            "similar baseline",
            "only the half of the comparison units that was most like the treated before",
            design.without(*further),
        )
    if block.leave_one_out:
        for unit in design.units:
            if unit in design.adoption and len(design.adoption) == 1:
                continue
            yield PanelVariant("leave one out", f"without {unit}", design.without(unit))
    for start in block.placebo_starts:
        yield PanelVariant(
            "placebo start",
            f"placebo start in {start}",
            design.before_the_start(periods[start]),
        )


def _span(group: tuple[str, ...]) -> str:
    """Return periods in words: two by name, more as a span.

    >>> _span(("2020-04", "2020-05", "2020-06"))
    '2020-04 to 2020-06'
    """
    return " and ".join(group) if len(group) < 3 else f"{group[0]} to {group[-1]}"


def _similar_baseline(
    evaluation: Evaluation, observations: Observations, design: PanelDesign
) -> list[str]:
    """Return the half of the controls nearest to the treated in the rate before the start."""
    units = units_compared(observations, evaluation.outcomes.primary.indicator, design)
    units = units.dropna(subset=["before"]).set_index("unit")
    treated = units.loc[list(design.adoption), "before"].mean()
    distance = (units.loc[list(design.controls), "before"] - treated).abs().sort_values()
    half = max(2, (len(distance) + 1) // 2)
    return list(distance.index[:half])


def _variant_row(
    variant: PanelVariant, panel: Panel, about: Subject, approach: Approach
) -> dict[str, Any]:
    """Estimate one variant; one that its data cannot carry is kept, with the reason."""
    placebo = variant.kind == "placebo start"
    estimand = PLACEBO if placebo else UP_TO_HORIZON
    role = "diagnostic" if placebo else "robustness"
    named = f"{variant.kind} {variant.label}"
    try:
        if not variant.design.adoption or not variant.design.controls:
            raise DesignError("nobody is left to compare", where="robustness", remedy="")
        rows = panel(variant.design.to_horizon())
        events = treated_events(rows) if "numerator" in rows else None
        found = approach.vary(rows, events)
    except DesignError as refusal:
        return about.refused(
            estimator=approach.estimator,
            estimand=estimand,
            role=role,
            variant=named,
            note=f"{variant.label}: {refusal.what}",
        )
    return comparison_row(
        found,
        about,
        estimator=approach.estimator,
        role=role,
        estimand=estimand,
        variant=named,
        note=variant.label,
    )


def _changed_besides(
    evaluation: Evaluation, observations: Observations, design: PanelDesign, approach: Approach
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Estimate the effect on who is counted and on whose group is known, per 100."""
    outcome = evaluation.outcomes.primary.indicator
    cells = observations.strata(outcome, missing_levels=True)
    totals = cells.groupby(["unit", "period"])["denominator"].sum(min_count=1)
    first = observations.levels[0]
    parts = {
        "composition": (
            f"Share of the denominator in group {first}",
            cells[cells["stratum"] == first],
        ),
        "coding": (
            "Share of the denominator whose group is known",
            cells[cells["stratum"].isin(observations.levels)],
        ),
    }
    if not observations.missing_levels:
        del parts["coding"]
    rows: list[dict[str, Any]] = []
    labels: list[dict[str, str]] = []
    for measure, (words, counted) in parts.items():
        known = counted.groupby(["unit", "period"])["denominator"].sum(min_count=1)
        share = (100 * known / totals).rename("value").reset_index()
        share = share.assign(weight=totals.to_numpy())
        about = replace(subject(evaluation, "robustness", outcome, measure))
        try:
            found = approach.compare(design.to_horizon().marked(share), None)
        except DesignError:
            continue
        row = comparison_row(found, about, estimator=approach.estimator, role="diagnostic")
        rows.append(row)
        labels.append({"id": row["id"], "label": words, "unit": "percentage points"})
    return rows, labels


def _specifications(
    evaluation: Evaluation,
    observations: Observations,
    design: PanelDesign,
    approach: Approach,
    panel: Panel,
) -> pd.DataFrame:
    """Return every combination of estimator, weighting, controls and periods, in order.

    The one that changes nothing is the headline, with all of its draws.
    """
    person, unit = "by denominator", "units alike"
    alike = _similar_baseline(evaluation, observations, design)
    windows: dict[str, tuple[str, ...]] = {"all periods": ()} | {
        f"without {_span(group)}": group for group in evaluation.robustness.exclude_periods
    }
    controls = {"all": design, "similar before": design.without(
        *(unit for unit in design.controls if unit not in alike)
    )}  # fmt: skip

    def estimated(estimator: str, weighting: str, who: str, window: str) -> Contrast:
        left_out = (parse_period(name, observations.frequency) for name in windows[window])
        rows = panel(controls[who].to_horizon().without_periods(*left_out))
        if estimator == approach.estimator and weighting == ways[0][1]:
            whole = (who, window) == ("all", "all periods")
            return (approach.compare if whole else approach.vary)(rows, None).effect
        rows = rows[~rows["anticipated"]]
        if estimator == REASSIGNED:
            return reassignment_interval(rows, outcome="value", ci_level=CI_LEVEL)
        if estimator.removesuffix(UNADJUSTED) == IMPUTATION:
            return imputation(rows, outcome="value", ci_level=CI_LEVEL)
        weights = "weight" if weighting == person else None
        return two_way_fixed_effects(
            rows, outcome="value", weights=weights, ci_level=CI_LEVEL
        ).effect

    ways = _ways(design, approach, person, unit)
    curve = specification_curve(
        Specification(
            {"estimator": way, "weighting": weighting, "controls": who, "periods": window},
            _later(estimated, way, weighting, who, window),
        )
        for (way, weighting), who, window in product(ways, controls, windows)
    )
    table = curve.table
    first, weighting = ways[0]
    primary = (table["estimator"] == first) & (table["weighting"] == weighting)
    primary &= (table["controls"] == "all") & (table["periods"] == "all periods")
    return table.assign(primary=primary, share_same_sign=curve.share_same_sign, median=curve.median)


def _ways(design: PanelDesign, approach: Approach, person: str, unit: str) -> list[tuple[str, str]]:
    """Return the estimators and weightings of the specification curve, the headline's first.

    With few units on a side only those whose interval does not rest on clustering; where the
    headline is adjusted for covariates, the others are not, and are named so.
    """
    own, other = (unit, person) if approach.per_unit else (person, unit)
    first = (approach.estimator, own)
    if min(len(design.adoption), len(design.controls)) < TREATED_FOR_BOOTSTRAP:
        if approach.estimator == TWFE:
            return [(TWFE, unit)]
        return [first] if design.staggered else [first, (REASSIGNED, unit)]
    ways = [(TWFE, own), (TWFE, other), (IMPUTATION, unit)]
    if approach.adjusted:
        return [first, *((f"{estimator}{UNADJUSTED}", weighting) for estimator, weighting in ways)]
    return ways if approach.estimator == TWFE else [first, *ways]


def _later(estimated: Callable[..., Contrast], *choices: str) -> Callable[[], Contrast]:
    return lambda: estimated(*choices)
