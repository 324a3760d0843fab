"""How fast the estimators are, beside what else does the same, in one run on one machine.

    python tests/benchmarks/methods_speed.py [--repeats N]

Two-way fixed effects and Callaway-Sant'Anna on 10 000 units x 60 months (beside linearmodels as it
comes and at its fastest, least squares on demeaned columns by statsmodels, csdid, and pyfixest and
differences, which `make bench` adds to the environment), the weighted wild cluster bootstrap with
30 clusters and 9 999 draws (beside the same draws fitted one by one by least squares, timed on 200
and scaled up), the effect on inequality with its joint covariance on 42 units x 60 months x 5
strata (one start, staggered, synthetic), REML AR(1) on 60 months (beside statsmodels' ARIMA by
maximum likelihood, which answers the same with intervals too narrow), and the power of a comparison
of 24 units over 36 months. Prints the best seconds of each and the ratios as JSON, with the
estimates that must agree. Peak memory is that of a process of its own for each, data and libraries
included.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import io
import json
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pandas as pd
import statsmodels.api as sm
from linearmodels.panel import PanelOLS
from statsmodels.tsa.arima.model import ARIMA

from equieval.methods.did import two_way_fixed_effects
from equieval.methods.few_clusters import wild_bootstrap
from equieval.methods.inequality_effect import inequality_effects, stratum_effects
from equieval.methods.its import counterfactual, fit_reml_ar1, level_and_slope
from equieval.methods.power_panel import detectable_effect_panel
from equieval.methods.staggered import callaway_santanna
from equieval.methods.staggered_inequality import staggered_stratum_effects
from equieval.methods.synthetic_inequality import synthetic_strata

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


def linearmodels_at_its_fastest(data: pd.DataFrame) -> float:
    indexed = data.set_index(["unit", "period"])
    model = PanelOLS(indexed["y"], indexed[["exposed"]], entity_effects=True, time_effects=True)
    fitted = model.fit(
        cov_type="clustered",
        cluster_entity=True,
        low_memory=True,
        auto_df=False,
        count_effects=False,
    )
    return float(fitted.params.iloc[0])


def pyfixest_two_way(data: pd.DataFrame) -> float:
    pyfixest = importlib.import_module("pyfixest")
    fitted = pyfixest.feols("y ~ exposed | unit + period", data, vcov={"CRV1": "unit"})
    return float(fitted.coef().iloc[0])


def differences_simple(data: pd.DataFrame) -> float:
    module = importlib.import_module("differences")
    given = data.assign(cohort=data["first_exposed"].where(data["first_exposed"] > 0))
    given = given.set_index(["unit", "period"])[["y", "cohort"]]
    fitted = module.ATTgt(data=given, cohort_column="cohort").fit("y", progress_bar=False)
    return float(fitted.aggregate("simple").iloc[0, 0])


#: Libraries of the extra `bench`: timed where they are there.
OPTIONAL = {"pyfixest": pyfixest_two_way, "differences": differences_simple}


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


def monthly(months: int = 60) -> tuple[pd.Series, pd.DataFrame]:
    rng = np.random.default_rng(4)
    periods = pd.period_range("2019-01", periods=months, freq="M")
    design = level_and_slope(periods, periods[months // 2])
    noise = rng.normal(size=months)
    for step in range(1, months):
        noise[step] += 0.4 * noise[step - 1]
    return pd.Series(design.to_numpy() @ [10, 0.05, -2, 0.1] + noise, index=periods), design


def arima(y: pd.Series, X: pd.DataFrame) -> float:
    fitted = ARIMA(y.to_numpy(), exog=X.to_numpy(), order=(1, 0, 0), trend="n").fit()
    return float(fitted.params[list(X.columns).index("post")])


def planned(units: int = 24, months: int = 36) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"unit": np.repeat(np.arange(units), months), "period": np.tile(np.arange(months), units)}
    )
    return frame.assign(unit=frame["unit"].astype(str), y=rng.normal(size=len(frame)))


#: What a process of its own does to have its memory measured; "data" is the floor of all.
ALONE: dict[str, Callable[[pd.DataFrame], object]] = {
    "data": lambda data: None,
    "two_way_fixed_effects": lambda data: two_way_fixed_effects(data, outcome="y"),
    "linearmodels": linearmodels_as_it_comes,
    "callaway_santanna": lambda data: callaway_santanna(data, outcome="y", method="or").aggregate(
        "simple"
    ),
    "csdid": csdid_simple,
}


def peak_gigabytes(name: str) -> float:
    """Return the peak memory of a process that does one thing of ``ALONE``."""
    run = subprocess.run(
        [sys.executable, __file__, "--alone", name], capture_output=True, text=True, check=True
    )
    return round(float(run.stdout), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--alone", choices=tuple(ALONE), help="print one's peak memory")
    given = parser.parse_args()
    repeats = given.repeats
    warnings.simplefilter("ignore")
    if given.alone:
        ALONE[given.alone](large_panel())
        sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6))
        return
    # First, while this process is small: a child starts with the peak of its parent.
    peaks = {name: peak_gigabytes(name) for name in ALONE}
    large, small, by_stratum = large_panel(), clusters(), strata()

    ours, twfe = timed(lambda: two_way_fixed_effects(large, outcome="y"), repeats)
    staggered, ours_cs = timed(
        lambda: callaway_santanna(large, outcome="y", method="or").aggregate("simple"), repeats
    )
    hand, by_hand = timed(lambda: demeaned_least_squares(large), repeats)
    plain, by_default = timed(lambda: linearmodels_as_it_comes(large), 1)
    fastest, by_fastest = timed(lambda: linearmodels_at_its_fastest(large), repeats)
    there = {name: importlib.util.find_spec(name) is not None for name in OPTIONAL}
    optional: dict[str, object] = {"absent": [name for name in OPTIONAL if not there[name]]}
    for name, work in OPTIONAL.items():
        if there[name]:
            seconds, found = timed(lambda work=work: work(large), 1)
            beside = ours if name == "pyfixest" else staggered
            optional[name] = {"over_ours": round(seconds / beside, 2), "estimate": round(found, 8)}
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
    cohorts = by_stratum.assign(
        first_exposed=np.array([0, 0, 25, 35])[by_stratum["unit"] % 4],
        alone=((by_stratum["unit"] == 0) & (by_stratum["period"] >= 30)).astype(int),
    )
    by_cohort, _ = timed(
        lambda: inequality_effects(
            staggered_stratum_effects(cohorts, LEVELS, outcome="rate", size="births").overall()
        ),
        repeats,
    )
    synthetic, _ = timed(
        lambda: synthetic_strata(
            cohorts, LEVELS, outcome="rate", exposed="alone", size="births"
        ).measures(),
        1,
    )
    y, X = monthly()
    reml, series = timed(lambda: fit_reml_ar1(y, X), 10 * repeats)
    contrasts, _ = timed(lambda: counterfactual(series, X), 10 * repeats)
    likelihood, by_likelihood = timed(lambda: arima(y, X), repeats)
    before = planned()
    power, _ = timed(
        lambda: detectable_effect_panel(
            before, {str(n): 0 for n in range(8)}, outcome="y", periods_after=24, replications=1_000
        ),
        1,
    )
    synthetic_power, _ = timed(
        lambda: detectable_effect_panel(
            before, {"3": 0}, outcome="y", periods_after=24, inference="synthetic"
        ),
        1,
    )
    json.dump(
        {
            "two_way_fixed_effects": {
                "seconds": round(ours, 2),
                "statsmodels_on_demeaned_over_ours": round(hand / ours, 2),
                "linearmodels_default_over_ours": round(plain / ours, 2),
                "linearmodels_fastest_over_ours": round(fastest / ours, 2),
                "estimates": [
                    round(twfe.effect.estimate, 8),
                    round(by_hand, 8),
                    round(by_default, 8),
                    round(by_fastest, 8),
                ],
            },
            "callaway_santanna": {
                "seconds": round(staggered, 2),
                "csdid_over_ours": round(theirs / staggered, 2),
                "estimates": [round(ours_cs.overall.estimate, 8), round(their_cs, 8)],
            },
            "libraries_of_the_extra_bench": optional,
            "peak_gigabytes": peaks,
            "wild_bootstrap_with_interval": {
                "seconds": round(wild, 2),
                "one_by_one_over_ours": round(slow * 9_999 / 200 / wild, 1),
                "p_values": [bootstrap.effect.p_value, their_p],
            },
            "effect_on_inequality": {
                "seconds": round(inequality, 2),
                "seconds_staggered": round(by_cohort, 2),
                "seconds_synthetic_with_placebos": round(synthetic, 2),
            },
            "reml_ar1_on_60_months": {
                "milliseconds": round(1000 * reml, 2),
                "milliseconds_of_60_contrasts": round(1000 * contrasts, 2),
                "statsmodels_arima_over_ours": round(likelihood / reml, 1),
                "level_changes": [
                    round(float(series.params["post"]), 4),
                    round(by_likelihood, 4),
                ],
            },
            "power_of_24_units_x_36_months": {
                "seconds": round(power, 2),
                "seconds_synthetic": round(synthetic_power, 2),
            },
        },
        sys.stdout,
        indent=1,
    )
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
