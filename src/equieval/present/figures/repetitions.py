"""Repetitions of an evaluation on made-up data: how often its interval held the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from scipy import stats

from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas
from equieval.present.figures.words import column, subtitle

HELD, MISSED = "the interval holds the truth", "it does not"


def repetitions(
    data: pd.DataFrame,
    *,
    quantity: str,
    unit: str,
    thing: str = "effect",
    study: str = "evaluation",
    population: str = "",
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = True,
) -> Picture:
    """Every repetition's interval around its estimate, as a distance from the known truth.

    Parameters
    ----------
    data : columns ``repetition, truth, estimate, ci_low, ci_high``, one row per repetition; the
        interval is missing where the design gave none.
    quantity : what the effect is on, or what is estimated, in running text.
    thing : what is estimated, in one word ("effect", "gap").
    study : what is repeated ("evaluation", "audit").
    unit : of the quantity; empty where it has none.
    """
    require(data, ("repetition", "truth", "estimate", "ci_low", "ci_high"), "repetitions")
    truth = column(data, "truth")
    ends = np.column_stack([column(data, name) for name in ("estimate", "ci_low", "ci_high")])
    away = ends - truth[:, None]
    away = away[np.argsort(away[:, 0], kind="stable")]
    given = np.asarray(np.isfinite(away).all(axis=1))
    held = given & (away[:, 1] <= 0) & (away[:, 2] >= 0)
    share = f"{ci_level * 100:g}%"
    with theme.figure_style():
        words = (f"{thing.capitalize()} estimated: {HELD}", MISSED.capitalize())
        page = canvas.sheet(3.5 + canvas.key_room(words), source=source, synthetic=synthetic)
        ax = page.axes(0.62, 0.2, 0.42, 0.42 + canvas.key_room(words))
        samples = []
        for marks, colour, shape in (
            (held, theme.MID_BLUE, "o"),
            (given & ~held, theme.ORANGE, "s"),
        ):
            places = np.flatnonzero(marks)
            ax.vlines(places, away[marks, 1], away[marks, 2], color=colour, linewidth=1.6, zorder=3)
            ax.plot(places, away[marks, 0], shape, color=colour, markersize=4, zorder=4)
            samples.append(Line2D([], [], color=colour, marker=shape, markersize=6))
        ax.axhline(0, color=theme.INK, linewidth=1.3, zorder=2)
        canvas.value_axis(ax, away[given].ravel())
        ax.set_xlim(-1, len(away))
        ax.set_xticks([])
        ax.set_xlabel("Repetitions, from the lowest estimate to the highest")
        canvas.key_above(page, list(zip(samples, words, strict=True)))
        box = ax.get_position()
        page.text(0.05, box.y1 * page.height + 0.1,
                  f"Estimate less truth{f', {numbers.change_unit(unit)}' if unit else ''}",
                  va="bottom")  # fmt: skip
    what = f"In {len(away)} made-up repetitions {{}}this {study}"
    title = _title(int(held.sum()), int(given.sum()), len(away), what, f"{share} interval", thing)
    on = f"{thing} on the {quantity}" if thing == "effect" else quantity
    return Picture(
        title=title,
        subtitle=subtitle(f"estimates of the {on} and the truth", population),
        alt=f"{title}. {_account(away, given)}",
        data=plain_frame(data),
        figure=page.figure,
        note=_note(int(given.sum()), ci_level),
    )


def _title(held: int, given: int, total: int, what: str, interval: str, thing: str) -> str:
    if not given:
        return f"{what.format('')} gave no interval"
    among = "" if given == total else f"; it gave none in {total - given}"
    times = "once" if held == 1 else f"{held} times"
    return f"{what.format('of ')} the {interval} held the true {thing} {times}{among}"


def _account(away: canvas.Floats, given: np.ndarray) -> str:
    if not given.any():
        return "There is nothing to draw."
    error = float(away[given, 0].mean())
    width = float(np.median(away[given, 2] - away[given, 1]))
    return (
        f"The estimates lie {numbers.change(error)} from the truth on average; half of the "
        f"intervals are narrower than {numbers.number(width)}."
    )


def _note(given: int, ci_level: float) -> str:
    """Say what a kept promise looks like in so many repetitions."""
    if not given:
        return ""
    low, high = (int(stats.binom.ppf(end, given, ci_level)) for end in (0.025, 0.975))
    return (
        f"Each repetition draws all data anew from the same made-up world. An interval that holds "
        f"the truth in {ci_level * 100:g}% of draws would hold it {low} to {high} times in {given}."
    )
