"""Withdrawing a version: its files leave publication, and a tombstone stays in their place.

What was published under an address does not vanish without a word: every page of the version says
from then on that it was withdrawn, when and why. The files are kept among the project's private
files, which are never published, unless they are to be erased. The history of a repository keeps
them too: that is for its owners to rewrite.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from equieval.errors import ReleaseError
from equieval.releases.layout import DISCLOSURE_RECORD, RELEASE_RECORD, REPORTS
from equieval.releases.manifest import plain_files, write_manifest
from equieval.releases.notebooks import json_bytes, notebook_bytes
from equieval.releases.renderer import ReleaseDraft, Renderer
from equieval.releases.status import Status
from equieval.releases.version import Release, version_folders
from equieval.runs.draft import evaluation_lock, exchange

ARCHIVE = Path(".equieval") / "private" / "withdrawn"
TOMBSTONE = "withdrawal.json"
_STAGING = ".withdrawing-"
_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
_READ_ONLY = 0o444
_MARKUP = "\\`*_{}[]<>#|$@^~"


@dataclass(frozen=True)
class Withdrawal:
    """What a withdrawal did: the tombstone, and where the files are kept (None when erased)."""

    release: Release
    kept: Path | None


def withdraw(
    root: Path,
    evaluation_id: str,
    version: int,
    *,
    reason: str,
    date: str,
    renderer: Renderer,
    erase: bool = False,
) -> Withdrawal:
    """Withdraw one version of an evaluation.

    Parameters
    ----------
    root : the project's folder.
    reason : shown to readers, in words.
    date : the day, ``YYYY-MM-DD``.
    renderer : makes the tombstone's pages.
    erase : do not keep the files.

    Raises
    ------
    ReleaseError : there is no such version, it was withdrawn before, or no reason is given.
    """
    if not reason.strip():
        raise ReleaseError(
            "a withdrawal needs a reason", where="--reason", remedy="say why, in words for readers"
        )
    folder = root / REPORTS / evaluation_id
    with evaluation_lock(root, evaluation_id):
        _recover(root, evaluation_id)
        places = version_folders(root, evaluation_id)
        if version not in places:
            raise ReleaseError(
                f"'{evaluation_id}' has no version {version}",
                where=f"{REPORTS}/{evaluation_id}",
                remedy="released: " + (", ".join(f"v{n}" for n in places) or "none"),
            )
        release = Release.load(places[version])
        if release.status is Status.WITHDRAWN:
            raise ReleaseError(
                f"{release.name} was withdrawn before",
                where=release.id,
                remedy="nothing is left to do",
            )
        staging = folder / f"{_STAGING}{release.name}"
        staging.mkdir()
        try:
            _tombstone(staging, release, reason.strip(), date, renderer)
            if not exchange(staging, release.path):
                _swap_in_two_moves(staging, release.path)
        except BaseException:
            _recover(root, evaluation_id)
            raise
        kept = _put_away(root, staging, release.name, evaluation_id)
        if erase:
            shutil.rmtree(kept)
    return Withdrawal(Release.load(folder / release.name), None if erase else kept)


def withdrawal_record(release: Release) -> Mapping[str, Any]:
    """Return when and why a version was withdrawn: ``date, reason, status, files``.

    Raises
    ------
    ReleaseError : it was not, or the tombstone was damaged.
    """
    try:
        record: dict[str, Any] = json.loads((release.path / TOMBSTONE).read_bytes())
    except (OSError, ValueError) as error:
        raise ReleaseError(
            "the record of the withdrawal cannot be read",
            where=f"{release.id} {release.name}",
            remedy="restore the version's folder from version control or a backup",
        ) from error
    return record


def _swap_in_two_moves(staging: Path, place: Path) -> None:
    """Exchange two folders where the system cannot do it in one step."""
    aside = staging.with_name(f"{_STAGING}aside")
    place.rename(aside)
    staging.rename(place)
    aside.rename(staging)


def _put_away(root: Path, files: Path, name: str, evaluation_id: str) -> Path:
    """Move withdrawn files among the private ones."""
    kept = root / ARCHIVE / evaluation_id / name
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.move(files, kept)
    return kept


def _recover(root: Path, evaluation_id: str) -> None:
    """Finish or undo what a stopped withdrawal left, under the lock: no version is ever lost."""
    folder = root / REPORTS / evaluation_id
    for left in sorted(folder.glob(f"{_STAGING}*")):
        try:
            release = Release.load(left)
        except ReleaseError:  # a tombstone that was not finished
            shutil.rmtree(left)
            continue
        place = folder / release.name
        if release.status is Status.WITHDRAWN:
            shutil.rmtree(left)
        elif place.exists():  # the tombstone stands
            _put_away(root, left, release.name, evaluation_id)
        else:
            left.rename(place)


def _tombstone(staging: Path, release: Release, reason: str, date: str, renderer: Renderer) -> None:
    """Write pages of the same addresses that say what happened, and the records."""
    made = replace(release, path=staging, status=Status.WITHDRAWN, headline={})
    for page in release.pages:
        (staging / f"{page.slug}.ipynb").write_bytes(_page(page.title, release, reason, date))
    record = {
        "schema": 1,
        "id": release.id,
        "version": release.version,
        "date": date,
        "reason": reason,
        "status": release.status.value,
        "profile": _profile(release),
        "files": len(plain_files(release.path)),
    }
    (staging / TOMBSTONE).write_bytes(json_bytes(record))
    (staging / RELEASE_RECORD).write_bytes(json_bytes(made.to_json()))
    draft = ReleaseDraft(
        id=release.id,
        version=release.version,
        title=release.title,
        label=release.label,
        status=Status.WITHDRAWN,
        date=release.date,
        pages=release.pages,
        synthetic=release.synthetic,
        previous=release.previous,
    )
    renderer.prepare(staging, draft)
    renderer.render(staging)
    write_manifest(staging)
    for path in plain_files(staging).values():
        path.chmod(_READ_ONLY)


def _profile(release: Release) -> str:
    """Return the disclosure profile: readers saw the numbers, so comparison with them goes on."""
    try:
        return str(json.loads((release.path / DISCLOSURE_RECORD).read_bytes())["profile"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _page(title: str, release: Release, reason: str, date: str) -> bytes:
    matter = yaml.safe_dump({"title": title}, allow_unicode=True)
    words = "".join(f"\\{c}" if c in _MARKUP else c for c in " ".join(reason.split()))
    text = (
        f"**Version {release.version} was withdrawn on {date}.** {words}\n\n"
        "Its figures must not be used, and its files are no longer published. "
        "The list of versions says which one stands in its place."
    )
    cells = [
        {"cell_type": "raw", "id": "front-matter", "metadata": {}, "source": f"---\n{matter}---"},
        {"cell_type": "markdown", "id": "withdrawn", "metadata": {}, "source": text},
    ]
    return notebook_bytes(cells, {"kernelspec": _KERNEL})
