"""Executed pages by the fingerprint of what they were made from.

``.equieval/cache/<key>/`` holds a page as a draft does, and ``entry.json`` with its digest
and how long it took. An entry appears and disappears in one step (a rename), and what is
copied out is checked against its digest, so that processes at work side by side, one that
is killed, or a full disk can cost a page its place in the cache and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from equieval.errors import InputError
from equieval.runs.pagefiles import copy_page, page_digest, remove_page

CACHE_FOLDER = Path(".equieval") / "cache"
LARGEST_SIZE = 1 << 30  # bytes, over all entries
_ENTRY = "entry.json"
_PARTIAL = ".partial-"
_ABANDONED_AFTER = 24 * 3600  # seconds


@dataclass(frozen=True)
class CachedPage:
    """A page that was restored: its digest, and the seconds that running it took."""

    digest: str
    seconds: float


class PageCache:
    """The store of executed pages of a project.

    Parameters
    ----------
    root : the project's folder.
    largest_size : bytes that `trim` keeps at most; what was used longest ago goes first.
    """

    def __init__(self, root: Path, *, largest_size: int = LARGEST_SIZE) -> None:
        self._folder = root / CACHE_FOLDER
        self._largest_size = largest_size

    def __contains__(self, key: str) -> bool:
        return (self._folder / key / _ENTRY).is_file()

    def store(self, key: str, pages: Path, slug: str, seconds: float) -> None:
        """Keep a page; that it cannot be kept (a full disk) is no failure of the run."""
        partial = self._folder / f"{_PARTIAL}{uuid.uuid4().hex}"
        try:
            copy_page(pages, partial, slug)
            entry = {"slug": slug, "digest": page_digest(partial, slug), "seconds": seconds}
            (partial / _ENTRY).write_text(json.dumps(entry), encoding="utf-8")
            partial.rename(self._folder / key)
        except OSError:  # no room, or another process has stored the same page meanwhile
            shutil.rmtree(partial, ignore_errors=True)

    def restore(self, key: str, pages: Path, slug: str) -> CachedPage | None:
        """Copy a page into a folder of pages; None, and nothing copied, if it is not whole."""
        place = self._folder / key
        try:
            entry = json.loads((place / _ENTRY).read_text(encoding="utf-8"))
            copy_page(place, pages, slug)
            if page_digest(pages, slug) == entry["digest"] and entry["slug"] == slug:
                os.utime(place / _ENTRY)
                return CachedPage(str(entry["digest"]), float(entry["seconds"]))
        except FileNotFoundError:  # never stored, or dropped by another process meanwhile
            remove_page(pages, slug)
            return None
        except (OSError, ValueError, KeyError, TypeError, InputError):
            pass
        remove_page(pages, slug)
        self._drop(place)
        return None

    def trim(self) -> None:
        """Drop what was used longest ago until the cache is within its size."""
        if not self._folder.is_dir():
            return
        entries = []
        for place in self._folder.iterdir():
            with contextlib.suppress(OSError):
                if place.name.startswith(_PARTIAL):
                    if time.time() - place.stat().st_mtime > _ABANDONED_AFTER:
                        shutil.rmtree(place, ignore_errors=True)
                    continue
                size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
                entries.append(((place / _ENTRY).stat().st_mtime, size, place))
        total = sum(size for _, size, _ in entries)
        for _, size, place in sorted(entries, key=lambda entry: entry[0]):
            if total <= self._largest_size:
                return
            self._drop(place)
            total -= size

    def _drop(self, place: Path) -> None:
        aside = self._folder / f"{_PARTIAL}{uuid.uuid4().hex}"
        with contextlib.suppress(OSError):
            place.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)
