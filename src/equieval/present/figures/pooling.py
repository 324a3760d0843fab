"""Rows of evidence beside each other: evaluations pooled, and how often intervals hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas, forests
from equieval.present.figures.words import column, effect_words, singular, subtitle
from equieval.present.wording import Result, capitalise

LARGEST_DOT, SMALLEST_DOT = 12.0, 3.0  # diameters in points
PROMISED = (0.93, 0.97)
"""Coverage that counts as keeping the promise of a 95% interval."""


def pooled_forest(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    prediction_low: float,
    prediction_high: float,
    things: str = "evaluations",
    below: str = "a lower rate",
    above: str = "a higher rate",
    reference: float = 0.0,
    log: bool = False,
    i2: float = float("nan"),
    population: str = "",
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """Evaluations (or units) of one outcome, their pooled effect, and where a further one lies.

    Parameters
    ----------
    data : columns ``label, estimate, ci_low, ci_high, weight`` (per cent) and ``pooled``,
        true for the last row, the pooled effect.
    prediction_low, prediction_high : ends of the prediction interval.
    things : what is pooled, in the plural.
    reference, log : the value of no difference, and a logarithmic axis, for ratios.
    i2 : the share (per cent) of variance that lies between the evaluations.
    """
    require(data, ("label", "estimate", "ci_low", "ci_high", "weight", "pooled"), "pooled_forest")
    pooled = column(data, "pooled") == 1
    ordered = pd.concat([data.loc[~pooled], data.loc[pooled]], ignore_index=True)
    one = singular(things)
    last = {
        "label": f"A further {one} like these (prediction interval)",
        "prediction": True,
        "estimate": np.nan,
        "ci_low": prediction_low,
        "ci_high": prediction_high,
    }
    frame = pd.concat([ordered, pd.DataFrame([last])], ignore_index=True)
    frame = frame.assign(primary=column(frame, "pooled") == 1)
    sides = forests.Sides(below, above)
    with theme.figure_style():
        rows = _with_weights(forests.Rows.of(frame), frame)
        page = canvas.sheet(sum(rows.heights) + 1.02, source=source, synthetic=synthetic)
        ax = page.axes(rows.left, rows.right, 0.64, 0.36)
        rows.draw(page, ax, reference, log=log, sizes=_by_weight(column(frame, "weight")))
        ax.set_xlabel(capitalise(unit) if log else f"Difference, {numbers.change_unit(unit)}")
        forests.head_sides(page, ax, sides, reference)
    studies = int((~pooled).sum())
    main = ordered.iloc[-1]
    estimate, low, high = (float(main[name]) for name in ("estimate", "ci_low", "ci_high"))
    found = Result(estimate, low, high, reference)
    further = Result(estimate, prediction_low, prediction_high, reference)
    title = _pooled_title(found, further, f"{studies} {things}", outcome, sides)
    spread = (
        "" if numbers.is_missing(i2)
        else f" {numbers.percent(i2 / 100)} of the variation lies between the {things}."
    )  # fmt: skip
    return Picture(
        title=title,
        subtitle=subtitle(f"{effect_words(outcome, unit)}, by {one}", population),
        alt=f"{title}. {' '.join(rows.sentences())}{spread}",
        data=plain_frame(frame.drop(columns=["primary", "prediction"])),
        figure=page.figure,
        note=f"Lines are {ci_level * 100:g}% intervals. Dots are larger the more their {one} "
        "weighs; the diamond is the pooled effect (random effects). The last line is where a "
        f"further {one} should lie, by the confidence distribution of the variance between "
        f"them.{spread}",
    )


def _by_weight(weights: canvas.Floats) -> canvas.Floats:
    """Return diameters whose areas are as the weights, down to the least that can be seen."""
    known = np.nan_to_num(weights)
    most = float(known.max())
    if not most:
        return np.full(len(known), forests.DOT)
    return np.asarray(np.maximum(LARGEST_DOT * np.sqrt(known / most), SMALLEST_DOT))


def _with_weights(rows: forests.Rows, frame: pd.DataFrame) -> forests.Rows:
    """Add the weights to the numbers; the prediction has an interval and no estimate."""
    values = []
    for words, weight, row in zip(
        rows.values, column(frame, "weight"), frame.to_dict("records"), strict=True
    ):
        if row["prediction"] is True:
            digits = numbers.decimals_for(row["ci_low"], row["ci_high"])
            values.append(numbers.interval(row["ci_low"], row["ci_high"], digits))
        elif np.isfinite(weight) and not row["primary"]:
            values.append(f"{words}\nweight {numbers.percent(weight / 100)}")
        else:
            values.append(words)
    sizes = [canvas.text_size(words, theme.POINTS_TEXT) for words in values]
    heights = tuple(
        max(height, size[1] + 0.15) for height, size in zip(rows.heights, sizes, strict=True)
    )
    right = max(size[0] for size in sizes) + 0.2
    return replace(rows, values=tuple(values), heights=heights, right=right)


def _pooled_title(
    found: Result, further: Result, pooled: str, outcome: str, sides: forests.Sides
) -> str:
    if not found.known:
        return f"The {pooled} of the {outcome} cannot be pooled"
    if not found.sign:
        return f"Together {pooled} show no clear change in the {outcome}"
    side = sides.above if found.sign > 0 else sides.below
    title = f"Together {pooled} show {side}: {outcome}"
    if further.sign == found.sign:
        return f"{title}; a further one should show the same"
    return f"{title}; a further one may show none or the opposite"


def coverage(
    data: pd.DataFrame,
    *,
    of: str = "designs",
    ci_level: float = 0.95,
    population: str = "",
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """How often intervals covered the truth, in simulations where it is known.

    Parameters
    ----------
    data : columns ``label, coverage, low, high`` (shares; the interval is the Monte-Carlo
        error) and ``replications``.
    of : what the rows are, in the plural.
    """
    require(data, ("label", "coverage", "low", "high", "replications"), "coverage")
    share = [column(data, name) for name in ("coverage", "low", "high")]
    frame = pd.DataFrame(
        dict(zip(("estimate", "ci_low", "ci_high"), (100 * values for values in share),
                 strict=True))
    ).assign(label=data["label"].astype(str).to_numpy())  # fmt: skip
    first, last = (100 * end for end in PROMISED)
    with theme.figure_style():
        rows = forests.Rows.of(frame)
        page = canvas.sheet(sum(rows.heights) + 1.02, source=source, synthetic=synthetic)
        ax = page.axes(rows.left, rows.right, 0.64, 0.36)
        rows.draw(page, ax, 100 * ci_level)
        low, high = ax.get_xlim()
        ax.set_xlim(min(low, first - 1), min(max(high, last + 1), 101.0))
        ax.axvspan(first, last, color=theme.TURQUOISE, alpha=0.16, linewidth=0, zorder=1)
        canvas.plain_ticks(ax, "x")
        ax.set_xlabel(f"Intervals that cover the truth, % (promised: {ci_level * 100:g})")
        box = ax.get_position()
        page.text(
            (box.x0 + box.width / 2) * theme.FIGURE_WIDTH, box.y1 * page.height + 0.08,
            f"Shaded: {first:g}% to {last:g}%, the promise kept", ha="center", va="bottom",
        )  # fmt: skip
    title, account = _promise(data, share, of)
    listed = " ".join(rows.sentences()[: forests.LONGEST_LIST])
    return Picture(
        title=title,
        subtitle=subtitle(
            f"coverage of {ci_level * 100:g}% intervals, by {singular(of)}", population
        ),
        alt=f"{account} {listed}",
        data=plain_frame(data),
        figure=page.figure,
        note="Lines are the Monte-Carlo error of the simulations (95%).",
    )


def _promise(data: pd.DataFrame, share: list[canvas.Floats], of: str) -> tuple[str, str]:
    """A promise is broken where the whole Monte-Carlo interval lies under the band."""
    value, low, high = share
    total = int(np.isfinite(value).sum())
    under, over = int((high < PROMISED[0]).sum()), int((low > PROMISED[1]).sum())
    if not total:
        words = f"No coverage is known for these {of}"
        return words, f"{words}."
    if not under and not over:
        scope = f"all {total} {of}" if total > 1 else "the one case tried"
        title = f"Intervals keep their promise in {scope}"
    else:
        said = (("too narrow", under), ("wider than promised", over))
        parts = [f"{words} in {count}" for words, count in said if count]
        title = f"Intervals are {numbers.listing(parts)} of {total} {of}"
    runs = pd.to_numeric(data["replications"], errors="coerce")
    many = numbers.count(runs.min())
    return title, (
        f"{title}. Coverage runs from {numbers.percent(np.nanmin(value), 1)} to "
        f"{numbers.percent(np.nanmax(value), 1)}, on at least {many} simulations each."
    )
