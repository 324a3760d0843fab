"""Observations that may be published: the counts of an evaluation under its disclosure profile.

Every page computes from these, so what it shows is a function of protected counts, whatever it
computes and to however many digits. All pages of a run, and the release after it, protect the
same counts in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from equieval.data import Observations, Protection
from equieval.data.coding import ALL
from equieval.data.digests import private_key
from equieval.data.observations import FIGURES, in_order
from equieval.data.periods import pandas_frequency
from equieval.data.quality import share_words
from equieval.disclosure.cells import COORDINATES, Grouping, Quantities, quantity_name
from equieval.disclosure.groupings import Grid
from equieval.disclosure.profiles import Profile, profile
from equieval.disclosure.protect import RateRule
from equieval.disclosure.safeguard import SafeCounts, safe_counts
from equieval.protocol import Evaluation
from equieval.protocol.sources import Source
from equieval.study.earlier import Earlier, earlier_versions, naming


@dataclass(frozen=True)
class Safeguarded:
    """Observations that may be published, and how they were protected.

    Attributes
    ----------
    observations : counts as shown; NaN where one is missing or withheld.
    counts : what was done to each count (private); None where nothing had to be.
    grid : how the counts are cut.
    earlier : what readers have of the same counts (private).
    """

    observations: Observations
    counts: SafeCounts | None = None
    grid: Grid | None = None
    earlier: Earlier = field(default_factory=Earlier)

    def grouped(self, grouping: str) -> Observations:
        """Return the observations in the groups of the evaluation; protected counts are in them."""
        return self.observations if self.counts else self.observations.grouped(grouping)

    def losses(self) -> Iterator[str]:
        """Say what the pages of an evaluation go without under its profile, in sentences."""
        protection = self.observations.protection
        if protection is None or self.counts is None:
            return
        profile_id, table = protection.profile, self.observations.table
        shares = self.withheld_shares()
        for reason, share in () if shares is None else shares.itertuples(index=False):
            yield f"withheld under '{profile_id}': {share}, because {reason}"
        few = table["numerator"] < protection.rates.withheld_under
        if few.any():
            share = share_words(float(few.mean()), "cells")
            yield f"without a rate under '{profile_id}': {share}, because of too few events"
        if (shares is None or shares.empty) and not few.any():
            yield f"withheld under '{profile_id}': no count"

    def withheld_shares(self) -> pd.DataFrame | None:
        """Return what share of the counts is withheld, by reason, in words: ``reason, share``."""
        if self.counts is None:
            return None
        found = self.counts.withheld()
        every = len(self.counts.cells)
        shares = [share_words(int(count) / every, "counts") for count in found]
        return pd.DataFrame({"reason": list(found.index), "share": shares})


def safeguard(evaluation: Evaluation, recorded: Observations, root: Path) -> Safeguarded:
    """Protect the counts of an evaluation under its profile.

    Figures that are published already stay as they are.

    Parameters
    ----------
    evaluation : with the blocks ``identity``, ``data`` and ``disclosure``.
    recorded : the exact observations.
    root : the project's folder, with the private key and the ledgers of earlier versions.

    Raises
    ------
    DisclosureRefused : a ledger cannot be read, or an earlier version gives small counts away.
    """
    rules = profile(evaluation.disclosure.profile)
    if not rules.at_source:
        return Safeguarded(recorded)
    # Joined before they are protected: large groups of small ones then lose nothing.
    recorded = recorded.grouped(evaluation.equity.grouping)
    names, quantities = _quantities(evaluation)
    counts = _long(recorded, names)
    key = private_key(root)
    strata = (*recorded.levels, *recorded.missing_levels)
    grid = Grid(recorded.dimension, strata, pandas_frequency(recorded.frequency))
    places = counts[["quantity", "unit", "period"]].drop_duplicates()
    earlier = earlier_versions(
        root,
        evaluation.identity.id,
        key=key,
        grid=grid,
        rows=[
            (*place, stratum)
            for place in places.itertuples(index=False, name=None)
            for stratum in (*strata, ALL)
        ],
        quantities=quantities,
        sources={source.id: source.digest for source in recorded.sources},
        rules=rules,
    )
    safe = safe_counts(
        counts,
        rules,
        Grouping(strata, {}),
        quantities,
        identify=naming(key, grid),
        earlier=(*earlier.own, *earlier.others),
        grid=grid,
        beside=earlier.beside,
    )
    shown = _as_shown(recorded, names, safe, rules)
    return Safeguarded(shown, safe, grid, earlier)


def _quantities(evaluation: Evaluation) -> tuple[dict[tuple[str, str], str], Quantities]:
    """Name what each indicator counts: one name for one sum of columns of the sources.

    Where two sources give an indicator (for different periods) they must count the same; their
    columns are then told apart by the indicator only.
    """
    names: dict[tuple[str, str], str] = {}
    columns: dict[str, frozenset[str]] = {}
    within: dict[str, str] = {}
    for source in evaluation.data.sources:
        for indicator in source.indicators:
            for part, summed in _summed(source, indicator).items():
                shared = (indicator, part) in names
                own = frozenset({f"{indicator} {part}"}) if shared else summed
                names[indicator, part] = quantity_name(own)
                columns[quantity_name(own)] = own
            within[names[indicator, "numerator"]] = names[indicator, "denominator"]
    return names, Quantities({name: columns[name] for name in names.values()}, within)


def _summed(source: Source, indicator: str) -> Mapping[str, frozenset[str]]:
    given = source.indicators[indicator]
    numerator = frozenset(f"{source.id}.{column}" for column in given.numerator)
    if not isinstance(given.denominator, str):
        denominator = frozenset(f"{source.id}.{column}" for column in given.denominator)
    elif given.denominator == "all":
        denominator = frozenset({f"{source.id}: all records"})
    else:
        denominator = frozenset({f"{source.id}: records with {given.numerator[0]} known"})
    return {"numerator": numerator, "denominator": denominator}


def _long(recorded: Observations, names: Mapping[tuple[str, str], str]) -> pd.DataFrame:
    """Return one row per count: `COORDINATES` and ``exact``."""
    table = _placed(recorded.table, recorded.dimension)
    parts = [
        table.assign(
            quantity=[names[indicator, part] for indicator in table["indicator"]],
            exact=table[part],
        )
        for part in FIGURES
    ]
    rows = pd.concat(parts, ignore_index=True)[[*COORDINATES, "exact"]]
    # A count that several indicators use is one count; it is there if any of them has it.
    return rows.groupby(list(COORDINATES))["exact"].max().reset_index()


def _as_shown(
    recorded: Observations,
    names: Mapping[tuple[str, str], str],
    safe: SafeCounts,
    rules: Profile,
) -> Observations:
    """Return the observations with the counts as shown, totals included, and what was withheld."""
    shown = safe.shown()
    exact = recorded.table
    keys = ["unit", "period", "indicator"]
    totals = exact[keys].drop_duplicates().assign(**{recorded.dimension: ALL})
    every = exact[[*keys, recorded.dimension]]
    table = pd.concat([every, totals], ignore_index=True).drop_duplicates(ignore_index=True)
    places = _placed(table, recorded.dimension)
    for part in FIGURES:
        quantity = [names[indicator, part] for indicator in table["indicator"]]
        index = pd.MultiIndex.from_frame(places.assign(quantity=quantity)[list(COORDINATES)])
        table[part] = shown.reindex(index).to_numpy()
    # A count kept from an earlier version may exceed its newer denominator.
    table["numerator"] = table["numerator"].where(~(table["numerator"] > table["denominator"]))
    strata = (*recorded.levels, *recorded.missing_levels, ALL)
    ordered = in_order(table, recorded.dimension, strata, recorded.indicators)
    kept_back = _kept_back(table.rename(columns={recorded.dimension: "stratum"}), names, safe)
    # Where counts are rounded or withheld, rates of few events are a matter of what is shown.
    as_counted = rules.counting.exact
    rates = rules.rates if as_counted else RateRule()
    done = Protection(rules.id, kept_back, rounded=not as_counted, rates=rates)
    return replace(recorded, table=ordered, protection=done)


def _kept_back(
    table: pd.DataFrame, names: Mapping[tuple[str, str], str], safe: SafeCounts
) -> pd.DataFrame:
    """Return the cells of which a count is withheld: ``unit, period, stratum, indicator``."""
    hidden = safe.cells.loc[safe.cells["reason"] != "", list(COORDINATES)]
    withheld = pd.MultiIndex.from_frame(hidden)
    cells = table[["unit", "period", "stratum", "indicator"]]
    places = cells.astype({"period": str})
    found = pd.Series(data=False, index=cells.index)
    for part in FIGURES:
        quantity = [names[indicator, part] for indicator in cells["indicator"]]
        index = pd.MultiIndex.from_frame(places.assign(quantity=quantity)[list(COORDINATES)])
        found |= index.isin(withheld)
    return cells[found].reset_index(drop=True)


def _placed(table: pd.DataFrame, dimension: str) -> pd.DataFrame:
    return table.rename(columns={dimension: "stratum"}).astype({"period": str})
