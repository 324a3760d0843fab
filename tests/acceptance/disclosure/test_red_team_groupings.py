"""Attacks that lay two evaluations of the same births side by side, cut in different groups.

Each evaluation is safe by itself. The attacker solves both tables as one: a fifth is two tenths, a
year four quarters, a broad ethnic group several categories. "Found" means that the interval that
is left for a cell of 1 to 7 stillbirths is narrower than the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import yaml

from equieval.disclosure.bounds import Interval, Margins, Relation
from equieval.disclosure.profiles import profile
from equieval.errors import DisclosureRefused
from equieval.protocol import load_evaluation
from equieval.releases.private import keep_ledger, private_counts

THRESHOLD = 7
CODES = {"White": "ABC", "Mixed": "DEFG", "Asian": "HJKL", "Black": "MNP", "Other": "RS"}
GROUP_OF = {code: group for group, codes in CODES.items() for code in codes}


@dataclass(frozen=True)
class Cut:
    """One way to cut the births: dimension, its column and levels; frequency and its column."""

    dimension: str
    column: str
    levels: tuple[str, ...]
    frequency: str = "year"
    period: str = "year"


TENTHS = Cut("imd-decile", "decile", tuple(map(str, range(1, 11))))
FIFTHS = Cut("imd-quintile", "quintile", tuple("12345"))
QUARTERS = Cut("imd-quintile", "quintile", tuple("12345"), "quarter", "quarter")
CATEGORIES = Cut("ethnic-category", "code", tuple(GROUP_OF))
GROUPS = Cut("ethnic-group", "group", tuple(CODES))
OF = {
    "decile": lambda level: str((int(level) + 1) // 2),
    "code": GROUP_OF.get,
    "quintile": lambda level: level,
}


def with_more_columns(records):
    records = records[records["trust"] != "North"]
    rng = np.random.default_rng(5)
    shares = rng.dirichlet([3, 1, 1] + [0.5] * 13)
    quarters = rng.integers(1, 5, len(records))
    codes = rng.choice(list(GROUP_OF), len(records), p=shares)
    return records.assign(
        decile=2 * records["quintile"] - rng.integers(0, 2, len(records)),
        quarter=[f"{y}-Q{q}" for y, q in zip(records["year"], quarters, strict=True)],
        code=codes,
        group=[GROUP_OF[code] for code in codes],
    )


def evaluation_of(partner, name, cut, source="ons-births-and-deaths"):
    given = yaml.safe_load((partner.root / "params" / "small-trusts.yaml").read_text())
    given["identity"]["id"] = name
    given["disclosure"]["profile"] = partner.profile
    given["data"]["frequency"] = cut.frequency
    first = given["data"]["sources"][0]
    first["columns"]["period"] = cut.period
    first |= {"id": source, "dimensions": {cut.dimension: cut.column}}
    del first["indicators"]["breast-milk-first-feed"]
    given["outcomes"]["secondary"] = []
    given["outcomes"]["primary"]["horizon"] = "2019" if cut.frequency == "year" else "2019-Q1"
    given["outcomes"]["primary"]["measure"] = "gap"
    given["robustness"] = {"leave_one_out": False}
    given["intervention"]["co_interventions"] = []
    if cut.frequency == "quarter":
        given["design"] |= {
            "start": "2016-Q1",
            "first_period": "2012-Q1",
            "last_period": "2019-Q4",
        }
    given["equity"] |= {"dimension": cut.dimension, "levels": list(cut.levels)}
    given["equity"]["measures"] = ["gap"]
    if cut.dimension.startswith("ethnic"):
        given["equity"]["ordered"] = False
        for key in ("direction", "edition"):
            given["equity"].pop(key, None)
        given["outcomes"]["primary"]["reference_group"] = cut.levels[0]
    path = partner.root / "params" / f"{name}.yaml"
    path.write_text(yaml.safe_dump(given))
    return load_evaluation(path)


def stillbirths(private):
    cells = private.counts.cells
    return cells[cells["quantity"].str.contains("stillborn")].reset_index(drop=True)


def solved(one, other, cut):
    """Return the small cells that both tables together leave too little room."""
    both = pd.concat([one.assign(side=0), other.assign(side=1)], ignore_index=True)
    total = (both["stratum"] == "all").to_numpy()
    level = both["stratum"].where(both["side"] == 1, both["stratum"].map(
        lambda name: name if name == "all" else OF[cut.column](name)))  # fmt: skip
    year = both["period"].str[:4]
    relations = []
    for (_, *_), rows in both[~total].groupby(["side", "unit", "period"]):
        whole = both.index[total & (both[["side", "unit", "period"]] == rows.iloc[0][
            ["side", "unit", "period"]]).all(axis=1)]  # fmt: skip
        relations.append(Relation(int(whole[0]), tuple(rows.index)))
    for _, rows in both.assign(level=level, year=year).groupby(["unit", "year", "level"]):
        mine, theirs = (tuple(rows.index[rows["side"] == side]) for side in (0, 1))
        assert len(theirs) == 1
        relations.append(Relation(theirs[0], mine))
    exact = both["exact"].to_numpy()
    alone = profile("nhs-hes").counting.known(both["shown"])
    known = Interval(np.minimum(alone.low, exact), np.maximum(alone.high, exact))
    small = np.flatnonzero(both["exact"].between(1, THRESHOLD) & both["shown"].isna())
    assert len(small) > 40
    return int((Margins(exact, relations).feasible(known, small).width < THRESHOLD - 1e-6).sum())


@pytest.mark.parametrize(
    ("first", "second"),
    [(TENTHS, FIFTHS), (QUARTERS, FIFTHS), (CATEGORIES, GROUPS)],
    ids=["tenths and fifths", "quarters and years", "categories and groups"],
)
def test_two_groupings_of_the_same_births_narrow_small_counts_only_with_the_gate_off(
    partner, first, second
):
    partner.records = with_more_columns(partner.records)
    partner.save()
    fine = private_counts(partner.root, evaluation_of(partner, "fine", first))
    coarse = evaluation_of(partner, "coarse", second, source="same-file-other-name")
    apart = private_counts(partner.root, coarse)
    assert solved(stillbirths(fine), stillbirths(apart), first) > 0  # off: they know nothing of it
    keep_ledger(partner.root, "fine", 1, fine)
    beside = private_counts(partner.root, coarse)
    assert solved(stillbirths(fine), stillbirths(beside), first) == 0
    kept = [stillbirths(private)["shown"].notna().sum() for private in (apart, beside)]
    assert kept[0] > kept[1] > kept[0] / 2  # it withholds more, and most is still there


def test_a_finer_table_that_a_published_total_gives_away_is_held(partner):
    """South 2012: a total shown as 10 is 8 to 12, and ten tenths share it."""
    partner.records = with_more_columns(partner.records)
    partner.save()
    coarse = private_counts(partner.root, evaluation_of(partner, "coarse", FIFTHS))
    finer = evaluation_of(partner, "fine", TENTHS)
    apart = private_counts(partner.root, finer)
    assert solved(stillbirths(apart), stillbirths(coarse), TENTHS) > 0  # off
    keep_ledger(partner.root, "coarse", 1, coarse)
    with pytest.raises(DisclosureRefused, match="another evaluation of the same data") as held:
        private_counts(partner.root, finer)
    assert "use the groups and periods of the other version" in held.value.remedy


def test_the_same_counts_are_not_released_exact_beside_a_version_that_withholds(partner):
    """Under ons-births every count is shown: beside nhs-hes that shows what was withheld."""
    partner.records = with_more_columns(partner.records)
    partner.save()
    held = private_counts(partner.root, evaluation_of(partner, "held", FIFTHS))
    withheld = stillbirths(held)["shown"].isna().sum()
    partner.profile = "ons-births"
    exact = evaluation_of(partner, "exact", FIFTHS)
    shown = stillbirths(private_counts(partner.root, exact))
    assert withheld > 40
    assert shown["shown"].notna().all()  # off: it shows them all
    keep_ledger(partner.root, "held", 1, held)
    with pytest.raises(DisclosureRefused, match="held v1 shows the same counts under 'nhs-hes'"):
        private_counts(partner.root, exact)
