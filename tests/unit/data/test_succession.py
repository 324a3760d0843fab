"""Units that merged are one series under the successor's name; what lacks a part is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from equieval.data import audit, load_observations
from equieval.data.synthetic import Flaws, did_panel, write_synthetic
from equieval.errors import DataError, InputError
from equieval.protocol import Evaluation

Make = Callable[..., Evaluation]
Write = Callable[..., Path]

HEADER = "year,trust,half,live_births,stillbirths"
TRUST = {"period": "year", "unit": "trust"}


def merger(period: str, *pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"predecessor": a, "successor": b, "period": period} for a, b in pairs]


@pytest.fixture
def counts(root: Path, evaluation: Make) -> Callable[..., pd.DataFrame]:
    """Load the file with a succession; return births of the poorer half by unit and year."""

    def load(succession: list[dict[str, str]], **source: Any) -> pd.DataFrame:
        made = evaluation(columns=TRUST, total=[], **source)
        blocks = made.blocks()
        blocks["data"]["succession"] = succession
        observations = load_observations(Evaluation.of_blocks(blocks, where="test"), root)
        strata = observations.strata("stillbirth")
        poorer = strata[strata["stratum"] == "poorer"]
        return poorer.pivot_table(
            index="unit", columns="period", values="denominator", dropna=False
        ).rename(columns=str)

    return load


def years(*figures: tuple[str, str, int | str]) -> list[str]:
    """Rows of the poorer half as given, and of the richer half with ten births each."""
    rows = []
    for year, unit, births in figures:
        rows += [f"{year},{unit},poorer,{births},0", f"{year},{unit},richer,10,0"]
    return rows


def test_two_trusts_that_merge_are_one_from_the_beginning(write: Write, counts: Any) -> None:
    write(
        *years(
            ("2015", "A", 3),
            ("2015", "B", 4),
            ("2016", "A", 5),
            ("2016", "B", 6),
            ("2017", "A and B", 12),
            ("2015", "C", 7),
            ("2016", "C", 8),
            ("2017", "C", 9),
        ),
        header=HEADER,
    )
    found = counts(merger("2017", ("A", "A and B"), ("B", "A and B")))
    assert found.to_dict("index") == {
        "A and B": {"2015": 7, "2016": 11, "2017": 12},
        "C": {"2015": 7, "2016": 8, "2017": 9},
    }


def test_a_trust_that_takes_over_another_keeps_its_name(write: Write, counts: Any) -> None:
    write(
        *years(("2015", "A", 3), ("2015", "B", 4), ("2016", "B", 8), ("2017", "B", 9)),
        header=HEADER,
    )
    found = counts(merger("2016", ("A", "B")))
    assert found.to_dict("index") == {"B": {"2015": 7, "2016": 8, "2017": 9}}


def test_a_chain_of_mergers_ends_in_the_last_name(write: Write, counts: Any) -> None:
    write(
        *years(
            ("2015", "A", 1),
            ("2015", "B", 2),
            ("2015", "C", 3),
            ("2016", "AB", 4),
            ("2016", "C", 5),
            ("2017", "ABC", 10),
        ),
        header=HEADER,
    )
    chain = [
        *merger("2016", ("A", "AB"), ("B", "AB")),
        *merger("2017", ("AB", "ABC"), ("C", "ABC")),
    ]
    assert counts(chain).to_dict("index") == {"ABC": {"2015": 6, "2016": 9, "2017": 10}}


@pytest.mark.parametrize("lacking", ["", None])
def test_a_sum_that_lacks_a_predecessor_is_missing_not_smaller(
    write: Write, counts: Any, lacking: str | None
) -> None:
    """A submitted nothing in 2016: an empty cell, or no row at all."""
    rows = [("2015", "A", 3), ("2015", "B", 4), ("2016", "B", 6), ("2017", "AB", 12)]
    if lacking is not None:
        rows.append(("2016", "A", lacking))
    write(*years(*rows), header=HEADER)
    found = counts(merger("2017", ("A", "AB"), ("B", "AB"))).loc["AB"]
    assert found.isna().to_dict() == {"2015": False, "2016": True, "2017": False}


def test_the_audit_lists_a_merger_and_asks_for_no_work(
    root: Path, write: Write, evaluation: Make
) -> None:
    write(*years(("2015", "A", 3), ("2015", "B", 4), ("2016", "B", 8)), header=HEADER)
    blocks = evaluation(columns=TRUST, total=[]).blocks()
    blocks["data"]["succession"] = merger("2016", ("A", "B"))
    made = Evaluation.of_blocks(blocks, where="test")
    found = audit(load_observations(made, root), made)
    assert [str(period) for period in found.breaks["period"]] == ["2016"]
    assert "A reports as B from here on" in found.breaks["note"].iloc[0]
    assert found.actions == ()


def test_records_without_one_in_a_stratum_are_a_true_zero(write: Write, counts: Any) -> None:
    records = [
        *(f"{year},{unit},{half},0" for year, unit, half in (
            ("2015", "A", "poorer"), ("2015", "A", "richer"), ("2015", "B", "richer"),
            ("2016", "AB", "poorer"), ("2016", "AB", "richer"),
        )),
    ]  # fmt: skip
    write(*records, header="year,trust,half,stillborn")
    found = counts(
        merger("2016", ("A", "AB"), ("B", "AB")),
        level="record",
        indicators={"stillbirth": {"numerator": "stillborn"}},
    )
    assert found.to_dict("index") == {"AB": {"2015": 1, "2016": 1}}


def test_a_unit_that_reports_on_after_it_went_is_refused(write: Write, counts: Any) -> None:
    write(*years(("2015", "A", 3), ("2016", "A", 5), ("2016", "B", 8)), header=HEADER)
    with pytest.raises(DataError, match="'A' still reports in 2016") as caught:
        counts(merger("2016", ("A", "B")))
    assert "correct the period" in caught.value.remedy


def test_a_unit_that_nobody_knows_is_refused_with_a_suggestion(write: Write, counts: Any) -> None:
    write(*years(("2015", "Ashmere", 3), ("2016", "B", 8)), header=HEADER)
    with pytest.raises(DataError, match="no source has the unit 'Ashmer'") as caught:
        counts(merger("2016", ("Ashmer", "B")))
    assert "did you mean 'Ashmere'?" in caught.value.remedy


@pytest.mark.parametrize(
    ("succession", "what"),
    [
        (merger("2016", ("A", "B"), ("A", "C")), "'A' has two successors"),
        (merger("2016", ("A", "A")), "'A' passes into itself"),
        (merger("2016", ("A", "B"), ("B", "A")), "'A' passes into itself"),
        (merger("2016-07", ("A", "B")), "'2016-07' is no year"),
    ],
)
def test_a_succession_that_cannot_be_is_refused(
    counts: Any, succession: list[dict[str, str]], what: str
) -> None:
    with pytest.raises(InputError, match=what):
        counts(succession)


def test_merged_lmnss_of_a_panel_have_the_counts_that_they_would_have_had(
    root: Path, evaluation: Make
) -> None:
    """The same draw without a merger is the answer."""
    whole, merged = did_panel(3), did_panel(3, flaws=Flaws(mergers=2))
    write_synthetic(root / "data", "merged", merged)
    rows = merged.companions["succession"]
    made = evaluation(
        equity={
            "dimension": "imd-quintile",
            "levels": merged.truth["levels"],
            "direction": "1-is-most-deprived",
            "edition": "fictional",
        },
        frequency="month",
        path="data/merged.csv",
        columns={"period": "month", "unit": "lmns"},
        dimensions={"imd-quintile": "imd_quintile"},
        total=[],
        indicators={
            "smoking-at-delivery": {"numerator": "smokers", "denominator": ["women_status_known"]}
        },
    )
    blocks = made.blocks()
    blocks["data"]["succession"] = rows.to_dict("records")
    observations = load_observations(Evaluation.of_blocks(blocks, where="test"), root)
    assert not set(observations.units) & set(rows["predecessor"])
    strata = observations.strata("smoking-at-delivery")
    assert strata["numerator"].notna().all()
    names = dict(zip(rows["predecessor"], rows["successor"], strict=True))
    expected = (
        whole.table.assign(unit=whole.table["lmns"].replace(names))
        .groupby(["unit", "month", "imd_quintile"])["smokers"]
        .sum()
    )
    keys = [strata["unit"], strata["period"].astype(str), strata["stratum"]]
    found = strata.set_index(keys)["numerator"].sort_index()
    assert found.tolist() == expected.astype(float).tolist()
