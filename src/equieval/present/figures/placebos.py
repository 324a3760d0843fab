"""What is found where no effect can be, under the effect as reported."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from equieval.present.artefact import Picture
from equieval.present.figures.forests import forest

ELSEWHERE = "where no effect can be"


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
    title = _title(clear, len(others))
    return replace(picture, title=title, alt=f"{title}. {picture.alt}")


def _title(clear: int, total: int) -> str:
    """Return how many of the estimates show an effect that cannot be.

    >>> _title(0, 4)
    'None of the 4 estimates where no effect can be shows one'
    """
    if total == 1:
        return f"The one estimate {ELSEWHERE} {'shows one' if clear else 'shows none clearly'}"
    if not clear:
        return f"None of the {total} estimates {ELSEWHERE} shows one"
    return f"{clear} of {total} estimates {ELSEWHERE} {'shows' if clear == 1 else 'show'} one"
