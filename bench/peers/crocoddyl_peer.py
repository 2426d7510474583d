"""crocoddyl's DDP on the linear-quadratic problem: its backward pass, and that with the propagation of the mean."""

import crocoddyl
import numpy as np

VERSION = f"crocoddyl {crocoddyl.__version__}"


def solvers(p):
    N, T, n, m = p.shape
    out = []
    for i in range(N):
        models = []
        for t in range(T):
            H, g = p.H[i, t], p.g[i, t]
            models.append(crocoddyl.ActionModelLQR(p.f[i, t, :, :n], p.f[i, t, :, n:], H[:n, :n], H[n:, n:],
                                                   H[:n, n:], p.f_c[i, t], g[:n], g[n:]))
        terminal = crocoddyl.ActionModelLQR(np.eye(n), np.zeros((n, m)), 1e-9 * np.eye(n), np.eye(m), np.zeros((n, m)),
                                            np.zeros(n), np.zeros(n), np.zeros(m))
        problem = crocoddyl.ShootingProblem(p.x_mean[i], models, terminal)
        problem.nthreads = 1
        solver = crocoddyl.SolverDDP(problem)
        solver.setCandidate([p.x_mean[i]] * (T + 1), [np.zeros(m)] * T, False)
        problem.calc(solver.xs, solver.us)
        problem.calcDiff(solver.xs, solver.us)
        solver.computeDirection(True)
        out.append(solver)
    return out


def backward(p):
    every = solvers(p)

    def run():
        for solver in every:
            solver.backwardPass()
    return run


def passes(p):
    every = solvers(p)

    def run():
        for solver in every:
            solver.backwardPass()
            solver.forwardPass(1.0)
    return run
