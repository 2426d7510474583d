"""Training on a task of mdgps: runs the program `mdgps train`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Mapping, Optional, Union

import numpy as np

from ._source import FOLDER as _SOURCE_FOLDER


def find_program() -> Path:
    """The program mdgps: $MDGPS_PROGRAM, one that came with the package, one on the PATH, or the build of the source tree
    that the package was made from. Raises FileNotFoundError that says what to do."""
    named = os.environ.get("MDGPS_PROGRAM")
    if named:
        if not Path(named).is_file():
            raise FileNotFoundError(f"MDGPS_PROGRAM is {named}, which is not there")
        return Path(named)
    on_path = shutil.which("mdgps")
    for candidate in (Path(__file__).parent / "bin" / "mdgps", on_path, Path(_SOURCE_FOLDER) / "build" / "bin" / "mdgps"):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    raise FileNotFoundError(
        "the program mdgps was not found: build it (cmake --workflow --preset demo in the source tree) and put it on the "
        "PATH or name it by MDGPS_PROGRAM"
    )


class Run:
    """The folder of a training run."""

    def __init__(self, folder: Union[str, os.PathLike]) -> None:
        """Raises FileNotFoundError where the folder holds no run."""
        self.folder = Path(folder)
        if not (self.folder / "config.toml").is_file():
            raise FileNotFoundError(f"{self.folder} is not the folder of a run: it has no config.toml")

    @property
    def metrics(self) -> np.ndarray:
        """metrics.csv: a structured array, one record per iteration and condition, e.g. ``run.metrics["global_distance"]``."""
        return np.atleast_1d(
            np.genfromtxt(self.folder / "metrics.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
        )

    @property
    def summary(self) -> dict:
        """summary.json"""
        return json.loads((self.folder / "summary.json").read_text())

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"


def _toml(value: Any) -> str:
    """A value as TOML: lists, numbers, booleans and strings are written as in JSON."""
    return json.dumps(value.tolist() if isinstance(value, np.ndarray) else value)


def train(
    task: Union[str, os.PathLike],
    *,
    output: Union[str, os.PathLike, None] = None,
    iterations: Optional[int] = None,
    seed: Optional[int] = None,
    method: Optional[str] = None,
    sampling: Optional[str] = None,
    step_rule: Optional[str] = None,
    linearization: Optional[str] = None,
    device: Optional[str] = None,
    threads: Optional[int] = None,
    settings: Optional[Mapping[str, Any]] = None,
    resume: bool = False,
    quiet: bool = False,
) -> Run:
    """Trains a policy: `mdgps train` with these options, whose help says what they mean.

    task        a name, such as "peg", or the path of a task's TOML file
    output      folder of the run (default: runs/... in the current folder)
    settings    keys of the task's file to change, e.g. {"algorithm.samples": 8}
    quiet       do not print the program's lines
    Returns the run. Raises ValueError for wrong options or a bad task, RuntimeError for a failed run, each with the
    program's message; FileNotFoundError where the program is missing; KeyboardInterrupt when interrupted: the run can
    then be resumed.
    """
    command = [str(find_program()), "train", os.fspath(task)]
    options = {
        "--output": output,
        "--iterations": iterations,
        "--seed": seed,
        "--method": method,
        "--sampling": sampling,
        "--step-rule": step_rule,
        "--linearization": linearization,
        "--device": device,
        "--threads": threads,
    }
    for name, value in options.items():
        if value is not None:
            command += [name, os.fspath(value) if isinstance(value, os.PathLike) else str(value)]
    for key, value in (settings or {}).items():
        command += ["--set", f"{key}={_toml(value)}"]
    if resume:
        command.append("--resume")

    folder = output
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        try:
            for line in program.stdout:
                if line.startswith("output "):
                    folder = line.split(maxsplit=1)[1].rstrip("\n")
                if not quiet:
                    sys.stdout.write(line)
            errors = program.stderr.read().strip()
        except KeyboardInterrupt:  # the program has the signal too, and stops after its iteration
            program.wait()
            raise
    if program.returncode == 130:
        raise KeyboardInterrupt
    if program.returncode != 0:
        failure = ValueError if program.returncode == 2 else RuntimeError
        raise failure(errors or f"mdgps ended with exit code {program.returncode}")
    return Run(folder)
