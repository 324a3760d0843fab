"""What a release contains, when there is none, and that none ever changes."""

import csv
import io
import json
import stat
import tarfile
from types import SimpleNamespace

import pandas as pd
import pytest

from equieval.errors import DisclosureRefused, EvaluationFailed, InputError, ReleaseError
from equieval.releases.manifest import verify_manifest
from equieval.releases.version import Release, list_releases

WRITTEN_ONCE = {
    "release.json", "manifest.json", "run.json", "disclosure.json", "changes.json", "params.yaml",
    "estimates.csv", "estimates.parquet", "datapackage.json", "_quarto.yml",
    "index.ipynb", "effect.ipynb", "requirements.lock",
}  # fmt: skip


def names(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def left_behind(project):
    return sorted(p.name for p in project.reports.iterdir() if p.name != "draft")


def test_a_release_holds_everything_a_reader_and_a_rerun_need(project):
    version = project.release().release.path
    found = names(version)
    assert version.name == "v1"
    for name in WRITTEN_ONCE - {"requirements.lock"}:
        assert name in found
    assert {"code/requirements.lock", "inputs/data/births.csv"} <= found
    assert {"notebooks/summary.ipynb", "notebooks/effect-its.ipynb"} <= found
    assert {"html/index.html", "html/effect.html"} <= found
    assert {
        f"effect/{n}" for n in ("artefacts.json", "series.svg", "series.png", "series.csv")
    } <= found
    assert left_behind(project) == ["v1"]


def test_the_record_of_a_release_reads_back(project):
    released = project.release().release
    record = read(released.path / "release.json")
    assert (record["id"], record["version"], record["status"]) == ("fixture", 1, "provisional")
    assert record["date"] == "2026-02-03"
    assert record["renderer"] == {"name": "tiny", "version": "1"}
    assert record["headline"] == {"answer": "Cannot say."}
    assert record["pages"][0] == {"slug": "index", "title": "Summary"}
    assert Release.load(released.path) == released
    assert list_releases(project.root) == (released,)
    assert list_releases(project.root, "another") == ()


def test_the_renderer_is_told_what_it_needs(project):
    project.release()
    (facts,) = project.renderer.seen
    assert (facts.id, facts.version, facts.previous, facts.title) == (
        "fixture",
        1,
        None,
        "A fixture",
    )
    assert [page.slug for page in facts.pages] == ["index", "effect", "provenance"]
    version = project.reports / "v1"
    for download in facts.downloads:
        assert (version / download.path).stat().st_size == download.bytes


def test_estimates_of_all_pages_come_as_one_table_with_its_schema(project):
    project.write_estimates("index", headline=1.5)
    version = project.release().release.path
    table = pd.read_parquet(version / "estimates.parquet")
    assert table["id"].tolist() == ["index.headline", "effect.level", "effect.slope"]
    rows = list(csv.DictReader((version / "estimates.csv").open(encoding="utf-8")))
    assert [float(row["estimate"]) for row in rows] == [1.5, 0.25, -0.125]
    package = read(version / "datapackage.json")
    fields = package["resources"][0]["schema"]["fields"]
    assert [field["name"] for field in fields] == list(rows[0])


def test_two_pages_cannot_record_one_estimate(project):
    project.write_estimates("index", level=1.0)
    path = project.draft / "pages" / "index" / "estimates.parquet"
    table = pd.read_parquet(path)
    table["id"] = "effect.level"
    table.to_parquet(path)
    with pytest.raises(InputError, match=r"two pages record the estimate 'effect\.level'"):
        project.release()
    assert left_behind(project) == []


def test_the_code_archive_can_be_built_and_is_the_same_bytes_each_time(project, another_project):
    one = next((project.release().release.path / "code").glob("*.tar.gz")).read_bytes()
    two = next((another_project.release().release.path / "code").glob("*.tar.gz")).read_bytes()
    assert one == two
    with tarfile.open(fileobj=io.BytesIO(one)) as archive:
        members = archive.getnames()
    folder = members[0].split("/")[0]
    for name in ("pyproject.toml", "README.md", "LICENSE", "src/equieval/releases/store.py"):
        assert f"{folder}/{name}" in members
    assert not [name for name in members if "__pycache__" in name]


def test_inputs_are_open_data_files_up_to_twenty_megabytes(project, monkeypatch):
    monkeypatch.setattr("equieval.releases.contents.LARGEST_INPUTS", 10)
    version = project.release().release.path
    assert not (version / "inputs").exists()


def test_files_of_a_version_are_read_only(project):
    version = project.release().release.path
    modes = {stat.S_IMODE(p.stat().st_mode) for p in version.rglob("*") if p.is_file()}
    assert modes == {0o444}


def test_the_same_content_is_not_released_twice(project):
    first = project.release()
    before = names(first.release.path)
    project.save(seconds=99.0, numpy="2.5")  # another run of the same: times and versions
    again = project.release(date="2026-05-05")
    assert not again.created
    assert again.message == "nothing to release: identical to v1"
    assert again.release == first.release
    assert names(first.release.path) == before
    assert left_behind(project) == ["v1"]


def test_force_releases_the_same_content_again(project):
    project.release()
    assert project.release(force=True).release.version == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda project: project.write_page("effect", words="**0.30** more"),
        lambda project: project.write_estimates("effect", level=0.26, slope=-0.125),
        lambda project: project.save(digest="hmac-sha256:bb"),
        lambda project: (
            project.write_source("notebooks/summary.ipynb")
            or (
                project.write(
                    "notebooks/summary.ipynb",
                    (project.root / "notebooks/summary.ipynb")
                    .read_text()
                    .replace("page = 1", "page = 2"),
                )
                and project.save()
            )
        ),
        lambda project: (
            project.write("data/births.csv", "year,births\n2015,11\n") and project.save()
        ),
        lambda project: project.parameters["release"].update(label="Second") or project.save(),
    ],
    ids=["words", "estimates", "private data", "notebook", "open data", "parameters"],
)
def test_any_change_of_content_becomes_the_next_version(project, change):
    project.parameters["release"] = {"approvers": [{"name": "A. Person", "role": "Lead"}]}
    project.save()
    first = project.release().release
    frozen = {p: p.read_bytes() for p in first.path.rglob("*") if p.is_file()}
    change(project)
    second = project.release().release
    assert (second.version, second.previous) == (2, 1)
    assert second.content_digest != first.content_digest
    assert {p: p.read_bytes() for p in first.path.rglob("*") if p.is_file()} == frozen
    assert [r.version for r in list_releases(project.root)] == [1, 2]


def test_versions_are_counted_as_numbers(project):
    for digest in range(11):
        project.save(digest=f"hmac-sha256:{digest}")
        project.release()
    assert [r.version for r in list_releases(project.root)] == list(range(1, 12))


def test_other_content_under_an_existing_number_is_refused(project):
    project.release()
    project.write_estimates("effect", level=0.5)
    with pytest.raises(ReleaseError, match="version 1 exists and never changes"):
        project.release(version=1)
    with pytest.raises(ReleaseError, match="version 5 cannot follow on"):
        project.release(version=5)
    assert project.release(version=2).release.version == 2


def test_a_version_that_appears_meanwhile_is_never_overwritten(project):
    def another_process_releases(staging):
        (project.reports / "v1").mkdir()
        (project.reports / "v1" / "release.json").write_text("theirs")

    project.renderer.before_render = another_process_releases
    with pytest.raises(ReleaseError, match="version v1 exists"):
        project.release()
    assert (project.reports / "v1" / "release.json").read_text() == "theirs"
    assert left_behind(project) == ["v1"]


def test_nothing_is_released_on_top_of_a_version_that_was_tampered_with(project):
    version = project.release().release.path
    tampered = version / "estimates.csv"
    tampered.chmod(0o644)
    tampered.write_text(tampered.read_text().replace("0.25", "0.35"))
    assert [str(problem) for problem in verify_manifest(version)] == ["estimates.csv was changed"]
    project.write_estimates("effect", level=0.5)
    with pytest.raises(
        ReleaseError, match=r"v1 was changed afterwards: estimates\.csv was changed"
    ):
        project.release()


def test_two_projects_release_the_same_bytes_but_for_times(project, another_project):
    one = project.release().release
    another_project.save(seconds=7.0)
    two = another_project.release(date="2026-12-24").release
    assert one.content_digest == two.content_digest
    listed = [read(r.path / "manifest.json")["files"] for r in (one, two)]
    differ = {name for name in listed[0] if listed[0][name] != listed[1][name]}
    assert listed[0].keys() == listed[1].keys()
    assert differ == {"release.json", "run.json", "CITATION.cff"}


def test_a_second_release_says_what_it_changes(project):
    project.release()
    assert read(project.reports / "v1" / "changes.json") == {
        "schema": 1,
        "new": True,
        "previous": None,
        "notes": project.parameters["release"]["notes"],
    }
    project.write_estimates("effect", level=0.26, lag=1.0)
    project.write_page("effect", words="**0.26** more")
    project.parameters["release"] = {"notes": "Corrected the level."}
    project.parameters["population"]["place"] = "Wales"
    project.save(digest="hmac-sha256:bb")
    changes = read(project.release().release.path / "changes.json")
    assert (changes["new"], changes["previous"]) == (False, 1)
    assert changes["notes"] == "Corrected the level."
    assert changes["estimates"] == {"same": 0, "changed": 1, "added": 1, "removed": 1}
    assert {"key": "population.place", "before": "England", "after": "Wales"} in changes[
        "parameters"
    ]
    assert changes["data"] == {"ons-births-and-deaths": "changed"}
    assert "effect.ipynb" in changes["files"]["changed"]


def test_a_missing_draft_is_refused(project):
    import shutil

    shutil.rmtree(project.draft)
    with pytest.raises(ReleaseError, match="there is no draft") as refused:
        project.release()
    assert "equieval run fixture" in refused.value.remedy


def test_a_stale_draft_is_refused_with_the_reasons(project, make_plan):
    with pytest.raises(ReleaseError, match=r"effect \(the notebook changed\)"):
        project.release(plan=make_plan("effect"))
    with pytest.raises(ReleaseError, match="another state"):
        project.release(plan=make_plan(current=False))
    assert left_behind(project) == []


def test_a_draft_that_the_gate_refuses_leaves_nothing(project):
    project.add_output("effect", {"output_type": "stream", "name": "stdout", "text": "3"})
    with pytest.raises(DisclosureRefused) as refused:
        project.release()
    assert refused.value.exit_code == 3
    assert left_behind(project) == []
    assert project.renderer.seen == []


def test_what_a_renderer_lets_slip_is_refused_too(project):
    def leak(staging):
        (staging / "search.json").write_text(json.dumps({"built in": str(staging)}))

    project.renderer.before_render = leak
    with pytest.raises(DisclosureRefused, match=r"search\.json"):
        project.release()
    assert left_behind(project) == []


def test_a_draft_status_is_not_released(project):
    project.parameters["identity"]["status"] = "draft"
    project.save()
    with pytest.raises(ReleaseError, match="cannot be released as 'draft'"):
        project.release()


@pytest.mark.parametrize("day", ["3 May", "2026-02-30", "20260203"])
def test_a_date_that_is_no_day_is_refused(project, day):
    with pytest.raises(ReleaseError, match="is no day"):
        project.release(date=day)


def test_a_renderer_that_leaves_a_page_out_is_refused(project):
    render = project.renderer.render

    def without_effect(staging):
        render(staging)
        (staging / "html" / "effect.html").unlink()

    project.renderer.render = without_effect
    with pytest.raises(EvaluationFailed, match="made no page for: effect"):
        project.release()
    assert left_behind(project) == []


def test_an_open_data_file_that_went_missing_is_refused(project):
    (project.root / "data" / "births.csv").unlink()
    with pytest.raises(ReleaseError, match="is missing or outside the project"):
        project.release()
    assert left_behind(project) == []


def test_an_open_data_file_cannot_be_a_link_out_of_the_project(project, tmp_path_factory):
    outside = tmp_path_factory.mktemp("private") / "records.csv"
    outside.write_text("name\nJane\n")
    path = project.root / "data" / "births.csv"
    path.unlink()
    path.symlink_to(outside)
    with pytest.raises(ReleaseError, match="outside the project"):
        project.release()


@pytest.mark.parametrize("content", ["[]", "{", '{"estimate": NaN}'])
def test_a_headline_that_is_no_json_object_is_refused(project, content):
    (project.draft / "pages" / "index" / "headline.json").write_text(content)
    with pytest.raises(ReleaseError, match="no JSON object"):
        project.release()
    assert left_behind(project) == []


def test_a_run_record_without_data_is_refused(project):
    (project.draft / "run.json").write_text('{"schema": 1}')
    with pytest.raises(ReleaseError, match="does not say which data were used"):
        project.release()
    assert left_behind(project) == []


def test_a_version_with_an_unreadable_record_is_named(project):
    version = project.release().release.path
    record = version / "release.json"
    record.chmod(0o644)
    for content in ("{", '{"schema": 1}', '{"schema": 99}'):
        record.write_text(content)
        with pytest.raises(ReleaseError) as refused:
            list_releases(project.root)
        assert refused.value.where == "fixture/v1/release.json"


def test_anything_with_a_name_a_version_and_two_verbs_is_a_renderer():
    from equieval.releases.renderer import Renderer

    verbs = {"prepare": lambda *a: None, "render": lambda *a: None}
    assert isinstance(SimpleNamespace(name="x", version="1", **verbs), Renderer)
    assert not isinstance(SimpleNamespace(name="x", version="1"), Renderer)
