"""Dot plots of coverage: one row per cell, a dot per interval, its Monte-Carlo error, the band."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from equieval.present import theme
from equieval.present.figures import canvas
from intervals.grid import BAND, NOMINAL
from intervals.results import FAILED
from intervals.words import together

_LABEL = 2.55
_STEP, _GAP = 0.17, 0.15
_BAND = theme.LIGHT["tag"]
_LEFT_END = 70.0
_REMARK = (
    "Hollow: fails. Arrow: below the axis. Line: 99% Monte-Carlo error. Stroke (|): what coverage "
    "would be, had the withheld intervals been shown too."
)


@dataclass(frozen=True)
class Mark:
    """How one kind of interval is drawn and what the key calls it."""

    words: str
    marker: str
    colour: str


COLOURS = (theme.DARK_BLUE, theme.ORANGE, theme.TURQUOISE, theme.DARK_PINK)
SHAPES = ("o", "s", "^", "D")


def marks(words: list[str]) -> dict[str, Mark]:
    """Return a mark for each kind, told apart by shape and by colour."""
    return {name: Mark(name, SHAPES[place], COLOURS[place]) for place, name in enumerate(words)}


def coverage(
    rows: pd.DataFrame, *, kind: str, kinds: dict[str, Mark], families: dict[str, str]
) -> Figure:
    """Draw rows (``cell, label, coverage, coverage_low, coverage_high`` and ``kind``) by cell.

    ``families`` names the group of each cell; a heading stands above the first of each group. A
    cell without any published interval is said to have none.
    """
    cells = list(dict.fromkeys(rows["cell"]))
    labels = {
        cell: canvas.wrap(together(label), _LABEL - 0.15, theme.POINTS_TEXT)
        for cell, label in zip(rows["cell"], rows["label"], strict=True)
    }
    heads, heights, seen = {}, {}, ""
    for cell in cells:
        if families[cell] != seen:
            seen = heads[cell] = families[cell]
        drawn = int((rows["cell"] == cell).sum())
        words = canvas.text_size(labels[cell], theme.POINTS_TEXT)[1]
        heights[cell] = max(words, _STEP * drawn) + _GAP
    total = sum(heights.values()) + 0.34 * len(heads)
    key = [
        (Line2D([], [], marker=mark.marker, color=mark.colour, markersize=8), mark.words)
        for mark in kinds.values()
    ]
    room = canvas.key_room([words for _, words in key])
    with theme.figure_style():
        page = canvas.sheet(total + room + 1.24, source="", synthetic=True, remark=_REMARK)
        ax = page.axes(_LABEL, 0.2, 0.62, room + 0.62)
        canvas.key_above(page, key)
        _frame(ax, total)
        page.text(
            _LABEL + 0.05,
            page.height - room - 0.06,
            "Published intervals that hold the truth,\N{NO-BREAK SPACE}%",
            va="top",
        )
        base = page.footer + 0.62
        top = total
        for cell in cells:
            if cell in heads:
                page.text(0.05, base + top - 0.2, heads[cell], va="center", fontweight="bold")
                top -= 0.34
            middle = top - heights[cell] / 2
            page.text(0.05, base + middle, labels[cell], va="center", linespacing=1.2)
            _cell(ax, rows[rows["cell"] == cell], kind, kinds, middle)
            top -= heights[cell]
            ax.axhline(top, color=theme.GRID, linewidth=0.7, zorder=0)
    return page.figure


def _frame(ax: Axes, total: float) -> None:
    ax.set_ylim(0, total)
    ax.set_xlim(_LEFT_END, 100.4)
    ax.set_yticks([])
    ax.grid(False)
    ax.axvspan(100 * BAND[0], 100 * BAND[1], color=_BAND, zorder=-1, linewidth=0)
    ax.axvline(100 * NOMINAL, color=theme.INK, linewidth=1.1, zorder=1)
    ticks = [70, 75, 80, 85, 90, 95, 100]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.tick_params(axis="x", top=True, labeltop=True)
    ax.set_xlabel("The band from 93% to 97% is shaded")


def _cell(ax: Axes, rows: pd.DataFrame, kind: str, kinds: dict[str, Mark], middle: float) -> None:
    given = rows[rows["published"] > 0]
    if given.empty:
        ax.text(
            _LEFT_END + 0.3, middle, "no interval, by design", va="center", ha="left",
            color=theme.INK_SECONDARY,
        )  # fmt: skip
        return
    given = given.assign(place=[list(kinds).index(name) for name in given[kind]])
    given = given.sort_values("place", kind="stable")
    for number, row in enumerate(given.to_dict("records")):
        mark = kinds[row[kind]]
        height = middle + _STEP * ((len(given) - 1) / 2 - number)
        low, high = (100 * row[name] for name in ("coverage_low", "coverage_high"))
        ax.hlines(
            height, max(low, _LEFT_END), max(high, _LEFT_END), color=mark.colour, linewidth=1.6
        )
        if row["cannot_say"]:
            all_of_them = max(100 * row["coverage_if_shown"], _LEFT_END)
            ax.plot(all_of_them, height, marker="|", color=mark.colour, markersize=9, zorder=3)
        beyond = 100 * row["coverage"] < _LEFT_END
        held = row["verdict"] not in FAILED
        ax.plot(
            max(100 * row["coverage"], _LEFT_END),
            height,
            marker="<" if beyond else mark.marker,
            color=mark.colour,
            markerfacecolor=mark.colour if held else "white",
            markeredgewidth=1.8,
            markersize=7.5,
            clip_on=False,
            zorder=4,
        )
