"""Ctrl-C and SIGKILL leave nothing half-written and no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from runs_project import notebook, small_subject, with_page

from equieval.runs import EvaluationBusy, Kernels, draft_folder
from equieval.runs.run import run_subject

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
]

RUN = """\
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from runs_project import small_subject
from equieval.runs.run import run_subject
try:
    run_subject(small_subject(Path(sys.argv[1])))
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(130)
"""
WAITS = (
    "import os, time\nfrom pathlib import Path\n"
    "Path('pids.tmp').write_text(f'{os.getpid()} {os.getppid()}')\n"
    "os.rename('pids.tmp', 'pids')\n"
    "time.sleep(300)"
)


@contextmanager
def started_run(project: Path, *, wait_for_page: bool = True) -> Iterator[subprocess.Popen[str]]:
    """A process that runs the project, on a page that waits for minutes."""
    import nbformat

    nbformat.write(notebook(WAITS), project / "notebooks" / "noise.ipynb")
    command = [sys.executable, "-c", RUN, str(project), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            until = time.monotonic() + 60
            sign = project / "pids" if wait_for_page else project / "reports" / "small" / ".staging"
            while not sign.exists():
                assert process.poll() is None, "the run ended before it was interrupted"
                assert time.monotonic() < until
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def none_left(project: Path, seconds: float = 5.0) -> bool:
    pids = [int(pid) for pid in (project / "pids").read_text().split()]
    until = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(map(alive, pids))


@pytest.fixture
def draft(project: Path, kernels: Kernels) -> Path:
    run_subject(small_subject(project), kernels=kernels)
    return draft_folder(project, "small")


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_ctrl_c_ends_the_kernels_and_leaves_the_draft_as_it_was(project: Path, draft: Path) -> None:
    before = snapshot(draft)
    with started_run(project) as process:
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 130
        assert time.monotonic() - began < 30
        assert process.stdout is not None
        assert process.stdout.read() == "interrupted\n"
    assert none_left(project)
    assert snapshot(draft) == before
    assert [path.name for path in draft.parent.iterdir()] == ["draft"]


def test_ctrl_c_while_the_stack_is_imported_ends_at_once(project: Path) -> None:
    with started_run(project, wait_for_page=False) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    assert not (project / "reports" / "small").exists()


def test_sigkill_leaves_the_draft_and_the_next_run_clears_up(
    project: Path, draft: Path, kernels: Kernels
) -> None:
    before = snapshot(draft)
    with started_run(project) as process:
        process.kill()
        process.wait(10)
    assert none_left(project)
    assert snapshot(draft) == before
    assert (draft.parent / ".staging").exists()
    subject = with_page(small_subject(project), "noise", notebook("'short'"))
    assert run_subject(subject, kernels=kernels).changed
    assert [path.name for path in draft.parent.iterdir()] == ["draft"]


def test_a_second_run_of_the_same_evaluation_is_refused_and_the_first_goes_on(
    project: Path, draft: Path, kernels: Kernels
) -> None:
    with started_run(project) as process:
        with pytest.raises(EvaluationBusy) as busy:
            run_subject(small_subject(project), kernels=kernels)
        assert f"process {process.pid}" in busy.value.where
        assert process.poll() is None
        assert (draft.parent / ".staging").exists()
        process.send_signal(signal.SIGINT)
        process.wait(40)
