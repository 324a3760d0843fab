"""Running an evaluation: a whole draft, or the draft as it was and every failure named."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from runs_project import OPEN, make_project, notebook, small_subject, with_page

from equieval.errors import EvaluationFailed, InputError
from equieval.runs import Kernels, PageEvent, RunResult, draft_folder
from equieval.runs.run import run_subject
from equieval.runs.subject import Subject

SLUGS = ["index", "data-audit", "effect", "noise"]


def statuses(result: RunResult) -> dict[str, str]:
    return {page.slug: page.status for page in result.pages}


def page_of(project: Path, slug: str) -> nbformat.NotebookNode:
    path = draft_folder(project, "small") / "pages" / f"{slug}.ipynb"
    return nbformat.read(path, as_version=4)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def subject(project: Path) -> Subject:
    return small_subject(project)


def test_a_run_makes_a_whole_draft(subject: Subject, kernels: Kernels) -> None:
    result = run_subject(subject, kernels=kernels)
    assert statuses(result) == dict.fromkeys(SLUGS, "ran")
    assert result.changed
    draft = draft_folder(subject.root, "small")
    assert result.draft == draft
    assert set(contents(draft)) == {
        "run.json",
        "params.yaml",
        *(f"pages/{slug}.ipynb" for slug in SLUGS),
        "pages/effect/estimates.txt",
    }
    assert (draft / "params.yaml").read_bytes() == subject.parameters
    record = json.loads((draft / "run.json").read_text())
    assert [page["slug"] for page in record["pages"]] == SLUGS
    assert all(page["seconds"] > 0 for page in record["pages"])
    assert not (draft.parent / ".staging").exists()


def test_a_page_finds_the_estimates_of_the_pages_that_it_needs(
    subject: Subject, kernels: Kernels
) -> None:
    run_subject(subject, kernels=kernels)
    assert page_of(subject.root, "index").cells[-1].outputs[0].text == "effect 1.5\n"


def test_a_page_gets_the_blocks_that_it_reads_as_they_were_given(
    subject: Subject, kernels: Kernels
) -> None:
    run_subject(subject, kernels=kernels)
    injected = page_of(subject.root, "effect").cells[2]
    assert injected.id == "injected-parameters"
    assert "remove-cell" in injected.metadata.tags
    assert injected.source.splitlines() == [
        "# Parameters",
        "schema = 1",
        'data = {"file": "data/counts.csv"}',
        'design = {"start": "2020-01", "seed": 7}',
    ]


def test_the_first_page_has_the_design_in_its_title(subject: Subject, kernels: Kernels) -> None:
    run_subject(subject, kernels=kernels)
    front = page_of(subject.root, "index").cells[0]
    assert front.cell_type == "raw"
    assert "title: 'A small evaluation: an interrupted time series'" in front.source
    assert "title: Effect" in page_of(subject.root, "effect").cells[0].source


def test_an_unchanged_evaluation_is_not_run_again_and_its_draft_not_touched(
    subject: Subject, kernels: Kernels
) -> None:
    first = run_subject(subject, kernels=kernels)
    draft = draft_folder(subject.root, "small")
    before = {path: path.stat().st_mtime_ns for path in draft.rglob("*")}
    second = run_subject(small_subject(subject.root), kernels=kernels)
    assert statuses(second) == dict.fromkeys(SLUGS, "kept")
    assert not second.changed
    assert {path: path.stat().st_mtime_ns for path in draft.rglob("*")} == before
    assert [page.seconds for page in second.pages] == pytest.approx(
        [page.seconds for page in first.pages], abs=0.001
    )


def test_only_stale_pages_are_run(subject: Subject, kernels: Kernels) -> None:
    run_subject(subject, kernels=kernels)
    changed = with_page(subject, "noise", notebook("'another page'"))
    result = run_subject(changed, kernels=kernels)
    assert statuses(result) == {**dict.fromkeys(SLUGS, "kept"), "noise": "ran"}
    assert (
        page_of(subject.root, "noise").cells[-1].outputs[0].data["text/plain"] == "'another page'"
    )


def test_two_complete_runs_give_the_same_pages_byte_for_byte(
    subject: Subject, kernels: Kernels
) -> None:
    run_subject(subject, kernels=kernels)
    draft = draft_folder(subject.root, "small")
    first = contents(draft / "pages")
    result = run_subject(subject, kernels=kernels, force=True)
    assert statuses(result) == dict.fromkeys(SLUGS, "ran")
    assert contents(draft / "pages") == first


def test_a_lost_draft_comes_back_from_the_cache(subject: Subject, kernels: Kernels) -> None:
    run_subject(subject, kernels=kernels)
    draft = draft_folder(subject.root, "small")
    first = contents(draft)
    shutil.rmtree(draft)
    result = run_subject(subject, kernels=kernels)
    assert statuses(result) == dict.fromkeys(SLUGS, "kept")
    assert contents(draft) == first


def test_a_new_title_is_in_the_draft_without_running_a_page(
    subject: Subject, kernels: Kernels
) -> None:
    run_subject(subject, kernels=kernels)
    result = run_subject(replace(subject, title="A better title"), kernels=kernels)
    assert statuses(result) == dict.fromkeys(SLUGS, "kept")
    assert result.changed
    assert "A better title" in page_of(subject.root, "index").cells[0].source


def test_a_page_that_raises_is_reported_and_leaves_draft_and_other_pages_alone(
    subject: Subject, kernels: Kernels
) -> None:
    run_subject(subject, kernels=kernels)
    draft = draft_folder(subject.root, "small")
    before = contents(draft)
    page = notebook(
        "# Before the cell that fails",
        "from equieval.errors import DesignError\nstart = '1999'",
        "x = 1\nraise DesignError('the start lies outside the data', where='design.start',"
        " remedy='choose a year from 2010 to 2022')",
    )
    changed = with_page(with_page(subject, "effect", page), "noise", notebook("'went on'"))
    result = run_subject(changed, kernels=kernels)
    assert statuses(result) == {
        "index": "ran",
        "data-audit": "kept",
        "effect": "failed",
        "noise": "ran",
    }
    (failed,) = result.failed
    assert (failed.notebook, failed.cell) == ("notebooks/effect.ipynb", 4)
    assert failed.message == (
        "the start lies outside the data\n  where: design.start\n"
        "  what to do: choose a year from 2010 to 2022"
    )
    assert failed.line.startswith("raise DesignError(")
    assert not result.changed
    assert contents(draft) == before
    assert sorted(path.name for path in draft.parent.iterdir()) == ["draft"]
    with pytest.raises(EvaluationFailed) as error:
        result.raise_failures()
    assert error.value.exit_code == 1
    for words in ("notebooks/effect.ipynb, cell 4", "outside the data"):
        assert words in str(error.value)
    assert "Traceback" not in str(error.value)


def test_other_errors_are_told_by_their_last_line_and_the_line_of_the_cell(
    subject: Subject, kernels: Kernels
) -> None:
    page = notebook("def inner():\n    return [][3]", "y = 2\nvalue = inner()\nprint(value)")
    result = run_subject(with_page(subject, "effect", page), kernels=kernels)
    (failed,) = result.failed
    assert failed.message == "IndexError: list index out of range"
    assert failed.line == "value = inner()"
    assert failed.where == "notebooks/effect.ipynb, cell 3: value = inner()"


def test_every_failed_page_is_listed(subject: Subject, kernels: Kernels) -> None:
    broken = with_page(subject, "effect", notebook("1 / 0"))
    broken = with_page(broken, "noise", notebook("import os\nos.kill(os.getpid(), 9)"))
    result = run_subject(broken, kernels=kernels)
    assert statuses(result) == {
        "index": "ran",
        "data-audit": "ran",
        "effect": "failed",
        "noise": "failed",
    }
    assert not draft_folder(subject.root, "small").exists()
    with pytest.raises(EvaluationFailed, match="2 pages of 'small' failed"):
        result.raise_failures()


def test_a_page_whose_upstream_failed_computes_for_itself_and_is_run_again_later(
    subject: Subject, kernels: Kernels
) -> None:
    half_way = "(folder / 'estimates.txt').write_text('half')\n1 / 0"
    broken = with_page(subject, "effect", notebook(OPEN, half_way))
    result = run_subject(broken, kernels=kernels)
    assert statuses(result)["index"] == "ran"
    again = run_subject(broken, kernels=kernels)
    assert statuses(again) == {
        "index": "ran",
        "data-audit": "kept",
        "effect": "failed",
        "noise": "kept",
    }


def test_a_file_that_is_edited_while_pages_run_is_refused(
    subject: Subject, kernels: Kernels
) -> None:
    edits = "from pathlib import Path\nPath('data/counts.csv').write_text('period\\n')"
    with pytest.raises(InputError) as error:
        run_subject(with_page(subject, "noise", notebook(edits)), kernels=kernels)
    assert error.value.where == "data/counts.csv"
    assert not draft_folder(subject.root, "small").exists()


def test_progress_tells_of_every_start_and_finish(subject: Subject, kernels: Kernels) -> None:
    events: list[PageEvent] = []
    run_subject(subject, kernels=kernels, progress=events.append)
    assert [e.slug for e in events if e.kind == "started"][-1] == "index"
    finished = [event for event in events if event.kind == "finished"]
    assert {event.slug for event in finished} == set(SLUGS)
    assert [event.done for event in finished] == [1, 2, 3, 4]
    assert all(event.status == "ran" and event.total == 4 for event in finished)


def test_a_project_folder_with_odd_characters_in_its_name(tmp_path: Path, kernels: Kernels) -> None:
    root = make_project(tmp_path / "a {folder} with 'ünïcödé' & spaces")
    assert run_subject(small_subject(root), kernels=kernels).failed == ()
