"""Pages side by side, each as soon as the pages that it needs are done."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from equieval.study.pages import PageSpec

Result = TypeVar("Result")
_WAKING = 0.5  # seconds


@dataclass(frozen=True)
class PageEvent:
    """What happened to a page, for whoever shows progress.

    Attributes
    ----------
    kind : ``"started"`` or ``"finished"``.
    slug, title : the page.
    status : ``"ran"``, ``"kept"`` or ``"failed"`` once finished, else empty.
    seconds : how long it took, once finished.
    done, total : pages finished so far, and all pages of the run.
    """

    kind: Literal["started", "finished"]
    slug: str
    title: str
    status: str
    seconds: float
    done: int
    total: int


class Progress(Protocol):
    """Called with each event, always from the thread that called `run`."""

    def __call__(self, event: PageEvent, /) -> None:
        """Take note of an event."""


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def side_by_side(
    specs: Sequence[PageSpec],
    work: Callable[[PageSpec, Mapping[str, Result]], Result],
    *,
    jobs: int,
    started: Callable[[PageSpec], None],
    interrupted: Callable[[], None],
) -> Generator[tuple[PageSpec, Result], None, None]:
    """Do ``work`` for every page, ``jobs`` at a time, and yield what comes of each.

    A page begins when the pages that it needs are done, however they ended; ``work`` gets
    their results by page id. When the caller is interrupted, ``interrupted`` is called (to
    end what is under way), the threads are waited for, and the interruption goes on.
    """
    results: dict[str, Result] = {}
    waiting = list(specs)
    known = {spec.id for spec in specs}
    running: dict[Future[Result], PageSpec] = {}
    pool = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="page")
    try:
        while waiting or running:
            ready = [s for s in waiting if all(n in results for n in s.needs if n in known)]
            for spec in ready[: jobs - len(running)]:
                waiting.remove(spec)
                started(spec)
                needed = {name: results[name] for name in spec.needs if name in known}
                running[pool.submit(work, spec, needed)] = spec
            if not running:
                stuck = ", ".join(spec.id for spec in waiting)
                raise ValueError(f"pages that need each other: {stuck}")
            # Woken now and then, because Ctrl-C may reach another thread than this one.
            done, _ = wait(running, timeout=_WAKING, return_when=FIRST_COMPLETED)
            for future in done:
                spec = running.pop(future)
                results[spec.id] = future.result()
                yield spec, results[spec.id]
    except BaseException:
        interrupted()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
