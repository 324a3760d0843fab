"""What the evidence rests on: the interval that may stand, people of unknown group, the audit."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping

import pandas as pd

from equieval.errors import InputError, did_you_mean
from equieval.present import numbers
from equieval.present.artefact import Statement, plain_frame, require
from equieval.present.groups import WORST_OFF
from equieval.present.wording import as_text, sentence

INTERVALS: dict[str, str] = {
    "clustered": "from standard errors clustered by unit",
    "wild-bootstrap": "from the wild cluster bootstrap",
    "reassignment": "from reassigning the treatment over the units",
    "size-corrected": "from how far comparison units of that size stray by chance",
    "none": "left out",
}
RULE = (
    "The rule was fixed before any estimate and goes by the number of units, of treated units and "
    "of events, and with very few treated by their size: clustered standard errors where there are "
    "enough of each, the wild bootstrap with fewer, reassignment with very few that are as large "
    "as the others, what the others tell of chance at that size where they are not, and no "
    "interval below that"
)


def headline_interval_statement(data: pd.DataFrame) -> Statement:
    """Say which interval stands in the headline, by which rule, and why.

    Parameters
    ----------
    data : one row: ``interval`` (a key of `INTERVALS`) and ``reason``; where there,
        ``smallest_attainable_p``, the smallest share that a reassignment could give.

    Raises
    ------
    InputError : an interval without words.
    """
    require(data, ("interval", "reason"), "headline_interval_statement")
    row = data.iloc[0].to_dict()
    kind = str(row["interval"])
    if kind not in INTERVALS:
        raise InputError(
            f"'{kind}' is not an interval for the headline",
            where="headline_interval_statement",
            remedy=did_you_mean(kind, INTERVALS),
        )
    reason = as_text(row["reason"])
    if kind == "none":
        parts = [f"**no interval stands in the headline**: {reason}",
                 "without one these data cannot say whether there was a change"]  # fmt: skip
    else:
        parts = [f"**the interval in the headline comes {INTERVALS[kind]}**: {reason}"]
    smallest = row.get("smallest_attainable_p")
    if kind == "reassignment" and not numbers.is_missing(smallest) and float(str(smallest)) > 0:
        of = numbers.count(1 / float(str(smallest)))
        parts.append(f"the most extreme result that could come out is 1 of {of} reassignments")
    parts.append(RULE)
    return Statement(" ".join(sentence(part) for part in parts), plain_frame(data))


def missing_bounds_statement(
    data: pd.DataFrame,
    *,
    unit: str,
    measure: str = "gap",
    name: str = "gap",
    missing_share: float = math.nan,
    needed: float = math.nan,
    worst_off: str = WORST_OFF,
    when: str = "over all periods before the start",
) -> Statement:
    """Say what people of unknown group could do to a measure.

    Parameters
    ----------
    data : rows of the bounds: ``plausibility, measure, known, low, high``; plausibility 1
        means that those unknown are as those known, infinity that anything goes.
    measure : which measure is told (``"gap"``, ``"sii"``), called ``name`` in running text.
    missing_share : the share of people whose group is not known, from 0 to 1.
    needed : the plausibility at which the measure's sign becomes open (infinity: never).
    when : the time that the bounds are about, in words.
    """
    require(data, ("plausibility", "measure", "known", "low", "high"), "missing_bounds_statement")
    rows = data.loc[data["measure"] == measure].sort_values("plausibility")
    require(rows, ("measure",), f"missing_bounds_statement, measure '{measure}'")
    shown, per = as_text(name), numbers.change_unit(as_text(unit))
    first = rows.iloc[0]
    digits = numbers.decimals_for(first["known"])
    size = numbers.of_unit(numbers.number(first["known"], digits), per)
    who = (
        "people whose group is not known are left out"
        if numbers.is_missing(missing_share)
        else f"the group is not known for {_share(missing_share)} of people"
    )
    parts = [f"{f'{when}, ' if when else ''}{who}; among the others the {shown} is {size}"]
    for row in rows.to_dict("records"):
        factor = float(row["plausibility"])
        if factor <= 1:
            continue
        low, high = (numbers.number(row[end], digits) for end in ("low", "high"))
        lead = (
            "whatever they may be like"
            if math.isinf(factor)
            else f"were every group up to {factor:g} times as common or as rare among them as "
            "among the others"
        )
        parts.append(f"{lead}, it would lie between {low} and {high}")
    parts += _sign(needed, shown, as_text(worst_off), float(first["known"]))
    parts.append("chance comes on top of these bounds (Horowitz and Manski 2000)")
    return Statement(" ".join(sentence(part) for part in parts), plain_frame(rows))


def _share(share: float) -> str:
    return "under 1%" if 0 < share < 0.01 else numbers.percent(share)


def _sign(needed: float, name: str, worst_off: str, known: float) -> list[str]:
    """How unlike the others they must be for the direction of the measure to be open."""
    if needed != needed:
        return []
    side = "to the disadvantage of" if known > 0 else "in favour of"
    if math.isinf(needed):
        return [f"no way of sharing them out turns the {name} round: it stays {side} {worst_off}"]
    if needed <= 1:
        return [f"even if they are as the others are, the direction of the {name} is open"]
    return [
        f"the {name} stays {side} {worst_off} unless they differ from the others by a factor of "
        f"{numbers.number(needed, 2)} or more"
    ]


PARTS = ("agreement", "completeness", "gap", "actions")


def audit_summary(data: pd.DataFrame, *, unit: str, standard: float = 0.95) -> Statement:
    """Say what an audit found: where sources agree, how complete they are, gaps, actions.

    Parameters
    ----------
    data : one row per finding; ``part`` is one of `PARTS`, ``label`` what it is about in
        running text. ``agreement``: ``found`` of ``total`` groups in which sources differ.
        ``completeness``: ``estimate``, the share recorded (0 to 1), and ``found`` of ``total``
        organisations under the standard. ``gap``: ``estimate, ci_low, ci_high`` in ``unit`` (or
        in the row's own ``unit``), positive: worse for the worst-off.
        ``actions``: ``found``, how many follow.
    standard : the share that should be recorded.

    Raises
    ------
    InputError : a part that is none of them.
    """
    require(data, ("part", "label"), "audit_summary")
    rows = data.to_dict("records")
    for row in rows:
        if row["part"] not in PARTS:
            raise InputError(
                f"'{row['part']}' is not a part of an audit",
                where="audit_summary",
                remedy=did_you_mean(str(row["part"]), PARTS),
            )
    by_part = {part: [row for row in rows if row["part"] == part] for part in PARTS}
    gaps = by_part["gap"]
    clear = [row for row in gaps if _number(row, "ci_low") > 0 or _number(row, "ci_high") < 0]
    differ = [row for row in by_part["agreement"] if _number(row, "found") > 0]
    lacking = [row for row in by_part["completeness"] if _number(row, "found") > 0]
    told = []
    if gaps:
        told.append(f"clear gaps in {_count(len(clear), len(gaps), 'comparison')}")
    if by_part["agreement"]:
        told.append(
            f"sources that differ on {_count(len(differ), len(by_part['agreement']), 'figure')}"
        )
    if by_part["completeness"]:
        told.append(
            f"recording under {numbers.percent(standard)} in "
            f"{_count(len(lacking), len(by_part['completeness']), 'field')}"
        )
    lead = f"**{sentence(f'this audit finds {numbers.listing(told)}')}**" if told else ""
    bullets = [
        *(_gap_found(row, unit) for row in gaps),
        *(_agreed(row) for row in by_part["agreement"]),
        *(_recorded(row, standard) for row in by_part["completeness"]),
        *(_follows(row) for row in by_part["actions"]),
    ]
    listed = "\n".join(f"- {sentence(bullet)}" for bullet in bullets)
    return Statement("\n\n".join(part for part in (lead, listed) if part), plain_frame(data))


def _count(found: int, total: int, noun: str) -> str:
    """Return ``"2 of 5 figures"``, ``"none of 5 figures"``, ``"the one figure"``."""
    if found == total == 1:
        return f"the one {noun}"
    return f"{found or 'none'} of {total} {noun}{'s' if total > 1 else ''}"


def _number(row: Mapping[Hashable, object], name: str) -> float:
    value = row.get(name)
    return math.nan if numbers.is_missing(value) else float(str(value))


def _gap_found(row: Mapping[Hashable, object], unit: str) -> str:
    own = row.get("unit")
    per = numbers.change_unit(as_text(own if isinstance(own, str) and own else unit))
    estimate, low, high = (_number(row, name) for name in ("estimate", "ci_low", "ci_high"))
    label = as_text(row["label"])
    if math.isnan(estimate):
        return f"{label}: the gap cannot be told"
    digits = numbers.decimals_for(estimate)
    size = numbers.of_unit(numbers.change(estimate, digits), per)
    said = f"{label}: {size} ({numbers.interval_words(low, high, decimals=digits)})"
    return said if low > 0 or high < 0 else f"{said}, no clear gap"


def _agreed(row: Mapping[Hashable, object]) -> str:
    found, total = _number(row, "found"), _number(row, "total")
    label = as_text(row["label"])
    if math.isnan(found) or not total > 0:
        return f"{label}: the sources have nothing in common to compare"
    if not found:
        return f"{label}: the sources agree in all {total:.0f} groups"
    return f"{label}: the sources differ in {found:.0f} of {total:.0f} groups"


def _recorded(row: Mapping[Hashable, object], standard: float) -> str:
    share, found, total = (_number(row, name) for name in ("estimate", "found", "total"))
    label = as_text(row["label"])
    if math.isnan(share):
        return f"{label}: how completely it is recorded is not known"
    said = f"{label} is recorded for {_rounded_down(share)} of people"
    if math.isnan(found) or not total > 0:
        return said
    under = "none" if not found else f"{found:.0f}"
    return f"{said}; {under} of {total:.0f} organisations record under {numbers.percent(standard)}"


def _rounded_down(share: float) -> str:
    """A share as a percentage that never says more than was recorded."""
    return numbers.percent(math.floor(share * 100 + 1e-9) / 100)


def _follows(row: Mapping[Hashable, object]) -> str:
    found = _number(row, "found")
    if not found > 0:
        return f"{as_text(row['label'])}: none follow"
    return f"{as_text(row['label'])}: {found:.0f} follow from these findings"
