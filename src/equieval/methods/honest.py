"""How far may trends have differed before the finding falls? Relative magnitudes (Δ^RM).

Rambachan & Roth (2023, Rev Econ Stud 90:2555): after exposure, trends may differ from one period
to the next by at most M̄ times the largest such difference before it. Intervals invert their
hybrid of the conditional and the least-favourable test (Andrews, Roth & Pakes 2023). Δ^RM is a
union of polyhedra, one for each difference before exposure and each sign; on each of them the
test statistic is a linear program whose dual has only n + 2 vertices for n periods after
exposure (each constraint comes with its mirror image), so every program is solved exactly by
taking a maximum over them, for all values tested at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special
from scipy.stats import qmc

from equieval.errors import DesignError
from equieval.methods.contrasts import t_quantile
from equieval.methods.staggered import Aggregation

Array = npt.NDArray[np.float64]

_GRID: Final = 1_500
_LOG2_DRAWS: Final = 13
#: Share of the error probability spent on the least-favourable stage (the paper's α/10).
_FIRST_STAGE: Final = 0.1
_WHERE: Final = "HonestDiD, relative magnitudes"


@dataclass(frozen=True, eq=False)
class GroupPart:
    """What one group of units adds to the effects' covariance, were all units to vary alike.

    ``design`` is the same were periods independent too, so that it follows from who joined when
    alone; ``df``: with how many degrees of freedom that is learnt, the group's units − 1
    (fewer where they are weighted); 0 for one unit.
    """

    covariance: Array
    design: Array
    df: float


@dataclass(frozen=True, eq=False)
class EventStudy:
    """Effects by event time against one reference period, which is left out.

    ``estimates`` (``n_before`` differences from the reference before it, then the effects after)
    with their ``covariance``. ``parts`` say how well that is known (see
    ``equieval.methods.cohort_events``); without any it is taken as known, as for many units.
    """

    estimates: Array
    covariance: Array
    n_before: int
    parts: tuple[GroupPart, ...] = ()

    @property
    def n_after(self) -> int:
        """Number of effects after exposure."""
        return len(self.estimates) - self.n_before

    def through(self, rows: Array, n_before: int) -> EventStudy:
        """Return the study of linear combinations of the effects, one per row of ``rows``."""
        return EventStudy(
            estimates=rows @ self.estimates,
            covariance=rows @ self.covariance @ rows.T,
            n_before=n_before,
            parts=tuple(
                GroupPart(rows @ part.covariance @ rows.T, rows @ part.design @ rows.T, part.df)
                for part in self.parts
            ),
        )

    def df(self, weights: Array) -> float:
        """Return the degrees of freedom of ``weights`` · effects (Bell & McCaffrey 2002).

        Infinite without parts; 0 where a group of one unit adds to it.
        """
        return self._df([float(weights @ part.covariance @ weights) for part in self.parts])

    def widened(self, ci_level: float) -> EventStudy:
        """Return the study for normal theory, each error times t over normal quantile.

        The normal interval of an effect is then its t interval; correlations stay. A study
        without parts is returned as it is.
        """
        if not self.parts:
            return self
        wider = np.array(
            [t_quantile(self.df(row), ci_level) for row in np.eye(len(self.estimates))]
        ) / t_quantile(math.inf, ci_level)
        covariance = self.covariance * np.outer(wider, wider)
        return EventStudy(self.estimates, covariance, self.n_before)

    def design_df(self, weights: Array) -> float:
        """Return the degrees of freedom as if periods were independent."""
        return self._df([float(weights @ part.design @ weights) for part in self.parts])

    def _df(self, added: list[float]) -> float:
        variances, total = np.array(added), sum(added)
        freedom = np.array([part.df for part in self.parts])
        if not total > 0:
            return math.inf
        adding = variances > 1e-12 * total
        if (freedom[adding] <= 0).any():
            return 0.0
        return total**2 / float((variances[adding] ** 2 / freedom[adding]).sum())


def event_study(aggregation: Aggregation) -> EventStudy:
    """Take the event study from a ``dynamic`` aggregation with a universal base period.

    Raises ``DesignError`` for another aggregation or base, and when event times have gaps.
    """
    where = "HonestDiD"
    if aggregation.kind != "dynamic":
        raise DesignError(
            f"The aggregation is {aggregation.kind!r}, not by event time.",
            where=where,
            remedy="Aggregate the effects as 'dynamic'.",
        )
    times = aggregation.effects["event_time"].to_numpy()
    reference = (aggregation.effects["std_error"].to_numpy() == 0) & (times < 0)
    if reference.sum() != 1 or times[reference][0] != -1:
        raise DesignError(
            "The event study has no single reference period just before exposure.",
            where=where,
            remedy="Estimate it with base_period='universal' and without anticipation.",
        )
    if (np.diff(times) != 1).any():
        raise DesignError(
            "The event times have gaps.", where=where, remedy="Use periods of even length."
        )
    kept = ~reference
    return EventStudy(
        estimates=aggregation.effects["estimate"].to_numpy(float)[kept],
        covariance=aggregation.covariance[np.ix_(kept, kept)],
        n_before=int((times < -1).sum()),
    )


def relative_magnitudes(
    study: EventStudy,
    mbar: Sequence[float] = (0.5, 1.0, 1.5, 2.0),
    *,
    weights: Sequence[float] | None = None,
    ci_level: float = 0.95,
    seed: int = 1,
) -> pd.DataFrame:
    """Return ``mbar, ci_low, ci_high``: the interval of the effect for each ``mbar``.

    The effect is ``weights`` · effects after exposure (by default the first of them). Raises
    ``DesignError`` with fewer than two periods before exposure, for negative ``mbar`` and for a
    covariance that is not positive definite. The theory takes the covariance as known: a study of
    few units (with parts) goes in ``widened``.
    """
    study = study.widened(ci_level)
    target = _checked(study, mbar, weights)
    records = []
    for value in mbar:
        tests = _tests(study, value, target, 1 - ci_level, seed)
        records.append((float(value), *_interval(study, value, target, tests)))
    return pd.DataFrame(records, columns=["mbar", "ci_low", "ci_high"])


def breakdown_value(
    study: EventStudy,
    *,
    weights: Sequence[float] | None = None,
    ci_level: float = 0.95,
    largest: float = 10.0,
    seed: int = 1,
) -> float:
    """Return the smallest M̄ (to 0.01) at which "no effect" can no longer be excluded.

    0 when it cannot be excluded even with parallel trends; infinity above ``largest``. A study of
    few units goes in ``widened``.
    """
    study = study.widened(ci_level)
    target = _checked(study, (0.0,), weights)

    def includes_zero(value: float) -> bool:
        tests = _tests(study, value, target, 1 - ci_level, seed)
        return any(bool(test.accepts(np.zeros(1))[0]) for test in tests)

    if includes_zero(0.0):
        return 0.0
    if not includes_zero(largest):
        return math.inf
    low, high = 0.0, largest
    while high - low > 0.005:
        middle = (low + high) / 2
        low, high = (low, middle) if includes_zero(middle) else (middle, high)
    return high


@dataclass(frozen=True, eq=False)
class _Test:
    """The hybrid test of one polyhedron: is a value of the effect compatible with it?

    ``values`` are the dual vertices' statistics at an effect of 0, ``slopes`` how they fall with
    the effect, ``covariance`` theirs among each other.
    """

    values: Array
    slopes: Array
    covariance: Array
    level: float
    first_stage: float

    def accepts(self, effects: Array) -> npt.NDArray[np.bool_]:
        """Return which ``effects`` (1-d) the test does not reject."""
        statistics = self.values[:, None] - self.slopes[:, None] * effects[None, :]
        best = np.argmax(statistics, axis=0)
        eta = statistics[best, np.arange(len(effects))]
        variance = np.diag(self.covariance)[best]
        spread = np.sqrt(np.maximum(variance, 1e-300))
        # While the rest of the data are held, vertex v overtakes where (1 − v'b) c = v'S.
        share = self.covariance[:, best] / np.maximum(variance, 1e-300)
        rest = statistics - share * eta
        margin = 1 - share
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = rest / margin
        low = np.where(margin > 1e-9, crossing, -np.inf).max(axis=0)
        high = np.where(margin < -1e-9, crossing, np.inf).min(axis=0)
        high = np.minimum(high, self.first_stage)
        critical = np.maximum(0.0, _truncated_quantile(self.level, low / spread, high / spread))
        degenerate = variance < 1e-14 * np.diag(self.covariance).max()
        rejected = np.where(degenerate, eta > 0, eta / spread > critical)
        return np.asarray(~(rejected | (eta > self.first_stage)), dtype=bool)


def _truncated_quantile(level: float, low: Array, high: Array) -> Array:
    """Upper ``level`` quantile of a standard normal between ``low`` and ``high``, in logarithms."""
    above = np.logaddexp(
        math.log(level) + special.log_ndtr(-low), math.log1p(-level) + special.log_ndtr(-high)
    )
    return np.asarray(-special.ndtri_exp(above))


def _tests(study: EventStudy, mbar: float, target: Array, alpha: float, seed: int) -> list[_Test]:
    """Return the tests of all polyhedra of Δ^RM(mbar)."""
    n_before, n_after = study.n_before, study.n_after
    kappa = _FIRST_STAGE * alpha
    level = (alpha - kappa) / (1 - kappa)
    # First differences over (before, reference, after), the reference being 0.
    steps = np.diff(np.insert(np.eye(n_before + n_after), n_before, 0.0, axis=0), axis=0)
    before, after = steps[:n_before], steps[n_before:]
    # u with u'(differences after) = target'(effects after).
    direction = np.asarray(np.linalg.solve(after[:, n_before:].T, target), dtype=float)
    # Quasi-random draws: a tail quantile as steady as that of many more random ones.
    sampler = qmc.MultivariateNormalQMC(np.zeros(n_after + 2), rng=np.random.default_rng(seed))
    normal = sampler.random(2**_LOG2_DRAWS)
    found = []
    for largest in before:
        for sign in (1.0, -1.0):
            bound = mbar * sign * largest
            moments = np.vstack([after - bound, -after - bound])
            covariance = moments @ study.covariance @ moments.T
            vertices = _vertices(direction, np.sqrt(np.diag(covariance)))
            among = vertices @ covariance @ vertices.T
            values, vectors = np.linalg.eigh(among)
            root = vectors * np.sqrt(np.maximum(values, 0))
            least_favourable = (normal @ root.T).max(axis=1)
            found.append(
                _Test(
                    values=vertices @ moments @ study.estimates,
                    slopes=(vertices[:, :n_after] - vertices[:, n_after:])
                    @ after[:, n_before:]
                    @ target
                    / float(target @ target),
                    covariance=among,
                    level=level,
                    first_stage=float(np.quantile(least_favourable, 1 - kappa)),
                )
            )
    return found


def _vertices(direction: Array, deviation: Array) -> Array:
    """Return the vertices (n + 2 × 2n) of {γ ≥ 0, γ'X = 0, γ'deviation = 1}.

    X is what the effects other than the target do to the moments. γ'X = 0 leaves the difference
    of γ's two mirrored halves proportional to ``direction``: its positive and negative parts, the
    same mirrored, and a pair of mirrored moments alone.
    """
    n = len(direction)
    up, down = np.maximum(direction, 0), np.maximum(-direction, 0)
    pairs = np.hstack([np.eye(n), np.eye(n)])
    vertices = np.vstack([np.hstack([up, down]), np.hstack([down, up]), pairs])
    return np.asarray(vertices / (vertices @ deviation)[:, None])


def _interval(
    study: EventStudy, mbar: float, target: Array, tests: list[_Test]
) -> tuple[float, float]:
    """Return the ends of the values that some polyhedron's test accepts, by two grids."""
    n_before = study.n_before
    centre = float(target @ study.estimates[n_before:])
    std_error = math.sqrt(float(target @ study.covariance[n_before:, n_before:] @ target))
    steepest = float(np.abs(np.diff(np.append(study.estimates[:n_before], 0.0))).max())
    reach = mbar * float(np.arange(1, len(target) + 1) @ np.abs(target)) * steepest
    half = reach + 20 * std_error
    coarse = np.linspace(centre - half, centre + half, _GRID)
    accepted = np.zeros(_GRID, dtype=bool)
    for test in tests:
        accepted |= test.accepts(coarse)
    if not accepted.any():
        return math.nan, math.nan
    places = np.flatnonzero(accepted)
    step = coarse[1] - coarse[0]

    def refined(place: int, side: float) -> float:
        fine = coarse[place] + side * np.linspace(0, step, 200)
        inside = np.zeros(200, dtype=bool)
        for test in tests:
            inside |= test.accepts(fine)
        return float(fine[np.flatnonzero(inside)[-1]])

    return refined(int(places[0]), -1.0), refined(int(places[-1]), 1.0)


def _checked(study: EventStudy, mbar: Sequence[float], weights: Sequence[float] | None) -> Array:
    target = target_weights(study, weights, _WHERE)
    refuse_negative(
        mbar,
        "A relative magnitude",
        _WHERE,
        "0 means parallel trends, 1 as different as they ever were before.",
    )
    return target


def refuse_negative(values: Sequence[float], what: str, where: str, remedy: str) -> None:
    """Raise ``DesignError`` for no values at all, and for one that is negative or no number."""
    try:
        fine = len(values) > 0 and all(math.isfinite(value) and value >= 0 for value in values)
    except TypeError:
        fine = False
    if not fine:
        raise DesignError(
            f"{what} cannot be negative, infinite or missing.", where=where, remedy=remedy
        )


def target_weights(study: EventStudy, weights: Sequence[float] | None, where: str) -> Array:
    """Return the weights of the effects after exposure, the first one alone by default.

    Raises ``DesignError`` for an event study that no sensitivity analysis can be made of, and
    for weights that do not fit it.
    """
    if study.n_before < 1 or study.n_after < 1:
        raise DesignError(
            "A sensitivity analysis needs a difference between two periods before exposure and "
            "an effect after it.",
            where=where,
            remedy="Bring in earlier periods.",
        )
    size = len(study.estimates)
    if study.covariance.shape != (size, size):
        raise DesignError(
            f"The covariance does not fit {size} effects.",
            where=where,
            remedy="Give one row and one column for each effect.",
        )
    if not (np.isfinite(study.estimates).all() and np.isfinite(study.covariance).all()):
        raise DesignError(
            "An effect of the event study, or its covariance, is missing or infinite.",
            where=where,
            remedy="Leave out event times without an estimate.",
        )
    values = np.linalg.eigvalsh(study.covariance)
    if not values.min() > 1e-12 * values.max():
        raise DesignError(
            "The covariance of the event study is singular.",
            where=where,
            remedy="Leave out event times that are known exactly from others, or add clusters.",
        )
    if weights is None:
        return np.asarray(np.eye(study.n_after)[0])
    target = np.asarray(weights, dtype=float)
    if target.shape != (study.n_after,) or not target.any() or not np.isfinite(target).all():
        raise DesignError(
            f"{len(target)} weights do not fit {study.n_after} effects after exposure.",
            where=where,
            remedy="Give one weight for each effect after exposure, not all 0.",
        )
    return target
