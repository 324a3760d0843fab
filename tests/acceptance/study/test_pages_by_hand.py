"""Every page is an ordinary notebook: it runs under plain Papermill, and by hand in Jupyter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from comparisons import SMOKEFREE, write_comparison
from evaluations import ENGLAND, bare_project

from equieval.disclosure.declaration import DECLARATION
from equieval.study.pages import PageSpec, pages_for

pytestmark = pytest.mark.slow

PAGES = pages_for("its")
COMPARING = [spec for spec in pages_for("did") if spec.notebook.endswith("-did.ipynb")]
SCRATCH = f"reports/{ENGLAND}/scratch"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return bare_project(tmp_path / "project")


EXECUTE = ("-c", "from nbclient.cli import main; main()")
"""`jupyter execute`, which may not be on the path."""


def run(folder: Path, *arguments: str) -> None:
    plain = {k: v for k, v in os.environ.items() if not k.startswith("EQUIEVAL")}
    found = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=plain, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-3000:]


def assert_complete(page: Path, scratch: Path) -> None:
    """Every artefact was declared, displayed in order and saved; nothing else was shown."""
    shown = [
        output["metadata"][DECLARATION]["artefact"]
        for cell in nbformat.read(page, as_version=4).cells
        for output in cell.get("outputs", [])
    ]
    index = json.loads((scratch / "artefacts.json").read_text())
    assert shown == [entry["id"] for entry in index["artefacts"]]
    assert shown
    for entry in index["artefacts"]:
        for file in entry["files"]:
            assert (scratch / file["path"]).stat().st_size == file["bytes"]


def papermill(folder: Path, notebook: str, parameters: str) -> None:
    run(
        folder, "-m", "papermill", notebook, "out.ipynb", "-f", parameters,
        "--no-progress-bar", "--log-level", "ERROR",
    )  # fmt: skip


@pytest.mark.parametrize("spec", PAGES, ids=lambda spec: spec.slug)
def test_a_page_runs_under_plain_papermill_as_the_readme_says(
    project: Path, spec: PageSpec
) -> None:
    papermill(project, spec.notebook, f"params/{ENGLAND}.yaml")
    assert_complete(project / "out.ipynb", project / SCRATCH / spec.slug)


@pytest.mark.parametrize("slug", ["index", "data-audit"])
def test_a_page_gives_the_same_from_another_folder_of_the_project(project: Path, slug: str) -> None:
    spec = next(spec for spec in PAGES if spec.slug == slug)
    (project / "work" / "deep").mkdir(parents=True)
    papermill(project / "work" / "deep", f"../../{spec.notebook}", f"../../params/{ENGLAND}.yaml")
    assert_complete(project / "work" / "deep" / "out.ipynb", project / SCRATCH / slug)


@pytest.mark.parametrize("spec", PAGES, ids=lambda spec: spec.slug)
def test_a_page_runs_from_top_to_bottom_on_its_defaults_as_in_jupyterlab(
    project: Path, spec: PageSpec
) -> None:
    run(project / "notebooks", *EXECUTE, "--inplace", Path(spec.notebook).name)
    assert_complete(project / spec.notebook, project / SCRATCH / spec.slug)


@pytest.mark.parametrize("spec", COMPARING, ids=lambda spec: spec.slug)
def test_a_page_that_compares_units_runs_under_plain_papermill_and_on_its_defaults(
    project: Path, spec: PageSpec
) -> None:
    write_comparison(project, "made-up")
    papermill(project, spec.notebook, "params/made-up.yaml")
    assert_complete(project / "out.ipynb", project / "reports/made-up/scratch" / spec.slug)
    run(project / "notebooks", *EXECUTE, "--inplace", Path(spec.notebook).name)
    scratch = project / "reports" / SMOKEFREE / "scratch"
    assert_complete(project / spec.notebook, scratch / spec.slug)
