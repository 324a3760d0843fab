"""Race equality for staff: indicators of the workforce standard, by trust and year.

Figures like those of the Workforce Race Equality Standard: few yearly points, two groups (black
and minority ethnic, White), several indicators of the same staff. Rates are illustrative. All
indicators share units, groups and treated trusts; each has shocks of its own, and those from the
staff survey share their respondents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd

from equieval.data.synthetic.flaws import publish
from equieval.data.synthetic.groups import STAFF_ETHNICITY
from equieval.data.synthetic.options import Effect, Flaws, Selection, Setting, Variation
from equieval.data.synthetic.panels import facts, overall_effects, plain
from equieval.data.synthetic.record import Synthetic
from equieval.data.synthetic.truth import estimands
from equieval.data.synthetic.world import World, draw_world

_NO_EFFECT = Effect()
_RANDOM = Selection()
_VARIATION = Variation(phi=0.2, unit_spread=0.08, shared=0.01, unit=0.03, group=0.02)

_Row = tuple[str, str, str, float, float, int]
_ROWS: tuple[_Row, ...] = (
    ("wres-2", "appointed", "shortlisted", 12.0, 17.0, 1500),
    ("wres-3", "disciplined", "staff", 0.9, 0.7, 5000),
    ("wres-4", "trained", "staff", 52.0, 57.0, 5000),
    ("wres-5", "abused_by_public", "respondents", 30.0, 26.0, 2200),
    ("wres-6", "abused_by_staff", "respondents", 27.0, 22.0, 2200),
    ("wres-7", "believing_in_equal_opportunity", "respondents", 46.0, 59.0, 2200),
    ("wres-8", "discriminated_against", "respondents", 16.0, 7.0, 2200),
)

_DEFAULT_EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        "wres-6": Effect({"BME": -3.0, "White": -0.5}),
        "wres-8": Effect({"BME": -2.5, "White": 0.0}, growth={"BME": -0.3, "White": 0.0}),
    }
)


def workforce_years(
    seed: int,
    *,
    trusts: int = 20,
    years: int = 7,
    first: str = "2017",
    treated: int | Sequence[str] = 5,
    start: str = "2021",
    effects: Mapping[str, Effect] = _DEFAULT_EFFECTS,
    variation: Variation = _VARIATION,
    selection: Selection = _RANDOM,
) -> Synthetic:
    """Draw workforce indicators 2 to 8 by trust, year and ethnicity of staff.

    Parameters
    ----------
    seed : the same seed and arguments give the same table.
    trusts, years, first : size of the panel and its first year.
    treated, start : how many trusts (or which) join, and the first exposed year.
    effects : indicator: its effect, per 100; those not named have none.
    variation, selection : as their classes say; ``worst-baseline`` judges by ``wres-6``.

    Returns
    -------
    `Synthetic` as of `equieval.data.synthetic.panels`, with ``table``: ``trust, year,
    staff_ethnicity, appointed, shortlisted, disciplined, staff, trained, abused_by_public,
    respondents, abused_by_staff, believing_in_equal_opportunity, discriminated_against``;
    ``expected`` and ``estimands`` have rows for each indicator, and ``truth["overall"]`` is by
    indicator. For parity indicators ``parity-distance`` is the ratio's distance from 1.

    Raises
    ------
    ValueError : the arguments describe no panel, or name an indicator that is not drawn.
    """
    settings = {
        row[0]: Setting(
            row[0],
            row[1],
            row[2],
            STAFF_ETHNICITY,
            {"BME": row[3], "White": row[4]},
            unit="Trust",
            births=row[5],
            frequency="year",
            first=first,
            periods=years,
        )
        for row in _ROWS
    }
    if unknown := set(effects) - set(settings):
        raise ValueError(f"{', '.join(sorted(unknown))} is not among {', '.join(settings)}")
    lead = "wres-6"

    def draw(id: str, cohort: int | Sequence[str], rule: Selection) -> World:
        effect = effects.get(id, _NO_EFFECT)
        return draw_world(seed, settings[id], trusts, {start: cohort}, effect, variation, rule)

    leading = draw(lead, treated, selection)
    chosen = tuple(leading.adoption)
    worlds = {id: leading if id == lead else draw(id, chosen, _RANDOM) for id in settings}
    values = {id: estimands(world) for id, world in worlds.items()}
    arguments = {
        "trusts": trusts,
        "years": years,
        "first": first,
        "treated": plain(treated),
        "start": start,
        "effects": plain(effects),
        "variation": plain(variation),
        "selection": plain(selection),
    }
    common = facts("workforce_years", seed, leading, arguments)
    for single in ("indicator", "per", "polarity"):
        del common[single]
    truth = {
        **common,
        "indicators": {
            id: {"per": world.indicator.per, "polarity": world.indicator.polarity}
            for id, world in worlds.items()
        },
        "start": start,
        "treated": list(chosen),
        "adoption": leading.adoption,
        "controls": [name for name in leading.names if name not in chosen],
        "overall": {id: overall_effects(rows) for id, rows in values.items()},
    }
    return Synthetic(
        _together(seed, worlds),
        truth,
        pd.concat([world.expected() for world in worlds.values()], ignore_index=True),
        pd.concat(list(values.values()), ignore_index=True),
    )


def _together(seed: int, worlds: Mapping[str, World]) -> pd.DataFrame:
    """Return the indicators' counts side by side; a denominator that they share once."""
    columns: dict[str, pd.Series] = {}
    for world in worlds.values():
        table = publish(seed, world, Flaws()).table
        columns |= {str(name): table[name] for name in table.columns if name not in columns}
    return pd.DataFrame(columns)
