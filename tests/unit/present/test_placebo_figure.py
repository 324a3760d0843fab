"""The title of a figure of placebos counts those that show an effect, never the one reported."""

from __future__ import annotations

import pandas as pd
import pytest

from equieval.present import figures


def frame(*ends: tuple[float, float]) -> pd.DataFrame:
    """The effect as reported, which is clear, above one row per interval."""
    rows = [(-3.0, -1.0), *ends]
    return pd.DataFrame(
        {
            "label": ["As reported", *(f"Placebo start: {2012 + n}" for n in range(len(ends)))],
            "estimate": [(low + high) / 2 for low, high in rows],
            "ci_low": [low for low, _ in rows],
            "ci_high": [high for _, high in rows],
            "primary": [True] + [False] * len(ends),
        }
    )


@pytest.mark.parametrize(
    ("ends", "title"),
    [
        ([(-1, 1)] * 4, "Where no effect can be, none of 4 checks shows one"),
        ([(-1, 1), (1, 2)], "Where no effect can be, 1 of 2 checks shows one"),
        ([(-2, -1), (1, 2), (-1, 1)], "Where no effect can be, 2 of 3 checks show one"),
        ([(-1, 1)], "Where no effect can be, the one check shows none clearly"),
        ([(1, 2)], "Where no effect can be, the one check shows one"),
        (
            [(1, 2), (float("nan"), float("nan"))],
            "Where no effect can be, 1 of 2 checks shows one; 1 gives no estimate",
        ),
    ],
)
def test_the_title_counts_the_placebos_that_show_an_effect(
    ends: list[tuple[float, float]], title: str
) -> None:
    picture = figures.placebo_forest(frame(*ends), quantity="change in the gap", unit="% of births")
    assert picture.title == title
    assert picture.alt.startswith(f"{title}. ")
    assert "As reported: −2.0" in picture.alt
    assert len(picture.data) == len(ends) + 1
