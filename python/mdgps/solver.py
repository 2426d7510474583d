"""The batched solver on arrays of NumPy and of DLPack.

Inputs are read where they are, without copies; outputs are arrays of the inputs' kind (NumPy, PyTorch), type of numbers
and device. For other kinds they are NumPy's, and on a GPU TypeError. Other threads of Python run meanwhile. What goes
wrong inside the numbers of one condition raises nothing: its status says it, and its neighbours are untouched.
"""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Union

import numpy as np

from . import _solver
from .types import (
    Array,
    GaussianState,
    LinearGaussianDynamics,
    LinearGaussianFit,
    LinearGaussianPolicy,
    NormalInverseWishart,
    QuadraticCost,
    TrajectoryDistribution,
)


def set_threads(threads: int) -> None:
    """Sets the number of threads of the solver for the calls of this thread. Results do not depend on it."""
    _solver.set_threads(threads)


class _Solved:
    """What a result has beside its arrays."""

    status: Array  # [N] of mdgps.Status, for a regression [N,T]


class SolvedPolicy(_Solved, LinearGaussianPolicy):
    """A policy, and the status of each condition."""

    failed_step: Array  # [N] step at which it failed, -1 where it did not


class SolvedDistribution(_Solved, TrajectoryDistribution):
    """Marginals, and the status of each condition."""

    failed_step: Array  # [N] first step whose marginal is not finite, -1 where all are


class SolvedFit(_Solved, LinearGaussianFit):
    """A regression, and the status of each condition and step."""


def _array(name: str, value: Array) -> Array:
    """The value as an array; lists and numbers are copied into one."""
    if not hasattr(value, "__dlpack__"):
        try:
            value = np.asarray(value, dtype=float)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name} is {type(value).__name__}, expected an array ({error})") from None
    if str(value.dtype).split(".")[-1] not in ("float64", "float32"):
        raise TypeError(f"{name} has numbers of type {value.dtype}, expected float64 or float32")
    return value


def _arrays(name: str, kind: type, value: Sequence[Array]) -> list:
    """The members of one of the tuples of mdgps.types."""
    fields = kind._fields
    try:
        members = list(value)
    except TypeError:
        members = []
    if len(members) != len(fields):
        raise TypeError(f"{name} is {type(value).__name__} of {len(members)}, expected a tuple of ({', '.join(fields)})")
    return [_array(f"{name}.{field}", member) for field, member in zip(fields, members)]


_CUDA = 2  # DLPack's kDLCUDA


def _is_torch(array: Array) -> bool:
    return type(array).__module__.partition(".")[0] == "torch"


def _empty(like: Array, shape: Sequence[int], dtype: Optional[str] = None) -> Array:
    """A new array of the kind of `like` and on its device. Raises TypeError where there is none to make."""
    if _is_torch(like):
        import torch

        return torch.empty(*shape, dtype=getattr(torch, dtype) if dtype else like.dtype, device=like.device)
    if like.__dlpack_device__()[0] == _CUDA:
        raise TypeError(
            f"outputs for a {type(like).__name__} on a GPU cannot be made, as they can for a PyTorch tensor; "
            "pass torch.from_dlpack(array)"
        )
    return np.empty(shape, dtype=dtype or np.dtype(str(like.dtype)))


def _like(like: Array, values: Array) -> Array:
    """The values, NumPy's or of the kind of `like`, as an array of this kind and on its device."""
    if _is_torch(like):
        import torch

        return torch.as_tensor(values, device=like.device)
    return values


def _on_host(array: Array) -> np.ndarray:
    """The array for NumPy to read; copied from a GPU, where it must be PyTorch's."""
    if _is_torch(array):
        return array.cpu().numpy()
    return array if isinstance(array, np.ndarray) else np.from_dlpack(array)


def _joined(a: Array, b: Array) -> Array:
    """Both along the last axis, of the kind of `a` and on its device."""
    if _is_torch(a):
        import torch

        return torch.cat([a, _like(a, b if _is_torch(b) else _on_host(b))], dim=-1)
    return np.concatenate([_on_host(a), _on_host(b)], axis=-1)


def _dimensions(name: str, array: Array, meaning: str) -> tuple:
    """The extents of an array, as many as `meaning` ("N,T,n") has letters."""
    if len(array.shape) != meaning.count(",") + 1:
        raise ValueError(f"{name} has shape {tuple(array.shape)}, expected [{meaning}]")
    return tuple(array.shape)


def _expect_shape(name: str, array: Array, shape: tuple) -> None:
    if tuple(array.shape) != shape:
        raise ValueError(f"{name} has shape {tuple(array.shape)}, expected {list(shape)}")


def _per_condition(name: str, value: Union[float, Array], like: Array, conditions: int) -> Array:
    """[N] numbers, from an array or from one number for all."""
    if np.isscalar(value):
        array = _empty(like, (conditions,))
        array[:] = value
        return array
    array = _array(name, value)
    if tuple(array.shape) != (conditions,):
        raise ValueError(f"{name} has shape {tuple(array.shape)}, expected one number or [{conditions}]")
    return array


def _empty_policy(like: Array, N: int, T: int, n: int, m: int) -> SolvedPolicy:
    return SolvedPolicy(_empty(like, (N, T, m, n)), _empty(like, (N, T, m)), _empty(like, (N, T, m, m)))


def _states_and_actions(dynamics: list) -> tuple:
    N, T, n, p = _dimensions("dynamics.transition", dynamics[0], "N,T,n,n+m")
    if p <= n:
        raise ValueError(f"dynamics.transition has shape {tuple(dynamics[0].shape)}, expected [N,T,n,n+m] with m > 0")
    return N, T, n, p - n


def backward_pass(dynamics: LinearGaussianDynamics, cost: QuadraticCost) -> SolvedPolicy:
    """Maximum-entropy LQR: minimises sum_t E[cost(x,u)] - H(u|x) under the dynamics.   [MDGPS B.1]

    dynamics    transition [N,T,n,n+m], offset [N,T,n], covariance [N,T,n,n]
    cost        hessian [N,T,n+m,n+m], gradient [N,T,n+m], constant [N,T]; in nats, the hessian symmetric
    Returns the policy u ~ N(K x + k, Quu^-1): gain [N,T,m,n], offset [N,T,m], covariance [N,T,m,m]; and its `status`
    [N], not_positive_definite where some Quu is not, not_finite where numbers are not: that condition's policy is then
    unspecified, and `failed_step` [N] is the last step at which that is so.
    Raises TypeError or ValueError, naming the argument.
    """
    f = _arrays("dynamics", LinearGaussianDynamics, dynamics)
    l = _arrays("cost", QuadraticCost, cost)
    N, T, n, m = _states_and_actions(f)
    policy = _empty_policy(f[0], N, T, n, m)
    policy.status, policy.failed_step = _empty(f[0], (N,), "int32"), _empty(f[0], (N,), "int32")
    _solver.backward_pass(f, l, policy, policy.status, policy.failed_step)
    return policy


def forward_pass(
    initial: GaussianState, dynamics: LinearGaussianDynamics, policy: LinearGaussianPolicy
) -> SolvedDistribution:
    """The marginals of z_t = [x_t; u_t] under dynamics and policy.   [MDGPS B.3]

    initial     mean [N,n], covariance [N,n,n]
    dynamics    transition [N,T,n,n+m], offset [N,T,n], covariance [N,T,n,n]
    policy      gain [N,T,m,n], offset [N,T,m], covariance [N,T,m,m]
    Returns mean [N,T,n+m], covariance [N,T,n+m,n+m]; and `status` [N], with the first `failed_step` [N] of a condition
    whose numbers are not finite.
    Raises TypeError or ValueError, naming the argument.
    """
    x = _arrays("initial", GaussianState, initial)
    f = _arrays("dynamics", LinearGaussianDynamics, dynamics)
    p = _arrays("policy", LinearGaussianPolicy, policy)
    N, T, n, m = _states_and_actions(f)
    distribution = SolvedDistribution(_empty(f[0], (N, T, n + m)), _empty(f[0], (N, T, n + m, n + m)))
    distribution.status, distribution.failed_step = _empty(f[0], (N,), "int32"), _empty(f[0], (N,), "int32")
    _solver.forward_pass(x, f, p, distribution, distribution.status, distribution.failed_step)
    return distribution


def kl_divergence(
    policy: LinearGaussianPolicy,
    reference: LinearGaussianPolicy,
    distribution: TrajectoryDistribution,
    per_step: bool = False,
) -> Array:
    """D_KL(policy || reference) of trajectory distributions that share their dynamics, in nats.   [MDGPS App. A]

    policy, reference   gain [N,T,m,n], offset [N,T,m], covariance [N,T,m,m]
    distribution        the marginals under `policy`: mean [N,T,n+m], covariance [N,T,n+m,n+m]
    Returns [N], or [N,T] with per_step; NaN for conditions in which some covariance has no factor.
    Raises TypeError or ValueError, naming the argument.
    """
    p = _arrays("policy", LinearGaussianPolicy, policy)
    q = _arrays("reference", LinearGaussianPolicy, reference)
    z = _arrays("distribution", TrajectoryDistribution, distribution)
    N, T = _dimensions("policy.gain", p[0], "N,T,m,n")[:2]
    total, steps, status = _empty(p[0], (N,)), _empty(p[0], (N, T)), _empty(p[0], (N,), "int32")
    _solver.kl_divergence(p, q, z, total, steps, status)
    result = steps if per_step else total
    result[status != 0] = float("nan")
    return result


def expected_cost(distribution: TrajectoryDistribution, cost: QuadraticCost, per_step: bool = False) -> Array:
    """sum_t E[l(x_t,u_t)] of a quadratic cost under Gaussian marginals.   [MDGPS 4.2, B.3]

    distribution    mean [N,T,n+m], covariance [N,T,n+m,n+m]
    cost            hessian [N,T,n+m,n+m], gradient [N,T,n+m], constant [N,T]
    Returns [N], or [N,T] with per_step, in the cost's units.
    Raises TypeError or ValueError, naming the argument.
    """
    z = _arrays("distribution", TrajectoryDistribution, distribution)
    l = _arrays("cost", QuadraticCost, cost)
    N, T = _dimensions("distribution.mean", z[0], "N,T,n+m")[:2]
    total, steps = _empty(z[0], (N,)), _empty(z[0], (N, T))
    _solver.expected_cost(z, l, total, steps)
    return steps if per_step else total


class CStepResult(NamedTuple):
    """What `c_step` returns."""

    policy: SolvedPolicy  # [N,T,m,n] [N,T,m] [N,T,m,m]; the reference where the status is a failure
    dual: Array  # eta [N]
    kl_divergence: Array  # D_KL(policy || reference) [N], nats
    dual_evaluations: Array  # [N] of the dual, each of `speculation` duals
    status: Array  # [N] of mdgps.Status

    @property
    def failed_step(self) -> Array:
        """[N] the step at which the last dual without a solution failed, where the status is a failure of a step; else -1."""
        return self.policy.failed_step


def c_step(
    initial: GaussianState,
    dynamics: LinearGaussianDynamics,
    cost: QuadraticCost,
    reference: LinearGaussianPolicy,
    step_size: Union[float, Array],
    *,
    initial_dual: Union[float, Array] = 1.0,
    tolerance: float = 0.01,
    max_evaluations: int = 50,
    min_dual: float = 1e-8,
    max_dual: float = 1e16,
    speculation: int = 0,
    path: str = "automatic",
    entropy_weight: Optional[Array] = None,
) -> CStepResult:
    """min_p E_p[sum_t l(x,u)] such that D_KL(p || reference) <= step_size, for every condition.   [MDGPS B.1]

    initial         mean [N,n], covariance [N,n,n]
    dynamics        transition [N,T,n,n+m], offset [N,T,n], covariance [N,T,n,n]
    cost            hessian [N,T,n+m,n+m], gradient [N,T,n+m], constant [N,T], in the task's units of cost
    reference       gain [N,T,m,n], offset [N,T,m], covariance [N,T,m,m]: the linearised global policy
    step_size       epsilon, nats for the whole trajectory: [N], or one number for all
    initial_dual    eta to start from, [N] or one number: the last iteration's helps
    tolerance       relative, on D_KL = step_size
    max_evaluations of the dual, per condition, one after another
    min_dual, max_dual  range of eta
    speculation     duals tried in an evaluation: 1, 2, 4 or 8; 0: by the device, the number of conditions and of states
    path            fused: a condition from its first evaluation to its last; wide: all conditions step by step, as products of
                    a BLAS library, for large matrices; automatic: fused, but on a GPU wide where it must be
    entropy_weight  w_t [N,T], in units of cost: minus w_t times the entropy of p(u_t|x_t) joins the cost
    Raises TypeError or ValueError, naming the argument.
    """
    x = _arrays("initial", GaussianState, initial)
    f = _arrays("dynamics", LinearGaussianDynamics, dynamics)
    l = _arrays("cost", QuadraticCost, cost)
    q = _arrays("reference", LinearGaussianPolicy, reference)
    N, T, n, m = _states_and_actions(f)
    epsilon = _per_condition("step_size", step_size, f[0], N)
    eta = _per_condition("initial_dual", initial_dual, f[0], N)
    result = CStepResult(
        _empty_policy(f[0], N, T, n, m),
        _empty(f[0], (N,)),
        _empty(f[0], (N,)),
        _empty(f[0], (N,), "int32"),
        _empty(f[0], (N,), "int32"),
    )
    w = None if entropy_weight is None else _array("entropy_weight", entropy_weight)
    options = (tolerance, max_evaluations, min_dual, max_dual, speculation, path)
    result.policy.status, result.policy.failed_step = result.status, _empty(f[0], (N,), "int32")
    _solver.c_step(x, f, l, q, epsilon, eta, w, *result, result.failed_step, *options)
    return result


def fit_linear_gaussian(
    inputs: Array,
    outputs: Array,
    prior: Union[NormalInverseWishart, "GaussianMixture", None] = None,
    regularization: float = 1e-6,
    *,
    weights: Optional[Array] = None,
) -> SolvedFit:
    """Regression of outputs on inputs from S samples, for every condition and step.   [MDGPS 3.1]

    inputs          [N,T,S,p]
    outputs         [N,T,S,q]
    prior           over [input; output], d = p + q: mean [N,T,d], scatter [N,T,d,d], mean_strength [N,T], degrees
                    [N,T]; or a GaussianMixture fitted to such points, whose prior at the samples is taken, under
                    their weights
    regularization  added to the diagonal of the inputs' covariance
    weights         [N,T,S] of the samples, 0 leaves one out
    Returns N(A input + c, F): gain A [N,T,q,p], offset c [N,T,q], covariance F [N,T,q,q]; and `status` [N,T],
    not_positive_definite where the inputs' covariance has no factor, or the prior's degrees are below minus the sum of
    the weights: that fit is then unspecified.
    Raises TypeError or ValueError, naming the argument.
    """
    a, b = _array("inputs", inputs), _array("outputs", outputs)
    N, T, S, p = _dimensions("inputs", a, "N,T,S,p")
    q = _dimensions("outputs", b, "N,T,S,q")[3]
    w = None if weights is None else _array("weights", weights)
    fit = SolvedFit(_empty(a, (N, T, q, p)), _empty(a, (N, T, q)), _empty(a, (N, T, q, q)))
    fit.status = _empty(a, (N, T), "int32")
    if isinstance(prior, GaussianMixture):
        _expect_shape("outputs", b, (N, T, S, q))
        if w is not None:
            _expect_shape("weights", w, (N, T, S))
        mixture, P = prior._fitted(), prior._fitted_points
        _solver.fit_with_mixture(a, b, w, mixture, _joined(a, b), P, regularization, fit, fit.status)
    else:
        niw = None if prior is None else _arrays("prior", NormalInverseWishart, prior)
        _solver.fit_linear_gaussian(a, b, w, niw, regularization, fit, fit.status)
    return fit


def _nearest_of_spread_points(points: np.ndarray, count: int, seed: int) -> np.ndarray:
    """[P]: which of `count` points is nearest to each of points [P,d]. They are drawn far from each other (k-means++)."""
    random = np.random.default_rng(seed)
    distances = np.empty((count, len(points)))
    chosen = random.integers(len(points))
    for k in range(count):
        distances[k] = ((points - points[chosen]) ** 2).sum(axis=1)
        nearest = distances[: k + 1].min(axis=0)
        total = nearest.sum()
        chosen = random.choice(len(points), p=nearest / total if total > 0 else None)
    return distances.argmin(axis=0).astype(np.int32)


class GaussianMixture:
    """K Gaussians for each condition, by expectation maximisation.   [MDGPS 3.1; Levine & Abbeel 2014, 3.2]

    components      K
    seed            of the points that the components start from
    max_iterations  of E- and M-step
    tolerance       stop when the log likelihood gains less than this part of its size
    regularization  added to the covariances' diagonals

    After `fit`: mean [N,K,d], covariance [N,K,d,d], weight [N,K], log_likelihood [N], iterations [N], status [N].
    """

    def __init__(
        self,
        components: int,
        *,
        seed: int = 0,
        max_iterations: int = 100,
        tolerance: float = 1e-5,
        regularization: float = 1e-6,
    ) -> None:
        if components < 1:
            raise ValueError(f"components is {components}, expected 1 or more")
        self.components = components
        self.seed = seed
        self.max_iterations = max_iterations
        self.tolerance = tolerance
        self.regularization = regularization

    def fit(self, points: Array, weights: Optional[Array] = None) -> "GaussianMixture":
        """Fits the mixture of each condition.

        points      [N,P,d], contiguous
        weights     [N,P] of the points, contiguous; 0 leaves one out
        Raises TypeError or ValueError, naming the argument.
        """
        p = _array("points", points)
        N, P, d = _dimensions("points", p, "N,P,d")
        w = None if weights is None else _array("weights", weights)
        if w is not None:
            _expect_shape("weights", w, (N, P))
        K = self.components
        mixture = [_empty(p, (N, K, d)), _empty(p, (N, K, d, d)), _empty(p, (N, K))]
        report = [_empty(p, (N,)), _empty(p, (N,), "int32"), _empty(p, (N,), "int32")]
        used = np.ones((N, P), dtype=bool) if w is None else _on_host(w) > 0
        drawn = np.zeros((N, P), dtype=np.int32)
        for x, of_condition, first in zip(_on_host(p), used, drawn):
            if of_condition.any():
                first[of_condition] = _nearest_of_spread_points(x[of_condition], K, self.seed)
        options = (self.max_iterations, self.tolerance, self.regularization)
        _solver.fit_gaussian_mixture(p, w, _like(p, drawn), *options, mixture, *report)
        self.mean, self.covariance, self.weight = mixture
        self.log_likelihood, self.iterations, self.status = report
        self._fitted_points = P
        return self

    def prior(self, points: Array, weights: Optional[Array] = None, strength: float = 1.0) -> NormalInverseWishart:
        """The prior for the points of each condition and step: the mixture's moments under their mean responsibilities.

        points      [N,T,S,d]
        weights     [N,S] of the samples
        strength    of the prior, in samples
        Returns mean [N,T,d], scatter [N,T,d,d], mean_strength [N,T], degrees [N,T].
        Raises TypeError or ValueError, naming the argument; ValueError before `fit`.
        """
        mixture = self._fitted()
        p = _array("points", points)
        N, T, _, d = _dimensions("points", p, "N,T,S,d")
        w = None if weights is None else _array("weights", weights)
        prior = NormalInverseWishart(
            _empty(p, (N, T, d)), _empty(p, (N, T, d, d)), _empty(p, (N, T)), _empty(p, (N, T))
        )
        _solver.mixture_prior(mixture, p, w, strength, self._fitted_points, prior)
        return prior

    def _fitted(self) -> List[Array]:
        """The parameters. Raises ValueError before `fit`."""
        if not hasattr(self, "mean"):
            raise ValueError("the mixture is not fitted; call fit(points) first")
        return [self.mean, self.covariance, self.weight]
