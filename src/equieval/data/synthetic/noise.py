"""Random streams, autoregressive shocks and counts: the chance in synthetic data.

Each purpose (births, shocks, coding, …) has a stream of its own, made from the seed and the
purpose's name, so that switching one thing on leaves all other draws as they were. The bit
generator is PCG64, whose stream is the same on every platform; probabilities are rounded to
twelve decimals before counts are drawn, so that a last bit that differs between processors
does not reach a count.
"""

from __future__ import annotations

import zlib

import numpy as np

from equieval.data.synthetic.record import Array, Counts

_DECIMALS = 12
_LARGEST_CORRELATION = 0.5


def rounded(values: Array) -> Array:
    """Return values without the last digits, in which processors differ; no negative zero."""
    return np.asarray(np.round(values, 10) + 0.0)


def stream(seed: int, *purpose: str) -> np.random.Generator:
    """Return the random stream of one purpose; other purposes do not move it."""
    name = zlib.crc32("/".join(purpose).encode())
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, name])))


def autoregression(
    random: np.random.Generator,
    periods: int,
    phi: float,
    deviation: float,
    series: tuple[int, ...] = (),
) -> Array:
    """Draw stationary AR(1) series with the given marginal standard deviation.

    Returns an array ``periods × series``: along the first axis ``x_t = φ x_{t−1} + √(1−φ²) ε_t``.
    """
    shocks = random.normal(0.0, 1.0, (periods, *series))
    drawn = np.empty_like(shocks)
    drawn[0] = shocks[0]
    scale = np.sqrt(1.0 - phi**2)
    for time in range(1, periods):
        drawn[time] = phi * drawn[time - 1] + scale * shocks[time]
    return np.asarray(deviation * drawn)


def draw_events(
    random: np.random.Generator, size: Counts, probability: Array, dispersion: float = 1.0
) -> Counts:
    """Draw events among ``size``, binomial or beta-binomial.

    ``dispersion`` is the variance as a multiple of the binomial one. In cells so small that the
    multiple cannot be reached, individuals are correlated by 0.5 at most.
    """
    probability = np.round(probability, _DECIMALS)
    if dispersion > 1.0:
        correlation = np.minimum((dispersion - 1.0) / np.maximum(size - 1, 1), _LARGEST_CORRELATION)
        precision = 1.0 / correlation - 1.0
        drawn = random.beta(probability * precision, (1.0 - probability) * precision)
        probability = np.round(drawn, _DECIMALS)
    return np.asarray(random.binomial(size, probability), dtype=np.int64)
