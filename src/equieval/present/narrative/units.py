"""Several units of one series: what they say together, and whether they move together."""

from __future__ import annotations

import pandas as pd

from equieval.present import numbers
from equieval.present.artefact import Statement, plain_frame, require
from equieval.present.narrative.trends import LEVEL
from equieval.present.wording import as_text, sentence

_NEEDED = ("estimate", "ci_low", "ci_high", "n_units", "refused", "correlation", "p_value")


def units_statement(data: pd.DataFrame, *, subject: str) -> Statement:
    """Say whom the headline and the pooled effect are about, and whether the latter may stand.

    Parameters
    ----------
    data : one row, of the pooled effect in the typical unit: ``estimate, ci_low, ci_high``,
        ``n_units`` in all, how many of them were ``refused``, the mean ``correlation`` between
        units of what their own models leave over, and its ``p_value``; missing where there is
        none.
    subject : the outcome or the gap in running text.
    """
    require(data, _NEEDED, "units_statement")
    row = data.iloc[0].to_dict()
    units, refused = int(row["n_units"]), int(row["refused"])
    parts = [
        f"**unit by unit**: the headline is the effect on the {as_text(subject)} in the sum of all "
        f"{units} units, so that each person counts the same",
        "here each unit is fitted by itself and the effects are pooled, and a mixed model fits all "
        "of them at once: both are about the typical unit, so they part from the headline where "
        "large units changed otherwise than small ones",
    ]
    if refused:
        parts.append(
            f"the series of {refused} of the {units} units cannot carry the model; the table says "
            "why"
        )
    if numbers.is_missing(row["p_value"]):
        parts.append("whether the units move together cannot be tested")
    else:
        parts += _together(float(row["correlation"]), float(row["p_value"]))
    parts.append("none of this decides the verdict")
    return Statement(" ".join(sentence(part) for part in parts), plain_frame(data))


def _together(correlation: float, p_value: float) -> list[str]:
    chance = "p below 0.001" if p_value < 0.001 else f"p = {numbers.number(p_value, 3)}"
    found = f"mean correlation {numbers.number(correlation, 2)}"
    test = f"{found}, Pesaran's test {chance}"
    if correlation <= 0 or p_value >= LEVEL:
        return [
            "pooled intervals take the units to be independent; nothing shows that they move "
            f"together beyond what their own models say ({found if correlation <= 0 else test}), "
            "which does not prove that they do not"
        ]
    return [
        f"**the units move together beyond what their own models say** ({test}): something hit "
        "many of them at once, and intervals that take them to be independent would be too "
        "narrow, so none is given over units",
        "the series of their sum carries such shocks; a comparison series would take them away",
    ]
