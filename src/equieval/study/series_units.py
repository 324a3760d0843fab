"""Several units that start together: what each gives by itself, and all of them pooled.

The headline is of their sum, where each person counts the same. Beside it stand the units' own
effects, pooled in two stages with a prediction interval, and a mixed model of all at once: both
are about the typical unit. They have estimands of their own and never decide a verdict. Their
intervals take the units to be independent; where the units are found to move together
(`equieval.methods.common_shocks`), the estimates stay and the intervals are left out.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.methods.common_shocks import CommonShocks
from equieval.methods.contrasts import Contrast
from equieval.methods.its import ItsFit, effect_at
from equieval.methods.its_units import UnitEffects, fit_units, mixed_its, pool_units
from equieval.methods.sensitivity import COLUMNS
from equieval.methods.synthesis import Pooled
from equieval.protocol import Evaluation
from equieval.protocol.design import InterruptedTimeSeries
from equieval.study.analysis import CI_LEVEL, Subject
from equieval.study.comparison import PER_UNIT
from equieval.study.panel import pooled
from equieval.study.rates_by_period import measure_values, outcome_series
from equieval.study.series import MIN_POINTS_PER_SIDE, SeriesDesign, label, withheld_note
from equieval.study.words import WEIGHTING

OWN, POOLED, MIXED, MOVING = (
    "REML AR(1), unit by itself", "two-stage random effects", "mixed model", "Pesaran's CD"
)  # fmt: skip
IN_UNIT: Final = "effect at horizon in one unit"
TYPICAL: Final = "effect at horizon in the typical unit"
FURTHER: Final = "effect at horizon in a further unit"
FURTHER_BY: Final = (
    "prediction interval by the confidence distribution of the variance between (Q profile)"
)
TOGETHER: Final = "correlation between units"
OF_UNITS: Final = (IN_UNIT, TYPICAL, FURTHER, TOGETHER)
"""Estimands that rest on the series of the units, not on that of their sum."""
PER_PRECISION: Final = "each unit counts by how surely its effect is known"
COMMON_SHOCKS_P: Final = 0.05

_KENWARD_ROGER: Final = "t, Kenward–Roger (expected information)"


def units_of(evaluation: Evaluation) -> tuple[str, ...]:
    """Return the units that an interrupted time series sums; none where it has one unit."""
    design = evaluation.design
    return design.units if isinstance(design, InterruptedTimeSeries) else ()


def of_unit(observations: Observations, unit: str) -> Observations:
    """Return the observations of one unit."""
    return pooled(observations, (unit,), unit)


def no_units() -> dict[str, pd.DataFrame]:
    """Return the frames of a series of one unit: there is nothing to show."""
    return {"units": pd.DataFrame(), "units-together": pd.DataFrame()}


def unit_rows(
    evaluation: Evaluation,
    observations: Observations,
    design: SeriesDesign,
    subject: Subject,
    whole: dict[str, Any],
) -> tuple[list[dict[str, Any]], dict[str, pd.DataFrame]]:
    """Return what the units of a series give, as rows of the Estimates table and as frames.

    Parameters
    ----------
    observations : of all units, not summed.
    design : of the sum.
    subject : what the estimates are about: a rate or a measure over all groups.
    whole : the row of the headline, of the sum.

    Returns
    -------
    Rows: the effect in every unit, in the typical one (pooled, and by the mixed model), in a
    further one (the prediction interval), and the correlation between units; one that the series
    cannot carry has its reason. Frames, empty where there is one unit: ``units`` (label, id,
    estimate, ci_low, ci_high, weight, pooled; those fitted, then the pooled effect) and
    ``units-together`` (label, id, estimand, estimate, ci_low, ci_high, df, made, weighting, i2,
    correlation, correlation_id, p_value, n_units, refused; ``made`` says how the interval was
    made, or why there is none).
    """
    names = units_of(evaluation)
    if not names:
        return [], no_units()
    series, refused = _series(observations, names, design, subject)
    columns = {"horizon": label(design.horizon), "role": "robustness"}
    found = _effects(series, design)
    rows = [_own_row(name, found, refused, subject, columns) for name in names]
    shocks = found.shocks if found is not None else CommonShocks(math.nan, math.nan, math.nan)
    moving = subject.row(
        _bare(shocks.correlation, p_value=shocks.p_value),
        estimator=MOVING,
        estimand=TOGETHER,
        role="diagnostic",
        inference="normal; the p value is that of independent units",
        n_units=len(names) - len(refused),
    )
    why = _no_interval(shocks)
    pooling, pooled_rows = _pooled_rows(found, subject, columns, why)
    mixed = _mixed_row(series, design, subject, columns, why)
    together = [*pooled_rows, mixed]
    every = [*rows, *together, moving]
    weights = pooling.weights if pooling is not None else pd.Series(dtype=float)
    forest = _forest(names, rows, pooled_rows[0], weights)
    table = _table(whole, together, names, rows)
    return every, {
        "units": forest,
        "units-together": table.assign(
            i2=pooling.i2 if pooling is not None else math.nan,
            correlation=shocks.correlation,
            correlation_id=moving["id"],
            p_value=shocks.p_value,
            n_units=len(names),
            refused=sum("estimate" not in row for row in rows),
        ),
    }


def _series(
    observations: Observations, names: tuple[str, ...], design: SeriesDesign, subject: Subject
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return ``unit, period, value`` of the units that can be fitted, and why the others cannot."""
    parts, refused = [], {}
    for name in names:
        own = of_unit(observations, name)
        if subject.measure == "rate":
            cells, values = own.overall(subject.outcome), outcome_series(own, subject.outcome)
        else:
            cells = own.strata(subject.outcome)
            values = measure_values(own, subject.outcome, subject.measure)
        before, after = design.points(values)
        if note := withheld_note(design, own, cells):
            refused[name] = note
        elif min(before, after) < MIN_POINTS_PER_SIDE:
            refused[name] = f"it has {before} points before and {after} from the start"
        else:
            shown = values.reindex(design.periods)
            shown = shown.mask(shown.index.isin(list(design.excluded)))
            parts.append(shown.rename("value").rename_axis("period").reset_index())
            parts[-1]["unit"] = name
    columns = ["unit", "period", "value"]
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return found[columns], refused


def _effects(series: pd.DataFrame, design: SeriesDesign) -> UnitEffects | None:
    if series.empty:
        return None

    def at_horizon(fit: ItsFit, matrix: pd.DataFrame) -> Contrast:
        return effect_at(fit, matrix, design.horizon, ci_level=CI_LEVEL)

    return fit_units(series, design.start, outcome="value", model=design.model, estimand=at_horizon)


def _own_row(
    name: str,
    found: UnitEffects | None,
    refused: dict[str, str],
    subject: Subject,
    columns: dict[str, Any],
) -> dict[str, Any]:
    """Return the row of one unit; ``note`` is its name, and why it has no effect."""
    told = {**columns, "estimator": OWN, "estimand": IN_UNIT, "variant": name, "note": name}
    if found is None or name in refused:
        return subject.refused(**{**told, "note": f"{name}: {refused[name]}"})
    row = found.by_unit[found.by_unit["unit"] == name].to_dict("records")[0]
    if row["note"]:
        return subject.refused(**{**told, "note": f"{name}: {row['note']}"})
    numbers: dict[str, Any] = {key: float(row[key]) for key in COLUMNS}
    contrast = Contrast(**numbers, ci_level=CI_LEVEL)
    return subject.row(contrast, **told, n_obs=int(row["n_obs"]), inference=_KENWARD_ROGER)


def _no_interval(shocks: CommonShocks) -> str:
    """Return why effects pooled over units have no interval; empty where they have one."""
    if not (shocks.p_value < COMMON_SHOCKS_P and shocks.correlation > 0):
        return ""
    return (
        "The units move together beyond what their own models say, and an interval that takes "
        "them to be independent would be too narrow: none is given."
    )


def _pooled_rows(
    found: UnitEffects | None, subject: Subject, columns: dict[str, Any], why: str
) -> tuple[Pooled | None, list[dict[str, Any]]]:
    """Return the pooled effect and the prediction interval, or why there are none."""
    told = {**columns, "estimator": POOLED, "weighting": PER_PRECISION}
    try:
        if found is None:
            raise DesignError("No unit's series could be fitted.")
        pooling = pool_units(found, ci_level=CI_LEVEL)
    except DesignError as refusal:
        return None, [
            subject.refused(**told, estimand=estimand, note=refusal.what)
            for estimand in (TYPICAL, FURTHER)
        ]
    df = pooling.n_studies - 1
    further = replace(
        pooling.effect,
        ci_low=pooling.prediction_low,
        ci_high=pooling.prediction_high,
        std_error=math.nan,
        df=math.nan,
        p_value=math.nan,
    )
    told["n_units"] = pooling.n_studies
    return pooling, [
        _shown(subject, contrast, why, **told, estimand=estimand, inference=inference)
        for contrast, estimand, inference in (
            (pooling.effect, TYPICAL, f"Hartung–Knapp t on {df} df (units − 1), REML between"),
            (further, FURTHER, FURTHER_BY),
        )
    ]


def _mixed_row(
    series: pd.DataFrame, design: SeriesDesign, subject: Subject, columns: dict[str, Any], why: str
) -> dict[str, Any]:
    told = {**columns, "estimator": MIXED, "estimand": TYPICAL, "weighting": PER_UNIT}
    # Effects and levels differ between units; without a level, the slope does.
    changes = "since" if design.impact == "slope" else "post"
    try:
        found = mixed_its(
            series, design.start, outcome="value", model=design.model,
            random=("intercept", changes),
        )  # fmt: skip
        contrast = effect_at(found.fit, found.design, design.horizon, ci_level=CI_LEVEL)
    except DesignError as refusal:
        return subject.refused(**told, note=refusal.what)
    told |= {"n_units": found.n_units, "n_obs": found.fit.n_obs}
    note = found.note or None
    return _shown(subject, contrast, why, **told, inference=found.fit.inference, note=note)


def _shown(subject: Subject, contrast: Contrast, why: str, **columns: Any) -> dict[str, Any]:
    """Return the row of an effect over units; where there is a reason, without an interval."""
    if not why:
        return subject.row(contrast, **columns)
    columns |= {"note": why, "inference": None}
    return subject.row(_bare(contrast.estimate), **columns)


def _bare(estimate: float, *, p_value: float = math.nan) -> Contrast:
    """Return a number without an interval."""
    nan = math.nan
    return Contrast(estimate, nan, nan, nan, nan, p_value, CI_LEVEL)


def _forest(
    names: tuple[str, ...], own: list[dict[str, Any]], typical: dict[str, Any], weights: pd.Series
) -> pd.DataFrame:
    """Return the units that were fitted and, last, the pooled effect."""
    drawn = [
        _numbers(row, name) | {"weight": float(weights[name]), "pooled": False}
        for name, row in zip(names, own, strict=True)
        if name in weights.index
    ]
    if not drawn:
        return pd.DataFrame()
    pooled_row = _numbers(typical, "The typical unit (pooled)")
    frame = pd.DataFrame([*drawn, pooled_row | {"weight": math.nan, "pooled": True}])
    return frame.drop(columns="df")


def _table(
    whole: dict[str, Any],
    together: list[dict[str, Any]],
    names: tuple[str, ...],
    own: list[dict[str, Any]],
) -> pd.DataFrame:
    """Return the sum, the typical and a further unit, and the units that could not be fitted."""
    labels = (
        "All units summed (headline)", "The typical unit: fitted one by one, pooled",
        "A further unit like these: prediction interval", "The typical unit: mixed model of all",
    )  # fmt: skip
    rows = [
        _numbers(row, label) | _made(row)
        for label, row in zip(labels, (whole, *together), strict=True)
    ]
    rows += [
        _numbers(row, name) | {"made": str(row["note"]).partition(": ")[2], "weighting": ""}
        for name, row in zip(names, own, strict=True)
        if "estimate" not in row
    ]
    return pd.DataFrame(rows)


def _made(row: dict[str, Any]) -> dict[str, Any]:
    """Return how the interval of a row was made, or why it has none, and who counts how much."""
    said = (row.get("inference"), row.get("note"))
    words = "; ".join(str(part) for part in said if part)
    weighting = str(row.get("weighting") or "")
    who = WEIGHTING.get(weighting, weighting).partition(";")[0]
    return {"made": words, "weighting": who}


def _numbers(row: dict[str, Any], words: str) -> dict[str, Any]:
    kept = {name: row.get(name, math.nan) for name in ("estimate", "ci_low", "ci_high", "df")}
    estimand = str(row["estimand"]).partition(": ")[2]
    return {"label": words, "id": row["id"], "estimand": estimand, **kept}
