"""Rates over time: by group of the population, and by arm of the comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas, lines
from equieval.present.figures.series import BOTTOM, LEFT, TOP
from equieval.present.figures.withheld import CROSSES, withheld_note
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
    last_start: object = None,
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
    start, last_start, intervention : draw and label the start, where given; the span from the
        first to the last, where units start at several times.
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
            mark_starts(page, ax, periods, start, last_start, intervention)
    bands = (
        f"Bands are {ci_level * 100:g}% intervals." if {"ci_low", "ci_high"} <= set(data) else ""
    )
    return Picture(
        title=_group_finding(series[first], series[last], groups, outcome, unit),
        subtitle=subtitle(f"{unit}, by {groups.group or 'group'}", population, periods),
        alt=_group_account(series[first], series[last], groups, outcome, unit, len(series)),
        data=plain_frame(data),
        figure=page.figure,
        note=" ".join(
            part for part in (bands, withheld_note(data, "rate", shown_as=CROSSES)) if part
        ),
    )


def mark_starts(
    page: canvas.Sheet,
    ax: Axes,
    periods: pd.PeriodIndex,
    start: object,
    last_start: object,
    intervention: str,
) -> None:
    """Mark the start, or the span from the first to the last of several, with its label."""
    begin = at_frequency_of(start, periods)
    when, last = f"from {period_label(begin)}", None
    if last_start is not None:
        end = at_frequency_of(last_start, periods)
        when, last = f"starts {when} to {period_label(end)}", end.ordinal - 0.5
    words = capitalise(f"{intervention}, {when}".removeprefix(", "))
    canvas.mark_start(page, ax, begin.ordinal - 0.5, words, last)


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


def arms_over_time(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    start: object = None,
    intervention: str = "",
    highlight: Sequence[str] | None = None,
    population: str = "",
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """Rates as observed in each arm of a comparison, before anything is estimated.

    Parameters
    ----------
    data : columns ``period, arm, rate`` and, drawn where there, ``ci_low, ci_high`` as bands
        and ``first_exposed`` (an arm's own start) as a larger marker. The arms in the order
        in which they are told: those taking part first, the comparison last. With staggered
        adoption an arm is a cohort or "Never took part"; for synthetic
        difference-in-differences the comparison may be a weighted one.
    start : the first exposed period, where all that take part begin together.
    highlight : up to four arms that are labelled, the others being grey; by default the
        first three and the last.
    """
    require(data, ("period", "arm", "rate"), "arms_over_time")
    periods = as_periods(data["period"])
    names = data["arm"].astype(str)
    series = {name: lines.complete(data.loc[names == name]) for name in dict.fromkeys(names)}
    shown = lines.standing_out(list(series), highlight)
    labels = {name: capitalise(name) for name in shown}
    rest = len(series) - len(shown)
    begin = None if start is None else at_frequency_of(start, periods)
    drawn = np.concatenate(
        [column(frame, "rate") for frame in series.values()]
        + [column(series[name], end) for name in shown for end in ("ci_low", "ci_high")]
    )
    with theme.figure_style():
        remark = canvas.zero_remark(drawn)
        page = canvas.sheet(4.2, source=source, synthetic=synthetic, remark=remark)
        ax = page.axes(LEFT, 1.85, BOTTOM, TOP if begin is not None else 0.42)
        canvas.value_axis(ax, drawn)
        canvas.time_axis(ax, periods)
        others = "The other arm" if rest == 1 else f"The other {rest} arms"
        ends = lines.draw_lines(ax, series, labels, others)
        for name, look in zip(shown, lines.LOOKS, strict=False):
            joined = _own_start(series[name])
            ax.plot(*joined, look.marker, color=look.colour, markersize=10, mfc="white",
                    mew=2.2, zorder=5)  # fmt: skip
        canvas.label_ends(page, ax, ends)
        canvas.head_axis(page, capitalise(unit))
        if begin is not None:
            words = f"{intervention}, from {period_label(begin)}".removeprefix(", ")
            canvas.mark_start(page, ax, begin.ordinal - 0.5, capitalise(words.removeprefix("the ")))
    moves = [_Move.of(name, frame, begin) for name, frame in series.items()]
    notes = []
    if {"ci_low", "ci_high"} <= set(data):
        notes.append(f"Bands are {ci_level * 100:g}% intervals.")
    if any(_own_start(series[name])[0].size for name in shown):
        notes.append("A large hollow marker is the first exposed period of an arm.")
    return Picture(
        title=_arms_title(moves, outcome, begin),
        subtitle=subtitle(f"{unit}, as observed", population, periods),
        alt=f"Line chart of the {outcome} in {len(series)} arms, in {unit}. "
        + " ".join(move.sentence() for move in moves[: lines.MOST_LINES * 2]),
        data=plain_frame(data),
        figure=page.figure,
        note=" ".join(notes),
    )


def _own_start(frame: pd.DataFrame) -> tuple[canvas.Floats, canvas.Floats]:
    """Where an arm's own start is marked, if it has one in these periods."""
    nothing = (np.empty(0), np.empty(0))
    if "first_exposed" not in frame or frame["first_exposed"].dropna().empty:
        return nothing
    periods = pd.PeriodIndex(frame["period"])
    begin = at_frequency_of(frame["first_exposed"].dropna().iloc[0], periods)
    here = np.asarray(periods == begin)
    return np.array([begin.ordinal], dtype=float)[: here.sum()], column(frame, "rate")[here]


@dataclass(frozen=True)
class _Move:
    """How one arm moved: means before and from the start, or its first and last value."""

    arm: str
    old: float
    new: float
    then: str
    now: str

    @classmethod
    def of(cls, arm: str, frame: pd.DataFrame, begin: pd.Period | None) -> _Move:
        seen = frame.loc[frame["rate"].notna()]
        if seen.empty:
            return cls(arm, float("nan"), float("nan"), "", "")
        if begin is None:
            first, last = seen.iloc[0], seen.iloc[-1]
            when = (f"in {period_label(first['period'])}", f"in {period_label(last['period'])}")
            return cls(arm, float(first["rate"]), float(last["rate"]), *when)
        after = pd.PeriodIndex(seen["period"]) >= begin
        means = (float(seen.loc[~after, "rate"].mean()), float(seen.loc[after, "rate"].mean()))
        return cls(arm, *means, f"on average before {period_label(begin)}", "since")

    @property
    def known(self) -> bool:
        return bool(np.isfinite([self.old, self.new]).all())

    @property
    def digits(self) -> int:
        return numbers.decimals_for(self.old, self.new)

    @property
    def verb(self) -> str:
        old, new = (round(value, self.digits) for value in (self.old, self.new))
        return "fell" if new < old else "rose" if new > old else "stayed"

    def span(self) -> str:
        """Return ``"12.1 to 9.8"``, or ``"12.1 throughout"``."""
        old, new = (numbers.number(value, self.digits) for value in (self.old, self.new))
        return f"{old} throughout" if self.verb == "stayed" else f"{old} to {new}"

    def sentence(self) -> str:
        if not self.known:
            return f"{capitalise(self.arm)}: no values to compare."
        old, new = (numbers.number(value, self.digits) for value in (self.old, self.new))
        return f"{capitalise(self.arm)}: {old} {self.then}, {new} {self.now}."


def _arms_title(moves: Sequence[_Move], outcome: str, begin: pd.Period | None) -> str:
    """How many arms moved which way, and the first two and the last with their numbers."""
    known = [move for move in moves if move.known]
    if not known:
        return f"The {outcome} of the arms cannot be compared"
    counts = [
        (verb, sum(move.verb == verb for move in known)) for verb in ("fell", "rose", "stayed")
    ]
    total = len(known)
    told = [
        f"{verb}{' level' if verb == 'stayed' else ''} in {_arms(count, total)}"
        for verb, count in counts
        if count
    ]
    when = "" if begin is None else f" from before {period_label(begin)} to after it"
    named = known if total <= 3 else [known[0], known[-1]]
    spans = numbers.listing([f"{move.arm} ({move.span()})" for move in named])
    return f"The {outcome} {numbers.listing(told)}{when}: {spans}"


def _arms(count: int, total: int) -> str:
    if count == total:
        return {1: "the one arm", 2: "both arms"}.get(total, f"all {total} arms")
    return f"{count} of {total} arms"
