"""Four sources on the same bookings that disagree in known ways, for an equity audit.

One local maternity system with a few trusts; early booking by ethnic group and quarter. What
happened is drawn once; each source then sees it through its own flaws:

- national (by trust): ethnicity is recorded less often in some groups, and by the outcome; one
  trust fails data quality for some quarters (missing, not zero); counts are rounded to 5;
- provider (by trust): ethnicity is recorded better; women from elsewhere are in; the last
  quarter is provisional and incomplete;
- council (whole system): residents as the trusts recorded them, part of them not registered
  yet; Mixed is filed under Other, and who is not recorded under White;
- voluntary sector (whole system): a small sample of groups other than White in every other
  quarter; women who booked late are reached more often.

``ethnic-coding`` holds valid ethnic categories among all records, by trust and quarter, for the
two sources that publish it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.data.synthetic.flaws import (
    Filed,
    period_column,
    record_groups,
    recording_facts,
    tabulate,
)
from equieval.data.synthetic.groups import ETHNIC_GROUPS
from equieval.data.synthetic.noise import draw_events, rounded, stream
from equieval.data.synthetic.options import Effect, Recording, Selection, Setting, Variation
from equieval.data.synthetic.panels import facts, plain
from equieval.data.synthetic.record import ESTIMAND_COLUMNS, Array, Counts, Synthetic
from equieval.data.synthetic.truth import inequality, shares_before
from equieval.data.synthetic.world import World, draw_world

BOOKING_BY_ETHNIC_GROUP = Setting(
    "booking-by-10-weeks",
    "early_bookings",
    "bookings",
    ETHNIC_GROUPS,
    {"Black": 48.0, "Asian": 55.0, "Mixed": 60.0, "Other": 52.0, "White": 66.0},
    unit="Trust",
    births=1200,
    frequency="quarter",
    first="2022-Q1",
    periods=8,
)
"""Bookings by 10 weeks, by trust, quarter and broad ethnic group."""

_VARIATION = Variation(composition=100.0)
_NO_EFFECT = Effect()
_NOBODY_TREATED = Selection()
_NATIONAL = Recording(
    {"Black": 0.9, "Asian": 0.91, "Mixed": 0.84, "Other": 0.8, "White": 0.95},
    event_difference=0.04,
)
_PROVIDER = Recording(0.965, event_difference=0.01)


@dataclass(frozen=True)
class Disagreements:
    """By how much the sources disagree; 0 or None switches a way off.

    Attributes
    ----------
    national, provider : how completely each records ethnicity.
    rounding : national counts are multiples of this (1 = exact).
    failed_quarters : quarters for which one trust is missing in the national source.
    from_elsewhere : the provider's women who live elsewhere, as a share of residents.
    provisional : share of the provider's last quarter that is not there yet.
    unregistered : share of residents that the council has not registered yet.
    reached : share of women who booked early that the voluntary sector reaches.
    late_odds : how many times as likely it is to reach a woman who booked late.
    """

    national: Recording = _NATIONAL
    provider: Recording = _PROVIDER
    rounding: int = 5
    failed_quarters: int = 2
    from_elsewhere: float = 0.04
    provisional: float = 0.06
    unregistered: float = 0.03
    reached: float = 0.03
    late_odds: float = 2.0

    def __post_init__(self) -> None:
        shares = (self.from_elsewhere, self.provisional, self.unregistered, self.reached)
        if min(shares) < 0 or max(shares) > 1 or not 0 <= self.late_odds * self.reached <= 1:
            raise ValueError("shares of disagreement must lie between 0 and 1")
        if self.rounding < 1 or self.failed_quarters < 0:
            raise ValueError("rounding must be 1 or more, failed quarters 0 or more")


_DISAGREEMENTS = Disagreements()


def audit_sources(
    seed: int,
    setting: Setting = BOOKING_BY_ETHNIC_GROUP,
    *,
    trusts: int = 3,
    place: str = "Ashmere LMNS",
    disagreements: Disagreements = _DISAGREEMENTS,
    variation: Variation = _VARIATION,
) -> Synthetic:
    """Draw one truth and four sources that disagree on it.

    Parameters
    ----------
    seed : the same seed and arguments give the same tables.
    setting : what is counted; its groups must be the broad ethnic groups.
    trusts, place : number of trusts, and the local system that they form.
    disagreements, variation : as their classes say.

    Returns
    -------
    `Synthetic` with ``table`` = the national source; ``companions`` ``provider, council,
    voluntary-sector`` (all: ``place, trust`` (not in the last two), ``reported_by`` (unit and
    source, so that all four can be loaded at once), the period, ``ethnic_group``, numerator,
    denominator) and ``ethnic-coding`` (``reported_by``, the period, ``valid_ethnic_category,
    records``); ``expected`` as of `equieval.data.synthetic.panels`; ``estimands``: the true
    rates and gaps over the whole series (``estimand`` = ``level``; ``observed`` only, as there
    is no intervention); ``truth["disagreements"]``: ``source, way, amount, words`` of each.

    Raises
    ------
    ValueError : the arguments describe no sources.
    """
    if setting.groups != ETHNIC_GROUPS:
        raise ValueError("the sources of an audit are drawn by broad ethnic group")
    if not 0 <= disagreements.failed_quarters < setting.periods:
        raise ValueError("the failed quarters must lie inside the series")
    world = draw_world(seed, setting, trusts, {}, _NO_EFFECT, variation, _NOBODY_TREATED)
    national, failed = _national(seed, world, disagreements)
    provider = _provider(seed, world, disagreements)
    tables = {
        "provider": _by_trust(world, provider, failed & False, place, "provider"),
        "council": _by_place(world, _council(seed, world, disagreements), place, "council"),
        "voluntary-sector": _by_place(
            world, _voluntary(seed, world, disagreements), place, "voluntary sector"
        ),
        "ethnic-coding": pd.concat(
            [
                _coding(world, national, failed, "national"),
                _coding(world, provider, failed & False, "provider"),
            ],
            ignore_index=True,
        ),
    }
    published = Filed(
        national.levels,
        _to_multiples(national.births, disagreements.rounding),
        _to_multiples(national.events, disagreements.rounding),
    )
    arguments = {
        "setting": plain(setting),
        "trusts": trusts,
        "place": place,
        "disagreements": plain(disagreements),
        "variation": plain(variation),
    }
    truth = {
        **facts("audit_sources", seed, world, arguments),
        "place": place,
        "trusts": list(world.names),
        "recording": {
            "national": recording_facts(world, disagreements.national)["unexposed"],
            "provider": recording_facts(world, disagreements.provider)["unexposed"],
        },
        "disagreements": _known(world, failed, disagreements),
    }
    return Synthetic(
        _by_trust(world, published, failed, place, "national"),
        truth,
        world.expected(),
        _levels_and_gaps(world),
        tables,
    )


def _national(seed: int, world: World, ways: Disagreements) -> tuple[Filed, npt.NDArray[np.bool_]]:
    """Return what the national source holds before rounding, and which cells are missing."""
    filed = record_groups(seed, world, ways.national, "national")
    failed = np.zeros(world.births.shape[:2], dtype=bool)
    random = stream(seed, "audit", "failed")
    unit = int(random.integers(len(world.names)))
    first = int(random.integers(0, len(world.index) - ways.failed_quarters + 1))
    failed[unit, first : first + ways.failed_quarters] = True
    return filed, failed


def _provider(seed: int, world: World, ways: Disagreements) -> Filed:
    filed = record_groups(seed, world, ways.provider, "provider")
    random = stream(seed, "audit", "provider")
    births, events = filed.births, filed.events
    elsewhere = random.poisson(ways.from_elsewhere * births)
    share = np.where(births > 0, events / np.maximum(births, 1), 0.0)
    births, events = births + elsewhere, events + draw_events(random, elsewhere, share)
    there = np.ones(births.shape)
    there[:, -1] = 1.0 - ways.provisional
    kept = draw_events(random, events, there)
    return Filed(filed.levels, kept + draw_events(random, births - events, there), kept)


def _council(seed: int, world: World, ways: Disagreements) -> Filed:
    levels = list(world.setting.groups.levels)
    filed = record_groups(seed, world, ways.provider, "provider")
    random = stream(seed, "audit", "council")
    registered = np.full(filed.births.sum(axis=0).shape, 1.0 - ways.unregistered)
    events = draw_events(random, filed.events.sum(axis=0), registered)
    others = draw_events(random, (filed.births - filed.events).sum(axis=0), registered)
    into = {"Mixed": "Other", filed.levels[-1]: "White"}
    kept = tuple(level for level in levels if level not in into)
    to = np.array(
        [[into.get(level, level) == name for name in kept] for level in filed.levels],
        dtype=np.int64,
    )
    return Filed(kept, (events + others) @ to, events @ to)


def _voluntary(seed: int, world: World, ways: Disagreements) -> Filed:
    levels = world.setting.groups.levels
    reached = [level for level in levels if level != world.setting.groups.reference]
    places = [levels.index(level) for level in reached]
    random = stream(seed, "audit", "voluntary")
    events = world.events.sum(axis=0)[:, places]
    others = world.births.sum(axis=0)[:, places] - events
    early = draw_events(random, events, np.full(events.shape, ways.reached))
    late = draw_events(random, others, np.full(others.shape, ways.late_odds * ways.reached))
    return Filed(tuple(reached), early + late, early)


def _known(
    world: World, failed: npt.NDArray[np.bool_], ways: Disagreements
) -> list[dict[str, Any]]:
    """List in which ways the sources disagree, and by how much."""
    unit = int(np.flatnonzero(failed.any(axis=1))[0]) if failed.any() else 0
    quarters = [label for label, out in zip(world.labels, failed[unit], strict=True) if out]
    coded = "ethnicity is recorded for part of the women only, depending on group and outcome"
    rows: list[tuple[str, str, Any, str]] = [
        ("national", "coding", plain(ways.national), coded),
        ("provider", "coding", plain(ways.provider), coded),
        ("national", "rounding", ways.rounding, "counts are rounded to multiples"),
        (
            "national",
            "missing",
            {world.names[unit]: quarters} if quarters else {},
            "a trust failed the data-quality threshold: missing, not zero",
        ),
        ("provider", "coverage", ways.from_elsewhere, "women who live elsewhere are counted"),
        (
            "provider",
            "provisional",
            {world.labels[-1]: ways.provisional},
            "part of the last quarter is not there yet",
        ),
        ("council", "registration", ways.unregistered, "part of the residents is not there yet"),
        (
            "council",
            "categories",
            {"Mixed": "Other", world.setting.groups.missing_levels[0]: "White"},
            "levels are filed under others",
        ),
        ("voluntary-sector", "sample", ways.reached, "a sample, not a count, every other quarter"),
        (
            "voluntary-sector",
            "selection",
            ways.late_odds,
            "women who booked late are reached this many times as often",
        ),
    ]
    return [
        {"source": source, "way": way, "amount": amount, "words": words}
        for source, way, amount, words in rows
    ]


def _levels_and_gaps(world: World) -> pd.DataFrame:
    """Return the true rates over the whole series, and the gaps between them."""
    groups, births = world.setting.groups, world.births.astype(float)
    rates: Array = (births * world.rate).sum(axis=(0, 1)) / births.sum(axis=(0, 1))
    found = [("rate", "all", float((births * world.rate).sum() / births.sum()))]
    found += [("rate", level, rate) for level, rate in zip(groups.levels, rates, strict=True)]
    found += [
        (measure, stratum, float(value[0]))
        for measure, stratum, value in inequality(
            rates[None, :], shares_before(world), groups, world.indicator.polarity
        )
    ]
    return pd.DataFrame(
        {
            "indicator": world.setting.indicator,
            "estimand": "level",
            "measure": [measure for measure, _, _ in found],
            "stratum": [stratum for _, stratum, _ in found],
            "cohort": "",
            "event_time": pd.array([pd.NA] * len(found), dtype="Int64"),
            "period": "",
            "weighting": "denominator",
            "observed": rounded(np.array([value for _, _, value in found])),
            "counterfactual": np.nan,
            "effect": np.nan,
        },
        columns=list(ESTIMAND_COLUMNS),
    )


def _to_multiples(counts: Counts, of: int) -> Counts:
    """Return counts rounded to the nearest multiple, halves upwards."""
    return np.asarray((counts + of // 2) // of * of)


def _by_trust(
    world: World, filed: Filed, absent: npt.NDArray[np.bool_], place: str, source: str
) -> pd.DataFrame:
    unit = world.setting.unit.lower()
    table = tabulate(world, filed, absent)
    table.insert(0, "place", place)
    table.insert(2, "reported_by", table[unit] + f" ({source})")
    return table


def _by_place(world: World, filed: Filed, place: str, source: str) -> pd.DataFrame:
    """Tabulate periods × levels; the voluntary sector reports every other period."""
    setting = world.setting
    periods, levels = filed.births.shape
    table = pd.DataFrame(
        {
            "place": place,
            "reported_by": f"{place} ({source})",
            period_column(setting.frequency): np.repeat(np.array(world.labels), levels),
            setting.groups.column: np.tile(np.array(filed.levels), periods),
            setting.numerator: pd.array(filed.events.ravel(), dtype="Int64"),
            setting.denominator: pd.array(filed.births.ravel(), dtype="Int64"),
        }
    )
    if source != "voluntary sector":
        return table
    reported = np.repeat(np.arange(periods) % 2 == 0, levels)
    return table[reported].reset_index(drop=True)


def _coding(world: World, filed: Filed, absent: npt.NDArray[np.bool_], source: str) -> pd.DataFrame:
    """Return valid ethnic categories among all records, by trust and period."""
    known, unit = len(world.setting.groups.levels), world.setting.unit.lower()
    total = Filed(
        ("all",),
        filed.births.sum(axis=2, keepdims=True),
        filed.births[:, :, :known].sum(axis=2, keepdims=True),
    )
    table = tabulate(world, total, absent).rename(
        columns={
            world.setting.numerator: "valid_ethnic_category",
            world.setting.denominator: "records",
        }
    )
    table.insert(1, "reported_by", table[unit] + f" ({source})")
    return table.drop(columns=[unit, world.setting.groups.column])
