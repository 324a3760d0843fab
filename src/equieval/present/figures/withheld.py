"""Values that disclosure control withholds: marked in a figure, and counted in its note.

A withheld value is neither zero nor absent: a cross stands for it at the foot of the plot, no line
is drawn across it, and the note says how many there are and why.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from equieval.present import numbers, theme
from equieval.present.figures import canvas
from equieval.present.figures.words import column

MARK = "mark"
"""Column that says what stands in place of a row's value, or beside it."""

REASONS = {
    "*": "to protect confidentiality",
    "[c]": "to protect confidentiality",
    "[x]": "because too few events are behind them",
}
"""Marks of values that are not there."""

CROSSES = "crosses at the foot of the plot stand for them"

_ROW = 0.035  # of the height of the plot
Flags = npt.NDArray[np.bool_]


def is_withheld(data: pd.DataFrame, value: str) -> Flags:
    """Return which rows have no value because it is withheld."""
    if MARK not in data.columns:
        return np.zeros(len(data), dtype="bool")
    marked = data[MARK].fillna("").isin(list(REASONS)).to_numpy(dtype="bool")
    return np.asarray(marked & np.isnan(column(data, value)), dtype="bool")


def withheld_note(data: pd.DataFrame, value: str, *, shown_as: str = "") -> str:
    """Return a sentence on the values that are withheld, or nothing.

    Parameters
    ----------
    shown_as : what stands for them in the figure (``"a cross at the foot of the plot"``).
    """
    hidden = is_withheld(data, value)
    count = int(hidden.sum())
    if not count:
        return ""
    reasons = [REASONS[mark] for mark in dict.fromkeys(data.loc[hidden, MARK])]
    verb = "is" if count == 1 else "are"
    why = numbers.listing(list(dict.fromkeys(reasons)))
    drawn = f": {shown_as}" if shown_as else ""
    return f"{count} of {len(data)} values {verb} withheld {why}{drawn}. Withheld is not zero."


def withheld_label(ax: Axes, hidden: int) -> list[canvas.EndLabel]:
    """Return the label of the crosses at the foot of the plot; nothing where there are none."""
    sample = Line2D([], [], color=theme.INK_SECONDARY, marker="x", markersize=5, linestyle="None")
    label = canvas.EndLabel(ax.get_ylim()[0], "Withheld (not zero)", sample)
    return [label] if hidden else []


def draw_withheld(ax: Axes, places: npt.ArrayLike, *, colour: str, row: int = 0) -> None:
    """Draw a cross at the foot of the plot for each place; ``row`` counts up from the axis."""
    marks = np.atleast_1d(np.asarray(places, dtype="float64"))
    if marks.size:
        ax.plot(
            marks,
            np.full(marks.size, _ROW * (row + 0.6)),
            "x",
            color=colour,
            markersize=4.5,
            markeredgewidth=1.3,
            transform=ax.get_xaxis_transform(),
            zorder=6,
        )
