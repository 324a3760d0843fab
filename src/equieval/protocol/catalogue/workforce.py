"""The Workforce Race Equality Standard: nine indicators, yearly, by trust.

For indicators 2 to 4 the published figure is the ratio of the two groups' rates (1 is equal):
the catalogue holds the rate of one group, and the comparison makes the ratio.
"""

from __future__ import annotations

from equieval.protocol.catalogue.rows import STAFF_ETHNICITY, Indicator, Polarity, Trap

_YEARLY = Trap(
    "few-points",
    "Published once a year: a series of a few points carries no trend.",
)
_SURVEY = Trap(
    "survey-response",
    "From those who answered the staff survey: a change in who answers looks like an effect.",
)
_COMPOSITION = Trap(
    "composition",
    "Describes who is employed, not how they are treated: read it against the local population.",
)
_WRES = ("WRES",)
_STAFF_SURVEY = ("WRES", "NHS Staff Survey")


def _row(
    number: int,
    name: str,
    numerator: str,
    denominator: str,
    unit: str,
    polarity: Polarity,
    traps: tuple[Trap, ...],
    sources: tuple[str, ...] = _WRES,
    notes: tuple[str, ...] = (),
) -> Indicator:
    return Indicator(
        id=f"wres-{number}",
        name=f"WRES {number}: {name}",
        numerator=numerator,
        denominator=denominator,
        per=100,
        unit=unit,
        polarity=polarity,
        sources=sources,
        stratifiers=(STAFF_ETHNICITY,),
        window=12,
        notes=notes,
        traps=traps,
    )


_PARITY = ("Published as the ratio of the two groups' rates; 1 is equal.",)
_RESPONDENTS = "staff survey respondents"
_PER_RESPONDENTS = "staff per 100 survey respondents"

WORKFORCE = (
    _row(
        1,
        "staff in each pay band",
        "black and minority ethnic staff in the pay band",
        "staff in the pay band",
        "black and minority ethnic staff per 100 in the band",
        "neutral",
        (_YEARLY, _COMPOSITION),
    ),
    _row(
        2,
        "appointment from shortlisting",
        "people appointed",
        "people shortlisted",
        "people appointed per 100 shortlisted",
        "parity",
        (_YEARLY,),
        notes=_PARITY,
    ),
    _row(
        3,
        "entering the disciplinary process",
        "staff entering the formal disciplinary process",
        "staff",
        "staff entering the process per 100 staff",
        "parity",
        (_YEARLY,),
        notes=_PARITY,
    ),
    _row(
        4,
        "access to non-mandatory training",
        "staff taking up non-mandatory training and development",
        "staff",
        "staff taking up training per 100 staff",
        "parity",
        (_YEARLY,),
        notes=_PARITY,
    ),
    _row(
        5,
        "harassment, bullying or abuse by the public",
        "respondents harassed, bullied or abused by patients, relatives or the public",
        _RESPONDENTS,
        _PER_RESPONDENTS,
        "low",
        (_YEARLY, _SURVEY),
        _STAFF_SURVEY,
    ),
    _row(
        6,
        "harassment, bullying or abuse by staff",
        "respondents harassed, bullied or abused by other staff",
        _RESPONDENTS,
        _PER_RESPONDENTS,
        "low",
        (_YEARLY, _SURVEY),
        _STAFF_SURVEY,
    ),
    _row(
        7,
        "equal opportunity for career progression",
        "respondents who believe that the trust gives equal opportunity",
        _RESPONDENTS,
        _PER_RESPONDENTS,
        "high",
        (_YEARLY, _SURVEY),
        _STAFF_SURVEY,
    ),
    _row(
        8,
        "discrimination at work by a manager or colleagues",
        "respondents who experienced discrimination by a manager or colleagues",
        _RESPONDENTS,
        _PER_RESPONDENTS,
        "low",
        (_YEARLY, _SURVEY),
        _STAFF_SURVEY,
    ),
    _row(
        9,
        "board membership against the workforce",
        "black and minority ethnic members of the board",
        "members of the board",
        "black and minority ethnic members per 100 board members",
        "neutral",
        (_YEARLY, _COMPOSITION),
        notes=("Read as the difference to the same share among all staff.",),
    ),
)
