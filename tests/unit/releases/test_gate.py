"""What the gate lets through and what it refuses, each refusal by rule, notebook and cell."""

import json
import os
from dataclasses import replace

import pytest

from equieval.errors import DisclosureRefused
from equieval.releases.gate import inspect_draft
from equieval.releases.subject import Subject
from equieval.releases.surroundings import Surroundings

HTML_FRAME = {"text/html": '<table class="dataframe"></table>', "text/plain": "births"}


def display(data, **metadata):
    return {"output_type": "display_data", "data": data, "metadata": metadata}


def test_a_draft_of_declared_artefacts_passes(project):
    record = project.inspect()
    assert project.findings() == []
    assert {check.verdict for check in record.checks} <= {"pass", "review"}


def test_a_bare_data_frame_is_refused_with_notebook_and_cell(project):
    project.add_output(
        "effect",
        {"output_type": "execute_result", "execution_count": 9, "data": HTML_FRAME, "metadata": {}},
    )
    (finding,) = project.findings()
    assert finding.startswith("allow-list: pages/effect.ipynb, cell 4 (frame.head()): ")
    assert "a bare data frame" in finding


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_printed_text_is_refused(project, stream):
    project.add_output("effect", {"output_type": "stream", "name": stream, "text": "3 births"})
    (finding,) = project.findings()
    assert f"prints to {stream}" in finding


def test_a_traceback_is_refused(project):
    project.add_output(
        "effect",
        {
            "output_type": "error",
            "ename": "KeyError",
            "evalue": "'mother 123'",
            "traceback": ["KeyError: 'mother 123'"],
        },
    )
    (finding,) = project.findings()
    assert "KeyError" in finding
    assert "mother 123" not in finding


def test_a_widget_and_its_state_are_refused(project):
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "w"}
    project.add_output("effect", display(view))
    path = project.draft / "pages" / "effect.ipynb"
    notebook = json.loads(path.read_text())
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    path.write_text(json.dumps(notebook))
    assert any("widget" in f and "cell 4" in f for f in project.findings())
    assert any("stores the state of interactive widgets" in f for f in project.findings())


def test_what_is_shown_must_be_what_was_declared(project):
    cells = project.cells("effect")
    cells[-1]["outputs"][0]["data"]["text/markdown"] = "**3 births in March**"
    project.write_cells("effect", cells)
    (finding,) = project.findings()
    assert "'series' is not what was declared under that name" in finding


def test_a_declaration_that_hashes_itself_but_is_not_in_the_list_is_refused(project):
    """Whoever forges the output's own hash still meets the hash in artefacts.json."""
    entries = project.index("effect")
    entries[0]["sha256"] = "0" * 64
    project.write_index("effect", entries)
    assert any("not what was declared" in f for f in project.findings())
    project.write_index("effect", [])
    assert any("not in the page's list of artefacts" in f for f in project.findings())


def test_an_artefact_of_another_page_is_refused(project):
    (output,) = project.cells("index")[-1]["outputs"]
    project.add_output("effect", output)
    assert any("declared for another page" in f for f in project.findings())


def test_an_undeclared_mime_type_beside_declared_ones_is_refused(project):
    cells = project.cells("effect")
    data = cells[-1]["outputs"][0]["data"]
    data["application/json"] = {"numerator": 3}
    project.write_cells("effect", cells)
    assert any("application/json, which is not published" in f for f in project.findings())


@pytest.mark.parametrize("declaration", [True, [], {"artefact": "series"}, {"artefact": {}}])
def test_a_malformed_declaration_is_refused(project, declaration):
    project.add_output("effect", display({"text/markdown": "x"}, equieval=declaration))
    assert any("cell 4" in f for f in project.findings())


def test_an_artefact_that_no_cell_shows_is_refused(project):
    cells = project.cells("effect")
    cells[-1]["outputs"] = []
    project.write_cells("effect", cells)
    assert any("'series' is declared but no cell shows it" in f for f in project.findings())


def test_a_cell_that_was_not_executed_is_refused(project):
    cells = project.cells("effect")
    cells[-1]["execution_count"] = None
    project.write_cells("effect", cells)
    (finding,) = project.findings()
    assert finding.startswith("complete: pages/effect.ipynb, cell 3")


def test_pictures_and_scripts_inside_text_cells_are_refused(project):
    text = {"cell_type": "markdown", "id": "words", "metadata": {}}
    embedded = text | {"source": "![](data:image/png;base64,AAAA)"}
    script = text | {"source": "<script>alert(1)</script>"}
    attached = text | {"source": "x", "attachments": {"a.png": {"image/png": "AAAA"}}}
    project.write_cells("effect", [*project.cells("effect"), embedded, script, attached])
    cells = [f for f in project.findings() if f.startswith("allow-list")]
    assert [f.split(", ")[1][:6] for f in cells] == ["cell 4", "cell 5", "cell 6"]


def test_a_file_that_no_artefact_declares_is_refused(project):
    project.write("reports/fixture/draft/pages/effect/records.csv", "mother,baby\n")
    project.write("reports/fixture/draft/pages/other/a.csv", "x\n")
    assert project.findings() == [
        "files: pages/other/a.csv: the file belongs to no page",
        "files: pages/effect/records.csv: no artefact declares this file",
    ]


def test_a_file_that_changed_after_its_declaration_is_refused(project):
    project.write("reports/fixture/draft/pages/effect/series.csv", "year,rate\n2015,3\n")
    (finding,) = project.findings()
    assert finding == "files: pages/effect/series.csv: its content is not what was declared"


def test_a_declared_file_that_is_missing_is_refused(project):
    (project.draft / "pages" / "effect" / "series.png").unlink()
    assert project.findings() == ["files: pages/effect/series.png: it is declared and missing"]


def test_a_missing_or_broken_page_is_refused(project):
    (project.draft / "pages" / "index.ipynb").unlink()
    (project.draft / "pages" / "effect.ipynb").write_text("{")
    (project.draft / "run.json").unlink()
    findings = project.findings()
    assert any("pages/index.ipynb: the page was not executed" in f for f in findings)
    assert any("pages/effect.ipynb: it is no valid notebook" in f for f in findings)
    assert any("run.json: the draft has no such file" in f for f in findings)


@pytest.mark.parametrize(
    "path", ["../../secret.csv", "/etc/passwd.csv", "a/b.csv", "..", "x" * 5000 + ".csv", "a\0.csv"]
)
def test_an_artefact_cannot_name_a_file_outside_its_page(project, path):
    project.write("reports/fixture/draft/secret.csv", "name\nJane\n")
    entries = project.index("effect")
    entries[0]["files"].append({"path": path, "sha256": "0" * 64, "bytes": 1})
    project.write_index("effect", entries)
    assert any("cannot be the file of an artefact" in f for f in project.findings())


def test_a_link_out_of_the_draft_is_refused_and_never_read(project):
    secret = project.write("secret.csv", "name\nJane\n")
    target = project.draft / "pages" / "effect" / "series.csv"
    target.unlink()
    target.symlink_to(secret)
    folder = project.draft / "pages" / "index"
    folder.rename(project.root / "moved")
    folder.symlink_to(project.root / "moved")
    findings = project.findings()
    assert (
        "complete: pages/effect/series.csv: it is a link, and may lead out of the draft" in findings
    )
    assert any(f.startswith("complete: pages/index: it is a link") for f in findings)


def test_a_pipe_in_the_draft_is_refused_without_waiting_for_it(project):
    os.mkfifo(project.draft / "pages" / "effect" / "wait.csv")
    assert any("neither file nor folder" in f for f in project.findings())


@pytest.mark.parametrize("content", ["[]", "{", '{"page": "effect"}', '{"page":1,"artefacts":[3]}'])
def test_a_broken_list_of_artefacts_is_refused(project, content):
    (project.draft / "pages" / "effect" / "artefacts.json").write_text(content)
    assert any("no list of artefacts" in f for f in project.findings())


@pytest.mark.parametrize("files", [None, "series.csv", [3]])
def test_an_artefact_with_a_broken_list_of_files_is_refused(project, files):
    entries = project.index("effect")
    entries[0]["files"] = files
    project.write_index("effect", entries)
    assert any("lists no files" in f for f in project.findings())


@pytest.mark.parametrize(
    "profile", ["nhs-msds", "nhs-hes", "opensafely", "opensafely-midpoint-6", "ons-births"]
)
def test_without_the_exact_counts_nothing_of_private_data_is_released(project, profile):
    project.parameters["disclosure"]["profile"] = profile
    project.save()
    assert (
        "profile: disclosure.profile: the exact counts are not at hand, so nothing can be checked"
    ) in project.findings()


def test_estimates_of_exact_counts_are_refused_where_nothing_says_what_they_rest_on(project):
    project.parameters["disclosure"]["profile"] = "ons-births"
    project.save()
    (finding,) = (f for f in project.findings() if f.startswith("models: "))
    assert finding.startswith("models: pages/effect/estimates.parquet: the estimate ")
    assert finding.endswith("nothing says which cells are behind it, so it cannot be judged")


def test_a_table_of_cells_that_cannot_be_read_refuses_the_release(project):
    project.parameters["disclosure"]["profile"] = "nhs-hes"
    project.save()
    project.write("reports/fixture/draft/pages/effect/cells.parquet", b"PAR1 and no more")
    assert any("its estimates cannot be judged" in f for f in project.findings())


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ({"open": False}, "the source is not open"),
        ({"publisher": " "}, "the source names no publisher"),
        ({"licence": ""}, "the source names no licence"),
    ],
)
def test_open_data_needs_open_sources_that_name_publisher_and_licence(project, spoilt, words):
    """The parameters are checked for this as well; the gate does not rely on it."""
    subject = Subject.of(project.evaluation)
    subject = replace(subject, sources=(replace(subject.sources[0], **spoilt),))
    _, record = inspect_draft(project.draft, subject, (), Surroundings((), ()))
    (profile,) = (check for check in record.checks if check.rule == "profile")
    assert profile.verdict == "fail"
    assert words in str(profile.findings[0])


def test_a_release_without_an_approver_needs_review(project):
    project.parameters.pop("release", None)
    project.save()
    assert project.inspect().verdict == "review"
    project.parameters["release"] = {"approvers": [{"name": "A. Person", "role": "Lead"}]}
    project.save()
    assert project.inspect().verdict == "pass"


def test_machine_paths_are_refused_wherever_they_would_be_published(project):
    path = str(project.root / "data")
    project.write_page("effect", words=f"read from {path}")
    project.record_headline(f"see {path}")
    refused = [f for f in project.findings() if f.startswith("surroundings")]
    assert [f.split(": ")[1] for f in refused] == [
        "pages/index/headline.json",
        "pages/effect.ipynb",
    ]


@pytest.mark.parametrize("path", ["/home/jane/births.csv", r"C:\Users\jane\births.csv"])
def test_paths_of_other_machines_are_refused_too(project, path):
    cells = project.cells("effect")
    cells[-1]["source"] = f"frame = read({path!r})"
    project.write_cells("effect", cells)
    assert any("surroundings: pages/effect.ipynb" in f for f in project.findings())


def test_papermills_own_paths_are_no_finding_since_freezing_strips_them(project):
    notebook = json.loads((project.draft / "pages" / "effect.ipynb").read_text())
    assert str(project.root) in notebook["metadata"]["papermill"]["input_path"]
    assert project.findings() == []


def test_account_and_host_names_are_refused_unless_the_authors_state_them(project):
    here = Surroundings(folders=(), names=("jdoe42",))
    project.write_page("effect", words="made by jdoe42")
    assert any("account or host name" in f for f in project.findings(here))
    project.parameters["identity"]["authors"] = ["jdoe42"]
    project.save()
    assert project.findings(here) == []


def test_all_findings_come_at_once_and_end_with_exit_code_three(project):
    project.add_output("effect", {"output_type": "stream", "name": "stdout", "text": "a"})
    project.add_output("index", display(HTML_FRAME))
    project.write("reports/fixture/draft/pages/effect/records.csv", "mother\n")
    with pytest.raises(DisclosureRefused) as refused:
        project.inspect().refuse_failures(where="reports/fixture/draft")
    message = str(refused.value)
    assert refused.value.exit_code == 3
    assert "3 findings" in message
    for part in ("pages/effect.ipynb, cell 4", "pages/index.ipynb, cell 4", "records.csv"):
        assert part in message


def test_the_record_says_what_was_checked_in_plain_words(project):
    record = project.inspect().to_json()
    assert record["profile"] == "open-data"
    assert "already published" in record["profile_words"]
    assert [check["rule"] for check in record["checks"]] == [
        "complete",
        "allow-list",
        "files",
        "profile",
        "models",
        "leaks",
        "private-files",
        "between-versions",
        "surroundings",
        "approval",
    ]
    assert record["exceptions"] == []


def test_the_page_registry_and_the_gate_hash_outputs_alike():
    from equieval.disclosure import bundle_digest
    from equieval.study import registry

    bundle = {"text/plain": "é “x”", "text/markdown": "a\nb"}
    assert registry.bundle_digest(bundle) == bundle_digest(bundle)
