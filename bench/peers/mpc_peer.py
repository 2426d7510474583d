"""mpc.pytorch's batched LQR step (backward and forward of the mean) on the CPU."""

import os
from importlib.metadata import version

import torch
from mpc import mpc

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
VERSION = f"mpc {version('mpc')}, torch {torch.__version__}"


def passes(p):
    N, T, n, m = p.shape
    tensor = lambda a: torch.tensor(a).transpose(0, 1).contiguous()  # time first
    solver = mpc.MPC(n, m, T, lqr_iter=1, verbose=-1, exit_unconverged=False, backprop=False)
    cost = mpc.QuadCost(tensor(p.H), tensor(p.g))
    dynamics = mpc.LinDx(tensor(p.f)[:-1], tensor(p.f_c)[:-1])
    start = torch.tensor(p.x_mean)

    def run():
        solver(start, cost, dynamics)
    return run
