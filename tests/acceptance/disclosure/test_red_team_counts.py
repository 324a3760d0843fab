"""Attacks on counts: each finds small counts with the gate off, and none with it on.

An attacker has everything that is published and knows how it was made. "Found" means that the
true count of a cell with 1 to 7 stillbirths is the only one that fits.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from equieval.disclosure.bounds import Interval, Margins
from equieval.disclosure.cells import Grouping, Quantities, all_cells, all_relations
from equieval.disclosure.ledger import Ledger
from equieval.disclosure.profiles import profile
from equieval.disclosure.safeguard import safe_counts
from equieval.methods.proportions import wilson
from equieval.releases.private import keep_ledger

PLACE = ["unit", "period", "stratum"]


def at(observations, indicator="stillbirth"):
    return observations.strata(indicator).set_index(PLACE)


def cells_with_small_counts(partner):
    cells = at(partner.exact)
    return cells[(cells["numerator"] > 0) & (cells["numerator"] <= 7)]


@cache
def every_rate_and_interval(largest=520):
    """Return the percentage and Wilson limits, to two decimals, of every small count."""
    pairs = [(x, n) for n in range(31, largest) for x in range(1, 31)]
    x, n = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    return pairs, wilson(x, n, per=100.0).round(2)


def counts_that_fit(rate, low, high):
    """Return every (x, n) that shows as this percentage with these limits."""
    pairs, table = every_rate_and_interval()
    fits = (
        (table["estimate"] - rate).abs().lt(0.005)
        & (table["ci_low"] - low).abs().lt(0.005)
        & (table["ci_high"] - high).abs().lt(0.005)
    )
    return [pairs[place] for place in np.flatnonzero(fits)]


def backed_out(observations, truth):
    """Return how many small counts follow from rate and interval, shown to two decimals."""
    cells = at(observations).loc[truth.index[:40]]
    shown = wilson(cells["numerator"], cells["denominator"], per=100.0).round(2)
    found = 0
    for place, row in zip(cells.index, shown.itertuples(), strict=True):
        fits = counts_that_fit(row.estimate, row.ci_low, row.ci_high)
        exact = (truth.loc[place, "numerator"], truth.loc[place, "denominator"])
        found += len(fits) == 1 and fits[0] == exact
    return found


def test_rate_and_interval_give_the_counts_away_only_with_the_gate_off(partner):
    truth = cells_with_small_counts(partner)
    assert backed_out(partner.exact, truth) > 20
    assert backed_out(partner.safe, truth) == 0


def by_subtraction(shown, exact):
    """Return how many small counts are their total minus all others, as published."""
    cells = shown.strata("stillbirth")
    totals = shown.overall("stillbirth").set_index(["unit", "period"])["numerator"]
    found = 0
    for place, group in cells.groupby(["unit", "period"]):
        hidden = group["numerator"].isna()
        if hidden.sum() != 1:
            continue
        rest = totals[place] - group["numerator"].sum()
        stratum = group.loc[hidden, "stratum"].iloc[0]
        found += rest == at(exact).loc[(*place, stratum), "numerator"]
    return found


def test_totals_minus_the_other_groups_give_withheld_counts_only_without_secondary_suppression(
    partner,
):
    """Primary suppression alone leaves cells that their totals give away."""
    exact = partner.exact
    table = exact.table.copy()
    totals = table.groupby(["unit", "period", "indicator"])[["numerator", "denominator"]].sum()
    totals = totals.reset_index().assign(**{exact.dimension: "all"})
    few = (table["numerator"] > 0) & (table["numerator"] <= 7)
    primary = pd.concat([table.assign(numerator=table["numerator"].mask(few)), totals])
    off = type(exact)(**{**vars(exact), "table": primary})
    assert by_subtraction(off, exact) >= 1
    assert by_subtraction(partner.safe, exact) == 0


def test_no_published_relation_narrows_a_small_count_below_the_threshold(any_partner):
    """The audit by linear programs, done again from nothing but what is published."""
    partner, rules = any_partner, profile(any_partner.profile)
    cells, grouping, quantities = everything(partner)
    places = ["quantity", "unit", "period", "stratum"]
    shown = partner.private.counts.shown().reindex(pd.MultiIndex.from_frame(cells[places]))
    shown = pd.Series(shown.to_numpy())
    alone = rules.counting.known(shown)
    formed = ~cells["published"].to_numpy(dtype=bool)
    low, high = np.where(formed, 0, alone.low), np.where(formed, np.inf, alone.high)
    exact = cells["exact"].to_numpy()
    known = Interval(np.minimum(low, exact), np.maximum(high, exact))
    margins = Margins(exact, all_relations(cells, grouping, quantities))
    withheld = np.flatnonzero(
        shown.isna() & cells["published"] & cells["exact"].between(1, rules.threshold)
    )
    if rules.counting.small.value == "redact":
        assert len(withheld) > 50
    assert (margins.feasible(known, withheld).width >= rules.threshold - 1e-6).all()


def everything(partner):
    counts = partner.private.counts.cells[["quantity", "unit", "period", "stratum", "exact"]]
    names = list(counts["quantity"].unique())
    (births,) = (name for name in names if "all records" in name)
    quantities = Quantities(
        {name: frozenset({name}) for name in names},
        {name: births for name in names if name != births},
    )
    levels = (*partner.exact.levels, *partner.exact.missing_levels)
    grouping = Grouping(tuple(levels), {})
    return all_cells(counts, grouping, quantities), grouping, quantities


def without_the_event(observations):
    """Return births minus breastfed, wherever both are shown."""
    cells = at(observations, "breast-milk-first-feed")
    return (cells["denominator"] - cells["numerator"]).dropna()


def test_those_without_the_event_are_as_safe_as_those_with_it(partner):
    exact = without_the_event(partner.exact)
    few = exact[exact <= 7].index
    assert len(few) > 20
    shown = at(partner.safe, "breast-milk-first-feed").loc[few]
    told = shown.dropna(subset=["numerator", "denominator"])
    # Two rounded counts leave at least seven values between them, or one of them is withheld.
    spread = np.minimum(4, told["denominator"] - told["numerator"]) + 4
    assert (spread >= 7).all()


def test_two_versions_tell_who_joined_only_with_the_gate_off(partner):
    before, exact_before = partner.safe, at(partner.exact)
    keep_ledger(partner.root, "small-trusts", 1, partner.private)
    target = partner.records[partner.records["trust"] == "South"].iloc[[0]].assign(stillborn=1)
    partner.records = pd.concat([partner.records, target], ignore_index=True)
    partner.save()
    changed = at(partner.exact) - exact_before
    assert changed["numerator"].sum() == 1  # off: the difference is the one family
    after = partner.safe
    pd.testing.assert_frame_equal(at(before), at(after))  # on: nothing differs
    assert list(partner.private.between_versions()) == []


def one_count(exact, earlier=()):
    counts = pd.DataFrame(
        [("births", "North", "2019", "1", float(exact)), ("births", "North", "2019", "2", 900.0)],
        columns=["quantity", "unit", "period", "stratum", "exact"],
    )
    return safe_counts(
        counts,
        profile("nhs-hes"),
        Grouping(("1", "2"), {}),
        Quantities({"births": frozenset({"births"})}, {}),
        identify="|".join,
        earlier=earlier,
    )


def shown_first(safe):
    return safe.cells.set_index("stratum").loc["1", "shown"]


@pytest.mark.parametrize(("before", "after"), [(12, 13), (17, 18), (22, 23)])
def test_a_count_that_crosses_a_rounding_boundary_by_one_shows_it_only_with_the_gate_off(
    before, after
):
    first = one_count(before)
    assert shown_first(one_count(after)) != shown_first(first)  # off: it was 12 and is 13
    ledger = first.ledger(1, "nhs-hes")
    assert shown_first(one_count(after, [ledger])) == shown_first(first)
    assert shown_first(one_count(before + 30, [ledger])) == shown_first(one_count(before + 30))


def test_another_evaluation_of_the_same_births_is_compared_with_too(partner):
    keep_ledger(partner.root, "another-evaluation", 1, partner.private)
    before = partner.safe
    extra = partner.records[partner.records["trust"] == "South"].iloc[[0]].assign(stillborn=1)
    partner.records = pd.concat([partner.records, extra], ignore_index=True)
    partner.save()
    pd.testing.assert_frame_equal(at(before), at(partner.safe))


def test_a_missing_ledger_is_found_from_the_second_version_on(partner):
    missing = list(partner.private.missing_ledgers({1: "nhs-hes"}))
    assert "the private ledger of v1 is missing" in str(missing[0])
    keep_ledger(partner.root, "small-trusts", 1, partner.private)
    partner.save()
    assert list(partner.private.missing_ledgers({1: "nhs-hes"})) == []


def test_a_version_that_shows_a_small_difference_is_held(partner):
    ledger = partner.private.counts.ledger(1, "nhs-hes")
    cells = {
        name: type(entry)(entry.exact + 1, entry.shown + 5) for name, entry in ledger.cells.items()
    }
    held = type(partner.private)(
        **{**vars(partner.private), "ledgers": (Ledger(1, "nhs-hes", cells),)}
    )
    assert any("fewer people" in str(finding) for finding in held.between_versions())
