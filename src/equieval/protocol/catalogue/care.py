"""Care before, during and after birth, and how completely it is recorded."""

from __future__ import annotations

from equieval.protocol.catalogue.rows import (
    D_E,
    D_E_C,
    MISSING_NOT_ZERO,
    MSDS,
    ORGANISATION,
    PROVISIONAL,
    ROLLING_12,
    ROUNDED,
    SOURCES_DIFFER,
    UNKNOWN_STATUS,
    Indicator,
    Trap,
)

_LAGGED = Trap(
    "lagged-denominator",
    "Its women reached 29 weeks four months before: line it up with the intervention accordingly.",
)
_EXPECTED_BIRTHS = Trap(
    "modelled-denominator",
    "Expected births are an estimate, not a count: a revised estimate looks like an effect.",
)
_RESIDENTS = Trap(
    "modelled-denominator",
    "Residents are an estimate, revised after each census: a revised estimate looks like an "
    "effect, and their groups are coded elsewhere than those of the people in contact.",
)
_CODING_IMPROVES = Trap(
    "coding-improves",
    "An intervention can improve the coding itself, which moves people between groups: analyse "
    "completeness as an outcome.",
)

CARE = (
    Indicator(
        id="smoking-at-booking",
        name="Smoking at booking",
        numerator="women who smoke at the booking appointment",
        denominator="bookings with smoking status known",
        per=100,
        unit="smokers per 100 bookings",
        polarity="low",
        sources=("MSDS",),
        stratifiers=D_E,
        traps=(UNKNOWN_STATUS, *MSDS),
    ),
    Indicator(
        id="smoking-at-delivery",
        name="Smoking at delivery",
        numerator="women who smoke at delivery",
        denominator="women giving birth with smoking status known",
        per=100,
        unit="smokers per 100 women giving birth",
        polarity="low",
        sources=("MSDS", "SATOD"),
        stratifiers=D_E,
        traps=(UNKNOWN_STATUS, SOURCES_DIFFER, *MSDS),
    ),
    Indicator(
        id="breast-milk-first-feed",
        name="Breast milk at first feed",
        numerator="babies whose first feed was maternal or donor breast milk",
        denominator="babies with a first feed recorded",
        per=100,
        unit="babies per 100 first feeds recorded",
        polarity="high",
        sources=("MSDS",),
        stratifiers=D_E,
        traps=(UNKNOWN_STATUS, *MSDS),
    ),
    Indicator(
        id="breastfeeding-6-8-weeks",
        name="Breastfeeding at 6 to 8 weeks",
        numerator="infants totally or partially breastfed",
        denominator="infants reviewed at 6 to 8 weeks with feeding status known",
        per=100,
        unit="infants breastfed per 100 reviewed",
        polarity="high",
        sources=("CSDS (final)",),
        stratifiers=D_E,
        traps=(UNKNOWN_STATUS, MISSING_NOT_ZERO, ROUNDED, PROVISIONAL),
    ),
    Indicator(
        id="booking-by-10-weeks",
        name="Booking by 10 weeks",
        numerator="bookings at 0 to 70 days of gestation",
        denominator="bookings (say whether unknown gestation is in)",
        per=100,
        unit="early bookings per 100 bookings",
        polarity="high",
        sources=("MSDS",),
        stratifiers=D_E_C,
        traps=(UNKNOWN_STATUS, *MSDS),
    ),
    Indicator(
        id="continuity-placed",
        name="Placed on a continuity-of-carer pathway",
        numerator="women with a care plan by 28 weeks who are on the pathway with a lead midwife "
        "and a team",
        denominator="women reaching 29+0 weeks",
        per=100,
        unit="women placed per 100 reaching 29 weeks",
        polarity="high",
        sources=("MSDS",),
        stratifiers=D_E_C,
        traps=MSDS,
    ),
    Indicator(
        id="continuity-received",
        name="Received continuity of carer",
        numerator="women placed on the pathway with at least 70% of contacts by the same midwife "
        "or team",
        denominator="women who reached 29+0 weeks four months before",
        per=100,
        unit="women who received continuity per 100 who reached 29 weeks",
        polarity="high",
        sources=("MSDS",),
        stratifiers=D_E_C,
        traps=(_LAGGED, *MSDS),
    ),
    Indicator(
        id="skin-to-skin",
        name="Skin-to-skin contact within an hour",
        numerator="babies with skin-to-skin contact within one hour",
        denominator="term births with the contact recorded",
        per=100,
        unit="babies per 100 term births recorded",
        polarity="high",
        sources=("MSDS",),
        stratifiers=D_E,
        traps=(UNKNOWN_STATUS, *MSDS),
    ),
    Indicator(
        id="folic-acid",
        name="Folic acid before pregnancy",
        numerator="women who took folic acid before pregnancy",
        denominator="women with folic acid status known",
        per=100,
        unit="women per 100 with status known",
        polarity="high",
        sources=("MSDS",),
        stratifiers=D_E_C,
        traps=(UNKNOWN_STATUS, *MSDS),
    ),
    Indicator(
        id="perinatal-mental-health-access",
        name="Access to perinatal mental health care",
        numerator="women with at least one contact in the last 12 months",
        denominator="expected births",
        per=100,
        unit="women in contact per 100 expected births",
        polarity="high",
        sources=("MHSDS",),
        stratifiers=D_E,
        window=12,
        traps=(ROLLING_12, _EXPECTED_BIRTHS, MISSING_NOT_ZERO, ROUNDED),
        recalled=True,
    ),
    Indicator(
        id="young-peoples-mental-health-access",
        name="Access of children and young people to mental health care",
        numerator="children and young people under 18 with at least one contact in the last "
        "12 months",
        denominator="residents under 18",
        per=100,
        unit="children and young people in contact per 100 residents under 18",
        polarity="high",
        sources=("MHSDS",),
        stratifiers=D_E,
        window=12,
        notes=(
            "Definition recalled in November 2026 from the access ambition of the NHS Long Term "
            "Plan of 2019: one contact, ages under 18, a rolling 12 months. National figures are "
            "published as counts; the rate over residents is this project's.",
        ),
        traps=(ROLLING_12, _RESIDENTS, MISSING_NOT_ZERO, ROUNDED),
        recalled=True,
    ),
)

DATA_QUALITY = (
    Indicator(
        id="valid-ethnic-category",
        name="Valid ethnic category",
        numerator="records with an ethnic category code from A to S",
        denominator="all records",
        per=100,
        unit="valid codes per 100 records",
        polarity="high",
        sources=("MSDS data quality",),
        stratifiers=(ORGANISATION,),
        notes=("'Not stated' (Z) is no valid category here.",),
        traps=(_CODING_IMPROVES, MISSING_NOT_ZERO),
    ),
    Indicator(
        id="valid-deprivation",
        name="Valid deprivation decile",
        numerator="records from which a deprivation decile could be derived",
        denominator="all records",
        per=100,
        unit="derived deciles per 100 records",
        polarity="high",
        sources=("MSDS data quality",),
        stratifiers=(ORGANISATION,),
        notes=("Not England, no fixed abode and missing are three different things.",),
        traps=(_CODING_IMPROVES, MISSING_NOT_ZERO),
    ),
)
