"""Separation in count models: when a coefficient would run off to infinity.

A log-link count model has a finite estimate only if no direction of the coefficients lowers the
fitted rate where there are no events and leaves it alone where there are (Correia, Guimarães &
Zylkin 2019, arXiv:1903.01633). Whether one exists is a linear program: no iterating until
something looks too large.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from equieval.errors import DesignError

Array = npt.NDArray[np.float64]


def refuse_separation(events: Array, X: Array) -> None:
    """Raise ``DesignError`` if ``events`` (n) on ``X`` (n × p) have no finite estimate."""
    if separated(events, X):
        raise DesignError(
            "The events lie where one coefficient alone accounts for them (separation): its "
            "estimate runs off to infinity.",
            where="regression of counts",
            remedy="Use longer periods or larger groups, or a model with fewer terms.",
        )


def separated(events: Array, X: Array) -> bool:
    """Return whether the Poisson estimate of ``events`` (n) on ``X`` (n × p) is infinite."""
    empty = events == 0
    if not empty.any():
        return False
    columns = X / np.maximum(np.abs(X).max(axis=0), np.finfo(float).tiny)
    without, with_events = columns[empty], columns[~empty]
    found = linprog(
        without.sum(axis=0),
        A_ub=without,
        b_ub=np.zeros(len(without)),
        A_eq=with_events if len(with_events) else None,
        b_eq=np.zeros(len(with_events)) if len(with_events) else None,
        bounds=(-1, 1),
        method="highs",
    )
    return bool(found.fun < -1e-7)
