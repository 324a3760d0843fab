"""The indicator catalogue: complete, and honest on what its numbers are."""

from __future__ import annotations

import pytest

from equieval.errors import ParametersError
from equieval.protocol import INDICATORS, indicator
from equieval.protocol.indicators import rolling_window_trap

# id: (per, polarity, window in months, stratifiers)
D_E = ("deprivation", "ethnicity")
D_E_C = ("deprivation", "ethnicity", "core20")
CATALOGUE = {
    "stillbirth": (1000, "low", 1, D_E),
    "neonatal-mortality": (1000, "low", 1, D_E),
    "extended-perinatal-mortality": (1000, "low", 1, D_E),
    "infant-mortality": (1000, "low", 1, D_E),
    "maternal-mortality": (100_000, "low", 36, D_E),
    "preterm-cqim": (1000, "low", 1, D_E),
    "preterm-birth": (100, "low", 1, D_E),
    "low-birth-weight-term": (100, "low", 1, D_E),
    "fetal-growth-restriction": (100, "low", 1, D_E),
    "apgar-under-7": (1000, "low", 3, D_E),
    "pph-1500": (1000, "low", 3, D_E),
    "tears-3-4": (1000, "low", 3, D_E),
    "smoking-at-booking": (100, "low", 1, D_E),
    "smoking-at-delivery": (100, "low", 1, D_E),
    "breast-milk-first-feed": (100, "high", 1, D_E),
    "breastfeeding-6-8-weeks": (100, "high", 1, D_E),
    "booking-by-10-weeks": (100, "high", 1, D_E_C),
    "continuity-placed": (100, "high", 1, D_E_C),
    "continuity-received": (100, "high", 1, D_E_C),
    "caesarean-robson-1": (100, "neutral", 3, D_E),
    "caesarean-robson-2": (100, "neutral", 3, D_E),
    "caesarean-robson-5": (100, "neutral", 3, D_E),
    "term-neonatal-admission": (100, "low", 1, D_E),
    "skin-to-skin": (100, "high", 1, D_E),
    "folic-acid": (100, "high", 1, D_E_C),
    "perinatal-mental-health-access": (100, "high", 12, D_E),
    "young-peoples-mental-health-access": (100, "high", 12, D_E),
    "valid-ethnic-category": (100, "high", 1, ("organisation",)),
    "valid-deprivation": (100, "high", 1, ("organisation",)),
    "wres-1": (100, "neutral", 12, ("staff-ethnicity",)),
    "wres-2": (100, "parity", 12, ("staff-ethnicity",)),
    "wres-3": (100, "parity", 12, ("staff-ethnicity",)),
    "wres-4": (100, "parity", 12, ("staff-ethnicity",)),
    "wres-5": (100, "low", 12, ("staff-ethnicity",)),
    "wres-6": (100, "low", 12, ("staff-ethnicity",)),
    "wres-7": (100, "high", 12, ("staff-ethnicity",)),
    "wres-8": (100, "low", 12, ("staff-ethnicity",)),
    "wres-9": (100, "neutral", 12, ("staff-ethnicity",)),
}


def test_the_catalogue_holds_every_indicator_with_its_scale_polarity_window_and_strata() -> None:
    held = {
        row.id: (row.per, row.polarity, row.window, row.stratifiers) for row in INDICATORS.values()
    }
    assert held == CATALOGUE


def test_every_indicator_says_what_is_counted_over_what_and_where_it_is_published() -> None:
    for row in INDICATORS.values():
        assert row.numerator
        assert row.denominator
        assert row.numerator != row.denominator
        assert row.sources
        assert row.name
        assert f"{row.per:,}" in row.unit or str(row.per) in row.unit, row.id


def test_each_robson_group_has_a_denominator_of_its_own() -> None:
    rows = [row for id, row in INDICATORS.items() if id.startswith("caesarean-robson")]
    assert len({row.denominator for row in rows}) == len(rows) == 3


@pytest.mark.parametrize(
    ("id", "denominator"),
    [
        ("wres-1", "staff in the pay band"),
        ("wres-2", "people shortlisted"),
        ("wres-3", "staff"),
        ("wres-4", "staff"),
        ("wres-5", "staff survey respondents"),
        ("wres-8", "staff survey respondents"),
    ],
)
def test_each_workforce_indicator_has_a_denominator_of_its_own(id: str, denominator: str) -> None:
    assert indicator(id).denominator == denominator


def test_rolling_indicators_and_no_others_carry_the_rolling_trap() -> None:
    for row in INDICATORS.values():
        rolling = any(trap.id == "rolling-window" for trap in row.traps)
        yearly = any(trap.id == "few-points" for trap in row.traps)
        assert (row.window > 1) == (rolling or yearly), row.id


def test_measures_of_the_maternity_data_set_are_missing_and_never_zero() -> None:
    for row in INDICATORS.values():
        if "MSDS" in row.sources:
            ids = {trap.id for trap in row.traps}
            assert {"missing-not-zero", "rounded-counts", "msds-v2"} <= ids, row.id


def test_preterm_definitions_are_never_mixed_silently() -> None:
    for id in ("preterm-cqim", "preterm-birth"):
        assert "definitions-differ" in {trap.id for trap in indicator(id).traps}


def test_recalled_rows_are_marked() -> None:
    recalled = {row.id for row in INDICATORS.values() if row.recalled}
    assert {
        "maternal-mortality",
        "perinatal-mental-health-access",
        "young-peoples-mental-health-access",
    } <= recalled
    assert not {"stillbirth", "smoking-at-delivery"} & recalled


def test_a_misspelt_indicator_gets_a_suggestion() -> None:
    with pytest.raises(ParametersError, match="unknown indicator 'stilbirth'") as caught:
        indicator("stilbirth")
    assert caught.value.remedy == "did you mean 'stillbirth'?"


def test_a_rolling_rate_is_not_read_as_monthly() -> None:
    remedy = rolling_window_trap(3, "month")
    assert "aggregate to periods of 3 months" in remedy
    assert "quarter, year, financial-year" in remedy
    assert rolling_window_trap(3, "quarter") == ""
    assert "no supported frequency" in rolling_window_trap(36, "year")
