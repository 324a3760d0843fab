"""Panels of units over periods with a known effect, for each design that compares units.

The model in symbols is in `equieval.data.synthetic.world`, the meaning of the true values in
`equieval.data.synthetic.truth`. All three return a `Synthetic`:

- ``table``: unit (``lmns`` or ``trust``), period (``month``, …), the dimension's column and its
  parts, numerator and denominator (Int64; NA where a unit submitted nothing);
- ``expected``: ``indicator, unit, period, stratum, births, rate, rate_counterfactual``;
- ``truth``: ``label, generator, seed, arguments, indicator, per, polarity, dimension, levels,
  missing_levels, reference, frequency, first_period, last_period, treated, adoption, controls,
  shares, overall``, for one date also ``start``, and ``recording``, ``dropouts`` where there are
  some. ``adoption`` is each treated unit's first exposed period; ``controls`` the untreated units
  that report under one name throughout; ``shares`` those of the levels among the treated before
  the start, by weighting; ``overall`` the average true effects, by weighting and measure;
- ``companions``: ``succession`` where units merge.

All raise ``ValueError`` for arguments that describe no panel.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd

from equieval.data.synthetic.flaws import publish
from equieval.data.synthetic.groups import Groups
from equieval.data.synthetic.noise import rounded
from equieval.data.synthetic.options import (
    CONTINUITY,
    EARLY_BOOKING,
    SMOKING,
    Effect,
    Flaws,
    Selection,
    Setting,
    Variation,
)
from equieval.data.synthetic.record import LABEL, Synthetic
from equieval.data.synthetic.truth import estimands, shares_before
from equieval.data.synthetic.world import Treated, World, draw_world

_VARIATION = Variation()
_SELECTION = Selection()
_NO_FLAWS = Flaws()
_COHORTS: Mapping[str, Treated] = MappingProxyType({"2021-07": 4, "2022-03": 4, "2022-11": 4})


def did_panel(
    seed: int,
    setting: Setting = SMOKING,
    *,
    units: int = 12,
    treated: int | Sequence[str] = 4,
    start: str = "2022-07",
    effect: Effect = Effect(-1.0),  # noqa: B008 - frozen
    variation: Variation = _VARIATION,
    selection: Selection = _SELECTION,
    flaws: Flaws = _NO_FLAWS,
) -> Synthetic:
    """Draw units of which some are treated from one date on.

    Parameters
    ----------
    seed : the same seed and arguments give the same tables.
    setting : what is counted, where, when and between whom.
    units : number of units, treated and not.
    treated : how many of them are treated, chosen by ``selection``, or their names.
    start : label of the first exposed period.
    effect, variation, selection, flaws : as their classes say.
    """
    return _panel(
        "did_panel", seed, setting, units, {start: treated}, effect, variation, selection, flaws
    )


def staggered_panel(
    seed: int,
    setting: Setting = CONTINUITY,
    *,
    units: int = 20,
    adoption: Mapping[str, Treated] = _COHORTS,
    effect: Effect = Effect(3.0, growth=0.2),  # noqa: B008 - frozen
    factors: Mapping[str, float] | None = None,
    variation: Variation = _VARIATION,
    selection: Selection = _SELECTION,
    flaws: Flaws = _NO_FLAWS,
) -> Synthetic:
    """Draw units that join at different dates; those that are left over never join.

    Parameters
    ----------
    adoption : label of a first exposed period: how many units join then, or which.
    effect : may grow with event time (``growth``, ``phase_in``).
    factors : label of a first exposed period: what that cohort's effects are multiplied by.
    seed, setting, units, variation, selection, flaws : as for `did_panel`.
    """
    return _panel(
        "staggered_panel",
        seed,
        setting,
        units,
        adoption,
        effect,
        variation,
        selection,
        flaws,
        factors,
    )


def single_treated_panel(
    seed: int,
    setting: Setting = EARLY_BOOKING,
    *,
    units: int = 16,
    treated: str | None = None,
    start: str = "2022-07",
    effect: Effect = Effect(5.0, growth=0.1),  # noqa: B008 - frozen
    variation: Variation = _VARIATION,
    selection: Selection = _SELECTION,
    flaws: Flaws = _NO_FLAWS,
) -> Synthetic:
    """Draw one treated unit among untreated ones (synthetic DiD, controlled ITS).

    ``effect.change`` is the true change of level of an interrupted series and ``effect.growth``
    that of its slope, on the scale of the effect. ``treated`` names the unit; left out, it is
    chosen by ``selection``. Further parameters as for `did_panel`.
    """
    return _panel(
        "single_treated_panel",
        seed,
        setting,
        units,
        {start: 1 if treated is None else [treated]},
        effect,
        variation,
        selection,
        flaws,
    )


def _panel(
    generator: str,
    seed: int,
    setting: Setting,
    units: int,
    cohorts: Mapping[str, Treated],
    effect: Effect,
    variation: Variation,
    selection: Selection,
    flaws: Flaws,
    factors: Mapping[str, float] | None = None,
) -> Synthetic:
    world = draw_world(seed, setting, units, cohorts, effect, variation, selection, factors)
    if not len(world.treated):
        raise ValueError("nobody is treated; name a date and a number of units")
    published = publish(seed, world, flaws)
    values = estimands(world)
    arguments = {
        "setting": plain(setting),
        "units": units,
        "adoption": {label: plain(treated) for label, treated in cohorts.items()},
        "effect": plain(effect),
        "variation": plain(variation),
        "selection": plain(selection),
        "flaws": plain(flaws),
        "factors": dict(factors or {}),
    }
    truth = {
        **facts(generator, seed, world, arguments),
        **({"start": next(iter(cohorts))} if len(cohorts) == 1 else {}),
        "treated": list(world.adoption),
        "adoption": world.adoption,
        "controls": _controls(world, published.succession),
        "overall": overall_effects(values),
        **published.facts,
    }
    companions = {} if published.succession is None else {"succession": published.succession}
    return Synthetic(published.table, truth, world.expected(), values, companions)


def facts(generator: str, seed: int, world: World, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what every generator of panels says of its draw."""
    groups = world.setting.groups
    return {
        "label": LABEL,
        "generator": generator,
        "seed": seed,
        "arguments": arguments,
        "indicator": world.setting.indicator,
        "per": world.indicator.per,
        "polarity": world.indicator.polarity,
        "dimension": groups.dimension,
        "levels": list(groups.levels),
        "missing_levels": list(groups.missing_levels),
        "reference": groups.reference,
        "frequency": world.setting.frequency,
        "first_period": world.labels[0],
        "last_period": world.labels[-1],
        "shares": {
            weighting: dict(
                zip(groups.levels, rounded(shares_before(world, weighting)).tolist(), strict=True)
            )
            for weighting in ("denominator", "unit")
        },
    }


def plain(value: object) -> Any:
    """Return an argument as JSON has it; groups by their dimension and levels."""
    if isinstance(value, Groups):
        return {"dimension": value.dimension, "levels": list(value.levels)}
    if dataclasses.is_dataclass(value):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def _controls(world: World, succession: pd.DataFrame | None) -> list[str]:
    """Name the untreated units that report under one name throughout."""
    merged = set() if succession is None else set(succession["predecessor"])
    untreated = [name for name in world.names if name not in world.adoption]
    return [name for name in untreated if name not in merged]


def overall_effects(values: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return the average true effects, by weighting and measure (``rate, Black`` for a stratum)."""
    average = values[values["estimand"] == "simple"]
    names = average["measure"] + average["stratum"].map(
        lambda stratum: f", {stratum}" if stratum else ""
    )
    return {
        str(weighting): dict(
            zip(names[rows.index], rows["effect"].astype(float).tolist(), strict=True)
        )
        for weighting, rows in average.groupby("weighting", sort=True)
    }
