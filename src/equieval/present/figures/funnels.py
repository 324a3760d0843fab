"""Units in a funnel: rates by size, within the limits that chance gives around the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas
from equieval.present.figures.words import column, singular, subtitle
from equieval.present.wording import capitalise

CHANCE = "the 99.8% limits of chance"
"""Which of the two limits the title counts by."""
MOST_NAMES = 8  # of units beside their dots
Marks = npt.NDArray[np.bool_]


def funnel(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    units: str = "units",
    polarity: str = "low",
    population: str = "",
    period: str = "",
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """Every unit's rate by its size, within the limits that chance gives around the whole.

    Parameters
    ----------
    data : columns ``unit, denominator, rate, low95, high95, low998, high998``, the limits at
        the unit's own size around the overall rate, and ``treated``.
    units : what the units are, in the plural (``"trusts"``).
    period : the time that the rates are of, in words.
    """
    limits = ("low95", "high95", "low998", "high998")
    require(data, ("unit", "denominator", "rate", *limits, "treated"), "funnel")
    frame = data.sort_values("denominator").reset_index(drop=True)
    size, rate = column(frame, "denominator"), column(frame, "rate")
    low, high, lowest, highest = (column(frame, name) for name in limits)
    treated = column(frame, "treated") == 1
    known = np.isfinite(rate) & np.isfinite(size)
    whole = float(np.average(rate[known], weights=size[known])) if known.any() else float("nan")
    above, below = known & (rate > highest), known & (rate < lowest)
    key = ["Taking part", "Not taking part"] if treated.any() else [capitalise(units)]
    with theme.figure_style():
        room = canvas.key_room(key) + 0.3
        remark = canvas.zero_remark(np.append(rate, [lowest, highest]))
        page = canvas.sheet(3.6 + room, source=source, synthetic=synthetic, remark=remark)
        ax = page.axes(0.62, 1.6, 0.62, room)
        canvas.value_axis(ax, np.concatenate([rate, lowest, highest]))
        bottom, top = ax.get_ylim()
        ax.set_xlim(0, float(np.nanmax(size)) * 1.06)
        ax.axhline(whole, color=theme.INK_SECONDARY, linewidth=1.3, zorder=2)
        bounds = (((low, high), (0, (4, 2))), ((lowest, highest), "-"))
        for pair, dash in bounds:
            for ends in pair:
                ax.plot(size, np.clip(ends, bottom, top), color=theme.MID_BLUE, linewidth=1.6,
                        linestyle=dash, zorder=2.5)  # fmt: skip
        samples = []
        for marks, marker, colour in (
            (treated, "D", theme.ORANGE),
            (~treated, "o", theme.DARK_BLUE),
        ):
            if not marks.any():
                continue
            ax.plot(size[marks], rate[marks], marker, color=colour, markersize=6.5, zorder=4)
            samples.append(Line2D([], [], color=colour, marker=marker, markersize=6.5,
                                  linestyle="None"))  # fmt: skip
        canvas.spaced_ticks(ax)
        ax.set_xlabel(f"Number that the rate is out of{f', {period}' if period else ''}")
        box = ax.get_position()
        page.text(0.05, box.y1 * page.height + 0.06, capitalise(unit), va="bottom")
        _label_limits(page, ax, whole, high, highest)
        _name_dots(page, ax, frame, above | below, size, rate)
        canvas.key_above(page, list(zip(samples, key, strict=False)))
    title, account = _outside(frame, above, below, whole, outcome, unit, units)
    return Picture(
        title=title,
        subtitle=subtitle(f"{unit}, by {singular(units)}", population)
        + (f", {period}" if period else ""),
        alt=f"Funnel plot of {int(known.sum())} {units}. {account}",
        data=plain_frame(frame),
        figure=page.figure,
        note="Lying outside the limits is a reason to look closer, no judgement of care.",
    )


def _label_limits(
    page: canvas.Sheet, ax: Axes, whole: float, high: canvas.Floats, highest: canvas.Floats
) -> None:
    ends = [
        canvas.EndLabel(whole, "Overall rate",
                        Line2D([], [], color=theme.INK_SECONDARY, linewidth=1.3)),
        canvas.EndLabel(float(high[-1]), "95% limits",
                        Line2D([], [], color=theme.MID_BLUE, linewidth=1.6,
                               linestyle=(0, (4, 2)))),
        canvas.EndLabel(float(highest[-1]), "99.8% limits",
                        Line2D([], [], color=theme.MID_BLUE, linewidth=1.6)),
    ]  # fmt: skip
    canvas.label_ends(page, ax, ends)


@dataclass(frozen=True)
class _Box:
    """A rectangle on the sheet, in inches."""

    x0: float
    y0: float
    x1: float
    y1: float

    def meets(self, other: _Box) -> bool:
        """Whether the two overlap."""
        return (
            self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1
        )


def _name_dots(
    page: canvas.Sheet,
    ax: Axes,
    frame: pd.DataFrame,
    marked: Marks,
    xs: canvas.Floats,
    ys: canvas.Floats,
) -> None:
    """Name the marked dots where a name fits beside its dot; the data name every one."""
    places = np.flatnonzero(marked)
    if len(places) > MOST_NAMES:
        return
    box = ax.get_position()
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    wide, tall = box.width * theme.FIGURE_WIDTH, box.height * page.height
    dots = [
        (box.x0 * theme.FIGURE_WIDTH + (x - left) / (right - left) * wide,
         box.y0 * page.height + (y - bottom) / (top - bottom) * tall)
        for x, y in zip(xs, ys, strict=True)
    ]  # fmt: skip
    taken = [_Box(x - 0.06, y - 0.06, x + 0.06, y + 0.06) for x, y in dots
             if np.isfinite([x, y]).all()]  # fmt: skip
    frame_box = _Box(box.x0 * theme.FIGURE_WIDTH, box.y0 * page.height,
                     box.x1 * theme.FIGURE_WIDTH, box.y1 * page.height)  # fmt: skip
    for place in places:
        words = str(frame["unit"].iloc[place])
        width, height = canvas.text_size(words, theme.POINTS_SMALL)
        spot = _free_spot(dots[place], width, height, taken, frame_box)
        if spot is None:
            continue
        taken.append(spot)
        page.text(spot.x0, (spot.y0 + spot.y1) / 2, words, va="center", ha="left",
                  fontsize=theme.POINTS_SMALL)  # fmt: skip


def _free_spot(
    dot: tuple[float, float],
    width: float,
    height: float,
    taken: Sequence[_Box],
    inside: _Box,
) -> _Box | None:
    """Return the first place beside, above or below a dot that nothing else takes."""
    x, y = dot
    corners = (
        (x + 0.09, y - height / 2), (x - 0.09 - width, y - height / 2),
        (x - width / 2, y + 0.07), (x - width / 2, y - 0.07 - height),
    )  # fmt: skip
    for x0, y0 in corners:
        box = _Box(x0, y0, x0 + width, y0 + height)
        held = box.x0 > inside.x0 and box.x1 < inside.x1
        held = held and box.y0 > inside.y0 and box.y1 < inside.y1
        if held and not any(box.meets(other) for other in taken):
            return box
    return None


def _outside(
    frame: pd.DataFrame,
    above: Marks,
    below: Marks,
    whole: float,
    outcome: str,
    unit: str,
    units: str,
) -> tuple[str, str]:
    total = int(column(frame, "rate").size - np.isnan(column(frame, "rate")).sum())
    over, under = int(above.sum()), int(below.sum())
    if not over and not under:
        title = f"All {total} {units} lie within {CHANCE} around the overall {outcome}"
    else:
        parts = [f"{count} above" if side else f"{count} below"
                 for count, side in ((over, True), (under, False)) if count]  # fmt: skip
        title = (
            f"{over + under} of {total} {units} {'lies' if over + under == 1 else 'lie'} outside "
            f"{CHANCE} around the overall {outcome}: {numbers.listing(parts)}"
        )
    size = numbers.of_unit(numbers.number(whole), unit)
    account = f"{title}. The overall rate is {size}."
    for words, marks in (("Above", above), ("Below", below)):
        if marks.any():
            named = [f"{row['unit']} ({numbers.number(row['rate'])})"
                     for row in frame.loc[marks].head(MOST_NAMES).to_dict("records")]  # fmt: skip
            more = int(marks.sum()) - len(named)
            named += [f"{more} more"] if more > 0 else []
            account += f" {words}: {numbers.listing(named)}."
    return title, account
