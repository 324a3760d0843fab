"""The specification that changes nothing is the headline itself, to the last draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from comparisons import write_comparison
from evaluations import read

from equieval.study.approach import approach_of
from equieval.study.panel import measure_panel, panel_design
from equieval.study.panel_robustness import _panels, _specifications


def test_the_primary_specification_is_the_headline(tmp_path: Path) -> None:
    path, _ = write_comparison(tmp_path, "curve")
    evaluation, observations = read(tmp_path, path)
    design = panel_design(evaluation, observations).to_horizon()
    panel = measure_panel(evaluation, observations, "sii", design)
    headline = approach_of(evaluation).compare(panel, None)
    assert headline.inference.startswith("wild cluster bootstrap, ")
    curve = _specifications(
        evaluation,
        observations,
        panel_design(evaluation, observations),
        approach_of(evaluation),
        _panels(evaluation, observations)["sii"],
    )
    primary = curve[curve["primary"]]
    assert len(primary) == 1
    np.testing.assert_array_equal(
        primary[["estimate", "ci_low", "ci_high"]].to_numpy(float)[0],
        [headline.effect.estimate, headline.effect.ci_low, headline.effect.ci_high],
    )
