"""The global policy pi_theta(u|o) = N(mu(o), Sigma) in NumPy, and the S-step that trains it."""

from __future__ import annotations

from typing import Optional, Sequence

import numpy as np


class NeuralGaussianPolicy:
    """A ReLU network of affine layers on scaled observations, and one covariance for all observations.   [MDGPS 3.1, B.2]

    observations    o
    actions         m
    hidden          units of each hidden layer
    seed            of the first weights and of the order of minibatches
    """

    def __init__(self, observations: int, actions: int, hidden: Sequence[int] = (40, 40), seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        sizes = [observations, *hidden, actions]
        last = len(sizes) - 2
        self.weights = [
            self._random.normal(size=(rows, columns)) * np.sqrt((1 if layer == last else 2) / columns)
            for layer, (columns, rows) in enumerate(zip(sizes, sizes[1:]))
        ]
        self.biases = [np.zeros(rows) for rows in sizes[1:]]
        self.shift: Optional[np.ndarray] = None  # [o]
        self.scale = np.ones(observations)  # [o]
        self.covariance = np.eye(actions)  # Sigma [m,m]
        self._moments = [[np.zeros_like(p), np.zeros_like(p)] for p in self.weights + self.biases]
        self._minibatches = 0

    def mean(self, observations: np.ndarray) -> np.ndarray:
        """mu [...,m] of observations [...,o]."""
        return self._layers(observations)[-1]

    def __call__(self, observation: np.ndarray) -> np.ndarray:
        """The mean action [m] at one observation [o]."""
        return self.mean(observation)

    def jacobian(self, observations: np.ndarray) -> np.ndarray:
        """d mu / d o [...,m,o], exact."""
        layers = self._layers(observations)
        jacobian = np.broadcast_to(np.diag(self.scale), (*layers[0].shape[:-1], len(self.scale), len(self.scale)))
        for layer, weight in enumerate(self.weights):
            jacobian = weight @ jacobian
            if layer + 1 < len(self.weights):
                jacobian = jacobian * (layers[layer + 1] > 0)[..., None]
        return jacobian

    def fit(
        self,
        observations: np.ndarray,
        target_means: np.ndarray,
        target_precisions: np.ndarray,
        *,
        minibatches: int = 2000,
        batch_size: int = 25,
        learning_rate: float = 1e-3,
        weight_decay: float = 0.005,
    ) -> float:
        """S-step: minimises sum_p D_KL(pi(.|o_p) || p_p(.|x_p)) over theta and Sigma.   [MDGPS B.2]

        observations        [P,o]
        target_means        [P,m] of the local policies
        target_precisions   [P,m,m] C^-1
        Adam on minibatches for the mean, whose rate falls to 0 along a half cosine; Sigma in closed form. The first
        call fixes the scaling of observations.
        Returns the mean over the points of 1/2 (mu - mu_p)' C^-1 (mu - mu_p), nats.
        """
        if self.shift is None:
            self.shift = observations.mean(axis=0)
            self.scale = 1 / np.maximum(observations.std(axis=0), 1e-3)
        points = len(observations)
        size = min(batch_size, points)
        order, at = self._random.permutation(points), 0
        for step in range(minibatches):
            if at + size > points:
                order, at = self._random.permutation(points), 0
            chosen, at = order[at : at + size], at + size
            layers = self._layers(observations[chosen])
            error = (target_precisions[chosen] @ (layers[-1] - target_means[chosen])[..., None])[..., 0] / size
            rate = learning_rate * 0.5 * (1 + np.cos(np.pi * step / minibatches))
            self._adam(self._gradients(layers, error), rate, weight_decay)
        self.covariance = np.linalg.inv(target_precisions.mean(axis=0))
        error = self.mean(observations) - target_means
        return float(0.5 * np.einsum("pi,pij,pj->p", error, target_precisions, error).mean())

    def save(self, file: str) -> None:
        """Writes a NumPy archive (.npz)."""
        arrays = {f"weight{i}": w for i, w in enumerate(self.weights)}
        arrays.update({f"bias{i}": b for i, b in enumerate(self.biases)})
        shift = np.zeros_like(self.scale) if self.shift is None else self.shift
        np.savez(file, shift=shift, scale=self.scale, covariance=self.covariance, **arrays)

    @staticmethod
    def load(file: str) -> "NeuralGaussianPolicy":
        """The policy of an archive written by `save`, to act with or to train further with a fresh optimiser."""
        with np.load(file) as arrays:
            layers = sum(name.startswith("weight") for name in arrays.files)
            weights = [arrays[f"weight{i}"] for i in range(layers)]
            policy = NeuralGaussianPolicy(weights[0].shape[1], len(weights[-1]), [len(w) for w in weights[:-1]])
            policy.weights = weights
            policy.biases = [arrays[f"bias{i}"] for i in range(layers)]
            policy.shift, policy.scale, policy.covariance = arrays["shift"], arrays["scale"], arrays["covariance"]
        return policy

    def _layers(self, observations: np.ndarray) -> list:
        """The inputs of every layer, and the output."""
        shift = 0.0 if self.shift is None else self.shift
        layers = [(np.asarray(observations) - shift) * self.scale]
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            output = layers[-1] @ weight.T + bias
            layers.append(output if layer + 1 == len(self.weights) else np.maximum(output, 0))
        return layers

    def _gradients(self, layers: list, error: np.ndarray) -> list:
        """Of weights and then biases, from the loss's derivative [B,m] by the output."""
        weights, biases = [], []
        for layer in reversed(range(len(self.weights))):
            weights.insert(0, error.T @ layers[layer])
            biases.insert(0, error.sum(axis=0))
            error = (error @ self.weights[layer]) * (layers[layer] > 0)
        return weights + biases

    def _adam(self, gradients: list, rate: float, weight_decay: float) -> None:
        """Kingma & Ba 2015, with the penalty in the gradient."""
        self._minibatches += 1
        first_bias, second_bias = 1 - 0.9**self._minibatches, 1 - 0.999**self._minibatches
        for parameter, gradient, (first, second) in zip(self.weights + self.biases, gradients, self._moments):
            gradient = gradient + weight_decay * parameter
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            parameter -= rate * (first / first_bias) / (np.sqrt(second / second_bias) + 1e-8)
