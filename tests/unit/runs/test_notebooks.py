"""Executed notebooks hold nothing that differs from run to run, and have their front matter."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_output, new_raw_cell
from runs_project import notebook

from equieval.errors import InputError
from equieval.runs.notebooks import (
    has_tag,
    notebook_bytes,
    read_notebook,
    settled,
    source_digest,
    with_front_matter,
)


def executed(moment: str) -> nbformat.NotebookNode:
    """A notebook as Papermill leaves it, at some moment."""
    page = notebook("# Words", "1 + 1")
    injected = new_code_cell("design = {}", metadata={"tags": ["injected-parameters"]})
    page.cells.insert(1, injected)
    for cell in page.cells:
        cell.metadata["papermill"] = {"start_time": moment, "duration": 0.1}
        cell.metadata["execution"] = {"iopub.status.busy": moment}
    page.metadata["papermill"] = {"input_path": f"/home/someone/{moment}.ipynb"}
    page.cells[-1].outputs = [new_output("execute_result", {"text/plain": "2"}, execution_count=2)]
    return page


def test_two_runs_of_a_page_give_the_same_bytes() -> None:
    first, second = settled(executed("2026-01-01T00:00")), settled(executed("2026-02-02T11:11"))
    assert notebook_bytes(first) == notebook_bytes(second)
    assert b"someone" not in notebook_bytes(first)
    assert b"2026" not in notebook_bytes(first)
    nbformat.validate(first)


def test_outputs_words_and_kernel_stay() -> None:
    page = settled(executed("now"))
    assert page.cells[-1].outputs[0].data["text/plain"] == "2"
    assert [cell.cell_type for cell in page.cells] == ["code", "code", "markdown", "code"]
    assert page.metadata.kernelspec.name == "python3"


def test_parameters_are_hidden_and_the_injected_cell_has_a_fixed_id() -> None:
    page = settled(executed("now"))
    assert page.cells[1].id == "injected-parameters"
    assert all(has_tag(cell, "remove-cell") for cell in page.cells[:2])
    assert not any(has_tag(cell, "remove-cell") for cell in page.cells[2:])


def test_front_matter_is_the_first_raw_cell_and_survives_any_title() -> None:
    matter = {"title": 'Babies\' "gap": what: can # data say?', "subtitle": "‘Deprivation’ --- 1"}
    page = with_front_matter(executed("now"), matter)
    first = page.cells[0]
    assert first.cell_type == "raw"
    assert first.source.startswith("---\n")
    assert first.source.endswith("\n---")
    assert yaml.safe_load(first.source.removeprefix("---\n").removesuffix("---")) == matter
    assert sum(cell.cell_type == "raw" for cell in page.cells) == 1
    nbformat.validate(page)


def test_front_matter_replaces_what_a_notebook_brought_along() -> None:
    page = notebook("1")
    page.cells.insert(0, new_raw_cell("---\ntitle: old\n---"))
    again = with_front_matter(with_front_matter(page, {"title": "new"}), {"title": "newer"})
    assert [cell.source for cell in again.cells if cell.cell_type == "raw"] == [
        "---\ntitle: newer\n---"
    ]


def test_running_a_notebook_by_hand_does_not_change_its_digest() -> None:
    by_hand = executed("now")
    del by_hand.cells[1]
    assert source_digest(by_hand) == source_digest(notebook("# Words", "1 + 1"))


@pytest.mark.parametrize("sources", [("# Words", "1 + 2"), ("# Word", "1 + 1"), ("# Words",)])
def test_changing_code_or_words_changes_the_digest(sources: tuple[str, ...]) -> None:
    assert source_digest(notebook(*sources)) != source_digest(notebook("# Words", "1 + 1"))


def test_a_notebook_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_notebook(tmp_path / "effect.ipynb", where="notebooks/effect.ipynb")
    assert error.value.where == "notebooks/effect.ipynb"
    assert "not there" in error.value.what


@pytest.mark.parametrize("content", ["", "not json", '{"cells": 3}', '{"nbformat": 4}', "[]"])
def test_a_file_that_is_no_notebook_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "effect.ipynb").write_text(content)
    with pytest.raises(InputError) as error:
        read_notebook(tmp_path / "effect.ipynb")
    assert error.value.where == "effect.ipynb"
