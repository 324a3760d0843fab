"""How fast the estimators are, beside what else does the same, in one run on one machine.

    python tests/benchmarks/methods_speed.py [--repeats N]

Two-way fixed effects and Callaway-Sant'Anna on 10 000 units x 60 months (beside linearmodels as
it comes, least squares on demeaned columns by statsmodels, and csdid), the weighted wild cluster
bootstrap with 30 clusters and 9 999 draws (beside the same draws fitted one by one by least
squares, timed on 200 and scaled up), and the effect on inequality with its joint covariance on
42 units x 60 months x 5 strata. Prints the best seconds of each and the ratios as JSON, with the
estimates that must agree. Peak memory is that of the process,
data included, before the others run.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pandas as pd
import statsmodels.api as sm
from linearmodels.panel import PanelOLS

from equieval.methods.did import two_way_fixed_effects
from equieval.methods.few_clusters import wild_bootstrap
from equieval.methods.inequality_effect import inequality_effects, stratum_effects
from equieval.methods.staggered import callaway_santanna

Result = TypeVar("Result")
LEVELS = ["q1", "q2", "q3", "q4", "q5"]


def timed(work: Callable[[], Result], repeats: int) -> tuple[float, Result]:
    seconds, result = [], None
    for _ in range(repeats):
        began = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - began)
    assert result is not None
    return min(seconds), result


def large_panel(units: int = 10_000, months: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"unit": np.repeat(np.arange(units), months), "period": np.tile(np.arange(months), units)}
    )
    frame["first_exposed"] = np.array([0, 20, 30, 40])[frame["unit"] % 4]
    frame["exposed"] = (
        (frame["first_exposed"] > 0) & (frame["period"] >= frame["first_exposed"])
    ).astype(int)
    frame["y"] = rng.normal(size=units)[frame["unit"]] + rng.normal(size=len(frame))
    frame["y"] -= 0.1 * frame["exposed"]
    return frame


def demeaned_least_squares(data: pd.DataFrame) -> float:
    both = data[["y", "exposed"]].astype(float)
    within = (
        both
        - both.groupby(data["unit"]).transform("mean")
        - both.groupby(data["period"]).transform("mean")
        + both.mean()
    )
    fitted = sm.OLS(within["y"], within[["exposed"]]).fit(
        cov_type="cluster", cov_kwds={"groups": data["unit"].to_numpy()}
    )
    return float(fitted.params.iloc[0])


def linearmodels_as_it_comes(data: pd.DataFrame) -> float:
    indexed = data.set_index(["unit", "period"])
    model = PanelOLS(indexed["y"], indexed[["exposed"]], entity_effects=True, time_effects=True)
    return float(model.fit(cov_type="clustered", cluster_entity=True).params.iloc[0])


def csdid_simple(data: pd.DataFrame) -> float:
    from csdid.att_gt import ATTgt

    given = data.assign(period=data["period"] + 1)
    given["first_exposed"] = given["first_exposed"].where(
        given["first_exposed"] == 0, 1 + given["first_exposed"]
    )
    with contextlib.redirect_stdout(io.StringIO()):
        fitted = ATTgt(
            yname="y", gname="first_exposed", idname="unit", tname="period", data=given
        ).fit(est_method="reg", bstrap=False, base_period="varying")
        found = fitted.aggte(typec="simple", bstrap=False, cband=False).atte
    return float(found["overall_att"])


def clusters(n: int = 30, months: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {"unit": np.repeat(np.arange(n), months), "period": np.tile(np.arange(months), n)}
    )
    frame["exposed"] = ((frame["unit"] < 10) & (frame["period"] >= 30)).astype(int)
    frame["births"] = rng.uniform(100, 900, len(frame))
    frame["y"] = rng.normal(size=n)[frame["unit"]] + rng.normal(size=len(frame))
    return frame


def one_by_one(data: pd.DataFrame, draws: int) -> float:
    """The same bootstrap, every draw a weighted least-squares fit on dummies."""
    effects = pd.get_dummies(data[["unit", "period"]].astype(str), drop_first=True).to_numpy(float)
    X = np.column_stack([data["exposed"], np.ones(len(data)), effects])
    root = np.sqrt(data["births"].to_numpy())
    unit, y = data["unit"].to_numpy(), data["y"].to_numpy()
    weighted = X * root[:, None]
    restricted = np.linalg.lstsq(weighted[:, 1:], y * root, rcond=None)[0]
    fitted = X[:, 1:] @ restricted
    row = np.linalg.inv(weighted.T @ weighted)[0] @ weighted.T * root

    def t_statistic(values: np.ndarray) -> float:
        beta = np.linalg.lstsq(weighted, values * root, rcond=None)[0]
        score = np.bincount(unit, row * (values - X @ beta))
        return float(beta[0] / np.sqrt(score @ score))

    rng = np.random.default_rng(1)
    observed = abs(t_statistic(y))
    signs = rng.choice([-1.0, 1.0], size=(draws, unit.max() + 1))
    return float(
        np.mean([abs(t_statistic(fitted + s[unit] * (y - fitted))) >= observed for s in signs])
    )


def strata(units: int = 42, months: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    index = pd.MultiIndex.from_product(
        [range(units), range(months), LEVELS], names=["unit", "period", "stratum"]
    )
    frame = index.to_frame(index=False)
    frame["exposed"] = ((frame["unit"] < 12) & (frame["period"] >= 30)).astype(int)
    frame["births"] = rng.integers(50, 400, len(frame)).astype(float)
    frame["rate"] = 10.0 - frame["stratum"].map(LEVELS.index) + rng.normal(size=len(frame))
    return frame


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    warnings.simplefilter("ignore")
    large, small, by_stratum = large_panel(), clusters(), strata()

    ours, twfe = timed(lambda: two_way_fixed_effects(large, outcome="y"), repeats)
    staggered, ours_cs = timed(
        lambda: callaway_santanna(large, outcome="y", method="or").aggregate("simple"), repeats
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    hand, by_hand = timed(lambda: demeaned_least_squares(large), repeats)
    plain, by_default = timed(lambda: linearmodels_as_it_comes(large), 1)
    theirs, their_cs = timed(lambda: csdid_simple(large), 1)
    wild, bootstrap = timed(
        lambda: wild_bootstrap(small, outcome="y", weights="births", draws=9_999), repeats
    )
    slow, their_p = timed(lambda: one_by_one(small, 200), 1)
    inequality, _ = timed(
        lambda: inequality_effects(
            stratum_effects(by_stratum, LEVELS, outcome="rate", weights="births")
        ),
        repeats,
    )
    json.dump(
        {
            "two_way_fixed_effects": {
                "seconds": round(ours, 2),
                "statsmodels_on_demeaned_over_ours": round(hand / ours, 2),
                "linearmodels_default_over_ours": round(plain / ours, 2),
                "estimates": [
                    round(twfe.effect.estimate, 8),
                    round(by_hand, 8),
                    round(by_default, 8),
                ],
            },
            "callaway_santanna": {
                "seconds": round(staggered, 2),
                "csdid_over_ours": round(theirs / staggered, 2),
                "estimates": [round(ours_cs.overall.estimate, 8), round(their_cs, 8)],
            },
            "peak_gigabytes_of_these_two": round(peak, 2),
            "wild_bootstrap_with_interval": {
                "seconds": round(wild, 2),
                "one_by_one_over_ours": round(slow * 9_999 / 200 / wild, 1),
                "p_values": [bootstrap.effect.p_value, their_p],
            },
            "effect_on_inequality": {"seconds": round(inequality, 2)},
        },
        sys.stdout,
        indent=1,
    )
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
