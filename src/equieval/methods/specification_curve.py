"""The specification curve: one question, every defensible way of asking it, side by side.

Simonsohn, Simmons & Nelson (2020, Nat Hum Behav 4:1208): estimates ordered by size, each with
the choices behind it. The specifications are not independent of each other, so the shares in the
summary describe the set that was looked at; they are no test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from equieval.errors import DesignError, InputError
from equieval.methods.contrasts import Contrast
from equieval.methods.panel import require_columns

_WHERE: Final = "specification curve"
_NUMBERS: Final = ("estimate", "ci_low", "ci_high", "std_error")


@dataclass(frozen=True)
class Specification:
    """One way of asking: the choices made (column: value) and the estimate, or what gives it."""

    choices: Mapping[str, object]
    estimate: Contrast | Callable[[], Contrast]


@dataclass(frozen=True, eq=False)
class SpecificationCurve:
    """The ordered estimates and what they have in common.

    ``table`` has ``rank, estimate, ci_low, ci_high, std_error``, the choices, and ``note``: ranks
    from the smallest estimate up; a specification that could not be estimated comes last,
    without rank or numbers, with the reason in ``note``. ``share_same_sign`` is the share of
    estimates with the median's sign, ``share_excluding_0`` that of intervals without 0 (or 1, for
    ratios) in them; both are of the ``n_estimated`` specifications.
    """

    table: pd.DataFrame
    median: float
    share_same_sign: float
    share_excluding_0: float
    n_estimated: int
    n_refused: int


def specification_curve(
    specifications: Iterable[Specification] | pd.DataFrame, *, no_effect: float = 0.0
) -> SpecificationCurve:
    """Order the specifications by their estimates and sum them up.

    A data frame has ``estimate, ci_low, ci_high, std_error`` and any other columns as choices
    (``note`` is kept as such; rows without an estimate are refused ones). ``no_effect`` is 1 for
    ratios. Raises ``InputError`` where nothing could be estimated, for specifications with
    different choices, and where two have the same.
    """
    table = (
        _given(specifications)
        if isinstance(specifications, pd.DataFrame)
        else _estimated(specifications)
    )
    choices = [name for name in table.columns if name not in (*_NUMBERS, "note")]
    if choices and table.duplicated(choices).any():
        row = table.loc[table.duplicated(choices), choices].iloc[0]
        raise InputError(
            "Two specifications make the same choices: "
            + ", ".join(f"{name} = {value}" for name, value in row.items())
            + ".",
            where=_WHERE,
            remedy="List each specification once, or name the choice in which they differ.",
        )
    known = np.isfinite(table["estimate"].to_numpy(float))
    if not known.any():
        raise InputError(
            "No specification could be estimated.",
            where=_WHERE,
            remedy="Look at the reasons of the refusals; these data cannot say.",
        )
    order = table["estimate"].where(known).sort_values(kind="stable", na_position="last").index
    table = table.loc[order].reset_index(drop=True)
    n_estimated = int(known.sum())
    ranks = [*range(1, n_estimated + 1), *[None] * (len(table) - n_estimated)]
    table.insert(0, "rank", pd.Series(ranks, dtype="Int64"))
    found = table.iloc[:n_estimated]
    median = float(found["estimate"].median())
    same = np.sign(found["estimate"] - no_effect) == np.sign(median - no_effect)
    apart = (found["ci_low"] > no_effect) | (found["ci_high"] < no_effect)
    return SpecificationCurve(
        table=table[["rank", *_NUMBERS, *choices, "note"]],
        median=median,
        share_same_sign=float(same.mean()),
        share_excluding_0=float(apart.mean()),
        n_estimated=n_estimated,
        n_refused=len(table) - n_estimated,
    )


def _estimated(specifications: Iterable[Specification]) -> pd.DataFrame:
    records: list[dict[str, object]] = []
    names: list[str] | None = None
    for specification in specifications:
        choices = {str(name): value for name, value in specification.choices.items()}
        if names is not None and set(choices) != set(names):
            raise InputError(
                "The specifications do not name the same choices: "
                + ", ".join(sorted(set(choices) ^ set(names)))
                + ".",
                where=_WHERE,
                remedy="Give every specification a value for every choice.",
            )
        names = names or list(choices)
        try:
            given = specification.estimate
            contrast = given() if callable(given) else given
            row = contrast.as_row()
            numbers = {name: row[name] for name in _NUMBERS}
            records.append({**numbers, **choices, "note": ""})
        except DesignError as refusal:
            records.append({**dict.fromkeys(_NUMBERS, math.nan), **choices, "note": refusal.what})
    return pd.DataFrame(records, columns=[*_NUMBERS, *(names or ()), "note"])


def _given(frame: pd.DataFrame) -> pd.DataFrame:
    require_columns(frame, _NUMBERS, _WHERE)
    table = frame.reset_index(drop=True)
    return table if "note" in table else table.assign(note="")
