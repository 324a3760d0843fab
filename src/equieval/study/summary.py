"""The answer in brief: what the front page, the headline figure and the portfolio's card say."""

from __future__ import annotations

from typing import Any

import pandas as pd

from equieval.data import Observations, parse_period
from equieval.present import numbers
from equieval.present.narrative.verdict import answer_words
from equieval.present.wording import Result, capitalise, sentence
from equieval.protocol import Evaluation
from equieval.study.appraisal import Answer, Appraisal
from equieval.study.baseline import measure_id
from equieval.study.compared_series import compared_series
from equieval.study.headline import at_headline, headline_rows, outcome_row
from equieval.study.page import Page
from equieval.study.series import series_design
from equieval.study.words import (
    first_start,
    gap_name,
    measure_name,
    measure_unit,
    outcome_name,
    outcome_words,
)

DESIGNS = {
    "its": "Interrupted time series",
    "controlled-its": "Controlled interrupted time series",
    "did": "Difference-in-differences",
    "staggered-did": "Difference-in-differences, staggered start",
    "synthetic-did": "Synthetic difference-in-differences",
    "audit": "Equity audit",
}
CERTAINTY_LABELS = {
    "high": "High",
    "moderate": "Moderate",
    "low": "Low",
    "very-low": "Very low",
    "not-rated": "Not rated (synthetic data)",
}


def headline_frame(
    evaluation: Evaluation, observations: Observations, estimates: pd.DataFrame
) -> pd.DataFrame:
    """Return what the headline figure draws: the effect by group and over all, and on the gap.

    Returns
    -------
    DataFrame ``panel`` (group, gap), ``label, id, estimate, ci_low, ci_high, df, primary``.
    """
    primary = evaluation.outcomes.primary
    rates = at_headline(headline_rows(estimates), "rate")
    groups = rates[(rates["page"] == "inequality-effect") & (rates["scale"] == "absolute")]
    groups = groups.assign(panel="group", primary=False, label=group_labels(groups["stratum"]))
    overall = outcome_row(estimates, primary.indicator)["id"]
    whole = estimates[estimates["id"] == overall]
    whole = whole.assign(panel="group", primary=True, label="All groups")
    gap = estimates[estimates["role"] == "primary"]
    named = capitalise(measure_name(primary.measure, evaluation))
    gap = gap.assign(panel="gap", primary=True, label=named)
    columns = ["panel", "label", "id", "estimate", "ci_low", "ci_high", "df", "primary"]
    drawn: pd.DataFrame = pd.concat([groups, whole, gap], ignore_index=True)[columns]
    return drawn


def shown_group(page: Page) -> str:
    """Return what a shown group is called: "fifth" where tenths are joined two by two."""
    levels = page.observations.levels
    return "fifth" if len(levels) == 10 else str(page.words["group"])


def before_and_last(page: Page) -> tuple[str, str]:
    """Return the last recorded period before the start, and the last of all."""
    observations = page.observations
    recorded = observations.periods(page.evaluation.outcomes.primary.indicator)
    start = parse_period(str(first_start(page.evaluation)), observations.frequency)
    before = recorded[recorded < start][-1]
    return observations.label(before), observations.label(recorded[-1])


def model_terms(page: Page) -> pd.DataFrame:
    """Return the terms of the model that the page fits: one row each, ``term``."""
    compared = compared_series(page.evaluation, page.observations)
    design = series_design(page.evaluation, compared.observations)
    return pd.DataFrame({"term": list(design.matrix().columns)})


def baseline_id(page: Page) -> str:
    """Return the key of the primary measure in the last period before the start."""
    primary = page.evaluation.outcomes.primary
    return measure_id(primary.indicator, primary.measure, before_and_last(page)[0])


def group_labels(strata: pd.Series) -> list[str]:
    """Return the labels of groups: the ends of numbered ones say which end they are."""
    noun = {5: "Fifth", 10: "Tenth"}.get(len(strata), "Group")
    numbered = [str(name).isdigit() for name in strata]
    names = [
        f"{noun} {name}" if has_number else str(name)
        for name, has_number in zip(strata, numbered, strict=True)
    ]
    if len(names) > 1 and all(numbered):
        names[0] += " (most deprived)"
        names[-1] += " (least deprived)"
    return names


def headline_record(evaluation: Evaluation, appraisal: Appraisal) -> dict[str, Any]:
    """Return the answer in brief for the portfolio's card and the release record."""
    primary = evaluation.outcomes.primary
    intervention = f"the {evaluation.intervention.name}"
    gap_answer, _ = answer_words(
        result_of(appraisal.inequality),
        gap_name(evaluation),
        intervention,
        quantity="gap",
        verdict=appraisal.inequality.verdict,
    )
    return {
        "question": evaluation.identity.question,
        "answer": sentence(gap_answer),
        "verdict": appraisal.inequality.verdict,
        "outcome_verdict": appraisal.outcome.verdict,
        "certainty": CERTAINTY_LABELS[appraisal.certainty],
        "certainty_reasons": list(appraisal.certainty_reasons),
        "design": DESIGNS[evaluation.design.type],
        "population": evaluation.population.place,
        "intervention": evaluation.intervention.name,
        "horizon": primary.horizon,
        "effect_on_gap": _effect_words(
            appraisal.inequality, measure_unit(primary.measure, primary.indicator)
        ),
        "effect_on_outcome": _effect_words(
            appraisal.outcome, outcome_words(primary.indicator)["unit"]
        ),
        "outcome": outcome_name(primary.indicator),
        "measure": measure_name(primary.measure, evaluation),
        "programme": evaluation.programme.title,
        "gap_domains": list(evaluation.programme.gap_domains),
        "population_groups": list(evaluation.programme.population_groups),
        "workstreams": list(evaluation.programme.workstreams),
        "clinical_priorities": list(evaluation.programme.clinical_priorities),
    }


def result_of(answer: Answer) -> Result:
    """Return the estimate and interval behind an answer."""
    row = answer.estimate
    return Result(*(_number(row[name]) for name in ("estimate", "ci_low", "ci_high")))


def would_change(answer: Answer, evaluation: Evaluation) -> list[str]:
    """Return what data would change an answer: the remedies of the checks that it misses.

    What the evaluation has already (monthly figures, a comparison series) is no remedy.
    """
    if answer.level == "can carry":
        return []
    missed = answer.checks[answer.checks["judgement"] == answer.level]
    named = [way for remedy in missed["remedy"] for way in str(remedy).split(", or ")]
    has = {
        "monthly": evaluation.data.frequency == "month",
        "comparison series": evaluation.design.type == "controlled-its",
    }
    ways = [way for way in named if not any(has[what] and what in way for what in has)]
    if evaluation.data.frequency == "quarter":
        ways = [way.replace("quarterly or monthly", "monthly") for way in ways]
    return list(dict.fromkeys(ways)) or ["a longer series"]


def _effect_words(answer: Answer, unit: str) -> str:
    """Return an effect as a card states it; one that cannot be relied on is not a number."""
    if answer.verdict == "cannot-say":
        return "Cannot say"
    result = result_of(answer)
    amount = numbers.change(result.estimate)
    span = numbers.interval(result.ci_low, result.ci_high, signed=True)
    return f"{amount} {numbers.change_unit(unit)} (95% interval {span})"


def _number(value: Any) -> float:
    return float("nan") if pd.isna(value) else float(value)
