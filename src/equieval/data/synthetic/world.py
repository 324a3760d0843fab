"""The world that panels are drawn from: units, their courses, their births and their events.

In symbols, for unit u, period t and level k, with start g(u) and event time e = t − g(u):

    absolute:  R(u,t,k) = B(k) + μ·X(u,t,k) + τ(k, e)
    log:       R(u,t,k) = B(k) · exp(X(u,t,k) − V/2 + τ(k, e))
    X(u,t,k)  = a(u) + λ·t + δ·t·treated(u) + s(t) + c(t) + d(u,t) + f(u,t,k)
    births    N(u,t,k) ~ Poisson(n · size(u) · share(u,k))
    events    Y(u,t,k) ~ Binomial(N, R), or beta-binomial with variance φ times as large

B(k) is the baseline of the level, μ the mean over levels, a(u) the unit's deviation, λ the
trend, δ the divergence, s(t) a yearly cosine; c, d and f are stationary AR(1) series with the
same autocorrelation and total variance V (on the log scale −V/2 keeps the mean). Sizes are
log-normal, shares Dirichlet. The *expected* rates, from which every truth is taken, are R
without c, d and f: they hold for these units, not for units drawn anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from equieval.data.periods import pandas_frequency, parse_period, period_label
from equieval.data.synthetic.noise import autoregression, draw_events, rounded, stream
from equieval.data.synthetic.options import Effect, Selection, Setting, Variation
from equieval.data.synthetic.places import unit_names
from equieval.data.synthetic.record import Array, Counts
from equieval.protocol.catalogue.rows import Indicator
from equieval.protocol.indicators import indicator
from equieval.protocol.periods import MONTHS, Frequency

Treated = int | Sequence[str]
"""Which units join at one date: how many, chosen by the rule of selection, or which."""


@dataclass(frozen=True, eq=False)
class World:
    """Everything that was drawn, before anything is wrong with it.

    Arrays are units × periods × levels; rates are in the unit of the indicator. ``start`` holds
    each unit's first exposed period by its position, the number of periods where it has none.
    """

    setting: Setting
    names: tuple[str, ...]
    index: pd.PeriodIndex
    start: Counts
    births: Counts
    events: Counts
    rate: Array
    counterfactual: Array

    @property
    def indicator(self) -> Indicator:
        """The outcome, as the catalogue has it."""
        return indicator(self.setting.indicator)

    @property
    def labels(self) -> tuple[str, ...]:
        """The periods as a source writes them."""
        return tuple(period_label(period, self.setting.frequency) for period in self.index)

    @property
    def treated(self) -> Counts:
        """Positions of the units that are ever exposed."""
        return np.flatnonzero(self.start < len(self.index))

    @property
    def adoption(self) -> dict[str, str]:
        """Treated units with the label of their first exposed period."""
        return {self.names[unit]: self.labels[self.start[unit]] for unit in self.treated}

    @property
    def event_time(self) -> Counts:
        """Periods since the start, units × periods; negative before it."""
        return np.asarray(np.arange(len(self.index))[None, :] - self.start[:, None])

    def baseline_births(self) -> Array:
        """Mean births per period before the unit's own start, units × levels."""
        return np.array(
            [
                births[: max(1, int(start))].mean(axis=0)
                for births, start in zip(self.births, self.start, strict=True)
            ]
        )

    def expected(self) -> pd.DataFrame:
        """Return ``indicator, unit, period, stratum, births, rate, rate_counterfactual``."""
        units, periods, levels = self.births.shape
        return pd.DataFrame(
            {
                "indicator": self.setting.indicator,
                "unit": np.repeat(np.array(self.names), periods * levels),
                "period": self.index.repeat(levels).append(
                    [self.index.repeat(levels)] * (units - 1)
                ),
                "stratum": np.tile(np.array(self.setting.groups.levels), units * periods),
                "births": self.births.ravel(),
                "rate": rounded(self.rate.ravel()),
                "rate_counterfactual": rounded(self.counterfactual.ravel()),
            }
        )


def draw_world(
    seed: int,
    setting: Setting,
    units: int,
    cohorts: Mapping[str, Treated],
    effect: Effect,
    variation: Variation,
    selection: Selection,
    factors: Mapping[str, float] | None = None,
) -> World:
    """Draw units, choose who is treated when, and draw their births and events.

    Parameters
    ----------
    seed : the same seed and arguments give the same world.
    units : number of units.
    cohorts : label of a first exposed period: how many units join then, or which.
    factors : label of a first exposed period: what its effects are multiplied by (1).

    Raises
    ------
    ValueError : the arguments describe no panel, or rates outside 0 to ``per``.
    """
    if setting.periods < 2 or setting.births < 1:
        raise ValueError("a panel needs two periods or more, and births")
    frequency = setting.frequency
    index = pd.period_range(
        parse_period(setting.first, frequency),
        periods=setting.periods,
        freq=pandas_frequency(frequency),
    )
    labels = [period_label(period, frequency) for period in index]
    names = unit_names(units, setting.unit)
    starts = {label: _position(label, labels) for label in cohorts}
    if unknown := set(factors or {}) - set(cohorts):
        raise ValueError(f"nobody joins in {', '.join(sorted(unknown))}")

    per = indicator(setting.indicator).per
    high_is_good = indicator(setting.indicator).polarity == "high"
    baseline = setting.groups.rates(setting.baseline, high_is_good=high_is_good)
    births = _births(seed, setting, units, variation)
    fixed = _fixed_course(seed, setting, units, index, variation)
    shocks = _shocks(seed, setting, units, variation)
    variance = variation.shared**2 + variation.unit**2 + variation.group**2

    def rates(course: Array, effects: Array | float, chance: Array | float) -> Array:
        """Put the parts together on the scale of the effect."""
        if effect.scale == "log":
            centred = chance - variance / 2 if isinstance(chance, np.ndarray) else 0.0
            return np.asarray(baseline * np.exp(course + centred + effects))
        mean = float(np.array(setting.groups.shares) @ baseline)
        return np.asarray(baseline + mean * (course + chance) + effects)

    untreated = _within(rates(fixed, 0.0, shocks), per)
    counts = (setting.indicator, "events")
    events = draw_events(stream(seed, *counts), births, untreated / per, variation.overdispersion)
    observed = _crude_rate(events, births, starts, selection.window)
    start = _choose(
        seed, names, cohorts, starts, selection, -observed if high_is_good else observed
    )
    start = np.where(start < 0, setting.periods, start)

    diverging = np.where(start < setting.periods, variation.divergence, 0.0)
    course = fixed + (diverging[:, None] * np.arange(setting.periods))[:, :, None]
    effects = _effects(setting, effect, start, {starts[k]: v for k, v in (factors or {}).items()})
    drawn = _within(rates(course, effects, shocks), per)
    again = draw_events(
        stream(seed, *counts, "exposed"), births, drawn / per, variation.overdispersion
    )
    return World(
        setting=setting,
        names=names,
        index=index,
        start=start,
        births=births,
        events=np.where(drawn == untreated, events, again),
        rate=_within(rates(course, effects, 0.0), per),
        counterfactual=_within(rates(course, 0.0, 0.0), per),
    )


def _position(label: str, labels: Sequence[str]) -> int:
    if label not in labels[1:]:
        raise ValueError(f"the intervention must start inside the series, {label} does not")
    return labels.index(label)


def _births(seed: int, setting: Setting, units: int, variation: Variation) -> Counts:
    shares = np.array(setting.groups.shares)
    sizes = np.exp(variation.size_spread * stream(seed, "size").normal(size=units))
    if variation.composition is None:
        composition = np.tile(shares, (units, 1))
    else:
        composition = stream(seed, "composition").dirichlet(
            variation.composition * shares, size=units
        )
    expected = setting.births * (sizes / sizes.mean())[:, None] * composition
    size = (units, setting.periods, len(shares))
    drawn = stream(seed, "births", setting.denominator).poisson(
        np.round(expected, 6)[:, None, :], size
    )
    return np.asarray(drawn, dtype=np.int64)


def _fixed_course(
    seed: int, setting: Setting, units: int, index: pd.PeriodIndex, variation: Variation
) -> Array:
    """Return a(u) + λ·t + s(t), units × periods × 1."""
    deviation = variation.unit_spread * stream(seed, setting.indicator, "unit").normal(size=units)
    season = np.zeros(setting.periods)
    if variation.seasonality:
        months = MONTHS[_known(setting.frequency)]
        if months == 12:
            raise ValueError("yearly figures have no season")
        angle = 2 * np.pi * (np.asarray(index.month) - 1 - (months - 1) / 2) / 12
        season = variation.seasonality * np.cos(angle)
    over_time = variation.trend * np.arange(setting.periods) + season
    return np.asarray((deviation[:, None] + over_time[None, :])[:, :, None])


def _known(frequency: str) -> Frequency:
    return next(known for known in MONTHS if known == frequency)


def _shocks(seed: int, setting: Setting, units: int, variation: Variation) -> Array:
    """Return c(t) + d(u, t) + f(u, t, k), units × periods × levels."""
    random = stream(seed, setting.indicator, "shocks")
    periods, phi = setting.periods, variation.phi
    levels = len(setting.groups.levels)
    shared = autoregression(random, periods, phi, variation.shared)
    unit = autoregression(random, periods, phi, variation.unit, (units,))
    group = autoregression(random, periods, phi, variation.group, (units, levels))
    together = shared[:, None, None] + unit[:, :, None] + group
    return np.asarray(together.transpose(1, 0, 2))


def _effects(
    setting: Setting, effect: Effect, start: Counts, factors: Mapping[int, float]
) -> Array:
    """Return τ(k, e) of every unit and period."""
    change = setting.groups.by_level(effect.change)
    growth = setting.groups.by_level(effect.growth)
    event = np.arange(setting.periods)[None, :] - start[:, None]
    reached = np.where(event >= 0, np.minimum(1.0, (event + 1) / effect.phase_in), 0.0)
    early = (event < 0) & (event >= -effect.anticipation) & (start < setting.periods)[:, None]
    reached = np.where(early, effect.anticipated, reached)
    factor = np.array([factors.get(int(first), 1.0) for first in start])
    full = reached[:, :, None] * change + np.maximum(event, 0)[:, :, None] * growth
    return np.asarray(factor[:, None, None] * full)


def _crude_rate(events: Counts, births: Counts, starts: Mapping[str, int], window: int) -> Array:
    """Return each unit's observed rate in the window before the first start."""
    first = min(starts.values(), default=0)
    before = slice(max(0, first - window), first)
    size = births[:, before].sum(axis=(1, 2))
    return np.asarray(events[:, before].sum(axis=(1, 2)) / np.maximum(size, 1))


def _choose(
    seed: int,
    names: tuple[str, ...],
    cohorts: Mapping[str, Treated],
    starts: Mapping[str, int],
    selection: Selection,
    badness: Array,
) -> Counts:
    """Return each unit's first exposed period, -1 where it is never exposed."""
    start = np.full(len(names), -1)
    for label, treated in cohorts.items():
        if isinstance(treated, int):
            continue
        for name in treated:
            if name not in names:
                raise ValueError(f"there is no unit '{name}'; there are {', '.join(names)}")
            if start[names.index(name)] >= 0:
                raise ValueError(f"'{name}' joins twice")
            start[names.index(name)] = starts[label]
    order = stream(seed, "selection").permutation(len(names))
    if selection.rule == "worst-baseline":
        order = np.argsort(-badness, kind="stable")
    waiting = [int(unit) for unit in order if start[unit] < 0]
    numbers = {label: n for label, n in cohorts.items() if isinstance(n, int)}
    if min(numbers.values(), default=1) < 1 or sum(numbers.values()) > len(waiting):
        raise ValueError(f"{sum(numbers.values())} of {len(waiting)} units cannot join")
    for label in sorted(numbers, key=starts.__getitem__):
        for _ in range(numbers[label]):
            start[waiting.pop(0)] = starts[label]
    return start


def _within(rates: Array, per: float) -> Array:
    if rates.min() <= 0 or rates.max() >= per:
        raise ValueError(f"these arguments give rates outside 0 to {per:,} per {per:,}")
    return rates
