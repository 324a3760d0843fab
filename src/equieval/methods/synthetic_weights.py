"""Weights of synthetic difference-in-differences, for one outcome or several strata at once.

Arkhangelsky et al. (2021, Am Econ Rev 111:4088): controls weighted to move as the treated did
before exposure, with a ridge penalty, and earlier periods weighted to stand for the later ones.
With several strata one set of each is found for all of them (every stratum with its own level),
so that differences between strata come from one counterfactual. Both are least squares on the
simplex, which a single non-negative least-squares problem solves exactly: among all multiples of
a point of the simplex the best one has a sum that falls with its distance alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

Array = npt.NDArray[np.float64]

#: The time weights' penalty, in units of the noise: there only to make them unique.
_TIME_RIDGE: Final = 1e-6


def simplex_weights(A: Array, b: Array, penalty: float) -> Array:
    """Return ``w ≥ 0`` with sum 1 that minimises ``|A w − b|² + penalty · |w|²``."""
    size = A.shape[1]
    distance = np.vstack([A - b[:, None], np.sqrt(penalty) * np.eye(size)])
    triangle = np.asarray(np.linalg.qr(distance, mode="r"), dtype=float)
    scale = float(np.abs(triangle).max())
    if not scale > 0:
        return np.full(size, 1 / size)
    system = np.vstack([triangle / scale, np.ones((1, size))])
    target = np.zeros(len(system))
    target[-1] = 1.0
    found = np.asarray(nnls(system, target, maxiter=30 * size)[0], dtype=float)
    return np.asarray(found / found.sum())


def treated_mean(values: Array, treated: npt.NDArray[np.intp], sizes: Array | None = None) -> Array:
    """Return the treated units' mean, strata × periods: each the same, or by ``sizes``.

    ``values`` is strata × units × periods, ``sizes`` strata × units.
    """
    if sizes is None:
        return np.asarray(values[:, treated].mean(axis=1))
    share = sizes[:, treated] / sizes[:, treated].sum(axis=1, keepdims=True)
    return np.asarray((values[:, treated] * share[:, :, None]).sum(axis=1))


def synthetic_effects(
    values: Array,
    treated: npt.NDArray[np.intp],
    controls: npt.NDArray[np.intp],
    n_before: int,
    sizes: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Return effects by stratum (K), unit weights (controls) and time weights (``n_before``).

    ``values`` is strata × units × periods, the first ``n_before`` of them before exposure;
    ``sizes`` (strata × units) weigh the treated units in the mean that the controls imitate.
    """
    n_after = values.shape[2] - n_before
    donors, target = values[:, controls], treated_mean(values, treated, sizes)
    before, after = donors[:, :, :n_before], donors[:, :, n_before:].mean(axis=2)
    steps = np.diff(before, axis=2).reshape(len(values), -1)
    noise = float((steps.var(axis=1, ddof=1)).mean())
    ridge = np.sqrt(len(treated) * n_after) * noise * len(values) * n_before

    aim = target[:, :n_before]
    units = simplex_weights(
        _stack((before - before.mean(axis=2, keepdims=True)).transpose(0, 2, 1)),
        (aim - aim.mean(axis=1, keepdims=True)).ravel(),
        ridge,
    )
    times = simplex_weights(
        _stack(before - before.mean(axis=1, keepdims=True)),
        (after - after.mean(axis=1, keepdims=True)).ravel(),
        _TIME_RIDGE**2 * noise * len(values) * len(controls),
    )
    own = target[:, n_before:].mean(axis=1) - aim @ times
    theirs = (after - before @ times) @ units
    return np.asarray(own - theirs), units, times


def placebo_sets(
    n_controls: int, size: int, limit: int, seed: int
) -> tuple[list[npt.NDArray[np.intp]], bool]:
    """Return sets of controls that stand in for the treated, and whether they are all there are."""
    if comb(n_controls, size) <= limit:
        rows: Iterator[tuple[int, ...]] = combinations(range(n_controls), size)
        return [np.array(row, dtype=np.intp) for row in rows], True
    rng = np.random.default_rng(seed)
    return [
        np.sort(rng.permutation(n_controls)[:size]).astype(np.intp) for _ in range(limit)
    ], False


def placebo_effects(
    values: Array,
    controls: npt.NDArray[np.intp],
    sets: list[npt.NDArray[np.intp]],
    n_before: int,
    sizes: Array | None = None,
) -> Array:
    """Return the effects (sets × strata) of treatments that never were, among the controls."""
    found = np.empty((len(sets), len(values)))
    for number, chosen in enumerate(sets):
        rest = np.delete(controls, chosen)
        found[number] = synthetic_effects(values, controls[chosen], rest, n_before, sizes)[0]
    return found


def _stack(by_stratum: Array) -> Array:
    return np.asarray(by_stratum.reshape(-1, by_stratum.shape[2]))
