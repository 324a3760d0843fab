"""Withdrawing a version: readers are told, the files go, and nothing is lost half-way."""

from __future__ import annotations

from pathlib import Path

import pytest

from equieval.errors import ReleaseError
from equieval.releases import withdrawal
from equieval.releases.changes import changes_record
from equieval.releases.compare import compare_releases
from equieval.releases.manifest import plain_files, verify_manifest
from equieval.releases.version import Release, find_release
from equieval.releases.withdrawal import withdraw, withdrawal_record

WORDS = {"reason": "A denominator was *wrong*.", "date": "2026-03-04"}


@pytest.fixture
def released(project):
    return project.release().release


def take_back(project, **words):
    given = {**WORDS, "renderer": type(project.renderer)(), **words}
    return withdraw(project.root, "fixture", 1, **given)


def test_a_tombstone_stands_at_every_address_of_the_version(project, released):
    pages = {p.name for p in (released.path / "html").glob("*.html")}
    done = take_back(project)
    assert done.release.status == "withdrawn"
    assert {p.name for p in (done.release.path / "html").glob("*.html")} == pages
    assert verify_manifest(done.release.path) == []


def test_no_file_of_the_version_is_left_in_publication(project, released):
    numbers = (released.path / "estimates.csv").read_bytes()
    done = take_back(project)
    names = set(plain_files(done.release.path))
    assert not names & {"estimates.csv", "estimates.parquet", "params.yaml", "run.json"}
    assert not any(name.startswith(("inputs/", "code/", "effect/")) for name in names)
    for path in plain_files(project.root / "reports").values():
        if "draft" not in path.parts:
            assert path.read_bytes() != numbers


def test_when_and_why_is_on_record_and_on_the_page(project, released):
    done = take_back(project)
    record = withdrawal_record(done.release)
    assert (record["date"], record["reason"]) == ("2026-03-04", WORDS["reason"])
    assert record["status"] == released.status.value
    page = (done.release.path / "index.ipynb").read_text()
    assert "withdrawn on 2026-03-04" in page
    assert r"\\*wrong\\*" in page, "a reason is text, not markup"


def test_the_files_are_kept_among_the_private_ones_unless_erased(project, released):
    done = take_back(project)
    assert done.kept == project.root / ".equieval/private/withdrawn/fixture/v1"
    assert verify_manifest(done.kept) == []


def test_erased_files_are_gone(project, released):
    assert take_back(project, erase=True).kept is None
    assert not (project.root / ".equieval/private/withdrawn/fixture/v1").exists()


def test_a_withdrawn_version_is_not_withdrawn_again_or_compared(project, released):
    done = take_back(project)
    with pytest.raises(ReleaseError, match="before"):
        take_back(project)
    with pytest.raises(ReleaseError, match="withdrawn"):
        compare_releases(done.release, done.release)


def test_the_next_version_says_that_the_one_before_was_withdrawn(project, released):
    done = take_back(project)
    record = changes_record(done.release, done.release, "")
    assert record["previous_withdrawn"]
    assert "compared" not in record


@pytest.mark.parametrize(("words", "match"), [({"reason": " "}, "reason")])
def test_a_withdrawal_needs_a_reason(project, released, words, match):
    with pytest.raises(ReleaseError, match=match):
        take_back(project, **words)
    assert find_release(project.root, "fixture", 1).status == released.status


def test_a_version_that_is_not_there_is_named(project, released):
    with pytest.raises(ReleaseError, match="no version 7"):
        withdraw(project.root, "fixture", 7, renderer=project.renderer, **WORDS)


@pytest.mark.parametrize("step", range(3))
def test_stopped_between_two_moves_the_version_stands(project, released, monkeypatch, step):
    """Where folders cannot be exchanged in one step, three moves do it."""
    monkeypatch.setattr(withdrawal, "exchange", lambda one, other: False)
    moves = iter(range(10))
    rename = Path.rename

    def stopped(self, target):
        if next(moves) == step:
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", stopped)
        with pytest.raises(KeyboardInterrupt):
            take_back(project)
    found = Release.load(released.path)
    assert found.status in (released.status, "withdrawn")
    assert verify_manifest(found.path) == []
    assert not list(released.path.parent.glob(".withdrawing*"))
