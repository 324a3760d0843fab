"""Inequality: dots by group, a measure over time, and the line behind the slope index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas
from equieval.present.figures.over_time import mark_starts
from equieval.present.figures.withheld import (
    CROSSES,
    draw_withheld,
    is_withheld,
    withheld_label,
    withheld_note,
)
from equieval.present.figures.words import above_or_below, column, subtitle
from equieval.present.groups import LEAST, MOST, WORST_OFF, Groups
from equieval.present.periods import as_periods, period_label, period_noun
from equieval.present.wording import capitalise

MOST_ROWS = 16


def equiplot(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    levels: Sequence[str] | None = None,
    group: str | None = None,
    most: str | None = None,
    least: str | None = None,
    population: str = "",
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """Every group as a dot, one line per period: how far apart the groups are.

    Parameters
    ----------
    data : columns ``stratum, period, rate``. Long series show every k-th period, counted
        back from the last, so that at most 16 lines are drawn; the subtitle says so.
    levels : groups from the most to the least deprived, or the worst-off first and the
        reference last; by default the data's order.
    group, most, least : as for `rates_by_group`.
    """
    require(data, ("stratum", "period", "rate"), "equiplot")
    groups = Groups.of(data["stratum"], levels, group, most, least)
    periods = as_periods(data["period"])
    every = pd.period_range(periods.min(), periods.max(), freq=periods.freq)
    step = -(-len(every) // MOST_ROWS)
    shown = every[::-1][::step][::-1]
    frame = data.assign(period=periods, stratum=data["stratum"].astype(str))
    frame = frame.loc[frame["period"].isin(shown)].reset_index(drop=True)
    wide = frame.pivot(index="period", columns="stratum", values="rate").reindex(shown)
    first, last = groups.ends
    with theme.figure_style():
        room = canvas.key_room([*map(groups.label, groups.ends), "Others"])
        page = canvas.sheet(0.6 + room + 0.27 * len(shown), source=source, synthetic=synthetic)
        names = [
            period_label(period) + (f" ({hidden} withheld)" if hidden else "")
            for period, hidden in zip(shown, _hidden(frame, shown), strict=True)
        ]
        left = 0.3 + max(canvas.text_size(name, theme.POINTS_TEXT)[0] for name in names)
        ax = page.axes(left, 0.25, 0.6, room)
        values = wide.to_numpy(dtype=float)
        _across(ax, values)
        ax.grid(False)
        ax.grid(True, axis="x")
        rows = np.arange(len(shown))
        others = [level for level in wide.columns if level not in groups.ends]
        for row in rows:
            known = values[row][np.isfinite(values[row])]
            if known.size:
                ends = [known.min(), known.max()]
                ax.plot(ends, [row, row], color=theme.OTHERS, linewidth=1.6, zorder=2)
        for level in others:
            ax.plot(wide[level], rows, "o", color="#8a959c", markersize=4.5, zorder=3)
        ax.plot(wide[last], rows, "s", color=theme.LEAST, markersize=8, zorder=4)
        ax.plot(wide[first], rows, "o", color=theme.MOST, markersize=9, zorder=5)
        ax.set_yticks(rows, names)
        ax.set_ylim(len(shown) - 0.4, -0.6)
        ax.set_xlabel(capitalise(unit))
        key = [
            (Line2D([], [], color=theme.MOST, marker="o", markersize=9), groups.label(first)),
            (Line2D([], [], color=theme.LEAST, marker="s", markersize=8), groups.label(last)),
        ]
        if others:
            key.append((Line2D([], [], color="#8a959c", marker="o", markersize=4.5), "Others"))
        canvas.key_above(page, key)
    noun = period_noun(every, step)
    scope = f"{unit}, by {groups.group or 'group'}" + (f", every {step} {noun}" if step > 1 else "")
    title, account = _distance(wide, groups, outcome, unit)
    return Picture(
        title=title,
        subtitle=subtitle(scope, population, periods),
        alt=f"Dots for {wide.shape[1]} groups on {len(shown)} lines, one per period. {account}",
        data=plain_frame(frame),
        figure=page.figure,
        note=withheld_note(frame, "rate", shown_as="the line of their period says how many"),
    )


def _hidden(frame: pd.DataFrame, shown: pd.PeriodIndex) -> list[int]:
    """Return how many groups are withheld in each period that is drawn."""
    hidden = frame.loc[is_withheld(frame, "rate"), "period"]
    return [int((hidden == period).sum()) for period in shown]


def _across(ax: Axes, values: canvas.Floats) -> None:
    """Scale the horizontal axis to the values, from zero where that wastes little."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    room = (high - low) * 0.05 or 1.0
    ax.set_xlim(0 if 0 <= low <= 0.25 * high else low - room, high + room)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    canvas.plain_ticks(ax, "x")


def _distance(wide: pd.DataFrame, groups: Groups, outcome: str, unit: str) -> tuple[str, str]:
    """Title and account: how far apart the two ends were, first and last."""
    first, last = groups.ends
    pairs = wide[[first, last]].dropna()
    if pairs.empty:
        words = f"{capitalise(groups.most_words)} and {groups.least_words} cannot be compared"
        return words, f"{words}."
    ends = [(period_label(period), float(row[first] - row[last]), row)
            for period, row in (next(pairs.iterrows()), list(pairs.iterrows())[-1])]  # fmt: skip
    digits = numbers.decimals_for(*(gap for _, gap, _ in ends))
    begin, end = (f"{above_or_below(gap, unit if i == 0 else '', digits)}"
                  for i, (_, gap, _) in enumerate(ends))  # fmt: skip
    title = f"The {outcome} of {groups.most_words} was {begin} that of {groups.least_words} in "
    title += f"{ends[0][0]}"
    if len(pairs) > 1:
        title += f" and {end} in {ends[1][0]}"
    account = " ".join(
        f"In {when}: {groups.most_words} {numbers.number(row[first])}, "
        f"{groups.least_words} {numbers.number(row[last])}."
        for when, _, row in (ends if len(pairs) > 1 else ends[:1])
    )
    return title, f"{title}. {account}"


def gap_series(
    data: pd.DataFrame,
    *,
    measure: str,
    unit: str = "",
    null: float = 0.0,
    population: str = "",
    start: object = None,
    last_start: object = None,
    intervention: str = "",
    worst_off: str = WORST_OFF,
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """An inequality measure per period with intervals and the line of no inequality.

    Parameters
    ----------
    data : columns ``period, estimate, ci_low, ci_high``; positive (or, with ``null=1``,
        over one) is worse for the worst-off.
    measure : its name in running text (``"slope index of inequality"``).
    unit : unit of the measure; "" for ratios and indices.
    null : the value that means no inequality: 0 for differences, 1 for ratios.
    start, last_start, intervention : as for `rates_by_group`.
    worst_off : whom positive values burden (``"the most deprived"``, ``"the Black group"``).
    """
    require(data, ("period", "estimate", "ci_low", "ci_high"), "gap_series")
    unit = numbers.change_unit(unit) if null == 0 else unit
    periods = as_periods(data["period"])
    frame = data.assign(period=periods).sort_values("period").reset_index(drop=True)
    places = np.array([p.ordinal for p in frame["period"]], dtype=float)
    estimate, low, high = (column(frame, name) for name in ("estimate", "ci_low", "ci_high"))
    with theme.figure_style():
        page = canvas.sheet(3.9, source=source, synthetic=synthetic)
        ax = page.axes(0.6, 1.15, 0.38, 0.66 if start is not None else 0.42)
        canvas.value_axis(ax, np.append(np.concatenate([estimate, low, high]), null))
        canvas.time_axis(ax, periods)
        ax.axhline(null, color=theme.INK_SECONDARY, linewidth=1.3, zorder=2)
        ax.vlines(places, low, high, color=theme.MID_BLUE, linewidth=1.8, zorder=3)
        whole = np.arange(places.min(), places.max() + 1)
        joined = pd.Series(estimate, index=places).reindex(whole)
        ax.plot(whole, joined, color=theme.DARK_BLUE, linewidth=1.2, zorder=3)
        ax.plot(places, estimate, "o", color=theme.DARK_BLUE, markersize=6, zorder=4)
        draw_withheld(ax, places[is_withheld(frame, "estimate")], colour=theme.DARK_BLUE)
        sample = Line2D([], [], color=theme.INK_SECONDARY, linewidth=1.3)
        hidden = withheld_label(ax, int(is_withheld(frame, "estimate").sum()))
        canvas.label_ends(page, ax, [canvas.EndLabel(null, "No gap", sample), *hidden])
        canvas.head_axis(page, capitalise(", ".join(part for part in (measure, unit) if part)))
        if start is not None:
            mark_starts(page, ax, periods, start, last_start, intervention)
    title, account = _then_and_now(frame, measure, unit, null)
    known = int(np.isfinite(estimate).sum())
    note = (
        f"Vertical lines are {ci_level * 100:g}% intervals. Values above the line of no gap are "
        f"to the disadvantage of {worst_off}."
    )
    crosses = withheld_note(frame, "estimate", shown_as=CROSSES)
    return Picture(
        title=title,
        subtitle=subtitle(", ".join(p for p in (measure, unit) if p), population, periods),
        alt=f"Dots with intervals for {known} {period_noun(periods, known)}. {account}",
        data=plain_frame(frame),
        figure=page.figure,
        note=f"{note} {crosses}".strip(),
    )


def _then_and_now(frame: pd.DataFrame, measure: str, unit: str, null: float) -> tuple[str, str]:
    """Title and account: first against last, and whether they clearly differ."""
    seen = frame.dropna(subset=["estimate"])
    if seen.empty:
        words = f"The {measure} cannot be calculated"
        return words, f"{words}."
    begin, end = seen.iloc[0], seen.iloc[-1]
    digits = numbers.decimals_for(begin["estimate"], end["estimate"])
    first, last = (numbers.number(row["estimate"], digits) for row in (begin, end))
    when, now = period_label(begin["period"]), period_label(end["period"])
    spans = [numbers.interval(row["ci_low"], row["ci_high"], digits) for row in (begin, end)]
    clear = int(((seen["ci_low"] > null) | (seen["ci_high"] < null)).sum())
    account = (
        f"The {measure} was {numbers.of_unit(first, unit)} ({spans[0]}) in {when} and {last} "
        f"({spans[1]}) in {now}. Its interval excludes equality in {clear} of {len(seen)} "
        f"{period_noun(pd.PeriodIndex(seen['period']), len(seen))}."
    )
    if len(seen) == 1:
        return f"The {measure} was {numbers.of_unit(first, unit)} in {when}", account
    wider = abs(end["estimate"] - null) > abs(begin["estimate"] - null)
    apart = _clearly_differ(begin, end, logs=null == 1.0)
    known = seen.loc[[begin.name, end.name], ["ci_low", "ci_high"]].notna().all(axis=None)
    if known and apart:
        change = "wider" if wider else "narrower"
        title = f"The gap was {change} in {now} than in {when}: {measure} {last} against {first}"
    else:
        title = f"The {measure} was {first} in {when} and {last} in {now}"
        title += ", no clear difference" if known else ""
    return title, account


def _clearly_differ(begin: pd.Series, end: pd.Series, *, logs: bool) -> bool:
    """Whether the interval of the difference of two independent estimates leaves out 0.

    From their own intervals by the method of variance estimates recovery (Zou and Donner 2008,
    Statistics in Medicine 27:1693); that intervals overlap does not show that nothing differs.
    """
    ends = [row[["estimate", "ci_low", "ci_high"]].to_numpy(dtype=float) for row in (begin, end)]
    if logs:
        ends = [np.log(values) for values in ends]
    (old, old_low, old_high), (new, new_low, new_high) = ends
    low = new - old - np.hypot(new - new_low, old_high - old)
    high = new - old + np.hypot(new_high - new, old - old_low)
    return bool(low > 0 or high < 0)


def sii_fit(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    period: object = None,
    group: str = "",
    most: str = "",
    least: str = "",
    population: str = "",
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """Rates against the rank of the groups, with the line that the slope index reads off.

    Parameters
    ----------
    data : columns ``stratum, ridit, rate, fitted`` and, drawn where there, ``ci_low,
        ci_high``. Rows without a rate extend the line only: give ridit 0 and 1, at which
        the slope index is read.
    group, most, least : by default numbered groups are deciles of deprivation, and groups that
        go by names are ranked by disadvantage.
    """
    require(data, ("stratum", "ridit", "rate", "fitted"), "sii_fit")
    numbered = data["stratum"].astype(str).str.isdigit().any()
    scale = "deprivation scale" if numbered else "scale of disadvantage"
    group = group or ("decile" if numbered else "group")
    most = most or (MOST if numbered else "most disadvantaged")
    least = least or (LEAST if numbered else "least disadvantaged")
    frame = data.sort_values("ridit").reset_index(drop=True)
    ridit, rate, fitted, low, high = (
        column(frame, name) for name in ("ridit", "rate", "fitted", "ci_low", "ci_high")
    )
    everything = np.concatenate([rate, fitted, low, high])
    with theme.figure_style():
        remark = canvas.zero_remark(everything)
        page = canvas.sheet(4.0, source=source, synthetic=synthetic, remark=remark)
        ax = page.axes(0.55, 1.6, 0.62, 0.42)
        canvas.value_axis(ax, everything)
        ax.vlines(ridit, low, high, color=theme.MID_BLUE, linewidth=1.8, zorder=2)
        ax.plot(ridit, fitted, color=theme.ORANGE, zorder=3)
        ax.plot(ridit, rate, "o", color=theme.DARK_BLUE, markersize=6.5, zorder=4)
        ax.set_xlim(-0.02, 1.02)
        ax.set_xticks([0, 0.5, 1], [f"{capitalise(most)}\n(0)", "Middle\n(0.5)",
                                    f"{capitalise(least)}\n(1)"])  # fmt: skip
        ends = ax.get_xticklabels()
        ends[0].set_horizontalalignment("left")
        ends[2].set_horizontalalignment("right")
        canvas.head_axis(page, capitalise(unit))
        last_rate = rate[np.isfinite(rate)]
        dots = Line2D([], [], color=theme.DARK_BLUE, marker="o", markersize=6.5, linestyle="None")
        canvas.label_ends(
            page,
            ax,
            [
                canvas.EndLabel(float(last_rate[-1]) if last_rate.size else np.nan,
                                f"Each {group}", dots),
                canvas.EndLabel(float(fitted[-1]), "Fitted line",
                                Line2D([], [], color=theme.ORANGE)),
            ],
        )  # fmt: skip
    begin, end = float(fitted[0]), float(fitted[-1])
    digits = numbers.decimals_for(begin, end)
    top, foot = numbers.number(begin, digits), numbers.number(end, digits)
    when = "" if period is None else f" in {period_label(period)}"
    size = numbers.of_unit(numbers.number(abs(begin - end), digits), numbers.change_unit(unit))
    moved = "fell" if begin > end else "rose" if begin < end else "stayed level"
    title = (
        f"From the {most} to the {least} the fitted {outcome} {moved} from {top} to {foot}{when}"
    )
    known = int(np.isfinite(rate).sum())
    return Picture(
        title=title,
        subtitle=subtitle(f"{unit}, by position on the {scale}", population),
        alt=f"Dots for {known} groups and a fitted line. The line {moved} from {top} at the {most} "
        f"end to {foot} at the {least} end{when}: a slope index of inequality of {size}.",
        data=plain_frame(frame),
        figure=page.figure,
        note=f"Vertical lines are {ci_level * 100:g}% intervals." if np.isfinite(low).any() else "",
    )
