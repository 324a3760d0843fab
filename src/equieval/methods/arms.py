"""Errors learnt from two arms: the clusters that are exposed, and the others.

Each arm shows by itself how its clusters vary (Welch 1938, Biometrika 29:350), and so well as it
has clusters to spare (Satterthwaite 1946, Biometrics Bull 2:110): five exposed clusters beside
forty others know little more than five do. With one start, one number for each cluster and every
cluster alike, that is Welch's t test on the change of each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equieval.methods.contrasts import Contrast, t_contrast

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Arms:
    """The clusters of a comparison by arm, and how well each arm shows how it varies.

    ``exposed`` names the arm of every cluster; ``correction`` and ``df`` are those of the exposed
    and of the others: what sums of squares of influence are multiplied with, and the degrees of
    freedom of that. An arm of one cluster shows nothing: both are missing.
    """

    exposed: npt.NDArray[np.bool_]
    correction: tuple[float, float]
    df: tuple[float, float]

    @classmethod
    def of(
        cls,
        exposed: npt.NDArray[np.bool_],
        weights: Array,
        slopes: tuple[int, int] = (0, 0),
        *,
        corrected: float = 1.0,
    ) -> Arms:
        """Return the arms whose clusters count by ``weights`` in the mean of their arm.

        ``slopes`` are the coefficients of covariates that were fitted to each arm, ``corrected``
        the factor that squared influence has in it already.
        """
        known = [
            spread_of_mean(weights[arm], fitted)
            for arm, fitted in zip((exposed, ~exposed), slopes, strict=True)
        ]
        correction = (known[0][0] / corrected, known[1][0] / corrected)
        return cls(exposed, correction, (known[0][1], known[1][1]))

    def unbiased(self, influence: Array) -> Array:
        """Scale what clusters contribute (rows), so that sums of squares are variances."""
        factor = np.sqrt(np.where(self.exposed, *self.correction))
        return np.asarray(factor[:, None] * influence if influence.ndim > 1 else factor * influence)

    def parts(self, influence: Array) -> tuple[Array, Array]:
        """Return the covariance that each arm adds, of unbiased ``influence`` (clusters × k)."""
        exposed, others = influence[self.exposed], influence[~self.exposed]
        return exposed.T @ exposed, others.T @ others

    def contrast(self, estimate: float, influence: Array, ci_level: float = 0.95) -> Contrast:
        """Return an estimate with its interval from its unbiased influence, one per cluster.

        Where an arm shows nothing there is no interval.
        """
        variances = [float(part[0, 0]) for part in self.parts(influence[:, None])]
        total = sum(variances)
        if not total > 0:
            return t_contrast(estimate, math.nan if math.isnan(total) else 0.0, ci_level=ci_level)
        known = sum(part**2 / df for part, df in zip(variances, self.df, strict=True))
        return t_contrast(estimate, math.sqrt(total), total**2 / known, ci_level=ci_level)

    def test(self, estimates: Array, influence: Array) -> tuple[float, float]:
        """Test that estimates are all 0: the F statistic and its second degrees of freedom.

        ``influence`` (clusters × estimates) is unbiased. The first degrees of freedom are the
        number of estimates. Hotelling's test for arms that vary unlike each other (Krishnamoorthy
        & Yu 2004, Stat Probab Lett 66:161). The second are not positive where there are too few
        clusters for so many estimates.
        """
        size = len(estimates)
        parts = self.parts(influence)
        joint = np.linalg.pinv(parts[0] + parts[1], hermitian=True)
        known = 0.0
        for part, df in zip(parts, self.df, strict=True):
            share = part @ joint
            known += (float(np.trace(share @ share)) + float(np.trace(share)) ** 2) / df
        freedom = (size + size**2) / known
        within = freedom - size + 1
        return float(estimates @ joint @ estimates) * within / (freedom * size), within


def spread_of_mean(weights: Array, slopes: int = 0) -> tuple[float, float]:
    """Return how a weighted mean's variance is learnt from the units behind it.

    The factor that makes the sum of their squared influences an unbiased variance were units
    alike, and its degrees of freedom (Satterthwaite): n/(n − 1) and n − 1 where each counts the
    same. ``slopes`` fitted besides take a degree of freedom each. Missing where no unit is to
    spare.
    """
    size = len(weights)
    if size <= 1 + slopes:
        return math.nan, math.nan
    share = weights / weights.sum()
    # Squared influences are the form x'Sx of the units' outcomes x, with D the diagonal of the
    # squared shares a and S = D - as' - sa' + (Σa) ss'; its trace and the sum of its squares are:
    two, three, four, five = (float((share**power).sum()) for power in (2, 3, 4, 5))
    trace = two - 2 * three + two**2
    squares = four * (1 + 4 * two) + two**4 - 4 * five + 2 * three**2 - 4 * two**2 * three
    df = trace**2 / squares
    if df <= slopes:
        return math.nan, math.nan
    return two / trace * df / (df - slopes), df - slopes
