"""The quantities of guided policy search as tuples of arrays.

N conditions, T timesteps, n states, m actions, z = [x; u] of n+m. Wherever a function takes one of these, a plain tuple in
the same order serves as well. Arrays are NumPy's or anything that speaks DLPack; matrices that are symmetric are whole.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

Array = Any
"""A NumPy array or anything with ``__dlpack__``; float64 or float32."""


class Status(IntEnum):
    """What became of one condition. Nothing inside the numbers of a condition raises."""

    ok = 0
    constraint_inactive = 1  # the unconstrained optimum lies within the KL bound
    not_converged = 2  # the search ended outside its tolerance; the result still satisfies KL <= epsilon
    not_positive_definite = 3  # some Quu, or covariance, has no Cholesky factor
    not_finite = 4  # NaN or infinity in the condition's input or arithmetic


class LinearGaussianPolicy(NamedTuple):
    """p(u|x) = N(K x + k, C)"""

    gain: Array  # K [N,T,m,n]
    offset: Array  # k [N,T,m]
    covariance: Array  # C [N,T,m,m]


class LinearGaussianDynamics(NamedTuple):
    """p(x'|x,u) = N(f z + f_c, F). The last step has no successor and is not read."""

    transition: Array  # f [N,T,n,n+m]
    offset: Array  # f_c [N,T,n]
    covariance: Array  # F [N,T,n,n]


class QuadraticCost(NamedTuple):
    """l(z) = 1/2 z'Hz + g'z + c, about z = 0"""

    hessian: Array  # H [N,T,n+m,n+m]
    gradient: Array  # g [N,T,n+m]
    constant: Array  # c [N,T]


class GaussianState(NamedTuple):
    """p(x_1)"""

    mean: Array  # [N,n]
    covariance: Array  # [N,n,n]


class TrajectoryDistribution(NamedTuple):
    """Marginals of z_t"""

    mean: Array  # [N,T,n+m]
    covariance: Array  # [N,T,n+m,n+m]


class NormalInverseWishart(NamedTuple):
    """Prior over the mean and covariance of a point of d entries, for each condition and step"""

    mean: Array  # mu_0 [N,T,d]
    scatter: Array  # Phi [N,T,d,d]
    mean_strength: Array  # m [N,T], in samples
    degrees: Array  # n_0 [N,T], in samples


class LinearGaussianFit(NamedTuple):
    """p(output|input) = N(A input + c, F)"""

    gain: Array  # A [N,T,q,p]
    offset: Array  # c [N,T,q]
    covariance: Array  # F [N,T,q,q]
