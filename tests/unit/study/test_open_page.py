"""A page opened by hand has the evaluation's own choices, none of the notebook's example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from equieval import study

PARAMETERS = Path(__file__).parents[3] / "params" / "stillbirth-care-bundle-england.yaml"
EXAMPLE = {"placebo_starts": ["2012"], "leave_one_out": True}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An evaluation whose file leaves the robustness block out, in a project of its own."""
    blocks: dict[str, Any] = yaml.safe_load(PARAMETERS.read_bytes())
    blocks["identity"]["id"] = "own"
    del blocks["robustness"]
    (tmp_path / "_quarto.yml").touch()
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "own.yaml").write_text(yaml.safe_dump(blocks))
    monkeypatch.chdir(tmp_path)
    return blocks


def test_a_block_that_the_file_leaves_out_is_not_the_one_of_the_notebooks_example(
    own: dict[str, Any],
) -> None:
    page = study.open_page("robustness", **own, **{"robustness": EXAMPLE})
    assert not page.evaluation.robustness.placebo_starts
    assert not page.evaluation.robustness.leave_one_out


def test_a_block_that_is_in_no_file_stays_as_it_was_given(own: dict[str, Any]) -> None:
    Path("params/own.yaml").unlink()
    page = study.open_page("robustness", **own, **{"robustness": EXAMPLE})
    assert page.evaluation.robustness.placebo_starts == ("2012",)
