"""NumPy and SciPy the way the original implementation works: a loop over conditions and, inside, one over steps."""

import numpy as np
import scipy
import scipy.linalg as la

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


def c_step_of(p, i):
    n = p.shape[2]
    low, high, eta = 1e-8, 1e16, p.dual[i]
    reference = p.K[i], p.k[i], p.C[i]
    for _ in range(50):
        H, g = p.H[i] / eta, p.g[i] / eta
        for t in range(p.shape[1]):
            K, k = p.K[i, t], p.k[i, t]
            inverse = la.inv(p.C[i, t])
            H[t] += np.vstack([np.hstack([K.T @ inverse @ K, -K.T @ inverse]), np.hstack([-inverse @ K, inverse])])
            g[t] += np.concatenate([K.T @ inverse @ k, -inverse @ k])
        policy = backward_of(p.f[i], p.f_c[i], H, g, n)
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
    return policy


def regression_of(x, y, regularization=1e-6):
    z = np.hstack([x, y])
    mean = z.mean(axis=0)
    sigma = (z - mean).T @ (z - mean) / len(z)
    n = x.shape[1]
    sigma[:n, :n] += regularization * np.eye(n)
    gain = la.solve(sigma[:n, :n], sigma[:n, n:]).T
    covariance = sigma[n:, n:] - gain @ sigma[:n, :n] @ gain.T
    return gain, mean[n:] - gain @ mean[:n], 0.5 * (covariance + covariance.T)


def backward(p):
    return lambda: [backward_of(p.f[i], p.f_c[i], p.H[i], p.g[i], p.shape[2]) for i in range(p.shape[0])]


def passes(p):
    def run():
        for i in range(p.shape[0]):
            policy = backward_of(p.f[i], p.f_c[i], p.H[i], p.g[i], p.shape[2])
            forward_of(p.x_mean[i], p.x_covariance[i], p.f[i], p.f_c[i], p.F[i], *policy)
    return run


def c_step(p):
    return lambda: [c_step_of(p, i) for i in range(p.shape[0])]


def regression(p):
    N, T, n, m = p.shape
    draws = np.random.default_rng(1)
    x, y = draws.normal(size=(N, T, 5, n + m)), draws.normal(size=(N, T, 5, n))
    return lambda: [regression_of(x[i, t], y[i, t]) for i in range(N) for t in range(T)]
