"""Between Gymnasium and mdgps: `TaskEnv`, the tasks of mdgps as environments, and `train`, mirror descent guided policy
search on an environment of your own.   [MDGPS Algorithm 4]

The loop of `train` is this file and NumPy; regression, C-step and expected costs are the solver's. Importing this module
registers the tasks as "mdgps/peg-v0" and so on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, List, Optional, Sequence, Tuple

import gymnasium
import numpy as np

from . import solver
from .network import NeuralGaussianPolicy
from .task_environment import TaskEnv, _register, make, task_names
from .types import GaussianState, LinearGaussianDynamics, LinearGaussianPolicy, QuadraticCost, Status

__all__ = ["Cost", "CostDerivatives", "Options", "TaskEnv", "Training", "evaluate", "make", "task_names", "train"]

_register()

Cost = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
"""l(states [...,n], actions [...,m], step) -> [...]: what a time step costs; all leading dimensions at once."""

CostDerivatives = Callable[[np.ndarray, np.ndarray, int], Tuple[np.ndarray, np.ndarray]]
"""(states [...,n], actions [...,m], step) -> gradient [...,n+m], hessian [...,n+m,n+m] of the cost."""


@dataclass
class Options:
    """Settings of the algorithm; `docs/algorithm.md` says what they do."""

    iterations: int = 10
    samples: int = 8  # rollouts per condition and iteration
    initial_deviation: float = 0.5  # of the first actions, as a part of half the action space's width
    noise_smoothing: float = 2.0  # of the exploration noise, steps
    kl_step: float = 1.0  # nats per step
    min_multiplier: float = 0.1  # of kl_step
    max_multiplier: float = 3.0
    components: int = 5  # of the dynamics' mixture prior
    trajectories: int = 20  # of each condition that the prior keeps
    regularization: float = 1e-6
    hidden: Sequence[int] = (40, 40)
    minibatches: int = 2000  # of each S-step
    seed: int = 0


@dataclass
class Training:
    """What `train` returns."""

    policy: NeuralGaussianPolicy
    local_policies: LinearGaussianPolicy  # [N,T,m,n] [N,T,m] [N,T,m,m]
    local_costs: List[np.ndarray] = field(default_factory=list)  # of each iteration [N]: mean over its samples
    global_costs: List[np.ndarray] = field(default_factory=list)  # of each iteration [N]: one rollout of mean actions


def train(
    environment: gymnasium.Env,
    cost: Cost,
    *,
    horizon: int,
    conditions: Sequence[dict] = ({"seed": 0},),
    derivatives: Optional[CostDerivatives] = None,
    options: Options = Options(),
    report: Callable[[str], Any] = print,
) -> Training:
    """Trains a policy whose observation and state is the environment's observation.

    environment   with flat Box spaces; its dynamics should be smooth in the observation
    cost          of a time step; the environment's own reward is not used
    horizon       T, steps of an episode, which must not end earlier
    conditions    arguments of `environment.reset` that fix the start of each condition
    derivatives   of the cost; without them, central finite differences
    report        is given a line after each iteration
    Raises ValueError where a space or an answer of the environment or cost does not fit.
    """
    for name, space in (("observation_space", environment.observation_space), ("action_space", environment.action_space)):
        if not isinstance(space, gymnasium.spaces.Box) or len(space.shape) != 1:
            raise ValueError(f"environment.{name} is {space}, expected a flat Box")
    N, T = len(conditions), horizon
    n, m = environment.observation_space.shape[0], environment.action_space.shape[0]
    expand = derivatives or _finite_differences(cost)
    random = np.random.default_rng(options.seed)
    low, high = environment.action_space.low, environment.action_space.high
    width = np.where(np.isfinite(high - low), high - low, 2.0) / 2

    policy = NeuralGaussianPolicy(n, m, options.hidden, options.seed)
    local = LinearGaussianPolicy(
        np.zeros((N, T, m, n)),
        np.zeros((N, T, m)),
        np.tile(np.diag((options.initial_deviation * width) ** 2), (N, T, 1, 1)),
    )
    result = Training(policy, local)
    dual, multiplier = np.ones(N), np.ones(N)
    kept = np.empty((N, 0, T - 1, 2 * n + m))
    previous = None

    for iteration in range(1, options.iterations + 1):
        states, actions = _rollouts(environment, conditions, T, local, options, random)
        sample_costs = _checked_cost(cost, states, actions)
        dynamics, kept = _fit_dynamics(states, actions, kept, options)
        if iteration == 1:
            _s_step(policy, local, states, options)
        current = _Model(
            _initial_state(states), dynamics, _expand(expand, states, actions, sample_costs), _linearize(policy, states)
        )
        if previous is not None:
            multiplier = _adjusted(multiplier, previous, current, local, options)

        step = solver.c_step(
            current.initial,
            current.dynamics,
            current.cost,
            current.global_policy,
            options.kl_step * multiplier * T,
            initial_dual=dual,
        )
        failed = (step.status == Status.not_positive_definite) | (step.status == Status.not_finite)
        local = LinearGaussianPolicy(
            *(np.where(failed.reshape(-1, *[1] * (new.ndim - 1)), old, new) for old, new in zip(local, step.policy))
        )
        dual = np.where(failed, 1.0, step.dual)
        loss = _s_step(policy, local, states, options)
        previous = current

        result.local_policies = local
        result.local_costs.append(sample_costs.sum(axis=-1).mean(axis=1))
        result.global_costs.append(evaluate(environment, policy, cost, horizon=T, conditions=conditions))
        report(
            f"iteration {iteration:2d}  cost of the samples {result.local_costs[-1].mean():10.4g}, "
            f"of the policy {result.global_costs[-1].mean():10.4g}, S-step loss {loss:.3g}"
        )
    return result


def evaluate(
    environment: gymnasium.Env,
    policy: Callable[[np.ndarray], np.ndarray],
    cost: Cost,
    *,
    horizon: int,
    conditions: Sequence[dict] = ({"seed": 0},),
) -> np.ndarray:
    """The cost of one episode of mean actions in each condition: [N]. Arguments as in `train`."""
    episodes = [_rollout(environment, start, horizon, lambda t, x: policy(x)) for start in conditions]
    states, actions = (np.stack(parts)[:, None] for parts in zip(*episodes))
    return _checked_cost(cost, states, actions).sum(axis=-1)[:, 0]


@dataclass
class _Model:
    """Local models around one iteration's samples."""

    initial: GaussianState
    dynamics: LinearGaussianDynamics
    cost: QuadraticCost
    global_policy: LinearGaussianPolicy  # pi-bar

    def expected_cost(self, policy: LinearGaussianPolicy) -> np.ndarray:
        """l_m^k of Section 4.2: [N]"""
        return solver.expected_cost(solver.forward_pass(self.initial, self.dynamics, policy), self.cost)


def _rollout(environment: gymnasium.Env, start: dict, steps: int, controller: Callable) -> tuple:
    """States [T,n] and actions [T,m] as commanded; the environment gets them clipped to its action space."""
    space = environment.action_space
    state, _ = environment.reset(**start)
    states, actions = [], []
    for t in range(steps):
        action = controller(t, np.asarray(state, dtype=float))
        states.append(np.asarray(state, dtype=float))
        actions.append(action)
        if t + 1 == steps:
            break
        state, _, terminated, truncated, _ = environment.step(np.clip(action, space.low, space.high).astype(space.dtype))
        if (terminated or truncated) and t + 2 < steps:
            raise ValueError(
                f"the environment ended its episode after {t + 1} steps, but the horizon is {steps}; choose a shorter "
                "horizon, or an environment that goes on"
            )
    return np.stack(states), np.stack(actions)


def _rollouts(environment, conditions, T, local, options, random) -> tuple:
    """States [N,S,T,n] and actions [N,S,T,m] under the local policies."""
    m = local.offset.shape[-1]
    factor = np.linalg.cholesky(local.covariance)
    episodes = []
    for i, start in enumerate(conditions):
        for _ in range(options.samples):
            noise = _smooth(random.normal(size=(T, m)), options.noise_smoothing)
            episodes.append(
                _rollout(
                    environment,
                    start,
                    T,
                    lambda t, x: local.gain[i, t] @ x + local.offset[i, t] + factor[i, t] @ noise[t],
                )
            )
    return tuple(
        np.stack(parts).reshape(len(conditions), options.samples, T, -1) for parts in zip(*episodes)
    )


def _smooth(noise: np.ndarray, deviation: float) -> np.ndarray:
    """Noise [T,m] filtered over time by a Gaussian, with unit variance again: inertia averages white noise out."""
    if deviation <= 0:
        return noise
    lags = np.arange(len(noise))
    kernel = np.exp(-0.5 * ((lags[:, None] - lags) / deviation) ** 2)
    return (kernel / np.sqrt((kernel**2).sum(axis=1, keepdims=True))) @ noise


def _checked_cost(cost: Cost, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """[N,S,T]"""
    steps = []
    for t in range(states.shape[2]):
        value = np.asarray(cost(states[:, :, t], actions[:, :, t], t), dtype=float)
        if value.shape != states.shape[:2]:
            raise ValueError(f"cost gave shape {value.shape} for states of shape {states[:, :, t].shape}, expected "
                             f"{states.shape[:2]}")
        steps.append(value)
    return np.stack(steps, axis=-1)


def _initial_state(states: np.ndarray) -> GaussianState:
    first = states[:, :, 0]
    variances = np.maximum(first.var(axis=1), 1e-6)
    return GaussianState(first.mean(axis=1), variances[:, :, None] * np.eye(states.shape[-1]))


def _fit_dynamics(states, actions, kept, options) -> tuple:
    """Dynamics as a regression of the change of state, with a mixture prior over the kept trajectories; and those."""
    n = states.shape[-1]
    N, S, T, p = (*states.shape[:3], n + actions.shape[-1])
    inputs = np.concatenate([states, actions], axis=-1)[:, :, :-1]
    points = np.concatenate([inputs, np.diff(states, axis=2)], axis=-1)  # [N,S,T-1,2n+m]
    kept = np.concatenate([kept, points], axis=1)[:, -max(options.trajectories, S) :]
    mixture = solver.GaussianMixture(options.components, seed=options.seed)
    mixture.fit(np.ascontiguousarray(kept.reshape(N, -1, points.shape[-1])))
    points = points.swapaxes(1, 2)  # [N,T-1,S,2n+m]
    fit = solver.fit_linear_gaussian(points[..., :p], points[..., p:], mixture, options.regularization)

    transition, offset, covariance = np.zeros((N, T, n, p)), np.zeros((N, T, n)), np.zeros((N, T, n, n))
    transition[:, :-1], offset[:, :-1], covariance[:, :-1] = fit
    transition[..., :n] += np.eye(n)
    return LinearGaussianDynamics(transition, offset, covariance), kept


def _finite_differences(cost: Cost, step: float = 1e-4) -> CostDerivatives:
    """Derivatives by central differences, of the size of the entries times `step`."""

    def derivatives(x: np.ndarray, u: np.ndarray, t: int) -> tuple:
        n, z = x.shape[-1], np.concatenate([x, u], axis=-1)
        p = z.shape[-1]
        h = step * (1 + np.abs(z))

        def at(*moves: tuple) -> np.ndarray:
            moved = z.copy()
            for entry, sign in moves:
                moved[..., entry] += sign * h[..., entry]
            return np.asarray(cost(moved[..., :n], moved[..., n:], t), dtype=float)

        centre = at()
        gradient, hessian = np.zeros(z.shape), np.zeros((*z.shape, p))
        for a in range(p):
            up, down = at((a, 1)), at((a, -1))
            gradient[..., a] = (up - down) / (2 * h[..., a])
            hessian[..., a, a] = (up - 2 * centre + down) / h[..., a] ** 2
            for b in range(a):
                mixed = at((a, 1), (b, 1)) - at((a, 1), (b, -1)) - at((a, -1), (b, 1)) + at((a, -1), (b, -1))
                hessian[..., a, b] = hessian[..., b, a] = mixed / (4 * h[..., a] * h[..., b])
        return gradient, hessian

    return derivatives


def _expand(derivatives: CostDerivatives, states, actions, sample_costs) -> QuadraticCost:
    """The cost expanded about every sample, averaged over the samples, about z = 0."""
    z = np.concatenate([states, actions], axis=-1)
    parts = [derivatives(states[:, :, t], actions[:, :, t], t) for t in range(states.shape[2])]
    gradient, hessian = (np.stack(part, axis=2) for part in zip(*parts))
    values, vectors = np.linalg.eigh(hessian)  # where the cost curves downwards, a step has no bound
    hessian = (vectors * np.maximum(values, 0)[..., None, :]) @ vectors.swapaxes(-1, -2)
    curve = (hessian @ z[..., None])[..., 0]
    constant = sample_costs - (gradient * z).sum(axis=-1) + 0.5 * (curve * z).sum(axis=-1)
    hessian = hessian.mean(axis=1)
    return QuadraticCost(
        0.5 * (hessian + hessian.swapaxes(-1, -2)), (gradient - curve).mean(axis=1), constant.mean(axis=1)
    )


def _linearize(policy: NeuralGaussianPolicy, states: np.ndarray) -> LinearGaussianPolicy:
    """pi-bar: the network's Jacobian averaged over the samples of a step, through their mean."""
    gain = policy.jacobian(states).mean(axis=1)
    offset = policy.mean(states).mean(axis=1) - (gain @ states.mean(axis=1)[..., None])[..., 0]
    return LinearGaussianPolicy(gain, offset, np.tile(policy.covariance, (*gain.shape[:2], 1, 1)))


def _adjusted(multiplier, previous: _Model, current: _Model, local: LinearGaussianPolicy, options: Options) -> np.ndarray:
    """The step sizes by the global rule: what the last step promised against what the policy got.   [MDGPS 4.2]"""
    before = previous.expected_cost(previous.global_policy)
    predicted = previous.expected_cost(local)
    actual = current.expected_cost(current.global_policy)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = (predicted - before) / (2 * (predicted - actual))
    factor = np.where(predicted >= actual, np.where(predicted < before, 5.0, 1.0), factor)
    factor = np.where(np.isfinite(factor), np.clip(factor, 0.1, 5.0), 1.0)
    return np.clip(multiplier * factor, options.min_multiplier, options.max_multiplier)


def _s_step(policy: NeuralGaussianPolicy, local: LinearGaussianPolicy, states: np.ndarray, options: Options) -> float:
    """The network imitates the local policies at their samples' states."""
    means = (local.gain[:, None] @ states[..., None])[..., 0] + local.offset[:, None]
    precisions = np.broadcast_to(np.linalg.inv(local.covariance)[:, None], (*means.shape, means.shape[-1]))
    flat = [a.reshape(-1, *a.shape[3:]) for a in (states, means, precisions)]
    return policy.fit(*flat, minibatches=options.minibatches)
