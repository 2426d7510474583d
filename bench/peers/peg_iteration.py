"""Trains on a task the way the original implementation does: NumPy in loops, MuJoCo's own binding, PyTorch.

`peg_iteration.py TASK_FOLDER ITERATIONS THREADS`; out, as JSON: seconds of an iteration after the first (of the processor
with one thread, of the clock on the wall with more), its phases, and the mean final distance, which tells that it learns.

It reads the peg task's file, of which it serves what that task uses: points and actions in the cost, conditions that move
a body. States that the S-step draws, an extension of mdgps, are left out: the minibatches are as many and as large.
"""

import json
import sys
import time
import tomllib
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import mujoco
import numpy as np
import scipy.linalg as la
import torch
from scipy.ndimage import gaussian_filter1d
from scipy.special import logsumexp

import numpy_peer as lqr

SAMPLES, KL_STEP_DUAL, POINTS_PER_COMPONENT, KEPT = 5, 1.0, 40, 20


class Simulation:
    """One condition: states [positions, velocities, points, velocities of points]."""

    def __init__(self, folder, task, condition):
        self.model = mujoco.MjModel.from_xml_path(str(folder / task["model"]))
        move = task["condition"][condition]["move"]
        self.model.body(move["body"]).pos += move["offset"]
        self.data = mujoco.MjData(self.model)
        self.start = np.array(task["start"]["joint_positions"])
        self.interval = task["control_interval"]
        self.substeps = round(self.interval / self.model.opt.timestep)
        self.sites = [self.model.site(point["site"]).id for point in task["point"]]
        self.target = np.concatenate([point["target"] for point in task["point"]])
        self.horizon = task["horizon"]

    def points(self):
        return self.data.site_xpos[self.sites].ravel().copy()

    def jacobian(self):
        rows = []
        for site in self.sites:
            rows.append(np.zeros((3, self.model.nv)))
            mujoco.mj_jacSite(self.model, self.data, rows[-1], None, site)
        return np.vstack(rows)

    def rollout(self, act):
        """States, actions and the points' Jacobians of one rollout with u_t = act(x_t, t)."""
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:] = self.start
        mujoco.mj_forward(self.model, self.data)
        states, actions, jacobians, before = [], [], [], self.points()
        for t in range(self.horizon):
            now = self.points()
            states.append(np.concatenate([self.data.qpos, self.data.qvel, now, (now - before) / self.interval]))
            jacobians.append(self.jacobian())
            actions.append(act(states[-1], t))
            before = now
            self.data.ctrl[:] = actions[-1]
            if t + 1 < self.horizon:
                mujoco.mj_step(self.model, self.data, nstep=self.substeps)
                mujoco.mj_kinematics(self.model, self.data)
                mujoco.mj_comPos(self.model, self.data)
        return np.array(states), np.array(actions), np.array(jacobians)


def smooth_noise(draws, T, m):
    noise = gaussian_filter1d(draws.normal(size=(T, m)), 2.0, axis=0)
    return noise / noise.std(axis=0)


def expand_cost(terms, x, u, jacobian, target):
    """Value [T], gradient and Hessian of one sample's cost around itself."""
    T, n, m, joints = len(x), x.shape[1], u.shape[1], jacobian.shape[2]
    value, gradient, hessian = np.zeros(T), np.zeros((T, n + m)), np.zeros((T, n + m, n + m))
    for term in terms:
        w = np.array(term["weights"])
        for t in range(T):
            if term["on"] == "action":
                value[t] += 0.5 * np.sum(w * u[t] ** 2)
                gradient[t, n:] += w * u[t]
                hessian[t, n:, n:] += np.diag(w)
                continue
            last = t + 1 == T
            scale = term.get("final_weight", 1.0) if last else 0.0 if term.get("ramp") == "final" else 1.0
            d, weight, l1, l2 = x[t, 2 * joints:2 * joints + 6] - target, w * scale, term["l1"], term["l2"]
            s = term["alpha"] + np.sum((weight * d) ** 2)
            slope = weight ** 2 * d
            value[t] += 0.5 * l2 * np.sum(weight * d ** 2) + 0.5 * l1 * np.log(s)
            g = l2 * weight * d + l1 * slope / s
            H = np.diag(l2 * weight + l1 * weight ** 2 / s) - l1 * np.outer(slope, slope) / s ** 2
            gradient[t, :joints] += jacobian[t].T @ g
            hessian[t, :joints, :joints] += jacobian[t].T @ H @ jacobian[t]
    return value, gradient, hessian


def mean_quadratic(expansions, x, u):
    """The samples' expansions, each about the origin, averaged."""
    H = g = c = 0.0
    for (value, gradient, hessian), states, actions in zip(expansions, x, u):
        y = np.hstack([states, actions])
        curved = np.einsum("tij,tj->ti", hessian, y)
        H, g = H + hessian / len(x), g + (gradient - curved) / len(x)
        c = c + (value - np.sum(gradient * y, axis=1) + 0.5 * np.sum(y * curved, axis=1)) / len(x)
    return H, g, c


class Mixture:
    """Prior of a regression from all points kept: expectation maximisation, a loop over components."""

    def __init__(self, draws):
        self.draws, self.kept, self.mean = draws, [], None

    def update(self, points, keep):
        """points [S,T,d]"""
        self.kept = (self.kept + list(points))[-keep:]
        data = np.concatenate(self.kept)
        K = int(np.clip(len(data) // POINTS_PER_COMPONENT, 2, 20))
        if self.mean is None or len(self.mean) != K:
            members = self.draws.integers(K, size=len(data))
            self.set(data, [(members == k) / max(1, np.sum(members == k)) for k in range(K)], np.full(K, 1 / K))
        previous = -np.inf
        for _ in range(100):
            log_density = np.stack([self.log_density(data, k) for k in range(K)])
            total = logsumexp(log_density, axis=0)
            likelihood = total.sum()
            if likelihood < previous or abs(likelihood - previous) < 1e-5 * abs(previous):
                break
            previous = likelihood
            shares = np.exp(log_density - total)
            masses = shares.sum(axis=1)
            self.set(data, [s / m if m > 1e-4 else np.full(len(data), 1 / len(data)) for s, m in zip(shares, masses)],
                     masses / len(data))
        self.points = len(data)

    def set(self, data, weights, masses):
        means, covariances = [], []
        for w in weights:
            mean = w @ data
            covariance = (data * w[:, None]).T @ data - np.outer(mean, mean)
            means.append(mean)
            covariances.append(0.5 * (covariance + covariance.T) + 1e-6 * np.eye(len(mean)))
        self.mean, self.covariance, self.weight = np.array(means), np.array(covariances), np.maximum(masses, 1e-12)

    def log_density(self, data, k):
        L = la.cholesky(self.covariance[k], lower=True)
        whitened = la.solve_triangular(L, (data - self.mean[k]).T, lower=True)
        return (-0.5 * np.sum(whitened ** 2, axis=0) - np.sum(np.log(np.diag(L))) - 0.5 * len(L) * np.log(2 * np.pi)
                + np.log(self.weight[k]))

    def fit(self, points, inputs, regularization):
        """points [S,T,d]; gain, offset and covariance of each step."""
        fits = []
        for t in range(points.shape[1]):
            prior = lqr.mixture_prior_of(points[:, t], self.mean, self.covariance, self.weight, self.points)
            fits.append(lqr.regression_of(points[:, t], inputs, prior, regularization))
        return [np.array(part) for part in zip(*fits)]


def initial_policy(settings, simulation, n, m):
    """The LQR solution near the start under guessed dynamics."""
    dt, T, joints = simulation.interval, simulation.horizon, len(simulation.start)
    f, H, g = np.zeros((T, n, n + m)), np.zeros((T, n + m, n + m)), np.zeros((T, n + m))
    gains, start = np.diag(settings["gains"]), np.concatenate([simulation.start, np.zeros(n - joints)])
    f[:, :joints, :joints] = f[:, joints:2 * joints, joints:2 * joints] = np.eye(joints)
    f[:, :joints, joints:2 * joints] = dt * np.eye(joints)
    f[:, :joints, n:], f[:, joints:2 * joints, n:] = dt ** 2 * gains, dt * gains
    stiffness = settings["stiffness"]
    diagonal = np.concatenate([np.full(joints, stiffness), np.full(joints, stiffness * settings["stiffness_velocity"]),
                               np.zeros(n - 2 * joints), np.ones(m)]) / settings["variance"]
    for t in range(T):
        H[t] = np.diag(diagonal) * (settings["final_weight"] if t + 1 == T else 1.0)
        g[t, :n] = -H[t, :n, :n] @ start
    return lqr.backward_of(f, np.zeros((T, n)), H, g, n)


class Network:
    """Mean of the global policy, and a diagonal covariance."""

    def __init__(self, observations, actions, settings):
        torch.manual_seed(1)
        sizes = [observations, *settings.get("hidden", [40, 40]), actions]
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
        self.net = torch.nn.Sequential(*layers[:-1])
        self.settings, self.scale, self.variance = settings, None, np.full(actions, 0.1)
        self.adam = torch.optim.Adam(self.net.parameters(), betas=(0.9, 0.999), weight_decay=settings["weight_decay"])

    def mean(self, x):
        if self.scale is None:
            return np.zeros((len(x), len(self.variance)))
        with torch.no_grad():
            return self.net(torch.from_numpy((x * self.scale + self.bias).astype(np.float32))).numpy().astype(float)

    def imitate(self, x, target, precision):
        if self.scale is None:
            self.scale = 1 / np.maximum(x.std(axis=0), 1e-3)
            self.bias = -np.mean(x * self.scale, axis=0)
        inputs = torch.from_numpy((x * self.scale + self.bias).astype(np.float32))
        targets, precisions = (torch.from_numpy(a.astype(np.float32)) for a in (target, precision))
        size, count = self.settings["batch_size"], self.settings["minibatches"]
        first, last = self.settings["learning_rate"], self.settings["final_learning_rate"]
        order, batches = torch.randperm(len(x)), len(x) // size
        for i in range(count):
            self.adam.param_groups[0]["lr"] = last + 0.5 * (first - last) * (1 + np.cos(np.pi * i / count))
            chosen = order[i % batches * size:(i % batches + 1) * size]
            error = (self.net(inputs[chosen]) - targets[chosen]).unsqueeze(2)
            loss = (error * (precisions[chosen] @ error)).sum() / (2 * size)
            self.adam.zero_grad()
            loss.backward()
            self.adam.step()
        self.variance = 1 / np.diagonal(precision.mean(axis=0))


class Trainer:
    def __init__(self, folder, clock):
        task = tomllib.loads((folder / "task.toml").read_text())
        self.terms, self.settings, self.clock = task["cost"], task["algorithm"], clock
        self.simulations = [Simulation(folder, task, i) for i in range(len(task["condition"]))]
        one = self.simulations[0]
        self.m, self.n, self.T = one.model.nu, 2 * one.model.nv + 12, task["horizon"]
        self.draws = np.random.default_rng(1)
        self.network = Network(self.n, self.m, self.settings["network"])
        self.local = [initial_policy(task["initial_policy"], s, self.n, self.m) for s in self.simulations]
        self.priors = [(Mixture(self.draws), Mixture(self.draws)) for _ in self.simulations]
        self.dual, self.multiplier = [KL_STEP_DUAL] * len(self.local), [1.0] * len(self.local)
        self.previous, self.phases = None, {}

    @contextmanager
    def phase(self, name):
        begin = self.clock()
        yield
        self.phases[name] = self.phases.get(name, 0.0) + self.clock() - begin

    def sample(self, i):
        K, k, C = self.local[i]
        roots = np.array([la.cholesky(c) for c in C])
        rollouts = []
        for _ in range(SAMPLES):
            noise = smooth_noise(self.draws, self.T, self.m)
            rollouts.append(self.simulations[i].rollout(lambda x, t: K[t] @ x + k[t] + roots[t].T @ noise[t]))
        return [np.array(part) for part in zip(*rollouts)]

    def model(self, i, x, u, jacobians):
        """Cost, dynamics and first state that the samples tell."""
        expansions = [expand_cost(self.terms, *sample, self.simulations[i].target) for sample in zip(x, u, jacobians)]
        points = np.concatenate([x[:, :-1], u[:, :-1], x[:, 1:]], axis=2)
        prior = self.priors[i][0]
        prior.update(points, KEPT)
        gain, offset, covariance = prior.fit(points, self.n + self.m, self.settings["dynamics_prior"]["regularization"])
        H, g, c = mean_quadratic(expansions, x, u)
        last = lambda a: np.concatenate([a, np.zeros_like(a[:1])])  # the last step has no successor
        return SimpleNamespace(H=H, g=g, c=c, f=last(gain), f_c=last(offset), F=last(covariance), mean=x[:, 0].mean(axis=0),
                               covariance=np.diag(np.maximum(x[:, 0].var(axis=0), 1e-6)))

    def linearize(self, i, x):
        mean = np.array([self.network.mean(states) for states in x])
        points = np.concatenate([x, mean], axis=2)
        self.priors[i][1].update(points, SAMPLES)
        K, k, C = self.priors[i][1].fit(points, self.n, 1e-6)
        return K, k, C + np.diag(self.network.variance)

    def expected_cost(self, model, policy):
        mu, sigma = lqr.forward_of(model.mean, model.covariance, model.f, model.f_c, model.F, *policy)
        return sum(model.c[t] + 0.5 * np.sum(sigma[t] * model.H[t]) + 0.5 * mu[t] @ model.H[t] @ mu[t] + mu[t] @ model.g[t]
                   for t in range(self.T))

    def adjust(self, i, model, policy):
        before, after = self.previous[i]
        old = self.expected_cost(before, after)
        predicted, actual = old - self.expected_cost(before, self.local[i]), old - self.expected_cost(model, policy)
        factor = np.clip(predicted / (2 * max(1e-4, predicted - actual)), 0.1, 5.0)
        self.multiplier[i] = np.clip(factor * self.multiplier[i], self.settings["min_multiplier"],
                                     self.settings["max_multiplier"])

    def c_step(self, i, model, policy):
        p = SimpleNamespace(shape=(1, self.T, self.n, self.m), x_mean=[model.mean], x_covariance=[model.covariance],
                            f=[model.f], f_c=[model.f_c], F=[model.F], H=[model.H], g=[model.g], dual=[self.dual[i]],
                            K=[policy[0]], k=[policy[1]], C=[policy[2]],
                            epsilon=[self.settings["kl_step"] * self.multiplier[i] * self.T])
        self.local[i], self.dual[i] = lqr.search(p, 0)

    def s_step(self, x):
        mean = [np.einsum("tai,sti->sta", K, states) + k for (K, k, _), states in zip(self.local, x)]
        precision = [np.broadcast_to(np.linalg.inv(C), (SAMPLES, *C.shape)) for _, _, C in self.local]
        flat = lambda parts: np.concatenate([part.reshape(-1, *part.shape[2:]) for part in parts])
        self.network.imitate(flat(x), flat(mean), flat(precision))

    def iterate(self):
        every = range(len(self.local))
        self.phases = {}
        with self.phase("rollouts"):
            samples = [self.sample(i) for i in every]
        x = [sample[0] for sample in samples]
        with self.phase("fits"):
            models = [self.model(i, *samples[i]) for i in every]
        if self.previous is None:
            with self.phase("S-step"):
                self.s_step(x)
        with self.phase("fits"):
            policies = [self.linearize(i, x[i]) for i in every]
            if self.previous is not None:
                for i in every:
                    self.adjust(i, models[i], policies[i])
        with self.phase("C-step"):
            for i in every:
                self.c_step(i, models[i], policies[i])
        with self.phase("S-step"):
            self.s_step(x)
        self.previous = list(zip(models, policies))
        with self.phase("evaluation"):
            return np.mean([self.evaluate(simulation) for simulation in self.simulations])

    def evaluate(self, simulation):
        """Distance of the first point from its target at the end of a rollout without noise."""
        states = simulation.rollout(lambda x, t: self.network.mean(x[None])[0])[0]
        first = 2 * simulation.model.nv
        return np.linalg.norm(states[-1, first:first + 3] - simulation.target[:3])


def main():
    folder, iterations, threads = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    trainer = Trainer(folder, clock)
    trainer.iterate()
    begin, phases = clock(), {}
    for _ in range(iterations - 1):
        distance = trainer.iterate()
        for name, seconds in trainer.phases.items():
            phases[name] = phases.get(name, 0.0) + seconds / (iterations - 1)
    print(json.dumps({"seconds": (clock() - begin) / (iterations - 1), "phases": phases, "distance": float(distance)}))


if __name__ == "__main__":
    main()
