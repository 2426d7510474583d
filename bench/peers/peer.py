"""Serves one peer of bench/compare: `peer.py NAME [wall]`, with NAME numpy, jax, crocoddyl or mpc.

In: `<operation> <conditions> <steps> <states> <actions> <file of the problem>`; out: seconds of a run, of the processor
or with `wall` of the clock on the wall. `check` before it: the sum of magnitudes of what the run returned, `none` where it
returns nothing to compare. `unknown` where the peer has no such operation. The first line out says the peer's version.
"""

import importlib
import sys
import time

import numpy as np


class Problem:
    """The arrays that mdgps_server wrote."""

    def __init__(self, name, N, T, n, m):
        z = n + m
        self.shape = (N, T, n, m)
        self.read(name, (("x_mean", (N, n)), ("x_covariance", (N, n, n)), ("f", (N, T, n, z)), ("f_c", (N, T, n)),
                         ("F", (N, T, n, n)), ("H", (N, T, z, z)), ("g", (N, T, z)), ("K", (N, T, m, n)),
                         ("k", (N, T, m)), ("C", (N, T, m, m)), ("epsilon", (N,)), ("dual", (N,))))

    def read(self, name, arrays):
        data = np.fromfile(name)
        for key, extents in arrays:
            size = int(np.prod(extents))
            setattr(self, key, data[:size].reshape(extents))
            data = data[size:]


class Regression(Problem):
    """A mixture of each condition, and five points [input; output] of each step but the last."""

    def __init__(self, name, N, T, n, m, components=20):
        d = n + m + n
        self.shape = (N, T - 1, n, m)
        self.read(name, (("mean", (N, components, d)), ("covariance", (N, components, d, d)), ("weight", (N, components)),
                         ("points", (N, T - 1, 5, d))))


def seconds_of(run, clock):
    run()  # compiles, where there is something to compile
    begin, runs = clock(), 0
    while True:
        run()
        runs += 1
        if clock() - begin > 0.02:
            return (clock() - begin) / runs


def size_of(result):
    if isinstance(result, (tuple, list)):
        return sum(map(size_of, result))
    return float(np.abs(np.asarray(result)).sum())


def checked(result):
    return "none" if result is None else size_of(result)


def main():
    peer = importlib.import_module(sys.argv[1] + "_peer")
    clock = time.perf_counter if sys.argv[2:] == ["wall"] else time.process_time
    print(peer.VERSION, flush=True)
    runs = {}
    for line in sys.stdin:
        *check, operation, N, T, n, m, name = line.split()
        key = (operation, N, T, n, m)
        if key not in runs:
            problem = Regression if operation == "regression" else Problem
            known = hasattr(peer, operation)
            runs[key] = getattr(peer, operation)(problem(name, *map(int, key[1:]))) if known else None
        if runs[key] is None:
            print("unknown", flush=True)
        else:
            print(checked(runs[key]()) if check else seconds_of(runs[key], clock), flush=True)


if __name__ == "__main__":
    main()
