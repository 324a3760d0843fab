"""The draft of an evaluation: written aside, then put in place in one step.

``reports/<id>/draft`` is always a whole run. A run holds the evaluation's lock, writes to
``reports/<id>/.staging`` and exchanges the two folders at the end; whatever stops it
before (an error, Ctrl-C, SIGKILL, a full disk) leaves the draft as it was, and the next
run clears what was left behind. The lock is the operating system's own and goes with the
process that holds it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from equieval.errors import EnvironmentFault, EvaluationFailed

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

DRAFT = "draft"
PAGES = "pages"
RUN_RECORD = "run.json"
PARAMETERS = "params.yaml"
_STAGING = ".staging"
_REPLACED = ".replaced"
_LOCKS = Path(".equieval") / "locks"
_LOCKED_BYTE = 1 << 20
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


class EvaluationBusy(EvaluationFailed):
    """Another process is running the same evaluation."""


@dataclass(frozen=True)
class Staging:
    """A draft in the making; ``commit`` puts it in the place of the draft."""

    folder: Path
    draft: Path

    @property
    def pages(self) -> Path:
        """The folder of pages."""
        return self.folder / PAGES

    def commit(self) -> None:
        """Make this the draft."""
        if not self.draft.exists():
            self.folder.rename(self.draft)
        elif not exchange(self.folder, self.draft):
            replaced = self.draft.with_name(_REPLACED)
            self.draft.rename(replaced)
            self.folder.rename(self.draft)


def draft_folder(root: Path, evaluation_id: str) -> Path:
    """Where the draft of an evaluation is."""
    return root / "reports" / evaluation_id / DRAFT


@contextmanager
def staging(root: Path, evaluation_id: str) -> Iterator[Staging]:
    """Open a folder for the next draft; on leaving, what was not committed is gone.

    Raises
    ------
    EvaluationBusy : another process has the evaluation.
    EnvironmentFault : the disk is full, or the folder may not be written to.
    """
    draft = draft_folder(root, evaluation_id)
    with evaluation_lock(root, evaluation_id), _explaining(root, draft):
        _recover(draft)
        folder = draft.with_name(_STAGING)
        try:
            (folder / PAGES).mkdir(parents=True)
            yield Staging(folder, draft)
        finally:
            _remove(folder)
            _remove(draft.with_name(_REPLACED))
            with contextlib.suppress(OSError):  # there before, or in use
                draft.parent.rmdir()


@contextmanager
def evaluation_lock(root: Path, evaluation_id: str) -> Iterator[None]:
    """Hold an evaluation against other processes.

    Raises
    ------
    EvaluationBusy : another process has it; the message says which and since when.
    """
    path = root / _LOCKS / f"{evaluation_id}.lock"
    with _explaining(root, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    with file:
        try:
            _lock(file.fileno())
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise EvaluationBusy(
                f"'{evaluation_id}' is being run already",
                where=holder,
                remedy="wait until it has finished, or stop it with Ctrl-C",
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()}, since {datetime.now().astimezone():%H:%M:%S}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _recover(draft: Path) -> None:
    """Clear what a run that was killed has left, under the lock."""
    replaced = draft.with_name(_REPLACED)
    if replaced.exists() and not draft.exists():
        replaced.rename(draft)
    _remove(replaced)
    _remove(draft.with_name(_STAGING))


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _explaining(root: Path, place: Path) -> Iterator[None]:
    """Turn what the file system refuses into an error that says what to do."""
    try:
        yield
    except OSError as error:
        where = place.relative_to(root).as_posix()
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EnvironmentFault(
                "the disk is full; the draft is as it was",
                where=where,
                remedy="free some space (.equieval/cache may be deleted) and run again",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise EnvironmentFault(
                "the project's folder may not be written to; the draft is as it was",
                where=where,
                remedy="run as the user that owns the folder",
            ) from error
        raise


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)  # past the text, which stays readable
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step, where the system can (Linux `renameat2`).

    Returns False, and has done nothing, where it cannot.
    """
    if sys.platform != "linux":
        return False
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except AttributeError:
        return False
    names = (os.fsencode(one), os.fsencode(other))
    return bool(renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0)
