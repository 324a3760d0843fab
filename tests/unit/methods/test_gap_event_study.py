"""The event study of the gap: one joint covariance, and a test of parallel gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.gap_event_study import gap_event_study, pretrend_test
from equieval.methods.honest import EventStudy, relative_magnitudes
from equieval.methods.staggered import callaway_santanna


def panel(seed=0, units=60, effect=-1.0, drift=0.0):
    """The worst-off and the best-off by unit and month, with shocks that they share."""
    rng = np.random.default_rng(seed)
    frame = pd.MultiIndex.from_product(
        [range(units), range(1, 9)], names=["unit", "period"]
    ).to_frame(index=False)
    frame["first_exposed"] = np.array([0, 0, 5])[frame["unit"] % 3]
    exposed = (frame["first_exposed"] == 5) & (frame["period"] >= 5)
    shared = rng.normal(size=len(frame))
    ever = frame["first_exposed"] == 5
    frame["worst"] = 9 + shared + 0.3 * rng.normal(size=len(frame)) + effect * exposed
    frame["worst"] += drift * ever * frame["period"]
    frame["best"] = 5 + shared + 0.3 * rng.normal(size=len(frame))
    return frame


def aggregated(frame, outcome, **options):
    return callaway_santanna(frame, outcome=outcome, **options).aggregate("dynamic")


def test_it_is_the_event_study_of_the_difference():
    # on the same units, the gap's event study is that of the gap taken as the outcome
    frame = panel()
    found = gap_event_study(aggregated(frame, "worst"), aggregated(frame, "best"))
    direct = aggregated(frame.assign(gap=frame["worst"] - frame["best"]), "gap")
    np.testing.assert_allclose(found.effects["estimate"], direct.effects["estimate"], atol=1e-12)
    np.testing.assert_allclose(found.effects["std_error"], direct.effects["std_error"], atol=1e-12)
    assert found.overall.estimate == pytest.approx(direct.overall.estimate)
    assert found.overall.std_error == pytest.approx(direct.overall.std_error)


def test_shocks_that_the_strata_share_are_not_counted_against_the_gap():
    frame = panel(1)
    worst, best = aggregated(frame, "worst"), aggregated(frame, "best")
    found = gap_event_study(worst, best)
    assert found.overall.std_error < 0.5 * np.hypot(worst.overall.std_error, best.overall.std_error)
    assert found.overall.ci_low < -1 < found.overall.ci_high


def test_strata_are_matched_by_unit_and_not_by_position():
    frame = panel(2)
    turned = frame.assign(unit=59 - frame["unit"]).sort_values(["unit", "period"])
    names = {number: f"trust {59 - number:02d}" for number in range(60)}
    one = gap_event_study(aggregated(frame, "worst"), aggregated(frame, "best"))
    other = gap_event_study(
        aggregated(turned.assign(unit=turned["unit"].map(names)), "worst"),
        aggregated(frame.assign(unit=frame["unit"].map(lambda n: f"trust {n:02d}")), "best"),
    )
    np.testing.assert_allclose(other.effects["std_error"], one.effects["std_error"])


def test_where_high_is_good_the_gap_turns_round():
    frame = panel(3)
    worst, best = aggregated(frame, "worst"), aggregated(frame, "best")
    low, high = gap_event_study(worst, best), gap_event_study(worst, best, polarity="high")
    assert high.overall.estimate == pytest.approx(-low.overall.estimate)
    assert high.overall.ci_low == pytest.approx(-low.overall.ci_high)


def test_parallel_gaps_pass_and_drifting_ones_do_not():
    for drift, parallel in ((0.0, True), (0.3, False)):
        frame = panel(4, drift=drift)
        found = gap_event_study(aggregated(frame, "worst"), aggregated(frame, "best"))
        test = pretrend_test(found.study)
        assert (test.p_value > 0.01) == parallel
        assert test.df == 3


def test_honest_did_runs_on_the_gap():
    frame = panel(5, effect=-3.0)
    found = gap_event_study(aggregated(frame, "worst"), aggregated(frame, "best"))
    assert relative_magnitudes(found.study, [1.0]).loc[0, "ci_high"] < 0


def test_strata_over_different_periods_are_refused():
    frame = panel()
    short = aggregated(frame[frame["period"] < 8], "best")
    with pytest.raises(DesignError, match="different event times"):
        gap_event_study(aggregated(frame, "worst"), short)


def test_an_aggregation_that_is_no_event_study_is_refused():
    frame = panel()
    simple = callaway_santanna(frame, outcome="best").aggregate("simple")
    with pytest.raises(DesignError, match="'simple'"):
        gap_event_study(aggregated(frame, "worst"), simple)


def test_no_earlier_period_leaves_nothing_to_test():
    with pytest.raises(DesignError, match="no period before"):
        pretrend_test(EventStudy(np.ones(2), np.eye(2), 0))
