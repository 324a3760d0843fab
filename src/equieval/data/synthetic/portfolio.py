"""The synthetic evaluations of the portfolio: how the data of each are drawn, and their truth.

Each drawing has a name, and the seed is made of the name alone (`seed_of`), so that nobody has
chosen a draw by what came out. ``python -m equieval.data.synthetic.portfolio data/synthetic``
writes the committed files anew, byte for byte. Sizes, rates and effects are illustrative round
numbers; no place in them exists.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from equieval.data.synthetic.control_outcomes import (
    early_bookings,
    with_control_outcome,
    young_people_in_contact,
)
from equieval.data.synthetic.files import write_synthetic
from equieval.data.synthetic.groups import ETHNIC_GROUPS, NOT_KNOWN, QUINTILES, Groups
from equieval.data.synthetic.options import Effect, Flaws, Recording, Setting, Variation
from equieval.data.synthetic.panels import did_panel, single_treated_panel, staggered_panel
from equieval.data.synthetic.record import Synthetic
from equieval.data.synthetic.sources import audit_sources
from equieval.data.synthetic.workforce import workforce_years

_AREAS = ("Core20", "rest")
_MINORITIES = ("Black", "Asian", "Mixed or other", "White")

ETHNIC_BY_CORE20_SHORT = Groups(
    dimension="ethnic-group-by-core20",
    column="ethnic_group_by_core20",
    levels=tuple(f"{group}, {area}" for area in _AREAS for group in _MINORITIES),
    shares=(0.027, 0.0455, 0.0285, 0.1369, 0.033, 0.0845, 0.0615, 0.5831),
    relative_risk=(1.75, 1.5, 1.4, 1.15, 1.4, 1.25, 1.15, 1.0),
    reference="White, rest",
    ordered=False,
    parts={
        "ethnic_group": _MINORITIES * 2,
        "core20": tuple(area for area in _AREAS for _ in _MINORITIES),
    },
    unknown=tuple(f"{NOT_KNOWN}, {area}" for area in _AREAS for _ in _MINORITIES),
)
"""Broad ethnic group by Core20, coarse enough that a quarter of one trust has events to count."""

INCLUSION_RANKED = Groups(
    dimension="inclusion-group",
    column="inclusion_group",
    levels=("Inclusion-health groups", "Other Core20", "Rest"),
    shares=(0.12, 0.2, 0.68),
    relative_risk=(1.75, 1.2, 1.0),
    reference="Rest",
)
"""All inclusion-health groups together, the rest of Core20, and everybody else."""


@dataclass(frozen=True)
class Drawing:
    """The data of one evaluation, or of several that share them.

    Attributes
    ----------
    name : of the files; the seed is made of it.
    draw : seed → tables and truth.
    """

    name: str
    draw: Callable[[int], Synthetic]

    @property
    def seed(self) -> int:
        """The seed of the committed files."""
        return seed_of(self.name)


@dataclass(frozen=True)
class SyntheticEvaluation:
    """A synthetic evaluation of the portfolio: its data and where its truth is.

    Attributes
    ----------
    id : of the evaluation.
    drawing : its data.
    primary : columns of ``estimands`` that single out the true value of the primary estimand.
    """

    id: str
    drawing: Drawing
    primary: Mapping[str, str]

    def truth(self, drawn: Synthetic) -> float:
        """Return the true effect that the primary estimand of the evaluation is about."""
        return drawn.true_effect(**self.primary)


def seed_of(name: str) -> int:
    """Return the seed of a drawing: the CRC-32 of its name."""
    return zlib.crc32(name.encode())


def _smokefree(seed: int) -> Synthetic:
    """A smokefree pathway in all eight LMNSs of one region, against sixteen of other regions."""
    treated = [
        f"{place} LMNS"
        for place in (
            "Glenhallow",
            "Harrowmere",
            "Inglestow",
            "Jessaby",
            "Kestwick",
            "Lindermouth",
            "Merrowdale",
            "Norrinholme",
        )
    ]
    drawn = did_panel(
        seed,
        Setting(
            "smoking-at-delivery",
            "smokers",
            "women_status_known",
            QUINTILES,
            {"1": 15.0, "2": 11.0, "3": 8.5, "4": 6.5, "5": 5.0},
            births=1100,
            first="2020-04",
            periods=60,
        ),
        units=24,
        treated=treated,
        start="2022-10",
        effect=Effect({"1": -2.4, "2": -1.6, "3": -1.1, "4": -0.7, "5": -0.3}, phase_in=4),
        variation=Variation(
            unit_spread=0.05,
            size_spread=0.25,
            composition=400.0,
            trend=-0.001,
            seasonality=0.02,
            shared=0.015,
            unit=0.02,
            group=0.02,
        ),
    )
    return with_control_outcome(drawn, "bookings", early_bookings(drawn))


def _continuity(seed: int) -> Synthetic:
    """Continuity of carer in trusts that join in three waves; two of the others merge."""
    disadvantaged = {"Black": 9.0, "Asian": 7.5, "Mixed or other": 6.5, "White": 4.0}
    return staggered_panel(
        seed,
        Setting(
            "continuity-received",
            "women_with_continuity",
            "women_reaching_29_weeks",
            ETHNIC_BY_CORE20_SHORT,
            22.0,
            unit="Trust",
            births=1500,
            frequency="quarter",
            first="2020-Q1",
            periods=20,
        ),
        units=24,
        adoption={"2021-Q3": 4, "2022-Q2": 4, "2023-Q1": 4},
        effect=Effect(
            {
                f"{group}, {area}": change * (1.0 if area == "Core20" else 0.7)
                for area in _AREAS
                for group, change in disadvantaged.items()
            },
            growth=0.2,
            phase_in=2,
        ),
        factors={"2021-Q3": 1.0, "2022-Q2": 1.2, "2023-Q1": 0.7},
        variation=Variation(
            unit_spread=0.08, size_spread=0.25, composition=600.0, trend=0.002, phi=0.4
        ),
        # Missing at random, and better recorded once a trust has joined: completeness moves,
        # the rates of the groups do not.
        flaws=Flaws(recording=Recording(0.93, event_difference=0.0, improvement=0.03), mergers=1),
    )


def _outreach(seed: int) -> Synthetic:
    """Inclusion-health outreach in one LMNS among 28: its months, and all by quarter.

    By month there would be more periods before the start than untreated LMNSs, and weights of
    periods that fit them all exactly: placebo intervals of a synthetic control then collapse.
    """
    treated = "Ostermead LMNS"
    drawn = single_treated_panel(
        seed,
        Setting(
            "booking-by-10-weeks",
            "early_bookings",
            "bookings",
            INCLUSION_RANKED,
            60.0,
            births=1100,
            first="2020-01",
            periods=60,
        ),
        units=28,
        treated=treated,
        start="2023-01",
        effect=Effect(
            {"Inclusion-health groups": 8.0, "Other Core20": 4.0, "Rest": 1.0},
            growth={"Inclusion-health groups": 0.15, "Other Core20": 0.05, "Rest": 0.0},
        ),
        variation=Variation(unit_spread=0.05, size_spread=0.25, trend=0.0005, seasonality=0.02),
    )
    own = drawn.table[drawn.table["lmns"] == treated].reset_index(drop=True)
    return replace(drawn, table=_by_quarter(drawn.table), companions={"own-months": own})


def _perinatal_mental_health(seed: int) -> Synthetic:
    """Specialist perinatal mental-health teams that open in three waves, by financial year."""
    drawn = staggered_panel(
        seed,
        Setting(
            "perinatal-mental-health-access",
            "women_in_contact",
            "expected_births",
            QUINTILES,
            {"1": 4.6, "2": 4.9, "3": 5.2, "4": 5.5, "5": 5.8},
            births=11_000,
            frequency="financial-year",
            first="2016/17",
            periods=9,
        ),
        units=30,
        adoption={"2020/21": 5, "2021/22": 5, "2022/23": 5},
        effect=Effect({"1": 0.7, "2": 0.85, "3": 1.0, "4": 1.2, "5": 1.4}, growth=0.15, phase_in=2),
        variation=Variation(trend=0.05, overdispersion=2.0, unit=0.04),
    )
    return with_control_outcome(drawn, "young-people", young_people_in_contact(drawn))


def _young_people(seed: int) -> Synthetic:
    """Mental-health support teams in schools, in six ICBs from one year on."""
    return did_panel(
        seed,
        Setting(
            "young-peoples-mental-health-access",
            "young_people_in_contact",
            "residents_under_18",
            ETHNIC_GROUPS,
            {"Black": 5.2, "Asian": 4.1, "Mixed": 7.0, "Other": 4.9, "White": 7.6},
            unit="ICB",
            births=240_000,
            frequency="financial-year",
            first="2016/17",
            periods=9,
        ),
        units=21,
        treated=6,
        start="2021/22",
        effect=Effect({"Black": 0.6, "Asian": 0.4, "Mixed": 0.6, "Other": 0.4, "White": 0.5}),
        variation=Variation(trend=0.04, overdispersion=8.0, unit=0.04, group=0.05),
    )


def _workforce(seed: int) -> Synthetic:
    """Work on race equality in six of 24 trusts, from one survey year on."""
    return workforce_years(
        seed,
        trusts=24,
        years=8,
        first="2017",
        treated=6,
        start="2021",
        effects={
            "wres-6": Effect({"BME": -2.0, "White": -0.5}),
            "wres-8": Effect({"BME": -2.5, "White": -0.2}),
        },
    )


def _by_quarter(table: pd.DataFrame) -> pd.DataFrame:
    """Add up a monthly table by calendar quarter."""
    months = pd.PeriodIndex(table["month"], freq="M")
    labels = [f"{month.year}-Q{month.quarter}" for month in months]
    renamed = table.assign(month=labels).rename(columns={"month": "quarter"})
    counts = ["early_bookings", "bookings"]
    keys = [column for column in renamed.columns if column not in counts]
    return renamed.groupby(keys, sort=False)[counts].sum(min_count=3).reset_index()


_SIMPLE = MappingProxyType({"estimand": "simple", "weighting": "denominator"})
_PER_UNIT = MappingProxyType({"estimand": "simple", "weighting": "unit"})
_AT = MappingProxyType({"estimand": "at-period", "weighting": "denominator"})

SMOKEFREE = Drawing("smokefree-pathway", _smokefree)
CONTINUITY_OF_CARER = Drawing("midwifery-continuity", _continuity)
OUTREACH = Drawing("inclusion-outreach", _outreach)
PERINATAL_MENTAL_HEALTH = Drawing("perinatal-mental-health", _perinatal_mental_health)
YOUNG_PEOPLE = Drawing("young-peoples-mental-health", _young_people)
WORKFORCE_EQUALITY = Drawing("workforce-race-equality", _workforce)
EQUITY_AUDIT = Drawing("maternity-equity-audit", audit_sources)

DRAWINGS: tuple[Drawing, ...] = (
    SMOKEFREE,
    CONTINUITY_OF_CARER,
    OUTREACH,
    PERINATAL_MENTAL_HEALTH,
    YOUNG_PEOPLE,
    WORKFORCE_EQUALITY,
    EQUITY_AUDIT,
)

PORTFOLIO: Mapping[str, SyntheticEvaluation] = MappingProxyType(
    {
        found.id: found
        for found in (
            SyntheticEvaluation(
                "smokefree-pathway-smoking-at-delivery", SMOKEFREE, {**_SIMPLE, "measure": "sii"}
            ),
            SyntheticEvaluation(
                "smokefree-pathway-controlled-its",
                SMOKEFREE,
                {**_AT, "measure": "sii", "period": "2024-09"},
            ),
            SyntheticEvaluation(
                "midwifery-continuity-staggered",
                CONTINUITY_OF_CARER,
                {**_PER_UNIT, "measure": "gap", "stratum": "Black, Core20"},
            ),
            SyntheticEvaluation(
                "inclusion-outreach-booking",
                OUTREACH,
                {**_AT, "measure": "gap", "period": "2024-12"},
            ),
            SyntheticEvaluation(
                "inclusion-outreach-booking-synthetic-control",
                OUTREACH,
                {**_PER_UNIT, "measure": "gap"},
            ),
            SyntheticEvaluation(
                "perinatal-mental-health-access",
                PERINATAL_MENTAL_HEALTH,
                {**_PER_UNIT, "measure": "sii"},
            ),
            SyntheticEvaluation(
                "young-peoples-mental-health-access",
                YOUNG_PEOPLE,
                {**_SIMPLE, "measure": "gap", "stratum": "Black"},
            ),
            SyntheticEvaluation(
                "workforce-race-equality",
                WORKFORCE_EQUALITY,
                {**_SIMPLE, "indicator": "wres-8", "measure": "gap", "stratum": "BME"},
            ),
        )
    }
)


def write_portfolio(folder: Path) -> tuple[Path, ...]:
    """Write the data of all synthetic evaluations; return the files' paths."""
    written: list[Path] = []
    for drawing in DRAWINGS:
        written += write_synthetic(folder, drawing.name, drawing.draw(drawing.seed))
    return tuple(written)


if __name__ == "__main__":
    write_portfolio(Path(sys.argv[1]))
