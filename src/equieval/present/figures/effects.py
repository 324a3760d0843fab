"""Effects at a glance: who moved, and the headline of a report."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas, forests
from equieval.present.figures.words import column, subtitle
from equieval.present.groups import Groups
from equieval.present.periods import moment, period_label
from equieval.present.wording import (
    AVERAGED,
    Result,
    capitalise,
    gap_verdict,
    levelling_verdict,
    outcome_verdict,
)


def levelling(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    polarity: str = "low",
    group: str | None = None,
    most: str | None = None,
    least: str | None = None,
    horizon: object = None,
    design: str = "its",
    expected: str = "Expected from the earlier trend",
    population: str = "",
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """Who moved: expected and fitted rate at both ends of the scale.

    Parameters
    ----------
    data : two rows, the worst-off group first; columns ``stratum, counterfactual,
        fitted, estimate, ci_low, ci_high`` (the last three: the change and its interval).
    group, most, least : as for `rates_by_group`.
    expected : what the counterfactual is, in the key.
    design : the changes of panels are averages up to the horizon, not those at it.
    """
    require(
        data,
        ("stratum", "counterfactual", "fitted", "estimate", "ci_low", "ci_high"),
        "levelling",
    )
    frame = data.iloc[[0, -1]].reset_index(drop=True)
    groups = Groups.of(frame["stratum"], None, group, most, least)
    before, after = column(frame, "counterfactual"), column(frame, "fitted")
    labels = [
        canvas.wrap(groups.label(level), forests.LABEL_WIDTH - 0.15, theme.POINTS_TEXT)
        for level in groups.levels
    ]
    with theme.figure_style():
        values = _signed_values(frame)
        right = max(canvas.text_size(words, theme.POINTS_TEXT)[0] for words in values) + 0.2
        key = [expected, "Fitted to what was observed"]
        room = canvas.key_room(key) + 0.08
        page = canvas.sheet(2.33 + room, source=source, synthetic=synthetic)
        ax = page.axes(forests.LABEL_WIDTH, right, 0.62, room)
        everything = np.concatenate([before, after])
        finite = everything[np.isfinite(everything)]
        low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
        room = (high - low) * 0.12 or 1.0
        ax.set_xlim(low - room, high + room)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
        canvas.plain_ticks(ax, "x")
        ax.set_ylim(-0.5, 1.5)
        ax.set_yticks([])
        ax.grid(False)
        ax.grid(True, axis="x")
        box = ax.get_position()
        for row, (old, new) in enumerate(zip(before, after, strict=True)):
            place = 1.0 - row
            if np.isfinite([old, new]).all() and old != new:
                ax.annotate(
                    "", xy=(new, place), xytext=(old, place),
                    arrowprops={"arrowstyle": "-|>", "color": theme.DARK_BLUE, "lw": 2,
                                "shrinkA": 6, "shrinkB": 6},
                )  # fmt: skip
            ax.plot(old, place, "o", color=theme.ORANGE, markersize=9, mfc="white", mew=2.2)
            ax.plot(new, place, "o", color=theme.DARK_BLUE, markersize=9)
            height = (box.y0 + (place + 0.5) / 2 * box.height) * page.height
            page.text(0.05, height, labels[row], va="center", linespacing=1.2)
            edge = box.x1 * theme.FIGURE_WIDTH + 0.12
            page.text(edge, height, values[row], va="center", linespacing=1.2)
        ax.set_xlabel(capitalise(unit))
        hollow = Line2D([], [], color=theme.ORANGE, marker="o", markersize=9, mfc="white", mew=2.2)
        solid = Line2D([], [], color=theme.DARK_BLUE, marker="o", markersize=9)
        canvas.key_above(page, list(zip((hollow, solid), key, strict=True)))
    ends = [Result(*(float(v) for v in row)) for row in
            frame[["estimate", "ci_low", "ci_high"]].to_numpy(dtype=float)]  # fmt: skip
    _, words = levelling_verdict(ends[0], ends[1], polarity)
    moved = words.format(most=groups.most_words, least=groups.least_words)
    when = moment(horizon, average=design in AVERAGED)
    title = capitalise(f"{when} {moved}".strip())
    rows = [
        f"{groups.label(level)}: expected {numbers.number(old)}, fitted {numbers.number(new)}, "
        f"difference {value.replace(chr(10), ' (')})."
        for level, old, new, value in zip(groups.levels, before, after, values, strict=True)
    ]
    return Picture(
        title=title,
        subtitle=subtitle(f"{outcome}, {unit}", population),
        alt=f"{title}. {' '.join(rows)}",
        data=plain_frame(frame),
        figure=page.figure,
        note=f"Numbers on the right: difference and its {ci_level * 100:g}% interval.",
    )


def _signed_values(frame: pd.DataFrame) -> list[str]:
    digits = numbers.decimals_for(*frame[["estimate", "ci_low", "ci_high"]].to_numpy().ravel())
    return [
        f"{numbers.change(row['estimate'], digits)}\n"
        f"{numbers.interval(row['ci_low'], row['ci_high'], digits)}"
        for _, row in frame.iterrows()
    ]


def headline(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    measure: str,
    measure_unit: str = "",
    polarity: str = "low",
    horizon: object = None,
    design: str = "its",
    population: str = "",
    ci_level: float = 0.95,
    cannot_say: bool = False,
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """The effect by group above, the change in the gap below: a report's one figure.

    Parameters
    ----------
    data : columns ``panel`` (``"group"`` or ``"gap"``), ``label, estimate, ci_low,
        ci_high`` and, where there, ``df`` and ``primary``. The first ``gap`` row marked
        primary (else the first) is the one that the title is about; a ``group`` row marked
        primary is the whole population.
    measure : the inequality measure of the gap rows, in running text.
    design : the effects of panels are averages up to the horizon, not those at it.
    cannot_say : the design cannot carry the estimates; the title then says so.
    """
    require(data, ("panel", "label", "estimate", "ci_low", "ci_high"), "headline")
    panels = {name: data.loc[data["panel"] == name].reset_index(drop=True)
              for name in ("group", "gap")}  # fmt: skip
    for name, rows in panels.items():
        require(rows, ("label",), f"headline, panel '{name}'")
    sides = {
        "group": forests.Sides("a lower rate", "a higher rate"),
        "gap": forests.Sides("a narrower gap", "a wider gap"),
    }
    units = {
        "group": f"Difference in {numbers.change_unit(unit)}",
        "gap": f"Difference in {numbers.change_unit(measure_unit) or measure}",
    }
    heads = {"group": f"{capitalise(outcome)}, by group", "gap": f"The gap: {measure}"}
    with theme.figure_style():
        drawn = {name: forests.Rows.of(rows) for name, rows in panels.items()}
        left, right = (max(getattr(rows, side) for rows in drawn.values())
                       for side in ("left", "right"))  # fmt: skip
        heads = {name: canvas.wrap(words, theme.FIGURE_WIDTH - 0.1, theme.POINTS_TEXT, "bold")
                 for name, words in heads.items()}  # fmt: skip
        above = {name: 0.42 + canvas.text_size(words, theme.POINTS_TEXT, "bold")[1]
                 for name, words in heads.items()}  # fmt: skip
        below = 0.7
        size = {name: sum(drawn[name].heights) + above[name] + below for name in panels}
        cut = any(rows.beyond(rows.limits(0.0)) for rows in drawn.values())
        page = canvas.sheet(
            sum(size.values()), source=source, synthetic=synthetic,
            remark=forests.BEYOND if cut else "",
        )  # fmt: skip
        for name, foot, top in (("group", size["gap"], 0.0), ("gap", 0.0, size["group"])):
            ax = page.axes(left, right, foot + below, top + above[name])
            drawn[name].draw(page, ax, 0.0)
            ax.set_xlabel(units[name])
            forests.head_sides(page, ax, sides[name], 0.0)
            page.text(0.05, page.height - top - 0.06, heads[name], va="top", fontweight="bold",
                      linespacing=1.2)  # fmt: skip
    title, account = _headline_words(
        panels, outcome, polarity, horizon, average=design in AVERAGED, cannot_say=cannot_say
    )
    listed = " ".join(line for rows in drawn.values() for line in rows.sentences())
    freedom = f" {forests.FREEDOM}" if "df" in data else ""
    return Picture(
        title=title,
        subtitle=subtitle(
            f"difference from what was expected, in {numbers.change_unit(unit)}", population
        ),
        alt=f"Two panels of estimates with intervals. {account} {listed}",
        data=plain_frame(data),
        figure=page.figure,
        note=f"{forests.what_lines_are(data, ci_level)}{freedom}",
    )


def _main_row(rows: pd.DataFrame) -> Result:
    """The row marked primary, else the first."""
    marked = np.flatnonzero(column(rows, "primary") == 1)
    place = int(marked[0]) if marked.size else 0
    return Result(*(float(column(rows, name)[place]) for name in ("estimate", "ci_low", "ci_high")))


def _headline_words(
    panels: dict[str, pd.DataFrame],
    outcome: str,
    polarity: str,
    horizon: object,
    *,
    average: bool,
    cannot_say: bool,
) -> tuple[str, str]:
    gap = gap_verdict(_main_row(panels["gap"]))
    whole = _main_row(panels["group"])
    of_outcome = {
        "improved": f"the {outcome} was better than expected",
        "worsened": f"the {outcome} was worse than expected",
        "rose": f"the {outcome} was higher than expected",
        "fell": f"the {outcome} was lower than expected",
        "no-clear-change": f"the {outcome} shows no clear change",
        "cannot-say": f"a change in the {outcome} cannot be told",
    }[outcome_verdict(whole, polarity)]
    of_gap = {
        "narrowed": "the gap was narrower than expected",
        "widened": "the gap was wider than expected",
        "no-clear-change": "the gap shows no clear change",
        "cannot-say": "a change in the gap cannot be told",
    }[gap]
    when = "" if horizon is None else period_label(horizon)
    if cannot_say:
        title = f"These data cannot say whether the gap changed{f' by {when}' if when else ''}"
        return title, f"{title}. As estimated, {of_outcome} and {of_gap}."
    lead = moment(horizon, average=average)
    title = capitalise(" ".join(part for part in (lead, f"{of_outcome}; {of_gap}") if part))
    return title, f"{title}."
