"""Guided policy search as approximate mirror descent (Montgomery & Levine, 2016).

The solver's functions take NumPy arrays and anything with DLPack; `train` runs the program mdgps; `mdgps.gymnasium` goes
between Gymnasium and mdgps.
"""

from ._solver import __version__
from .solver import (
    CStepResult,
    GaussianMixture,
    backward_pass,
    c_step,
    expected_cost,
    fit_linear_gaussian,
    forward_pass,
    kl_divergence,
    set_threads,
)
from .training import Run, train
from .types import (
    GaussianState,
    LinearGaussianDynamics,
    LinearGaussianFit,
    LinearGaussianPolicy,
    NormalInverseWishart,
    QuadraticCost,
    Status,
    TrajectoryDistribution,
)

__all__ = [
    "CStepResult",
    "GaussianMixture",
    "GaussianState",
    "LinearGaussianDynamics",
    "LinearGaussianFit",
    "LinearGaussianPolicy",
    "NormalInverseWishart",
    "QuadraticCost",
    "Run",
    "Status",
    "TrajectoryDistribution",
    "backward_pass",
    "c_step",
    "expected_cost",
    "fit_linear_gaussian",
    "forward_pass",
    "kl_divergence",
    "set_threads",
    "train",
]
