"""mdgps.train runs the program; these tests need one (MDGPS_PROGRAM, the PATH, or build/bin/mdgps)."""

import os

import pytest

import mdgps
from mdgps.training import find_program


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    try:
        program = find_program()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    monkeypatch.setenv("MDGPS_PROGRAM", str(program))
    monkeypatch.chdir(tmp_path)


def test_a_run_comes_back_with_its_tables(capsys):
    run = mdgps.train("obstacle", iterations=1, seed=3, settings={"algorithm.samples": 3, "algorithm.network.minibatches": 50})
    assert run.summary["seed"] == 3
    metrics = run.metrics
    assert len(metrics) == 5 and (metrics["iteration"] == 1).all()
    assert metrics["status"].dtype.kind == "U"
    assert "output" in capsys.readouterr().out
    again = mdgps.train("obstacle", output=run.folder, iterations=2, resume=True, quiet=True)
    assert again.metrics["iteration"].max() == 2
    assert capsys.readouterr().out == ""


def test_mistakes_raise_with_the_program_s_line():
    with pytest.raises(ValueError, match="obstacle"):
        mdgps.train("obstacel")
    with pytest.raises(ValueError, match="did you mean 'samples'"):
        mdgps.train("obstacle", settings={"algorithm.sample": 3})
    with pytest.raises(FileNotFoundError, match="config.toml"):
        mdgps.Run(".")


def test_a_missing_program_is_said(monkeypatch):
    monkeypatch.setenv("MDGPS_PROGRAM", os.devnull + "/mdgps")
    with pytest.raises(FileNotFoundError, match="MDGPS_PROGRAM"):
        mdgps.train("obstacle")
