"""What a page would refuse because of the protocol, `check` refuses before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from comparisons import write_comparison
from evaluations import Blocks, read, write_made_up

from equieval.data import parse_period
from equieval.errors import DesignError
from equieval.protocol import load_evaluation
from equieval.study import comparison, its_rows, synthetic
from equieval.study.check import check
from equieval.study.designs import study_of
from equieval.study.draws import FEW
from equieval.study.rehearsal import rehearse, without_outcome

Change = Callable[[Blocks], object]
AFTER = ["2022-Q1", "2022-Q2", "2022-Q3", "2022-Q4", "2023-Q1", "2023-Q2"]
EARLY = {"robustness.sustained_at": [3, 12], "robustness.retention_margin": 0.5}


def setting(values: dict[str, Any]) -> Change:
    """Set keys, by their dotted paths."""

    def change(blocks: Blocks) -> None:
        for path, value in values.items():
            block, *between, key = path.split(".")
            inner = blocks[block]
            for name in between:
                inner = inner[name]
            inner[key] = value

    return change


def without_a_control(blocks: Blocks) -> None:
    blocks["design"]["controls"].pop()


FAULTY: list[tuple[str, str, Change, str]] = [
    # What only a page used to refuse.
    ("did", "outcomes.primary.measure", setting({"outcomes.primary.measure": "rate"}),
     "'rate' has no interval"),
    ("did", "outcomes.primary.measure",
     setting({"outcomes.primary.measure": "ratio", "outcomes.primary.scale": "relative"}),
     "'ratio' has no interval"),
    ("did", "robustness.sustained_at",
     setting({"robustness.sustained_at": [6, 9], "robustness.retention_margin": 0.5}),
     "9 months after the start no half-year"),
    ("did", "design.exclude_periods", setting({"design.exclude_periods": AFTER}),
     "every period from the start of"),
    ("did", "design.anticipation", setting({"design.anticipation": 8}),
     "the anticipation of 8 periods"),
    ("staggered-did", "design.anticipation", setting({"design.anticipation": 7}),
     "no period is left before the start of"),
    ("controlled-its", "robustness.newey_west_lag", setting({"robustness.newey_west_lag": 60}),
     "lag of 60 does not fit 16 periods"),
    ("controlled-its", "robustness.sustained_at", setting({"design.lag": 2, **EARLY}),
     "3 months after the start, 2022-Q1 comes before the effect can show, in 2022-Q3"),
    ("controlled-its", "robustness.sustained_at", setting({"design.impact": "slope", **EARLY}),
     "3 months after the start, 2022-Q1 is the very period"),
    ("controlled-its", "outcomes.primary.horizon",
     setting({"design.exclude_periods": ["2023-Q2"]}), "2023-Q2 is left out"),
    ("controlled-its", "design.seasonality", setting({"design.seasonality": "fourier-2"}),
     "does not carry 2 Fourier pairs"),
    # Units of the data that the protocol says nothing of.
    ("controlled-its", "design.controls", without_a_control, "does not name"),
    ("synthetic-did", "design.controls", without_a_control, "does not name"),
]  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rehearsed")


@pytest.mark.parametrize(
    ("kind", "key", "change", "told"), FAULTY, ids=[f"{f[0]} {f[1]} {f[3][:20]}" for f in FAULTY]
)
def test_check_refuses_what_a_page_would_by_the_name_of_its_key(
    root: Path, kind: str, key: str, change: Change, told: str
) -> None:
    path, _ = write_comparison(root, "faulty", change, kind=kind)
    with pytest.raises(DesignError) as found:
        check(load_evaluation(path), root, rehearsed=True)
    assert told in found.value.what
    assert found.value.where == key
    assert found.value.remedy


@pytest.mark.parametrize("kind", ["staggered-did", "synthetic-did", "controlled-its"])
def test_a_sound_protocol_passes_its_rehearsal(root: Path, kind: str) -> None:
    path, _ = write_comparison(root, "sound", kind=kind)
    assert check(load_evaluation(path), root, rehearsed=True).pages


@pytest.mark.parametrize(
    ("kind", "drawing", "in_report"),
    [
        ("controlled-its", (its_rows, "bootstrap_contrast"), 999),
        ("did", (comparison, "wild_bootstrap"), 9_999),
        ("synthetic-did", (synthetic, "ferman_pinto"), 9_999),
    ],
)
def test_a_rehearsal_draws_few_by_the_same_analyses(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    drawing: tuple[ModuleType, str],
    in_report: int,
) -> None:
    drawn: list[int] = []
    module, name = drawing
    method = getattr(module, name)

    def counted(*given: Any, draws: int, **options: Any) -> Any:
        drawn.append(draws)
        return method(*given, draws=min(draws, 199), **options)

    monkeypatch.setattr(module, name, counted)
    path, _ = write_comparison(root, "drawn", kind=kind)
    evaluation, observations = read(root, path)
    rehearse(evaluation, observations)
    rehearsed, drawn = drawn.copy(), []
    assert set(rehearsed) == {FEW}
    study_of(kind).analysts["effect"](evaluation, observations)
    assert set(drawn) == {in_report}


def test_a_rehearsal_repeats_the_rates_before_the_start_and_keeps_who_was_there(
    root: Path,
) -> None:
    path, made = write_made_up(root, "repeated", seed=3)
    _, observations = read(root, path)
    start = parse_period(str(made.truth["start"]), observations.frequency)
    shown = without_outcome(observations, start)
    for name in observations.table.columns.drop("numerator"):
        pd.testing.assert_series_equal(shown.table[name], observations.table[name])
    rates = shown.strata("stillbirth").pivot(index="period", columns="stratum", values="rate")
    length = int((rates.index < start).sum())
    before, again = rates.iloc[:length], rates.iloc[length : 2 * length]
    # Counts are whole: a rate comes again to within half an event.
    births = observations.strata("stillbirth")["denominator"].min()
    np.testing.assert_allclose(again, before.iloc[: len(again)], atol=1000 * 0.51 / births)
    known = observations.strata("stillbirth").pivot(
        index="period", columns="stratum", values="rate"
    )
    pd.testing.assert_frame_equal(rates.iloc[:length], known.iloc[:length])
    assert not np.allclose(rates.iloc[length:], known.iloc[length:])
