"""A rate that published counts give is no leak; one that they do not give is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from equieval.disclosure.profiles import profile
from equieval.releases.private import ten_digits
from equieval.releases.told_rates import admitting

PER_100 = ten_digits(100 * 580 / 900)


@dataclass(frozen=True)
class Known:
    """What `admitting` reads of the private side."""

    telling: frozenset[str]
    profile: Any
    scales: frozenset[float] = frozenset({1.0, 100.0})


@pytest.fixture
def private() -> Any:
    return Known(frozenset({PER_100}), profile("nhs-msds"))


def test_the_quotient_of_two_published_counts_is_admitted(private: Any) -> None:
    table = b"stratum,numerator,denominator\nBlack,580,900\n"
    assert admitting(private, [table]).telling == frozenset()


@pytest.mark.parametrize(
    "table",
    [
        b"stratum,numerator,denominator\nBlack,29,45\n",  # The quotient of counts as recorded.
        b"stratum,numerator,denominator\nBlack,580,900\nWhite,581,900\n",  # One is not as shown.
        b"stratum,rate\nBlack,64.444444444\n",
        b"\x00not a table",
    ],
)
def test_counts_that_the_profile_does_not_show_admit_nothing(private: Any, table: bytes) -> None:
    assert admitting(private, [table]).telling == frozenset({PER_100})


def test_without_a_protecting_profile_there_is_nothing_to_admit(private: Any) -> None:
    assert admitting(None, [b"numerator,denominator\n5,10\n"]) is None
    assert admitting(replace(private, telling=frozenset()), []).telling == frozenset()
