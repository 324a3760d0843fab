"""Do units move together beyond what their own models say? Pesaran's CD test.

Pooling takes units to be independent. A shock that hits all of them alike makes its intervals too
narrow, the more so the more units there are: in simulations of eight units that share half of
their variance, intervals that promise 95 % hold the truth in 60 to 70 % (tests/simulation). The
test is Pesaran's (2015, Econometric Reviews 34:1089; first a working paper of 2004), for panels
in which not every unit has every period; equal to ``pcdtest(test = "cd")`` of R's plm.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats


@dataclass(frozen=True)
class CommonShocks:
    """Whether units move together beyond what their own models say.

    ``correlation`` is the mean over all pairs of units, ``statistic`` Pesaran's CD (standard
    normal where units are independent), ``p_value`` two-sided; NaN where no pair of units shares
    three periods.
    """

    correlation: float
    statistic: float
    p_value: float


def common_shocks(innovations: pd.DataFrame) -> CommonShocks:
    """Test whether units move together: Pesaran's CD.

    ``innovations`` has a column per unit and a row per period, missing where a unit was not
    observed: what the units' own models leave over, free of autocorrelation.
    """
    values = innovations.to_numpy(float)
    correlations, shared = [], []
    for one, other in itertools.combinations(range(values.shape[1]), 2):
        both = values[np.isfinite(values[:, [one, other]]).all(axis=1)][:, [one, other]]
        if len(both) >= 3 and (both.std(axis=0) > 0).all():
            correlations.append(float(np.corrcoef(both.T)[0, 1]))
            shared.append(len(both))
    if not correlations:
        return CommonShocks(math.nan, math.nan, math.nan)
    statistic = float(np.sqrt(shared) @ np.array(correlations) / math.sqrt(len(correlations)))
    return CommonShocks(
        float(np.mean(correlations)), statistic, float(2 * stats.norm.sf(abs(statistic)))
    )
