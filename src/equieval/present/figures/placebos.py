"""What is found where no effect can be, under the effect as reported."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from equieval.present.artefact import Picture
from equieval.present.figures.forests import forest

ELSEWHERE = "Where no effect can be"


def placebo_forest(
    data: pd.DataFrame,
    *,
    quantity: str,
    unit: str = "",
    below: str = "a decrease",
    above: str = "an increase",
    population: str = "",
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """The reported effect, and under it those of placebo starts, control outcomes and groups.

    Parameters
    ----------
    data : as `forest` takes it; ``primary`` is true for the effect as reported, the other rows
        are where no effect can be. The title counts those whose interval leaves out none.
    quantity, unit, below, above : as `forest` takes them.
    """
    picture = forest(
        data,
        quantity=quantity,
        unit=unit,
        below=below,
        above=above,
        population=population,
        source=source,
        synthetic=synthetic,
    )
    others = data[~data["primary"].astype(bool)]
    clear = int(((others["ci_low"] > 0) | (others["ci_high"] < 0)).sum())
    title = _title(clear, len(others), int(others["estimate"].isna().sum()))
    return replace(picture, title=title, alt=f"{title}. {picture.alt}")


def _title(clear: int, total: int, lacking: int = 0) -> str:
    """Return how many of the checks show an effect that cannot be; ``lacking`` give no estimate.

    >>> _title(1, 3, 1)
    'Where no effect can be, 1 of 3 checks shows one; 1 gives no estimate'
    """
    if total == 1:
        found = "shows one" if clear else "gives no estimate" if lacking else "shows none clearly"
        return f"{ELSEWHERE}, the one check {found}"
    shows = f"none of {total} checks shows" if not clear else f"{clear} of {total} checks show"
    without = f"; {lacking} {'gives' if lacking == 1 else 'give'} no estimate" if lacking else ""
    return f"{ELSEWHERE}, {shows}{'s' if clear == 1 else ''} one{without}"
