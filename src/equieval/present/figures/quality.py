"""The quality of data and fit: what is recorded, and what the residuals remember."""

from __future__ import annotations

from dataclasses import dataclass

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
from equieval.present.groups import groups_called
from equieval.present.periods import as_periods, period_label, period_noun, tick_periods
from equieval.present.wording import capitalise

MISSING_HATCH = "////"
WITHHELD_HATCH = "xx"
WITHHELD = -1.0  # a cell that is recorded and kept back by disclosure control
MOST_CELLS = 30  # in a row, before equal neighbours are drawn as one
MOST_WRITTEN = 14  # cells in a row with their share written in them
LABEL_WIDTH = 2.4
GRADES = (0.5, 0.8, 0.95)
"""Where the shades of shares change."""
GRADE_NAMES = ("Under 50%", "50% to 79%", "80% to 94%", "95% and over")


_ROWS = {"unit": "organisation", "indicator": "indicator"}
"""What one row is called, where rows are not groups."""


@dataclass(frozen=True)
class _Row:
    """What a row is; ``named``: its name stands by itself, as that of a group does not."""

    noun: str
    named: bool = False

    def called(self, name: str) -> str:
        """Return one row in running text: ``"decile 3"``, ``"the Asian group"``."""
        return name if self.named else groups_called([name], self.noun)

    def each(self, grid: pd.DataFrame) -> str:
        """Return what readers call the cells of a grid."""
        return f"combinations of {self.noun} and {period_noun(pd.PeriodIndex(grid.columns))}"


def completeness_heatmap(
    data: pd.DataFrame,
    *,
    item: str,
    group: str = "decile",
    rows: str = "stratum",
    graded: bool = False,
    population: str = "",
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """Which values are recorded, by group and period; missing ones are hatched.

    Parameters
    ----------
    data : the column that ``rows`` names, ``period``, and ``recorded``: 1 recorded, 0
        missing, or the share recorded in between; where there, ``withheld``: the share that
        is recorded and kept back by disclosure control. A cell without a row is missing.
    item : what is recorded or missing (``"stillbirth rate"``).
    rows : the column that heads the rows: ``"stratum"``, ``"indicator"`` or ``"unit"``.
    graded : draw the share recorded in four shades; a cell without a row has no figure, and a
        share of 0 is a finding.

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
    grid = wide.reindex(index=order, columns=every).astype(float)
    grid = grid if graded else _with_withheld(grid.fillna(0.0), frame, rows)
    names = [f"{capitalise(group)} {name}" if name.isdigit() and group else capitalise(name)
             for name in order]  # fmt: skip
    with theme.figure_style():
        names = [canvas.wrap(name, LABEL_WIDTH, theme.POINTS_TEXT) for name in names]
        sizes = [canvas.text_size(name, theme.POINTS_TEXT) for name in names]
        left, tallest = (max(size[side] for size in sizes) for side in (0, 1))
        height = max(0.28, tallest + 0.08)
        key = _graded_key(grid) if graded else _key(grid)
        places, room = canvas.key_places([words for _, words in key])
        page = canvas.sheet(0.7 + room + height * len(order), source=source, synthetic=synthetic)
        ax = page.axes(0.2 + left, 0.15, 0.42, 0.2 + room)
        _draw_cells(ax, grid, graded=graded)
        ax.set_yticks(range(len(order)), names)
        offset = every[0].ordinal
        marks = tick_periods(every, 7, to_last=True)
        ax.set_xticks([place - offset for place, _ in marks], [label for _, label in marks])
        for (patch, _), (x, down, words) in zip(key, places, strict=True):
            top = page.height - 0.06 - down
            patch.set_transform(page.figure.transFigure)
            patch.set_bounds(x / theme.FIGURE_WIDTH, (top - 0.18) / page.height,
                             0.18 / theme.FIGURE_WIDTH, 0.16 / page.height)  # fmt: skip
            page.figure.add_artist(patch)
            page.text(x + canvas.KEY_SAMPLE + 0.03, top, words, va="top")
    row = _Row(_ROWS[rows], named=True) if rows in _ROWS else _Row(group or "group")
    title, account = _shares(grid, item, row) if graded else _recorded(grid, item, row)
    return Picture(
        title=title,
        subtitle=subtitle(
            f"{item}: {'share recorded' if graded else 'recorded or missing'}", population, every
        ),
        alt=f"Grid of {len(order)} rows and {len(every)} {period_noun(every, len(every))}. "
        f"{account}",
        data=plain_frame(frame),
        figure=page.figure,
    )


def _with_withheld(grid: pd.DataFrame, frame: pd.DataFrame, rows: str) -> pd.DataFrame:
    """Mark the cells of which a figure is kept back, and none is missing."""
    if "withheld" not in frame.columns:
        return grid
    kept_back = frame.pivot(index=rows, columns="period", values="withheld")
    kept_back = kept_back.reindex(index=grid.index, columns=grid.columns).fillna(0.0)
    return grid.mask((kept_back > 0) & (grid + kept_back > 1 - 1e-9), WITHHELD)


def _draw_cells(ax: Axes, grid: pd.DataFrame, *, graded: bool) -> None:
    height, width = grid.shape
    ax.set_xlim(-0.5, width - 0.5)
    ax.set_ylim(height - 0.5, -0.5)
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(length=0)
    values = grid.to_numpy(dtype=float)
    written = width <= MOST_WRITTEN
    for row in range(height):
        alike = _grade(values[row]) if graded else values[row]
        for first, last in _runs(alike, merged=width > MOST_CELLS):
            share = float(values[row, first])
            place = ((first - 0.47, row - 0.43), last - first + 0.94, 0.86)
            ax.add_patch(_shade(share, *place) if graded else _cell(share, *place))
            if written and (0 < share < 1 or (graded and np.isfinite(share))):
                ax.text(
                    first, row, _rounded_share(share), ha="center", va="center",
                    fontsize=theme.POINTS_SMALL,
                    color="white" if graded and share >= GRADES[1] else theme.INK,
                )  # fmt: skip


def _grade(shares: canvas.Floats) -> canvas.Floats:
    """The shade of each share, 0 to 3, and −1 where there is no figure."""
    return np.where(np.isfinite(shares), np.digitize(shares, GRADES), -1).astype(float)


def _rounded_share(share: float) -> str:
    """A share as a percentage, rounded so that it stays on its side of a grade."""
    return numbers.percent(np.floor(share * 100 + 1e-9) / 100)


def _shade(share: float, corner: tuple[float, float], width: float, height: float) -> Rectangle:
    """A cell in the shade of its share; hatched where there is no figure."""
    if not np.isfinite(share):
        return _cell(0.0, corner, width, height)
    colour = theme.SHADES[int(np.digitize(share, GRADES))]
    return Rectangle(corner, width, height, facecolor=colour, linewidth=0)


def _graded_key(grid: pd.DataFrame) -> list[tuple[Rectangle, str]]:
    examples = (0.0, *GRADES)
    entries = [(_shade(share, (0, 0), 1, 1), name)
               for share, name in zip(examples, GRADE_NAMES, strict=True)]  # fmt: skip
    if grid.isna().any(axis=None):
        entries.append((_shade(float("nan"), (0, 0), 1, 1), "No figure"))
    return entries


def _shares(grid: pd.DataFrame, item: str, row: _Row) -> tuple[str, str]:
    """Title and account of shares: how many cells are well recorded, and the worst one."""
    each = row.each(grid)
    values = grid.to_numpy(dtype=float)
    known = values[np.isfinite(values)]
    if not known.size:
        words = f"There is no figure for how completely the {item} is recorded"
        return words, f"{words}: 0 of {grid.size} {each}."
    good, cells = int((known >= GRADES[-1]).sum()), len(known)
    scope = f"all {cells}" if good == cells else f"{good} of {cells}"
    title = f"The {item} is at least 95% recorded in {scope} {each}"
    worst, place = divmod(int(np.nanargmin(values)), values.shape[1])
    if good < cells:
        lowest, where = _rounded_share(float(values[worst, place])), row.called(grid.index[worst])
        title += f"; lowest {lowest} in {where}, {period_label(grid.columns[place])}"
    by_row = grid.mean(axis=1).dropna()
    span = numbers.listing([_rounded_share(float(share)) for share in (by_row.min(), by_row.max())])
    absent = grid.size - cells
    gaps = f" {absent} of {grid.size} {each} have no figure." if absent else ""
    return title, f"{title}. Row averages lie between {span}.{gaps}"


def _runs(values: canvas.Floats, *, merged: bool) -> list[tuple[int, int]]:
    """First and last place of each cell; in long series, of each run of equal cells."""
    starts = [0, *(np.flatnonzero(np.diff(values) != 0) + 1)] if merged else range(len(values))
    return list(zip(starts, [*(start - 1 for start in starts[1:]), len(values) - 1], strict=True))


def _cell(share: float, corner: tuple[float, float], width: float, height: float) -> Rectangle:
    if share == WITHHELD:
        look = {"facecolor": theme.PALE_BLUE, "edgecolor": theme.INK_SECONDARY}
        return Rectangle(corner, width, height, hatch=WITHHELD_HATCH, linewidth=0.8, **look)
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
    if (values == WITHHELD).any():
        entries.append((_cell(WITHHELD, (0, 0), 1, 1), "Withheld in part or whole (not zero)"))
    if (values == 0).any() or not (values == WITHHELD).any():
        entries.append((_cell(0, (0, 0), 1, 1), "Missing (not zero)"))
    return entries


def _recorded(grid: pd.DataFrame, item: str, row: _Row) -> tuple[str, str]:
    """Title and account: where figures are recorded, and how many of them are kept back."""
    hidden = int((grid == WITHHELD).sum().sum())
    title, account = _how_complete(grid.mask(grid == WITHHELD, 1.0), item, row)
    if not hidden:
        return title, account
    words = (
        f"{hidden} of {grid.size} {row.each(grid)} {'is' if hidden == 1 else 'are'} withheld in "
        "part or whole by disclosure control"
    )
    return f"{title}; {words}", f"{account} {words}."


def _how_complete(grid: pd.DataFrame, item: str, row: _Row) -> tuple[str, str]:
    values, each = grid.to_numpy(), row.each(grid)
    periods = pd.PeriodIndex(grid.columns)
    whole, cells = int((values >= 1).sum()), values.size
    noun = period_noun(periods)
    if whole == cells:
        title = f"The {item} is recorded for every {row.noun} in every {noun}"
        return title, f"{title}: {cells} of {cells} {each}."
    empty = [p for p, none in zip(periods, np.all(values <= 0, axis=0), strict=True) if none]
    share = numbers.percent(np.floor(whole / cells * 100) / 100)
    title = f"The {item} is fully recorded in {whole} of {cells} {each} ({share})"
    account = title
    if len(empty) and len(empty) <= 3 and (values >= 1).sum() == cells - len(empty) * len(grid):
        listed = numbers.listing([period_label(period) for period in empty])
        title = (
            f"The {item} is recorded for every {row.noun} except in {listed}, where it is missing"
        )
        account = f"{title}. {whole} of {cells} {each} are fully recorded"
    worst = grid.mean(axis=1)
    if worst.min() < worst.max():
        lowest = f" Lowest in {row.called(str(worst.idxmin()))}: {numbers.percent(worst.min())}."
    else:
        lowest = ""
    return title, f"{account}.{lowest}"


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
