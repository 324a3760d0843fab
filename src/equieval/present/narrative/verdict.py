"""The verdict in words: improved or worsened, narrowed or widened, or cannot say."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from equieval.present.artefact import Statement, plain_frame
from equieval.present.narrative.rows import Row, row_of
from equieval.present.wording import (
    GAP_VERDICTS,
    OUTCOME_VERDICTS,
    Result,
    as_text,
    checked_verdict,
    gap_verdict,
    outcome_verdict,
    sentence,
)

OUTCOME_ANSWERS: dict[str, str] = {
    "improved": "the {outcome} was better than expected after {intervention}",
    "worsened": "the {outcome} was worse than expected after {intervention}",
    "rose": "the {outcome} was higher than expected after {intervention}",
    "fell": "the {outcome} was lower than expected after {intervention}",
    "no-clear-change": "the {outcome} shows no clear change after {intervention}",
    "cannot-say": "these data cannot say whether the {outcome} changed after {intervention}",
}
NO_ESTIMATE = "There is no estimate with an interval."
GAP_ANSWERS: dict[str, str] = {
    "narrowed": "the {gap} was narrower than expected after {intervention}",
    "widened": "the {gap} was wider than expected after {intervention}",
    "no-clear-change": "the {gap} shows no clear change after {intervention}",
    "cannot-say": "these data cannot say whether the {gap} changed after {intervention}",
}


def verdict_statement(
    data: pd.DataFrame,
    *,
    subject: str,
    intervention: str,
    quantity: str = "gap",
    unit: str = "",
    polarity: str = "low",
    verdict: str | None = None,
    reasons: Sequence[str] = (),
    would_change: Sequence[str] = (),
    estimate_id: str | None = None,
) -> Statement:
    """Answer the question in one bold sentence, with its number, reasons and remedy.

    Parameters
    ----------
    data : Estimates rows; the one with ``estimate_id``, or the first, carries the answer.
    subject : the outcome, or the gap, in running text (``"deprivation gap in stillbirth"``).
    quantity : ``"gap"`` or ``"outcome"``.
    verdict : by default what the numbers say. Appraisal may be more cautious
        (``"cannot-say"``, ``"no-clear-change"``), never bolder.
    reasons : why the verdict is what it is; sentences without full stop.
    would_change : what data would change it.

    Raises
    ------
    InputError : a verdict that the numbers do not support.
    """
    row = row_of(data, estimate_id, "verdict_statement")
    answer, settled = answer_words(
        row.result, subject, intervention, quantity=quantity, polarity=polarity, verdict=verdict
    )
    parts = [f"**{sentence(answer)}**"]
    parts.append(estimate_words(row, unit, quantity, settled))
    if reasons:
        lead = "Why these data cannot say" if settled == "cannot-say" else "Why"
        parts.append(_listed(f"{lead}:", reasons))
    if would_change:
        parts.append(_listed("What would change this answer:", would_change))
    return Statement("\n\n".join(parts), plain_frame(data))


def answer_words(
    result: Result,
    subject: str,
    intervention: str,
    *,
    quantity: str,
    polarity: str = "low",
    verdict: str | None = None,
) -> tuple[str, str]:
    """Return the answer in words and the verdict that it states."""
    words = {"intervention": as_text(intervention)}
    if quantity == "gap":
        settled = checked_verdict(verdict, gap_verdict(result), GAP_VERDICTS)
        return GAP_ANSWERS[settled].format(gap=as_text(subject), **words), settled
    settled = checked_verdict(verdict, outcome_verdict(result, polarity), OUTCOME_VERDICTS)
    return OUTCOME_ANSWERS[settled].format(outcome=as_text(subject), **words), settled


def estimate_words(row: Row, unit: str, quantity: str, settled: str, measure: str = "") -> str:
    """Return the sentence with the number behind an answer.

    Where the answer is ``cannot-say`` the sentence warns that the number is no finding.
    """
    if not row.result.known:
        return NO_ESTIMATE
    difference = row.difference(as_text(unit), quantity)
    than = "from" if difference == "no different" else "than"
    size = f"{difference} {than} expected"
    lead = "calculated, but not to be relied on" if settled == "cannot-say" else "estimate"
    subject = f" ({as_text(measure)})" if measure else ""
    moment = f" {row.moment}" if row.moment else ""
    return sentence(f"{lead}{subject}: {size}{moment} ({row.uncertainty(quantity)})")


def _listed(lead: str, items: Sequence[str]) -> str:
    return f"{lead}\n\n" + "\n".join(f"- {sentence(as_text(item))}" for item in items)
