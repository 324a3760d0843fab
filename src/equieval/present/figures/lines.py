"""Lines over time with their labels at the right end: at most four, the rest in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from equieval.present import theme
from equieval.present.figures import canvas
from equieval.present.figures.withheld import draw_withheld, is_withheld, withheld_label
from equieval.present.figures.words import column
from equieval.present.periods import as_periods

MOST_LINES = 4
MOST_MARKERS = 30  # points on a line; beyond, markers would run together
DASHED, DOTTED, MIXED = (0, (4, 1.5)), (0, (1, 1.3)), (0, (6, 1.5, 1, 1.5))


@dataclass(frozen=True)
class Look:
    """How one line is told from the others, by more than its colour."""

    colour: str
    dash: object
    marker: str


LOOKS = (
    Look(theme.DARK_BLUE, "-", "o"),
    Look(theme.ORANGE, DASHED, "s"),
    Look(theme.TURQUOISE, DOTTED, "^"),
    Look(theme.DARK_PINK, MIXED, "D"),
)


def complete(data: pd.DataFrame) -> pd.DataFrame:
    """Sort by period and insert the periods that are missing, as missing."""
    periods = as_periods(data["period"])
    full = pd.period_range(periods.min(), periods.max(), freq=periods.freq, name="period")
    return data.drop(columns="period").set_axis(periods).reindex(full).reset_index()


def last_known(values: canvas.Floats) -> float:
    """Return the last value that is not missing, or NaN."""
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if finite.size else float("nan")


def _draw_alone(ax: Axes, places: canvas.Floats, values: canvas.Floats, colour: str) -> None:
    """Draw the values that have no neighbour, which a line would leave out."""
    known = np.pad(np.isfinite(values), 1)
    alone = known[1:-1] & ~known[:-2] & ~known[2:]
    if len(values) > 1 and alone.any():
        ax.plot(places[alone], values[alone], ".", color=colour, markersize=5, zorder=3)


def draw_lines(
    ax: Axes,
    series: Mapping[str, pd.DataFrame],
    labels: Mapping[str, str],
    others: str,
) -> list[canvas.EndLabel]:
    """Draw each series and return the labels for the right end.

    Parameters
    ----------
    series : frames of ``period, rate`` and, as a band, ``ci_low, ci_high``.
    labels : the series that stand out, at most four, with their labels.
    others : label of the other series, drawn in grey.
    """
    looks: Mapping[str, Look] = dict(zip(labels, LOOKS, strict=False))
    ends = []
    for name, frame in series.items():
        places = np.array([p.ordinal for p in frame["period"]], dtype=float)
        rate = column(frame, "rate")
        if name not in looks:
            ax.plot(places, rate, color=theme.OTHERS, linewidth=1.1, zorder=2)
            _draw_alone(ax, places, rate, theme.OTHERS)
            draw_withheld(ax, places[is_withheld(frame, "rate")], colour=theme.OTHERS,
                          row=len(looks))  # fmt: skip
            continue
        look = looks[name]
        ax.fill_between(
            places, column(frame, "ci_low"), column(frame, "ci_high"),
            color=look.colour, alpha=0.16, linewidth=0, zorder=2.5,
        )  # fmt: skip
        style = {
            "color": look.colour,
            "linestyle": look.dash,
            "marker": look.marker if len(places) <= MOST_MARKERS else "",
            "markersize": 4.5,
        }
        ax.plot(places, rate, zorder=4, **style)  # type: ignore[arg-type]
        _draw_alone(ax, places, rate, look.colour)
        kept_back = places[is_withheld(frame, "rate")]
        draw_withheld(ax, kept_back, colour=look.colour, row=list(looks).index(name))
        sample = Line2D([], [], **style)  # type: ignore[arg-type]
        ends.append(canvas.EndLabel(last_known(rate), labels[name], sample))
    grey = [last_known(column(frame, "rate")) for name, frame in series.items()
            if name not in looks]  # fmt: skip
    if grey:
        sample = Line2D([], [], color=theme.OTHERS, linewidth=1.1)
        middle = float(np.nanmean(grey)) if np.isfinite(grey).any() else float("nan")
        ends.append(canvas.EndLabel(middle, others, sample))
    hidden = sum(int(is_withheld(frame, "rate").sum()) for frame in series.values())
    return [*ends, *withheld_label(ax, hidden)]


def standing_out(names: Sequence[str], chosen: Sequence[str] | None) -> list[str]:
    """Return the series that are drawn in colour: those chosen, else the first and the last."""
    if chosen:
        return [name for name in chosen if name in names][:MOST_LINES]
    if len(names) <= MOST_LINES:
        return list(names)
    return [*names[: MOST_LINES - 1], names[-1]]
