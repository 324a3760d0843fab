"""The quality of data and fit: what is recorded, and what the residuals remember."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from equieval.errors import InputError
from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas
from equieval.present.figures.words import column, subtitle
from equieval.present.periods import as_periods, period_label, period_noun, tick_periods
from equieval.present.wording import capitalise

MISSING_HATCH = "////"
MOST_CELLS = 30  # in a row, before equal neighbours are drawn as one


def completeness_heatmap(
    data: pd.DataFrame,
    *,
    item: str,
    group: str = "decile",
    rows: str = "stratum",
    population: str = "",
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """Which values are recorded, by group and period; missing ones are hatched.

    Parameters
    ----------
    data : the column that ``rows`` names, ``period``, and ``recorded``: 1 recorded, 0
        missing, or the share recorded in between. A cell without a row is missing.
    item : what is recorded or missing (``"stillbirth rate"``).
    rows : the column that heads the rows: ``"stratum"`` or ``"indicator"``.

    Raises
    ------
    InputError : two rows of the frame describe the same cell.
    """
    require(data, (rows, "period", "recorded"), "completeness_heatmap")
    periods = as_periods(data["period"])
    frame = data.assign(period=periods, **{rows: data[rows].astype(str)}).reset_index(drop=True)
    doubled = frame.duplicated([rows, "period"])
    if doubled.any():
        first = frame.loc[doubled].iloc[0]
        raise InputError(
            f"two rows describe {first[rows]} in {period_label(first['period'])}",
            where="completeness_heatmap",
            remedy="draw one indicator at a time, or head the rows with rows='indicator'",
        )
    every = pd.period_range(periods.min(), periods.max(), freq=periods.freq)
    order = list(dict.fromkeys(frame[rows]))
    wide = frame.pivot(index=rows, columns="period", values="recorded")
    grid = wide.reindex(index=order, columns=every).astype(float).fillna(0.0)
    names = [f"{capitalise(group)} {name}" if name.isdigit() and group else capitalise(name)
             for name in order]  # fmt: skip
    with theme.figure_style():
        left = 0.2 + max(canvas.text_size(name, theme.POINTS_TEXT)[0] for name in names)
        page = canvas.sheet(0.95 + 0.28 * len(order), source=source, synthetic=synthetic)
        ax = page.axes(left, 0.15, 0.42, 0.4)
        _draw_cells(ax, grid)
        ax.set_yticks(range(len(order)), names)
        offset = every[0].ordinal
        marks = tick_periods(every, 7, to_last=True)
        ax.set_xticks([place - offset for place, _ in marks], [label for _, label in marks])
        x = 0.1
        for patch, words in _key(grid):
            patch.set_transform(page.figure.transFigure)
            patch.set_bounds(x / theme.FIGURE_WIDTH, (page.height - 0.24) / page.height,
                             0.22 / theme.FIGURE_WIDTH, 0.16 / page.height)  # fmt: skip
            page.figure.add_artist(patch)
            page.text(x + 0.3, page.height - 0.16, words, va="center")
            x += 0.3 + canvas.text_size(words, theme.POINTS_TEXT)[0] + 0.3
    title, account = _recorded(grid, item, group if rows == "stratum" else "row")
    return Picture(
        title=title,
        subtitle=subtitle(f"{item}: recorded or missing", population, every),
        alt=f"Grid of {len(order)} rows and {len(every)} {period_noun(every, len(every))}. "
        f"{account}",
        data=plain_frame(frame),
        figure=page.figure,
    )


def _draw_cells(ax: Axes, grid: pd.DataFrame) -> None:
    height, width = grid.shape
    ax.set_xlim(-0.5, width - 0.5)
    ax.set_ylim(height - 0.5, -0.5)
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(length=0)
    values = grid.to_numpy(dtype=float)
    words = width <= 14
    for row in range(height):
        for first, last in _runs(values[row], merged=width > MOST_CELLS):
            share = float(values[row, first])
            ax.add_patch(_cell(share, (first - 0.47, row - 0.43), last - first + 0.94, 0.86))
            if words and 0 < share < 1:
                ax.text(
                    first,
                    row,
                    numbers.percent(share),
                    ha="center",
                    va="center",
                    fontsize=theme.POINTS_SMALL,
                )


def _runs(values: canvas.Floats, *, merged: bool) -> list[tuple[int, int]]:
    """First and last place of each cell; in long series, of each run of equal cells."""
    starts = [0, *(np.flatnonzero(np.diff(values) != 0) + 1)] if merged else range(len(values))
    return list(zip(starts, [*(start - 1 for start in starts[1:]), len(values) - 1], strict=True))


def _cell(share: float, corner: tuple[float, float], width: float, height: float) -> Rectangle:
    if share <= 0:
        return Rectangle(corner, width, height, facecolor="white", edgecolor=theme.INK_SECONDARY,
                         hatch=MISSING_HATCH, linewidth=0.8)  # fmt: skip
    colour = theme.MID_BLUE if share >= 1 else theme.PALE_BLUE
    return Rectangle(corner, width, height, facecolor=colour, linewidth=0)


def _key(grid: pd.DataFrame) -> list[tuple[Rectangle, str]]:
    entries = [(_cell(1, (0, 0), 1, 1), "Recorded")]
    values = grid.to_numpy()
    if ((values > 0) & (values < 1)).any():
        entries.append((_cell(0.5, (0, 0), 1, 1), "Partly recorded"))
    entries.append((_cell(0, (0, 0), 1, 1), "Missing (not zero)"))
    return entries


def _recorded(grid: pd.DataFrame, item: str, group: str) -> tuple[str, str]:
    values = grid.to_numpy()
    periods = pd.PeriodIndex(grid.columns)
    whole, cells = int((values >= 1).sum()), values.size
    noun = period_noun(periods)
    if whole == cells:
        title = f"The {item} is recorded for every {group} in every {noun}"
        return title, f"{title}: {cells} of {cells} cells."
    empty = [p for p, none in zip(periods, np.all(values <= 0, axis=0), strict=True) if none]
    share = numbers.percent(np.floor(whole / cells * 100) / 100)
    title = f"The {item} is fully recorded in {whole} of {cells} cells ({share})"
    if len(empty) and len(empty) <= 3 and (values >= 1).sum() == cells - len(empty) * len(grid):
        listed = numbers.listing([period_label(period) for period in empty])
        title = f"The {item} is recorded for every {group} except in {listed}, where it is missing"
    worst = grid.mean(axis=1)
    if worst.min() < worst.max():
        name = str(worst.idxmin())
        where = f"{group} {name}" if name.isdigit() else name
        lowest = f" Lowest in {where}: {numbers.percent(worst.min())}."
    else:
        lowest = ""
    return title, f"{title}. {whole} of {cells} cells are fully recorded.{lowest}"


def autocorrelation(
    data: pd.DataFrame,
    *,
    kind: str = "autocorrelation",
    of: str = "residuals",
    frequency: str = "period",
    population: str = "",
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """The correlation of residuals with themselves some periods earlier.

    Parameters
    ----------
    data : columns ``lag`` (from 1), ``acf`` and ``bound``: values within ± bound can be
        chance.
    kind : ``"autocorrelation"`` or ``"partial autocorrelation"``.
    frequency : what one lag is (``"year"``).
    """
    require(data, ("lag", "acf", "bound"), "autocorrelation")
    frame = data.loc[data["lag"] > 0].sort_values("lag").reset_index(drop=True)
    require(frame, ("lag",), "autocorrelation")
    lag, value, bound = (column(frame, name) for name in ("lag", "acf", "bound"))
    with theme.figure_style():
        page = canvas.sheet(3.4, source=source, synthetic=synthetic)
        ax = page.axes(0.65, 1.5, 0.6, 0.42)
        reach = max(1.0, float(np.nanmax(np.abs(np.concatenate([value, bound])))))
        ax.set_ylim(-reach, reach)
        ax.set_yticks([-1, -0.5, 0, 0.5, 1])
        canvas.plain_ticks(ax)
        ax.set_xlim(0.3, lag.max() + 0.7)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
        ax.axhline(0, color=theme.INK, linewidth=1)
        ax.bar(lag, value, width=0.5, color=theme.DARK_BLUE, zorder=3)
        for sign in (1, -1):
            ax.plot(lag, sign * bound, color=theme.ORANGE, linestyle=(0, (4, 2)), zorder=4)
        ax.set_xlabel(f"Lag in {frequency}s")
        canvas.head_axis(page, capitalise(kind))
        dashed = Line2D([], [], color=theme.ORANGE, linestyle=(0, (4, 2)))
        canvas.label_ends(page, ax, [canvas.EndLabel(float(bound[-1]), "Range of chance", dashed)])
    outside = frame.loc[np.abs(value) > bound]
    if outside.empty:
        title = f"No {kind} of the {of} beyond what chance gives, up to lag {lag.max():g}"
    else:
        lags = numbers.listing(
            [f"{row['lag']:g} ({numbers.number(row['acf'], 2)})" for _, row in outside.iterrows()]
        )
        title = f"The {of} show {kind} beyond chance at lag{'s' * (len(outside) > 1)} {lags}"
    first = numbers.number(value[0], 2)
    return Picture(
        title=title,
        subtitle=subtitle(f"{kind} of the {of}, by lag in {frequency}s", population),
        alt=f"Bar chart of {len(frame)} lags. {title}. At lag {lag[0]:g} it is {first}.",
        data=plain_frame(frame),
        figure=page.figure,
    )
