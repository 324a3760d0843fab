"""How the effect is identified: one model per design, so that a key of another is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from equieval.protocol.audited import AuditedSource, Tolerances, source_problems
from equieval.protocol.control_outcomes import ControlOutcome, PlaceboGroup, control_problems
from equieval.protocol.fields import (
    Block,
    Flag,
    IndicatorId,
    Label,
    PeriodLabel,
    Periods,
    Problem,
    Slug,
    Text,
    Texts,
    UnusableValueError,
    Whole,
    repeated,
)
from equieval.protocol.interruptions import Interruption, interruption_problems


def _rising(values: tuple[float, ...]) -> tuple[float, ...]:
    if list(values) != sorted(set(values)):
        raise UnusableValueError(
            "these numbers do not rise", "list each once, from the smallest to the largest"
        )
    return values


Months = Annotated[int, Field(strict=True, ge=1)]
Plausibility = Annotated[float, Field(strict=True, ge=1)]
Rising = Annotated[tuple[Annotated[float, Field(strict=True, ge=0)], ...], AfterValidator(_rising)]


class Selection(Block):
    """How the treated came to be treated: the first threat to any comparison."""

    rule: Literal[
        "everyone", "randomised", "volunteered", "poor-baseline", "good-baseline", "place", "other"
    ] = Field(
        description="poor-baseline means regression to the mean: what was worst gets better anyway."
    )
    words: Text = Field(description="How they were selected, in plain words.")


class Exclusion(Block):
    """A unit that is left out."""

    unit: Text = Field(description="The unit.")
    reason: Text = Field(description="Why it is left out, decided without the outcome.")


class DesignBase(Block):
    """What every design has."""

    first_period: PeriodLabel | None = Field(
        default=None, description="First period of the analysis; left out, the first in the data."
    )
    last_period: PeriodLabel | None = Field(
        default=None, description="Last period of the analysis; left out, the last in the data."
    )
    exclude_periods: Periods = Field(
        default=(), description="Periods left out of the main analysis."
    )


class Audit(DesignBase):
    """No intervention: where the gaps are and how good the data are."""

    type: Literal["audit"] = Field(description="The design.")
    unit: Text = Field(description="What an organisation is, e.g. 'trust'.")
    place: Text = Field(
        description="What the organisations make up together, e.g. the local maternity system; "
        "a unit of this name is the whole of it."
    )
    sources: tuple[AuditedSource, ...] = Field(description="The sources set side by side.")
    reference_source: Slug = Field(
        description="The source that the others are held against and that gaps are stated from; "
        "fixed before the sources are compared."
    )
    tolerances: Tolerances = Field(
        default_factory=Tolerances, description="What still counts as agreement."
    )
    gap_owner: Text | None = Field(
        default=None, description="Who would act on the gaps between groups."
    )

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong among the sources."""
        yield from source_problems(self.sources, self.reference_source)

    def audited(self, source: str) -> AuditedSource:
        """Return what the audit says of one of its sources."""
        return next(one for one in self.sources if one.source == source)


class _Interrupted(DesignBase):
    """What designs with one interruption in a series have."""

    start: PeriodLabel = Field(description="First exposed period.")
    impact: Literal["level-and-slope", "level", "slope"] = Field(
        default="level-and-slope",
        description="How the effect may show, fixed before the outcome is looked at.",
    )
    lag: Whole = Field(default=0, description="Periods from the start until an impact can show.")
    phase_in: Whole = Field(
        default=0,
        description="Periods from there in which take-up still grows; they are left out of the "
        "model, while time runs on.",
    )
    other_interruptions: tuple[Interruption, ...] = Field(
        default=(),
        description="Other events with a level and a slope of their own, or a level while they "
        "last; the counterfactual keeps them.",
    )
    seasonality: Literal["none", "fourier-1", "fourier-2", "period-effects"] = Field(
        default="none", description="How the season is modelled."
    )
    selection: Selection | None = Field(
        default=None, description="How the treated came to be treated."
    )

    def problems(self) -> Iterator[Problem]:
        """Yield interruptions that the model could not tell apart."""
        yield from interruption_problems(self.start, self.other_interruptions)


class InterruptedTimeSeries(_Interrupted):
    """One series before and after: of one unit, or of several that start together."""

    type: Literal["its"] = Field(description="The design.")
    unit: Text = Field(
        description="Whom the series is of, e.g. 'England'; where the data are by unit, what the "
        "units make up together."
    )
    units: Texts = Field(
        default=(),
        description="Units that started together. The headline is of their sum; beside it, each "
        "is fitted by itself and the effects are pooled. Left out, the data have one unit.",
    )
    exclusions: tuple[Exclusion, ...] = Field(default=(), description="Units left out, with why.")

    def problems(self) -> Iterator[Problem]:
        """Yield units that are named twice, or left out of nothing, and what else is wrong."""
        yield from super().problems()
        for unit in repeated(self.units):
            yield Problem(("units",), f"'{unit}' is listed twice", "name each unit once")
        if len(self.units) == 1:
            yield Problem(
                ("units",), "a sum has two units or more", "leave it out: 'unit' names the one unit"
            )
        if self.exclusions and not self.units:
            yield Problem(
                ("exclusions",),
                "units are left out, and none are named that stay",
                "list those that are summed under design.units",
            )
        for position, exclusion in enumerate(self.exclusions):
            if exclusion.unit in self.units:
                yield Problem(
                    ("exclusions", position, "unit"),
                    f"'{exclusion.unit}' is left out and used at once",
                    "take it off design.units",
                )


class ControlledInterruptedTimeSeries(_Interrupted):
    """One treated series against untreated ones."""

    type: Literal["controlled-its"] = Field(description="The design.")
    unit: Text = Field(description="What a unit is, e.g. 'LMNS'.")
    treated: Texts = Field(min_length=1, description="Treated units.")
    controls: Texts = Field(min_length=1, description="Untreated units.")
    exclusions: tuple[Exclusion, ...] = Field(default=(), description="Units left out, with why.")

    def problems(self) -> Iterator[Problem]:
        """Yield units on several sides or named twice, and what is wrong with the series."""
        yield from super().problems()
        yield from _arms(self.treated, self.controls, self.exclusions)


class _Comparative(DesignBase):
    """What difference-in-differences designs have."""

    unit: Text = Field(description="What a unit is, e.g. 'trust'.")
    cluster: Text | None = Field(
        default=None, description="What is treated together; left out, the unit."
    )
    selection: Selection = Field(description="How the treated came to be treated.")
    exclusions: tuple[Exclusion, ...] = Field(default=(), description="Units left out, with why.")
    anticipation: Whole = Field(
        default=0, description="Periods before the start in which an effect may already show."
    )
    covariates: tuple[IndicatorId, ...] = Field(
        default=(),
        description="Indicators that are adjusted for, by their ids in the catalogue: a source "
        "provides each by unit, and its level before the (first) start counts. None may be an "
        "outcome; every one needs ten treated and ten other units.",
    )


class DifferenceInDifferences(_Comparative):
    """Treated and control units, one start."""

    type: Literal["did"] = Field(description="The design.")
    start: PeriodLabel = Field(description="First exposed period.")
    treated: Texts = Field(min_length=1, description="Treated units.")
    controls: Texts = Field(min_length=1, description="Untreated units.")

    def problems(self) -> Iterator[Problem]:
        """Yield units on several sides, or named twice."""
        yield from _arms(self.treated, self.controls, self.exclusions)


class SyntheticDifferenceInDifferences(_Comparative):
    """One or few treated units against a weighted mix of the others."""

    type: Literal["synthetic-did"] = Field(description="The design.")
    start: PeriodLabel = Field(description="First exposed period.")
    treated: Texts = Field(min_length=1, description="Treated units.")
    controls: Texts = Field(min_length=2, description="Untreated units that may be weighted.")

    def problems(self) -> Iterator[Problem]:
        """Yield units on several sides, or named twice."""
        yield from _arms(self.treated, self.controls, self.exclusions)


class StaggeredDifferenceInDifferences(_Comparative):
    """Units that join at different times."""

    type: Literal["staggered-did"] = Field(description="The design.")
    adoption: dict[Label, PeriodLabel] = Field(
        min_length=1, description="Treated unit: its first exposed period."
    )
    controls: Texts = Field(default=(), description="Units that never join.")
    control_group: Literal["never-treated", "not-yet-treated"] = Field(
        default="never-treated", description="Whom the treated are compared with."
    )

    @property
    def treated(self) -> tuple[str, ...]:
        """Treated units."""
        return tuple(self.adoption)

    def problems(self) -> Iterator[Problem]:
        """Yield units on several sides, and a comparison group that is empty."""
        yield from _arms(self.treated, self.controls, self.exclusions)
        if self.control_group == "never-treated" and not self.controls:
            yield Problem(
                ("controls",),
                "no unit is never treated",
                "name the units that never join, or set control_group: not-yet-treated",
            )
        if not self.controls and len(set(self.adoption.values())) == 1:
            yield Problem(
                ("adoption",),
                "all units join at once and none never joins: nobody is left to compare with",
                "name controls, or use an interrupted time series (type: its)",
            )


Design = (
    InterruptedTimeSeries
    | ControlledInterruptedTimeSeries
    | DifferenceInDifferences
    | StaggeredDifferenceInDifferences
    | SyntheticDifferenceInDifferences
    | Audit
)
DesignField = Annotated[Design, Field(discriminator="type")]

DESIGNS: dict[str, type[DesignBase]] = {
    "its": InterruptedTimeSeries,
    "controlled-its": ControlledInterruptedTimeSeries,
    "did": DifferenceInDifferences,
    "staggered-did": StaggeredDifferenceInDifferences,
    "synthetic-did": SyntheticDifferenceInDifferences,
    "audit": Audit,
}


def _arms(
    treated: tuple[str, ...], controls: tuple[str, ...], exclusions: tuple[Exclusion, ...]
) -> Iterator[Problem]:
    for unit in repeated(treated):
        yield Problem(("treated",), f"'{unit}' is listed twice", "name each unit once")
    for unit in repeated(controls):
        yield Problem(("controls",), f"'{unit}' is listed twice", "name each unit once")
    for unit in controls:
        if unit in treated:
            yield Problem(
                ("controls",), f"'{unit}' is both treated and a control", "decide which it is"
            )
    for position, exclusion in enumerate(exclusions):
        if exclusion.unit in treated or exclusion.unit in controls:
            yield Problem(
                ("exclusions", position, "unit"),
                f"'{exclusion.unit}' is left out and used at once",
                "take it off the treated or control units",
            )


class HonestBounds(Block):
    """How far parallel trends may be violated (Rambachan and Roth 2023, Rev Econ Stud 90:2555)."""

    relative_magnitudes: Rising = Field(
        default=(),
        description="M̄: violations after the start, as multiples of the largest one before it.",
    )
    smoothness: Rising = Field(
        default=(),
        description="M: by how much the slope of a violation may change from one period to the "
        "next, in the unit of the outcome.",
    )

    def problems(self) -> Iterator[Problem]:
        """Yield bounds that say nothing."""
        if not (self.relative_magnitudes or self.smoothness):
            yield Problem(
                ("relative_magnitudes",),
                "no bound is given",
                "give values for relative_magnitudes, smoothness, or both; or leave 'honest' out",
            )


class Robustness(Block):
    """Other choices that could have been made, each run and shown."""

    placebo_starts: Periods = Field(
        default=(), description="Starts before the real one, where no effect should show."
    )
    control_outcomes: tuple[ControlOutcome, ...] = Field(
        default=(),
        description="Outcomes that the intervention cannot move, each with the reason why.",
    )
    placebo_groups: tuple[PlaceboGroup, ...] = Field(
        default=(),
        description="Groups of people or units that the intervention did not reach, each with "
        "the reason why no effect can show there.",
    )
    alternative_starts: Periods = Field(
        default=(), description="Other starts that could be defended."
    )
    leave_one_out: Flag = Field(
        default=False, description="Whether the analysis is repeated without each period or unit."
    )
    exclude_periods: tuple[Annotated[Periods, Field(min_length=1)], ...] = Field(
        default=(), description="Sets of periods; each set is left out together in one rerun."
    )
    newey_west_lag: Whole | None = Field(
        default=None, description="Lag of the Newey-West row; left out, chosen by rule."
    )
    sustained_at: Annotated[tuple[Months, ...], AfterValidator(_rising)] = Field(
        default=(),
        description="Months after the start at which the effect is read, rising, e.g. "
        "[12, 24, 36]: the first is the early effect, the later ones are held against it.",
    )
    retention_margin: Annotated[float, Field(strict=True, gt=0, le=1)] | None = Field(
        default=None,
        description="Share of the early effect that must be left for it to count as sustained: "
        "0.5 asks for half.",
    )
    missing_plausibility: Annotated[tuple[Plausibility, ...], AfterValidator(_rising)] = Field(
        default=(),
        description="By what factor the groups of people whose group is not known may differ "
        "from those known, rising from 1 (as those known); bounds without any limit stand beside "
        "them.",
    )
    honest: HonestBounds | None = Field(
        default=None, description="Bounds on violations of parallel trends."
    )

    def problems(self) -> Iterator[Problem]:
        """Yield horizons without a margin, or a margin without horizons; what is wrong below."""
        yield from control_problems(self.control_outcomes, self.placebo_groups)
        if self.sustained_at and self.retention_margin is None:
            yield Problem(
                ("sustained_at",),
                "nothing says how much of the early effect must be left",
                "add retention_margin, fixed before the outcome is looked at",
            )
        if self.retention_margin is not None and len(self.sustained_at) < 2:
            yield Problem(
                ("retention_margin",),
                "a margin needs an early effect and a later one",
                "name two horizons or more under sustained_at, e.g. [12, 24]",
            )
        if self.honest is not None:
            for problem in self.honest.problems():
                yield problem.below("honest")
