"""The draft is always a whole run, whatever stops the next one."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from equieval.errors import EnvironmentFault
from equieval.runs import EvaluationBusy, draft
from equieval.runs.draft import draft_folder, evaluation_lock, staging


def put(root: Path, content: str) -> None:
    with staging(root, "small") as stage:
        (stage.folder / "run.json").write_text(content)
        stage.commit()


def stop_half_way(root: Path, error: BaseException) -> None:
    with staging(root, "small") as stage:
        (stage.folder / "run.json").write_text("half")
        raise error


def content(root: Path) -> str:
    return (draft_folder(root, "small") / "run.json").read_text()


def beside_the_draft(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "reports" / "small").iterdir())


@pytest.mark.parametrize("exchange", [True, False], ids=["exchange", "two renames"])
def test_a_draft_is_put_in_place_and_replaced_as_a_whole(
    tmp_path: Path, exchange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not exchange:
        monkeypatch.setattr(draft, "exchange", lambda one, other: False)
    put(tmp_path, "first")
    (draft_folder(tmp_path, "small") / "of-the-first").touch()
    put(tmp_path, "second")
    assert content(tmp_path) == "second"
    assert not (draft_folder(tmp_path, "small") / "of-the-first").exists()
    assert beside_the_draft(tmp_path) == ["draft"]


@pytest.mark.parametrize("stopped", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_stops_a_run_leaves_the_draft_as_it_was(
    tmp_path: Path, stopped: type[BaseException]
) -> None:
    put(tmp_path, "first")
    with pytest.raises(stopped):
        stop_half_way(tmp_path, stopped())
    assert content(tmp_path) == "first"
    assert beside_the_draft(tmp_path) == ["draft"]


def test_a_first_run_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), staging(tmp_path, "small"):
        raise KeyboardInterrupt
    assert not (tmp_path / "reports" / "small").exists()


def test_what_a_killed_run_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    put(tmp_path, "first")
    report = tmp_path / "reports" / "small"
    (report / ".staging" / "pages" / "effect").mkdir(parents=True)
    (report / ".staging" / "pages" / "effect" / "half").write_text("half")
    put(tmp_path, "second")
    assert content(tmp_path) == "second"
    assert beside_the_draft(tmp_path) == ["draft"]


def test_a_run_killed_between_two_renames_gives_the_former_draft_back(tmp_path: Path) -> None:
    put(tmp_path, "first")
    report = tmp_path / "reports" / "small"
    (report / "draft").rename(report / ".replaced")
    with pytest.raises(ValueError, match="stop"), staging(tmp_path, "small"):
        raise ValueError("stop")
    assert content(tmp_path) == "first"
    assert beside_the_draft(tmp_path) == ["draft"]


def test_a_second_process_is_told_who_has_the_evaluation(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path\n"
            "from equieval.runs.draft import evaluation_lock\n"
            "with evaluation_lock(Path(sys.argv[1]), 'small'):\n"
            "    print('held', flush=True); sys.stdin.read()",
            str(tmp_path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(EvaluationBusy) as busy, staging(tmp_path, "small"):
            pass
        assert f"process {other.pid}" in busy.value.where
        assert busy.value.exit_code == 1
        with evaluation_lock(tmp_path, "another"):
            pass  # other evaluations run meanwhile
        other.kill()
    put(tmp_path, "after")  # the lock went with the process that held it
    assert content(tmp_path) == "after"


def test_a_full_disk_is_said_and_leaves_the_draft_as_it_was(tmp_path: Path) -> None:
    put(tmp_path, "first")
    with pytest.raises(EnvironmentFault) as full:
        stop_half_way(tmp_path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert "disk is full" in full.value.what
    assert full.value.where == "reports/small/draft"
    assert full.value.exit_code == 5
    assert content(tmp_path) == "first"
    assert beside_the_draft(tmp_path) == ["draft"]
