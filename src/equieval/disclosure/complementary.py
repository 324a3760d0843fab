"""Secondary suppression: which further counts are withheld so that withheld ones stay so.

For each count that its margins give away, a linear program finds the cheapest way in which the
table could be another one: two tables that agree with everything published, in which the count
differs by what is required. The cells in which one of them leaves what is shown are withheld
(the cell suppression heuristic of Kelly, Golden & Assad 1992, Networks 22:397, with the
audit of Fischetti & Salazar-González 2000). Cells that turn out not to be needed are shown again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from equieval.disclosure.bounds import TOLERANCE, Flags, Interval, Margins, Numbers, Places


@dataclass(frozen=True)
class Cells:
    """The cells of everything that is published together; arrays of one length.

    Attributes
    ----------
    known : what a reader knows of each cell as published, by itself.
    unknown : what remains known of it once it is withheld.
    required : width that its interval must keep; 0 where the count needs no protection.
    may_withhold : whether it is published at all, and can still be withheld.
    cost : what is lost with it; more for cells that readers need more.
    """

    known: Interval
    unknown: Interval
    required: Numbers
    may_withhold: Flags
    cost: Numbers


@dataclass(frozen=True)
class Suppression:
    """What is withheld beside the counts that are small themselves.

    Attributes
    ----------
    withheld : true for each complementary cell.
    known : what a reader knows of each cell in the end.
    exposed : cells that no suppression can protect; nothing around them may be published.
    """

    withheld: Flags
    known: Interval
    exposed: Places


def complementary(margins: Margins, cells: Cells) -> Suppression:
    """Choose complementary cells until every count that needs it is protected.

    Parameters
    ----------
    margins : the relations between the cells.
    cells : what is published of them and what they need.

    Returns
    -------
    The suppression; the intervals of all cells in ``cells.required`` were audited with it.
    """
    withheld = np.zeros(len(margins), dtype="bool")
    targets = np.flatnonzero(cells.required > 0)
    exposed: list[int] = []
    known = cells.known
    component = margins.components(_reach(cells, known))
    # What is withheld for one count only widens the intervals of the others: once each is enough.
    for target in margins.narrow(known, targets, cells.required):
        part = np.flatnonzero(component == component[target])
        opened = _cheapest(margins, cells, known, part, int(target))
        if opened is None:
            exposed.append(int(target))
        else:
            withheld[opened] = True
            known = _published(cells, withheld)
    for cell in np.flatnonzero(withheld)[np.argsort(-cells.cost[withheld], kind="stable")]:
        fewer = withheld.copy()
        fewer[cell] = False
        without = _published(cells, fewer)
        tied = np.setdiff1d(targets[component[targets] == component[cell]], exposed)
        if not len(margins.narrow(without, tied, cells.required, near=int(cell))):
            withheld, known = fewer, without
    return Suppression(withheld, known, np.asarray(exposed, dtype="int64"))


def _published(cells: Cells, withheld: Flags) -> Interval:
    return Interval(
        np.where(withheld, cells.unknown.low, cells.known.low),
        np.where(withheld, cells.unknown.high, cells.known.high),
    )


def _reach(cells: Cells, known: Interval) -> Interval:
    """Return the widest that a reader's knowledge can become: all that may be is withheld."""
    return Interval(
        np.where(cells.may_withhold, np.minimum(known.low, cells.unknown.low), known.low),
        np.where(cells.may_withhold, np.maximum(known.high, cells.unknown.high), known.high),
    )


def _cheapest(
    margins: Margins, cells: Cells, known: Interval, part: Places, target: int
) -> Places | None:
    """Return the cells to withhold so that one count's interval becomes wide enough.

    Variables: the two tables, then for each cell how far the farther of the two leaves what is
    shown. None where nothing helps; no cell where the interval is wide enough as it is.
    """
    size = len(part)
    low, high = margins.limits(known, part)
    wide_low, wide_high = margins.limits(_reach(cells, known), part)
    inside = np.isin(np.arange(len(margins)), part)
    rows = np.flatnonzero(abs(margins.matrix[:, part]).sum(axis=1) > 0)
    block = margins.matrix[rows]
    constant = margins.sums[rows] - block[:, ~inside] @ margins.exact[~inside]
    nothing = sparse.csr_matrix((len(rows), size))
    relations = sparse.bmat([[block[:, part], None, nothing], [None, block[:, part], nothing]])
    same = sparse.identity(size)
    zero = sparse.csr_matrix((size, size))
    place = int(np.searchsorted(part, target))
    apart = np.zeros(3 * size)
    apart[place], apart[size + place] = -1.0, 1.0
    leaving = sparse.bmat(
        [
            [same, zero, -same],
            [-same, zero, -same],
            [zero, same, -same],
            [zero, -same, -same],
            [sparse.csr_matrix(apart[None, :size]), apart[None, size : 2 * size], None],
        ]
    )
    found = linprog(
        np.concatenate([np.zeros(2 * size), cells.cost[part]]),
        A_ub=leaving,
        b_ub=np.concatenate([high, -low, high, -low, [-cells.required[target]]]),
        A_eq=relations,
        b_eq=np.concatenate([constant, constant]),
        bounds=np.column_stack(
            [
                np.concatenate([wide_low, wide_low, np.zeros(size)]),
                np.concatenate([wide_high, wide_high, np.full(size, np.inf)]),
            ]
        ),
        method="highs",
    )
    if found.status != 0:
        return None
    return np.asarray(part[found.x[2 * size :] > TOLERANCE], dtype="int64")
