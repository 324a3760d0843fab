"""From a world to the table that is published of it: coding, drop-outs and mergers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.data.synthetic.noise import draw_events, rounded, stream
from equieval.data.synthetic.options import Dropouts, Flaws, Recording
from equieval.data.synthetic.record import Array, Counts
from equieval.data.synthetic.world import World

_PERIOD_COLUMNS = {"financial-year": "financial_year"}


@dataclass(frozen=True, eq=False)
class Published:
    """A table with its flaws, the facts about them, and the succession of merged units."""

    table: pd.DataFrame
    facts: dict[str, Any]
    succession: pd.DataFrame | None


@dataclass(frozen=True, eq=False)
class Filed:
    """Counts as they were filed: units × periods × levels, the unknown ones last."""

    levels: tuple[str, ...]
    births: Counts
    events: Counts


def publish(seed: int, world: World, flaws: Flaws) -> Published:
    """Return the table of a world with the flaws that are asked for.

    Columns: the unit (``lmns`` or ``trust``), the period (``month``, …), the dimension, its
    parts, numerator and denominator (whole numbers, NA where a unit submitted nothing).

    Raises
    ------
    ValueError : coding rates outside 0 to 1, or too few units for what is asked.
    """
    facts: dict[str, Any] = {}
    filed = Filed(world.setting.groups.levels, world.births, world.events)
    if flaws.recording is not None:
        filed = record_groups(seed, world, flaws.recording)
        facts["recording"] = recording_facts(world, flaws.recording)
    merging = _pairs(seed, world, flaws.mergers)
    absent = np.zeros(world.births.shape[:2], dtype=bool)
    if flaws.dropouts is not None:
        absent = _absent(seed, world, flaws.dropouts, merging)
        facts["dropouts"] = {
            world.names[unit]: [
                label for label, out in zip(world.labels, absent[unit], strict=True) if out
            ]
            for unit in np.flatnonzero(absent.any(axis=1))
        }
    table = tabulate(world, filed, absent)
    if not merging:
        return Published(table, facts, None)
    table, succession = _merge(seed, world, table, merging)
    return Published(table, facts, succession)


def coding_rates(world: World, recording: Recording) -> tuple[Array, Array]:
    """Return the probability of being recorded without and with the event, by cell."""
    coded = world.setting.groups.by_level(recording.coded)
    gained = recording.improvement * (world.event_time >= 0)
    without = coded[None, None, :] + gained[:, :, None]
    both = without, without + recording.event_difference
    if min(rates.min() for rates in both) < 0 or max(rates.max() for rates in both) > 1:
        raise ValueError("these arguments give coding rates outside 0 to 1")
    return both


def recording_facts(world: World, recording: Recording) -> dict[str, Any]:
    """Return expected completeness by level, before the start and in exposed cells.

    ``coded`` is the share of everybody whose level is recorded; ``rate_recorded`` the rate among
    them, which differs from ``rate`` because missing is informative.
    """
    without, with_event = coding_rates(world, recording)
    per = world.indicator.per
    share = world.rate / per
    exposed = world.event_time >= 0
    facts: dict[str, Any] = {}
    for name, cells in (("unexposed", ~exposed), ("exposed", exposed)):
        if not cells.any():
            continue
        weight = world.births[cells].astype(float)
        events = (weight * share[cells]).sum(axis=0)
        recorded_events = (weight * share[cells] * with_event[cells]).sum(axis=0)
        recorded = recorded_events + (weight * (1 - share[cells]) * without[cells]).sum(axis=0)
        facts[name] = {
            level: {
                "coded": coded,
                "rate": rate,
                "rate_recorded": rate_recorded,
            }
            for level, coded, rate, rate_recorded in zip(
                world.setting.groups.levels,
                rounded(recorded / weight.sum(axis=0)).tolist(),
                rounded(per * events / weight.sum(axis=0)).tolist(),
                rounded(per * recorded_events / recorded).tolist(),
                strict=True,
            )
        }
    return facts


def record_groups(seed: int, world: World, recording: Recording, *purpose: str) -> Filed:
    """File everybody under their level, or as not known where it was not recorded."""
    groups = world.setting.groups
    if not groups.unknown:
        raise ValueError(f"{groups.dimension} has no level for those who are not recorded")
    without, with_event = coding_rates(world, recording)
    random = stream(seed, "recording", *purpose)
    events = draw_events(random, world.events, with_event)
    others = draw_events(random, world.births - world.events, without)
    births = events + others
    unknown = np.array(groups.unknown)[None, :] == np.array(groups.missing_levels)[:, None]
    return Filed(
        (*groups.levels, *groups.missing_levels),
        np.concatenate([births, (world.births - births) @ unknown.T], axis=2),
        np.concatenate([events, (world.events - events) @ unknown.T], axis=2),
    )


def period_column(frequency: str) -> str:
    """Return the name of the column of periods."""
    return _PERIOD_COLUMNS.get(frequency, frequency)


def tabulate(world: World, filed: Filed, absent: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Return counts as a table, NA where a unit submitted nothing."""
    setting, groups = world.setting, world.setting.groups
    units, periods, levels = filed.births.shape
    out = np.repeat(absent.ravel(), levels)
    columns: dict[str, object] = {
        setting.unit.lower(): np.repeat(np.array(world.names), periods * levels),
        period_column(setting.frequency): np.tile(np.repeat(np.array(world.labels), levels), units),
        groups.column: np.tile(np.array(filed.levels), units * periods),
    }
    for name, part in groups.parts.items():
        parts = dict(zip(groups.levels, part, strict=True))
        columns[name] = [_part(level, parts) for level in filed.levels] * (units * periods)
    for name, counts in ((setting.numerator, filed.events), (setting.denominator, filed.births)):
        columns[name] = pd.array(counts.ravel(), dtype="Int64")
    table = pd.DataFrame(columns)
    table.loc[out, [setting.numerator, setting.denominator]] = pd.NA
    return table


def _part(level: str, parts: dict[str, str]) -> str:
    """Return the part of a level; of an unknown one (``Not known, rest``) what it names."""
    if level in parts:
        return parts[level]
    words = level.split(", ")
    return next((word for word in words if word in parts.values()), words[0])


def _pairs(seed: int, world: World, mergers: int) -> list[tuple[int, int]]:
    """Choose untreated units that merge, two by two, so that no truth depends on them."""
    untreated = np.flatnonzero(world.start == len(world.index))
    if 2 * mergers > len(untreated):
        raise ValueError(f"{mergers} mergers need {2 * mergers} untreated units")
    if mergers and len(world.index) < 4:
        raise ValueError("mergers need four periods or more")
    order = stream(seed, "mergers").permutation(untreated)[: 2 * mergers]
    return [(int(first), int(second)) for first, second in np.sort(order.reshape(-1, 2), axis=1)]


def _absent(
    seed: int, world: World, dropouts: Dropouts, merging: list[tuple[int, int]]
) -> npt.NDArray[np.bool_]:
    """Choose who submits nothing when."""
    random = stream(seed, "dropouts")
    periods = len(world.index)
    free = [unit for unit in range(len(world.names)) if not any(unit in pair for pair in merging)]
    earliest = 1
    order = random.permutation(free)
    if dropouts.rule == "highest-rate":
        order = np.array(sorted(free, key=lambda unit: -world.counterfactual[unit].mean()))
        earliest = max(1, int(world.start.min()) % periods)
    latest = periods - dropouts.periods
    if dropouts.units > len(free) or latest < earliest:
        raise ValueError("there are too few units or periods for these drop-outs")
    absent = np.zeros((len(world.names), periods), dtype=bool)
    for unit in order[: dropouts.units]:
        first = int(random.integers(earliest, latest + 1))
        absent[unit, first : first + dropouts.periods] = True
    return absent


def _merge(
    seed: int, world: World, table: pd.DataFrame, merging: list[tuple[int, int]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Let successors report for their predecessors from a period of the second half on."""
    setting = world.setting
    unit, period = setting.unit.lower(), period_column(setting.frequency)
    random = stream(seed, "mergers", "period")
    position = table[period].map({label: at for at, label in enumerate(world.labels)})
    name = table[unit].copy()
    succession: list[dict[str, str]] = []
    for pair in merging:
        at = int(random.integers(len(world.index) // 2, len(world.index) - 1))
        places = [world.names[place].removesuffix(f" {setting.unit}") for place in pair]
        successor = f"{' and '.join(places)} {setting.unit}"
        for place in pair:
            predecessor = world.names[place]
            name = name.mask((table[unit] == predecessor) & (position >= at), successor)
            succession.append(
                {
                    "predecessor": predecessor,
                    "successor": successor,
                    "period": world.labels[at],
                }
            )
    counts = [setting.numerator, setting.denominator]
    keys = [column for column in table.columns if column not in counts]
    merged = table.assign(**{unit: name})
    merged = merged.groupby(keys, sort=False)[counts].sum(min_count=1).reset_index()
    return merged, pd.DataFrame(succession)
