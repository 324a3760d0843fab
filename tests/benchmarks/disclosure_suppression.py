"""Secondary suppression of 200 cells with 6 kinds of margin, against its limit of 5 seconds.

    python tests/benchmarks/disclosure_suppression.py

Twenty trusts by ten deciles; margins: row, column, total, fifths, local systems, and fifths by
local system. Prints the seconds for exact and for rounded publication and fails over the limit.
"""

from __future__ import annotations

import itertools
import sys
import time

import numpy as np
import pandas as pd

from equieval.disclosure.bounds import Interval, Margins
from equieval.disclosure.complementary import Cells, complementary
from equieval.disclosure.hierarchy import Hierarchy, relations

LIMIT = 5.0
TRUSTS, DECILES, THRESHOLD = 20, 10, 7


def margins_of(mean: float, seed: int = 1) -> tuple[Margins, np.ndarray]:
    """Return a table of Poisson counts with all its margins."""
    inner = np.random.default_rng(seed).poisson(mean, (TRUSTS, DECILES)).astype(float)
    trusts = {f"t{n}": f"s{n // 5}" for n in range(TRUSTS)}
    deciles = {f"d{n}": f"f{n // 2}" for n in range(DECILES)}
    one = Hierarchy.of_groups("unit", trusts, "all")
    two = Hierarchy.of_groups("stratum", deciles, "all")
    units = [*trusts, *dict.fromkeys(trusts.values()), "all"]
    strata = [*deciles, *dict.fromkeys(deciles.values()), "all"]
    members = [members_of(name, trusts) for name in units]
    levels = [members_of(name, deciles) for name in strata]
    values = [inner[np.ix_(r, c)].sum() for r, c in itertools.product(members, levels)]
    cells = pd.DataFrame(list(itertools.product(units, strata)), columns=["unit", "stratum"])
    exact = np.array(values)
    return Margins(exact, relations(cells, [one, two])), exact


def members_of(name: str, groups: dict[str, str]) -> list[int]:
    """Return the positions of the levels that a name stands for."""
    return [n for n, (level, group) in enumerate(groups.items()) if name in (level, group, "all")]


def cells_of(exact: np.ndarray, *, rounded: bool) -> Cells:
    """Publish every count but the small ones, as it is or to the nearest five."""
    small = (exact > 0) & (exact <= THRESHOLD)
    shown = np.floor(exact / 5 + 0.5) * 5 if rounded else exact
    slack = np.where(rounded & (exact > 0), 2.0, 0.0)
    low = np.where(small, 1.0, np.maximum(shown - slack, 0.0))
    return Cells(
        known=Interval(low, np.where(small, np.inf, shown + slack)),
        unknown=Interval(np.minimum(exact, 1.0), np.full(len(exact), np.inf)),
        required=np.where(small, float(THRESHOLD), 0.0),
        may_withhold=~small & (exact > 0),
        cost=1.0 + np.log1p(exact),
    )


def main() -> int:
    """Time both kinds of publication; return 1 where one takes too long."""
    slow = 0
    for rounded in (False, True):
        margins, exact = margins_of(mean=8.0)
        cells = cells_of(exact, rounded=rounded)
        began = time.perf_counter()
        found = complementary(margins, cells)
        seconds = time.perf_counter() - began
        slow += seconds > LIMIT
        kind = "rounded to 5" if rounded else "exact counts"
        few, more = int((cells.required > 0).sum()), int(found.withheld.sum())
        sys.stdout.write(
            f"{kind}: {few} small, {more} more withheld, {seconds:.2f} s (limit {LIMIT} s)\n"
        )
    return int(slow > 0)


if __name__ == "__main__":
    sys.exit(main())
