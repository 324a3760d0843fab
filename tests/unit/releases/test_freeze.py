"""What a frozen notebook keeps, and that freezing depends on nothing but content."""

import json

from equieval.disclosure import bundle_digest
from equieval.releases.draft import read_draft
from equieval.releases.freeze import frozen_artefacts, frozen_notebook, source_notebook
from equieval.releases.subject import SubjectPage

EFFECT = SubjectPage("effect", "Effect", "notebooks/effect-its.ipynb")


def frozen(project) -> dict:
    (page,) = read_draft(project.draft, [EFFECT]).pages
    return json.loads(frozen_notebook(page))


def test_what_one_run_leaves_and_another_would_not_is_gone(project):
    before = json.dumps(frozen(project))
    notebook = json.loads((project.draft / "pages" / "effect.ipynb").read_text())
    notebook["metadata"]["papermill"] = {"start_time": "2026-02-03T10:00:00", "duration": 3.2}
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.11.9"}
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"random-{number}"
        if cell["cell_type"] == "code":
            cell["execution_count"] = 40 + number
            cell["metadata"]["execution"] = {"iopub.status.busy": "2026-02-03T10:00:00Z"}
            cell["metadata"]["papermill"] = {"duration": 1.1}
    (project.draft / "pages" / "effect.ipynb").write_text(json.dumps(notebook))
    assert json.dumps(frozen(project)) == before
    assert "2026" not in before
    assert "papermill" not in before


def test_declared_outputs_keep_markdown_and_plain_text_only(project):
    """text/html wins over text/markdown in Quarto and loads scripts from another host."""
    (output,) = frozen(project)["cells"][-1]["outputs"]
    assert sorted(output["data"]) == ["text/markdown", "text/plain"]
    assert output["output_type"] == "display_data"


def test_a_frozen_output_still_carries_a_true_declaration(project):
    (page,) = read_draft(project.draft, [EFFECT]).pages
    (output,) = frozen(project)["cells"][-1]["outputs"]
    data = {kind: "".join(text) for kind, text in output["data"].items()}
    declared = output["metadata"]["equieval"]
    (entry,) = json.loads(frozen_artefacts(page))["artefacts"]
    assert declared["sha256"] == bundle_digest(data) == entry["sha256"]
    assert (declared["artefact"], declared["page"]) == ("series", "effect")


def test_parameter_cells_are_hidden_and_editor_tags_go(project):
    cells = project.cells("effect")
    cells[-1]["metadata"]["tags"] = ["hide-code", "todo-jane"]
    project.write_cells("effect", cells)
    tags = [cell["metadata"].get("tags") for cell in frozen(project)["cells"]]
    assert tags == [None, ["injected-parameters", "remove-cell"], ["hide-code"]]


def test_cells_get_ids_by_position(project):
    assert [cell["id"] for cell in frozen(project)["cells"]] == ["cell-01", "cell-02", "cell-03"]


def test_a_source_notebook_without_a_run_is_kept_byte_for_byte(project):
    content = (project.root / EFFECT.notebook).read_bytes()
    assert source_notebook(content) == content


def test_a_source_notebook_loses_outputs_that_an_editor_saved(project):
    content = (project.draft / "pages" / "effect.ipynb").read_bytes()
    text = source_notebook(content).decode()
    cells = json.loads(text)["cells"]
    assert all(not cell["outputs"] for cell in cells if cell["cell_type"] == "code")
    assert all(cell.get("execution_count") is None for cell in cells)
    assert "papermill" not in text
    assert str(project.root) not in text
