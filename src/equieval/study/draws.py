"""How many draws an analysis makes: those of its report, or few while it is only rehearsed.

The one place that decides. An analysis asks here with the number of its report and is otherwise
the same; a rehearsal keeps nothing of what is found, only whether it can be found.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

FEW: Final = 200
"""As few as a bootstrap takes for a 95% interval (`equieval.methods.its_bootstrap`)."""
_most: ContextVar[int | None] = ContextVar("most draws", default=None)


def draws(in_report: int) -> int:
    """Return how many to draw where the report draws so many.

    >>> with few_draws():
    ...     draws(9_999), draws(99)
    (200, 99)
    >>> draws(9_999)
    9999
    """
    most = _most.get()
    return in_report if most is None else min(in_report, most)


@contextmanager
def few_draws() -> Iterator[None]:
    """Draw few for as long as this lasts."""
    before = _most.set(FEW)
    try:
        yield
    finally:
        _most.reset(before)
