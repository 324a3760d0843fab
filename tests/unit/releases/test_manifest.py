"""A version's manifest tells every later change, and its digest tells content from trappings."""

import json
import os

import pytest

from equieval.releases.manifest import content_digest, verify_manifest, write_manifest

SLUGS = ("index", "effect")


@pytest.fixture
def version(tmp_path):
    for name in ("params.yaml", "estimates.csv", "index.ipynb", "effect/a.csv", "html/index.html"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"content of {name}\n")
    write_manifest(tmp_path)
    return tmp_path


def problems(version):
    return [str(problem) for problem in verify_manifest(version)]


def test_an_untouched_version_has_no_problems(version):
    assert problems(version) == []


def test_changed_missing_and_added_files_are_each_named(version):
    (version / "estimates.csv").write_text("content of estimates.csv!\n")
    (version / "effect" / "a.csv").unlink()
    (version / "html" / "extra.html").write_text("x")
    assert problems(version) == [
        "effect/a.csv is missing",
        "estimates.csv was changed",
        "html/extra.html was added",
    ]


def test_a_change_that_keeps_size_and_time_is_found(version):
    path = version / "estimates.csv"
    before = path.stat()
    path.write_text("CONTENT of estimates.csv\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert problems(version) == ["estimates.csv was changed"]


def test_a_link_in_a_version_is_found(version):
    (version / "html" / "link.html").symlink_to("index.html")
    assert problems(version) == ["html/link.html is not a plain file of the version"]


@pytest.mark.parametrize("name", ["../outside.csv", "/etc/hostname"])
def test_a_manifest_cannot_vouch_for_files_outside(version, name):
    (version.parent / "outside.csv").write_text("x")
    manifest = json.loads((version / "manifest.json").read_text())
    manifest["files"][name] = {"sha256": "0" * 64, "bytes": 1}
    (version / "manifest.json").write_text(json.dumps(manifest))
    assert problems(version) == [f"{name} is missing"]


@pytest.mark.parametrize("content", ["", "[]", '{"files": 3}', '{"files": {"a": {}}}'])
def test_a_broken_manifest_is_a_problem_not_a_crash(version, content):
    (version / "manifest.json").write_text(content)
    assert problems(version) == ["manifest.json is no manifest"]


def test_a_version_without_a_manifest_is_a_problem(version):
    (version / "manifest.json").unlink()
    assert problems(version) == ["manifest.json is no manifest"]


@pytest.mark.parametrize("name", ["html/index.html", "run.json", "release.json", "code/x.tar.gz"])
def test_the_content_digest_leaves_times_renderer_and_code_out(version, name):
    before = content_digest(version, SLUGS, {"births": "sha256:a"})
    (version / name).parent.mkdir(exist_ok=True)
    (version / name).write_text("another")
    assert content_digest(version, SLUGS, {"births": "sha256:a"}) == before


@pytest.mark.parametrize("name", ["params.yaml", "estimates.csv", "index.ipynb", "effect/a.csv"])
def test_the_content_digest_covers_what_a_reader_sees(version, name):
    before = content_digest(version, SLUGS, {"births": "sha256:a"})
    assert content_digest(version, SLUGS, {"births": "sha256:b"}) != before
    (version / name).write_text("another")
    assert content_digest(version, SLUGS, {"births": "sha256:a"}) != before


def test_releases_and_runs_agree_on_the_names_of_a_draft():
    from equieval.releases import layout
    from equieval.runs import draft

    for name in ("PAGES", "RUN_RECORD", "PARAMETERS"):
        assert getattr(layout, name) == getattr(draft, name)
