"""A parameters file can name exactly what the rooms beside the protocol can do."""

from __future__ import annotations

from typing import get_args

from equieval.disclosure import PROFILES
from equieval.methods.inequality import MEASURES
from equieval.protocol.dimensions import DIMENSIONS
from equieval.protocol.identity import ProfileId
from equieval.protocol.outcomes import SCALES, InequalityMeasure, Measure


def test_every_disclosure_profile_can_be_named() -> None:
    assert set(get_args(ProfileId)) == set(PROFILES)


def test_every_inequality_measure_can_be_named() -> None:
    assert set(get_args(InequalityMeasure)) == set(MEASURES)


def test_every_measure_has_a_scale() -> None:
    assert set(SCALES) == set(get_args(Measure)) == {"rate", *MEASURES}


def test_the_stratifiers_of_the_catalogue_are_dimensions() -> None:
    stratifiers = {dimension.stratifier for dimension in DIMENSIONS.values()}
    assert {"deprivation", "ethnicity", "core20", "staff-ethnicity"} <= stratifiers
