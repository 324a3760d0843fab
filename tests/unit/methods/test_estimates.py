"""The table of estimates holds what it promises and refuses the rest."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from equieval.errors import DesignError, InputError
from equieval.methods.contrasts import t_contrast
from equieval.methods.estimates import ESTIMATE_COLUMNS, TABLE_SCHEMA, estimates_table

ROW = {"id": "effect.level", "page": "effect", "role": "primary", "estimate": 1.5, "n_obs": 14}


def test_every_column_is_there_in_order_and_typed():
    table = estimates_table([ROW])
    assert tuple(table.columns) == ESTIMATE_COLUMNS
    assert table["estimate"].dtype == "float64"
    assert table["n_obs"].dtype == "Int64"
    assert table["outcome"].dtype == "string"
    assert pd.isna(table.loc[0, "n_events"])


def test_an_empty_table_has_the_same_types_as_a_full_one():
    assert estimates_table([]).dtypes.equals(estimates_table([ROW]).dtypes)


def test_the_schema_describes_every_column():
    assert [field["name"] for field in TABLE_SCHEMA["fields"]] == list(ESTIMATE_COLUMNS)
    assert all(field["description"] for field in TABLE_SCHEMA["fields"])


def test_it_survives_parquet(tmp_path):
    table = estimates_table([ROW])
    table.to_parquet(tmp_path / "estimates.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "estimates.parquet"), table)


def test_an_infinite_df_is_stored_as_missing():
    row = {**ROW, **t_contrast(1.0, 0.5).as_row()}
    assert pd.isna(estimates_table([row]).loc[0, "df"])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{**ROW, "estimat": 1}], "did you mean 'estimate'"),
        ([ROW, ROW], "share an id: effect.level"),
        ([{**ROW, "id": ""}], "no id"),
        ([{**ROW, "role": "primry"}], "did you mean 'primary'"),
        ([{**ROW, "estimate": "large"}], "'estimate' holds a value"),
        ([{**ROW, "n_obs": 1.5}], "'n_obs' holds a value"),
    ],
)
def test_a_bad_row_is_refused_with_a_hint(rows, words):
    with pytest.raises(InputError, match=words):
        estimates_table(rows)


def test_a_contrast_is_its_t_interval():
    # qt(.975, 7.5) = 2.332... in R: qt(0.975, 8) = 2.306004
    contrast = t_contrast(1.0, 0.5, 8)
    assert contrast.ci_high == pytest.approx(1 + 0.5 * 2.306004, abs=1e-6)
    # R: 2 * pt(-2, 8)
    assert contrast.p_value == pytest.approx(0.08051623, abs=1e-8)


def test_a_ratio_keeps_its_p_value_and_turns_its_ends():
    log = t_contrast(0.2, 0.1, 10, scale="log")
    ratio = log.as_ratio()
    assert ratio.ci_low == pytest.approx(math.exp(log.ci_low))
    assert ratio.p_value == log.p_value
    with pytest.raises(DesignError, match="log scale"):
        ratio.as_ratio()


def test_a_confidence_level_in_per_cent_is_refused():
    with pytest.raises(DesignError, match="between 0 and 1"):
        t_contrast(1, 1, 5, ci_level=95)
