"""Forest plots: labelled estimates with intervals against a line of no difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas
from equieval.present.figures.words import column, subtitle
from equieval.present.wording import capitalise

Dashes = Literal["solid"] | tuple[float, Sequence[float]]
LABEL_WIDTH = 2.3
LONGEST_LIST = 12
BEYOND = "An arrow marks an interval that goes on beyond the axis."
BOUNDS = (
    "Bounds hold every value that is plausible, chance included; none within them is likelier "
    "than another."
)
FREEDOM = "df: degrees of freedom, the information behind the interval."
DOT = 7.0
"""Diameter of a dot in points."""
RATIO_MARKS = (0.1, 0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 4, 5, 10)


@dataclass(frozen=True)
class Sides:
    """What lies on either side of the line of no difference, in words."""

    below: str = "a decrease"
    above: str = "an increase"


def forest(
    data: pd.DataFrame,
    *,
    quantity: str,
    unit: str = "",
    rows: str = "estimates",
    reference: float = 0.0,
    below: str = "a decrease",
    above: str = "an increase",
    log: bool = False,
    population: str = "",
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """Estimates one under the other: estimators, groups, periods left out, placebo dates.

    Parameters
    ----------
    data : columns ``label, estimate, ci_low, ci_high`` and, shown where there, ``df``
        (degrees of freedom), ``primary`` (true for the row drawn with a diamond) and ``bounds``
        (true for a row whose ends are bounds and no interval; its line is dashed, and it shows
        where the truth can lie, not how sure it is). An estimate or interval that is missing is
        named as not available.
    quantity : what is estimated (``"change in the stillbirth rate in 2022"``).
    unit : unit of the outcome; differences of percentages are told in percentage points.
    rows : what one row is, in the plural (``"estimators"``).
    reference : the value of no difference: 0, or 1 for ratios.
    below, above : what estimates under and over the reference mean (``"a lower rate"``).
    log : draw ratios on a logarithmic axis.
    """
    require(data, ("label", "estimate", "ci_low", "ci_high"), "forest")
    frame = data.reset_index(drop=True)
    unit = numbers.change_unit(unit) if reference == 0 else unit
    sides = Sides(below, above)
    with theme.figure_style():
        rows_drawn = Rows.of(frame)
        shown = rows_drawn.limits(reference) if not log else None
        cut = shown is not None and rows_drawn.beyond(shown)
        remark = BEYOND if cut else ""
        page = canvas.sheet(
            sum(rows_drawn.heights) + 1.02, source=source, synthetic=synthetic, remark=remark
        )
        ax = page.axes(rows_drawn.left, rows_drawn.right, 0.64, 0.36)
        rows_drawn.draw(page, ax, reference, log=log)
        ax.set_xlabel(capitalise(unit))
        head_sides(page, ax, sides, reference)
    title, account = agreement(frame, quantity, rows, reference, sides)
    listed = " ".join(rows_drawn.sentences()[:LONGEST_LIST])
    if len(frame) > LONGEST_LIST:
        listed += " The others are in the data."
    freedom = f" {FREEDOM}" if "df" in frame else ""
    return Picture(
        title=title,
        subtitle=subtitle(", ".join(p for p in (quantity, unit) if p), population),
        alt=f"{account} {listed}",
        data=plain_frame(frame),
        figure=page.figure,
        note=f"{what_lines_are(frame, ci_level)}{freedom}",
    )


def what_lines_are(frame: pd.DataFrame, ci_level: float) -> str:
    """Return in words what the lines of a forest plot are: intervals, bounds, or none."""
    drawn = np.isfinite(column(frame, "ci_low")) & np.isfinite(column(frame, "ci_high"))
    bounds = are_bounds(frame)
    interval = f"{ci_level * 100:g}% intervals"
    if not drawn.any():
        return "No row has an interval."
    if not (drawn & bounds).any():
        return f"Lines are {interval}."
    if not (drawn & ~bounds).any():
        return f"Dashed lines are bounds. {BOUNDS}"
    return f"Solid lines are {interval}, dashed lines bounds. {BOUNDS}"


def are_bounds(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which rows have bounds for ends, and not an interval."""
    return np.asarray(column(frame, "bounds") == 1)


@dataclass(frozen=True)
class Rows:
    """The rows of a forest plot with their texts, measured (inches) before they are drawn."""

    frame: pd.DataFrame
    labels: tuple[str, ...]
    values: tuple[str, ...]
    heights: tuple[float, ...]
    left: float
    right: float

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Rows:
        """Wrap the labels, write the numbers, and measure both."""
        primary = column(frame, "primary") == 1
        weights = ["bold" if bold else "normal" for bold in primary]
        labels = tuple(
            canvas.wrap(str(label), LABEL_WIDTH - 0.2, theme.POINTS_TEXT, weight)
            for label, weight in zip(frame["label"], weights, strict=True)
        )
        values = _value_words(frame, one_line=not any("\n" in label for label in labels))
        widths = [
            canvas.text_size(label, theme.POINTS_TEXT, weight)[0]
            for label, weight in zip(labels, weights, strict=True)
        ]
        heights = tuple(
            max(canvas.text_size(words, theme.POINTS_TEXT)[1] for words in pair) + 0.15
            for pair in zip(labels, values, strict=True)
        )
        right = max(canvas.text_size(words, theme.POINTS_TEXT)[0] for words in values)
        return cls(frame, labels, values, heights, max(widths) + 0.22, right + 0.2)

    def sentences(self) -> list[str]:
        """Return each row in words, for the alternative text."""
        return [
            f"{label}: {words.replace(chr(10), ', ')}."
            for label, words in zip(self.frame["label"], self.values, strict=True)
        ]

    def limits(self, reference: float) -> tuple[float, float]:
        """Return the ends of a linear axis: every estimate, and all but runaway intervals.

        An interval that reaches over four times as far as the median one is cut.
        """
        estimate, low, high = (column(self.frame, c) for c in ("estimate", "ci_low", "ci_high"))
        reach = np.fmax(np.abs(low - reference), np.abs(high - reference))
        known = reach[np.isfinite(reach)]
        most = 4 * float(np.median(known)) if known.size > 2 else np.inf
        ends = np.clip(np.concatenate([low, high]), reference - most, reference + most)
        values = np.concatenate([estimate, ends, [reference]])
        values = values[np.isfinite(values)]
        room = float(values.max() - values.min()) * 0.05 or 1.0
        return float(values.min()) - room, float(values.max()) + room

    def beyond(self, shown: tuple[float, float]) -> bool:
        """Whether an interval goes on beyond the axis."""
        low, high = column(self.frame, "ci_low"), column(self.frame, "ci_high")
        return bool((low < shown[0]).any() or (high > shown[1]).any())

    def draw(
        self,
        page: canvas.Sheet,
        ax: Axes,
        reference: float,
        *,
        log: bool = False,
        sizes: canvas.Floats | None = None,
    ) -> None:
        """Draw each row's estimate and interval, its label on the left, its numbers right.

        ``sizes`` are the diameters of the dots in points, one per row; by default all alike.
        """
        estimate, low, high = (column(self.frame, c) for c in ("estimate", "ci_low", "ci_high"))
        primary = column(self.frame, "primary") == 1
        total = sum(self.heights)
        middles = total - np.cumsum(self.heights) + np.array(self.heights) / 2
        ax.set_ylim(0, total)
        ax.set_yticks([])
        ax.grid(False)
        ax.grid(True, axis="x")
        if log:
            _log_axis(ax, np.concatenate([estimate, low, high, [reference]]))
        else:
            ax.set_xlim(*self.limits(reference))
            ax.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
            canvas.plain_ticks(ax, "x")
        first, last = ax.get_xlim()
        ax.axvline(reference, color=theme.INK, linewidth=1.2, zorder=2)
        bounds = are_bounds(self.frame)
        foot, top = np.clip(low, first, last), np.clip(high, first, last)
        dashes: list[tuple[npt.NDArray[np.bool_], Dashes]] = [
            (~bounds, "solid"),
            (bounds, (0, (2, 1.2))),
        ]
        for chosen, style in dashes:
            ax.hlines(middles[chosen], foot[chosen], top[chosen], color=theme.DARK_BLUE,
                      linewidth=2.2, linestyles=style, zorder=3)  # fmt: skip
        for cut, edge, marker in ((low < first, first, "<"), (high > last, last, ">")):
            ax.plot(np.full(int(cut.sum()), edge), middles[cut], marker, color=theme.DARK_BLUE,
                    markersize=8, clip_on=False, zorder=4)  # fmt: skip
        widths = np.full(len(primary), DOT) if sizes is None else sizes
        dots = [(~primary & (widths == width), "o", width) for width in np.unique(widths[~primary])]
        for chosen, marker, width in (*dots, (primary, "D", 8.5)):
            ax.plot(estimate[chosen], middles[chosen], marker, color=theme.DARK_BLUE,
                    markersize=width, zorder=4)  # fmt: skip
        box = ax.get_position()
        base = box.y0 * page.height
        edge = box.x1 * theme.FIGURE_WIDTH + 0.12
        for label, words, middle, bold in zip(
            self.labels, self.values, middles, primary, strict=True
        ):
            weight = "bold" if bold else "normal"
            page.text(0.05, base + middle, label, va="center", linespacing=1.2, fontweight=weight)
            page.text(edge, base + middle, words, va="center", linespacing=1.2)


def _value_words(frame: pd.DataFrame, *, one_line: bool) -> tuple[str, ...]:
    """The words right of each row: estimate, interval, degrees of freedom."""
    sizes = np.concatenate([column(frame, name) for name in ("estimate", "ci_low", "ci_high")])
    typical = np.abs(sizes[np.isfinite(sizes)])
    digits = numbers.decimals_for(float(np.median(typical))) if typical.size else 2
    shown = []
    for row in frame.to_dict("records"):
        if numbers.is_missing(row["estimate"]):
            shown.append("not available")
            continue
        words = numbers.number(row["estimate"], digits)
        span = numbers.interval(row["ci_low"], row["ci_high"], digits)
        span = "no interval" if span == numbers.NOT_AVAILABLE else span
        if "df" in row and not numbers.is_missing(row["df"]):
            shown.append(f"{words}\n{span}; df {numbers.degrees_of_freedom(row['df'])}")
        elif one_line and "df" not in row:
            shown.append(f"{words} ({span})")
        else:
            shown.append(f"{words}\n{span}")
    return tuple(shown)


def _log_axis(ax: Axes, values: canvas.Floats) -> None:
    """Scale the axis for ratios, marked at ratios that readers know."""
    finite = values[np.isfinite(values) & (values > 0)]
    low, high = float(finite.min()), float(finite.max())
    room = max((high / low) ** 0.06, 1.03)
    ax.set_xscale("log")
    ax.set_xlim(low / room, high * room)
    marks = [mark for mark in RATIO_MARKS if low / room <= mark <= high * room]
    while len(marks) > 6:
        marks = marks[::2] if 1 in marks[::2] else marks[1::2]
    ax.xaxis.set_major_locator(FixedLocator(marks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")


def head_sides(page: canvas.Sheet, ax: Axes, sides: Sides, reference: float) -> None:
    """Write what either side of the reference means above the plot, with arrows."""
    box = ax.get_position()
    low, high = ax.get_xlim()
    share = float(ax.transAxes.inverted().transform(ax.transData.transform((reference, 0)))[0])
    centre = (box.x0 + share * box.width) * theme.FIGURE_WIDTH
    top = box.y1 * page.height + 0.08
    left_words = f"← {capitalise(sides.below.removeprefix('a ').removeprefix('an '))}"
    right_words = f"{capitalise(sides.above.removeprefix('a ').removeprefix('an '))} →"
    widths = [canvas.text_size(w, theme.POINTS_TEXT)[0] for w in (left_words, right_words)]
    centre = min(max(centre, widths[0] + 0.2), theme.FIGURE_WIDTH - widths[1] - 0.2)
    if low < reference:
        page.text(centre - 0.1, top, left_words, ha="right", va="bottom")
    if high > reference:
        page.text(centre + 0.1, top, right_words, ha="left", va="bottom")


def agreement(
    frame: pd.DataFrame, quantity: str, rows: str, reference: float, sides: Sides
) -> tuple[str, str]:
    """Return title and account: what the rows say, and whether they say the same.

    A row speaks clearly when its interval leaves the reference out; a row without an
    interval never does. Rows without an estimate count among all, and are told.
    """
    estimate, low, high = (column(frame, name) for name in ("estimate", "ci_low", "ci_high"))
    known = np.isfinite(estimate)
    total, every = int(known.sum()), len(frame)
    lacking = every - total
    without = f"{lacking} {'gives' if lacking == 1 else 'give'} no estimate" if lacking else ""
    if not total:
        words = f"The {quantity} cannot be estimated"
        return words, f"{words}."
    up, down = int((low > reference).sum()), int((high < reference).sum())
    over, under = int((estimate > reference).sum()), int((estimate < reference).sum())
    scope = f"all {every} {rows}" if every > 1 else "the estimate"
    if up == every or down == every:
        side = sides.above if up else sides.below
        title = f"{capitalise(scope)} {'show' if every > 1 else 'shows'} {side}: {quantity}"
    elif up and down:
        title = (
            f"The {rows} contradict each other: {up} of {every} show {sides.above}, "
            f"{down} show {sides.below}"
        )
    elif up or down:
        clear, side = (up, sides.above) if up else (down, sides.below)
        title = f"{clear} of {every} {rows} {'show' if clear > 1 else 'shows'} {side}"
        unclear = total - clear
        if unclear and lacking:
            title += f"; {unclear} {'is' if unclear == 1 else 'are'} unclear"
        elif unclear:
            title += "; the other is unclear" if unclear == 1 else "; the others are unclear"
    elif over and under:
        title = f"None of the {every} {rows} shows a clear {quantity}, and they differ in direction"
    elif every == 1:
        title = f"The estimate shows no clear {quantity}"
    else:
        title = f"None of the {every} {rows} shows a clear {quantity}"
    title += f"; {without}" if lacking else ""
    leaves = "an interval that leaves"
    if (are_bounds(frame) & np.isfinite(low)).any():
        leaves = "an interval, or bounds, that leave"
    account = (
        f"{over} of {total} estimates lie on the side of {sides.above}, {under} on the side of "
        f"{sides.below}; {up + down} "
        f"{'has' if up + down == 1 else 'have'} {leaves} out no difference."
        + (f" {lacking} of {every} {rows} {without.partition(' ')[2]}." if lacking else "")
    )
    return title, account
