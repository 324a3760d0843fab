"""Frames that were computed from protected observations: what is still checked and marked.

Where all counts of an evaluation are protected before anything is computed from them, rates,
intervals and estimates need no protection of their own. A count that the profile could not show
proves that a frame was computed from something else, and refuses it. A profile's rules for rates
(too few events, precision) are about reading as much as about disclosure, and apply as ever; so
does the dominance of amounts, which no count tells.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from equieval.disclosure.columns import count_columns
from equieval.disclosure.dominance import CONTRIBUTIONS, SUM, Dominance
from equieval.disclosure.protect import MARK, Protected, RateRule, marks_frame
from equieval.disclosure.suppression import WITHHELD_MARK, CountRule
from equieval.errors import DisclosureRefused

_DRAWN_RATES = ("rate", "observed")
_BESIDE = ("ci_low", "ci_high", "std_error")
_FEW = "too few events for a rate"

_Marked = list[tuple[int, str, str, str]]


def accept_frame(
    data: pd.DataFrame,
    counting: CountRule,
    rates: RateRule,
    dominance: Dominance | None = None,
    *,
    where: str,
) -> Protected:
    """Return a frame computed from protected observations, with the rules for rates applied.

    Parameters
    ----------
    data : one row per cell; ``mark`` says of a row what its observations say
        (`equieval.data.Observations.strata`), and gets the marks of rates that are withheld here.
    counting, rates, dominance : the profile's rules.
    where : page and artefact, for the message.

    Raises
    ------
    DisclosureRefused : a count in it is none that the profile can show.
    """
    for name in count_columns(data):
        bad = np.flatnonzero(~counting.can_show(data[name]))
        if len(bad):
            raise DisclosureRefused(
                f"the column '{name}' holds a count that was not protected",
                where=f"{where}, row {bad[0] + 1}",
                remedy="compute the frame from page.observations, which are protected",
            )
    shown = data.copy()
    withheld = _marked(data, flags=False)
    flags = _marked(data, flags=True)
    for name in _DRAWN_RATES:
        if name not in data.columns or not {"numerator", "denominator"} <= set(data.columns):
            continue
        few = _too_few(data, name, rates)
        columns = [name, *(c for c in _BESIDE if c in data.columns and name == "rate")]
        for column in columns:
            gone = few & data[column].notna()
            shown[column] = shown[column].mask(gone)
            withheld += [(int(row), column, rates.withheld_mark, _FEW) for row in _places(gone)]
        gone = few & data[name].notna()
        if gone.any():
            shown = _with_marks(shown, gone, rates.withheld_mark)
        if rates.fine_denominator:
            shown[name] = _coarse(data, name, rates).mask(few)
    if SUM in data.columns:
        shown, dominated = _undominated(shown, dominance or Dominance())
        withheld += dominated
    count = len(withheld)
    values = "1 value is" if count == 1 else f"{count} values are"
    reasons = "; ".join(sorted({rule for _, _, _, rule in withheld}))
    notes = (f"{values} withheld: {reasons}.",) if count else ()
    return Protected(shown, marks_frame(withheld), marks_frame(flags), notes)


def _marked(data: pd.DataFrame, *, flags: bool) -> _Marked:
    """Return what the observations' own marks say: withheld values, or values with a flag."""
    if MARK not in data.columns:
        return []
    marks = data[MARK].fillna("").astype(str)
    chosen = (marks != "") & ((marks == RateRule.unreliable_mark) == flags)
    why = "it rests on few events" if flags else "too few people or events are behind it"
    column = next((name for name in (*_DRAWN_RATES, "estimate") if name in data.columns), MARK)
    return [(int(row), column, str(marks.iloc[row]), why) for row in _places(chosen)]


def _with_marks(data: pd.DataFrame, gone: pd.Series, mark: str) -> pd.DataFrame:
    before = data[MARK].fillna("") if MARK in data.columns else pd.Series("", index=data.index)
    return data.assign(**{MARK: before.astype("str").mask(gone, mark)})


def _undominated(data: pd.DataFrame, rule: Dominance) -> tuple[pd.DataFrame, _Marked]:
    """Withhold amounts that few units dominate, and take away what single units contribute."""
    missing = pd.Series(np.nan, index=data.index)
    first, second = (data.get(name, missing) for name in CONTRIBUTIONS)
    total = data[SUM].astype("float64")
    gone = pd.Series(rule.dominated(total, first, second), index=data.index) & total.notna()
    shown = data.assign(**{SUM: total.mask(gone)})
    shown = shown.drop(columns=[name for name in CONTRIBUTIONS if name in shown.columns])
    why = "one or two units make up nearly all of it"
    if gone.any():
        shown = _with_marks(shown, gone, WITHHELD_MARK)
    return shown, [(int(row), SUM, WITHHELD_MARK, why) for row in _places(gone)]


def _places(chosen: pd.Series) -> list[int]:
    return [int(place) for place in np.flatnonzero(chosen.to_numpy(dtype="bool"))]


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
