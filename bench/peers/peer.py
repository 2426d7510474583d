"""Serves one peer of bench/compare: `peer.py NAME`, with NAME numpy, jax, crocoddyl or mpc.

In: `<operation> <conditions> <steps> <states> <actions> <file of the problem>`; out: seconds of processor time of a run,
`unknown` where the peer has no such operation. The first line out says the peer's version.
"""

import importlib
import sys
import time

import numpy as np


class Problem:
    """The arrays that mdgps_server wrote."""

    def __init__(self, name, N, T, n, m):
        data = np.fromfile(name)
        z = n + m
        self.shape = (N, T, n, m)
        for key, extents in (("x_mean", (N, n)), ("x_covariance", (N, n, n)), ("f", (N, T, n, z)), ("f_c", (N, T, n)),
                             ("F", (N, T, n, n)), ("H", (N, T, z, z)), ("g", (N, T, z)), ("K", (N, T, m, n)),
                             ("k", (N, T, m)), ("C", (N, T, m, m)), ("epsilon", (N,)), ("dual", (N,))):
            size = int(np.prod(extents))
            setattr(self, key, data[:size].reshape(extents))
            data = data[size:]


def seconds_of(run):
    run()  # compiles, where there is something to compile
    begin, runs = time.process_time(), 0
    while True:
        run()
        runs += 1
        if time.process_time() - begin > 0.02:
            return (time.process_time() - begin) / runs


def main():
    peer = importlib.import_module(sys.argv[1] + "_peer")
    print(peer.VERSION, flush=True)
    runs = {}
    for line in sys.stdin:
        operation, *extents, name = line.split()
        key = (operation, *extents)
        if key not in runs:
            runs[key] = getattr(peer, operation)(Problem(name, *map(int, extents))) if hasattr(peer, operation) else None
        print("unknown" if runs[key] is None else seconds_of(runs[key]), flush=True)


if __name__ == "__main__":
    main()
