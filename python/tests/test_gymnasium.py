"""Training on an environment of the user's own."""

import runpy
from pathlib import Path

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium")

import mdgps.gymnasium
from mdgps.network import NeuralGaussianPolicy


class Cart(gymnasium.Env):
    """A mass on a line with friction: state [position, velocity], action [force]."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float64)
    action_space = gymnasium.spaces.Box(-30.0, 30.0, (1,), np.float64)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.state = np.array([(options or {}).get("position", 1.0), 0.0])
        return self.state.copy(), {}

    def step(self, action):
        position, velocity = self.state
        velocity += 0.1 * (action[0] - 0.3 * velocity)
        self.state = np.array([position + 0.1 * velocity, velocity])
        return self.state.copy(), 0.0, False, False, {}


def cost(x, u, t):
    return 0.5 * (4 * x[..., 0] ** 2 + 0.1 * x[..., 1] ** 2 + 0.01 * u[..., 0] ** 2)


CONDITIONS = [{"options": {"position": p}} for p in (-1.0, 1.0)]


def optimal_cost(position, T):
    """Riccati recursion of the cart, in plain NumPy."""
    A, B = np.array([[1, 0.1 * (1 - 0.03)], [0, 1 - 0.03]]), np.array([[0.01], [0.1]])
    Q, R, V = np.diag([4, 0.1]), np.array([[0.01]]), np.diag([4, 0.1])
    for _ in range(T - 1):
        K = -np.linalg.solve(R + B.T @ V @ B, B.T @ V @ A)
        V = Q + A.T @ V @ A + A.T @ V @ B @ K
    x = np.array([position, 0.0])
    return 0.5 * x @ V @ x


@pytest.fixture(scope="module")
def training():
    options = mdgps.gymnasium.Options(iterations=5, samples=5, minibatches=1500, initial_deviation=0.1)
    return mdgps.gymnasium.train(Cart(), cost, horizon=30, conditions=CONDITIONS, options=options, report=lambda line: None)


def test_the_policy_comes_near_the_optimum(training):
    best = np.array([optimal_cost(p, 30) for p in (-1.0, 1.0)])
    first, last = training.global_costs[0], training.global_costs[-1]
    assert (last < first).all()
    assert (last < 1.01 * best).all() and (last > 0.999 * best).all()


def test_the_same_seed_gives_the_same_policy(training):
    options = mdgps.gymnasium.Options(iterations=1, samples=5, minibatches=100)
    runs = [
        mdgps.gymnasium.train(Cart(), cost, horizon=10, conditions=CONDITIONS, options=options, report=lambda line: None)
        for _ in range(2)
    ]
    assert (runs[0].policy.mean(np.eye(2)) == runs[1].policy.mean(np.eye(2))).all()


def test_given_derivatives_are_the_finite_differences():
    x, u = np.random.default_rng(0).normal(size=(4, 3, 2)), np.random.default_rng(1).normal(size=(4, 3, 1))
    gradient, hessian = mdgps.gymnasium._finite_differences(cost)(x, u, 0)
    H = np.diag([4, 0.1, 0.01])
    np.testing.assert_allclose(gradient, np.concatenate([x, u], axis=-1) @ H, atol=1e-6)
    np.testing.assert_allclose(hessian, np.broadcast_to(H, hessian.shape), atol=1e-6)


def test_an_episode_that_ends_early_is_refused():
    class Short(Cart):
        def step(self, action):
            return (*super().step(action)[:2], True, False, {})

    with pytest.raises(ValueError, match="ended its episode after 1 steps"):
        mdgps.gymnasium.train(Short(), cost, horizon=5)


def test_a_cost_of_the_wrong_shape_and_a_wrong_space_are_refused():
    with pytest.raises(ValueError, match="cost gave shape"):
        mdgps.gymnasium.train(Cart(), lambda x, u, t: x, horizon=5)

    class Discrete(Cart):
        action_space = gymnasium.spaces.Discrete(2)

    with pytest.raises(ValueError, match="action_space"):
        mdgps.gymnasium.train(Discrete(), cost, horizon=5)


def test_the_jacobian_of_the_network_is_its_derivative():
    policy = NeuralGaussianPolicy(3, 2, (8, 8), seed=1)
    o = np.random.default_rng(2).normal(size=(5, 3))
    policy.fit(o, np.zeros((5, 2)), np.tile(np.eye(2), (5, 1, 1)), minibatches=3)
    for entry in range(3):
        step = np.zeros(3)
        step[entry] = 1e-6
        difference = (policy.mean(o + step) - policy.mean(o - step)) / 2e-6
        np.testing.assert_allclose(policy.jacobian(o)[..., entry], difference, atol=1e-6)


def test_a_saved_policy_loads(tmp_path, training):
    training.policy.save(tmp_path / "policy.npz")
    loaded = NeuralGaussianPolicy.load(tmp_path / "policy.npz")
    o = np.random.default_rng(3).normal(size=(7, 2))
    assert (loaded.mean(o) == training.policy.mean(o)).all()
    assert (loaded.covariance == training.policy.covariance).all()


def test_the_tutorial_runs():
    pytest.importorskip("mujoco")
    if not mdgps._source.MUJOCO:
        pytest.skip("this wheel was built without tasks")
    runpy.run_path(str(Path(__file__).parents[2] / "docs" / "examples" / "tutorial.py"))
