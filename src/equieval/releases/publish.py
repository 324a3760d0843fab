"""Putting a finished site where readers find it: a folder, a branch of a repository, a zip file.

Each target is replaced in one step, by an exchange of folders, one update of a branch, one rename
of a file: whatever stops a publication, the old site stands. A site that is there already is left
alone. What a site must not tell is for `equieval.releases.site_gate`.
"""

from __future__ import annotations

import errno
import filecmp
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from equieval.errors import EnvironmentFault, InputError
from equieval.releases.manifest import plain_files
from equieval.runs.draft import exchange

# What tells every reader which versions there are; where files are put one by one, these are last.
LAST = ("versions.json", "versions.js")
MARK = LAST[0]
_ASIDE = ".equieval-publishing-"
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Published:
    """What a publication did.

    Attributes
    ----------
    target : where the site is, in the user's words.
    changed : whether anything had to be done.
    files : number of files of the site.
    """

    target: str
    changed: bool
    files: int


def publish_folder(site: Path, target: Path) -> Published:
    """Make a folder the site, in one step.

    The new site is copied beside the folder, checked, and exchanged with it.

    Raises
    ------
    InputError : the folder holds something that is no site of ours, or is part of the site.
    EnvironmentFault : the disk is full, or the folder may not be written to.
    """
    target = target.resolve()
    _refuse_foreign(site, target)
    files = len(plain_files(site))
    if _same(site, target):
        return Published(str(target), changed=False, files=files)
    with _explaining(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _recover(target)
        aside = Path(tempfile.mkdtemp(prefix=f"{_ASIDE}{target.name}-", dir=target.parent))
        try:
            new = aside / "site"
            _copy(site, new)
            if not target.exists():
                new.rename(target)
            elif not exchange(new, target):
                old = aside / "old"
                target.rename(old)
                new.rename(target)
        finally:
            _recover(target)
    return Published(str(target), changed=True, files=files)


def publish_zip(site: Path, target: Path) -> Published:
    """Write the site as one zip file, for an archive: the same site, the same bytes.

    Raises
    ------
    EnvironmentFault : the disk is full, or the file may not be written.
    """
    files = plain_files(site)
    unfinished = target.with_name(f".{target.name}.part")
    with _explaining(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
                for name in ordered(files):
                    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    entry.external_attr = 0o100644 << 16
                    archive.writestr(entry, files[name].read_bytes())
            same = target.is_file() and filecmp.cmp(unfinished, target, shallow=False)
            if not same:
                unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
    return Published(str(target), changed=not same, files=len(files))


def ordered(names: Iterable[str]) -> list[str]:
    """Return file names in the order in which they may appear: what announces the rest is last."""
    return sorted(names, key=lambda name: (name in LAST, name))


def _refuse_foreign(site: Path, target: Path) -> None:
    inside = target == site.resolve() or target.is_relative_to(site.resolve())
    if inside or site.resolve().is_relative_to(target):
        raise InputError(
            "a site cannot be published onto itself, or over the folder that it is in",
            where=str(target),
            remedy="name a folder outside the project",
        )
    if target.exists() and not target.is_dir():
        raise InputError("there is a file of that name", where=str(target), remedy="name a folder")
    if target.is_dir() and any(target.iterdir()) and not (target / MARK).is_file():
        raise InputError(
            "the folder holds something else than a site of equieval, which would be lost",
            where=str(target),
            remedy="name an empty or a new folder",
        )


def _recover(target: Path) -> None:
    """Undo what a publication that was killed between two moves has left."""
    for aside in sorted(target.parent.glob(f"{_ASIDE}{target.name}-*")):
        old = aside / "old"
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(aside, ignore_errors=True)


def _same(site: Path, target: Path) -> bool:
    if not target.is_dir():
        return False
    ours, theirs = plain_files(site), plain_files(target)
    return list(ours) == list(theirs) and all(
        filecmp.cmp(path, theirs[name], shallow=False) for name, path in ours.items()
    )


def _copy(site: Path, new: Path) -> None:
    new.mkdir()
    files = plain_files(site)
    for name in ordered(files):
        place = new / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(files[name], place)
        place.chmod(0o644)


@contextmanager
def _explaining(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        known = {
            errno.ENOSPC: ("the disk is full", "free some space and publish again"),
            errno.EDQUOT: ("the disk is full", "free some space and publish again"),
            errno.EACCES: ("it may not be written to", "publish as the user that owns it"),
            errno.EROFS: ("it may not be written to", "name a place that can be written to"),
            errno.EPERM: ("it may not be written to", "publish as the user that owns it"),
        }
        if error.errno not in known:
            raise
        what, remedy = known[error.errno]
        raise EnvironmentFault(
            f"{what}; the old site stands", where=str(target), remedy=remedy
        ) from error
