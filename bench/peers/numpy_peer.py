"""NumPy and SciPy the way the original implementation works: a loop over conditions and, inside, one over steps."""

import numpy as np
import scipy
import scipy.linalg as la
from scipy.special import logsumexp

VERSION = f"numpy {np.__version__}, scipy {scipy.__version__}"


def backward_of(f, f_c, H, g, n):
    T, m = len(f), f.shape[2] - n
    K, k, C = np.zeros((T, m, n)), np.zeros((T, m)), np.zeros((T, m, m))
    V, v = np.zeros((n, n)), np.zeros(n)
    for t in reversed(range(T)):
        Q, q = H[t].copy(), g[t].copy()
        if t + 1 < T:
            Q += f[t].T @ V @ f[t]
            q += f[t].T @ (v + V @ f_c[t])
        U = la.cholesky(Q[n:, n:])
        solve = lambda b: la.solve_triangular(U, la.solve_triangular(U.T, b, lower=True))
        C[t] = solve(np.eye(m))
        K[t], k[t] = -solve(Q[n:, :n]), -solve(q[n:])
        V = Q[:n, :n] + Q[:n, n:] @ K[t]
        V = 0.5 * (V + V.T)
        v = q[:n] + Q[:n, n:] @ k[t]
    return K, k, C


def forward_of(mean, covariance, f, f_c, F, K, k, C):
    T, n = len(f), len(mean)
    z = f.shape[2]
    mu, sigma = np.zeros((T, z)), np.zeros((T, z, z))
    for t in range(T):
        mu[t] = np.concatenate([mean, K[t] @ mean + k[t]])
        cross = covariance @ K[t].T
        sigma[t] = np.vstack([np.hstack([covariance, cross]), np.hstack([cross.T, K[t] @ cross + C[t]])])
        if t + 1 < T:
            covariance = f[t] @ sigma[t] @ f[t].T + F[t]
            covariance = 0.5 * (covariance + covariance.T)
            mean = f[t] @ mu[t] + f_c[t]
    return mu, sigma


def divergence_of(mu, sigma, p, q, n):
    total = 0.0
    for t in range(len(mu)):
        inverse = la.inv(q[2][t])
        change, offset = p[0][t] - q[0][t], p[1][t] - q[1][t]
        d = change @ mu[t, :n] + offset
        total += max(0.0, 0.5 * (np.trace(inverse @ p[2][t]) - len(d) + d @ inverse @ d
                                 + np.trace(change.T @ inverse @ change @ sigma[t, :n, :n])
                                 + np.linalg.slogdet(q[2][t])[1] - np.linalg.slogdet(p[2][t])[1]))
    return total


def surrogate_of(p, i, eta):
    """l / eta - log of the reference."""
    H, g = p.H[i] / eta, p.g[i] / eta
    for t in range(p.shape[1]):
        K, k = p.K[i][t], p.k[i][t]
        inverse = la.inv(p.C[i][t])
        H[t] += np.vstack([np.hstack([K.T @ inverse @ K, -K.T @ inverse]), np.hstack([-inverse @ K, inverse])])
        g[t] += np.concatenate([K.T @ inverse @ k, -inverse @ k])
    return H, g


def backward_at(p, i, eta):
    """The backward pass at eta, or at the first of some larger duals that has a solution, and that dual."""
    more = 1e-4
    dual = eta
    while True:
        try:
            return backward_of(p.f[i], p.f_c[i], *surrogate_of(p, i, dual), p.shape[2]), dual
        except (la.LinAlgError, ValueError):  # no Cholesky factor, or numbers that are not finite
            if dual > 1e16:
                raise
            dual, more = eta + more, 2 * more


def search(p, i):
    """The C-step of condition i: its policy and dual."""
    n = p.shape[2]
    low, high, eta = 1e-8, 1e16, p.dual[i]
    reference = p.K[i], p.k[i], p.C[i]
    for _ in range(50):
        policy, eta = backward_at(p, i, eta)
        mu, sigma = forward_of(p.x_mean[i], p.x_covariance[i], p.f[i], p.f_c[i], p.F[i], *policy)
        divergence = divergence_of(mu, sigma, policy, reference, n)
        if abs(divergence - p.epsilon[i]) < 0.01 * p.epsilon[i]:
            break
        if divergence < p.epsilon[i]:
            high = eta
            eta = max(np.sqrt(low * high), 0.1 * high)
        else:
            low = eta
            eta = min(np.sqrt(low * high), 10 * low)
    return policy, eta


def mixture_prior_of(points, mean, covariance, weight, fitted_points=3960):
    """Mean, scatter, m and n_0 of the normal-inverse-Wishart prior at the points' mean responsibilities."""
    log_density = np.zeros((len(points), len(mean)))
    for i in range(len(mean)):
        L = la.cholesky(covariance[i], lower=True)
        whitened = la.solve_triangular(L, (points - mean[i]).T, lower=True)
        log_density[:, i] = (-0.5 * np.sum(whitened ** 2, axis=0) - np.sum(np.log(np.diag(L)))
                             - 0.5 * len(L) * np.log(2 * np.pi) + np.log(weight[i]))
    responsibility = np.exp(log_density - logsumexp(log_density, axis=1, keepdims=True)).mean(axis=0)
    prior_mean = np.sum(mean * responsibility[:, None], axis=0)
    scatter = np.zeros_like(covariance[0])
    for i in range(len(mean)):
        scatter += responsibility[i] * (covariance[i] + np.outer(mean[i], mean[i] - prior_mean))
    return prior_mean, scatter, 1.0, (fitted_points - 2 - len(prior_mean)) / fitted_points


def regression_of(points, inputs, prior, regularization=1e-6):
    """Output given input, from the posterior of the joint Gaussian."""
    prior_mean, scatter, m, degrees = prior
    N = len(points)
    mean = points.mean(axis=0)
    error = mean - prior_mean
    sigma = ((points - mean).T @ (points - mean) + scatter + N * m / (N + m) * np.outer(error, error)) / (N + degrees)
    sigma = 0.5 * (sigma + sigma.T)
    sigma[:inputs, :inputs] += regularization * np.eye(inputs)  # the authors add it to every entry
    gain = la.solve(sigma[:inputs, :inputs], sigma[:inputs, inputs:]).T
    covariance = sigma[inputs:, inputs:] - gain @ sigma[:inputs, :inputs] @ gain.T
    return gain, mean[inputs:] - gain @ mean[:inputs], 0.5 * (covariance + covariance.T)


def backward(p):
    return lambda: [backward_of(p.f[i], p.f_c[i], p.H[i], p.g[i], p.shape[2]) for i in range(p.shape[0])]


def forward_at(p, i, policy):
    return forward_of(p.x_mean[i], p.x_covariance[i], p.f[i], p.f_c[i], p.F[i], *policy)


def forward(p):
    return lambda: [forward_at(p, i, (p.K[i], p.k[i], p.C[i])) for i in range(p.shape[0])]


def passes(p):
    return lambda: [forward_at(p, i, backward_of(p.f[i], p.f_c[i], p.H[i], p.g[i], p.shape[2]))
                    for i in range(p.shape[0])]


def c_step(p):
    return lambda: [search(p, i)[0] for i in range(p.shape[0])]


def regression(p):
    N, T, n, m = p.shape

    def fit(points, i):
        return regression_of(points, n + m, mixture_prior_of(points, p.mean[i], p.covariance[i], p.weight[i]))

    return lambda: [fit(p.points[i, t], i) for i in range(N) for t in range(T)]
