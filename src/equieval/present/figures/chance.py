"""What chance alone gives: the estimate among those of reassigned or placebo areas."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas
from equieval.present.figures.words import column, effect_words, subtitle

RARE = 0.05  # of assignments: what is rarer is not put down to chance


def placebo_distribution(
    data: pd.DataFrame,
    *,
    quantity: str,
    unit: str,
    p_value: float,
    smallest_attainable_p: float,
    rows: str = "reassignments",
    cannot_say: bool = False,
    population: str = "",
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """The estimate among those of reassigned or placebo areas, which can have no effect.

    Parameters
    ----------
    data : columns ``label, estimate, actual``; one row is the true assignment.
    quantity : what is estimated, in running text.
    p_value : the share of assignments at least as far from 0 as the true one, itself counted.
    smallest_attainable_p : that share were the true assignment the most extreme of all.
    rows : what the others are, in the plural (``"reassignments"``, ``"placebo areas"``).
    """
    require(data, ("label", "estimate", "actual"), "placebo_distribution")
    estimate, actual = column(data, "estimate"), column(data, "actual") == 1
    true = float(estimate[actual][0]) if actual.any() else float("nan")
    others = estimate[~actual & np.isfinite(estimate)]
    with theme.figure_style():
        page = canvas.sheet(3.7, source=source, synthetic=synthetic)
        ax = page.axes(0.62, 0.3, 0.62, 0.66)
        values = np.append(others, [true, -true, 0.0])
        finite = values[np.isfinite(values)]
        reach = float(np.abs(finite).max()) * 1.08 or 1.0
        edges = np.linspace(-reach, reach, 2 * min(max(len(others) // 3, 6), 20) + 1)
        counts, _ = np.histogram(others, bins=edges)
        ax.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=theme.MID_BLUE,
               edgecolor="white", linewidth=0.8, zorder=3)  # fmt: skip
        canvas.value_axis(ax, np.append(counts.astype(float), 0.0))
        ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 5, 10]))
        canvas.plain_ticks(ax)
        ax.set_xlim(-reach, reach)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        canvas.plain_ticks(ax, "x")
        ax.axvline(0, color=theme.INK_SECONDARY, linewidth=1.3, zorder=4)
        ax.set_xlabel(f"Estimate, {numbers.change_unit(unit)}")
        canvas.head_axis(page, f"Number of {rows}")
        if np.isfinite(true):
            ax.axvline(-true, color=theme.ORANGE, linewidth=1.6, linestyle=(0, (2, 2)), zorder=4)
            ax.axvline(true, color=theme.ORANGE, linewidth=3, zorder=5)
            size = numbers.change(true, numbers.decimals_for(true))
            _label_line(page, ax, true, f"As it was: {size}")
    far = int((np.abs(others) >= abs(true) * (1 - 1e-9)).sum())
    title = _chance_title(
        far, len(others), quantity, p_value, smallest_attainable_p, rows, cannot_say
    )
    digits = numbers.decimals_for(true)
    span = (
        numbers.interval(others.min(), others.max(), digits, signed=True)
        if others.size
        else numbers.NOT_AVAILABLE
    )
    size = numbers.of_unit(numbers.change(true, digits), numbers.change_unit(unit))
    return Picture(
        title=title,
        subtitle=subtitle(f"{effect_words(quantity, unit)}, among {rows}", population),
        alt=f"Histogram of {len(others):,} {rows}, whose estimates run from {span}. The true "
        f"estimate is {size}; {_some(far)} of the others {'lie' if far > 1 else 'lies'} as "
        "far from 0 or further.",
        data=plain_frame(data),
        figure=page.figure,
        note="The dashed line lies as far from 0 on the other side.",
    )


def _label_line(page: canvas.Sheet, ax: Axes, place: float, words: str) -> None:
    """Write words over a vertical line, inside the sheet."""
    box = ax.get_position()
    low, high = ax.get_xlim()
    centre = (box.x0 + (place - low) / (high - low) * box.width) * theme.FIGURE_WIDTH
    half = canvas.text_size(words, theme.POINTS_TEXT, "bold")[0] / 2
    centre = min(max(centre, half + 0.08), theme.FIGURE_WIDTH - half - 0.08)
    page.text(centre, box.y1 * page.height + 0.05, words, ha="center", va="bottom",
              fontweight="bold")  # fmt: skip


def _chance_title(
    far: int, total: int, quantity: str, p_value: float, smallest: float, rows: str,
    cannot_say: bool,
) -> str:  # fmt: skip
    if cannot_say:
        return f"These data cannot say whether the change in the {quantity} is more than chance"
    if numbers.is_missing(p_value) or not total:
        return f"The change in the {quantity} cannot be held against {rows}"
    among = f"{_some(far)} of {total:,} {rows} {'lie' if far > 1 else 'lies'} as far out"
    if smallest > RARE:
        few = round(1 / smallest)
        return (
            f"Too few {rows} to tell the {quantity} from chance: even the most extreme result "
            f"would be 1 of {few}"
        )
    if p_value <= RARE:
        return f"Chance alone seldom gives such a change in the {quantity}: {among}"
    return f"Chance alone can give such a change in the {quantity}: {among}"


def _some(count: int) -> str:
    return f"{count:,}" if count else "none"
