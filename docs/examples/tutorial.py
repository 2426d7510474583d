# %% [markdown]
# # mdgps from Python
# A cart on a rail, first as a linear system that we know, then as one that we only have samples of, then as a Gymnasium
# environment that a neural network learns to steer; last, the tasks of mdgps themselves. Cells are marked by `# %%`; the file
# also runs as a script.

# %%
import gymnasium
import numpy as np

import mdgps
import mdgps.gymnasium

# %% [markdown]
# ## A KL-constrained LQR step
# State [position, velocity], action [force], 40 steps of 0.1 s, in 100 conditions that start at different places. Arrays
# have a leading axis for conditions and one for time steps.

# %%
N, T, n, m = 100, 40, 2, 1
A = np.array([[1.0, 0.1], [0.0, 1.0]])
B = np.array([[0.005], [0.1]])


def tile(matrix):
    return np.tile(matrix, (N, T) + (1,) * np.ndim(matrix))


initial = mdgps.GaussianState(
    mean=np.stack([np.linspace(-1, 1, N), np.zeros(N)], axis=1), covariance=np.tile(1e-3 * np.eye(n), (N, 1, 1))
)
dynamics = mdgps.LinearGaussianDynamics(
    transition=tile(np.hstack([A, B])), offset=tile(np.zeros(n)), covariance=tile(1e-4 * np.eye(n))
)
cost = mdgps.QuadraticCost(
    hessian=tile(np.diag([1.0, 0.1, 0.01])), gradient=tile(np.zeros(n + m)), constant=np.zeros((N, T))
)
reference = mdgps.LinearGaussianPolicy(
    gain=tile(np.zeros((m, n))), offset=tile(np.zeros(m)), covariance=tile(np.eye(m))
)

result = mdgps.c_step(initial, dynamics, cost, reference, step_size=10.0)
assert (result.status == mdgps.Status.ok).all()
print(f"KL divergence {result.kl_divergence.min():.2f} to {result.kl_divergence.max():.2f} nats, "
      f"{result.dual_evaluations.mean():.1f} evaluations of the dual on average")


def expected_cost(policy):
    return mdgps.expected_cost(mdgps.forward_pass(initial, dynamics, policy), cost)


print(f"expected cost {expected_cost(reference).mean():.2f} before, {expected_cost(result.policy).mean():.2f} after")
assert (expected_cost(result.policy) < expected_cost(reference)).all()

# %% [markdown]
# ## Dynamics from samples
# Four samples per step do not determine a regression with three inputs and an offset. A Gaussian mixture over the
# transitions of all steps is the prior that makes it work.

# %%
random = np.random.default_rng(0)
S = 4
states = np.empty((1, T, S, n))
actions = random.normal(size=(1, T, S, m))
states[:, 0] = random.normal(size=(1, S, n))
for t in range(T - 1):
    noise = 1e-3 * random.normal(size=(1, S, n))
    states[:, t + 1] = states[:, t] @ A.T + actions[:, t] @ B.T + noise

inputs = np.concatenate([states, actions], axis=-1)[:, :-1]  # [1,T-1,S,n+m]
outputs = states[:, 1:]  # [1,T-1,S,n]
points = np.concatenate([inputs, outputs], axis=-1)
mixture = mdgps.GaussianMixture(components=2).fit(points.reshape(1, -1, points.shape[-1]))
fitted = mdgps.fit_linear_gaussian(inputs, outputs, prior=mixture)
error = np.abs(fitted.gain - np.hstack([A, B])).max()
print(f"largest error of a fitted entry: {error:.4f}")
assert error < 0.05

# %% [markdown]
# ## A Gymnasium environment
# The environment is a black box to mdgps: it is reset, stepped, and its observation is the state. The cost is a function
# of yours; its derivatives are found by finite differences unless you give them.


# %%
class Cart(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float64)
    action_space = gymnasium.spaces.Box(-10.0, 10.0, (1,), np.float64)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.state = np.array([options["position"], 0.0])
        return self.state, {}

    def step(self, action):
        position, velocity = self.state
        velocity += 0.1 * (action[0] - 0.5 * np.tanh(5 * velocity))  # dry friction
        self.state = np.array([position + 0.1 * velocity, velocity])
        return self.state, 0.0, False, False, {}


def step_cost(x, u, t):
    return 0.5 * (x[..., 0] ** 2 + 0.1 * x[..., 1] ** 2 + 0.01 * u[..., 0] ** 2)


starts = [{"options": {"position": p}} for p in (-1.0, 0.5, 1.0)]
training = mdgps.gymnasium.train(
    Cart(),
    step_cost,
    horizon=T,
    conditions=starts,
    options=mdgps.gymnasium.Options(iterations=6, samples=5, initial_deviation=0.1, minibatches=1000),
)
assert training.global_costs[-1].mean() < training.global_costs[0].mean()

# %% [markdown]
# The policy is a function of the observation; here it starts where it was not trained.

# %%
environment = Cart()
observation, _ = environment.reset(options={"position": 0.8})
for _ in range(T):
    observation, *_ = environment.step(training.policy(observation))
print(f"from 0.8, the cart ends at {observation[0]:.3f}")
assert abs(observation[0]) < 0.1

# %% [markdown]
# ## A task of mdgps as a Gymnasium environment
# The tasks that `mdgps train` knows, with the simulation, start conditions, cost and horizon of the trainer. They need
# `pip install '.[tasks]'`. First an episode of random forces on the obstacle task, from its third place:

# %%
environment = gymnasium.make("mdgps/obstacle-v0", condition=2)
environment.action_space.seed(0)
observation, info = environment.reset(seed=0)
cost_of_episode, truncated = 0.0, False
while not truncated:
    observation, reward, terminated, truncated, info = environment.step(environment.action_space.sample())
    cost_of_episode -= reward
print(f"random forces cost {cost_of_episode:.1f} and end {info['distance']:.2f} m from the target: success {info['success']}")
assert not info["success"]

# %% [markdown]
# The task's cost is a function, too, with its derivatives, where the observation is the whole state. So the loop above
# trains on it: two carts with a spring between them.

# %%
carts = mdgps.gymnasium.make("linear")
starts = [{"options": {"condition": i}} for i in range(carts.conditions)]
training = mdgps.gymnasium.train(
    carts,
    carts.cost,
    derivatives=carts.cost_derivatives,
    horizon=carts.horizon,
    conditions=starts,
    options=mdgps.gymnasium.Options(iterations=6, samples=5, minibatches=1000),
)
assert training.global_costs[-1].mean() < 0.7 * training.global_costs[0].mean()
