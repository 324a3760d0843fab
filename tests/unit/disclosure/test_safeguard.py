"""Protecting all counts at once: what is shown, what earlier versions keep, what is recorded."""

import math
import stat

import numpy as np
import pandas as pd
import pytest

from equieval.disclosure.cells import Grouping, Quantities
from equieval.disclosure.ledger import Entry, Ledger, cell_id, read_ledgers, write_ledger
from equieval.disclosure.profiles import profile
from equieval.disclosure.safeguard import BEFORE, MARGIN, SMALL, safe_counts
from equieval.errors import DisclosureRefused

STRATA = ("1", "2", "3", "4")
BIRTHS = Quantities(
    {
        "births": frozenset({"live", "still"}),
        "live": frozenset({"live"}),
        "still": frozenset({"still"}),
    },
    {"still": "births"},
)


def protected(profile_id, earlier=(), groups=None, quantities=BIRTHS, **counts):
    """Return what is shown of counts by stratum, e.g. ``still=[3, 9, 12, 20]``."""
    rows = [
        (name, "North", "2020", stratum, float(value))
        for name, values in counts.items()
        for stratum, value in zip((*STRATA, "all"), values, strict=False)
    ]
    frame = pd.DataFrame(rows, columns=["quantity", "unit", "period", "stratum", "exact"])
    only = Quantities(
        {name: quantities.columns[name] for name in counts},
        {k: v for k, v in quantities.within.items() if {k, v} <= set(counts)},
    )
    grouping = Grouping(STRATA, groups or {})
    rules = profile(profile_id)
    return safe_counts(frame, rules, grouping, only, identify="|".join, earlier=earlier)


def shown(safe, quantity="still"):
    rows = safe.cells[safe.cells["quantity"] == quantity].set_index("stratum")["shown"]
    return [rows[stratum] for stratum in (*STRATA, "all")]


def test_totals_are_computed_before_they_are_rounded_where_the_controller_says_so():
    assert shown(protected("nhs-hes", still=[12, 13, 22, 23])) == [10, 15, 20, 25, 70]
    assert shown(protected("nhs-hes", still=[12, 12, 12, 12]))[-1] == 50  # not 40


def test_totals_are_sums_of_what_is_shown_where_the_controller_says_so():
    assert shown(protected("opensafely", still=[12, 12, 12, 12])) == [10, 10, 10, 10, 40]
    midpoint = protected("opensafely-midpoint-6", still=[1, 8, 14, 20])
    assert shown(midpoint) == [3, 9, 15, 21, 48]


def test_births_are_the_sum_of_what_is_shown_of_live_births_and_stillbirths():
    """Births rounded by themselves, less live births rounded, would leave 1 to 4 stillbirths."""
    safe = protected(
        "nhs-msds",
        births=[603, 598, 611, 640],
        live=[600, 595, 607, 636],
        still=[3, 3, 4, 4],
    )
    assert shown(safe)[:4] == [5, 5, 5, 5]
    assert shown(safe, "births")[:4] == [605, 600, 610, 640]


def test_a_published_total_that_misses_a_group_protects_the_group_that_is_not_listed():
    """The total has 4 more than its groups: those 4 are a count that was never published."""
    safe = protected("nhs-hes", still=[20, 25, 30, 35, 114])
    assert (safe.cells["reason"] == "").all()  # rounding alone leaves 4 ± 12 open
    exactly = profile("nhs-hes").counting.known(safe.cells["shown"])
    assert (exactly.width == 4).all()


def test_everyone_in_a_group_is_not_told():
    """48 of 48: a count of all people in a group says it of each of them."""
    safe = protected(
        "nhs-hes",
        quantities=Quantities(
            {"fed": frozenset({"fed"}), "born": frozenset({"born"})}, {"fed": "born"}
        ),
        fed=[48, 300, 320, 340],
        born=[48, 400, 410, 420],
    )
    both = [shown(safe, "fed")[0], shown(safe, "born")[0]]
    assert any(math.isnan(value) for value in both)
    assert set(safe.withheld().index) == {MARGIN}


def test_reasons_say_what_is_small_and_what_is_withheld_for_it():
    safe = protected("nhs-hes", still=[3, 22, 30, 41])
    assert safe.cells.set_index("stratum")["reason"]["1"] == SMALL
    one_hidden = safe.withheld()
    assert one_hidden[SMALL] == 1


@pytest.mark.parametrize("change", [-7, -1, 1, 7])
def test_a_count_that_changed_too_little_keeps_what_was_shown(change):
    before = protected("nhs-hes", still=[52, 60, 70, 80])
    after = protected("nhs-hes", [before.ledger(1, "nhs-hes")], still=[52 + change, 60, 70, 80])
    assert shown(after) == shown(before)


def test_a_count_that_was_withheld_stays_withheld_until_it_has_changed_enough():
    before = protected("nhs-hes", still=[6, 60, 70, 80])
    ledger = before.ledger(1, "nhs-hes")
    after = protected("nhs-hes", [ledger], still=[9, 60, 70, 80])
    assert math.isnan(shown(after)[0])
    assert BEFORE in set(after.cells["reason"])
    assert shown(protected("nhs-hes", [ledger], still=[25, 60, 70, 80]))[0] == 25


def test_what_an_earlier_version_shows_may_hold_a_release():
    """v1 shows the total as 15 (13 to 17) and the only neighbour as 15: at most 4 are left."""
    before = {"2": Entry(13, 15), "3": Entry(0, 0), "4": Entry(0, 0), "all": Entry(17, 15)}
    cells = {f"still|North|2020|{stratum}": entry for stratum, entry in before.items()}
    ledger = Ledger(1, "nhs-hes", cells)
    with pytest.raises(DisclosureRefused, match="earlier version") as refused:
        protected("nhs-hes", [ledger], still=[3, 13, 0, 0])
    assert refused.value.exit_code == 3
    assert math.isnan(shown(protected("nhs-hes", still=[3, 13, 0, 0]))[0])


def test_the_ledger_is_private_keyed_and_reads_back(tmp_path):
    safe = protected("nhs-hes", still=[3, 22, 30, 41])
    ledger = safe.ledger(2, "nhs-hes")
    path = write_ledger(tmp_path, "fixture", ledger)
    assert path == tmp_path / ".equieval" / "private" / "ledger" / "fixture" / "v2.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (again,) = read_ledgers(tmp_path, "fixture")
    assert (again.version, again.profile) == (2, "nhs-hes")
    for name, entry in ledger.cells.items():
        assert again.cells[name].exact == entry.exact
        np.testing.assert_equal(again.cells[name].shown, entry.shown)
    assert cell_id(b"one", ["a"]) != cell_id(b"two", ["a"])
    assert cell_id(b"one", ["a", "b"]) != cell_id(b"one", ["ab", ""])


def test_a_damaged_ledger_refuses_instead_of_comparing_with_nothing(tmp_path):
    path = write_ledger(tmp_path, "fixture", Ledger(1, "nhs-hes", {}))
    path.write_text("{")
    with pytest.raises(DisclosureRefused, match="cannot be read"):
        read_ledgers(tmp_path, "fixture")
