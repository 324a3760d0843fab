"""What pages of several designs show in the same way: the model, event studies, sensitivity."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from equieval.data import Observations
from equieval.present import figures, layouts, narrative
from equieval.protocol.design import (
    ControlledInterruptedTimeSeries,
    StaggeredDifferenceInDifferences,
    SyntheticDifferenceInDifferences,
)
from equieval.study import views
from equieval.study.analysis import Analysis
from equieval.study.baseline import as_one as summed
from equieval.study.did import event_effects, subject
from equieval.study.headline import headline_of
from equieval.study.missing_bounds import needed_once
from equieval.study.page import Page
from equieval.study.panel import panel_design
from equieval.study.panel_options import Comparative
from equieval.study.series import label
from equieval.study.summary import model_terms
from equieval.study.words import measure_name, outcome_words


def show_model(page: Page) -> None:
    """Show the model of the page's design in words and symbols."""
    design = page.evaluation.design
    if not isinstance(design, Comparative):
        controlled = isinstance(design, ControlledInterruptedTimeSeries)
        page.show(
            "model",
            narrative.controlled_its_model if controlled else narrative.its_model,
            model_terms(page),
            seasonality=design.seasonality,  # type: ignore[union-attr]
        )
        return
    units = panel_design(page.evaluation, page.observations)
    fitted = pd.DataFrame(
        [
            {
                "estimator": headline_of(design.type).estimator,
                "n_units": len(units.units),
                "n_treated_units": len(units.adoption),
            }
        ]
    )
    if isinstance(design, StaggeredDifferenceInDifferences):
        page.show("model", narrative.did_model, fitted, control_group=design.control_group)
    elif isinstance(design, SyntheticDifferenceInDifferences):
        page.show("model", narrative.synthetic_did_model, fitted)
    else:
        page.show("model", narrative.did_model, fitted)


def as_one(page: Page) -> Observations:
    """Return the observations of all units that the page compares, summed as one place."""
    return summed(page.evaluation, page.observations)


def show_bounds(page: Page, analysis: Analysis) -> None:
    """Say what people whose group is not known could do to the gap, where the protocol asks."""
    bounds = analysis.frame("bounds")
    if bounds.empty:
        return
    equity = page.evaluation.equity
    measure = "sii" if equity.ordered else "gap"
    named = bounds[bounds["measure"] == measure]
    first = named if equity.ordered else named[named["stratum"] == named["stratum"].iloc[0]]
    name = measure_name(measure, page.evaluation)
    page.show(
        "missing-groups",
        narrative.missing_bounds_statement,
        first,
        unit=page.words["unit"],
        measure=measure,
        name=name,
        missing_share=float(bounds["missing_share"].iloc[0]),
        needed=float(first["needed"].iloc[0]),
    )
    if not equity.ordered:
        reference = page.words["held_against"]
        page.show(
            "missing-groups-needed",
            layouts.plausibility_needed,
            needed_once(named),
            caption=f"How unlike the others people of unknown group would have to be for a gap "
            f"against {reference} to vanish or turn round",
            unit=page.words["unit"],
        )


def window_words(page: Page) -> dict[str, Any]:
    """Return ``first_period, last_period, units`` of a comparison, as figures take them."""
    design = panel_design(page.evaluation, page.observations)
    return {
        "first_period": design.periods[0],
        "last_period": design.periods[-1],
        "units": f"{design.unit}s",
    }


def start_words(page: Page) -> dict[str, Any]:
    """Return ``start`` where all treated units begin together, else that there is none."""
    design = panel_design(page.evaluation, page.observations)
    return {"start": None if design.staggered else label(design.start)}


def show_funnel(page: Page, analysis: Analysis) -> None:
    """Show how the units differed before the start, beside what chance alone would give."""
    words = window_words(page)
    page.show(
        "funnel",
        figures.funnel,
        analysis.frame("funnel"),
        units=words["units"],
        period="before the start",
    )


def show_event_study(page: Page, analysis: Analysis, *, quantity: str, gap: bool = False) -> None:
    """Show the effects by time since the start, and what the ones before it can tell."""
    frame, pretrend = analysis.frame("event-study"), analysis.frame("pre-trend")
    unit = page.words["measure_unit"] if gap else page.words["unit"]
    sides = {"lower": "narrower", "higher": "wider"} if gap else {}
    if not frame.empty:
        page.show(
            "event-study",
            figures.event_study,
            frame,
            quantity=quantity,
            unit=unit,
            polarity="low" if gap else page.words["polarity"],
            frequency=str(frame["block"].iloc[0]),
            **sides,
        )
    if gap:
        page.show("pre-trend", narrative.parallel_gap_statement, pretrend, measure_unit=unit)
    else:
        page.show("pre-trend", narrative.pretrend_statement, pretrend, subject=quantity, unit=unit)


def show_interval(page: Page, analysis: Analysis) -> None:
    """Say which interval stands in the headline, and why; with several starts only if none does."""
    rule = analysis.frame("interval")
    staggered = isinstance(page.evaluation.design, StaggeredDifferenceInDifferences)
    if not staggered or rule["interval"].iloc[0] == "none":
        page.show("interval", narrative.headline_interval_statement, rule)


def show_synthetic(page: Page, analysis: Analysis) -> None:
    """Show the weights of a synthetic comparison and its placebos, where the design has one."""
    if "weights" not in analysis.frames:
        return
    weights = analysis.frame("weights")
    page.show(
        "weights",
        layouts.control_weights,
        weights,
        caption="What the weighted comparison is made of",
        head="Unit",
    )
    placebos = analysis.frame("placebos")
    page.show(
        "placebos",
        figures.placebo_distribution,
        placebos[["label", "estimate", "actual", "indicator"]],
        quantity=page.words["outcome"],
        unit=page.words["unit"],
        p_value=float(placebos["p_value"].iloc[0]),
        smallest_attainable_p=float(placebos["smallest_attainable_p"].iloc[0]),
        rows="placebo units",
    )


def show_secondary(page: Page, analysis: Analysis) -> None:
    """Show the arms and the estimates of every secondary outcome; say so where there is none."""
    outcomes = page.evaluation.outcomes.secondary
    for other in outcomes:
        words = outcome_words(other)
        if f"arms-{other}" in analysis.frames:
            page.show(
                f"trends-{other}",
                figures.arms_over_time,
                analysis.frame(f"arms-{other}"),
                **{**start_words(page), "outcome": words["outcome"], "unit": words["unit"]},
            )
        page.show(
            f"estimators-{other}",
            layouts.changes,
            views.estimators(analysis.estimates, other, "rate"),
            caption=f"Change in the {words['outcome']} up to the horizon, by estimator",
            unit=words["unit"],
            note=views.refusal(analysis.estimates, other)
            or views.without_estimate(analysis.estimates, other, "rate"),
        )
    if not outcomes:
        page.show(
            "no-secondary",
            layouts.facts,
            pd.DataFrame([("Secondary outcomes", "None is named in the protocol.")],
                         columns=["item", "words"]),
            caption="Secondary outcomes",
        )  # fmt: skip


def show_sustained(page: Page, analysis: Analysis) -> None:
    """Say what is left of the early effect, where the protocol asks and the data reach."""
    sustained = analysis.frame("sustained")
    if not sustained.empty:
        page.show(
            "sustained",
            narrative.sustained_statement,
            sustained,
            retention=float(sustained["retention"].iloc[0]),
            subject=page.words["gap"],
            unit=page.words["measure_unit"],
            quantity="gap",
        )


def show_ratios(page: Page, analysis: Analysis) -> None:
    """Show the effect as a ratio; say so where the design gives none."""
    compared = isinstance(page.evaluation.design, Comparative)
    outcome = page.evaluation.outcomes.primary.indicator
    ratios = views.estimators(analysis.estimates, outcome, "rate", scale="relative")
    caption = (
        f"The effect {'up to' if compared else 'at'} the horizon as a ratio to what was expected"
    )
    if not ratios.empty:
        page.show("ratios", layouts.ratios, ratios, caption=caption)
        return
    none = (
        "None: the interval reaches a rate that cannot be, so what was expected has no ratio."
        if compared
        else "None: a difference between two series is held against no level of its own."
    )
    facts = pd.DataFrame([("Ratio", none)], columns=["item", "words"])
    page.show("ratios", layouts.facts, facts, caption=caption)


def show_lasting(page: Page, analysis: Analysis) -> None:
    """Show the effect by time since the start, and what is left of the early one."""
    measure = page.words["measure"]
    show_sustained(page, analysis)
    lasting = analysis.frame("lasting")
    if lasting.empty:
        lasting = pd.DataFrame(
            {"label": ["Every period"], "estimate": [math.nan], "ci_low": [math.nan],
             "ci_high": [math.nan], "df": [math.nan]}
        )  # fmt: skip
    page.show(
        "over-time",
        layouts.changes,
        lasting,
        caption=f"Change in the {measure} by time since the start",
        head="Time since the start",
        unit=page.words["measure_unit"],
    )


def show_sensitivity(page: Page, analysis: Analysis) -> None:
    """Show HonestDiD in both forms and the power of the test before the start."""
    breakdown = analysis.frame("breakdown").iloc[0]
    if breakdown["reason"]:
        page.show(
            "sensitivity",
            layouts.facts,
            pd.DataFrame([("Sensitivity to other trends", f"{breakdown['reason']}.")],
                         columns=["item", "words"]),
            caption="Sensitivity to trends that are not parallel",
        )  # fmt: skip
        return
    block = str(breakdown["block"])
    words = {"quantity": page.words["gap"], "unit": page.words["measure_unit"], "frequency": block}
    for kind, column in (("relative-magnitudes", "relative"), ("smoothness", "smoothness")):
        page.show(
            kind,
            figures.sensitivity,
            analysis.frame(kind),
            kind=kind,
            breakdown=float(breakdown[column]),
            **words,
        )
    drift = analysis.frame("drift")
    page.show(
        "pretrend-power",
        figures.pretrend_power,
        drift,
        slope=float(drift["slope"].iloc[0]),
        power=float(drift["power"].iloc[0]),
        **words,
    )


def pretrend_of(page: Page) -> pd.DataFrame:
    """Return the test of the gap before the start, as the page on inequality shows it."""
    primary = page.evaluation.outcomes.primary
    about = subject(page.evaluation, "inequality-effect", primary.indicator, primary.measure)
    return event_effects(page.evaluation, page.observations, about).frames["pre-trend"]
