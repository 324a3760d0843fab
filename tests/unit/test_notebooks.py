"""Notebooks are sources: thin, without outputs, and true to the page graph."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest

from equieval.protocol import Evaluation
from equieval.study.pages import PageSpec, designs, pages_for

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SPECS = sorted({spec for design in designs() for spec in pages_for(design)}, key=lambda s: s.id)


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def parameters_cell(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    tagged = [c for c in code(notebook) if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1, "exactly one cell is tagged parameters"
    return tagged[0]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in code(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None
        assert "execution" not in cell.metadata
    assert "papermill" not in notebook.metadata
    assert notebook.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_imports_only_study_and_present(path: Path) -> None:
    for cell in code(nbformat.read(path, as_version=4)):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom):
                imported = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            else:
                continue
            for name in imported:
                assert name.startswith(("equieval.study", "equieval.present")), name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_holds_no_logic_of_its_own(path: Path) -> None:
    for cell in code(nbformat.read(path, as_version=4)):
        if "parameters" in cell.metadata.get("tags", []):
            continue
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(
                node, ast.FunctionDef | ast.ClassDef | ast.While | ast.Lambda | ast.Try
            ), f"{type(node).__name__} belongs in src/"


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.id)
def test_the_parameters_cell_names_the_blocks_that_the_page_reads(spec: PageSpec) -> None:
    notebook = nbformat.read(ROOT / spec.notebook, as_version=4)
    tree = ast.parse(parameters_cell(notebook).source)
    names = [node.targets[0].id for node in tree.body if isinstance(node, ast.Assign)]
    assert sorted(names) == sorted(spec.reads)


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.id)
def test_the_defaults_are_a_valid_example(spec: PageSpec) -> None:
    notebook = nbformat.read(ROOT / spec.notebook, as_version=4)
    tree = ast.parse(parameters_cell(notebook).source)
    blocks = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
    }
    evaluation = Evaluation.of_blocks(blocks, where=spec.notebook)
    assert evaluation.identity.id


def test_every_notebook_is_a_page_of_some_design() -> None:
    assert {path.relative_to(ROOT).as_posix() for path in NOTEBOOKS} == {
        spec.notebook for spec in SPECS
    }
