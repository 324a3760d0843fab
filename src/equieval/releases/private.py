"""What a release must not give away: the exact counts behind it, and what follows from them.

Nothing here is written into a release. The counts are read again from the sources, so a draft
that was made otherwise than the profile asks is found by what it shows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from equieval.disclosure import PROFILES
from equieval.disclosure.ledger import Ledger, other_ledgers, read_ledgers, write_ledger
from equieval.disclosure.profiles import Profile
from equieval.errors import DisclosureRefused
from equieval.releases.record import Finding

if TYPE_CHECKING:
    from equieval.disclosure.groupings import Grid
    from equieval.disclosure.safeguard import SafeCounts
    from equieval.protocol import Evaluation

_TELLING_DIGITS = 8


@dataclass(frozen=True)
class Private:
    """The private side of one evaluation.

    Attributes
    ----------
    profile : the disclosure profile.
    counts : every count, exact and as shown.
    ledgers : what earlier versions showed, the latest first.
    others : what other evaluations of the project showed.
    closed : ids of the sources that are not open.
    telling : numbers to ten significant digits that only exact counts give.
    scales : what rates are stated per.
    grid : how the counts are cut.
    sources : id → fingerprint of each source.
    """

    profile: Profile
    counts: SafeCounts
    ledgers: tuple[Ledger, ...]
    others: tuple[Ledger, ...]
    closed: frozenset[str]
    telling: frozenset[str]
    scales: frozenset[float] = frozenset({1.0})
    grid: Grid | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def telling_digits(self) -> frozenset[str]:
        """The digits of those numbers, wherever their point stands."""
        return frozenset(number.partition("e")[0] for number in self.telling)

    def missing_ledgers(self, live: Mapping[int, str]) -> Iterator[Finding]:
        """Yield the versions that cannot be compared with.

        Parameters
        ----------
        live : version → disclosure profile, of every version that readers may have.
        """
        known = {ledger.version for ledger in self.ledgers}
        for version, profile_id in sorted(live.items()):
            rules = PROFILES.get(profile_id)
            if version not in known and (rules is None or rules.at_source):
                message = (
                    f"the private ledger of v{version} is missing, so nothing can be compared; "
                    "restore .equieval/private from your backup"
                )
                yield Finding(message, f"v{version}")

    def between_versions(self) -> Iterator[Finding]:
        """Yield the counts that two versions show differently for too few people."""
        columns = ["id", "exact", "shown", "quantity", "unit", "period", "stratum"]
        cells = self.counts.cells[columns]
        for ledger in (*self.ledgers, *self.others):
            rules = PROFILES.get(ledger.profile, self.profile)
            least = max(self.profile.threshold, rules.threshold)
            for name, exact, shown, *place in cells.itertuples(index=False, name=None):
                before = ledger.cells.get(name)
                if before is None or not 0 < abs(exact - before.exact) < least:
                    continue
                both_withheld = math.isnan(shown) and math.isnan(before.shown)
                if shown != before.shown and not both_withheld:
                    message = (
                        f"it differs from {ledger.name} by fewer people than may be told apart"
                    )
                    yield Finding(message, ", ".join(str(part) for part in place))


def private_counts(root: Path, evaluation: Evaluation) -> Private | None:
    """Read and protect the counts of an evaluation; None where its profile needs no protection.

    Raises
    ------
    DisclosureRefused : its profile shows counts as published already, and a version of the
        project protected those of the same source.
    """
    rules = PROFILES.get(evaluation.disclosure.profile)
    if rules is not None and rules.published_already:
        _refuse_protected_sources(root, evaluation)
    if rules is None or not rules.at_source:
        return None
    from equieval.data import load_observations
    from equieval.protocol.indicators import indicator
    from equieval.study.safeguard import safeguard

    done = safeguard(evaluation, load_observations(evaluation, root), root)
    counts, grid = done.counts, done.grid
    if counts is None or grid is None:
        return None
    closed = frozenset(source.id for source in evaluation.data.sources if not source.open)
    named = {name for source in evaluation.data.sources for name in source.indicators}
    few = rules.rates.withheld_under if rules.counting.exact else 0
    scales = frozenset({1.0, *(float(indicator(name).per) for name in named)})
    return Private(
        rules,
        counts,
        done.earlier.own,
        done.earlier.others,
        closed,
        frozenset(_telling(counts, scales, few, _arms(evaluation, counts.cells["unit"]))),
        scales,
        grid,
        {source.id: source.digest for source in done.observations.sources},
    )


def _refuse_protected_sources(root: Path, evaluation: Evaluation) -> None:
    """Refuse to show as published already what the project has once kept as not open."""
    from equieval.data.digests import file_digest
    from equieval.data.sources import source_path

    identity = evaluation.identity.id
    protected = {
        digest: ledger
        for ledger in (*other_ledgers(root, identity), *read_ledgers(root, identity))
        for digest in ledger.sources.values()
    }
    for source in evaluation.data.sources if protected else ():
        path = source_path(source, root)
        if source.format == "sql" or not path.is_file():
            continue
        ledger = protected.get(file_digest(path, open_data=False, root=root))
        if ledger is not None:
            raise DisclosureRefused(
                f"{ledger.name} protects the counts of '{source.id}' under '{ledger.profile}': "
                f"they cannot be shown as published already",
                where="disclosure.profile",
                remedy="use one profile for one source of data",
            )


def keep_ledger(root: Path, evaluation_id: str, version: int, private: Private) -> Path:
    """Write the ledger of a version before it is published."""
    ledger = private.counts.ledger(version, private.profile.id)
    if private.grid is not None:
        ledger = replace(
            ledger,
            dimension=private.grid.dimension,
            levels=private.grid.levels,
            frequency=private.grid.frequency,
        )
    return write_ledger(root, evaluation_id, replace(ledger, sources=private.sources))


def ten_digits(number: float) -> str:
    """Return a number to ten significant digits, by which equal numbers are recognised.

    >>> ten_digits(1 / 3) == ten_digits(0.33333333333)
    True
    """
    return f"{number:.9e}"


def _arms(evaluation: Evaluation, units: Iterable[str]) -> tuple[frozenset[str], ...]:
    """Return the units that a report sums: all that it compares, and each side by itself."""
    design = evaluation.design
    sides = [frozenset(getattr(design, name, ())) for name in ("treated", "controls")]
    starts = getattr(design, "adoption", None) or {}
    cohorts = [
        frozenset(unit for unit, begun in starts.items() if begun == start)
        for start in dict.fromkeys(starts.values())
    ]
    known = frozenset(units)
    found = (known, frozenset().union(*sides), *sides, *cohorts)
    return tuple(dict.fromkeys(arm & known for arm in found if len(arm & known) > 1))


def _summed(shown: pd.DataFrame, arms: Iterable[frozenset[str]]) -> pd.DataFrame:
    """Return the counts as shown with those of each arm: a sum of them tells no more than they do.

    Where one of them is withheld the sum is, too.
    """
    sums = [
        shown[shown.index.get_level_values("unit").isin(arm)]
        .groupby(["period", "stratum"])
        .sum(min_count=len(arm))
        for arm in arms
    ]
    return pd.concat(
        [shown.reset_index(drop=True), *(each.reset_index(drop=True) for each in sums)]
    )


def _telling(
    counts: SafeCounts,
    scales: frozenset[float],
    withheld_under: int,
    arms: Iterable[frozenset[str]] = (),
) -> Iterator[str]:
    """Yield the rates that exact counts give and the counts as shown do not.

    Where counts are shown as they are, those are the rates of too few events.
    """
    cells = counts.cells
    places = ["unit", "period", "stratum"]
    exact = cells.set_index([*places, "quantity"])["exact"].unstack("quantity")
    shown = _summed(cells.set_index([*places, "quantity"])["shown"].unstack("quantity"), arms)
    open_rates: set[str] = set()
    exact_rates: set[str] = set()
    for found, wide in ((open_rates, shown), (exact_rates, exact)):
        for part, whole in permutations(wide.columns, 2):
            fewest = max(withheld_under, 1) if found is open_rates else 1
            inside = wide.loc[(wide[part] >= fewest) & (wide[part] < wide[whole]), [part, whole]]
            if found is exact_rates:
                # 4 of 600 is 1 of 150, and many other pairs: only lowest terms tell a pair.
                inside = inside[np.gcd(*inside.to_numpy().astype("int64").T) == 1]
            for rate in inside[part] / inside[whole]:
                found.update(ten_digits(float(rate) * scale) for scale in scales)
    # 5.25 is a rate, a count and much else; a number of eight digits is the quotient that it is.
    long = (n for n in exact_rates if len(n.partition("e")[0].rstrip("0")) > _TELLING_DIGITS)
    yield from set(long) - open_rates
