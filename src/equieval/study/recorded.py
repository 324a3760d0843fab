"""The periods that are recorded of an outcome, and why there may be none."""

from __future__ import annotations

import pandas as pd

from equieval.data import Observations
from equieval.disclosure.protect import MARK
from equieval.errors import DesignError


def recorded_periods(observations: Observations, outcome: str) -> pd.PeriodIndex:
    """Return the periods from the first with figures of an outcome to the last, with gaps.

    Raises
    ------
    DesignError : no unit has a rate in any period, because nothing is recorded, or because the
        disclosure profile withholds all of it.
    """
    cells = observations.overall(outcome)
    if cells["rate"].notna().any():
        return observations.periods(outcome)
    if MARK in cells and (cells[MARK] != "").any() and observations.protection is not None:
        raise DesignError(
            f"all figures of '{outcome}' are withheld under the disclosure profile "
            f"'{observations.protection.profile}'",
            where="disclosure.profile",
            remedy="use fewer groups or longer periods, so that each count is larger and not "
            "everybody, or nobody, in a group has the event; or choose another outcome",
        )
    raise DesignError(
        f"no figures are recorded for '{outcome}'",
        where="outcomes.primary.indicator",
        remedy="name a source that provides its numerator and denominator",
    )
