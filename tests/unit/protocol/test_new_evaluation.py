"""A new evaluation states nothing by itself, and lacks nothing once everything is stated."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from equieval.errors import InputError
from equieval.protocol import InvalidParametersError, load_evaluation
from equieval.protocol.design import DESIGNS
from equieval.protocol.loading import parse
from equieval.protocol.new_evaluation import begin_evaluation
from equieval.protocol.placeholders import TO_BE_STATED, left_open

PARAMETERS = Path(__file__).parents[3] / "params"
OF_DESIGN = {
    "its": "stillbirth-care-bundle-england",
    "controlled-its": "smokefree-pathway-controlled-its",
    "did": "smokefree-pathway-smoking-at-delivery",
    "staggered-did": "midwifery-continuity-staggered",
    "synthetic-did": "inclusion-outreach-booking-synthetic-control",
    "audit": "maternity-equity-audit-ashmere",
}
"""An evaluation of the portfolio for each design: what its authors stated fills the new file."""
ASKED_BY_RULES = (
    "open", "direction", "edition", "ordered", "missing_levels", "reference_group",
    "control_group", "synthetic", "fictional",
)  # fmt: skip
"""Keys that may be left out, unless what is stated elsewhere asks for them."""


@pytest.mark.parametrize("design", DESIGNS)
def test_everything_to_be_stated_is_named_with_its_line_and_nothing_else(
    tmp_path: Path, design: str
) -> None:
    path = begin_evaluation(tmp_path, "a-new-one", design)
    lines = path.read_text(encoding="utf-8").splitlines()
    with pytest.raises(InvalidParametersError) as error:
        load_evaluation(path)
    named = [problem.where.rpartition(":")[2] for problem in error.value.problems]
    wanted = [
        str(number)
        for number, line in enumerate(lines, start=1)
        if TO_BE_STATED in line and not line.lstrip().startswith("#")
    ]
    assert named == wanted
    assert all("still to be stated" in problem.what for problem in error.value.problems)
    assert all(problem.remedy for problem in error.value.problems)


@pytest.mark.parametrize("design", DESIGNS)
def test_once_all_is_stated_it_is_an_evaluation(tmp_path: Path, design: str) -> None:
    path = begin_evaluation(tmp_path, OF_DESIGN[design], design)
    stated = parse((PARAMETERS / path.name).read_text(encoding="utf-8")).values
    filled = _filled(yaml.safe_load(path.read_text(encoding="utf-8")), stated)
    assert list(left_open(filled)) == []
    path.write_text(yaml.safe_dump(filled, sort_keys=False), encoding="utf-8")
    assert load_evaluation(path).design.type == design


def _filled(begun: Any, stated: Any) -> Any:
    """Return what was begun with the values that somebody stated in the same places."""
    if isinstance(begun, dict) and any(key == TO_BE_STATED for key in begun):
        below = begun[TO_BE_STATED]
        return {
            key: copy.deepcopy(value) if below == TO_BE_STATED else _filled(below, value)
            for key, value in stated.items()
        }
    if isinstance(begun, dict):
        asked = {key: stated[key] for key in ASKED_BY_RULES if key in stated}
        return {key: _filled(begun[key], stated[key]) for key in begun if key in stated} | asked
    if isinstance(begun, list) and begun != [TO_BE_STATED]:
        return [_filled(begun[0], each) for each in stated]
    if begun == TO_BE_STATED or isinstance(begun, list):
        return copy.deepcopy(stated)
    return begun


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = begin_evaluation(tmp_path, "mine", "its")
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="already"):
        begin_evaluation(tmp_path, "mine", "did")
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("id", ["Mine", "a b", "../mine", "a--b", "", "x" * 81])
def test_an_id_that_cannot_be_one_is_refused(tmp_path: Path, id: str) -> None:
    with pytest.raises(InputError, match="cannot be the id"):
        begin_evaluation(tmp_path, id, "its")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_design_is_refused_by_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        begin_evaluation(tmp_path, "mine", "staggerd-did")
    assert error.value.remedy == "did you mean 'staggered-did'?"


def test_a_mistake_beside_a_placeholder_is_told_as_well(tmp_path: Path) -> None:
    path = begin_evaluation(tmp_path, "mine", "its")
    text = path.read_text(encoding="utf-8").replace("question:", "qestion:")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidParametersError) as error:
        load_evaluation(path)
    assert "did you mean 'question'?" in [problem.remedy for problem in error.value.problems]


def test_a_value_that_is_still_to_be_stated_is_refused_on_a_page_too(
    blocks: dict[str, Any],
) -> None:
    from equieval.protocol import Evaluation

    blocks["identity"]["title"] = f"{TO_BE_STATED}: ask the programme"
    with pytest.raises(InvalidParametersError, match="'title' is still to be stated"):
        Evaluation.of_blocks(blocks, where="page effect")
