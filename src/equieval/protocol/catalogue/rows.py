"""What a row of the catalogue holds, and the traps that several rows share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Polarity = Literal["low", "high", "parity", "neutral"]

DEPRIVATION = "deprivation"
ETHNICITY = "ethnicity"
CORE20 = "core20"
ORGANISATION = "organisation"
STAFF_ETHNICITY = "staff-ethnicity"

D_E = (DEPRIVATION, ETHNICITY)
D_E_C = (DEPRIVATION, ETHNICITY, CORE20)


@dataclass(frozen=True)
class Trap:
    """Something that makes a wrong answer look right."""

    id: str
    words: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True)
class Indicator:
    """One indicator.

    Attributes
    ----------
    id, name : what a parameters file writes; what a page shows.
    numerator, denominator : what is counted, and over what, in words.
    per : the rate is ``per × numerator / denominator``.
    unit : the rate's unit in words.
    polarity : ``low`` or ``high`` is good, ``parity`` (1 is equal), or ``neutral``.
    window : months that one published value covers; above 1 it is a rolling value.
    sources : where it is published.
    stratifiers : the breakdowns it is published by.
    notes : definitions that a reader needs.
    traps : what to beware of.
    recalled : True where a fact of the row was recalled, not read in its source.
    """

    id: str
    name: str
    numerator: str
    denominator: str
    per: int
    unit: str
    polarity: Polarity
    sources: tuple[str, ...]
    stratifiers: tuple[str, ...]
    window: int = 1
    notes: tuple[str, ...] = ()
    traps: tuple[Trap, ...] = ()
    recalled: bool = False

    @property
    def proportion(self) -> bool:
        """Whether events happen to some of those in the denominator, so that the others are people.

        Not where the denominator is modelled: what is left of it is nobody in particular.
        """
        return all(trap.id != "modelled-denominator" for trap in self.traps)

    @property
    def in_text(self) -> str:
        """The name as running text writes it: no capital, unless the word is an abbreviation.

        A number comes last: "harassment, bullying or abuse by the public (WRES 5)".
        """
        number, colon, rest = self.name.partition(": ")
        if colon:
            return f"{rest} ({number})"
        first = self.name.split()[0]
        return self.name if first.isupper() else self.name[0].lower() + self.name[1:]


MISSING_NOT_ZERO = Trap(
    "missing-not-zero",
    "A measure that fails its data-quality threshold is missing, not zero; an organisation that "
    "drops out can look like an effect.",
)
ROLLING_3 = Trap(
    "rolling-window",
    "Published as a rolling 3-month rate: read month by month, neighbouring values share two "
    "thirds of their births, which builds autocorrelation in.",
)
ROLLING_12 = Trap(
    "rolling-window",
    "Published over a rolling 12 months: neighbouring monthly values share eleven of twelve "
    "months, which builds autocorrelation in.",
)
POOLED_3_YEARS = Trap(
    "rolling-window",
    "Published for three years pooled: neighbouring years share two thirds of their maternities, "
    "which builds autocorrelation in.",
)
ROUNDED = Trap(
    "rounded-counts",
    "Counts are published rounded or suppressed: a rare outcome by month and group can be mostly "
    "rounding.",
)
MSDS_BREAK = Trap(
    "msds-v2",
    "Version 2 of the Maternity Services Data Set starts in April 2019: a break in the series.",
)
PROVISIONAL = Trap(
    "provisional-and-final",
    "Provisional and final months are both published: the source has to say which these are.",
)
PRETERM_DEFINITIONS = Trap(
    "definitions-differ",
    "Preterm definitions differ (live or all births, singletons or all): never mix two of them "
    "under one name.",
)
SOURCES_DIFFER = Trap(
    "definitions-differ",
    "The publishers define it differently: never join their series.",
)
UNKNOWN_STATUS = Trap(
    "unknown-status",
    "People whose status is unknown may be in or out of the denominator: the source has to say "
    "which, and a change in recording looks like an effect.",
)
SMALL_NUMBERS = Trap(
    "small-numbers",
    "Few events: a single period by group says little, and random noise looks like inequality.",
)
INFORMATIVE_MISSING_ETHNICITY = Trap(
    "informative-missing-ethnicity",
    "Missing ethnicity is informative (England 2022: 6.7 stillbirths per 1,000 where it was not "
    "stated, 3.4 for White British): keep 'not stated', 'not known' and missing as rows of "
    "their own.",
)

#: What every measure of the Maternity Services Data Set carries.
MSDS = (MISSING_NOT_ZERO, ROUNDED, MSDS_BREAK, PROVISIONAL)
