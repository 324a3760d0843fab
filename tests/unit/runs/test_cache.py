"""The cache gives back whole pages or nothing, whatever happens to it."""

from __future__ import annotations

import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from runs_project import notebook

from equieval.runs.cache import CACHE_FOLDER, PageCache
from equieval.runs.pagefiles import page_digest

KEY = "a" * 64


def write_page(folder: Path, slug: str = "effect", content: str = "1.5") -> Path:
    (folder / slug).mkdir(parents=True)
    (folder / slug / "estimates.txt").write_text(content)
    nbformat.write(notebook("print(1)"), folder / f"{slug}.ipynb")
    return folder


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return write_page(tmp_path / "page")


def test_a_page_comes_back_as_it_was_stored(tmp_path: Path, page: Path) -> None:
    cache = PageCache(tmp_path)
    cache.store(KEY, page, "effect", 2.5)
    assert KEY in cache
    restored = cache.restore(KEY, tmp_path / "draft", "effect")
    assert restored is not None
    assert restored.seconds == 2.5
    assert restored.digest == page_digest(page, "effect")
    assert page_digest(tmp_path / "draft", "effect") == restored.digest


def test_a_page_that_was_never_stored_is_not_restored(tmp_path: Path) -> None:
    cache = PageCache(tmp_path)
    assert KEY not in cache
    assert cache.restore(KEY, tmp_path / "draft", "effect") is None


@pytest.mark.parametrize("damage", ["changed", "missing", "entry", "notebook"])
def test_a_damaged_page_is_not_restored_and_goes(tmp_path: Path, page: Path, damage: str) -> None:
    cache = PageCache(tmp_path)
    cache.store(KEY, page, "effect", 1.0)
    place = tmp_path / CACHE_FOLDER / KEY
    match damage:
        case "changed":
            (place / "effect" / "estimates.txt").write_text("9.9")
        case "missing":
            (place / "effect" / "estimates.txt").unlink()
        case "entry":
            (place / "entry.json").write_text("{")
        case "notebook":
            (place / "effect.ipynb").write_text("not a notebook")
    assert cache.restore(KEY, tmp_path / "draft", "effect") is None
    assert not (tmp_path / "draft" / "effect").exists()
    assert not (tmp_path / "draft" / "effect.ipynb").exists()
    cache.store(KEY, page, "effect", 1.0)
    assert cache.restore(KEY, tmp_path / "draft", "effect") is not None


def test_two_writers_of_the_same_page_leave_one_whole_page(tmp_path: Path, page: Path) -> None:
    caches = [PageCache(tmp_path) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda cache: cache.store(KEY, page, "effect", 1.0), caches))
    assert [path.name for path in (tmp_path / CACHE_FOLDER).iterdir()] == [KEY]
    assert caches[0].restore(KEY, tmp_path / "draft", "effect") is not None


def test_a_full_disk_costs_the_page_its_place_and_nothing_else(
    tmp_path: Path, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    cache = PageCache(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copytree", no_room)
        cache.store(KEY, page, "effect", 1.0)
    assert KEY not in cache
    assert list((tmp_path / CACHE_FOLDER).iterdir()) == []


def test_what_was_used_longest_ago_goes_first_when_the_cache_is_full(tmp_path: Path) -> None:
    cache = PageCache(tmp_path, largest_size=25_000)
    for number, key in enumerate(("old", "used", "new")):
        page = write_page(tmp_path / key, content="x" * 10_000)
        cache.store(key, page, "effect", 1.0)
        os.utime(tmp_path / CACHE_FOLDER / key / "entry.json", (1_000 + number, 1_000 + number))
    assert cache.restore("old", tmp_path / "draft", "effect") is not None
    cache.trim()
    assert "used" not in cache
    assert "old" in cache
    assert "new" in cache


def test_what_a_killed_process_left_half_written_goes_after_a_day(tmp_path: Path) -> None:
    folder = tmp_path / CACHE_FOLDER
    write_page(folder / ".partial-old")
    write_page(folder / ".partial-at-work")
    os.utime(folder / ".partial-old", (1_000, 1_000))
    PageCache(tmp_path).trim()
    assert [path.name for path in folder.iterdir()] == [".partial-at-work"]
