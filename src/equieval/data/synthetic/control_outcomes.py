"""Control outcomes of synthetic evaluations: drawn in the same units, and moved by nothing.

Each is drawn with the seed of its evaluation, so that units have the same sizes and groups in
both; what an outcome's own chance is made of is named after it, so that the first draw stays as it
was, byte for byte.
"""

from __future__ import annotations

from dataclasses import replace

from equieval.data.synthetic.groups import QUINTILES
from equieval.data.synthetic.options import Effect, Setting, Variation
from equieval.data.synthetic.panels import did_panel, staggered_panel
from equieval.data.synthetic.record import Synthetic

_NO_EFFECT = Effect(0.0)


def early_bookings(drawn: Synthetic) -> Synthetic:
    """Bookings by 10 weeks where a smokefree pathway begins: it meets women when they book."""
    return did_panel(
        drawn.truth["seed"],
        Setting(
            "booking-by-10-weeks",
            "early_bookings",
            "bookings",
            QUINTILES,
            {"1": 52.0, "2": 57.0, "3": 61.0, "4": 64.0, "5": 67.0},
            births=1200,
            first="2020-04",
            periods=60,
        ),
        units=24,
        treated=drawn.truth["treated"],
        start=drawn.truth["start"],
        effect=_NO_EFFECT,
        variation=Variation(unit_spread=0.05, size_spread=0.25, composition=400.0, trend=0.0005),
    )


def young_people_in_contact(drawn: Synthetic) -> Synthetic:
    """Children and young people in contact where perinatal teams open: other people, same books."""
    joining: dict[str, list[str]] = {}
    for unit, start in drawn.truth["adoption"].items():
        joining.setdefault(start, []).append(unit)
    return staggered_panel(
        drawn.truth["seed"],
        Setting(
            "young-peoples-mental-health-access",
            "young_people_in_contact",
            "residents_under_18",
            QUINTILES,
            {"1": 7.4, "2": 7.0, "3": 6.7, "4": 6.4, "5": 6.1},
            births=120_000,
            frequency="financial-year",
            first="2016/17",
            periods=9,
        ),
        units=30,
        adoption=dict(sorted(joining.items())),
        effect=_NO_EFFECT,
        variation=Variation(trend=0.04, overdispersion=6.0, unit=0.04),
    )


def with_control_outcome(drawn: Synthetic, name: str, unmoved: Synthetic) -> Synthetic:
    """Return a draw with a control outcome as a companion table, and what it was drawn from.

    Raises
    ------
    ValueError : the outcome has an effect, or other units are treated.
    """
    if unmoved.estimands["effect"].astype(float).abs().max() > 0:
        raise ValueError("a control outcome has no effect")
    if unmoved.truth["adoption"] != drawn.truth["adoption"]:
        raise ValueError("a control outcome is drawn in the same treated units")
    facts = {key: unmoved.truth[key] for key in ("indicator", "generator", "arguments")}
    return replace(
        drawn,
        truth={**drawn.truth, "control_outcomes": {name: facts}},
        companions={**drawn.companions, name: unmoved.table},
    )
