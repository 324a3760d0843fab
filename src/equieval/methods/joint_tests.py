"""Several effects at once where their errors were learnt from few units.

Each effect has a t statistic on its own degrees of freedom. A band for all of them, and a test
of them all, take the smallest p value (single-step min-P: Westfall & Young 1993, Resampling-Based
Multiple Testing, chapter 2), so that an effect that rests on four units gets a wider band and not
a say over the others (balanced: Beran 1988, J Am Stat Assoc 83:679). The distribution of that
smallest p value is drawn under the working model of the event study: means and variances of every
group of units, normal and Wishart, with the correlation that shared units and periods give them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from equieval.methods.honest import EventStudy

Array = npt.NDArray[np.float64]

#: Fewest degrees of freedom of an interval: what four units alone have against many others.
LEAST_DF: Final = 3.0
ALONE: Final = "a cohort of one unit stands behind it, and one unit does not show how it varies"
FLAT: Final = "no unit varies there"
TOO_FEW: Final = "too few units stand behind it to learn its error from"

#: Draws of the joint distribution: coverage of a 95 % band is certain to 0.3 points.
DRAWS: Final = 5_000
_CHUNK: Final = 250


@dataclass(frozen=True, eq=False)
class JointReference:
    """What the t statistics of an event study do together when nothing is there.

    ``df`` of each effect; ``p_values`` (draws × effects) of draws under the working model.
    """

    df: Array
    p_values: Array

    def critical(self, ci_level: float) -> Array:
        """Return the multiplier of each standard error by which all effects are held at once."""
        if self.p_values.shape[1] == 0:
            return np.zeros(0)
        level = float(np.quantile(self.p_values.min(axis=1), 1 - ci_level))
        return np.asarray(special.stdtrit(self.df, 1 - level / 2))

    def p_value(self, t_statistics: Array) -> float:
        """Return how rarely some effect would lie as far from 0 as the farthest one does."""
        smallest = float(_p_values(self.df, t_statistics).min())
        drawn = self.p_values.min(axis=1)
        return float((1 + (drawn <= smallest).sum()) / (1 + len(drawn)))


def withheld(study: EventStudy) -> list[str]:
    """Return for each effect why it has no interval, or "".

    An effect has none when one unit is all there is of a cohort or of the controls behind it,
    under ``LEAST_DF`` degrees of freedom, and where nothing varies. Degrees of freedom are here
    those of the design alone (as if periods were independent): nothing is shown or withheld
    because of how it came out.
    """
    if not study.parts:
        return [""] * len(study.estimates)
    found = []
    for place, row in enumerate(np.eye(len(study.estimates))):
        df = study.design_df(row)
        if not study.covariance[place, place] > 0:
            found.append(FLAT if df > 0 else ALONE)
        else:
            found.append(ALONE if df == 0 else TOO_FEW if df < LEAST_DF else "")
    return found


def shown_part(study: EventStudy) -> EventStudy:
    """Return the effects around the reference up to the first one withheld on either side."""
    why = withheld(study)
    first, last = study.n_before, study.n_before
    while first > 0 and not why[first - 1]:
        first -= 1
    while last < len(why) and not why[last]:
        last += 1
    return study.through(np.eye(len(why))[first:last], study.n_before - first)


def joint_reference(study: EventStudy, *, draws: int = DRAWS, seed: int = 1) -> JointReference:
    """Draw the reference of all effects of a study whose parts have a unit to spare each."""
    size = len(study.estimates)
    df = np.array([study.df(row) for row in np.eye(size)])
    rng = np.random.default_rng(seed)
    parts = [(_root(part.covariance), max(int(part.df), 1)) for part in study.parts if part.df > 0]
    found = []
    for begin in range(0, draws, _CHUNK):
        count = min(_CHUNK, draws - begin)
        deviation, variance = np.zeros((count, size)), np.zeros((count, size))
        for root, freedom in parts:
            deviation += rng.standard_normal((count, root.shape[1])) @ root.T
            variance += (
                ((_scatter(rng, count, root.shape[1], freedom) @ root.T) ** 2).sum(axis=1)
            ) / freedom
        found.append(_p_values(df, deviation / np.sqrt(variance)))
    return JointReference(df, np.vstack(found))


def _root(covariance: Array) -> Array:
    """Return a matrix whose square is ``covariance``, with as many columns as its rank."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-12 * max(float(values.max(initial=0.0)), 1e-300)
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))


def _scatter(rng: np.random.Generator, count: int, size: int, df: int) -> Array:
    """Return matrices A (rows × ``size``) with A'A Wishart on ``df``; Bartlett's when shorter."""
    if df <= size:
        return rng.standard_normal((count, df, size))
    upper = np.triu(rng.standard_normal((count, size, size)), 1)
    place = np.arange(size)
    upper[:, place, place] = np.sqrt(rng.chisquare(df - place, (count, size)))
    return np.asarray(upper)


def _p_values(df: Array, t_statistics: Array) -> Array:
    return np.asarray(2 * special.stdtr(df, -np.abs(t_statistics)))
