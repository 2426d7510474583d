"""jax on the CPU in double: scan over steps, vmap over conditions, all compiled."""

import jax

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")

import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve

VERSION = f"jax {jax.__version__}"


def backward_of(f, f_c, H, g, n):
    m = f.shape[2] - n
    f = f.at[-1].set(0.0)  # the last step has no successor

    def step(value, inputs):
        V, v = value
        f, f_c, H, g = inputs
        Q, q = H + f.T @ V @ f, g + f.T @ (v + V @ f_c)
        factor = cho_factor(Q[n:, n:])
        K, k = -cho_solve(factor, Q[n:, :n]), -cho_solve(factor, q[n:])
        C = cho_solve(factor, jnp.eye(m))
        V = Q[:n, :n] + Q[:n, n:] @ K
        return (0.5 * (V + V.T), q[:n] + Q[:n, n:] @ k), (K, k, C)

    return jax.lax.scan(step, (jnp.zeros((n, n)), jnp.zeros(n)), (f, f_c, H, g), reverse=True)[1]


def forward_of(mean, covariance, f, f_c, F, K, k, C):
    def step(state, inputs):
        mean, S = state
        f, f_c, F, K, k, C = inputs
        mu = jnp.concatenate([mean, K @ mean + k])
        cross = S @ K.T
        sigma = jnp.block([[S, cross], [cross.T, K @ cross + C]])
        return (f @ mu + f_c, f @ sigma @ f.T + F), (mu, sigma)

    return jax.lax.scan(step, (mean, covariance), (f, f_c, F, K, k, C))[1]


def divergence_of(mu, sigma, p, q, n):
    def step(mu, sigma, K, k, C, K_q, k_q, C_q):
        change, offset = K - K_q, k - k_q
        d = change @ mu[:n] + offset
        inverse = jnp.linalg.inv(C_q)
        return 0.5 * (jnp.trace(inverse @ C) - len(d) + d @ inverse @ d
                      + jnp.trace(change.T @ inverse @ change @ sigma[:n, :n])
                      + jnp.linalg.slogdet(C_q)[1] - jnp.linalg.slogdet(C)[1])

    return jnp.sum(jax.vmap(step)(mu, sigma, *p, *q))


def c_step_of(mean, covariance, f, f_c, F, H, g, K, k, C, epsilon, dual):
    n = mean.shape[0]
    inverse = jnp.linalg.inv(C)
    G = jnp.concatenate([-K, jnp.broadcast_to(jnp.eye(K.shape[1]), C.shape)], axis=2)
    surrogate_H = jnp.einsum("tai,tab,tbj->tij", G, inverse, G)
    surrogate_g = -jnp.einsum("tai,tab,tb->ti", G, inverse, k)

    def evaluate(eta):
        policy = backward_of(f, f_c, H / eta + surrogate_H, g / eta + surrogate_g, n)
        mu, sigma = forward_of(mean, covariance, f, f_c, F, *policy)
        return policy, divergence_of(mu, sigma, policy, (K, k, C), n)

    def advance(state):
        low, high, eta, _, _, count = state
        policy, divergence = evaluate(eta)
        below = divergence < epsilon
        low, high = jnp.where(below, low, eta), jnp.where(below, eta, high)
        middle = jnp.sqrt(low * high)
        eta = jnp.where(below, jnp.maximum(middle, 0.1 * high), jnp.minimum(middle, 10 * low))
        return low, high, eta, policy, divergence, count + 1

    def unfinished(state):
        return (jnp.abs(state[4] - epsilon) >= 0.01 * epsilon) & (state[5] < 50)

    start = (jnp.float64(1e-8), jnp.float64(1e16), dual, (K, k, C), jnp.float64(jnp.inf), 0)
    return jax.lax.while_loop(unfinished, advance, start)[3]


def compiled(function, *arguments):
    arguments = [jnp.asarray(a) for a in arguments]
    run = jax.jit(jax.vmap(function))
    return lambda: jax.block_until_ready(run(*arguments))


def backward(p):
    return compiled(lambda *a: backward_of(*a, p.shape[2]), p.f, p.f_c, p.H, p.g)


def forward(p):
    return compiled(forward_of, p.x_mean, p.x_covariance, p.f, p.f_c, p.F, p.K, p.k, p.C)


def passes(p):
    def both(mean, covariance, f, f_c, F, H, g):
        return forward_of(mean, covariance, f, f_c, F, *backward_of(f, f_c, H, g, p.shape[2]))

    return compiled(both, p.x_mean, p.x_covariance, p.f, p.f_c, p.F, p.H, p.g)


def c_step(p):
    return compiled(c_step_of, p.x_mean, p.x_covariance, p.f, p.f_c, p.F, p.H, p.g, p.K, p.k, p.C, p.epsilon, p.dual)
