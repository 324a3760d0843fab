"""Who took part from when, and what a two-way estimate compares them with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas
from equieval.present.figures.words import column, singular, subtitle
from equieval.present.periods import as_period, as_periods, period_label, tick_periods
from equieval.present.wording import capitalise

MOST_UNITS = 28  # named one by one; more are drawn by cohort
ROW, LABELS = 0.24, 2.5
FORBIDDEN = "already treated"


@dataclass(frozen=True)
class Cohort:
    """Units that began in the same period; ``begin`` is None for those that did not."""

    begin: pd.Period | None
    units: tuple[str, ...]

    def label(self, units: str) -> str:
        """Return ``"From March 2019: 5 trusts"``."""
        lead = "Not taking part" if self.begin is None else f"From {period_label(self.begin)}"
        return f"{lead}: {len(self.units)} {units if len(self.units) != 1 else singular(units)}"


def adoption(
    data: pd.DataFrame,
    *,
    first_period: object,
    last_period: object,
    units: str = "units",
    population: str = "",
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """When each unit began to take part, in the order of their starts.

    Parameters
    ----------
    data : columns ``unit, first_exposed`` (missing for units that never took part); one row
        per unit. Over 28 units are drawn by cohort, a cohort being the units with one start.
    first_period, last_period : the periods that the evaluation covers.
    units : what the units are, in the plural (``"trusts"``).
    """
    require(data, ("unit", "first_exposed"), "adoption")
    every = as_periods([first_period, last_period])
    cohorts = _cohorts(data)
    by_name = len(data) <= MOST_UNITS
    rows = (
        [(unit, cohort.begin) for cohort in cohorts for unit in cohort.units]
        if by_name
        else [(cohort.label(units), cohort.begin) for cohort in cohorts]
    )
    with theme.figure_style():
        labels = [canvas.wrap(name, LABELS - 0.25, theme.POINTS_TEXT) for name, _ in rows]
        sizes = [canvas.text_size(label, theme.POINTS_TEXT) for label in labels]
        heights = np.array([max(ROW, size[1] + 0.04) for size in sizes])
        key = ["Taking part", "Not taking part"]
        room = canvas.key_room(key) + 0.06
        page = canvas.sheet(float(heights.sum()) + 0.55 + room, source=source,
                            synthetic=synthetic)  # fmt: skip
        ax = page.axes(max(size[0] for size in sizes) + 0.2, 0.3, 0.55, room)
        middles = np.cumsum(heights) - heights / 2
        _draw_starts(ax, [begin for _, begin in rows], every, middles, heights)
        ax.set_yticks(middles, labels)
        offset = every[0].ordinal
        span = pd.period_range(every[0], every[-1], freq=every.freq)
        marks = tick_periods(span, 6)
        ax.set_xticks([place - offset for place, _ in marks], [label for _, label in marks])
        samples = [
            Line2D([], [], color=colour, marker="s", markersize=9, linestyle="None")
            for colour in (theme.DARK_BLUE, theme.PALE_BLUE)
        ]
        canvas.key_above(page, list(zip(samples, key, strict=True)))
    title, account = _who_joined(cohorts, units)
    return Picture(
        title=title,
        subtitle=subtitle(f"{units} by the period in which they began", population, span),
        alt=f"Bars for {len(data)} {units}. {account}",
        data=plain_frame(data),
        figure=page.figure,
    )


def _cohorts(data: pd.DataFrame) -> list[Cohort]:
    """Units by start, the earliest first and those that never began last."""
    starts: dict[str, pd.Period | None] = {
        str(unit): None if pd.isna(begin) else as_period(begin)
        for unit, begin in zip(data["unit"], data["first_exposed"], strict=True)
    }
    begins = sorted({begin for begin in starts.values() if begin is not None})
    ordered: list[pd.Period | None] = [*begins, None]
    found = [Cohort(begin, tuple(sorted(u for u, b in starts.items() if b == begin)))
             for begin in ordered]  # fmt: skip
    return [cohort for cohort in found if cohort.units]


def _draw_starts(
    ax: Axes,
    begins: list[pd.Period | None],
    every: pd.PeriodIndex,
    middles: canvas.Floats,
    heights: canvas.Floats,
) -> None:
    first, last = every[0].ordinal, every[-1].ordinal
    width = last - first + 1
    for begin, middle, height in zip(begins, middles, heights, strict=True):
        foot, size = middle - height * 0.38, height * 0.76
        at = width if begin is None else min(max(begin.ordinal - first, 0), width)
        ax.add_patch(Rectangle((-0.5, foot), at, size, facecolor=theme.PALE_BLUE, linewidth=0))
        ax.add_patch(
            Rectangle((at - 0.5, foot), width - at, size, facecolor=theme.DARK_BLUE, linewidth=0)
        )
    ax.set_xlim(-0.5, width - 0.5)
    ax.set_ylim(float(heights.sum()) + 0.05, -0.05)
    ax.grid(False)
    ax.grid(True, axis="x")
    ax.tick_params(axis="y", length=0)


def _who_joined(cohorts: list[Cohort], units: str) -> tuple[str, str]:
    joined = [cohort for cohort in cohorts if cohort.begin is not None]
    never = sum(len(cohort.units) for cohort in cohorts if cohort.begin is None)
    count = sum(len(cohort.units) for cohort in joined)
    total = count + never
    if not joined:
        title = f"None of {total} {units} took part"
        return title, f"{title}."
    first, last = (period_label(joined[place].begin) for place in (0, -1))
    when = f"all from {first}" if len(joined) == 1 else f"joining from {first} to {last}"
    share = f"All {total}" if count == total else f"{count} of {total}"
    title = f"{share} {units} took part, {when}"
    title += f"; {never} did not" if never else "; none is left that did not"
    told = [cohort.label(units) for cohort in cohorts]
    return title, f"{title}. {'; '.join(told)}."


def bacon_weights(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    population: str = "",
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """What a two-way fixed-effects estimate averages: every 2×2 comparison by its weight.

    Parameters
    ----------
    data : columns ``comparison, treated, control, estimate, weight`` as from the
        Goodman-Bacon decomposition; weights sum to 1. Comparisons whose kind says "already
        treated" are the ones that mislead where effects change over time.
    """
    require(data, ("comparison", "estimate", "weight"), "bacon_weights")
    estimate, weight = column(data, "estimate"), column(data, "weight")
    kinds = data["comparison"].astype(str)
    by_kind = {
        kind: (kinds == kind).to_numpy() for kind in sorted(dict.fromkeys(kinds), key=_misleading)
    }
    whole = float(np.nansum(estimate * weight))
    looks: Mapping[str, tuple[str, str]] = dict(
        zip(by_kind, ((theme.DARK_BLUE, "o"), (theme.TURQUOISE, "^"), (theme.ORANGE, "s"),
                      (theme.DARK_PINK, "D")), strict=False)
    )  # fmt: skip
    if any(FORBIDDEN in kind for kind in by_kind):
        looks = {**looks, next(k for k in by_kind if FORBIDDEN in k): (theme.ORANGE, "s")}
    key = [f"{capitalise(kind)}: {_share(weight[rows])}" for kind, rows in by_kind.items()]
    with theme.figure_style():
        room = canvas.key_room(key) + 0.3
        page = canvas.sheet(3.6 + room, source=source, synthetic=synthetic)
        ax = page.axes(0.62, 1.5, 0.62, room)
        canvas.value_axis(ax, np.append(estimate, [0.0, whole]))
        ax.set_xlim(0, float(np.nanmax(weight)) * 1.08 or 1.0)
        canvas.plain_ticks(ax, "x")
        ax.set_xlabel("Weight in the two-way estimate (all weights sum to 1)")
        ax.axhline(0, color=theme.INK_SECONDARY, linewidth=1.3, zorder=2)
        ax.axhline(whole, color=theme.DARK_BLUE, linewidth=1.6, linestyle=(0, (4, 2)), zorder=2.5)
        for kind, rows in by_kind.items():
            colour, marker = looks[kind]
            ax.plot(weight[rows], estimate[rows], marker, color=colour, markersize=7.5,
                    alpha=0.85, zorder=3, clip_on=False)  # fmt: skip
        box = ax.get_position()
        head = f"Estimate of each comparison, {numbers.change_unit(unit)}"
        page.text(0.05, box.y1 * page.height + 0.06, head, va="bottom")
        dashed = Line2D([], [], color=theme.DARK_BLUE, linewidth=1.6, linestyle=(0, (4, 2)))
        plain = Line2D([], [], color=theme.INK_SECONDARY, linewidth=1.3)
        canvas.label_ends(page, ax, [canvas.EndLabel(whole, "Two-way estimate", dashed),
                                     canvas.EndLabel(0.0, "No effect", plain)])  # fmt: skip
        samples = [Line2D([], [], color=colour, marker=marker, markersize=7.5, linestyle="None")
                   for colour, marker in looks.values()]  # fmt: skip
        canvas.key_above(page, list(zip(samples, key, strict=True)))
    forbidden = np.asarray(kinds.str.contains(FORBIDDEN))
    title = _weight_title(weight, estimate, forbidden)
    parts = [
        f"{capitalise(kind)}: {_share(weight[rows])} of the weight, average estimate "
        f"{numbers.change(_mean(estimate[rows], weight[rows]))}."
        for kind, rows in by_kind.items()
    ]
    size = numbers.of_unit(numbers.change(whole), numbers.change_unit(unit))
    return Picture(
        title=title,
        subtitle=subtitle(f"comparisons behind the two-way estimate of the {outcome}", population),
        alt=f"Scatter of {len(data)} comparisons. {' '.join(parts)} Together they give {size}.",
        data=plain_frame(data),
        figure=page.figure,
        note="Areas already treated are no fair comparison where effects grow or fade; the "
        "headline estimate does not use them.",
    )


def _misleading(kind: str) -> bool:
    """Whether comparisons of this kind mislead where effects change over time."""
    return FORBIDDEN in kind


def _share(weight: canvas.Floats) -> str:
    """The share of the weight; a small one is never rounded to none."""
    total = float(np.nansum(weight))
    return "under 1%" if 0 < total < 0.005 else numbers.percent(total)


def _mean(estimate: canvas.Floats, weight: canvas.Floats) -> float:
    total = float(np.nansum(weight))
    return float(np.nansum(estimate * weight)) / total if total else float("nan")


def _weight_title(
    weight: canvas.Floats,
    estimate: canvas.Floats,
    forbidden: npt.NDArray[np.bool_],
) -> str:
    if not weight[forbidden].sum() > 0:
        return "No part of the two-way estimate rests on comparisons with areas already treated"
    share = _share(weight[forbidden])
    title = f"{capitalise(share)} of the two-way estimate rests on comparisons with areas already "
    title += "treated"
    fair = _mean(estimate[~forbidden], weight[~forbidden])
    unfair = _mean(estimate[forbidden], weight[forbidden])
    if np.isfinite([fair, unfair]).all() and fair * unfair < 0:
        return f"{title}, and these point the other way"
    return title
