"""Measures of inequality as functions of the strata's values, with their gradients.

Values run from the most to the least deprived stratum; positive (or a ratio above 1) is worse
for the most deprived, whatever the indicator's polarity. Formulas as in
``equieval.methods.inequality``, with shares held fixed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from equieval.errors import InputError, did_you_mean, one_of
from equieval.methods.gradient import slope_weights

Array = npt.NDArray[np.float64]
Polarity = Literal["low", "high"]

#: A measure of values by stratum (most to least deprived, signed so that high is worse) with
#: its gradient; shares and ridits come after the values.
Functional = Callable[[Array, Array, Array], tuple[float, Array]]


def measure_functional(name: str, polarity: Polarity = "low") -> tuple[str, Functional]:
    """Return the scale of a measure, and the measure itself, turned round where high is good.

    Raises ``InputError`` for a measure that is not among ``MEASURES``, and for an unknown polarity.
    """
    one_of(polarity, get_args(Polarity), "polarity")
    if name not in _FUNCTIONALS:
        raise InputError(
            f"There is no effect on the measure {name!r}.",
            where="effect on inequality",
            remedy=did_you_mean(name, _FUNCTIONALS),
        )
    scale, functional = _FUNCTIONALS[name]
    return scale, _high_is_good(functional, name) if polarity == "high" else functional


def ridits_of(shares: Array) -> Array:
    """Return the mean rank of each stratum, from the most deprived on."""
    return np.asarray(np.cumsum(shares) - shares / 2)


def _gap(y: Array, _shares: Array, _ridits: Array) -> tuple[float, Array]:
    gradient = np.zeros(len(y))
    gradient[0], gradient[-1] = 1.0, -1.0
    return float(y[0] - y[-1]), gradient


def _ratio(y: Array, _shares: Array, _ridits: Array) -> tuple[float, Array]:
    return _quotient(np.eye(len(y))[0], np.eye(len(y))[-1], y)


def _sii(y: Array, shares: Array, ridits: Array) -> tuple[float, Array]:
    gradient = -slope_weights(shares, ridits)
    return float(gradient @ y), gradient


def _rii(y: Array, shares: Array, ridits: Array) -> tuple[float, Array]:
    slope = slope_weights(shares, ridits)
    return _quotient(shares - slope / 2, shares + slope / 2, y)


def _absolute_concentration(y: Array, shares: Array, ridits: Array) -> tuple[float, Array]:
    gradient = -2 * shares * (ridits - 0.5)
    return float(gradient @ y), gradient


def _relative_concentration(y: Array, shares: Array, ridits: Array) -> tuple[float, Array]:
    return _quotient(-2 * shares * (ridits - 0.5), shares, y, positive_top=False)


def _quotient(
    top: Array, bottom: Array, y: Array, *, positive_top: bool = True
) -> tuple[float, Array]:
    above, below = float(top @ y), float(bottom @ y)
    if below <= 0 or (positive_top and above <= 0):
        return math.nan, np.full(len(y), np.nan)
    return above / below, top / below - above / below**2 * bottom


_FUNCTIONALS: Final[dict[str, tuple[str, Functional]]] = {
    "gap": ("absolute", _gap),
    "ratio": ("relative", _ratio),
    "sii": ("absolute", _sii),
    "rii": ("relative", _rii),
    "concentration-index-absolute": ("absolute", _absolute_concentration),
    "concentration-index-relative": ("relative", _relative_concentration),
}


def _high_is_good(functional: Functional, name: str) -> Functional:
    """Turn a measure round where high is good: differences change sign, ratios invert."""

    def turned(y: Array, shares: Array, ridits: Array) -> tuple[float, Array]:
        value, gradient = functional(y, shares, ridits)
        if name in ("ratio", "rii"):
            return 1 / value, -gradient / value**2
        return -value, -gradient

    return turned


#: Measures whose effect can be had, in the order in which they are shown.
MEASURES: Final = tuple(_FUNCTIONALS)
