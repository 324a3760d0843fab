"""Protecting all counts of an evaluation at once, before anything is computed from them.

Rates, intervals, inequality measures and models are then functions of protected counts alone,
so that none of them, to whatever precision, on whatever page, gives more than the counts do.
What ties the pages together are the margins (`equieval.disclosure.cells`) and earlier versions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from equieval.disclosure.bounds import Flags, Interval, Margins
from equieval.disclosure.cells import (
    COORDINATES,
    Grouping,
    Quantities,
    add_up,
    all_cells,
    all_relations,
)
from equieval.disclosure.complementary import Cells, complementary
from equieval.disclosure.groupings import Beside, Grid, Tied, tied_cells
from equieval.disclosure.ledger import Entry, Ledger
from equieval.disclosure.profiles import Profile
from equieval.errors import DisclosureRefused

SMALL = "the count is small"
MARGIN = "together with other counts it would give a small one away"
BEFORE = "it was withheld in an earlier version, and has changed too little since"

Identify = Callable[[tuple[str, ...]], str]


@dataclass(frozen=True)
class SafeCounts:
    """Counts that may be published.

    Attributes
    ----------
    cells : one row per count that could be shown: `COORDINATES`, ``id``, ``exact``, ``shown``
        (missing where it is withheld) and ``reason`` (why; empty where it is shown). Private:
        it holds the exact counts.
    """

    cells: pd.DataFrame

    def shown(self) -> pd.Series:
        """Return the counts as shown, by quantity, unit, period and stratum."""
        return self.cells.set_index(list(COORDINATES))["shown"]

    def withheld(self) -> pd.Series:
        """Return how many counts are withheld, by reason."""
        return self.cells.loc[self.cells["reason"] != "", "reason"].value_counts().sort_index()

    def ledger(self, version: int, profile: str) -> Ledger:
        """Return what the private ledger keeps of a version that shows these counts."""
        rows = self.cells[["id", "exact", "shown"]].itertuples(index=False, name=None)
        entries = {str(name): Entry(float(exact), float(shown)) for name, exact, shown in rows}
        return Ledger(version, profile, entries)


def safe_counts(
    counts: pd.DataFrame,
    profile: Profile,
    grouping: Grouping,
    quantities: Quantities,
    *,
    identify: Identify,
    earlier: Sequence[Ledger] = (),
    grid: Grid | None = None,
    beside: Sequence[Beside] = (),
) -> SafeCounts:
    """Protect every count under a profile, so that none follows from the others.

    A count that differs from an earlier version's by no more than the profile's threshold keeps
    what that version showed: two versions side by side then tell nothing of who came and went.

    Parameters
    ----------
    counts : `COORDINATES` and ``exact``, one row per count; NaN where a figure is missing.
        The stratum ``all`` is a published total; where there is none it is added up.
    profile : the rules.
    grouping, quantities : how the counts hang together.
    identify : coordinates → keyed id of a cell.
    earlier : ledgers of earlier versions, the latest first.
    grid, beside : how the counts are cut, and what versions show that cut them otherwise.

    Raises
    ------
    DisclosureRefused : counts that another version shows give a small count of this one away, or
        the other way round.
    """
    cells = all_cells(counts, grouping, quantities)
    rule, exact = profile.counting, cells["exact"]
    published = cells["published"].to_numpy(dtype="bool")
    shown, hidden = rule.apply(exact)
    totals = profile.totals_add_up
    shown, added = add_up(cells, shown, grouping, quantities, totals=totals)
    hidden &= shown.isna()
    reason = pd.Series(np.where(hidden, SMALL, ""), index=cells.index)
    cells = cells.assign(
        id=[identify(row) for row in _coordinates(cells)], shown=shown, reason=reason
    )
    reused = _as_before(cells, profile.threshold, earlier)
    needs = _needs(cells, profile, reused=reused, added=added.to_numpy())
    ties = all_relations(cells, grouping, quantities)
    everything = exact.to_numpy()
    if grid is not None and beside:
        tied = tied_cells(cells, grid, beside)
        needs = _with_tied(needs, tied, profile, beside)
        ties = [*ties, *tied.relations]
        everything = np.concatenate([everything, tied.cells["exact"].to_numpy()])
    suppression = complementary(Margins(everything, ties), needs)
    if len(suppression.exposed):
        first = int(suppression.exposed[0])
        listed = cells if first < len(cells) else tied.cells
        place = listed.iloc[first if first < len(cells) else first - len(cells)]
        raise DisclosureRefused(
            f"{len(suppression.exposed)} small counts would follow from counts that an earlier "
            "version, or another evaluation of the same data, shows",
            where=", ".join(str(place[name]) for name in COORDINATES),
            remedy="join groups or periods, use the groups and periods of the other version, or "
            "withdraw it",
        )
    cells = _withhold(cells, suppression.withheld[: len(cells)])
    added &= ~reused
    again, still = add_up(cells, cells["shown"], grouping, quantities, totals=totals)
    cells["shown"] = again.where(added & still, cells["shown"])
    cells = _withhold(cells, (added & ~still).to_numpy())
    listed = cells[published][[*COORDINATES, "id", "exact", "shown", "reason"]]
    return SafeCounts(listed.reset_index(drop=True))


def _withhold(cells: pd.DataFrame, where: Flags) -> pd.DataFrame:
    return cells.assign(
        shown=cells["shown"].mask(where), reason=cells["reason"].mask(where, MARGIN)
    )


def _coordinates(cells: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(cells[list(COORDINATES)].astype(str).itertuples(index=False, name=None))


def _as_before(cells: pd.DataFrame, threshold: float, earlier: Sequence[Ledger]) -> Flags:
    """Write into ``shown`` and ``reason`` what earlier versions showed; return for which cells."""
    reused = np.zeros(len(cells), dtype="bool")
    shown, reason = cells["shown"].to_numpy().copy(), cells["reason"].to_numpy().copy()
    exact, ids = cells["exact"].to_numpy(), cells["id"].to_numpy()
    for place in np.flatnonzero(cells["published"]):
        for ledger in earlier:
            before = ledger.cells.get(ids[place])
            if before is not None and abs(exact[place] - before.exact) <= threshold:
                shown[place], reused[place] = before.shown, True
                if np.isnan(before.shown):
                    reason[place] = reason[place] or BEFORE
                else:
                    reason[place] = ""
                break
    cells["shown"], cells["reason"] = shown, reason
    return reused


def _needs(
    cells: pd.DataFrame,
    profile: Profile,
    *,
    reused: Flags,
    added: Flags,
) -> Cells:
    """Say what a reader knows of each cell by itself, and what must stay unknown."""
    rule, exact = profile.counting, cells["exact"].to_numpy()
    published = cells["published"].to_numpy(dtype="bool")
    complement = cells["complement"].to_numpy(dtype="bool")
    absent = cells["absent"].to_numpy(dtype="bool")
    alone = rule.known(cells["shown"])
    # What is formed from others, or adds up what is shown, is known through the relations only.
    formed = ~published | added
    # An earlier version's value may stand for a count outside its interval.
    low = np.where(formed, 0.0, np.minimum(alone.low, exact))
    high = np.where(absent, 0.0, np.where(formed, np.inf, np.maximum(alone.high, exact)))
    small = rule.sensitive(cells["exact"]) & ~absent
    everyone = complement & (exact <= profile.threshold)
    shown = published & cells["shown"].notna().to_numpy()
    visible = cells["shown"].where(published)
    return Cells(
        known=Interval(low, high),
        unknown=Interval(
            np.minimum(exact, 0.0 if rule.redact_zero else 1.0), np.full(len(cells), np.inf)
        ),
        required=np.where(small | everyone, rule.width(visible, Interval(low, high)), 0.0),
        may_withhold=shown & ~reused & ~added & (exact > 0),
        cost=1.0 + np.log1p(exact),
    )


def _with_tied(own: Cells, tied: Tied, profile: Profile, beside: Sequence[Beside]) -> Cells:
    """Add the cells of versions that cut the counts otherwise: known, and not to be given away."""
    rows = tied.cells
    exact, shown = rows["exact"].to_numpy(dtype="float64"), rows["shown"]
    low, high = np.zeros(len(rows)), np.full(len(rows), np.inf)
    least, required = np.zeros(len(rows)), np.zeros(len(rows))
    for number, rule in [(-1, profile.counting), *enumerate(b.rule for b in beside)]:
        mine = (rows["place"] == number).to_numpy()
        alone = rule.known(shown)
        if number >= 0:
            low = np.where(mine, np.minimum(alone.low, exact), low)
            high = np.where(mine, np.maximum(alone.high, exact), high)
        least = np.where(mine, 0.0 if rule.redact_zero else 1.0, least)
        width = rule.width(shown, Interval(low, high))
        required = np.where(mine & rule.sensitive(rows["exact"]), width, required)
    return Cells(
        known=_behind(own.known, Interval(low, high)),
        unknown=_behind(
            own.unknown, Interval(np.minimum(exact, least), np.full(len(rows), np.inf))
        ),
        required=np.concatenate([own.required, required]),
        may_withhold=np.concatenate([own.may_withhold, np.zeros(len(rows), dtype="bool")]),
        cost=np.concatenate([own.cost, 1.0 + np.log1p(exact)]),
    )


def _behind(own: Interval, others: Interval) -> Interval:
    return Interval(np.concatenate([own.low, others.low]), np.concatenate([own.high, others.high]))
