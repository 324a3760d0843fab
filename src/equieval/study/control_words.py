"""What control outcomes and placebo groups found, in words.

No interval proves that nothing happened: one that includes no effect is told by what it rules out.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from equieval.present import numbers
from equieval.study.control_outcomes import CONTROL_OUTCOME, ESTIMANDS, PLACEBO_GROUP
from equieval.study.words import measure_name, measure_unit

NONE_DECLARED = {
    CONTROL_OUTCOME: "No control outcome was declared beforehand.",
    PLACEBO_GROUP: "No placebo group was declared beforehand.",
}
RULED_OUT = (
    "An interval that includes no effect rules out effects beyond its ends, and no smaller ones."
)


def is_clear(rows: pd.DataFrame) -> pd.Series:
    """Return for each estimate whether it has an interval, and that leaves out no effect."""
    return (rows["ci_low"] > 0) | (rows["ci_high"] < 0)


def moved_where_none_can_be(estimates: pd.DataFrame) -> tuple[str, ...]:
    """Return the control outcomes and placebo groups whose interval leaves out no effect."""
    named = estimates["estimand"].str.partition(": ")[2].isin(list(ESTIMANDS.values()))
    moved = estimates[named & is_clear(estimates)]
    names = [str(note).partition(": ")[0] for note in moved["note"]]
    return tuple(dict.fromkeys(names))


def control_words(controls: pd.DataFrame) -> Iterator[str]:
    """Yield what each control found, as sentences; say so where none was declared.

    Parameters
    ----------
    controls : kind, label, measure and the Estimates columns.
    """
    for kind, none in NONE_DECLARED.items():
        rows = controls[controls["kind"] == kind]
        if rows.empty:
            yield none
        for label, own in rows.groupby("label", sort=False):
            said = [
                f"{measure_name(str(row['measure']))} {_found(row)}"
                for row in own.to_dict("records")
            ]
            yield f"{kind.capitalize()} '{label}': {'; '.join(said)}."
    bounded = controls.dropna(subset=["ci_low", "ci_high"])
    if bounded.empty:
        return
    clear = int(is_clear(bounded).sum())
    if not clear:
        yield RULED_OUT
    else:
        yield (
            f"{clear} of {len(bounded)} {'leaves' if clear == 1 else 'leave'} out no effect, where "
            "none can be" + ("; chance alone gives one in twenty." if len(bounded) > 1 else ".")
        )


def reading(row: Mapping[Hashable, Any]) -> str:
    """Return what an estimate says where no effect can be, or why it says nothing."""
    why = str(row["note"]).partition(": ")[2]
    if pd.isna(row["estimate"]):
        return f"Cannot be estimated: {why}"
    if pd.isna(row["ci_low"]):
        return f"No interval: {why}" if why else "No interval"
    if row["ci_low"] > 0 or row["ci_high"] < 0:
        return "An effect where none can be"
    if math.isinf(row["ci_low"]) or math.isinf(row["ci_high"]):
        return "The interval has no end, so it rules nothing out"
    return "No clear effect"


def _found(row: Mapping[Hashable, Any]) -> str:
    """Return one estimate with its unit and interval, or why it says nothing."""
    said = reading(row)
    said = said[:1].lower() + said[1:]
    if pd.isna(row["estimate"]):
        return said
    unit = numbers.change_unit(measure_unit(str(row["measure"]), str(row["outcome"])))
    found = numbers.of_unit(numbers.change(row["estimate"]), unit)
    if numbers.is_missing(row["ci_low"]) or numbers.is_missing(row["ci_high"]):
        return f"{found} ({said})"
    return f"{found} (95% interval {numbers.interval(row['ci_low'], row['ci_high'], signed=True)})"
