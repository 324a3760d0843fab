"""Frames that were computed from protected counts: what is still checked, and what still applies.

Where all counts of an evaluation are protected before anything is computed from them, rates,
intervals and estimates need no protection of their own. A count that the profile could not show
proves that a frame was computed from something else, and refuses it. A profile's rules for rates
(too few events, precision) are about reading as much as about disclosure, and apply as ever.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from equieval.disclosure.columns import ROWS_NOT_PEOPLE, count_columns
from equieval.disclosure.protect import Protected, RateRule, marks_frame
from equieval.disclosure.suppression import CountRule
from equieval.errors import DisclosureRefused

_DRAWN_RATES = ("rate", "observed")
_BESIDE = ("ci_low", "ci_high", "std_error")


def accept_frame(
    data: pd.DataFrame, counting: CountRule, rates: RateRule, *, where: str
) -> Protected:
    """Return a frame computed from protected counts, with the rules for rates applied.

    Parameters
    ----------
    data : one row per cell.
    counting, rates : the profile's rules.
    where : page and artefact, for the message.

    Raises
    ------
    DisclosureRefused : a count in it is none that the profile can show.
    """
    for name in count_columns(data):
        if name in ROWS_NOT_PEOPLE:
            continue
        bad = np.flatnonzero(~counting.can_show(data[name]))
        if len(bad):
            raise DisclosureRefused(
                f"the column '{name}' holds a count that was not protected",
                where=f"{where}, row {bad[0] + 1}",
                remedy="compute the frame from page.observations, which are protected",
            )
    shown = data.copy()
    withheld: list[tuple[int, str, str, str]] = []
    for name in _DRAWN_RATES:
        if name not in data.columns or not {"numerator", "denominator"} <= set(data.columns):
            continue
        few = _too_few(data, name, rates)
        columns = [name, *(c for c in _BESIDE if c in data.columns and name == "rate")]
        for column in columns:
            gone = few & data[column].notna()
            shown[column] = shown[column].mask(gone)
            rows = np.flatnonzero(gone.to_numpy())
            mark, why = rates.withheld_mark, "too few events for a rate"
            withheld += [(int(row), column, mark, why) for row in rows]
        if rates.fine_denominator:
            shown[name] = _coarse(data, name, rates).mask(few)
    count = len(withheld)
    values = "1 value is" if count == 1 else f"{count} values are"
    notes = (f"{values} withheld: too few events for a rate.",) if count else ()
    return Protected(shown, marks_frame(withheld), marks_frame([]), notes)


def _too_few(data: pd.DataFrame, name: str, rule: RateRule) -> pd.Series:
    per = _constant(data, name)
    return (data["numerator"] < rule.withheld_under) & (per >= rule.only_per_at_least)


def _coarse(data: pd.DataFrame, name: str, rule: RateRule) -> pd.Series:
    """Round a proportion to the tenth or the whole of a percentage point, by its denominator."""
    fine = data["denominator"] >= rule.fine_denominator
    step = _constant(data, name) * np.where(fine, 0.001, 0.01)
    return (data[name] / step).round() * step


def _constant(data: pd.DataFrame, name: str) -> float:
    """Return what the rates of a frame are multiplied by; the usual largest where none tells."""
    events = data["numerator"].where(data["numerator"] > 0)
    middle = (data[name] * data["denominator"] / events).median()
    return 1000.0 if pd.isna(middle) else float(middle)
