#!/usr/bin/env python3
"""Registers, spills, shared memory and occupancy of the GPU kernels, from what ptxas said when they were compiled.

    ptxas_report.py record OBJECT COMMAND...   runs a compiler and keeps what ptxas says beside the object
    ptxas_report.py table BUILD                prints the table; fails where a kernel in double precision spills

Occupancy is computed for the matrices of the sizes in SIZES, not measured: the share of a processor's warps that the
registers and the shared memory leave room for.
"""

import csv
import io
import pathlib
import re
import subprocess
import sys

# Of a streaming multiprocessor: shared memory in bytes, blocks, warps, registers (CUDA C++ Programming Guide, Technical
# Specifications per Compute Capability). A block reserves 1 KiB of shared memory.
PROCESSORS = {"sm_80": (164 * 1024, 32, 64, 65536), "sm_90": (228 * 1024, 32, 64, 65536)}
KERNELS = {"BackwardPass", "ForwardPass", "KlDivergence", "ExpectedCost", "CStep", "FitLinearGaussian",
           "FitWithMixture", "ExpandCost", "FitGaussianMixture", "MixturePrior", "MixtureShares",
           "RollOutPointMass", "RollOutNetwork", "Rearrange", "MeanStates", "DrawImitationPoints",
           "AverageExpansion", "CompareActions", "InvertCovariances", "SumSampleCosts"}


def record(target, command):
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    lines = done.stderr.splitlines(keepends=True)
    said = re.compile(r"ptxas info|bytes stack frame|^\s*$")
    pathlib.Path(target + ".ptxas").write_text("".join(line for line in lines if said.search(line)))
    sys.stderr.write("".join(line for line in lines if not said.search(line)))
    return done.returncode


def kernels(build):
    """(name, real, group, architecture) -> dict of numbers, of all objects."""
    found = {}
    for path in sorted(pathlib.Path(build).rglob("*.ptxas")):
        entry = None
        for line in path.read_text().splitlines():
            if match := re.search(r"Compiling entry function '(\w+)' for '(\w+)'", line):
                name = re.search(r"run_blocksINS\d*_\d+(Warp|Block)E([df])", match[1])
                operation = re.search(r"\dOn(?:Conditions|Steps)I[df]NS\d*_(\d+)(\w+)", match[1])
                operation = operation or re.search(r"E[df]NS\d*_(\d+)(\w+)", match[1])
                entry = None
                if name and operation:
                    real = {"d": "double", "f": "float"}[name[2]]
                    called = operation[2][:int(operation[1])]  # the length comes before the name
                    entry = found.setdefault((called, real, name[1], match[2]), {})
            elif entry is not None:
                for key, pattern in (("registers", r"Used (\d+) registers"), ("stack", r"(\d+) bytes stack frame"),
                                     ("shared", r"(\d+) bytes smem")):
                    if match := re.search(pattern, line):
                        entry[key] = int(match[1])
                if match := re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", line):
                    # Functions that were not inlined have lines of their own.
                    entry["spills"] = entry.get("spills", 0) + int(match[1]) + int(match[2])
    return found


def occupancy(architecture, registers, threads, shared):
    most_shared, most_blocks, most_warps, most_registers = PROCESSORS[architecture]
    warps = threads // 32
    per_warp = -(-registers * 32 // 256) * 256
    blocks = min(most_blocks, most_warps // warps, most_registers // (per_warp * warps), most_shared // (shared + 1024))
    return 100 * blocks * warps / most_warps


def table(build):
    found = kernels(build)
    missing = [(k, r, g, a) for k in sorted(KERNELS) for r in ("double", "float") for g in ("Warp", "Block")
               for a in PROCESSORS if "registers" not in found.get((k, r, g, a), {})]
    if missing:
        print(f"ptxas_report.py: no figures of {missing[0]}; build the target mdgps_solver with CUDA first",
              file=sys.stderr)
        return 2
    program = pathlib.Path(build) / "bin" / "block_memory"
    needs = csv.DictReader(io.StringIO(subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout))
    print("| kernel | real | n, m | threads | shared, KiB | " +
          " | ".join(f"{a}: registers, spilled bytes, occupancy" for a in PROCESSORS) + " |")
    print("|---|---|---|---|---|" + "---|" * len(PROCESSORS))
    for row in needs:
        group = "Warp" if row["threads"] == "32" else "Block"
        cells = []
        for architecture in PROCESSORS:
            entry = found[row["kernel"], row["real"], group, architecture]
            share = occupancy(architecture, entry["registers"], int(row["threads"]),
                              int(row["shared_bytes"]) + entry.get("shared", 0))
            cells.append(f"{entry['registers']}, {entry['spills']}, {share:.0f} %")
        print(f"| {row['kernel']} | {row['real']} | {row['n']}, {row['m']} | {row['threads']} | "
              f"{int(row['shared_bytes']) / 1024:.1f} | " + " | ".join(cells) + " |")
    spilled = [(key, entry["spills"]) for key, entry in sorted(found.items()) if key[1] == "double" and entry["spills"]]
    for (kernel, _, group, architecture), size in spilled:
        print(f"ptxas_report.py: {kernel} on a {group} spills {size} bytes on {architecture}", file=sys.stderr)
    return 1 if spilled else 0


if __name__ == "__main__":
    if len(sys.argv) > 3 and sys.argv[1] == "record":
        sys.exit(record(sys.argv[2], sys.argv[3:]))
    if len(sys.argv) == 3 and sys.argv[1] == "table":
        sys.exit(table(sys.argv[2]))
    print(__doc__, file=sys.stderr)
    sys.exit(2)
