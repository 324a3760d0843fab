"""The least value that a weighted sum of rates takes over allocations of people and events.

Column generation on the Lagrangian dual of a separable program with two constraints, all people
and all events of unknown group: every group offers allocations, a linear program mixes them, and
its prices ask every group for a better one. Its dual value never lies above the true least one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GroupCounts:
    """Counts of people and events by group, and of those whose group is not known."""

    levels: tuple[str, ...]
    people: Array
    events: Array
    unknown_people: float
    unknown_events: float


@dataclass(frozen=True, eq=False)
class Region:
    """Least and most people and events of unknown group that each group may be given.

    ``counted`` are the known events that the others are shared out by; ``capped`` tells groups
    that may be given all events of unknown group.
    """

    people_low: Array
    people_high: Array
    events_low: Array
    events_high: Array
    counted: Array
    capped: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Lowest:
    """The least value of a measure, and its change per event of each group and of unknown group."""

    value: float
    by_events: Array
    by_unknown: float


def lowest_value(groups: GroupCounts, region: Region, weights: Array) -> Lowest:
    """Return the least ``weights · rates`` over the region.

    Column generation: each group offers allocations (people, events); a linear program mixes
    them under the two totals, and its prices ask every group for a better one.
    """
    size = len(weights)
    columns = [(place, *corner) for place in range(size) for corner in _corners(region, place)]
    # In units of the overall rate, so that the solver's tolerances mean the same for rare events.
    overall = (groups.events.sum() + groups.unknown_events) / (
        groups.people.sum() + groups.unknown_people
    )
    scale = float(np.abs(weights).max()) * max(float(overall), 1e-9)
    # People and events in shares of all of unknown group: large counts are no harder to solve.
    every_person, every_event = groups.unknown_people, max(groups.unknown_events, 1.0)
    value = -math.inf
    for _ in range(200):
        table = np.array(columns, dtype=float)
        place, people, events = table[:, 0].astype(int), table[:, 1], table[:, 2]
        rate = (groups.events[place] + events) / (groups.people[place] + people)
        member = (place[None, :] == np.arange(size)[:, None]).astype(float)
        solved = linprog(
            weights[place] * rate / scale,
            A_eq=np.vstack([member, people / every_person, events / every_event]),
            b_eq=np.append(np.ones(size), [1.0, groups.unknown_events / every_event]),
            method="highs",
        )
        prices = np.asarray(solved.eqlin.marginals, dtype=float)
        prices[size:] /= every_person, every_event
        better = []
        shortfall = 0.0
        for number in range(size):
            offer, cost = _best_offer(
                groups, region, number, weights[number] / scale, prices[size], prices[size + 1]
            )
            saved = float(prices[number]) - cost
            if saved > 1e-8:
                better.append((number, *offer))
                shortfall += saved
        # The dual value: no allocation does better, whatever columns are still unknown.
        value = max(value, float(solved.fun) - shortfall)
        if not better or shortfall < 1e-6:
            break
        columns += better
    used = solved.x
    people_there = groups.people[place] + people
    price = scale * float(prices[size + 1])
    # What an event more in a group's share is worth where a limit of the share holds it; people
    # go with it where everybody given to the group has the event.
    worth = weights[place] / people_there - price
    tied = np.isclose(people, events)
    worth -= tied * (weights[place] * rate / people_there + scale * prices[size])
    low, high = region.events_low[place], region.events_high[place]
    capped = region.capped[place] & np.isclose(events, high)
    held = np.isclose(events, low) | np.isclose(events, high)
    shared = member @ (used * (held & ~capped) * events * worth)
    of_all = float((used * capped * events * worth).sum())
    return Lowest(
        scale * value,
        # A share is in proportion to the group's own events over all, and to those to share out.
        weights * (member @ (used / people_there))
        + shared / region.counted
        - shared.sum() / region.counted.sum(),
        price + (float(shared.sum()) + of_all) / every_event,
    )


def _corners(region: Region, place: int) -> list[tuple[float, float]]:
    """Return corners of what a group may be given; they span its allocations."""
    low, high = region.people_low[place], region.people_high[place]
    least, most = region.events_low[place], region.events_high[place]
    start = max(low, least)
    corners = {(start, least), (high, least), (high, min(most, high))}
    corners |= {(start, min(most, start)), (max(start, min(most, high)), min(most, high))}
    return [(float(people), float(events)) for people, events in sorted(corners)]


def _best_offer(
    groups: GroupCounts,
    region: Region,
    place: int,
    weight: float,
    price_people: float,
    price_events: float,
) -> tuple[tuple[float, float], float]:
    """Return the allocation of one group that costs least at the given prices.

    The cost is linear in events, so they are at one of their ends, the upper one being the
    people themselves or a constant; along each edge the cost is least at an end or where its
    derivative by people vanishes.
    """
    n, x = groups.people[place], groups.events[place]
    corners = _corners(region, place)
    candidates = list(corners)
    first, last = min(corner[0] for corner in corners), max(corner[0] for corner in corners)
    for events in {corner[1] for corner in corners}:
        if weight * price_people < 0:  # −w (x + d)/(n + m)² − price = 0
            people = math.sqrt(-weight * (x + events) / price_people) - n
            if max(first, events) < people < last:
                candidates.append((people, events))
    total = price_people + price_events
    if weight * total > 0:  # along d = m: w (n − x)/(n + m)² − prices = 0
        people = math.sqrt(weight * (n - x) / total) - n
        if first < people < last and region.events_low[place] <= people:
            candidates.append((people, min(people, float(region.events_high[place]))))

    def cost(offer: tuple[float, float]) -> float:
        people, events = offer
        rate = (x + events) / (n + people)
        return float(weight * rate - price_people * people - price_events * events)

    best = min(candidates, key=cost)
    return best, cost(best)
