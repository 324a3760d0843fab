"""The folder in which a version is built, and the one step that makes it a version.

Until that step nothing of it is visible; what stops the process before leaves, at most, a folder
that the next release of the evaluation clears away.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from equieval.errors import EnvironmentFault, ReleaseError
from equieval.releases.layout import REPORTS
from equieval.releases.manifest import plain_files

_STAGING = ".staging-"
_READ_ONLY = 0o444


def clear_staging(folder: Path) -> None:
    """Remove what killed processes left; the lock is held, so none of it is in use."""
    for left in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(left)


@contextmanager
def staging_folder(folder: Path) -> Iterator[Path]:
    """Give a folder that is gone afterwards, unless it was moved to its final place."""
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder))
    try:
        staging.chmod(0o755)
        yield staging
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise EnvironmentFault(
            "the disk is full; nothing was released",
            where=f"{REPORTS}/{folder.name}",
            remedy="free some space and release again",
        ) from error
    finally:
        if staging.exists():
            shutil.rmtree(staging)


def freeze_in_place(staging: Path, target: Path) -> None:
    """Make the files durable and read-only, then move the folder to its final name."""
    for path in plain_files(staging).values():
        path.chmod(_READ_ONLY)
        _sync(path)
    for folder in sorted((p for p in staging.rglob("*") if p.is_dir()), reverse=True):
        _sync(folder)
    _sync(staging)
    try:
        staging.rename(target)
    except OSError as error:
        if target.exists():
            raise ReleaseError(
                f"version {target.name} exists and never changes",
                where=f"{REPORTS}/{target.parent.name}/{target.name}",
                remedy="release again: the content becomes the next version",
            ) from error
        raise
    _sync(target.parent)


def _sync(path: Path) -> None:
    if sys.platform == "win32":  # folders cannot be opened there, and renames are journalled
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
