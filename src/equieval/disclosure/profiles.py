"""Disclosure profiles: one per data controller, chosen in the parameters, printed in the report.

Sources of the rules: NHS Maternity Services Data Set and Hospital Episode Statistics disclosure
rules (NHS England), OpenSAFELY output-checking guidance (including midpoint-6 rounding), and the
reliability marks of the Office for National Statistics' births and infant mortality tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

import pandas as pd

from equieval.disclosure.accept import accept_frame
from equieval.disclosure.columns import count_columns
from equieval.disclosure.dominance import Dominance
from equieval.disclosure.models import ModelRule
from equieval.disclosure.protect import Protected, RateRule, protect_frame, untouched
from equieval.disclosure.rounding import to_midpoint, to_nearest
from equieval.disclosure.suppression import CountRule, Small
from equieval.errors import ParametersError, did_you_mean


@dataclass(frozen=True)
class Profile:
    """The rules under which a controller's figures may be published.

    Attributes
    ----------
    id : as the parameters file names it (``disclosure.profile``).
    title : the profile in words.
    counting, rates : primary rules for counts and rates.
    models : what estimates may rest on, and whether models see exact counts.
    dominance : when few units dominate an amount that is summed over units.
    mean_needs : smallest number of people with a mean or median; 0 for no rule.
    published_already : figures are published elsewhere, so that no rule applies to them;
        the sources must then be open and named.
    totals_add_up : totals are sums of counts as shown, wherever all of their parts are shown.
    count_suffix : appended to the names of count columns in files, so that a reader of a CSV
        sees that counts are rounded.
    words : the rules in plain English, a sentence each.
    """

    id: str
    title: str
    counting: CountRule
    rates: RateRule = field(default_factory=RateRule)
    models: ModelRule = field(default_factory=ModelRule)
    dominance: Dominance = field(default_factory=Dominance)
    mean_needs: int = 0
    published_already: bool = False
    totals_add_up: bool = False
    count_suffix: str = ""
    words: tuple[str, ...] = ()

    @property
    def threshold(self) -> float:
        """Width that the interval of a protected count keeps, and the least difference that two
        versions may show; 0 where counts are shown as they are.
        """
        return float(self.counting.threshold)

    @property
    def at_source(self) -> bool:
        """Whether observations are protected before anything is computed from them.

        Counts are rounded or withheld; where they are shown as they are, those of too few events
        are kept from computation.
        """
        return not self.published_already

    def protect(self, data: pd.DataFrame, *, counts: Iterable[str] = ()) -> Protected:
        """Return ``data`` with this profile's primary rules applied.

        Parameters
        ----------
        data : one row per cell; counts, rates, means and intervals under the column names of
            `equieval.disclosure.columns`.
        counts : further columns that count people or events.

        Raises
        ------
        DataError : a count column holds text or a negative number.
        """
        if self.published_already:
            return untouched(data)
        return protect_frame(
            data, self.counting, self.rates, mean_needs=self.mean_needs, also_counts=counts
        )

    def accept(self, data: pd.DataFrame, *, where: str) -> Protected:
        """Return a page's frame as it may be shown: `protect`, unless its counts already are.

        Parameters
        ----------
        data : a frame computed from the page's observations, which the profile has protected
            (`equieval.disclosure.safeguard`).
        where : page and artefact, for the message.

        Raises
        ------
        DisclosureRefused : a count in the frame is none that the profile can show.
        """
        if not self.at_source:
            return self.protect(data)
        return accept_frame(data, self.counting, self.rates, self.dominance, where=where)

    def as_published(self, data: pd.DataFrame, *, counts: Iterable[str] = ()) -> pd.DataFrame:
        """Return a protected frame with the column names that its downloads carry."""
        if not self.count_suffix:
            return data
        names = {name: f"{name}{self.count_suffix}" for name in count_columns(data, counts)}
        return data.rename(columns=names)

    def describe(self) -> str:
        """Return the rules in plain words, for the report's methods page."""
        return f"{self.title} ({self.id}). " + " ".join(self.words)


_TO_5 = partial(to_nearest, base=5)
_FROM_PROTECTED = (
    "Every rate, interval and estimate is computed from the counts as shown. Further counts are "
    "withheld (*) where a small one would follow from them and their totals."
)

PROFILES: dict[str, Profile] = {
    profile.id: profile
    for profile in (
        Profile(
            id="open-data",
            title="Figures that are already published",
            counting=CountRule(),
            published_already=True,
            words=(
                "Every figure comes from a published, openly licensed source that is named with "
                "its publisher and licence.",
                "Nothing is suppressed or rounded.",
            ),
        ),
        Profile(
            id="nhs-msds",
            title="NHS Maternity Services Data Set",
            counting=CountRule(
                small=Small.REPLACE, threshold=7, replacement=5.0, round=_TO_5, step=5.0
            ),
            # The controller would let rates per 1 000 be computed from exact counts; beside a
            # rounded count such a rate gives the exact one away, so we do not.
            rates=RateRule(withheld_under=8, only_per_at_least=1000.0),
            models=ModelRule(least_events=8),
            mean_needs=8,
            words=(
                "A count of 0 is shown as 0, counts from 1 to 7 as 5, and all others to the "
                "nearest 5.",
                _FROM_PROTECTED,
                "Rates per 1 000 or more are not shown for fewer than 8 events.",
            ),
        ),
        Profile(
            id="nhs-hes",
            title="NHS Hospital Episode Statistics",
            counting=CountRule(small=Small.REDACT, threshold=7, round=_TO_5, step=5.0),
            rates=RateRule(fine_denominator=4000),
            mean_needs=8,
            words=(
                "A count of 0 is shown as 0, counts from 1 to 7 are not shown (*), and all "
                "others are to the nearest 5.",
                _FROM_PROTECTED,
                "Proportions are given to 0.1 percentage points where at least 4,000 people are "
                "behind them, otherwise to 1.",
                "Means and medians need at least 8 people.",
                "Totals are computed before they are rounded, so they may not add up.",
            ),
        ),
        Profile(
            id="opensafely",
            title="OpenSAFELY, redaction and rounding",
            counting=CountRule(
                small=Small.REDACT, threshold=7, redact_zero=True, round=_TO_5, step=5.0
            ),
            mean_needs=8,
            totals_add_up=True,
            words=(
                "Counts of 7 or fewer are not shown, and all others are to the nearest 5.",
                _FROM_PROTECTED,
                "Totals are sums of the counts as shown, where all of their parts are shown.",
            ),
        ),
        Profile(
            id="opensafely-midpoint-6",
            title="OpenSAFELY, midpoint-6 rounding",
            counting=CountRule(threshold=6, round=partial(to_midpoint, width=6), step=3.0),
            mean_needs=8,
            totals_add_up=True,
            count_suffix="_midpoint6",
            words=(
                "A count of 0 is shown as 0, counts from 1 to 6 as 3, from 7 to 12 as 9, and so "
                "on in bands of 6.",
                _FROM_PROTECTED,
                "Totals are sums of the counts as shown, where all of their parts are shown.",
            ),
        ),
        Profile(
            id="ons-births",
            title="Office for National Statistics, births",
            counting=CountRule(),
            rates=RateRule(withheld_under=3, withheld_mark="[x]", unreliable_under=20),
            models=ModelRule(exact=True, least_events=3),
            words=(
                "Counts are shown.",
                "Rates that rest on fewer than 3 events are not shown ([x]); those that rest on "
                "3 to 19 are marked as unreliable ([u]).",
                "No measure, interval or model estimate rests on a group or period of fewer than "
                "3 events, and models keep at least 10 residual degrees of freedom.",
            ),
        ),
    )
}


def profile(profile_id: str) -> Profile:
    """Return a disclosure profile by its id.

    Raises
    ------
    ParametersError : there is no such profile.
    """
    try:
        return PROFILES[profile_id]
    except KeyError:
        raise ParametersError(
            f"'{profile_id}' is no disclosure profile",
            where="disclosure.profile",
            remedy=did_you_mean(profile_id, PROFILES),
        ) from None
