"""How completely the sources of an audit record the group: over all, by organisation, by group.

Coding by group cannot be read off one source, for who is not coded has no group. It follows from
two: if coding were complete, a group's share of everybody would be its share in the source that is
coded best, so coding of the group = (its share of everybody here) / (its share there). The people
whose group the better source does not know are shared out as those known are; the bounds let each
group have between half and twice that.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from equieval.data import ALL, Observations
from equieval.data.observations import FIGURES
from equieval.methods.proportions import wilson
from equieval.protocol.dimensions import dimension
from equieval.study.analysis import CI_LEVEL
from equieval.study.audit_reported import REFERENCE, Reported
from equieval.study.audit_rows import PLAUSIBILITY, ids, joined

PAGE = "source-agreement"
PUBLISHED_CODING = {"ethnicity": "valid-ethnic-category", "deprivation": "valid-deprivation"}
"""The indicator by which sources publish how complete their own coding is."""


def coded(found: Reported) -> pd.DataFrame:
    """Return how completely each source records the group.

    Returns
    -------
    ``id, source, label, organisation, period, estimate, ci_low, ci_high, numerator,
    denominator``: percentage of
    people whose group is recorded; over all organisations (``all``, period missing), by
    organisation, and by organisation and period. Sources without a level for people of unknown
    group are left out: what they do not show is not complete.
    """
    tables = []
    for source in found.counting_everyone():
        unknown = found.unknown(source)
        if not unknown:
            continue
        rows = found.of(source)
        keys = ["organisation", "period"]
        every = rows[rows["stratum"] == ALL].set_index(keys)["denominator"]
        without = rows[rows["stratum"].isin(unknown)].groupby(keys)["denominator"]
        absent = without.sum(min_count=len(unknown))
        cells = pd.DataFrame({"numerator": every - absent, "denominator": every}).dropna()
        cells = cells.reset_index()
        by_organisation = cells.groupby("organisation", sort=False)[["numerator", "denominator"]]
        whole = cells[["numerator", "denominator"]].sum().to_frame().T.assign(organisation=ALL)
        table = pd.concat([whole, by_organisation.sum().reset_index(), cells], ignore_index=True)
        interval = wilson(table["numerator"], table["denominator"], ci_level=CI_LEVEL, per=100)
        names = ids(PAGE, found.outcome, "coded", source, table["organisation"])
        tables.append(
            table[["organisation", "period", "numerator", "denominator"]].assign(
                id=names.where(table["period"].isna()),
                source=source,
                label=found.label(source),
                estimate=interval["estimate"],
                ci_low=interval["ci_low"],
                ci_high=interval["ci_high"],
            )
        )
    columns = ["id", "source", "label", "organisation", "period", "estimate", "ci_low", "ci_high",
               "numerator", "denominator"]  # fmt: skip
    return (
        pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    )


def best_coded(found: Reported) -> str | None:
    """Return the source that records the group of most people; None where none can be held."""
    shares = coded(found)
    whole = shares[shares["organisation"] == ALL]
    return None if whole.empty else str(whole["source"].iloc[int(whole["estimate"].argmax())])


def coded_by_group(found: Reported) -> pd.DataFrame:
    """Return how completely each source records each group, judged by the best coded source.

    Returns
    -------
    ``id, source, label, against, stratum, estimate, ci_low, ci_high, denominator``: percentage; the
    two ends are bounds (see the module's text), not sampling intervals. Empty where only one source
    shows who is of unknown group.
    """
    best = best_coded(found)
    columns = ["id", "source", "label", "against", "stratum", "estimate", "ci_low", "ci_high",
               "denominator"]  # fmt: skip
    tables = []
    for source in found.counting_everyone():
        if best is None or source == best or not found.unknown(source):
            continue
        pairs = found.matched(source, best)
        both = [level for level in found.groups(source) if level in found.groups(best)]
        sizes = pairs.pivot_table(
            index=["organisation", "period"],
            columns="stratum",
            values=["denominator", f"denominator{REFERENCE}"],
        )
        whole = [*both, ALL]
        if set(both) != set(found.levels) or not set(whole) <= set(sizes["denominator"].columns):
            continue
        sums = sizes.dropna().sum()
        here = sums["denominator"][both] / sums["denominator"][ALL]
        there = sums[f"denominator{REFERENCE}"]
        share = there[both] / there[both].sum()
        unknown = 1.0 - float(there[both].sum() / there[ALL])
        ends = [(1 - unknown) * share + unknown * np.minimum(1.0, share * factor)
                for factor in (PLAUSIBILITY, 1 / PLAUSIBILITY)]  # fmt: skip
        values = [100 * np.minimum(1.0, here / part) for part in (share, *ends)]
        tables.append(
            pd.DataFrame(
                {
                    "id": ids(PAGE, found.outcome, "coded-by-group", source, pd.Series(both)),
                    "source": source,
                    "label": found.label(source),
                    "against": found.label(best),
                    "stratum": both,
                    "estimate": values[0].to_numpy(),
                    "ci_low": values[1].to_numpy(),
                    "ci_high": values[2].to_numpy(),
                    "denominator": sums["denominator"][both].to_numpy(),
                }
            )
        )
    return joined(tables, columns)


def published_coding(observations: Observations, found: Reported) -> pd.DataFrame:
    """Hold the coding that sources publish as an indicator against that of their counts.

    Returns
    -------
    ``label, organisation, published, counted, difference, indicator`` (the published one):
    percentages, in the periods for which both are there; empty where no source publishes such an
    indicator for the units of another.
    """
    columns = ["label", "organisation", "published", "counted", "difference", "indicator"]
    known = PUBLISHED_CODING.get(dimension(observations.dimension).stratifier)
    if known not in observations.indicators:
        return pd.DataFrame(columns=columns)
    told = observations.overall(str(known)).dropna().merge(found.units, on="unit")
    own = coded(found).dropna(subset="period")
    keys = ["source", "organisation", "period"]
    both = told.merge(own[[*keys, "label", *FIGURES]], on=keys, suffixes=("", "_counted"))
    names = ["label", "organisation"]
    sums = both.groupby(names, sort=False)[[*FIGURES, *(f"{p}_counted" for p in FIGURES)]].sum()
    published = 100 * sums["numerator"] / sums["denominator"]
    counted = 100 * sums["numerator_counted"] / sums["denominator_counted"]
    table = pd.DataFrame(
        {"published": published, "counted": counted, "difference": published - counted}
    ).assign(indicator=known)
    return table.reset_index()[columns]
