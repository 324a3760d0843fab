"""What a reader can work out of a withheld count from everything that stands around it.

Counts that are published together hang together: a row adds up to its total, fifths are two
tenths each, months add up to years. Every such relation is a linear equation, every published
count an interval (of one point where it is shown as it is). The smallest and largest value that
a count can have under all of them are two linear programs (Fischetti & Salazar-González 2000,
Management Science 46:1087), solved by HiGHS.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import linprog
from scipy.sparse.csgraph import connected_components

from equieval.errors import DataError

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]

TOLERANCE = 1e-6
_FAR = 1000.0
"""How far above its true value a withheld count is looked for. No threshold comes near it."""


@dataclass(frozen=True)
class Relation:
    """``cells[total] = sum(cells[part] for part in parts)``, by the cells' positions."""

    total: int
    parts: tuple[int, ...]


@dataclass(frozen=True)
class Interval:
    """The smallest and the largest value that a reader holds possible for each cell."""

    low: Numbers
    high: Numbers

    @property
    def width(self) -> Numbers:
        """How far apart the two are."""
        return np.asarray(self.high - self.low)


class Margins:
    """The relations between cells, as a matrix, and the parts that hang together.

    Parameters
    ----------
    exact : true value of every cell; a reader is taken to know by how much a published total
        misses the sum of its parts, which is the safer assumption.
    relations : which cells add up to which.
    """

    def __init__(self, exact: Numbers, relations: Iterable[Relation]) -> None:
        # Counts that were joined from several tables come as objects.
        self.exact: Numbers = np.asarray(exact, dtype="float64")
        rows: list[int] = []
        columns: list[int] = []
        signs: list[float] = []
        for row, relation in enumerate(relations):
            rows += [row] * (1 + len(relation.parts))
            columns += [relation.total, *relation.parts]
            signs += [-1.0, *(1.0 for _ in relation.parts)]
        shape = (max(rows, default=-1) + 1, len(self.exact))
        self.matrix = sparse.csr_matrix((signs, (rows, columns)), shape=shape)
        self.sums = np.asarray(self.matrix @ self.exact, dtype="float64")

    def __len__(self) -> int:
        return len(self.exact)

    def components(self, known: Interval) -> Places:
        """Return the number of the component of each cell; cells known exactly tie nothing."""
        free = (known.high - known.low > TOLERANCE).astype("float64")
        ties = self.matrix @ sparse.diags(free)
        graph = abs(ties).T @ abs(ties)
        return np.asarray(connected_components(graph, directed=False)[1], dtype="int64")

    def feasible(self, known: Interval, targets: Sequence[int] | Places) -> Interval:
        """Return the interval that remains possible for each target, all relations used.

        Parameters
        ----------
        known : what is published of each cell by itself.
        targets : positions of the cells asked for.

        Raises
        ------
        DataError : what is published contradicts itself.
        """
        wanted = np.asarray(targets, dtype="int64")
        component = self.components(known)
        low, high = known.low[wanted].copy(), known.high[wanted].copy()
        for batch in _one_of_each(component[wanted]):
            cells = wanted[batch]
            part = np.flatnonzero(np.isin(component, component[cells]))
            low[batch] = self._table(known, part, cells, 1.0)[cells]
            high[batch] = self._table(known, part, cells, -1.0)[cells]
        return Interval(low, high)

    def narrow(
        self, known: Interval, targets: Places, required: Numbers, *, near: int | None = None
    ) -> Places:
        """Return the targets whose interval is narrower than required.

        With ``near``, stop at the first one found, and look beside that cell first.

        Every table found on the way shows how far apart *all* cells can be, so that most cells
        need no program of their own.
        """
        component = self.components(known)
        low, high = self.exact.copy(), self.exact.copy()

        def left(asked: Places) -> Places:
            return asked[high[asked] - low[asked] < required[asked] - TOLERANCE]

        def look(part: Places, cells: Places) -> None:
            for sign in (1.0, -1.0):
                table = self._table(known, part, cells, sign)
                np.minimum(low, table, out=low)
                np.maximum(high, table, out=high)
                if not len(left(cells)):
                    return

        asked = left(targets)
        for _ in range(2):
            if len(asked):
                look(np.flatnonzero(np.isin(component, component[asked])), asked)
            asked = left(asked)
        short: list[int] = []
        while len(asked):
            _, first = np.unique(component[asked], return_index=True)
            cells = asked[first]
            if near is not None:
                beside = np.abs(self.matrix[:, asked]).T @ np.abs(self.matrix[:, [near]])
                cells = asked[[int(np.argmax(beside.toarray()))]]
            look(np.flatnonzero(np.isin(component, component[cells])), cells)
            short += left(cells).tolist()
            if short and near is not None:
                break
            asked = left(np.setdiff1d(asked, cells))
        return np.asarray(sorted(short), dtype="int64")

    def _table(self, known: Interval, part: Places, cells: Places, sign: float) -> Numbers:
        """Return a table that agrees with what is known and has the least sum of some cells.

        Cells that share no component each take their own minimum (maximum for ``sign`` −1).
        """
        inside = np.isin(np.arange(len(self)), part)
        rows = np.flatnonzero(abs(self.matrix[:, part]).sum(axis=1) > 0)
        block = self.matrix[rows]
        table = self.exact.copy()
        found = linprog(
            np.isin(part, cells).astype("float64") * sign,
            A_eq=block[:, part],
            b_eq=self.sums[rows] - block[:, ~inside] @ table[~inside],
            bounds=np.column_stack(self.limits(known, part)),
            method="highs",
        )
        if found.status != 0:
            raise DataError(
                f"the published counts contradict each other ({found.message})",
                remedy="report this: a count was protected in two ways",
            )
        table[part] = found.x
        return table

    def limits(self, known: Interval, part: Places) -> tuple[Numbers, Numbers]:
        """Return finite limits of some cells: far, where nothing is known."""
        return known.low[part], np.minimum(known.high[part], self.exact[part] + _FAR)


def _one_of_each(component: Places) -> Iterable[Places]:
    """Yield positions in batches, none of which has two cells of one component."""
    order = np.argsort(component, kind="stable")
    turn = np.empty(len(component), dtype="int64")
    _, starts, sizes = np.unique(component[order], return_index=True, return_counts=True)
    for start, size in zip(starts, sizes, strict=True):
        turn[order[start : start + size]] = np.arange(size)
    for number in range(int(turn.max(initial=-1)) + 1):
        yield np.flatnonzero(turn == number)
