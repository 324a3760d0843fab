"""The stated rules that turn numbers into words.

| rule | words |
|---|---|
| interval leaves no difference out | a verdict: improved, worsened; narrowed, widened |
| interval includes no difference | ``no-clear-change``, whatever the estimate |
| no estimate, no interval, or the design cannot carry it | ``cannot-say`` |
| outcome's sign × polarity | better or worse; no judgement where polarity is neutral |
| inequality's sign | positive is worse for the worst-off: wider; negative: narrower |
| design | what the estimate compares with, and what the comparison cannot show |

No rule uses a verb of cause: a verdict says what changed against what was expected, and
each design's caveat says what else could lie behind it. Certainty has GRADE's four levels
(Guyatt et al., BMJ 2008).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from equieval.errors import InputError, did_you_mean
from equieval.present import numbers

AVERAGED = ("did", "staggered-did", "synthetic-did")
"""Designs whose headline is the average effect up to the horizon, not the effect at it."""
OUTCOME_VERDICTS = ("improved", "worsened", "rose", "fell", "no-clear-change", "cannot-say")
GAP_VERDICTS = ("narrowed", "widened", "no-clear-change", "cannot-say")
CAUTIOUS = ("no-clear-change", "cannot-say")

CERTAINTY: dict[str, str] = {
    "high": "we are confident that the true change lies close to this estimate",
    "moderate": "the true change is probably close to this estimate, but may differ from it",
    "low": "the true change may differ much from this estimate",
    "very-low": "the true change is likely to differ much from this estimate",
    "not-rated": "the data are synthetic, so the evidence is not rated",
}

EXPECTED: dict[str, str] = {
    "its": "the trend before {start}, carried forward,",
    "controlled-its": "the earlier trend, with the change in the comparison series,",
    "did": "the change in those that did not take part",
    "staggered-did": "the change in those not yet taking part",
    "synthetic-did": "the change in the weighted comparison",
    "audit": "the rate of the reference group",
}
CAVEATS: dict[str, str] = {
    "its": "A single series cannot tell {intervention} apart from other things that changed "
    "in the same years.",
    "controlled-its": "The comparison holds only if nothing else changed in one series and not "
    "in the other.",
    "did": "The comparison holds only if those that took part and those that did not would "
    "otherwise have changed alike.",
    "staggered-did": "The comparison holds only if those that joined earlier and later would "
    "otherwise have changed alike.",
    "synthetic-did": "The comparison holds only if the weighted comparison would otherwise have "
    "changed alike.",
    "audit": "An audit describes groups and sources as they are; it compares nothing with what "
    "would otherwise have happened.",
}


@dataclass(frozen=True)
class Result:
    """An estimate with its interval; ``null`` is the value of no difference."""

    estimate: float
    ci_low: float
    ci_high: float
    null: float = 0.0

    @property
    def known(self) -> bool:
        """Whether estimate and interval are both there."""
        return not any(map(numbers.is_missing, (self.estimate, self.ci_low, self.ci_high)))

    @property
    def sign(self) -> int:
        """The side of the null on which the whole interval lies: 1, −1, or 0 for neither."""
        if not self.known:
            return 0
        return int(self.ci_low > self.null) - int(self.ci_high < self.null)

    @property
    def side(self) -> int:
        """The side of the null on which the estimate lies: 1, −1, or 0."""
        if numbers.is_missing(self.estimate):
            return 0
        return int(self.estimate > self.null) - int(self.estimate < self.null)


def better_or_worse(sign: int, polarity: str) -> str:
    """Return ``"better"``, ``"worse"``, or "" where the indicator judges neither."""
    if not sign or polarity not in ("low", "high"):
        return ""
    return "worse" if (sign > 0) == (polarity == "low") else "better"


def outcome_verdict(result: Result, polarity: str) -> str:
    """Return one of `OUTCOME_VERDICTS` for a change in an outcome."""
    if not result.known:
        return "cannot-say"
    if not result.sign:
        return "no-clear-change"
    judged = better_or_worse(result.sign, polarity)
    if not judged:
        return "rose" if result.sign > 0 else "fell"
    return "improved" if judged == "better" else "worsened"


def gap_verdict(result: Result) -> str:
    """Return one of `GAP_VERDICTS` for a change in an inequality measure."""
    if not result.known:
        return "cannot-say"
    return {1: "widened", -1: "narrowed", 0: "no-clear-change"}[result.sign]


def checked_verdict(given: str | None, computed: str, known: tuple[str, ...]) -> str:
    """Return the verdict given, unless it claims more than the numbers do.

    A verdict may always be more cautious than the numbers (``cannot-say`` because the
    design cannot carry the estimate), never bolder or opposite.

    Raises
    ------
    InputError : an unknown verdict, or one that the numbers do not support.
    """
    if given is None or given == computed:
        return computed
    if given not in known:
        raise InputError(
            f"'{given}' is not a verdict", where="verdict", remedy=did_you_mean(given, known)
        )
    if given not in CAUTIOUS or computed == "cannot-say":
        raise InputError(
            f"the verdict '{given}' is not what the numbers say ('{computed}')",
            where="verdict",
            remedy="leave the verdict out, or give a more cautious one: " + ", ".join(CAUTIOUS),
        )
    return given


def levelling_verdict(most: Result, least: Result, polarity: str) -> tuple[str, str]:
    """Return who moved, as an id and as words with ``{most}`` and ``{least}`` in them.

    Both results are changes of the outcome in that group. Ids: ``unclear, levelled-up,
    levelled-down, both-moved-closer, both-improved, both-worsened, left-behind,
    fell-behind, both-moved-apart, moved, cannot-say`` (an end without an interval).
    """
    if not (most.known and least.known):
        return "cannot-say", "how {most} and {least} moved cannot be told"
    moved = [
        {"better": 1, "worse": -1, "": 0}[better_or_worse(end.sign, polarity)]
        for end in (most, least)
    ]
    if polarity not in ("low", "high") and (most.sign or least.sign):
        words = {1: "rose", -1: "fell", 0: "shows no clear change"}
        return "moved", (
            f"the rate of {{most}} {words[most.sign]}; that of {{least}} {words[least.sign]}"
        )
    return {
        (0, 0): ("unclear", "no clear change in {most} nor in {least}"),
        (1, 0): (
            "levelled-up",
            "{most} improved; no clear change in {least}",
        ),
        (0, -1): (
            "levelled-down",
            "{least} worsened; no clear change in {most}",
        ),
        (1, -1): ("both-moved-closer", "{most} improved and {least} worsened"),
        (1, 1): ("both-improved", "both {most} and {least} improved"),
        (-1, -1): ("both-worsened", "both {most} and {least} worsened"),
        (0, 1): ("left-behind", "{least} improved; no clear change in {most}"),
        (-1, 0): ("fell-behind", "{most} worsened; no clear change in {least}"),
        (-1, 1): ("both-moved-apart", "{most} worsened and {least} improved"),
    }[(moved[0], moved[1])]


def expected_words(design: str, start: str = "") -> str:
    """Return what an estimate of this design is compared with, in words.

    Raises
    ------
    InputError : a design without words.
    """
    return _of_design(EXPECTED, design).format(start=start or "the start")


def caveat_words(design: str, intervention: str) -> str:
    """Return what a comparison of this design cannot show."""
    return _of_design(CAVEATS, design).format(intervention=intervention)


def _of_design(table: dict[str, str], design: str) -> str:
    if design not in table:
        raise InputError(
            f"there are no words for the design '{design}'",
            where="design",
            remedy=did_you_mean(design, table),
        )
    return table[design]


def certainty_words(certainty: str) -> str:
    """Return what a level of certainty means.

    Raises
    ------
    InputError : an unknown level.
    """
    if certainty not in CERTAINTY:
        raise InputError(
            f"'{certainty}' is not a level of certainty",
            where="certainty",
            remedy=did_you_mean(certainty, CERTAINTY),
        )
    return CERTAINTY[certainty]


_SPECIAL = re.compile(r"([\\`*_\[\]<>$#|~^@{}])")


def as_text(words: object) -> str:
    """Escape what Markdown, raw HTML, formulas or shortcodes would read as their own."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(words).split()))


def sentence(words: str) -> str:
    """Return words with a capital first letter and one full stop at the end."""
    trimmed = words.strip()
    closed = trimmed if trimmed.endswith((".", "?", "!")) else f"{trimmed}."
    return capitalise(closed)


def capitalise(words: str) -> str:
    """Return words with a capital first letter, bold or not, and the rest as it was.

    >>> capitalise("no change"), capitalise("**no change**: too few")
    ('No change', '**No change**: too few')
    """
    first = 2 if words.startswith("**") else 0
    return words[:first] + words[first : first + 1].upper() + words[first + 1 :]
