"""How far a finding depends on assumptions and choices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from equieval.errors import InputError, did_you_mean
from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas
from equieval.present.figures.event_times import period_words
from equieval.present.figures.words import column, effect_words, subtitle
from equieval.present.wording import capitalise

CUT = "Intervals go on beyond the axis."
KINDS: dict[str, str] = {
    "relative-magnitudes": "Largest departure from parallel trends after the start, as a multiple "
    "of the largest before it",
    "smoothness": "Largest bend of the difference in trends",
}
PARALLEL = {
    "relative-magnitudes": "parallel trends",
    "smoothness": "a straight difference in trends",
}


def sensitivity(
    data: pd.DataFrame,
    *,
    quantity: str,
    unit: str,
    breakdown: float,
    kind: str = "relative-magnitudes",
    frequency: str = "period",
    cannot_say: bool = False,
    population: str = "",
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """Intervals of the effect for trends that depart ever further from parallel (HonestDiD).

    Parameters
    ----------
    data : columns ``bound, ci_low, ci_high, original``: the largest departure allowed with
        the interval that it leaves; ``original`` is true for the estimate as it stands.
    breakdown : the smallest departure at which "no effect" is no longer excluded; 0 where it
        never is, infinite where it is at every departure tried.
    kind : what is bounded: ``"relative-magnitudes"`` or ``"smoothness"``.

    Raises
    ------
    InputError : an unknown kind.
    """
    require(data, ("bound", "ci_low", "ci_high", "original"), "sensitivity")
    if kind not in KINDS:
        raise InputError(
            f"'{kind}' is not a kind of sensitivity analysis",
            where="sensitivity",
            remedy=did_you_mean(kind, KINDS),
        )
    own = column(data, "original") == 1
    frame = pd.concat([data.loc[own], data.loc[~own].sort_values("bound")], ignore_index=True)
    low, high, own = column(frame, "ci_low"), column(frame, "ci_high"), np.sort(own)[::-1]
    places = np.arange(len(frame), dtype=float)
    digits = _bound_digits(column(frame, "bound")[~own])
    labels = [
        "As\nestimated" if mine else numbers.number(bound, digits)
        for mine, bound in zip(own, column(frame, "bound"), strict=True)
    ]
    axis = KINDS[kind]
    if kind == "smoothness":
        axis += f", {numbers.change_unit(unit)} per {period_words(frequency)}"
    with theme.figure_style():
        words = canvas.wrap(axis, theme.FIGURE_WIDTH - 2.2, theme.POINTS_TEXT)
        below = 0.72 + canvas.text_size(words, theme.POINTS_TEXT)[1]
        cut = CUT if np.isinf([low, high]).any() else ""
        page = canvas.sheet(3.1 + below, source=source, synthetic=synthetic, remark=cut)
        ax = page.axes(0.62, 1.3, below, 0.42)
        canvas.value_axis(ax, np.append(np.concatenate([low, high]), 0.0))
        feet, tops = (np.clip(ends, *ax.get_ylim()) for ends in (low, high))
        ax.axhline(0, color=theme.INK_SECONDARY, linewidth=1.3, zorder=2)
        looks = ((own, theme.ORANGE, 4.5, "s"), (~own, theme.DARK_BLUE, 3.0, "_"))
        for rows, colour, width, marker in looks:
            ax.vlines(places[rows], feet[rows], tops[rows], color=colour, linewidth=width, zorder=3)
            for ends in (low, high):
                ax.plot(places[rows], ends[rows], marker, color=colour, markersize=9, zorder=4)
        ax.set_xlim(-0.6, len(frame) - 0.4)
        every = max(1, -(-len(frame) // 10))
        kept = [place for place in range(len(frame)) if own[place] or place % every == 0]
        ax.set_xticks([places[k] for k in kept], [labels[k] for k in kept])
        ax.set_xlabel(words)
        canvas.head_axis(page, f"Effect, {numbers.change_unit(unit)}: {ci_level * 100:g}% interval")
        line = Line2D([], [], color=theme.INK_SECONDARY, linewidth=1.3)
        canvas.label_ends(page, ax, [canvas.EndLabel(0.0, "No effect", line)])
    title = _breakdown_title(frame, own, quantity, unit, breakdown, kind, frequency, cannot_say)
    said = [
        f"{'As estimated' if mine else label}: {numbers.interval(a, b)}."
        for mine, label, a, b in zip(own, labels, low, high, strict=True)
    ]
    return Picture(
        title=title,
        subtitle=subtitle(
            f"{effect_words(quantity, unit)}, by what is allowed of trends", population
        ),
        alt=f"{title}. Intervals by the departure allowed. {' '.join(said)}",
        data=plain_frame(frame),
        figure=page.figure,
        note=f"Every line is the {ci_level * 100:g}% interval that is left when trends may depart "
        "from parallel by so much.",
    )


def _bound_digits(bounds: canvas.Floats) -> int:
    """Digits that tell the bounds from each other."""
    known = bounds[np.isfinite(bounds)]
    for digits in range(6):
        if len({round(float(b), digits) for b in known}) == len(known):
            return digits if digits or (known % 1 == 0).all() else 1
    return 6


def _breakdown_title(
    frame: pd.DataFrame,
    own: npt.NDArray[np.bool_],
    quantity: str,
    unit: str,
    breakdown: float,
    kind: str,
    frequency: str,
    cannot_say: bool,
) -> str:
    if cannot_say:
        return f"These data cannot say whether the {quantity} changed, whatever trends are allowed"
    change = f"change in the {quantity}"
    if breakdown != breakdown:
        return f"How far trends may depart before the {change} is lost is not known"
    if breakdown == 0:
        return f"Even with {PARALLEL[kind]} these data show no clear {change}"
    largest = np.nanmax(column(frame, "bound")[~own]) if (~own).any() else float("nan")
    relative = kind == "relative-magnitudes"
    if np.isinf(breakdown):
        reach = f", up to {_departure(float(largest), unit, kind, frequency)}"
        tried = "departure from parallel trends" if relative else "bend of trends"
        return f"The {change} stays clear at every {tried} tried{reach}"
    if not relative:
        bend = _departure(breakdown, unit, kind, frequency)
        return f"The {change} stays clear until the difference in trends bends by {bend}"
    size = numbers.number(breakdown, 2)
    side = "less than" if breakdown < 1 else "more than" if breakdown > 1 else "as much as"
    return (
        f"The {change} stays clear until trends depart by {size} times their largest departure "
        f"before the start: {side} was seen then"
    )


def _departure(bound: float, unit: str, kind: str, frequency: str) -> str:
    if kind == "relative-magnitudes":
        return f"{numbers.number(bound, 2)} times the largest before the start"
    size = numbers.of_unit(numbers.number(bound), numbers.change_unit(unit))
    return f"{size} per {period_words(frequency)}"


def specification_curve(
    data: pd.DataFrame,
    *,
    choices: Mapping[str, str],
    quantity: str,
    unit: str,
    lower: str = "lower",
    higher: str = "higher",
    population: str = "",
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """Every defensible way to analyse, in the order of its estimate, with its choices below.

    Parameters
    ----------
    data : columns ``rank, estimate, ci_low, ci_high, primary`` and the columns named by
        ``choices``; one row per specification.
    choices : column of a choice to its label (``{"controls": "Comparison areas"}``).
    quantity : what is estimated in running text (``"stillbirth rate"``, ``"gap in ..."``).
    lower, higher : what estimates under and over 0 mean; ``"narrower"``, ``"wider"`` for gaps.
    """
    require(data, ("rank", "estimate", "ci_low", "ci_high", "primary", *choices),
            "specification_curve")  # fmt: skip
    frame = data.sort_values("rank").reset_index(drop=True)
    rows = _choice_rows(frame, data, choices)
    with theme.figure_style():
        labels = [canvas.wrap(words, 2.3, theme.POINTS_SMALL, "bold" if head else "normal")
                  for words, _, head in rows]  # fmt: skip
        sizes = [canvas.text_size(words, theme.POINTS_SMALL, "bold") for words in labels]
        heights = np.array([size[1] + 0.05 for size in sizes])
        left = max(max(size[0] for size in sizes) + 0.2, 0.62)
        foot = float(heights.sum()) + 0.15
        key = [f"{capitalise(lower)} or {higher}: interval excludes 0", "Not clear",
               "Primary analysis"]  # fmt: skip
        room = canvas.key_room(key) + 0.3
        limits = _curve_limits(frame)
        ends = np.concatenate([column(frame, "ci_low"), column(frame, "ci_high")])
        cut = CUT if ((ends < limits[0]) | (ends > limits[1])).any() else ""
        page = canvas.sheet(2.5 + room + foot, source=source, synthetic=synthetic, remark=cut)
        ax = page.axes(left, 0.2, foot, room)
        samples = _draw_curve(ax, frame)
        box = ax.get_position()
        page.text(0.05, box.y1 * page.height + 0.06,
                  f"Difference, {numbers.change_unit(unit)}", va="bottom")  # fmt: skip
        canvas.key_above(page, list(zip(samples, key, strict=True)))
        below = page.axes(left, 0.2, 0.1, page.height - page.footer - foot + 0.03)
        below.set_position((box.x0, below.get_position().y0, box.width,
                            below.get_position().height))  # fmt: skip
        _draw_choices(page, below, labels, rows, heights, ax.get_xlim())
    title, account = _specifications(frame, quantity, unit, lower, higher)
    return Picture(
        title=title,
        subtitle=subtitle(f"{effect_words(quantity, unit)}, by specification", population),
        alt=f"Curve of {len(frame)} specifications with their choices below. {account}",
        data=plain_frame(frame),
        figure=page.figure,
        note=f"Vertical lines are {ci_level * 100:g}% intervals. A dot below marks the choice "
        "made.",
    )


Row = tuple[str, npt.NDArray[np.bool_], bool]


def _choice_rows(frame: pd.DataFrame, given: pd.DataFrame, choices: Mapping[str, str]) -> list[Row]:
    """Heading and options of each choice, in the order of the data as given.

    Words, which specifications made the choice, and whether the row is a heading.
    """
    rows: list[Row] = []
    for name, label in choices.items():
        values = frame[name].astype(str)
        rows.append((label, np.zeros(len(frame), dtype=bool), True))
        for option in dict.fromkeys(given[name].astype(str)):
            rows.append((capitalise(option), (values == option).to_numpy(), False))
    return rows


def _curve_limits(frame: pd.DataFrame) -> tuple[float, float]:
    """Limits at which intervals are cut, so that they do not flatten the curve."""
    return canvas.band_limits(np.append(column(frame, "estimate"), 0.0))


def _draw_curve(ax: Axes, frame: pd.DataFrame) -> list[Line2D]:
    """Draw the estimates in their order and return samples of the markers."""
    estimate, low, high = (column(frame, name) for name in ("estimate", "ci_low", "ci_high"))
    primary = column(frame, "primary") == 1
    clear = (low > 0) | (high < 0)
    places = np.arange(len(frame), dtype=float)
    size = 6.0 if len(frame) <= 40 else 4.5
    core = np.append(estimate, 0.0)
    limits = _curve_limits(frame)
    canvas.value_axis(ax, np.append(core, np.clip(np.concatenate([low, high]), *limits)))
    bottom, top = ax.get_ylim()
    ax.set_xlim(-0.8, len(frame) - 0.2)
    ax.set_xticks([])
    ax.axhline(0, color=theme.INK_SECONDARY, linewidth=1.3, zorder=2)
    ax.vlines(places, np.clip(low, bottom, top), np.clip(high, bottom, top),
              color=theme.MID_BLUE, linewidth=1.4, zorder=2.5)  # fmt: skip
    looks = (
        (clear & ~primary, "o", theme.DARK_BLUE, theme.DARK_BLUE, size),
        (~clear & ~primary, "o", theme.DARK_BLUE, "white", size),
        (primary, "D", theme.ORANGE, theme.ORANGE, size + 3),
    )
    samples = []
    for rows, marker, colour, fill, points in looks:
        style = {"marker": marker, "color": colour, "mfc": fill, "markersize": points,
                 "linestyle": "None"}  # fmt: skip
        ax.plot(places[rows], estimate[rows], zorder=4, **style)
        samples.append(Line2D([], [], **style))
    return samples


def _draw_choices(
    page: canvas.Sheet,
    ax: Axes,
    labels: list[str],
    rows: list[Row],
    heights: canvas.Floats,
    across: tuple[float, float],
) -> None:
    total = float(heights.sum())
    middles = total - np.cumsum(heights) + heights / 2
    ax.set_xlim(across)
    ax.set_ylim(0, total)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    box = ax.get_position()
    scale = box.height * page.height / total
    for label, (_, made, head), middle in zip(labels, rows, middles, strict=True):
        height = box.y0 * page.height + middle * scale
        page.text(0.05 if head else 0.15, height, label, va="center", fontsize=theme.POINTS_SMALL,
                  fontweight="bold" if head else "normal", linespacing=1.2)  # fmt: skip
        if head:
            continue
        ax.axhline(middle, color=theme.GRID, linewidth=0.9, zorder=1)
        places = np.flatnonzero(made)
        ax.plot(places, np.full(len(places), middle), "o", color=theme.DARK_BLUE,
                markersize=4.5, zorder=3)  # fmt: skip


def _specifications(
    frame: pd.DataFrame, quantity: str, unit: str, lower: str, higher: str
) -> tuple[str, str]:
    estimate, low, high = (column(frame, name) for name in ("estimate", "ci_low", "ci_high"))
    total = int(np.isfinite(estimate).sum())
    if not total:
        words = f"No specification gives an effect on the {quantity}"
        return words, f"{words}."
    down, up = int((high < 0).sum()), int((low > 0).sum())
    if not down and not up:
        title = f"None of {total} specifications shows a clear change in the {quantity}"
    else:
        sides = [f"{word} than expected in {count if count < total else 'all'} of {total}"
                 if count < total else f"{word} than expected in all {total}"
                 for word, count in ((lower, down), (higher, up)) if count]  # fmt: skip
        title = f"The {quantity} is clearly {numbers.listing(sides)} specifications"
    digits = numbers.decimals_for(float(np.nanmedian(np.abs(estimate))))
    span = numbers.interval(np.nanmin(estimate), np.nanmax(estimate), digits, signed=True)
    under = int((estimate < 0).sum())
    account = (
        f"{title}. Estimates run from {span} {numbers.change_unit(unit)}; {under} of {total} lie "
        "below 0."
    )
    chosen = np.flatnonzero(column(frame, "primary") == 1)
    if chosen.size:
        place = int(chosen[0])
        interval = numbers.interval_words(low[place], high[place], decimals=digits)
        account += (
            f" The primary analysis stands at place {place + 1}: "
            f"{numbers.change(estimate[place], digits)} ({interval})."
        )
    return title, account
