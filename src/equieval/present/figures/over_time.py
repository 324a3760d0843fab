"""Rates over time: by group of the population, and by arm of the comparison."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas, lines
from equieval.present.figures.series import BOTTOM, LEFT, TOP
from equieval.present.figures.words import column, subtitle
from equieval.present.groups import Groups
from equieval.present.periods import (
    as_periods,
    at_frequency_of,
    period_label,
    period_noun,
)
from equieval.present.wording import capitalise


def rates_by_group(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    levels: Sequence[str] | None = None,
    group: str | None = None,
    most: str | None = None,
    least: str | None = None,
    population: str = "",
    start: object = None,
    intervention: str = "",
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """Rates over time: the two ends of the scale labelled, the other groups in grey.

    Up to four groups with names of their own are all labelled.

    Parameters
    ----------
    data : columns ``stratum, period, rate``; drawn as bands where there:
        ``ci_low, ci_high``; kept in the download: ``numerator, denominator``.
    levels : groups from the most to the least deprived, or the worst-off first and the
        reference last; by default the data's order.
    group, most, least : what a group and the two ends are called; by default numbered
        groups are deciles from the most to the least deprived, others go by their names.
    start, intervention : draw and label the start, where given.
    """
    require(data, ("stratum", "period", "rate"), "rates_by_group")
    groups = Groups.of(data["stratum"], levels, group, most, least)
    first, last = groups.ends
    periods = as_periods(data["period"])
    strata = data["stratum"].astype(str)
    series = {level: lines.complete(data.loc[strata == level]) for level in dict.fromkeys(strata)}
    labels = _labels(groups, list(series))
    drawn = np.concatenate(
        [column(frame, "rate") for frame in series.values()]
        + [column(series[name], end) for name in labels for end in ("ci_low", "ci_high")]
    )
    with theme.figure_style():
        remark = canvas.zero_remark(drawn)
        page = canvas.sheet(4.2, source=source, synthetic=synthetic, remark=remark)
        ax = page.axes(LEFT, 1.75, BOTTOM, TOP if start is not None else 0.42)
        canvas.value_axis(ax, drawn)
        canvas.time_axis(ax, periods)
        ends = lines.draw_lines(ax, series, labels, groups.others(len(series) - len(labels)))
        canvas.label_ends(page, ax, ends)
        canvas.head_axis(page, capitalise(unit))
        if start is not None:
            begin = at_frequency_of(start, periods)
            words = f"{intervention}, from {period_label(begin)}".removeprefix(", ")
            canvas.mark_start(page, ax, begin.ordinal - 0.5, words)
    bands = (
        f"Bands are {ci_level * 100:g}% intervals." if {"ci_low", "ci_high"} <= set(data) else ""
    )
    return Picture(
        title=_group_finding(series[first], series[last], groups, outcome, unit),
        subtitle=subtitle(f"{unit}, by {groups.group or 'group'}", population, periods),
        alt=_group_account(series[first], series[last], groups, outcome, unit, len(series)),
        data=plain_frame(data),
        figure=page.figure,
        note=bands,
    )


def _labels(groups: Groups, present: list[str]) -> dict[str, str]:
    """The groups that stand out: the two ends, and the others where they have names and room."""
    first, last = groups.ends
    between = [name for name in present if name not in groups.ends]
    if not groups.named or len(present) > lines.MOST_LINES:
        between = []
    return {name: groups.label(name) for name in (first, last, *between)}


def _paired(most: pd.DataFrame, least: pd.DataFrame) -> pd.DataFrame:
    """Both ends' rates in the periods in which both are known."""
    pairs = pd.merge(most[["period", "rate"]], least[["period", "rate"]], on="period")
    return pairs.dropna().reset_index(drop=True)


def _group_finding(
    most: pd.DataFrame, least: pd.DataFrame, groups: Groups, outcome: str, unit: str
) -> str:
    pairs = _paired(most, least)
    if pairs.empty:
        return f"The {outcome} of {groups.most_words} and {groups.least_words} cannot be compared"
    higher = int((pairs["rate_x"] > pairs["rate_y"]).sum())
    lower = int((pairs["rate_x"] < pairs["rate_y"]).sum())
    total = len(pairs)
    noun = period_noun(pd.PeriodIndex(pairs["period"]), total)
    side, times = ("higher", higher) if higher >= lower else ("lower", lower)
    if total == 1:
        scope = f"in {period_label(pairs['period'][0])}"
    elif times == total:
        scope = f"in every one of {total} {noun}"
    else:
        scope = f"in {times} of {total} {noun}"
    end = pairs.iloc[-1]
    digits = numbers.decimals_for(end["rate_x"], end["rate_y"])
    return (
        f"The {outcome} was {side} in {groups.most_words} than in {groups.least_words} {scope}: "
        f"{numbers.number(end['rate_x'], digits)} against "
        f"{numbers.of_unit(numbers.number(end['rate_y'], digits), unit)} in "
        f"{period_label(end['period'])}"
    )


def _group_account(
    most: pd.DataFrame,
    least: pd.DataFrame,
    groups: Groups,
    outcome: str,
    unit: str,
    drawn: int,
) -> str:
    parts = [f"Line chart of the {outcome} in {drawn} groups, in {unit}."]
    for words, frame in ((groups.most_words, most), (groups.least_words, least)):
        seen = frame.loc[frame["rate"].notna()]
        if seen.empty:
            parts.append(f"{capitalise(words)} has no values.")
            continue
        start, end = seen.iloc[0], seen.iloc[-1]
        digits = numbers.decimals_for(start["rate"], end["rate"])
        parts.append(
            f"In {words} it was {numbers.number(start['rate'], digits)} in "
            f"{period_label(start['period'])} and {numbers.number(end['rate'], digits)} in "
            f"{period_label(end['period'])}."
        )
    return " ".join(parts)
