"""What can be asked of a generator: the setting, the effect, the chance and the flaws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from equieval.data.synthetic.groups import (
    ETHNIC_BY_CORE20,
    INCLUSION_GROUPS,
    QUINTILES,
    Groups,
)

Scale = Literal["absolute", "log"]
ByLevel = float | Mapping[str, float]


@dataclass(frozen=True)
class Setting:
    """What is counted, where, when and between whom.

    Attributes
    ----------
    indicator : id in the catalogue, which gives the rate's unit (``per``) and polarity.
    numerator, denominator : columns of the table.
    groups : between whom inequality is generated.
    baseline : rate at the first period, ``per`` the indicator's unit: the population's mean
        (levels then follow from the relative risks), or one rate per level.
    unit : ``"LMNS"`` or ``"Trust"``, also (in small letters) the column of the table.
    births : expected denominator of an average unit in one period, all levels together.
    frequency, first, periods : the series.
    """

    indicator: str
    numerator: str
    denominator: str
    groups: Groups
    baseline: ByLevel
    unit: str = "LMNS"
    births: int = 900
    frequency: str = "month"
    first: str = "2020-01"
    periods: int = 48


SMOKING = Setting("smoking-at-delivery", "smokers", "women_status_known", QUINTILES, 9.0)
"""Women who smoke at delivery, by LMNS, month and deprivation quintile."""

CONTINUITY = Setting(
    "continuity-received",
    "women_with_continuity",
    "women_reaching_29_weeks",
    ETHNIC_BY_CORE20,
    24.0,
    unit="Trust",
    births=400,
)
"""Women who received continuity of carer, by trust, month and ethnic group by Core20."""

EARLY_BOOKING = Setting("booking-by-10-weeks", "early_bookings", "bookings", INCLUSION_GROUPS, 62.0)
"""Bookings by 10 weeks, by LMNS, month, inclusion group and Core20."""

STILLBIRTH = Setting("stillbirth", "stillbirths", "total_births", QUINTILES, 4.0)
"""A rare outcome (4 per 1 000), by LMNS, month and deprivation quintile."""


@dataclass(frozen=True)
class Effect:
    """What the intervention does to the rate of each level.

    At event time e (0 = first exposed period) it adds
    ``change · min(1, (e + 1) / phase_in) + growth · e``, and ``anticipated · change`` in the
    ``anticipation`` periods before.

    Attributes
    ----------
    change, growth : one number, or one per level. ``absolute``: in the indicator's unit;
        ``log``: on the logarithm of the rate.
    scale : the scale on which effects add up and on which, but for ``divergence``, treated
        and control units run parallel.
    phase_in : periods until the whole change is there; 1 = at once.
    anticipation, anticipated : periods before the start in which part of the change shows.
    """

    change: ByLevel = 0.0
    growth: ByLevel = 0.0
    scale: Scale = "absolute"
    phase_in: int = 1
    anticipation: int = 0
    anticipated: float = 0.5

    def __post_init__(self) -> None:
        if self.phase_in < 1 or self.anticipation < 0:
            raise ValueError("phase_in must be 1 or more, anticipation 0 or more")
        if self.scale not in ("absolute", "log"):
            raise ValueError("scale must be 'absolute' or 'log'")


@dataclass(frozen=True)
class Variation:
    """How units, periods and counts differ by chance. Deviations are shares of the mean rate.

    Attributes
    ----------
    unit_spread : standard deviation between units, constant over time.
    size_spread : standard deviation of the logarithm of the units' sizes.
    composition : how alike units are in their groups (a Dirichlet concentration); None = equal.
    trend : change per period, the same everywhere.
    divergence : further change per period in treated units, without the intervention: the
        violation of parallel trends that designs assume away.
    seasonality : half the difference between the highest and the lowest month.
    phi : autocorrelation of the shocks from one period to the next.
    shared, unit, group : deviations of the shocks that hit everybody, one unit, and one level
        of one unit.
    overdispersion : variance of the counts as a multiple of the binomial one.
    """

    unit_spread: float = 0.1
    size_spread: float = 0.35
    composition: float | None = 200.0
    trend: float = 0.0
    divergence: float = 0.0
    seasonality: float = 0.0
    phi: float = 0.3
    shared: float = 0.02
    unit: float = 0.03
    group: float = 0.02
    overdispersion: float = 1.0

    def __post_init__(self) -> None:
        if not -1 < self.phi < 1:
            raise ValueError("phi must lie between -1 and 1")
        if self.overdispersion < 1:
            raise ValueError("overdispersion must be 1 or more")
        spreads = (self.unit_spread, self.size_spread, self.seasonality)
        if min(*spreads, self.shared, self.unit, self.group) < 0:
            raise ValueError("deviations must not be negative")
        if self.composition is not None and self.composition <= 0:
            raise ValueError("composition must be positive, or None")


@dataclass(frozen=True)
class Selection:
    """How the treated are chosen where their names are not given.

    ``worst-baseline`` takes the units with the worst observed rate in the ``window`` periods
    before the first start (the worst join first): what chance made bad gets better by itself.
    """

    rule: Literal["random", "worst-baseline"] = "random"
    window: int = 6

    def __post_init__(self) -> None:
        if self.rule not in ("random", "worst-baseline"):
            raise ValueError("the rule of selection must be 'random' or 'worst-baseline'")
        if self.window < 1:
            raise ValueError("the window of selection must be 1 period or more")


@dataclass(frozen=True)
class Recording:
    """How completely the group is recorded; who is not recorded is filed as not known.

    Attributes
    ----------
    coded : probability that the group of somebody without the event is recorded.
    event_difference : added to it for those with the event: missing is informative.
    improvement : added to it for all in treated units from their start on.
    """

    coded: ByLevel = 0.93
    event_difference: float = -0.1
    improvement: float = 0.0


@dataclass(frozen=True)
class Dropouts:
    """Units that submit nothing for a while: missing, not zero.

    ``highest-rate`` takes the units with the highest expected rates, after the first start, so
    that their absence looks like a fall; ``random`` any unit at any time.
    """

    units: int = 1
    periods: int = 4
    rule: Literal["random", "highest-rate"] = "random"

    def __post_init__(self) -> None:
        if self.rule not in ("random", "highest-rate"):
            raise ValueError("the rule of drop-out must be 'random' or 'highest-rate'")
        if self.units < 1 or self.periods < 1:
            raise ValueError("drop-outs need a unit and a period or more")


@dataclass(frozen=True)
class Flaws:
    """What is wrong with the table; by default nothing.

    ``mergers`` is the number of pairs of untreated units that merge in the second half of the
    series: from then on the successor reports in their place, as the companion table
    ``succession`` (``predecessor, successor, period``) says.
    """

    recording: Recording | None = None
    dropouts: Dropouts | None = None
    mergers: int = 0

    def __post_init__(self) -> None:
        if self.mergers < 0:
            raise ValueError("the number of mergers must not be negative")
