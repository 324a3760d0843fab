"""Pages run side by side, each after the pages that it needs."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import pytest

from equieval.runs.schedule import side_by_side
from equieval.study.pages import PageSpec


def spec(page_id: str, *needs: str) -> PageSpec:
    return PageSpec(page_id, f"{page_id}.ipynb", page_id, page_id, (), needs)


def nothing(*_: object) -> None:
    """Not told."""


def test_a_page_begins_when_the_pages_it_needs_are_done() -> None:
    specs = [spec("summary", "effect", "robustness"), spec("robustness", "effect"), spec("effect")]
    order: list[str] = []

    def work(page: PageSpec, needed: Mapping[str, str]) -> str:
        assert set(needed) == set(page.needs)
        order.append(page.id)
        return page.id

    done = list(side_by_side(specs, work, jobs=3, started=nothing, interrupted=nothing))
    assert order == ["effect", "robustness", "summary"]
    assert [page.id for page, _ in done] == order


def test_never_more_pages_at_a_time_than_jobs() -> None:
    at_work, most, lock = 0, 0, threading.Lock()

    def work(page: PageSpec, needed: Mapping[str, None]) -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.02)
        with lock:
            at_work -= 1

    specs = [spec(f"page-{number}") for number in range(9)]
    list(side_by_side(specs, work, jobs=3, started=nothing, interrupted=nothing))
    assert most == 3


def test_an_interruption_ends_what_is_under_way_and_goes_on() -> None:
    called_off = threading.Event()
    ended: list[str] = []

    def work(page: PageSpec, needed: Mapping[str, None]) -> None:
        if page.id == "raises":
            raise KeyboardInterrupt
        assert called_off.wait(10)
        ended.append(page.id)

    specs = [spec("waits"), spec("raises"), spec("never", "waits")]
    with pytest.raises(KeyboardInterrupt):
        list(side_by_side(specs, work, jobs=2, started=nothing, interrupted=called_off.set))
    assert ended == ["waits"]  # waited for, so that nothing is written afterwards


def test_pages_that_need_each_other_are_refused() -> None:
    specs = [spec("one", "two"), spec("two", "one")]
    with pytest.raises(ValueError, match="one, two"):
        list(side_by_side(specs, lambda *_: None, jobs=2, started=nothing, interrupted=nothing))
