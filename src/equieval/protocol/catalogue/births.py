"""How babies are born, and how they and their mothers fare at birth."""

from __future__ import annotations

from equieval.protocol.catalogue.rows import (
    D_E,
    MISSING_NOT_ZERO,
    MSDS,
    PRETERM_DEFINITIONS,
    ROLLING_3,
    SMALL_NUMBERS,
    Indicator,
    Trap,
)

_SGA = Trap(
    "definitions-differ",
    "Below the 3rd centile and below the 10th (small for gestational age) are two different "
    "measures: the source has to say which.",
)
_NOT_A_TARGET = Trap(
    "no-better-direction",
    "Neither more nor fewer caesareans are better in themselves: no polarity, no league table.",
)


def _caesarean(group: int, women: str) -> Indicator:
    """Return the caesarean rate of one Robson group, with a denominator of its own."""
    return Indicator(
        id=f"caesarean-robson-{group}",
        name=f"Caesarean birth, Robson group {group}",
        numerator=f"women in Robson group {group} who gave birth by caesarean",
        denominator=f"women giving birth in Robson group {group} ({women})",
        per=100,
        unit=f"caesarean births per 100 women in Robson group {group}",
        polarity="neutral",
        sources=("MSDS",),
        stratifiers=D_E,
        window=3,
        notes=("Wording of the Robson group recalled from the WHO classification.",),
        traps=(ROLLING_3, _NOT_A_TARGET, *MSDS),
        recalled=True,
    )


BIRTH_OUTCOMES = (
    Indicator(
        id="preterm-cqim",
        name="Preterm birth (clinical quality improvement metric)",
        numerator="singleton live births at 154 to 258 days of gestation",
        denominator="singleton live births at 154 to 315 days of gestation",
        per=1000,
        unit="preterm births per 1,000 singleton live births",
        polarity="low",
        sources=("MSDS",),
        stratifiers=D_E,
        traps=(PRETERM_DEFINITIONS, *MSDS),
    ),
    Indicator(
        id="preterm-birth",
        name="Preterm birth",
        numerator="births before 37 weeks",
        denominator="births",
        per=100,
        unit="preterm births per 100 births",
        polarity="low",
        sources=("ONS",),
        stratifiers=D_E,
        traps=(PRETERM_DEFINITIONS,),
    ),
    Indicator(
        id="low-birth-weight-term",
        name="Low birth weight at term",
        numerator="live births at 37 weeks or later under 2,500 g",
        denominator="term live births with a recorded weight",
        per=100,
        unit="low-weight births per 100 term live births",
        polarity="low",
        sources=("MSDS",),
        stratifiers=D_E,
        traps=MSDS,
    ),
    Indicator(
        id="fetal-growth-restriction",
        name="Fetal growth restriction",
        numerator="live births below the 3rd centile for weight (or below the 10th: small for "
        "gestational age)",
        denominator="singleton live births",
        per=100,
        unit="growth-restricted babies per 100 singleton live births",
        polarity="low",
        sources=("NMPA",),
        stratifiers=D_E,
        traps=(_SGA, MISSING_NOT_ZERO),
    ),
    Indicator(
        id="apgar-under-7",
        name="Apgar score under 7 at 5 minutes",
        numerator="babies with an Apgar score of 0 to 6 at 5 minutes",
        denominator="singleton term births with an Apgar score recorded",
        per=1000,
        unit="babies with a low Apgar score per 1,000 singleton term births",
        polarity="low",
        sources=("MSDS",),
        stratifiers=D_E,
        window=3,
        traps=(ROLLING_3, SMALL_NUMBERS, *MSDS),
    ),
    Indicator(
        id="pph-1500",
        name="Postpartum haemorrhage of 1,500 ml or more",
        numerator="women with a blood loss of 1,500 ml or more",
        denominator="women giving birth",
        per=1000,
        unit="women with a major haemorrhage per 1,000 women giving birth",
        polarity="low",
        sources=("MSDS",),
        stratifiers=D_E,
        window=3,
        traps=(ROLLING_3, *MSDS),
    ),
    Indicator(
        id="tears-3-4",
        name="Third- or fourth-degree tear",
        numerator="women with a third- or fourth-degree tear",
        denominator="singleton term vaginal births",
        per=1000,
        unit="women with a severe tear per 1,000 singleton term vaginal births",
        polarity="low",
        sources=("MSDS",),
        stratifiers=D_E,
        window=3,
        traps=(ROLLING_3, *MSDS),
    ),
    _caesarean(1, "first birth, one baby, head first, at term, labour started by itself"),
    _caesarean(2, "first birth, one baby, head first, at term, induced or before labour"),
    _caesarean(5, "earlier caesarean, one baby, head first, at term"),
    Indicator(
        id="term-neonatal-admission",
        name="Admission of term babies to a neonatal unit",
        numerator="babies born at term who were admitted to a neonatal unit",
        denominator="term live births",
        per=100,
        unit="admissions per 100 term live births",
        polarity="low",
        sources=("NMPA",),
        stratifiers=D_E,
        traps=(MISSING_NOT_ZERO,),
    ),
)
