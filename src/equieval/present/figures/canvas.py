"""The sheet that every figure is drawn on: size, footer, axes and labels.

Figures are made with `matplotlib.figure.Figure` on the Agg canvas: no window, no global
state. Everything is placed in inches, and text is measured before it is placed, so that
labels do not overlap whatever the numbers are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from scipy.optimize import isotonic_regression

from equieval.present import numbers, theme
from equieval.present.periods import tick_periods

Floats = npt.NDArray[np.float64]
LINE = 1.25 / 72  # a line of text, in inches per point
SYNTHETIC = "Synthetic data: no real people, places or programmes"
KEY_SAMPLE = 0.22  # inches from the left of a key's entry to its words
TICK_GAP = 0.2  # inches between two numbers of a horizontal axis
LIFTED = 0.6  # of the highest value: above it, an axis from zero would flatten the series


@dataclass(frozen=True)
class Sheet:
    """A blank figure with its footer; ``footer`` and ``height`` are inches."""

    figure: Figure
    footer: float
    height: float

    def axes(self, left: float, right: float, bottom: float, top: float) -> Axes:
        """Return axes inside these margins (inches), above the footer."""
        width, height = theme.FIGURE_WIDTH, self.height
        return self.figure.add_axes(
            (
                left / width,
                (self.footer + bottom) / height,
                (width - left - right) / width,
                (height - self.footer - bottom - top) / height,
            )
        )

    def text(self, x: float, y: float, words: str, **style: object) -> None:
        """Write words at ``x``, ``y`` inches from the lower left corner of the sheet."""
        self.figure.text(x / theme.FIGURE_WIDTH, y / self.height, words, **style)  # type: ignore[arg-type]


def sheet(height: float, *, source: str, synthetic: bool, remark: str = "") -> Sheet:
    """Return a sheet ``height`` inches high above its footer.

    The footer carries the label of synthetic data, a remark, and the source.
    """
    figure = Figure(figsize=(theme.FIGURE_WIDTH, height))
    FigureCanvasAgg(figure)
    lines: list[tuple[str, str]] = []
    for words, weight in (
        (SYNTHETIC if synthetic else "", "bold"),
        (remark, "normal"),
        (f"Source: {source}" if source else "", "normal"),
    ):
        if words:
            wrapped = wrap(words, theme.FIGURE_WIDTH - 0.1, theme.POINTS_SMALL, weight)
            lines += [(line, weight) for line in wrapped.split("\n")]
    step = theme.POINTS_SMALL * LINE
    footer = len(lines) * step + 0.12 if lines else 0.05
    total = height + footer
    figure.set_size_inches(theme.FIGURE_WIDTH, total)
    made = Sheet(figure, footer, total)
    for index, (line, weight) in enumerate(lines):
        made.text(
            0.05,
            footer - 0.1 - index * step,
            line,
            fontsize=theme.POINTS_SMALL,
            fontweight=weight,
            color=theme.INK if weight == "bold" else theme.INK_SECONDARY,
            va="top",
        )
    return made


def text_size(words: str, points: float, weight: str = "normal") -> tuple[float, float]:
    """Return width and height of words in inches, in the figures' font."""
    figure = Figure(figsize=(1, 1), dpi=72)
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    font = FontProperties(family=theme.FIGURE_FONT, size=points, weight=weight)
    widths = [
        renderer.get_text_width_height_descent(line, font, ismath=False)[0]
        for line in words.split("\n")
    ]
    return max(widths) / 72, len(widths) * points * LINE


def wrap(words: str, width: float, points: float, weight: str = "normal") -> str:
    """Break words into lines no wider than ``width`` inches."""
    lines: list[str] = []
    for word in words.split(" "):  # a no-break space keeps its words together
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_size(longer, points, weight)[0] <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def head_axis(page: Sheet, words: str) -> None:
    """Write what the vertical axis measures above it, horizontally."""
    page.text(
        0.05,
        page.height - 0.06,
        wrap(words, theme.FIGURE_WIDTH - 0.1, theme.POINTS_TEXT),
        va="top",
        ha="left",
        linespacing=1.2,
    )


def zero_remark(values: Floats) -> str:
    """Return the remark that the axis leaves zero out, for values that `value_axis` lifts."""
    finite = values[np.isfinite(values)]
    lifted = bool(finite.size) and float(finite.min()) > LIFTED * float(finite.max()) > 0
    return "The vertical axis does not start at zero." if lifted else ""


def value_axis(ax: Axes, values: Floats) -> None:
    """Scale the vertical axis to the values.

    Positive values start at zero unless the lowest is over 60% of the highest.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        finite = np.array([0.0, 1.0])
    low, high = float(finite.min()), float(finite.max())
    room = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    if 0 <= low <= LIFTED * high:
        ax.set_ylim(0, high + room)
    elif high <= 0:
        ax.set_ylim(low - room, 0)
    else:
        ax.set_ylim(low - room, high + room)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    plain_ticks(ax)
    _fit_tick_labels(ax)


def _fit_tick_labels(ax: Axes) -> None:
    """Move the axes to the right until the longest number beside it is on the sheet."""
    low, high = ax.get_ylim()
    places = [place for place in ax.yaxis.get_major_locator()() if low <= place <= high]
    labels = ax.yaxis.get_major_formatter().format_ticks(places)
    room = max((text_size(label, theme.POINTS_TEXT)[0] for label in labels), default=0.0) + 0.16
    box = ax.get_position()
    left = max(box.x0, room / theme.FIGURE_WIDTH)
    ax.set_position((left, box.y0, box.x1 - left, box.height))


def plain_ticks(ax: Axes, axis: str = "y") -> None:
    """Number the axis with as many decimals as its steps need, and proper minus signs."""
    chosen = ax.yaxis if axis == "y" else ax.xaxis
    low, high = chosen.get_view_interval()
    places = [place for place in chosen.get_major_locator()() if low <= place <= high]
    digits = next((d for d in range(5) if all(abs(round(p, d) - p) < 1e-9 for p in places)), 5)
    chosen.set_major_formatter(FuncFormatter(lambda value, _: numbers.number(value, digits)))


def spaced_ticks(ax: Axes) -> None:
    """Number the horizontal axis with as many ticks as its numbers leave room for."""
    width = ax.get_position().width * theme.FIGURE_WIDTH
    low, high = ax.get_xlim()
    for bins in range(8, 0, -1):
        ax.xaxis.set_major_locator(MaxNLocator(nbins=bins, steps=[1, 2, 5, 10]))
        plain_ticks(ax, "x")
        places = [place for place in ax.xaxis.get_major_locator()() if low <= place <= high]
        labels = ax.xaxis.get_major_formatter().format_ticks(places)
        widest = max((text_size(label, theme.POINTS_TEXT)[0] for label in labels), default=0.0)
        if len(labels) * (widest + TICK_GAP) <= width:
            return


def time_axis(ax: Axes, periods: pd.PeriodIndex, most: int = 8) -> None:
    """Scale the horizontal axis to the periods, marked with whole periods only."""
    ordinals = np.array([p.ordinal for p in periods])
    pad = 0.4 + 0.015 * (ordinals.max() - ordinals.min())
    ax.set_xlim(ordinals.min() - pad, ordinals.max() + pad)
    marks = tick_periods(periods, most)
    ax.set_xticks([place for place, _ in marks], [label for _, label in marks])


def mark_start(
    page: Sheet, ax: Axes, boundary: float, words: str, last: float | None = None
) -> None:
    """Draw the start as a vertical line, with its label above the plot.

    Where units start at several times, ``last`` is the boundary of the last start; the span
    between the two is shaded.
    """
    ends = [boundary] if last is None else [boundary, last]
    if last is not None:
        ax.axvspan(boundary, last, color=theme.OTHERS, alpha=0.22, linewidth=0, zorder=0.5)
    for end in ends:
        ax.axvline(end, color=theme.INK, linewidth=1.1, linestyle=(0, (2, 2)), zorder=1.5)
    box = ax.get_position()
    low, high = ax.get_xlim()
    share = (sum(ends) / len(ends) - low) / (high - low)
    centre = (box.x0 + share * box.width) * theme.FIGURE_WIDTH
    half = text_size(words, theme.POINTS_TEXT)[0] / 2
    centre = min(max(centre, half + 0.08), theme.FIGURE_WIDTH - half - 0.08)
    page.text(centre, box.y1 * page.height + 0.05, words, ha="center", va="bottom")


@dataclass(frozen=True)
class EndLabel:
    """A direct label at the right end of a series; ``y`` in data units."""

    y: float
    words: str
    sample: Line2D


def spread(
    centres: Sequence[float], heights: Sequence[float], low: float, high: float
) -> list[float]:
    """Move centres as little as needed so that boxes of these heights do not overlap.

    Least squares under the order of the centres: an isotonic regression of the centres
    less the room that the boxes before them take.

    >>> spread([1.0, 1.1], [1.0, 1.0], 0.0, 5.0)
    [0.55, 1.55]
    """
    order = np.argsort(centres, kind="stable")
    size = np.asarray(heights, dtype=float)[order]
    room = np.concatenate([[0.0], np.cumsum(size[:-1] / 2 + size[1:] / 2)])
    wish = np.asarray(centres, dtype=float)[order] - room
    first = np.asarray(isotonic_regression(wish).x)
    lowest, highest = low + size[0] / 2, high - size[-1] / 2 - room[-1]
    placed = np.empty_like(size)
    placed[order] = np.clip(first, lowest, max(lowest, highest)) + room
    return [round(float(place), 6) for place in placed]


def label_ends(page: Sheet, ax: Axes, labels: Sequence[EndLabel]) -> None:
    """Write labels right of the plot, each with a sample of its line or marker."""
    shown = [label for label in labels if np.isfinite(label.y)]
    box = ax.get_position()
    bottom, top = ax.get_ylim()
    low, high = box.y0 * page.height, box.y1 * page.height
    left = box.x1 * theme.FIGURE_WIDTH + 0.08
    room = theme.FIGURE_WIDTH - left - 0.36
    words = [wrap(label.words, room, theme.POINTS_TEXT) for label in shown]
    heights = [text_size(text, theme.POINTS_TEXT)[1] + 0.05 for text in words]
    wishes = [low + (label.y - bottom) / (top - bottom) * (high - low) for label in shown]
    places = spread(wishes, heights, low - 0.15, max(high, low - 0.15 + sum(heights)))
    for label, text, place in zip(shown, words, places, strict=True):
        sample = label.sample
        sample.set_transform(page.figure.transFigure)
        first = place + heights[shown.index(label)] / 2 - 0.025 - theme.POINTS_TEXT * LINE / 2
        ends = [left / theme.FIGURE_WIDTH, (left + 0.24) / theme.FIGURE_WIDTH]
        middle = [sum(ends) / 2]
        single = sample.get_linestyle() in ("None", "none", "")
        xs = middle if single else ends
        sample.set_data(xs, [first / page.height] * len(xs))
        page.figure.add_artist(sample)
        page.text(left + 0.32, place, text, va="center", ha="left", linespacing=1.2)


def key_above(page: Sheet, entries: Sequence[tuple[Line2D, str]]) -> None:
    """Write a key above the plot, each entry with a sample of its line or marker.

    Leave `key_room` of its words above the plot.
    """
    placed, _ = key_places([words for _, words in entries])
    for (sample, _), (x, down, words) in zip(entries, placed, strict=True):
        top = page.height - 0.06 - down
        y = (top - theme.POINTS_TEXT * LINE / 2) / page.height
        single = sample.get_linestyle() in ("None", "none", "") or sample.get_marker() != "None"
        if single:
            sample.set_linestyle("None")
        sample.set_transform(page.figure.transFigure)
        xs = [x + 0.06] if single else [x - 0.04, x + 0.16]
        sample.set_data([place / theme.FIGURE_WIDTH for place in xs], [y] * len(xs))
        page.figure.add_artist(sample)
        page.text(x + KEY_SAMPLE, top, words, va="top", ha="left", linespacing=1.2)


def key_room(words: Sequence[str]) -> float:
    """Return the inches above a plot that a key of these words takes."""
    return key_places(words)[1] + 0.14


def key_places(words: Sequence[str]) -> tuple[list[tuple[float, float, str]], float]:
    """Return each entry's place (inches from the left and the top) and the height of all."""
    placed: list[tuple[float, float, str]] = []
    x, down, deepest = 0.1, 0.0, 0.0
    for entry in words:
        text = wrap(entry, theme.FIGURE_WIDTH - KEY_SAMPLE - 0.2, theme.POINTS_TEXT)
        width, height = text_size(text, theme.POINTS_TEXT)
        if placed and x + KEY_SAMPLE + width > theme.FIGURE_WIDTH - 0.05:
            x, down = 0.1, deepest + 0.03
        placed.append((x, down, text))
        x += KEY_SAMPLE + width + 0.28
        deepest = max(deepest, down + height)
    return placed, deepest


def band_limits(core: Floats, lowest: float | None = None) -> tuple[float, float]:
    """Return limits of what is drawn, so that a very wide band does not flatten ``core``.

    ``lowest`` is the lowest value that can be, if there is one.
    """
    finite = core[np.isfinite(core)]
    if not finite.size:
        return -np.inf, np.inf
    span = float(finite.max() - finite.min()) or abs(float(finite.max())) or 1.0
    foot = float(finite.min()) - 1.5 * span
    if lowest is not None:
        foot = max(foot, min(lowest, float(finite.min())))
    return foot, float(finite.max()) + 1.5 * span
