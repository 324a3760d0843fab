"""The closed form of a balanced panel is linearmodels' PanelOLS, to rounding."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS

from equieval.methods.did import two_way_fixed_effects


@pytest.mark.parametrize("count_absorbed", [False, True])
@pytest.mark.parametrize("cluster", [None, "region"])
@pytest.mark.parametrize("covariates", [(), ("x", "z")])
def test_it_is_the_librarys_estimate_and_error(covariates, cluster, count_absorbed):
    rng = np.random.default_rng(1)
    index = [[f"unit {n}" for n in range(40)], range(2001, 2013)]
    data = pd.MultiIndex.from_product(index, names=["unit", "period"]).to_frame(index=False)
    code = data["unit"].str[5:].astype(int)
    data["region"] = code // 4
    first = np.array([0, 2005, 2008])[code % 3]
    data["exposed"] = ((first > 0) & (data["period"] >= first)).astype(int)
    data["x"], data["z"] = rng.normal(size=(2, len(data))) + 0.5 * data["exposed"].to_numpy()
    data["y"] = code + rng.normal(size=len(data)) - data["exposed"] + 0.4 * data["x"]
    data = data.sample(frac=1, random_state=2)
    indexed = data.set_index(["unit", "period"])
    theirs = PanelOLS(
        indexed["y"], indexed[["exposed", *covariates]], entity_effects=True, time_effects=True
    ).fit(
        cov_type="clustered",
        low_memory=True,
        auto_df=False,
        count_effects=count_absorbed,
        group_debias=True,
        clusters=indexed.assign(group=indexed.groupby(cluster or "unit").ngroup())[["group"]],
    )
    ours = two_way_fixed_effects(
        data,
        outcome="y",
        covariates=covariates,
        cluster=cluster,
        count_absorbed=count_absorbed,
    ).effect
    assert ours.estimate == pytest.approx(theirs.params["exposed"], rel=1e-10)
    assert ours.std_error == pytest.approx(theirs.std_errors["exposed"], rel=1e-10)
