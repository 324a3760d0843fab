"""The same numbers under another hash seed and another number of threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import json
import numpy as np
import pandas as pd
from equieval.methods.few_clusters import cr2, wild_bootstrap
from equieval.methods.honest import event_study, relative_magnitudes
from equieval.methods.inequality_effect import inequality_effects, stratum_effects
from equieval.methods.did import two_way_fixed_effects
from equieval.methods.its import fit_reml_ar1, level_and_slope
from equieval.methods.its_controlled import controlled_its
from equieval.methods.its_units import mixed_its, two_stage_its
from equieval.methods.power_panel import detectable_effect_panel
from equieval.methods.staggered import callaway_santanna
from equieval.methods.staggered_counts import poisson_etwfe
from equieval.methods.staggered_inequality import staggered_stratum_effects
from equieval.methods.synthetic_inequality import synthetic_strata

rng = np.random.default_rng(1)
frame = pd.MultiIndex.from_product(
    [[f"trust {n}" for n in range(40)], range(1, 11), ["most", "least"]],
    names=["unit", "period", "stratum"],
).to_frame(index=False)
code = frame["unit"].str[6:].astype(int)
frame["births"] = rng.uniform(20, 90, len(frame))
frame["first_exposed"] = np.array([0, 4, 6, 8])[code % 4]
frame["exposed"] = ((frame["first_exposed"] > 0) & (frame["period"] >= frame["first_exposed"])) * 1
frame["y"] = rng.normal(size=len(frame)) + code % 7 - frame["exposed"]
most = frame[frame["stratum"] == "most"]
months = pd.period_range("2020-01", periods=40, freq="M")
design = level_and_slope(months, months[20])
fit = fit_reml_ar1(pd.Series(rng.normal(size=40), months), design, small_sample="kenward-roger")
dynamic = callaway_santanna(most, outcome="y").aggregate("dynamic")
twfe = two_way_fixed_effects(most, outcome="y", weights="births").effect
series = pd.DataFrame(rng.normal(size=(40, 3)), index=months, columns=["a", "b", "c"])
controlled = controlled_its(series["a"], series[["b", "c"]], months[20])
long = series.rename_axis("period").melt(ignore_index=False, var_name="unit", value_name="y")
long = long.reset_index()
long = pd.concat([long, long.assign(unit="z" + long["unit"], y=long["y"] ** 2)])
pooled = two_stage_its(long, months[20], outcome="y").pooled
single = frame.assign(exposed=(frame["unit"] == "trust 7") & (frame["period"] >= 6))
synthetic = synthetic_strata(single, ["most", "least"], outcome="y", max_placebos=10)
staggered = staggered_stratum_effects(frame, ["most", "least"], outcome="y", size="births")
counted = most.assign(n=np.round(most["births"] / 5), x=code[most.index] % 3 + rng.normal())
planned = detectable_effect_panel(
    most, most.assign(exposed=(frame["unit"] < "trust 2") & (frame["period"] >= 7)),
    lambda drawn: cr2(drawn, outcome="y"), outcome="y", replications=20,
)
found = {
    "controlled": [*controlled.stacked.params, *controlled.difference.df],
    "mixed": mixed_its(long, months[20], outcome="y").fit.params.tolist(),
    "two stages": list(pooled.effect.as_row().values()),
    "synthetic": synthetic.measures().to_numpy()[:, 2:].astype(float).ravel().tolist(),
    "staggered inequality": inequality_effects(staggered.overall())["std_error"].tolist(),
    "counts": list(
        poisson_etwfe(counted, events="n", exposure="births", covariates=["x"])
        .ratio.as_row().values()
    ),
    "power": [planned.effect, planned.phi],
    "its": [*fit.params, *fit.std_error, *fit.df, fit.phi, fit.log_likelihood],
    "twfe": list(twfe.as_row().values()),
    "cr2": list(cr2(most, outcome="y", weights="births").as_row().values()),
    "wild": list(wild_bootstrap(most, outcome="y", draws=999).effect.as_row().values()),
    "staggered": dynamic.effects.to_numpy(float).ravel().tolist(),
    "honest": relative_magnitudes(event_study(dynamic), [1.0]).to_numpy().ravel().tolist(),
    "inequality": inequality_effects(
        stratum_effects(frame, ["most", "least"], outcome="y", weights="births"), which=["gap"]
    )[["estimate", "std_error", "p_value"]].to_numpy(float).ravel().tolist(),
}
print(json.dumps({name: [f"{value:.11g}" for value in values] for name, values in found.items()}))
"""


def numbers(hash_seed: str, threads: str) -> dict[str, list[str]]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, **dict.fromkeys(names, threads)}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


@pytest.mark.slow
def test_hash_seed_and_threads_change_no_number():
    assert numbers("0", "1") == numbers("4242", "4")
