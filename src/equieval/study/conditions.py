"""The fixed tables of a review: seven conditions, and EPOC's criteria, with the evidence.

Seven conditions: data requirements, parallel trends, no anticipation, statistical
assumptions, common shocks, group composition, spillover (the list against which a 2024
review held early-life difference-in-differences studies). For an interrupted time series
without a comparison they are read against its counterfactual, the continued trend.
EPOC: the seven risk-of-bias criteria for interrupted time series of the Effective Practice
and Organisation of Care group.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from equieval.data import Observations
from equieval.present.numbers import listing, plain
from equieval.present.periods import period_label
from equieval.protocol import Evaluation
from equieval.protocol.design import ControlledInterruptedTimeSeries, InterruptedTimeSeries
from equieval.protocol.registration import deviations, in_words, protocol_of, registration_of
from equieval.study.analysis import Analysis
from equieval.study.appraisal import Appraisal
from equieval.study.compared_series import compared_series
from equieval.study.control_words import control_words, is_clear
from equieval.study.its_rows import covering
from equieval.study.series import SeriesDesign, series_design

MET, PARTLY, NOT_MET, CANNOT_TELL = "met", "partly met", "not met", "cannot tell"
NOT_APPLICABLE = "does not apply"
_SHAPE = (
    "design.impact",
    "design.lag",
    "design.phase_in",
    "design.start",
    "outcomes.primary.horizon",
)


def seven_conditions(
    evaluation: Evaluation,
    observations: Observations,
    appraisal: Appraisal,
    robustness: Analysis,
) -> pd.DataFrame:
    """Answer the seven conditions for an interrupted time series.

    Parameters
    ----------
    robustness : the analysis of the robustness page (`equieval.study.robustness.robustness`).

    Returns
    -------
    DataFrame ``condition, question, answer, evidence``.
    """
    placebo, residual_tests = robustness.frame("placebo"), robustness.frame("residual-tests")
    rows = [
        ("Data requirements", "Are there enough points and events?", *data_words(appraisal)),
        (
            "Parallel trends",
            "Would the series have gone on as before without the intervention?",
            CANNOT_TELL,
            f"{_assumed(evaluation)} {placebo_words(placebo)}",
        ),
        ("No anticipation", "Did nothing change before the start?", *_anticipation(placebo)),
        (
            "Statistical assumptions",
            "Does the model describe the series?",
            *_assumptions(residual_tests),
        ),
        (
            "Common shocks",
            "Did anything else happen at the same time?",
            *shock_evidence(evaluation, robustness.frame("controls")),
        ),
        (
            "Group composition",
            "Are the groups made up of the same people before and after?",
            *_composition(evaluation, observations),
        ),
        (
            "Spillover",
            "Could the intervention reach those who count as not exposed?",
            *_spillover(evaluation),
        ),
    ]
    return pd.DataFrame(rows, columns=["condition", "question", "answer", "evidence"])


def epoc_criteria(
    evaluation: Evaluation,
    observations: Observations,
    appraisal: Appraisal,
    robustness: Analysis,
    root: Path,
) -> pd.DataFrame:
    """Answer EPOC's seven criteria for interrupted time series.

    Parameters
    ----------
    robustness : the analysis of the robustness page.
    root : the project's folder, where the registration of the evaluation is, if it has one.

    Returns
    -------
    DataFrame ``criterion, question, answer, evidence``.
    """
    outcome = evaluation.outcomes.primary.indicator
    compared = compared_series(evaluation, observations)
    design = series_design(evaluation, compared.observations)
    own = covering(design, compared.outcome(outcome))
    series = compared.outcome(outcome).reindex(own.periods)
    missing = int(series.isna().sum())
    breaks = [entry for source in evaluation.data.sources for entry in source.breaks]
    shocks, named = shock_evidence(evaluation, robustness.frame("controls"))
    rows = [
        (
            "Independent of other changes",
            "Did the intervention occur independently of other changes over time?",
            shocks,
            named,
        ),
        (
            "Shape specified beforehand",
            "Was the shape of the effect fixed before the analysis?",
            *_shape(evaluation, design, root),
        ),
        (
            "Data collection unaffected",
            "Was the intervention unlikely to affect how data were collected?",
            PARTLY if breaks else MET,
            "; ".join(f"{period_label(entry.period)}: {entry.note}" for entry in breaks)
            or "No break in the source is recorded.",
        ),
        (
            "Outcome assessed blind",
            "Was knowledge of the intervention kept from those who recorded the outcome?",
            CANNOT_TELL,
            "The figures are routine records; the outcome is a registered event, which leaves "
            "little to judgement.",
        ),
        (
            "Complete outcome data",
            "Were incomplete outcome data dealt with?",
            MET if missing == 0 else PARTLY,
            f"{missing} of {len(series)} periods are without a figure."
            if missing
            else f"Every one of the {len(series)} periods has a figure.",
        ),
        (
            "No selective reporting",
            "Is everything reported that was planned?",
            MET,
            "Every outcome and measure that the parameters name is in the table of estimates.",
        ),
        (
            "Other bias",
            "Is the series long enough for its season and trend?",
            *data_words(appraisal),
        ),
    ]
    return pd.DataFrame(rows, columns=["criterion", "question", "answer", "evidence"])


def data_words(appraisal: Appraisal) -> tuple[str, str]:
    """Return answer and evidence on what the design has against its thresholds."""
    checks = appraisal.inequality.checks
    answer = {"can carry": MET, "with caution": PARTLY, "cannot say": NOT_MET}
    words = "; ".join(
        f"{check['criterion'].lower()} {plain(check['found'], check['counted'])}: "
        f"{check['judgement']}"
        for _, check in checks.iterrows()
    )
    return answer[appraisal.inequality.level], words[0].upper() + words[1:] + "."


def placebo_words(placebo: pd.DataFrame) -> str:
    """Return what the placebo starts found, in a sentence."""
    known = placebo.dropna(subset=["estimate", "ci_low", "ci_high"])
    if known.empty:
        return "The points before the start are too few for a placebo start."
    clear = known[(known["ci_low"] > 0) | (known["ci_high"] < 0)]
    if clear.empty:
        return (
            f"None of {len(known)} placebo estimates before the start is clear of no effect; "
            "that alone is weak support."
        )
    return (
        f"{len(clear)} of {len(known)} placebo estimates before the start are clear of no effect: "
        "the trend was already changing."
    )


def _assumed(evaluation: Evaluation) -> str:
    if isinstance(evaluation.design, ControlledInterruptedTimeSeries):
        return (
            "The comparison units take away what hits both sides alike; that the difference to "
            "them would have gone on as before is an assumption."
        )
    return "There is no comparison series, so the continued trend is an assumption."


def _spillover(evaluation: Evaluation) -> tuple[str, str]:
    if isinstance(evaluation.design, ControlledInterruptedTimeSeries):
        return CANNOT_TELL, "The data cannot show whether it reached the comparison units."
    return NOT_APPLICABLE, "There is no comparison group, so nothing can spill over into one."


def _shape(evaluation: Evaluation, design: SeriesDesign, root: Path) -> tuple[str, str]:
    """Say whether the shape of the effect was fixed beforehand: registered, and not changed."""
    fixed = (
        f"The impact model ({design.impact.replace('-', ' ')}), the start "
        f"({period_label(design.start)}) and the horizon ({period_label(design.horizon)}) stand "
        "in the parameters file"
    )
    found = registration_of(root, evaluation.identity.id)
    if found is None:
        return PARTLY, f"{fixed}, but were not registered before the analysis."
    changes = deviations(found.protocol, protocol_of(evaluation))
    departed = [change.path for change in changes if change.path.startswith(_SHAPE)]
    words = f"{fixed}, {in_words(found)}. Outcome data seen by then: {found.data_seen.rstrip('.')}."
    if departed:
        return PARTLY, f"{words} Changed since then: {listing(departed)}."
    return MET, words


def _anticipation(placebo: pd.DataFrame) -> tuple[str, str]:
    known = placebo.dropna(subset=["estimate"])
    clear = known[(known["ci_low"] > 0) | (known["ci_high"] < 0)]
    answer = CANNOT_TELL if known.empty or clear.empty else NOT_MET
    return answer, placebo_words(placebo)


def _assumptions(residual_tests: pd.DataFrame) -> tuple[str, str]:
    flagged = residual_tests[residual_tests["concern"]]
    concerns = f"Concerns: {'; '.join(flagged['test'].astype(str))}."
    refused = next(iter(residual_tests["refused"]), "")
    if refused:
        words = f"The model of the headline could not be fitted. {refused.rstrip('.')}."
        return NOT_MET, words if flagged.empty else f"{words} {concerns}"
    if flagged.empty:
        return PARTLY, (
            "No test of the residuals raises a concern; in a short series such tests see little."
        )
    return NOT_MET, concerns


def shock_evidence(evaluation: Evaluation, controls: pd.DataFrame) -> tuple[str, str]:
    """Return answer and evidence on what else happened at the time.

    Parameters
    ----------
    controls : the frame of control outcomes and placebo groups of the robustness page. An effect
        there, where none can be, counts against; none there is support, as far as intervals go.

    A change that is named counts against a single series; a comparison takes it out as far as it
    reached both sides alike.
    """
    named = evaluation.intervention.co_interventions
    answer, words = CANNOT_TELL, "The parameters name no other change at the time."
    if named:
        compared = not isinstance(evaluation.design, InterruptedTimeSeries)
        listed = "; ".join(
            f"{period_label(entry.period)}: {entry.name}{_noted(entry.note) if compared else ''}"
            for entry in named
        )
        answer, words = NOT_MET, f"Other changes in the same years: {listed}."
        if compared:
            answer = PARTLY
            words += " The comparison takes out what reached both sides alike, and nothing else."
    bounded = controls.dropna(subset=["ci_low", "ci_high"])
    if is_clear(bounded).any():
        answer = NOT_MET
    elif len(bounded) and answer == CANNOT_TELL:
        answer = PARTLY
    return answer, f"{words} {' '.join(control_words(controls))}"


def _noted(note: str | None) -> str:
    """Return a note behind what it is about.

    >>> _noted("It reached all places at once."), _noted(None)
    (' (It reached all places at once)', '')
    """
    return f" ({note.strip().rstrip('.')})" if note else ""


def _composition(evaluation: Evaluation, observations: Observations) -> tuple[str, str]:
    """Compare the shares of the denominator before and after the start."""
    observations = compared_series(evaluation, observations).observations
    design = series_design(evaluation, observations)
    cells = observations.strata(evaluation.outcomes.primary.indicator)
    cells = cells[cells["period"].isin(list(design.periods))]
    after = cells["period"] >= design.start
    sums = cells.groupby([after, "stratum"])["denominator"].sum().unstack(0)
    shares = 100 * sums / sums.sum()
    change = (shares[True] - shares[False]).reindex(observations.levels)
    largest = str(change.abs().idxmax())
    moved = float(change.abs().max())
    before, then = (float(shares[side].loc[largest]) for side in (False, True))
    return (
        MET if moved < 1 else PARTLY,
        f"No group's share of the denominator moved by more than {moved:.1f} percentage points "
        f"(most: group {largest}, from {before:.1f}% to {then:.1f}%).",
    )
