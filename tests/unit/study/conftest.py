"""What the tests of the study share: England's evaluation, and made-up ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "acceptance" / "study"))

from evaluations import ENGLAND, PROJECT, all_estimates, bare_project, read

from equieval.data import Observations
from equieval.protocol import Evaluation


@pytest.fixture(scope="session")
def _england() -> tuple[Evaluation, Observations]:
    return read(PROJECT, PROJECT / "params" / f"{ENGLAND}.yaml")


@pytest.fixture(scope="session")
def evaluation(_england: tuple[Evaluation, Observations]) -> Evaluation:
    return _england[0]


@pytest.fixture(scope="session")
def observations(_england: tuple[Evaluation, Observations]) -> Observations:
    return _england[1]


@pytest.fixture(scope="session")
def estimates(evaluation: Evaluation, observations: Observations) -> pd.DataFrame:
    """The estimates of every page of England's evaluation."""
    return all_estimates(evaluation, observations)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bare_project(tmp_path_factory.mktemp("study") / "project")
