"""Repetitions of the synthetic evaluations: shown where they were made, for what was asked."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pandas as pd
import pytest
from evaluations import ENGLAND, PROJECT

from equieval.data.synthetic.portfolio import EQUITY_AUDIT, PORTFOLIO, seed_of
from equieval.present import figures
from equieval.protocol import Evaluation, load_evaluation
from equieval.study import known_audit
from equieval.study.known_truth import COLUMNS, TABLE, protocol_digest, repetitions

AUDIT = "maternity-equity-audit-ashmere"


def evaluation(id: str) -> Evaluation:
    return load_evaluation(PROJECT / "params" / f"{id}.yaml")


@pytest.mark.parametrize("id", PORTFOLIO)
def test_each_synthetic_evaluation_was_repeated_as_its_parameters_are_now(id: str) -> None:
    """Fails when parameters that bear on a number changed: run tests/simulation/known_truth.py."""
    found = repetitions(evaluation(id))
    assert len(found) >= 50
    assert found["repetition"].tolist() == list(range(1, len(found) + 1))
    name = PORTFOLIO[id].drawing.name
    assert found["seed"].tolist() == [
        seed_of(f"{name}, repetition {n}") for n in found["repetition"]
    ]
    assert found["code"].nunique() == 1


def test_the_truths_of_the_table_are_those_of_the_generators() -> None:
    for id, known in PORTFOLIO.items():
        row = repetitions(evaluation(id)).iloc[0]
        assert row["truth"] == pytest.approx(known.truth(known.drawing.draw(int(row["seed"]))))


def test_most_intervals_hold_the_truth_and_not_all_of_them() -> None:
    """Of all repetitions together: 95 in 100, within what chance gives at this number (99.9 %)."""
    table = pd.read_csv(TABLE)
    held = (table["ci_low"] <= table["truth"]) & (table["truth"] <= table["ci_high"])
    error = 3.3 * (0.95 * 0.05 / len(table)) ** 0.5
    assert abs(held.mean() - 0.95) < error + 0.01


def test_a_real_evaluation_and_one_that_asks_something_else_have_no_repetitions(
    tmp_path: Path,
) -> None:
    assert repetitions(evaluation(ENGLAND)).empty
    id = "smokefree-pathway-smoking-at-delivery"
    given = evaluation(id)
    blocks = given.blocks()
    blocks["design"]["selection"]["words"] = "Said in another way."
    assert protocol_digest(Evaluation.of_blocks(blocks, where="test")) == protocol_digest(given)
    blocks["outcomes"]["primary"]["horizon"] = "2024-03"
    assert repetitions(Evaluation.of_blocks(blocks, where="test")).empty
    table = tmp_path / "table.csv"
    rows = pd.read_csv(TABLE)
    rows[rows["id"] != id].to_csv(table, index=False)
    assert repetitions(given, table).empty
    assert tuple(rows.columns) == COLUMNS


def test_the_audit_was_repeated_as_its_parameters_are_now() -> None:
    """Fails when parameters that bear on a number changed: run tests/simulation/known_truth.py."""
    rows = known_audit.audit_repetitions(evaluation(AUDIT))
    assert tuple(rows.columns) == known_audit.COLUMNS
    assert sorted(set(rows["repetition"])) == list(range(1, rows["repetition"].max() + 1))
    assert rows["repetition"].max() >= 50
    assert rows["code"].nunique() == 1
    drawn = EQUITY_AUDIT.draw(int(rows["seed"].iloc[0]))
    gaps = drawn.estimands[drawn.estimands["measure"] == "gap"].set_index("stratum")["observed"]
    kept = rows[(rows["repetition"] == 1) & (rows["kind"] == known_audit.GAP)]
    assert dict(zip(kept["about"], kept["truth"], strict=True)) == pytest.approx(gaps.to_dict())


def test_the_bounds_of_the_audit_hold_the_truth_and_its_problems_are_found() -> None:
    """Bounds allow for more than what the generator does, intervals for chance alone."""
    rows = known_audit.audit_repetitions(evaluation(AUDIT))
    table = known_audit.how_often(rows, "White")
    share = (table["held"] / table["draws"]).groupby(table["kind"]).mean()
    assert share["problem"] == 1
    assert share["bounds"] > 0.99
    assert 0.8 < share["gap"] < 0.98
    assert len(table[table["kind"] == "problem"]) == len(known_audit.SHOWN_BY)


def test_it_is_counted_how_often_the_truth_was_held_or_a_problem_found() -> None:
    rows = pd.DataFrame(
        [("gap", "Black", 2.0, 2.5, 1.0, 3.0), ("gap", "Black", 2.0, 4.5, 3.0, 5.0),
         ("problem", "council: some are missing", 1.0, 0.0, math.nan, math.nan),
         ("problem", "council: some are missing", 1.0, 1.0, math.nan, math.nan)],
        columns=["kind", "about", "truth", "estimate", "ci_low", "ci_high"],
    )  # fmt: skip
    table = known_audit.how_often(rows, "White")
    assert table[["held", "draws"]].to_numpy().tolist() == [[1, 2], [1, 2]]
    assert table["about"][0].startswith("Gap of Black against White: 95% interval")
    assert table["about"][1] == "Put in and found, council: some are missing"


def drawn(held: int, missed: int, without: int = 0) -> pd.DataFrame:
    """Intervals of width 2 around estimates that lie 0.5 or 3 from a truth of −2."""
    nan = float("nan")
    estimates = [-1.5] * held + [1.0] * missed + [nan] * without
    return pd.DataFrame(
        {
            "repetition": range(1, len(estimates) + 1),
            "truth": -2.0,
            "estimate": estimates,
            "ci_low": [value - 1 for value in estimates],
            "ci_high": [value + 1 for value in estimates],
        }
    )


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((47, 3), "In 50 made-up repetitions of this evaluation the 95% interval held the true "
                  "effect 47 times"),
        ((1, 9), "In 10 made-up repetitions of this evaluation the 95% interval held the true "
                 "effect once"),
        ((8, 0, 2), "In 10 made-up repetitions of this evaluation the 95% interval held the true "
                    "effect 8 times; it gave none in 2"),
        ((0, 0, 5), "In 5 made-up repetitions this evaluation gave no interval"),
    ],
)  # fmt: skip
def test_the_figure_counts_what_its_rows_say(counts: tuple[int, ...], said: str) -> None:
    picture = figures.repetitions(drawn(*counts), quantity="gap", unit="percentage points")
    assert picture.title == said
    assert picture.alt.startswith(said)
    again = figures.repetitions(drawn(*counts), quantity="gap", unit="percentage points")
    assert figures.svg_bytes(picture.figure) == figures.svg_bytes(again.figure)


def test_the_note_says_what_a_kept_promise_looks_like() -> None:
    """The ends that a binomial count with 50 trials and 0.95 passes by 2.5 % at most, by hand."""
    chances = [math.comb(50, held) * 0.95**held * 0.05 ** (50 - held) for held in range(51)]
    up_to = list(itertools.accumulate(chances))
    low, high = (
        next(n for n, chance in enumerate(up_to) if chance >= end) for end in (0.025, 0.975)
    )
    picture = figures.repetitions(drawn(47, 3), quantity="gap", unit="percentage points")
    assert f"would hold it {low} to {high} times in 50" in picture.note
