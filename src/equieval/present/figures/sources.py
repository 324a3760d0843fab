"""Where sources agree: the same quantity by group, as each source has it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from equieval.errors import InputError
from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas, forests
from equieval.present.figures.lines import LOOKS, MOST_LINES
from equieval.present.figures.words import column, subtitle
from equieval.present.groups import groups_called
from equieval.present.wording import capitalise

STEP = 0.2  # inches between the sources of one group


def source_agreement(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    levels: Sequence[str] | None = None,
    group: str = "",
    population: str = "",
    period: str = "",
    tolerance: float = 0.0,
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """The same rate by group from two to four sources, each with its interval.

    Parameters
    ----------
    data : columns ``source, stratum, rate, ci_low, ci_high`` and, kept in the download,
        ``numerator, denominator``. A rate that a source does not have is missing.
    levels : the groups in their order; by default the data's.
    group : what a numbered group is called (``"tenth"``).
    period : the time that the rates are of, in words.
    tolerance : the difference of two rates that still counts as agreement, in ``unit``.

    Raises
    ------
    InputError : one source, or more than four.
    """
    require(data, ("source", "stratum", "rate", "ci_low", "ci_high"), "source_agreement")
    frame = data.assign(source=data["source"].astype(str), stratum=data["stratum"].astype(str))
    names = list(dict.fromkeys(frame["source"]))
    if not 2 <= len(names) <= MOST_LINES:
        raise InputError(
            f"sources are compared two to four at a time, not {len(names)}",
            where="source_agreement",
            remedy="draw the sources that measure the same thing, at most four in one figure",
        )
    present = list(dict.fromkeys(frame["stratum"]))
    order = [str(level) for level in levels or present if str(level) in present]
    labels = {
        level: f"{capitalise(group)} {level}" if level.isdigit() and group else capitalise(level)
        for level in order
    }
    with theme.figure_style():
        wrapped = [canvas.wrap(labels[level], forests.LABEL_WIDTH, theme.POINTS_TEXT)
                   for level in order]  # fmt: skip
        sizes = [canvas.text_size(words, theme.POINTS_TEXT) for words in wrapped]
        heights = np.array([max(STEP * len(names), size[1]) + 0.16 for size in sizes])
        key = [capitalise(name) for name in names]
        room = canvas.key_room(key) + 0.04
        page = canvas.sheet(float(heights.sum()) + 0.62 + room, source=source,
                            synthetic=synthetic)  # fmt: skip
        ax = page.axes(max(size[0] for size in sizes) + 0.2, 0.25, 0.62, room)
        _draw_sources(ax, frame, names, order, heights)
        ax.set_xlabel(capitalise(unit))
        box = ax.get_position()
        middles = float(heights.sum()) - np.cumsum(heights) + heights / 2
        for words, middle in zip(wrapped, middles, strict=True):
            height = (box.y0 + middle / float(heights.sum()) * box.height) * page.height
            page.text(0.05, height, words, va="center", linespacing=1.2)
        samples = [
            Line2D([], [], color=look.colour, marker=look.marker, markersize=7, linestyle="None")
            for look in LOOKS[: len(names)]
        ]
        canvas.key_above(page, list(zip(samples, key, strict=True)))
    noun = group or "group"
    title, account = _agreement(frame, names, order, noun, outcome, unit, tolerance)
    return Picture(
        title=title,
        subtitle=subtitle(f"{unit}, by {group or 'group'} and source", population)
        + (f", {period}" if period else ""),
        alt=f"Dots with intervals for {len(order)} groups and {len(names)} sources. {account}",
        data=plain_frame(frame),
        figure=page.figure,
        note=f"Lines are {ci_level * 100:g}% intervals. Sources that share records lie closer than "
        "their intervals suggest.",
    )


def _draw_sources(
    ax: Axes, frame: pd.DataFrame, names: list[str], order: list[str], heights: canvas.Floats
) -> None:
    values = np.concatenate([column(frame, name) for name in ("rate", "ci_low", "ci_high")])
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    room = (high - low) * 0.05 or 1.0
    ax.set_xlim(0 if 0 <= low <= 0.25 * high else low - room, high + room)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    canvas.plain_ticks(ax, "x")
    total = float(heights.sum())
    middles = total - np.cumsum(heights) + heights / 2
    ax.set_ylim(0, total)
    ax.set_yticks([])
    ax.grid(False)
    ax.grid(True, axis="x")
    ax.hlines(total - np.cumsum(heights)[:-1], *ax.get_xlim(), color=theme.GRID, linewidth=0.9)
    for place, (name, look) in enumerate(zip(names, LOOKS, strict=False)):
        rows = frame.loc[frame["source"] == name].drop_duplicates("stratum").set_index("stratum")
        rows = rows.reindex(order)
        at = middles + ((len(names) - 1) / 2 - place) * STEP
        rate, foot, top = (column(rows, key) for key in ("rate", "ci_low", "ci_high"))
        ax.hlines(at, foot, top, color=look.colour, linewidth=2, zorder=3)
        ax.plot(rate, at, look.marker, color=look.colour, markersize=7, zorder=4)


def _meet(first: Mapping[Hashable, object], second: Mapping[Hashable, object]) -> bool:
    """Whether the intervals of two rates have a value in common; without both they have none."""
    ends = [row[key] for row in (first, second) for key in ("ci_low", "ci_high")]
    if any(numbers.is_missing(end) for end in ends):
        return False
    low, high, other_low, other_high = (float(str(end)) for end in ends)
    return low <= other_high and other_low <= high


def _agreement(
    frame: pd.DataFrame,
    names: list[str],
    order: list[str],
    group: str,
    outcome: str,
    unit: str,
    tolerance: float,
) -> tuple[str, str]:
    """Title and account.

    Two sources differ where their rates are further apart than the tolerance and their
    intervals, where both have one, do not meet.
    """
    by = {(row["source"], row["stratum"]): row for row in frame.to_dict("records")}
    apart: list[tuple[float, str, str, str]] = []
    compared = set()
    for level in order:
        for one, other in combinations(names, 2):
            first, second = by.get((one, level)), by.get((other, level))
            if first is None or second is None:
                continue
            if numbers.is_missing(first["rate"]) or numbers.is_missing(second["rate"]):
                continue
            compared.add(level)
            distance = abs(first["rate"] - second["rate"])
            if distance > tolerance and not _meet(first, second):
                apart.append((distance, level, one, other))
    if not compared:
        words = f"The sources have no {outcome} of the same group to compare"
        return words, f"{words}: {len(order)} groups."
    groups = list(dict.fromkeys(level for _, level, _, _ in apart))
    if not groups:
        title = f"The sources agree on the {outcome} within {_bar(tolerance, unit)} in "
        title += f"all {len(compared)} groups" if len(compared) > 1 else "the one group compared"
        account = f"{title}."
    else:
        scope = (
            f"all {len(compared)}"
            if len(groups) == len(compared)
            else (f"{len(groups)} of {len(compared)}")
        )
        _, level, one, other = max(apart)
        pair = [float(by[name, level]["rate"]) for name in (one, other)]
        digits = numbers.decimals_for(*pair)
        title = (
            f"The sources differ on the {outcome} by more than {_bar(tolerance, unit)} in {scope} "
            f"groups; most in {groups_called([level], group)}"
        )
        account = (
            f"{title}: {numbers.of_unit(numbers.number(pair[0], digits), unit)} in {one}, "
            f"{numbers.number(pair[1], digits)} in {other}."
        )
    for name in names:
        lacking = [level for level in order
                   if numbers.is_missing(by.get((name, level), {}).get("rate"))]  # fmt: skip
        if lacking:
            who = groups_called(lacking, group)
            account += f" {capitalise(name)} has no figure for people in {who}."
    return title, account


def _bar(tolerance: float, unit: str) -> str:
    """What still counts as agreement, in words."""
    if not tolerance:
        return "chance"
    return f"chance and {numbers.of_unit(f'{tolerance:g}', numbers.change_unit(unit))}"
