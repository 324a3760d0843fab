"""The report of the project's own evaluation: run, planned, and equal to plain Papermill."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest

from equieval.errors import DataError, ParametersError
from equieval.runs import Kernels, RunResult, draft_folder, plan, run
from equieval.runs.notebooks import INJECTED_TAG, has_tag
from equieval.study.pages import PageSpec, pages_for

ROOT = Path(__file__).parents[3]
EVALUATION = "stillbirth-care-bundle-england"
SPECS = pages_for("its")


def copy_project(root: Path) -> Path:
    for folder in ("params", "data", "notebooks"):
        shutil.copytree(ROOT / folder, root / folder)
    (root / "_quarto.yml").touch()
    return root / "params" / f"{EVALUATION}.yaml"


@pytest.fixture(scope="module")
def parameters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("report") / "project")


@pytest.fixture(scope="module")
def root(parameters: Path) -> Path:
    return parameters.parents[1]


@pytest.fixture(scope="module")
def result(parameters: Path, root: Path, kernels: Kernels) -> RunResult:
    result = run(root, parameters, kernels=kernels)
    result.raise_failures()
    return result


def shown(notebook: nbformat.NotebookNode) -> list[tuple[str, Any, list[Any]]]:
    """Source, count and outputs of the code cells that both runs have alike."""
    text = re.sub(r"ipykernel_\d+", "ipykernel_PID", nbformat.writes(notebook))
    return [
        (cell.source, cell.execution_count, [dict(output) for output in cell.outputs])
        for cell in nbformat.reads(text, as_version=4).cells
        if cell.cell_type == "code" and not has_tag(cell, INJECTED_TAG)
    ]


@pytest.mark.slow
def test_every_page_has_the_cell_outputs_of_plain_papermill(
    result: RunResult, parameters: Path, root: Path
) -> None:
    def papermill(spec: PageSpec) -> nbformat.NotebookNode:
        target = root / "plain" / f"{spec.slug}.ipynb"
        command = [sys.executable, "-m", "papermill", spec.notebook, str(target)]
        command += ["-f", str(parameters), "--no-progress-bar", "--log-level", "ERROR"]
        subprocess.run(
            command, cwd=root, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, check=True
        )
        return nbformat.read(target, as_version=4)

    (root / "plain").mkdir()
    with ThreadPoolExecutor(4) as pool:
        expected = dict(zip(SPECS, pool.map(papermill, SPECS), strict=True))
    for spec in SPECS:
        ours = nbformat.read(result.draft / "pages" / f"{spec.slug}.ipynb", as_version=4)
        assert shown(ours) == shown(expected[spec]), spec.slug


def test_the_report_is_current_after_a_run_and_says_what_a_change_makes_stale(
    result: RunResult, parameters: Path, root: Path
) -> None:
    assert plan(root, parameters).current
    data = root / "data" / "england-births-and-deaths-by-imd-decile.csv"
    before = data.read_bytes()
    data.write_bytes(before.rstrip(b"\n"))
    try:
        planned = plan(root, parameters)
        assert [page.spec.slug for page in planned.stale] == [spec.slug for spec in SPECS]
        assert planned.page("effect").reasons == (
            "the data source 'ons-births-and-deaths' changed",
        )
    finally:
        data.write_bytes(before)
    assert plan(root, parameters).current


def test_the_draft_has_what_a_release_needs(result: RunResult) -> None:
    record = json.loads((result.draft / "run.json").read_text())
    assert record["evaluation"] == EVALUATION
    assert record["data"].keys() == {"ons-births-and-deaths"}
    for spec in SPECS:
        folder = result.draft / "pages" / spec.slug
        assert (folder / "artefacts.json").is_file(), spec.slug
    assert (result.draft / "pages" / "index" / "headline.json").is_file()


def test_a_missing_data_file_is_said_before_anything_runs(tmp_path: Path) -> None:
    parameters = copy_project(tmp_path / "project")
    (tmp_path / "project" / "data" / "england-births-and-deaths-by-imd-decile.csv").unlink()
    with pytest.raises(DataError, match="is not there"):
        run(tmp_path / "project", parameters)
    assert not draft_folder(tmp_path / "project", EVALUATION).parent.exists()


def test_a_misspelt_key_is_said_before_anything_runs(tmp_path: Path) -> None:
    parameters = copy_project(tmp_path / "project")
    parameters.write_text(parameters.read_text().replace("\noutcomes:", "\noutcome:"))
    with pytest.raises(ParametersError, match="outcomes"):
        run(tmp_path / "project", parameters)
    assert not draft_folder(tmp_path / "project", EVALUATION).parent.exists()
