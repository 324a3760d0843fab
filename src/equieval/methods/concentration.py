"""Concentration indices of rates over ranked groups, with errors from the groups' variances.

All are ``2 Σ s y (r − ½)``, with shares s, rates y and ridits r, over what their name says.
"""

from __future__ import annotations

import math

import numpy as np

from equieval.methods.gradient import (
    Array,
    Cells,
    Direction,
    Measured,
    by_normal,
    present,
    without_rounding,
)


def absolute_concentration_index(cells: Cells, direction: Direction) -> Measured:
    """``2 Σ s y (r − ½)``: at given shares a fixed multiple of the linear SII."""
    weights = _concentration_weights(cells)
    value, variance = present(cells)
    index = without_rounding(float(weights @ value), float(np.abs(weights) @ np.abs(value)))
    estimate = -direction.gradient * index
    std_error = math.sqrt(float(weights**2 @ variance))
    return by_normal(estimate, std_error, cells.z, "closed form")


def relative_concentration_index(cells: Cells, direction: Direction) -> Measured:
    """``2 Σ s y (r − ½) / μ``; delta method."""
    weights = _concentration_weights(cells)
    value, variance = present(cells)
    mean = float(cells.share @ value)
    if mean <= 0:
        return Measured.undefined("there are no events")
    index = float(weights @ value) / mean
    gradient = (weights - index * cells.share) / mean
    std_error = math.sqrt(float(gradient**2 @ variance))
    return by_normal(-direction.gradient * index, std_error, cells.z, "delta method")


def wagstaff_index(cells: Cells, direction: Direction) -> Measured:
    """The relative concentration index over its bound, ``RCI / (1 − μ)`` (Wagstaff 2005).

    Of a proportion μ; delta method. Undefined where the mean is no proportion.
    """
    weights = _concentration_weights(cells)
    value, variance = present(cells)
    mean = float(cells.share @ value)
    proportion = mean / cells.per
    if not 0 < proportion < 1:
        return Measured.undefined("the mean is no proportion above 0 and below 1")
    size = mean * (1 - proportion)
    index = float(weights @ value) / size
    gradient = (weights - index * (1 - 2 * proportion) * cells.share) / size
    std_error = math.sqrt(float(gradient**2 @ variance))
    return by_normal(-direction.gradient * index, std_error, cells.z, "delta method")


def erreygers_index(cells: Cells, direction: Direction) -> Measured:
    """``4 μ RCI`` of a proportion μ (Erreygers 2009): the same whether good or ill is counted."""
    found = absolute_concentration_index(cells, direction)
    mean = float(cells.share @ present(cells)[0])
    if not 0 <= mean / cells.per <= 1:
        return Measured.undefined("the mean is no proportion")
    scale = 4 / cells.per
    return by_normal(scale * found.estimate, scale * found.std_error, cells.z, "closed form")


def _concentration_weights(cells: Cells) -> Array:
    return np.asarray(2 * cells.share * (cells.ridit - 0.5))
