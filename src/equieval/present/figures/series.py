"""The counterfactual of an interrupted series."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas, lines
from equieval.present.figures.withheld import (
    CROSSES,
    draw_withheld,
    is_withheld,
    withheld_label,
    withheld_note,
)
from equieval.present.figures.words import column, subtitle
from equieval.present.periods import (
    as_period,
    at_frequency_of,
    period_label,
    period_noun,
)
from equieval.present.wording import capitalise

TOP, BOTTOM, LEFT = 0.66, 0.38, 0.55


def counterfactual_series(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    start: object,
    intervention: str,
    polarity: str = "low",
    population: str = "",
    horizon: object = None,
    lowest: float | None = 0.0,
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = False,
    cannot_say: bool = False,
) -> Picture:
    """Observed points, the fitted line, and the earlier trend carried forward.

    Parameters
    ----------
    data : columns ``period, observed, fitted, counterfactual, ci_low, ci_high``; the
        interval is the counterfactual's. Missing values leave a gap.
    outcome : what is measured, as in running text (``"stillbirth rate"``).
    unit : its unit (``"stillbirths per 1,000 births"``).
    start : the first exposed period; the line stands between it and the one before.
    intervention : label of that line (``"Care bundle"``).
    polarity : ``"low"`` or ``"high"`` is good; anything else names no better or worse.
    horizon : the period that the finding is about; by default the last fitted one.
    cannot_say : the design cannot carry the estimate; the title then says so.
    lowest : the lowest value that the outcome can take, below which nothing is drawn; 0
        for rates, None for a gap, which may reverse.
    """
    require(
        data,
        ("period", "observed", "fitted", "counterfactual", "ci_low", "ci_high"),
        "counterfactual_series",
    )
    frame = lines.complete(data)
    periods = pd.PeriodIndex(frame["period"])
    begin = at_frequency_of(start, periods)
    places = np.array([p.ordinal for p in periods], dtype=float)
    after = places >= begin.ordinal
    observed, fitted, expected, low, high = (
        column(frame, name)
        for name in ("observed", "fitted", "counterfactual", "ci_low", "ci_high")
    )
    expected, low, high = (np.where(after, v, np.nan) for v in (expected, low, high))
    with theme.figure_style():
        core = np.concatenate([observed, fitted, expected])
        limits = canvas.band_limits(core, lowest)
        drawn = np.append(core, np.clip(np.concatenate([low, high]), *limits))
        remark = canvas.zero_remark(drawn)
        if (low < limits[0]).any() or (high > limits[1]).any():
            remark = f"{remark} The interval goes on beyond the axis.".strip()
        page = canvas.sheet(4.2, source=source, synthetic=synthetic, remark=remark)
        ax = page.axes(LEFT, 1.75, BOTTOM, TOP)
        canvas.value_axis(ax, drawn)
        canvas.time_axis(ax, periods)
        bottom, top = ax.get_ylim()
        if bottom < 0 < top:
            ax.axhline(0, color=theme.INK_SECONDARY, linewidth=1)
        ax.set_ylim(max(bottom, lowest) if lowest is not None else bottom, top)
        ax.fill_between(places, low, high, color=theme.ORANGE, alpha=0.2, linewidth=0)
        ax.plot(places, expected, color=theme.ORANGE, linestyle=(0, (4, 2)), zorder=3)
        for part in (~after, after):
            line = np.where(part, fitted, np.nan)
            ax.plot(places, line, color=theme.DARK_BLUE, zorder=4)
        ax.plot(places, observed, "o", color=theme.INK, markersize=5, zorder=5)
        draw_withheld(ax, places[is_withheld(frame, "observed")], colour=theme.INK)
        canvas.mark_start(
            page, ax, begin.ordinal - 0.5, f"{intervention}, from {period_label(begin)}"
        )
        canvas.head_axis(page, capitalise(unit))
        dots = Line2D([], [], color=theme.INK, marker="o", markersize=5, linestyle="None")
        solid = Line2D([], [], color=theme.DARK_BLUE)
        dashed = Line2D([], [], color=theme.ORANGE, linestyle=(0, (4, 2)))
        share = f"{ci_level * 100:g}%"
        canvas.label_ends(
            page,
            ax,
            [
                *withheld_label(ax, int(is_withheld(frame, "observed").sum())),
                canvas.EndLabel(lines.last_known(observed), "Observed", dots),
                canvas.EndLabel(lines.last_known(fitted), "Fitted to what was observed", solid),
                canvas.EndLabel(
                    lines.last_known(expected),
                    f"Earlier trend carried forward, {share} interval",
                    dashed,
                ),
            ],
        )
    return Picture(
        title=_cannot_say(outcome)
        if cannot_say
        else _finding(frame, begin, horizon, outcome, unit),
        subtitle=subtitle(unit, population, periods),
        alt=(f"{_cannot_say(outcome)}. " if cannot_say else "")
        + _account(frame, begin, horizon, outcome, unit, polarity, intervention, ci_level),
        data=plain_frame(frame),
        figure=page.figure,
        note=withheld_note(data, "observed", shown_as=CROSSES),
    )


def _cannot_say(outcome: str) -> str:
    return f"These data cannot say whether the {outcome} left its earlier trend"


def _at_horizon(frame: pd.DataFrame, begin: pd.Period, horizon: object) -> pd.Series | None:
    """The row that the finding is about, or None when nothing can be compared."""
    periods = pd.PeriodIndex(frame["period"])
    both = (periods >= begin) & frame["fitted"].notna() & frame["counterfactual"].notna()
    if horizon is not None:
        both &= periods == at_frequency_of(as_period(horizon), periods)
    return frame.loc[both].iloc[-1] if both.any() else None


def _finding(
    frame: pd.DataFrame, begin: pd.Period, horizon: object, outcome: str, unit: str
) -> str:
    row = _at_horizon(frame, begin, horizon)
    if row is None:
        return f"The earlier trend of the {outcome} cannot be carried forward"
    when = period_label(row["period"])
    digits = numbers.decimals_for(row["fitted"], row["counterfactual"])
    fitted = numbers.number(row["fitted"], digits)
    expected = numbers.number(row["counterfactual"], digits)
    against = f"{fitted} against {numbers.of_unit(expected, unit)}"
    if numbers.is_missing(row["ci_low"]) or numbers.is_missing(row["ci_high"]):
        side = "above" if row["fitted"] > row["counterfactual"] else "below"
        return f"In {when} the {outcome} was {side} the earlier trend carried forward: {against}"
    if row["fitted"] > row["ci_high"]:
        return f"In {when} the {outcome} was above what the earlier trend would give: {against}"
    if row["fitted"] < row["ci_low"]:
        return f"In {when} the {outcome} was below what the earlier trend would give: {against}"
    return f"In {when} the {outcome} was within the range that the earlier trend would give"


def _account(
    frame: pd.DataFrame,
    begin: pd.Period,
    horizon: object,
    outcome: str,
    unit: str,
    polarity: str,
    intervention: str,
    ci_level: float,
) -> str:
    """Alternative text: where the series went, and how it stands to its earlier trend."""
    seen = frame.loc[frame["observed"].notna()]
    parts = [f"Line chart of the {outcome}."]
    if not seen.empty:
        first, last = seen.iloc[0], seen.iloc[-1]
        digits = numbers.decimals_for(first["observed"], last["observed"])
        parts.append(
            f"Observed: {numbers.of_unit(numbers.number(first['observed'], digits), unit)} in "
            f"{period_label(first['period'])} and {numbers.number(last['observed'], digits)} in "
            f"{period_label(last['period'])}."
        )
    row = _at_horizon(frame, begin, horizon)
    if row is not None:
        difference = row["fitted"] - row["counterfactual"]
        digits = numbers.decimals_for(row["fitted"], row["counterfactual"])
        judged = _judged(difference, polarity)
        spread = numbers.interval_words(
            row["ci_low"], row["ci_high"], level=ci_level, decimals=digits
        )
        parts.append(
            f"In {period_label(row['period'])} the fitted line stands at "
            f"{numbers.number(row['fitted'], digits)}; the trend before {period_label(begin)} "
            f"({intervention}) carried forward gives "
            f"{numbers.number(row['counterfactual'], digits)} ({spread}), a difference of "
            f"{numbers.change(difference, digits)}{judged}."
        )
    missing = int(frame["observed"].isna().sum())
    if missing:
        noun = period_noun(pd.PeriodIndex(frame["period"]), missing)
        parts.append(f"{missing} {noun} {'has' if missing == 1 else 'have'} no observed value.")
    return " ".join(parts)


def _judged(difference: float, polarity: str) -> str:
    if polarity not in ("low", "high") or not difference:
        return ""
    return " (worse)" if (difference > 0) == (polarity == "low") else " (better)"
