"""Who moved, and did it last: the two questions after "did the gap change?"."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping

import pandas as pd

from equieval.errors import InputError, did_you_mean
from equieval.present import numbers
from equieval.present.artefact import Statement, plain_frame, require
from equieval.present.groups import Groups
from equieval.present.narrative.rows import SIDES, ends_in_words
from equieval.present.periods import moment
from equieval.present.wording import (
    AVERAGED,
    Result,
    as_text,
    better_or_worse,
    capitalise,
    levelling_verdict,
    sentence,
)

NO_EARLY = "no clear early effect"
NOT_REACHED = "not reached"
LEVELLING = {
    "narrowed: the worst-off gained": "levelling up",
    "narrowed: the best-off lost": "levelling down",
}
GAINS = {"outcome": "improvement in the", "gap": "narrowing of the"}
RETENTION: dict[str, str] = {
    "retained": "at least {share} of the early effect is left",
    "not retained": "less than {share} of the early effect is left",
    "these data cannot say": "these data cannot say whether {share} of the early effect is left",
    NO_EARLY: "there is no clear early effect to retain",
    NOT_REACHED: "the data do not reach so far, so they cannot say whether {share} of the early "
    "effect is left",
}


def levelling_statement(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    polarity: str = "low",
    group: str | None = None,
    most: str | None = None,
    least: str | None = None,
    gap: str = "gap",
    verdict: str = "",
    horizon: object = None,
    design: str = "its",
    average: bool | None = None,
) -> Statement:
    """Say who moved: the worst-off, the group it is held against, or both.

    Parameters
    ----------
    data : two rows, the worst-off group first; columns ``stratum, estimate, ci_low, ci_high``
        (the change of the outcome in that group against what was expected).
    gap : the gap in running text (``"deprivation gap in stillbirth"``).
    design, average : the changes of panels are averages up to the horizon, not those at it;
        ``average`` says so where the design does not.
    verdict : the levelling verdict of the change in the gap (``"narrowed: the worst-off
        gained"``); without it only the groups are told.
    """
    require(data, ("stratum", "estimate", "ci_low", "ci_high"), "levelling_statement")
    rows = data.iloc[[0, -1]].reset_index(drop=True)
    groups = Groups.of(rows["stratum"], None, group, most, least)
    ends = [_result(row) for row in rows.to_dict("records")]
    names = {"most": as_text(groups.most_words), "least": as_text(groups.least_words)}
    when = moment(horizon, average=design in AVERAGED if average is None else average)
    if verdict:
        both = bool(ends[0].sign) and ends[0].sign == ends[1].sign
        lead = f"**{sentence(_gap_words(verdict, as_text(gap), names, both=both))}**"
    else:
        told = levelling_verdict(ends[0], ends[1], polarity)[1].format(**names)
        lead = f"**{sentence(f'{when} {told}'.strip())}**"
    parts = [lead]
    for name, end in zip(names.values(), ends, strict=True):
        parts.append(sentence(_moved(name, end, as_text(outcome), as_text(unit), polarity, when)))
    return Statement(" ".join(parts), plain_frame(rows))


def _gap_words(verdict: str, gap: str, names: Mapping[str, str], *, both: bool) -> str:
    """A levelling verdict with the groups by their names; ``both`` moved the same way."""
    change, _, who = verdict.partition(": ")
    if not who:
        return f"the {gap} shows no clear change"
    if who.startswith("not clear"):
        return f"the {gap} {change} against what was expected; who moved is not clear"
    moved = who.replace("the worst-off", names["most"]).replace("the best-off", names["least"])
    if both and " and " not in who:
        other = names["least" if who.startswith("the worst-off") else "most"]
        moved += f" more than {other}"
    kind = LEVELLING.get(verdict, "")
    return f"the {gap} {change} against what was expected: {moved}{f' ({kind})' if kind else ''}"


def _moved(name: str, end: Result, outcome: str, unit: str, polarity: str, when: str) -> str:
    lead = f"in {name}, the {outcome}"
    if not end.known:
        return f"{lead} cannot be compared with what was expected"
    digits = numbers.decimals_for(end.estimate)
    side = SIDES["outcome"][end.side > 0]
    size = numbers.of_unit(numbers.number(abs(end.estimate), digits), numbers.change_unit(unit))
    span = ends_in_words(end.ci_low, end.ci_high, digits, "outcome")
    judged = better_or_worse(end.sign, polarity)
    moment_words = f" {when}" if when else ""
    said = f"{lead} was {size} {side} than expected{moment_words} (95% interval {span})"
    if not end.sign:
        return f"{said}: no clear change"
    return f"{said}, which is {judged}" if judged else said


def sustained_statement(
    data: pd.DataFrame,
    *,
    subject: str,
    unit: str,
    retention: float,
    quantity: str = "outcome",
    log: bool = False,
) -> Statement:
    """Say whether an effect lasted, against the retention margin fixed beforehand.

    Parameters
    ----------
    data : rows of `equieval.methods.sustained`, the early effect first: ``horizon, estimate,
        ci_low, ci_high, margin_low, margin_high, verdict``.
    subject : the outcome or the gap in running text.
    retention : the share of the early effect that must be left, from 0 to 1.
    quantity : ``"outcome"`` or ``"gap"``.
    log : the effects are logarithms of rate ratios.

    Raises
    ------
    InputError : a verdict that has no words.
    """
    require(data, ("horizon", "estimate", "ci_low", "ci_high", "verdict"), "sustained_statement")
    rows = data.to_dict("records")
    early, later = rows[0], rows[1:]
    name, share = as_text(subject), numbers.percent(retention)
    verdicts = [str(row["verdict"]) for row in later]
    for verdict in verdicts:
        if verdict not in RETENTION:
            raise InputError(
                f"'{verdict}' is not a verdict on whether an effect lasted",
                where="sustained_statement",
                remedy=did_you_mean(verdict, RETENTION),
            )
    size = _size(early, as_text(unit), quantity, log=log)
    if not later:
        return Statement(
            f"**These data cannot say whether the effect lasted**: no later horizon is in them. "
            f"{sentence(f'the early effect on the {name}: {size}')}",
            plain_frame(data),
        )
    if NO_EARLY in verdicts:
        lead = (
            f"**There is no clear early {GAINS[quantity]} {name}, so these data cannot say "
            "whether one lasted.**"
        )
    elif reached := [pair for pair in zip(later, verdicts, strict=True) if pair[1] != NOT_REACHED]:
        last, found = reached[-1]
        lead = f"**{sentence(f'{_at(last)}, {RETENTION[found].format(share=share)}')}**"
    else:
        lead = "**These data cannot say whether the effect lasted.**"
    bullets = [f"- Early effect on the {name}: {size}."]
    for row, verdict in zip(later, verdicts, strict=True):
        told = RETENTION[verdict].format(share=share)
        parts = [] if verdict == NOT_REACHED else [_size(row, as_text(unit), quantity, log=log)]
        parts += [] if verdict == NO_EARLY else [told]
        bullets.append(f"- {capitalise(_horizon(row))}: {'; '.join(parts)}.")
    margin = (
        f"The margin was fixed beforehand: {share} of the early effect must be left, and the "
        "interval of what is left beyond it decides."
    )
    listed = "\n".join(bullets)
    return Statement(f"{lead}\n\n{listed}\n\n{margin}", plain_frame(data))


def _at(row: Mapping[Hashable, object]) -> str:
    """Return ``"in months 13 to 24"``, or ``"at 24 months"``."""
    horizon = _horizon(row)
    return f"{'in' if horizon.startswith('months') else 'at'} {horizon}"


def _horizon(row: Mapping[Hashable, object]) -> str:
    return as_text(row["horizon"])


def _size(row: Mapping[Hashable, object], unit: str, quantity: str, *, log: bool) -> str:
    """One effect with its interval."""
    found = _result(row)
    if not found.known:
        return "cannot be estimated"
    if log:
        value, low, high = (math.exp(v) for v in (found.estimate, found.ci_low, found.ci_high))
        return (
            f"{numbers.ratio_as_change(value)} than expected, a ratio of {numbers.ratio(value)} "
            f"(95% interval {numbers.interval(low, high, 2)})"
        )
    digits = numbers.decimals_for(found.estimate)
    size = numbers.of_unit(numbers.number(abs(found.estimate), digits), numbers.change_unit(unit))
    span = ends_in_words(found.ci_low, found.ci_high, digits, quantity)
    return f"{size} {SIDES[quantity][found.side > 0]} than expected (95% interval {span})"


def _result(row: Mapping[Hashable, object]) -> Result:
    values = (row[name] for name in ("estimate", "ci_low", "ci_high"))
    return Result(*(math.nan if numbers.is_missing(v) else float(str(v)) for v in values))
