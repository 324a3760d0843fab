"""Whatever stops a release, nothing half-written is left and the next one works."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from equieval.errors import EnvironmentFault
from equieval.runs.draft import EvaluationBusy

RELEASING = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from equieval.protocol import load_evaluation
from equieval.releases.store import release
from equieval.runs.plan import Plan
from equieval.study.pages import PageSpec

class Slow:
    name, version = "slow", "1"
    def prepare(self, project, release): pass
    def render(self, project):
        Path("rendering").touch()
        time.sleep(60)

root = Path.cwd()
specs = [PageSpec("summary", "notebooks/summary.ipynb", "index", "Summary", ()),
         PageSpec("effect", "notebooks/effect-its.ipynb", "effect", "Effect", ())]
pages = tuple(SimpleNamespace(spec=spec, stale=False, reasons=()) for spec in specs)
release(root, load_evaluation(root / "params" / "fixture.yaml"),
        plan=Plan(None, pages, True), renderer=Slow(), date="2026-02-03")
"""


def left_behind(project):
    return sorted(p.name for p in project.reports.iterdir() if p.name != "draft")


def release_and_wait_for_the_renderer(root: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", RELEASING], cwd=root, stderr=subprocess.PIPE, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (root / "rendering").exists():
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline, "the release did not reach the renderer"
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("where", ["prepare", "render"])
def test_a_renderer_that_fails_leaves_nothing(project, where, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("out of paper")

    monkeypatch.setattr(project.renderer, where, fail)
    with pytest.raises(RuntimeError, match="out of paper"):
        project.release()
    assert left_behind(project) == []
    monkeypatch.undo()
    assert project.release().release.version == 1


@pytest.mark.parametrize("function", ["os.fsync", "equieval.releases.store.write_manifest"])
def test_a_full_disk_leaves_nothing_and_says_so(project, function, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(function, full)
    with pytest.raises(EnvironmentFault, match="the disk is full; nothing was released"):
        project.release()
    assert left_behind(project) == []


def test_an_error_of_the_last_rename_leaves_nothing(project, monkeypatch):
    def refuse(self, target):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="Input/output"):
        project.release()
    assert left_behind(project) == []


@pytest.mark.slow
def test_ctrl_c_leaves_nothing(project):
    process = release_and_wait_for_the_renderer(project.root)
    assert [name.startswith(".staging-") for name in left_behind(project)] == [True]
    os.kill(process.pid, signal.SIGINT)
    _, message = process.communicate(timeout=30)
    assert b"KeyboardInterrupt" in message
    assert left_behind(project) == []


@pytest.mark.slow
def test_a_killed_release_is_invisible_and_the_next_one_clears_it_away(project):
    process = release_and_wait_for_the_renderer(project.root)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert not (project.reports / "v1").exists()
    assert project.release().release.version == 1
    assert left_behind(project) == ["v1"]


@pytest.mark.slow
def test_a_second_release_at_the_same_time_is_refused(project):
    process = release_and_wait_for_the_renderer(project.root)
    try:
        with pytest.raises(EvaluationBusy):
            project.release()
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
    assert left_behind(project) == []
