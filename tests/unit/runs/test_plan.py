"""`plan` says which pages are stale, and names what changed."""

from __future__ import annotations

import getpass
import hashlib
import json
import platform
import re
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from runs_project import notebook, pages, small_subject, with_page

from equieval.protocol.registration import PROTOCOL_BLOCKS
from equieval.runs import draft_folder, fingerprint
from equieval.runs.draft import staging
from equieval.runs.notebooks import notebook_bytes, settled, with_front_matter
from equieval.runs.pagefiles import page_digest
from equieval.runs.plan import DAMAGED, NEVER_RUN, plan_for
from equieval.runs.provenance import PageRecord, read_record, record_bytes, run_record
from equieval.runs.subject import DataSource, Subject, data_sources
from equieval.study.pages import PageSpec

ALL = {"index", "data-audit", "effect", "noise"}


def put_draft(subject: Subject, seconds: float = 1.0) -> None:
    """Make the draft that a run of ``subject`` makes, without running anything."""
    fingerprints = subject.fingerprints()
    with staging(subject.root, subject.id) as stage:
        records = {}
        for spec in subject.specs:
            (stage.pages / spec.slug).mkdir()
            (stage.pages / spec.slug / "estimates.txt").write_text(spec.slug)
            page = with_front_matter(
                settled(subject.notebooks[spec.slug]), subject.front_matter(spec)
            )
            (stage.pages / f"{spec.slug}.ipynb").write_bytes(notebook_bytes(page))
            digest = page_digest(stage.pages, spec.slug)
            records[spec.slug] = PageRecord(fingerprints[spec.slug].key, digest, seconds)
        (stage.folder / "params.yaml").write_bytes(subject.parameters)
        record = run_record(subject, fingerprints, records)
        (stage.folder / "run.json").write_bytes(record_bytes(record))
        stage.commit()


@pytest.fixture
def subject(project: Path) -> Subject:
    subject = small_subject(project)
    put_draft(subject)
    return subject


def stale(subject: Subject) -> dict[str, tuple[str, ...]]:
    return {page.spec.slug: page.reasons for page in plan_for(subject).stale}


def changed_block(subject: Subject, name: str, value: object) -> Subject:
    return replace(subject, blocks={**subject.blocks, name: value})


def test_nothing_is_stale_when_nothing_changed(subject: Subject) -> None:
    assert stale(subject) == {}
    assert plan_for(small_subject(subject.root)).current


def test_every_page_is_stale_before_the_first_run(project: Path) -> None:
    assert stale(small_subject(project)) == dict.fromkeys(ALL, (NEVER_RUN,))


def test_a_changed_notebook_makes_its_page_stale_and_those_that_need_it(subject: Subject) -> None:
    changed = with_page(subject, "effect", notebook("2"))
    assert stale(changed) == {
        "effect": ("the notebook changed",),
        "index": ("it uses the estimates of stale pages: effect",),
    }


def test_a_changed_block_makes_the_pages_that_read_it_stale(subject: Subject) -> None:
    changed = changed_block(subject, "outcomes", {"primary": "preterm-birth"})
    assert stale(changed) == {"index": ("the block 'outcomes' of the parameters changed",)}


def test_a_comment_makes_no_page_stale_but_the_draft_is_not_current(subject: Subject) -> None:
    file = subject.root / "params" / "small.yaml"
    file.write_text(file.read_text().replace("# A comment", "# Another comment"))
    plan = plan_for(small_subject(subject.root))
    assert plan.stale == ()
    assert not plan.current  # the frozen parameters.yaml is the file as it is


def test_a_new_title_makes_no_page_stale_that_does_not_read_it(subject: Subject) -> None:
    plan = plan_for(replace(subject, title="A better title"))
    assert plan.stale == ()
    assert not plan.current  # the front matter is written again


def test_changed_data_are_named(subject: Subject) -> None:
    source = replace(subject.sources[0], digest="sha256:" + "0" * 64)
    reasons = stale(replace(subject, sources=(source,)))
    assert set(reasons) == ALL
    assert reasons["noise"] == ("the data source 'counts' changed",)


def test_a_changed_package_file_is_named(subject: Subject) -> None:
    package = {**subject.package, "methods/its.py": "0" * 64}
    assert stale(replace(subject, package=package))["noise"] == (
        "the package changed (methods/its.py)",
    )


def test_many_changed_package_files_are_counted(subject: Subject) -> None:
    package = dict.fromkeys(subject.package, "0" * 64)
    (reason,) = stale(replace(subject, package=package))["noise"]
    assert reason.endswith(f"and {len(package) - 3} more files)")


def test_a_changed_version_is_named(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {**fingerprint.environment_versions(), "statsmodels": "9.9"}
    now = fingerprint.environment_versions()["statsmodels"]
    monkeypatch.setattr("equieval.runs.subject.environment_versions", lambda: versions)
    assert stale(subject)["noise"] == (f"the environment changed (statsmodels {now} → 9.9)",)


def test_several_changes_are_all_named(subject: Subject) -> None:
    changed = changed_block(with_page(subject, "noise", notebook("3")), "design", {"start": "x"})
    assert stale(changed)["noise"] == (
        "the notebook changed",
        "the block 'design' of the parameters changed",
    )


@pytest.mark.parametrize("damage", ["edited", "missing", "extra", "notebook"])
def test_a_page_whose_draft_was_touched_is_stale(subject: Subject, damage: str) -> None:
    pages_folder = draft_folder(subject.root, subject.id) / "pages"
    match damage:
        case "edited":
            (pages_folder / "effect" / "estimates.txt").write_text("a better number")
        case "missing":
            (pages_folder / "effect" / "estimates.txt").unlink()
        case "extra":
            (pages_folder / "effect" / "smuggled.csv").touch()
        case "notebook":
            (pages_folder / "effect.ipynb").unlink()
    assert stale(subject) == {"effect": (DAMAGED,)}


@pytest.mark.parametrize("record", ["", "[]", '{"schema": 99}', '{"schema": 1}', '{"schema": 1,'])
def test_a_record_that_cannot_be_read_makes_every_page_stale(subject: Subject, record: str) -> None:
    (draft_folder(subject.root, subject.id) / "run.json").write_text(record)
    assert stale(subject) == dict.fromkeys(ALL, (NEVER_RUN,))


def test_opening_and_running_a_notebook_by_hand_makes_nothing_stale(subject: Subject) -> None:
    page = pages()["effect"]
    for cell in page.cells:
        cell.metadata["execution"] = {"iopub.status.busy": "now"}
        if cell.cell_type == "code":
            cell.execution_count = 3
            cell.outputs = [nbformat.v4.new_output("stream", text="by hand")]
    assert stale(with_page(subject, "effect", page)) == {}


def test_the_record_holds_no_path_user_or_host(subject: Subject, project: Path) -> None:
    text = (draft_folder(project, "small") / "run.json").read_text()
    for folder in (project, Path.home(), Path.cwd()):
        assert f"{folder}/" not in text
    for name in (getpass.getuser(), socket.gethostname()):
        assert not re.search(rf"\b{re.escape(name)}\b(?!\.py)", text)


def test_the_record_names_versions_seeds_and_every_package_file(subject: Subject) -> None:
    record = read_record(draft_folder(subject.root, "small"))
    assert record is not None
    assert {"python", "numpy", "pandas", "statsmodels", "papermill"} <= record["environment"].keys()
    assert record["seeds"] == {"design.seed": 7}
    assert "errors.py" in record["package"]["files"]
    assert any(name.startswith("methods/") for name in record["package"]["files"])
    assert not any(name.startswith("runs/") for name in record["package"]["files"])


def test_the_record_names_the_kind_of_machine(subject: Subject) -> None:
    record = read_record(draft_folder(subject.root, "small"))
    assert record is not None
    assert record["platform"] == {
        "system": platform.system(),
        "machine": platform.machine(),
        "implementation": platform.python_implementation(),
    }


def test_a_registration_makes_the_pages_stale_that_tell_of_it(subject: Subject) -> None:
    first, *others = subject.specs
    specs = (replace(first, reads=(*first.reads, *PROTOCOL_BLOCKS)), *others)
    before = replace(subject, specs=specs)
    put_draft(before)
    assert stale(before) == {}
    assert stale(replace(before, registration="ab")) == {"index": ("the registration changed",)}


def test_two_runs_of_the_same_inputs_differ_in_seconds_alone(subject: Subject) -> None:
    def settled_record() -> Mapping[str, object]:
        text = (draft_folder(subject.root, "small") / "run.json").read_text()
        return json.loads(
            text, object_hook=lambda o: {k: v for k, v in o.items() if k != "seconds"}
        )

    first = settled_record()
    put_draft(subject, seconds=99.0)
    assert settled_record() == first


def test_data_that_are_not_open_are_known_by_a_keyed_digest_only(project: Path) -> None:
    def digests(*, open_data: bool) -> list[DataSource]:
        source = SimpleNamespace(
            id="counts", path="data/counts.csv", format="csv", open=open_data, level="record"
        )
        evaluation = SimpleNamespace(data=SimpleNamespace(sources=(source,)))
        return list(data_sources(evaluation, project))  # type: ignore[arg-type]

    plain = hashlib.sha256((project / "data" / "counts.csv").read_bytes()).hexdigest()
    (open_source,) = digests(open_data=True)
    assert open_source.digest == f"sha256:{plain}"
    (closed,) = digests(open_data=False)
    assert closed.digest.startswith("hmac-sha256:")
    assert plain not in closed.digest
    assert digests(open_data=False) == [closed]


def test_a_block_that_the_file_leaves_out_is_given_empty(subject: Subject) -> None:
    page = PageSpec("r", "notebooks/r.ipynb", "r", "R", ("design", "robustness", "release"))
    given = subject.injected(page)
    assert "robustness" not in subject.blocks
    assert given == {
        "schema": 1,
        "design": {"start": "2020-01", "seed": 7},
        "robustness": {},
        "release": {},
    }
