"""The catalogue of indicators: what is counted, over what, and what to beware of.

>>> indicator("stillbirth").unit
'stillbirths per 1,000 total births'
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from equieval.errors import ParametersError, did_you_mean
from equieval.protocol.catalogue.births import BIRTH_OUTCOMES
from equieval.protocol.catalogue.care import CARE, DATA_QUALITY
from equieval.protocol.catalogue.mortality import MORTALITY
from equieval.protocol.catalogue.rows import Indicator
from equieval.protocol.catalogue.workforce import WORKFORCE
from equieval.protocol.periods import MONTHS, Frequency

INDICATORS: Mapping[str, Indicator] = MappingProxyType(
    {row.id: row for row in (*MORTALITY, *BIRTH_OUTCOMES, *CARE, *DATA_QUALITY, *WORKFORCE)}
)


def indicator(id: str) -> Indicator:
    """Return an indicator of the catalogue.

    Raises
    ------
    ParametersError : the catalogue has no such indicator; the message suggests one.
    """
    try:
        return INDICATORS[id]
    except KeyError:
        raise ParametersError(
            f"unknown indicator '{id}'",
            where="indicator catalogue",
            remedy=did_you_mean(id, INDICATORS),
        ) from None


def shortest_frequencies(window: int) -> tuple[Frequency, ...]:
    """Return the frequencies whose periods are at least ``window`` months long."""
    return tuple(name for name, months in MONTHS.items() if months >= window)


def rolling_window_trap(window: int, frequency: Frequency) -> str:
    """Say why values that cover ``window`` months cannot be analysed at a frequency.

    Neighbouring values of a rolling rate share most of their months, which builds
    autocorrelation in and makes every interval too narrow.

    Returns
    -------
    The remedy in words; empty when the periods are long enough.
    """
    if MONTHS[frequency] >= window:
        return ""
    allowed = shortest_frequencies(window)
    if not allowed:
        return (
            f"each published value pools {window} months: no supported frequency keeps the "
            "periods apart; use the counts of single periods and say so with 'window'"
        )
    return (
        f"aggregate to periods of {window} months or more and set data.frequency to one of: "
        f"{', '.join(allowed)}; or, if these rows are counts of single periods, say so with "
        "'window'"
    )
