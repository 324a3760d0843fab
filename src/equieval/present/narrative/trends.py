"""What the periods before the start can tell, and what they cannot."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping

import pandas as pd

from equieval.present import numbers
from equieval.present.artefact import Statement, plain_frame, require
from equieval.present.wording import as_text, sentence

LEVEL = 0.05
"""A difference before the start that is rarer than this is not put down to chance."""


def pretrend_statement(data: pd.DataFrame, *, subject: str, unit: str) -> Statement:
    """Say what the test of the earlier periods found, and what it could have found.

    Failing to reject is never told as support: the drift that the test would miss is.

    Parameters
    ----------
    data : one row: ``statistic, df, p_value`` of the test that nothing differed before the
        start, ``slope_half, slope_most`` (the drift per ``block`` that the test finds in half
        and in 80% of cases) and ``reason``: why there is no test, or "".
    subject : the outcome or the gap in running text.
    """
    require(data, ("reason",), "pretrend_statement")
    row = data.iloc[0].to_dict()
    words = _tested(row, as_text(subject), as_text(unit))
    return Statement(" ".join(sentence(part) for part in words), plain_frame(data))


def _tested(row: Mapping[Hashable, object], subject: str, unit: str) -> list[str]:
    reason, chance = row.get("reason"), row.get("p_value")
    if (isinstance(reason, str) and reason) or numbers.is_missing(chance):
        why = f": {as_text(reason)}" if isinstance(reason, str) and reason else ""
        return [
            f"**whether the {subject} moved alike before the start cannot be tested**{why}",
            "the assumption rests on what is known of the places, and not on these data",
        ]
    share = share_of_cases(float(str(chance)))
    if float(str(chance)) < LEVEL:
        return [
            f"**the {subject} already moved differently before the start**: were the trends alike, "
            f"differences as large as those seen would arise in {share} of cases",
            "the comparison after the start is in doubt to that extent",
        ]
    return [
        f"**no difference in the {subject} before the start can be told from chance**: "
        f"were the trends alike, differences as large as those seen would arise in {share} of "
        "cases",
        _missed(row, unit),
    ]


def _missed(row: Mapping[Hashable, object], unit: str) -> str:
    """The drift that the test would have missed: why passing it is no support."""
    half, most = row.get("slope_half"), row.get("slope_most")
    if numbers.is_missing(half) or numbers.is_missing(most):
        return "that is no support for the comparison: what the test could have found is not known"
    block = str(row.get("block") or "period").replace("financial-year", "financial year")
    per = numbers.change_unit(unit)
    digits = numbers.decimals_for(half, most)
    sizes = [numbers.of_unit(numbers.number(abs(float(str(v))), digits), per)
             for v in (half, most)]  # fmt: skip
    return (
        f"that is no support for the comparison by itself: the test would miss a drift of "
        f"{sizes[0]} per {as_text(block)} in half of all cases, and one of {sizes[1]} in one case "
        "of five"
    )


def share_of_cases(p_value: float) -> str:
    """A p value as a share of cases, never as none."""
    return "under 1%" if p_value < 0.01 else numbers.percent(p_value)


def parallel_gap_statement(
    data: pd.DataFrame,
    *,
    gap: str,
    measure_unit: str,
    worst_off: str = "",
    held_against: str = "",
) -> Statement:
    """Say what the effect on the gap assumes, what was tested, and how far it may fail.

    Parameters
    ----------
    data : one row as for `pretrend_statement`, of the event study of the gap, and where there
        ``relative``: the breakdown value for relative magnitudes (0: lost even with parallel
        gaps; infinite: never within what was tried).
    gap : the gap in running text.
    worst_off, held_against : the two groups in running text, where the gap is between two.
    """
    require(data, ("reason",), "parallel_gap_statement")
    row = data.iloc[0].to_dict()
    name = as_text(gap)
    pair = [as_text(group) for group in (worst_off, held_against) if group]
    between = f" between {numbers.listing(pair)}" if len(pair) == 2 else ""
    parts = [
        f"the effect on the {name} assumes that the gap{between} would otherwise have changed "
        "alike where the intervention came and where it did not",
        "it does not need every group to have moved alike, only the distance between them",
        *_tested(row, name, as_text(measure_unit)),
    ]
    value = row.get("relative")
    if value is not None and value == value:
        parts.append(_breakdown(float(str(value))))
    return Statement(" ".join(sentence(part) for part in parts), plain_frame(data))


def _breakdown(value: float) -> str:
    if value == 0:
        return "even with exactly parallel gaps these data show no clear change"
    if math.isinf(value):
        return "the finding stands at every departure from parallel gaps that was tried"
    size = numbers.number(value, 2)
    return (
        f"the finding stands as long as gaps depart from parallel after the start by less than "
        f"{size} times their largest departure before it"
    )
