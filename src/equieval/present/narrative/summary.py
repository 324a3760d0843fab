"""What stands at the top of a report: key points, adequacy, certainty."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import pandas as pd

from equieval.errors import InputError, did_you_mean
from equieval.present import numbers
from equieval.present.artefact import Statement, plain_frame, require
from equieval.present.groups import WORST_OFF
from equieval.present.narrative.rows import Row, row_of
from equieval.present.narrative.verdict import answer_words, estimate_words
from equieval.present.wording import (
    CAUTIOUS,
    as_text,
    caveat_words,
    certainty_words,
    sentence,
)

JUDGEMENTS = ("can carry", "with caution", "cannot say")


def key_points(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    gap: str,
    measure: str,
    measure_unit: str,
    design: str,
    intervention: str,
    primary: str,
    effect: str,
    baseline: str | None = None,
    polarity: str = "low",
    worst_off: str = WORST_OFF,
    gap_verdict: str | None = None,
    outcome_verdict: str | None = None,
    certainty: str,
    certainty_reasons: Sequence[str] = (),
    would_change: Sequence[str] = (),
    doubts: Sequence[str] = (),
    measure_meaning: str = "",
) -> Statement:
    """Write the three to five points that a reader takes away.

    Parameters
    ----------
    data : Estimates rows that hold the ids named next.
    primary, effect, baseline : ids of the primary estimate (change in the gap), of the
        effect on the outcome, and of the inequality measure before the start.
    outcome, gap, measure : in running text (``"stillbirth rate"``, ``"deprivation gap in
        stillbirth"``, ``"slope index of inequality"``).
    worst_off : whom a gap burdens, in running text (``"the most deprived"``, ``"the Black
        group"``).
    gap_verdict, outcome_verdict : by default what the numbers say; may be more cautious.
    certainty : a level of `equieval.present.wording.CERTAINTY`, with its reasons.
    would_change : what data would change the answer.
    doubts : what the tests of the design found against it.
    measure_meaning : what the measure is, in plain words.
    """
    change, moved = (row_of(data, name, "key_points") for name in (primary, effect))
    answer, on_gap = answer_words(
        change.result, gap, intervention, quantity="gap", verdict=gap_verdict
    )
    on_outcome, settled = answer_words(
        moved.result, outcome, intervention, quantity="outcome", polarity=polarity,
        verdict=outcome_verdict,
    )  # fmt: skip
    points = [
        f"**{sentence(answer)}** {estimate_words(change, measure_unit, 'gap', on_gap, measure)}",
        f"{sentence(on_outcome)} {estimate_words(moved, unit, 'outcome', settled)}",
    ]
    if baseline is not None:
        before = _before(row_of(data, baseline, "key_points"), measure, measure_unit, worst_off)
        points.append(f"{before} {sentence(measure_meaning)}" if measure_meaning else before)
    held = sentence(caveat_words(design, as_text(intervention)))
    if doubts:
        held += f" What speaks against it: {_sentences(doubts)}"
    points.append(f"{_certainty(certainty, certainty_reasons, change)} {held}")
    if would_change:
        wanted = "; or ".join(as_text(item) for item in would_change)
        lead = "change this answer" if on_gap in CAUTIOUS else "make this answer more certain"
        points.append(sentence(f"what would {lead}: {wanted}"))
    said = data[data["id"].isin([primary, effect, baseline])]
    return Statement("\n".join(f"- {point}" for point in points), plain_frame(said))


def _before(row: Row, measure: str, unit: str, worst_off: str) -> str:
    if not row.result.known:
        return sentence(f"the {as_text(measure)} before the start is not known")
    amount = numbers.of_unit(row.number(row.decimals()), as_text(numbers.change_unit(unit)))
    moment = f"in {row.when}" if row.when else "before the start"
    if not row.result.sign:
        ending = "the interval includes no inequality"
    else:
        ending = f"{as_text(worst_off)} fared {'worse' if row.result.sign > 0 else 'better'}"
    return sentence(f"{moment} the {as_text(measure)} was {amount} ({row.span()}): {ending}")


def _sentences(items: Sequence[str]) -> str:
    """Join clauses as one sentence."""
    return f"{'; '.join(as_text(item) for item in items)}."


def certainty_statement(
    data: pd.DataFrame,
    *,
    certainty: str,
    reasons: Sequence[str] = (),
    doubts: Sequence[str] = (),
) -> Statement:
    """Say how certain the evidence is, what that means, and why.

    Parameters
    ----------
    data : the row that the rating is about, first.
    doubts : what the tests of the design found against it; said where the evidence is not rated
        (a rating has them among its reasons).
    """
    words = _certainty(certainty, reasons, row_of(data, None, "certainty_statement"))
    if certainty == "not-rated" and doubts:
        words += f" Were the data real, this would speak against the answer: {_sentences(doubts)}"
    return Statement(words, plain_frame(data))


def _certainty(certainty: str, reasons: Sequence[str], about: Row) -> str:
    meaning = certainty_words(certainty)
    if certainty == "not-rated":
        return sentence(meaning)
    if not about.result.known:
        meaning = "there is no estimate with an interval that it could be about"
    why = numbers.listing([as_text(reason) for reason in reasons])
    level = certainty.replace("-", " ")
    because = f" Reasons: {why}." if why else ""
    return f"Certainty of the evidence: **{level}**. {sentence(meaning)}{because}"


def adequacy_statement(data: pd.DataFrame, *, subject: str = "the estimates") -> Statement:
    """Say what the design can carry, by the thresholds fixed beforehand.

    Parameters
    ----------
    data : columns ``criterion, found, needed, judgement`` (one of `JUDGEMENTS`) and,
        where there, ``counted`` (how) and ``reason``. The worst judgement is the answer.
    subject : what the design has to carry.
    """
    require(data, ("criterion", "found", "needed", "judgement"), "adequacy_statement")
    unknown = [name for name in data["judgement"].astype(str) if name not in JUDGEMENTS]
    if unknown:
        raise InputError(
            f"'{unknown[0]}' is not a judgement",
            where="adequacy_statement",
            remedy=did_you_mean(unknown[0], JUDGEMENTS),
        )
    by_judgement = {name: data.loc[data["judgement"] == name] for name in JUDGEMENTS}
    failed, cautious = by_judgement["cannot say"], by_judgement["with caution"]
    what, total = as_text(subject), len(data)
    if not failed.empty:
        count = numbers.count_word(len(failed))
        lead = f"**These data cannot carry {what}**: {count} of {total} requirements "
        lead += "is not met." if len(failed) == 1 else "are not met."
    elif not cautious.empty:
        count = numbers.count_word(len(cautious))
        lead = f"**These data carry {what} with caution**: {count} of {total} requirements "
        lead += "is met only just." if len(cautious) == 1 else "are met only just."
    else:
        lead = f"**These data can carry {what}**: all {total} requirements are met."
    shown = pd.concat([failed, cautious])
    bullets = [_requirement(row) for row in shown.to_dict("records")]
    return Statement("\n\n".join([lead, *(["\n".join(bullets)] if bullets else [])]),
                     plain_frame(data))  # fmt: skip


def _requirement(row: Mapping[Hashable, object]) -> str:
    missing = numbers.is_missing(row["found"])
    counted = f" ({row['counted']})" if row.get("counted") else ""
    found = "cannot be estimated" if missing else f"{_plain(row['found'])} found{counted}"
    words = f"{as_text(row['criterion'])}: {found}, {_plain(row['needed'])}"
    words += " needed" if row["judgement"] == "cannot say" else " needed to be without caution"
    reason = row.get("reason")
    tail = f". {sentence(as_text(reason))}" if isinstance(reason, str) and reason else "."
    return f"- {words[:1].upper()}{words[1:]}{tail}"


def _plain(value: object) -> str:
    """A found or needed value: whole numbers without decimals, text as it is."""
    return numbers.plain(value) if isinstance(value, float) else as_text(value)
