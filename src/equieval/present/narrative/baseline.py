"""The inequality at one time in words."""

from __future__ import annotations

import pandas as pd

from equieval.present import numbers
from equieval.present.artefact import Statement, plain_frame, require
from equieval.present.groups import WORST_OFF, Groups
from equieval.present.narrative.rows import Row, row_of
from equieval.present.wording import as_text, sentence

CONCENTRATION = "concentration-index-relative"


def baseline_statement(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    polarity: str = "low",
    most: str | None = None,
    least: str | None = None,
    group: str | None = None,
    worst_off: str | None = None,
) -> Statement:
    """Say how unequal an outcome was: rates at both ends, then measures of all groups.

    Parameters
    ----------
    data : Estimates rows of one time. ``estimand`` names the measure: ``rate`` (the most
        deprived or worst-off ``stratum`` first, the least deprived or reference last; the groups
        that the measures were computed from), ``gap``, ``ratio``, ``sii``, ``rii``,
        ``concentration-index-relative``. What is absent is not mentioned.
    group, most, least : what a group and the two ends are called; by default numbered groups
        are deciles from the most to the least deprived, others go by their names.
    worst_off : whom a gap burdens; by default "the most deprived", or the group named first.
    """
    require(data, ("estimand", "estimate", "ci_low", "ci_high"), "baseline_statement")
    name, per = as_text(outcome), as_text(unit)
    parts: list[str] = []
    rates = data.loc[data["estimand"] == "rate"]
    whom = worst_off or WORST_OFF
    if len(rates) > 1:
        groups = Groups.of(rates["stratum"], None, group, most, least)
        whom = worst_off or (groups.most_words if groups.named else WORST_OFF)
        top, foot = row_of(rates.iloc[[0]], None, "rate"), row_of(rates.iloc[[-1]], None, "rate")
        moment = f"in {top.when}, " if top.when else ""
        digits = numbers.decimals_for(top.result.estimate, foot.result.estimate)
        high, low = (numbers.number(end.result.estimate, digits) for end in (top, foot))
        parts.append(
            f"{moment}the {name} was **{high}** in {as_text(groups.most_words)} and "
            f"**{numbers.of_unit(low, per)}** in {as_text(groups.least_words)}"
        )
    gap, ratio = _measure(data, "gap"), _measure(data, "ratio")
    if gap and gap.result.known:
        parts.append(f"that is a gap of {_size(gap, per, whom)} ({gap.span()})")
    if ratio and ratio.result.known:
        parts.append(f"as a ratio: {numbers.ratio(ratio.result.estimate)} ({ratio.span()})")
    parts += _all_groups(data, per, whom)
    if polarity in ("low", "high"):
        better = "lower" if polarity == "low" else "higher"
        parts.append(f"for this outcome, {better} is better")
    return Statement(" ".join(sentence(part) for part in parts), plain_frame(data))


def _all_groups(data: pd.DataFrame, unit: str, whom: str) -> list[str]:
    parts = []
    sii, rii = _measure(data, "sii"), _measure(data, "rii")
    if sii and sii.result.known:
        parts.append(
            "read off a line through every group rather than the two ends alone (slope index of "
            f"inequality), the gap across the whole scale was {_size(sii, unit, whom)} "
            f"({sii.span()})"
        )
    if rii and rii.result.known:
        parts.append(
            f"in relative terms (relative index of inequality): "
            f"{numbers.ratio(rii.result.estimate)} ({rii.span()})"
        )
    index = _measure(data, CONCENTRATION)
    if index and index.result.known:
        value = numbers.number(index.result.estimate, 3)
        parts.append(f"relative concentration index: {value} ({index.span(3)})")
    if sii and sii.result.known and not sii.result.sign:
        parts.append("the interval includes no inequality")
    return parts


def _size(row: Row, unit: str, whom: str) -> str:
    """The size of a gap and whom it burdens: positive is worse for the worst-off."""
    amount = numbers.of_unit(row.number(row.decimals()), numbers.change_unit(unit))
    side = {1: f" against {as_text(whom)}", -1: f" in favour of {as_text(whom)}", 0: ""}
    return f"{amount}{side[row.result.side]}"


def _measure(data: pd.DataFrame, measure: str) -> Row | None:
    rows = data.loc[data["estimand"] == measure]
    return None if rows.empty else row_of(rows, None, measure)
