"""The portfolio's synthetic data: committed as drawn, from seeds that nobody chose."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from equieval.data.synthetic.control_outcomes import early_bookings, with_control_outcome
from equieval.data.synthetic.portfolio import DRAWINGS, PORTFOLIO, SMOKEFREE, write_portfolio

DATA = Path(__file__).parents[3] / "data" / "synthetic"
LARGEST = 400_000


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return write_portfolio(tmp_path_factory.mktemp("portfolio"))


def test_committed_files_are_those_that_make_synthetic_writes_byte_for_byte(
    drawn: tuple[Path, ...],
) -> None:
    differing = [
        path.name
        for path in drawn
        if not (DATA / path.name).is_file() or (DATA / path.name).read_bytes() != path.read_bytes()
    ]
    assert not differing, f"run make synthetic, and say why they changed: {differing}"


def test_every_committed_file_is_one_of_them(drawn: tuple[Path, ...]) -> None:
    assert {path.name for path in DATA.iterdir()} == {path.name for path in drawn}


def test_files_stay_small(drawn: tuple[Path, ...]) -> None:
    assert not [path.name for path in drawn if path.stat().st_size > LARGEST]


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.name)
def test_a_seed_follows_from_the_name_alone(drawing) -> None:
    assert drawing.seed == zlib.crc32(drawing.name.encode())
    assert drawing.draw(drawing.seed).truth["seed"] == drawing.seed


@pytest.mark.parametrize("evaluation", PORTFOLIO.values(), ids=lambda found: found.id)
def test_another_seed_draws_other_counts_of_the_same_world(evaluation) -> None:
    """Coverage over many seeds is that of one evaluation, not of different ones."""
    first, second = (evaluation.drawing.draw(seed) for seed in (1, 2))
    assert not first.table.equals(second.table)
    assert list(first.table.columns) == list(second.table.columns)
    assert first.truth["levels"] == second.truth["levels"]
    # Sizes of the units differ, so that averages over them may too, by a little.
    assert evaluation.truth(second) == pytest.approx(evaluation.truth(first), rel=0.1)


def test_a_control_outcome_is_drawn_in_the_same_units_and_nothing_moves_it() -> None:
    drawing = SMOKEFREE
    drawn = drawing.draw(drawing.seed)
    unmoved = early_bookings(drawn)
    assert drawn.companions["bookings"].equals(unmoved.table)
    assert (unmoved.expected["rate"] == unmoved.expected["rate_counterfactual"]).all()
    keys = ["lmns", "month", "imd_quintile"]
    assert drawn.table[keys].equals(unmoved.table[keys])
    assert drawn.truth["control_outcomes"]["bookings"]["indicator"] == "booking-by-10-weeks"
    with pytest.raises(ValueError, match="no effect"):
        with_control_outcome(drawn, "smokers", drawn)
    with pytest.raises(ValueError, match="same treated units"):
        with_control_outcome(
            drawn, "elsewhere", replace(unmoved, truth={**unmoved.truth, "adoption": {}})
        )
