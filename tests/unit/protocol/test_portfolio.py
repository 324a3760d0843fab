"""The evaluations of the portfolio: complete in words, honest about what they are made of."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from equieval.data.synthetic.places import unit_names
from equieval.data.synthetic.portfolio import DRAWINGS, PORTFOLIO
from equieval.protocol import Evaluation, indicator, load_evaluation
from equieval.protocol.evaluation import Audit

PROJECT = Path(__file__).parents[3]
PARAMETERS = sorted((PROJECT / "params").glob("*.yaml"))
EVALUATIONS = {path.stem: load_evaluation(path) for path in PARAMETERS}
OF_EFFECTS = {id: e for id, e in EVALUATIONS.items() if not isinstance(e.design, Audit)}
DRAWN = {id: e for id, e in OF_EFFECTS.items() if id in PORTFOLIO}
PLACES = {name.removesuffix(" X") for name in unit_names(220, "X")}


def truth_of(id: str) -> Mapping[str, Any]:
    path = PROJECT / "data" / "synthetic" / f"{PORTFOLIO[id].drawing.name}.truth.json"
    return json.loads(path.read_text(encoding="utf-8"))["truth"]


def test_every_synthetic_evaluation_of_an_effect_is_drawn_with_a_known_truth() -> None:
    synthetic = {id for id, found in OF_EFFECTS.items() if found.identity.synthetic}
    assert synthetic <= set(PORTFOLIO)


def test_every_drawing_is_read_by_an_evaluation() -> None:
    read = {Path(source.path).name for e in EVALUATIONS.values() for source in e.data.sources}
    unread = [d.name for d in DRAWINGS if not any(name.startswith(d.name) for name in read)]
    assert not unread


@pytest.mark.parametrize("id", OF_EFFECTS)
def test_the_intervention_is_told_whole(id: str) -> None:
    """TIDieR, theory of change, reach and dose by group, engagement and transfer: all stated."""
    intervention = OF_EFFECTS[id].intervention
    assert intervention.unstated_tidier_items() == ()
    assert intervention.summary
    assert intervention.transferability
    assert intervention.co_interventions
    assert intervention.theory_of_change is not None
    assert intervention.theory_of_change.assumptions
    assert intervention.engagement is not None
    for aspect in (intervention.reach, intervention.dose, intervention.fidelity):
        assert aspect is not None
        assert aspect.by_group


@pytest.mark.parametrize("id", EVALUATIONS)
def test_data_are_there_and_belong_to_somebody(id: str) -> None:
    for source in EVALUATIONS[id].data.sources:
        assert (PROJECT / source.path).is_file()
        assert source.publisher
        assert source.licence


@pytest.mark.parametrize("id", DRAWN)
def test_synthetic_evaluations_say_so_wherever_a_reader_looks(id: str) -> None:
    found = DRAWN[id]
    assert "synthetic" in found.identity.title
    assert "fictional" in found.programme.title
    assert "fictional" in found.population.place
    assert "made up" in found.intervention.engagement.words
    assert "made up" in " ".join(
        aspect.words
        for aspect in (
            found.intervention.fidelity,
            found.intervention.reach,
            found.intervention.dose,
        )
    )
    assert "made up" in found.disclosure.reason
    for source in found.data.sources:
        assert "synthetic" in source.title
        assert source.publisher == "equieval (synthetic)"


@pytest.mark.parametrize("id", DRAWN)
def test_units_are_those_of_the_draw_and_nowhere_real(id: str) -> None:
    design, truth = DRAWN[id].design, truth_of(id)
    treated = getattr(design, "treated", (design.unit,))
    assert set(treated) == set(truth["treated"])
    if hasattr(design, "adoption"):
        assert dict(design.adoption) == truth["adoption"]
    for unit in (*treated, *getattr(design, "controls", ())):
        places = unit.rpartition(" ")[0].split(" and ")
        assert set(places) <= PLACES, unit
    merged = [row.successor for row in DRAWN[id].data.succession]
    controls = getattr(design, "controls", truth["controls"])
    assert set(controls) == {*truth["controls"], *merged}


@pytest.mark.parametrize("id", DRAWN)
def test_the_protocol_is_about_the_world_that_was_drawn(id: str) -> None:
    found, truth = DRAWN[id], truth_of(id)
    equity, primary = found.equity, found.outcomes.primary
    assert equity.dimension == truth["dimension"]
    assert list(equity.levels) == truth["levels"]
    assert equity.ordered is (primary.reference_group is None)
    assert primary.reference_group in (None, truth["reference"])
    assert primary.indicator in (truth.get("indicator"), *truth.get("indicators", {}))
    assert PORTFOLIO[id].primary["measure"] == primary.measure
    if "period" in PORTFOLIO[id].primary:
        assert PORTFOLIO[id].primary["period"] == primary.horizon


@pytest.mark.parametrize("id", [id for id, found in EVALUATIONS.items() if found.data.succession])
def test_mergers_are_those_that_the_data_have(id: str) -> None:
    name = PORTFOLIO[id].drawing.name
    path = PROJECT / "data" / "synthetic" / f"{name}-succession.csv"
    with path.open(encoding="utf-8", newline="") as rows:
        listed = [
            (row["predecessor"], row["successor"], row["period"]) for row in csv.DictReader(rows)
        ]
    succession = EVALUATIONS[id].data.succession
    assert [(row.predecessor, row.successor, row.period) for row in succession] == listed


@pytest.mark.parametrize("id", EVALUATIONS)
def test_indicators_published_over_a_year_are_not_read_more_often(id: str) -> None:
    found: Evaluation = EVALUATIONS[id]
    for name in found.outcomes.indicators:
        if indicator(name).window == 12:
            assert found.data.frequency in ("year", "financial-year")


def test_the_real_evaluations_reuse_figures_that_are_published() -> None:
    real = [found for found in EVALUATIONS.values() if not found.identity.synthetic]
    assert len(real) == 2
    for found in real:
        assert found.disclosure.profile == "open-data"
        assert not found.population.fictional
        assert {source.publisher for source in found.data.sources} == {
            "Office for National Statistics"
        }
