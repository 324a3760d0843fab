"""Regression with first-order autoregressive errors by restricted maximum likelihood.

The model is ``y = Xβ + e`` with ``cov(e_i, e_j) = σ² φ^|t_i − t_j|``, so a missing point leaves
a gap of its true length. ``φ`` maximises the profile restricted likelihood (Patterson & Thompson
1971, Biometrika 58:545), which equals that of R's ``nlme::gls(corAR1(form = ~ t), "REML")``;
degrees of freedom are Satterthwaite's (Fai & Cornelius 1996, J Stat Comput Simul 54:363). The
covariance of Kenward & Roger (1997, Biometrics 53:983) adds what estimating φ costs, which the
usual one leaves out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize_scalar

from equieval.errors import DesignError, one_of

Array = npt.NDArray[np.float64]
Information = Literal["expected", "observed"]

_WHERE: Final = "REML AR(1) regression"
#: φ is sought within ±PHI_BOUND; an estimate that reaches it is refused.
PHI_BOUND = 0.999
_GRID = np.tanh(np.linspace(-np.arctanh(PHI_BOUND), np.arctanh(PHI_BOUND), 61))


@dataclass(frozen=True, eq=False)
class RemlAr1:
    """A fitted REML AR(1) regression in plain arrays (p coefficients, n observed points).

    ``unscaled_cov`` is ``(X'R⁻¹X)⁻¹`` (p × p), ``kenward_roger_cov`` the covariance with the cost
    of estimating ``(σ², φ)`` in it (never below the usual one), ``cov_by_phi`` the derivative of
    the coefficient covariance by φ, ``variance_cov`` the 2 × 2 covariance of ``(σ², φ)``;
    ``innovations`` are the residuals freed of their autocorrelation (unit variance if the model
    holds).
    """

    coefficients: Array
    unscaled_cov: Array
    kenward_roger_cov: Array
    cov_by_phi: Array
    variance_cov: Array
    sigma2: float
    phi: float
    log_likelihood: float
    residuals: Array
    innovations: Array

    @property
    def cov(self) -> Array:
        """Covariance of the coefficients, p × p."""
        return np.asarray(self.sigma2 * self.unscaled_cov)

    def satterthwaite_df(self, weights: Array) -> float:
        """Degrees of freedom of the contrast ``weights'β``: ``2 v² / (g' A g)``.

        ``v`` is the contrast's variance, ``g`` its gradient by ``(σ², φ)`` and ``A`` the
        covariance of ``(σ², φ)`` from the information that the fit was asked for.
        """
        return float(self.satterthwaite_dfs(weights[None, :])[0])

    def satterthwaite_dfs(self, weights: Array) -> Array:
        """Return the degrees of freedom of every row of ``weights`` (m × p), NaN where none."""
        by_sigma2 = np.einsum("ij,jk,ik->i", weights, self.unscaled_cov, weights)
        by_phi = np.einsum("ij,jk,ik->i", weights, self.cov_by_phi, weights)
        gradient = np.column_stack([by_sigma2, by_phi])
        spread = np.einsum("ij,jk,ik->i", gradient, self.variance_cov, gradient)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = 2 * (self.sigma2 * by_sigma2) ** 2 / spread
        return np.asarray(np.where(spread > 0, found, np.nan))


def fit(y: Array, X: Array, times: Array, *, information: Information = "expected") -> RemlAr1:
    """Fit the model to ``y`` (n) on ``X`` (n × p, full rank) at increasing ``times`` (n).

    ``information`` is the convention behind the Satterthwaite degrees of freedom: the expected
    information of ``(σ², φ)`` (default) or the observed one at the maximum, which R's emmeans
    approximates numerically. Raises ``DesignError`` when there are too few points, when the
    model leaves no residual variation, and when φ has no maximum inside its bounds.
    """
    one_of(information, get_args(Information), "information")
    n, p = X.shape
    if n - p < 3:
        raise DesignError(
            f"{n} observed points cannot carry {p} coefficients and an autocorrelation.",
            where=_WHERE,
            remedy=f"Use at least {p + 3} observed periods, or a model with fewer terms.",
        )
    # An orthonormal basis and a unit residual scale make the search independent of units.
    basis, triangle = np.linalg.qr(X)
    _refuse_collinear(X, triangle)
    ols_residuals = y - basis @ (basis.T @ y)
    scale = float(np.sqrt(ols_residuals @ ols_residuals / (n - p)))
    refuse_perfect_fit(scale, y, _WHERE)
    phi = _restricted_maximum(ols_residuals / scale, basis, np.diff(times))
    return _at_maximum(y, X, basis, triangle, times, phi, information)


def refuse_perfect_fit(residual_scale: float, y: Array, where: str) -> None:
    """Raise ``DesignError`` for residuals that are rounding, relative to the size of ``y``."""
    if not residual_scale > 1e-10 * max(float(np.max(np.abs(y))), np.finfo(float).tiny):
        raise perfect_fit(where)


def perfect_fit(where: str) -> DesignError:
    """Return the error of a model that leaves no residual variation."""
    return DesignError(
        "The model passes through every point: no variation is left to judge it by.",
        where=where,
        remedy="Check that the series is observed, not itself computed from a straight line; where "
        "nothing varies, report that these data cannot say.",
    )


def planned_df(X: Array, times: Array, weights: Array, *, phi: float) -> float:
    """Return the Satterthwaite degrees of freedom of ``weights'β`` at a given autocorrelation.

    By the expected information they depend on the design and on ``phi`` alone, so they are known
    before any outcome is: what is decided by them is not decided by the estimate.
    Raises ``DesignError`` for collinear columns.
    """
    n, p = X.shape
    if n - p < 3:
        return math.nan
    basis, triangle = np.linalg.qr(X)
    _refuse_collinear(X, triangle)
    outcome = np.where(np.arange(n) % 3 == 0, 1.0, -1.0)  # Any that the model does not fit.
    found = _at_maximum(outcome, X, basis, triangle, times, phi, "expected")
    return found.satterthwaite_df(weights)


def _refuse_collinear(X: Array, triangle: Array) -> None:
    length = np.linalg.norm(X, axis=0)
    if (np.abs(np.diag(triangle)) <= 1e-9 * length).any():
        raise DesignError(
            "The periods cannot tell the model's terms from each other: one of them does not "
            "vary, or repeats others.",
            where=_WHERE,
            remedy="Observe more periods after the start (at least 2 for a change of slope), or "
            "leave terms out.",
        )


def profile_log_likelihood(y: Array, X: Array, times: Array, phi: Array) -> Array:
    """Return the restricted log-likelihood, maximised over β and σ², at each of ``phi``.

    In R's convention (``nlme::logLik`` of a REML ``gls``), with the term of the design included.
    """
    basis, triangle = np.linalg.qr(X)
    design_term = float(np.log(np.abs(np.diag(triangle))).sum())
    return _profile(y, basis, np.diff(times), np.asarray(phi, dtype=float)) - design_term


def whiten(values: Array, steps: Array, phi: float) -> Array:
    """Free the rows of ``values`` (n × k) of AR(1) dependence at ``phi``; ``steps`` are n − 1."""
    return np.asarray(_whiten(values, steps, np.array([phi]))[0][0])


def _whiten(values: Array, steps: Array, phi: Array) -> tuple[Array, Array]:
    """Return values freed of AR(1) dependence (G × n × k) and log |R| (G) for each of G φ."""
    carry = np.power(phi[:, None], steps[None, :])
    innovation = 1 - carry**2
    first = np.broadcast_to(values[:1], (len(phi), 1, values.shape[1]))
    rest = (values[None, 1:] - carry[:, :, None] * values[None, :-1]) / np.sqrt(innovation)[
        :, :, None
    ]
    return np.concatenate([first, rest], axis=1), np.asarray(np.log(innovation).sum(axis=1))


def _profile(y: Array, basis: Array, steps: Array, phi: Array) -> Array:
    n, p = basis.shape
    white, log_det = _whiten(np.column_stack([basis, y]), steps, phi)
    diagonal = np.abs(np.diagonal(np.linalg.qr(white, mode="r"), axis1=1, axis2=2))
    log_information = 2 * np.log(diagonal[:, :p]).sum(axis=1)
    sigma2 = diagonal[:, p] ** 2 / (n - p)
    return np.asarray(
        -0.5 * ((n - p) * (1 + np.log(2 * np.pi * sigma2)) + log_det + log_information)
    )


def _restricted_maximum(y: Array, basis: Array, steps: Array) -> float:
    """Return the φ of the highest maximum: a grid first, since the likelihood may have two."""
    values = _profile(y, basis, steps, _GRID)
    best = int(np.argmax(values))
    if not np.isfinite(values[best]):
        raise DesignError(
            "The restricted likelihood of the autocorrelation is not finite.",
            where=_WHERE,
            remedy="Check the series for extreme values.",
        )
    if best in (0, len(_GRID) - 1):
        limit = "+1" if best else "−1"
        raise DesignError(
            f"The autocorrelation runs to its limit of {limit}: the series cannot tell a lasting "
            "change from drift.",
            where=_WHERE,
            remedy="Use a longer series, or a simpler model; report that these data cannot say.",
        )
    low, high = float(_GRID[best - 1]), float(_GRID[best + 1])
    found = _stationary(y, basis, steps, low, high)
    if found is not None:
        reached = float(_profile(y, basis, steps, np.array([found]))[0])
        if reached >= float(values[best]) - 1e-9 * abs(float(values[best])):
            return found
    # Two maxima between neighbours of the grid: the search by value takes the higher one.
    searched = minimize_scalar(
        lambda phi: -float(_profile(y, basis, steps, np.array([phi]))[0]),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-9},
    )
    phi = float(searched.x)
    polished = _stationary(y, basis, steps, phi - 1e-5, phi + 1e-5)
    return phi if polished is None else polished


def _stationary(y: Array, basis: Array, steps: Array, low: float, high: float) -> float | None:
    """Return where the score falls through 0, to machine precision, so that units cannot move it.

    Nothing if it does not do so between ``low`` and ``high``.
    """
    both = np.column_stack([basis, y])
    earlier, later = both[:-1], both[1:]
    p, spare = basis.shape[1], len(y) - basis.shape[1]
    first = np.outer(both[0], both[0])

    def score(phi: float) -> float:
        carry, slope = np.power(phi, steps), _power_derivative(phi, steps, 1)
        innovation = 1 - carry**2
        fresh = later - carry[:, None] * earlier
        products = first + fresh.T @ (fresh / innovation[:, None])
        cross = earlier.T @ (fresh * (slope / innovation)[:, None])
        moved = 2 * fresh.T @ (fresh * (carry * slope / innovation**2)[:, None]) - cross - cross.T
        beta = np.linalg.solve(products[:p, :p], products[:p, p])
        left = products[p, p] - products[p, :p] @ beta
        contrast = np.append(-beta, 1.0)
        by_residuals = float(contrast @ moved @ contrast) / left
        by_design = float(np.trace(np.linalg.solve(products[:p, :p], moved[:p, :p])))
        by_correlation = -2 * float((carry * slope / innovation).sum())
        return -float(spare * by_residuals + by_correlation + by_design)

    if score(low) > 0 > score(high):
        return float(brentq(score, low, high, xtol=1e-14, rtol=1e-14))
    return None


def _at_maximum(
    y: Array,
    X: Array,
    basis: Array,
    triangle: Array,
    times: Array,
    phi: float,
    information: Information,
) -> RemlAr1:
    n, p = X.shape
    distance = np.abs(times[:, None] - times[None, :])
    correlation = np.power(phi, distance)
    slope = _power_derivative(phi, distance, 1)

    white, _ = _whiten(np.column_stack([basis, y]), np.diff(times), np.array([phi]))
    q, r = np.linalg.qr(white[0][:, :p])
    gamma = np.linalg.solve(r, q.T @ white[0][:, p])
    innovations = white[0][:, p] - white[0][:, :p] @ gamma
    sigma2 = float(innovations @ innovations / (n - p))
    coefficients = np.asarray(np.linalg.solve(triangle, gamma), dtype=float)

    half = np.linalg.inv(r @ triangle)
    unscaled = half @ half.T
    precision = _Precision(phi, np.diff(times))
    RX = precision.times(X)
    weighted = RX @ unscaled
    cov_by_phi = sigma2 * weighted.T @ slope @ weighted
    curvature = _power_derivative(phi, distance, 2)
    if information == "expected":
        # P of Patterson & Thompson with σ² taken out: P = P₁ / σ².
        product = precision.times(slope) - weighted @ (RX.T @ slope)
        matrix = _expected_information(product, sigma2, n - p)
    else:
        projector = precision.times(np.eye(n)) - weighted @ RX.T
        matrix = _observed_information(y, projector, correlation, slope, curvature, sigma2)
    variance_cov = _inverse_information(matrix)
    cost = _cost_of_estimation(
        RX, precision, unscaled, variance_cov, correlation, slope, curvature, sigma2
    )
    return RemlAr1(
        coefficients=coefficients,
        unscaled_cov=unscaled,
        kenward_roger_cov=sigma2 * unscaled + cost,
        cov_by_phi=cov_by_phi,
        variance_cov=variance_cov,
        sigma2=sigma2,
        phi=phi,
        log_likelihood=float(profile_log_likelihood(y, X, times, np.array([phi]))[0]),
        residuals=y - X @ coefficients,
        innovations=innovations / np.sqrt(sigma2),
    )


class _Precision:
    """R⁻¹ of an AR(1), which has three diagonals however the points are spaced."""

    def __init__(self, phi: float, steps: Array) -> None:
        carry = np.power(phi, steps)
        self.beside = -carry / (1 - carry**2)
        self.main = np.ones(len(steps) + 1)
        self.main[1:] += carry**2 / (1 - carry**2)
        self.main[:-1] += carry**2 / (1 - carry**2)

    def times(self, values: Array) -> Array:
        """Return R⁻¹ times a matrix (n × k)."""
        result = self.main[:, None] * values
        result[1:] += self.beside[:, None] * values[:-1]
        result[:-1] += self.beside[:, None] * values[1:]
        return np.asarray(result)


def _cost_of_estimation(
    weighted: Array,
    precision: _Precision,
    unscaled: Array,
    variance_cov: Array,
    correlation: Array,
    slope: Array,
    curvature: Array,
    sigma2: float,
) -> Array:
    """Kenward & Roger's 2Φ{Σ W_ij (Q_ij − P_i Φ P_j − ¼ R_ij)}Φ, its negative part dropped.

    ``weighted`` is R⁻¹X; V = σ²R, differentiated by θ = (σ², φ).
    """
    A, phi_matrix = weighted / sigma2, sigma2 * unscaled
    moved = (correlation @ A, sigma2 * slope @ A)
    bent = A.T @ slope @ A
    second = ((np.zeros_like(bent), bent), (bent, sigma2 * A.T @ curvature @ A))
    P = [-A.T @ by_theta for by_theta in moved]
    total = np.zeros_like(unscaled)
    for i in range(2):
        for j in range(2):
            Q = moved[i].T @ precision.times(moved[j]) / sigma2
            total += variance_cov[i, j] * (Q - P[i] @ phi_matrix @ P[j] - second[i][j] / 4)
    cost = 2 * phi_matrix @ ((total + total.T) / 2) @ phi_matrix
    # A negative cost would claim more than the variances being known would give.
    values, vectors = np.linalg.eigh(cost)
    return np.asarray((vectors * np.maximum(values, 0)) @ vectors.T)


def _expected_information(product: Array, sigma2: float, spare: int) -> Array:
    """½ tr(P V_i P V_j) for θ = (σ², φ), where V = σ²R; ``product`` is P₁ dR/dφ."""
    mixed = np.trace(product) / (2 * sigma2)
    return np.array(
        [[spare / (2 * sigma2**2), mixed], [mixed, 0.5 * float(np.sum(product * product.T))]]
    )


def _observed_information(
    y: Array, projector: Array, correlation: Array, slope: Array, curvature: Array, sigma2: float
) -> Array:
    """y'P V_i P V_j P y − ½ tr(P V_i P V_j) + ½ tr(P V_ij) − ½ y'P V_ij P y."""
    by_theta = (correlation, sigma2 * slope)
    mixed = ((np.zeros_like(slope), slope), (slope, sigma2 * curvature))
    P = projector / sigma2
    Py = P @ y
    result = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            first, second = P @ by_theta[i], P @ by_theta[j]
            result[i, j] = (
                Py @ by_theta[i] @ P @ by_theta[j] @ Py
                - 0.5 * np.sum(first * second.T)
                + 0.5 * np.sum(P * mixed[i][j].T)
                - 0.5 * Py @ mixed[i][j] @ Py
            )
    return result


def _inverse_information(matrix: Array) -> Array:
    determinant = float(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] ** 2)
    if not determinant > 1e-12 * abs(float(matrix[0, 0] * matrix[1, 1])):
        raise DesignError(
            "The series does not tell its variance from its autocorrelation "
            "(singular information).",
            where=_WHERE,
            remedy="Use a longer series, or a model with fewer terms.",
        )
    return np.asarray(np.linalg.inv(matrix))


def _power_derivative(phi: float, distance: Array, order: int) -> Array:
    """Derivative of ``phi ** distance``, with 0 where the power has vanished (and at φ = 0)."""
    factor = distance if order == 1 else distance * (distance - 1)
    powers = np.power(phi, np.where(factor == 0, 1.0, distance - order))
    return np.asarray(np.where(factor == 0, 0.0, factor * powers))
