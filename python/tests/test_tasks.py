"""The tasks of mdgps as Gymnasium environments."""

import ctypes
import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium")

import mdgps
import mdgps.gymnasium
from mdgps import _source
from mdgps.training import find_program


@pytest.fixture(autouse=True)
def with_tasks():
    if not _source.MUJOCO:
        pytest.skip("this wheel was built without tasks")
    pytest.importorskip("mujoco")


def episode(environment, actions, **start):
    """Distances [T] of the states that actions [T,m] are taken in, rewards [T], and the last answer of `step`."""
    _, info = environment.reset(**start)
    distances, rewards = [], []
    for action in actions:
        distances.append(info["distance"])
        observation, reward, terminated, truncated, info = environment.step(action)
        rewards.append(reward)
    return np.array(distances), np.array(rewards), (observation, terminated, truncated, info)


def test_the_paper_s_tasks_are_there():
    assert {"obstacle", "peg", "blind_peg", "linear"} <= set(mdgps.gymnasium.task_names())


@pytest.mark.parametrize("name", ["obstacle", "peg", "blind_peg", "linear"])
def test_gymnasium_finds_nothing_to_complain_about(name):
    from gymnasium.utils.env_checker import check_env

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Observations have no limits, and forces are given in newtons.
        for harmless in (".*infinity.*", ".*symmetric and normalized.*"):
            warnings.filterwarnings("ignore", message=harmless)
        check_env(gymnasium.make(f"mdgps/{name}-v0").unwrapped, skip_render_check=True)


def test_the_lines_of_the_documentation_run():
    page = (Path(__file__).parents[2] / "docs/python.md").read_text()
    blocks = page.split("```python\n")[1:]
    assert blocks
    for block in blocks:
        exec(block.split("```")[0], {})


def test_spaces_and_signals_are_the_task_s():
    peg = mdgps.gymnasium.make("peg", condition=0)
    assert peg.observation_space.shape == (26,) and peg.action_space.shape == (7,)
    assert (peg.task_name, peg.horizon, peg.conditions, peg.held_out_conditions) == ("peg", 100, 9, 4)
    assert (peg.control_interval, peg.success_distance) == (0.05, 0.06)
    assert len(peg.state_names) == 26
    low, high = (np.array([signal[k] for signal in peg.action_signals]) for k in (2, 3))
    assert (peg.action_space.low == low).all() and (peg.action_space.high == high).all()
    assert mdgps.gymnasium.make("blind_peg").observation_space.shape == (14,)


def test_an_episode_lasts_the_horizon_and_can_be_repeated():
    environment = mdgps.gymnasium.make("obstacle", condition=1)
    actions = np.random.default_rng(0).normal(size=(environment.horizon, 2))
    distances, rewards, (observation, terminated, truncated, info) = episode(environment, actions)
    assert truncated and not terminated
    assert info["distance"] == distances[-1]  # nothing follows the last action
    assert info["state"].shape == (4,) and (observation == info["state"]).all()
    with pytest.raises(RuntimeError, match="reset"):
        environment.step(actions[0])
    again = episode(environment, actions)
    assert (again[0] == distances).all() and (again[1] == rewards).all()
    assert (episode(environment, actions, options={"condition": 2})[0] != distances).any()
    assert not (environment.reset()[1]["success"])


def test_the_reward_is_minus_the_cost_of_the_task():
    environment = mdgps.gymnasium.make("obstacle", condition=0)
    _, info = environment.reset()
    # obstacle's task.toml: 1/2 |x - (2.5, 0)|^2 on the joint positions
    expected = -0.5 * ((info["state"][:2] - [2.5, 0.0]) ** 2).sum()
    assert environment.step(np.array([3.0, -1.0]))[1] == pytest.approx(expected, rel=1e-12)


def test_a_seed_draws_the_same_conditions():
    environment = mdgps.gymnasium.make("peg")

    def draw():
        seeds = [7] + 20 * [None]
        return [environment.reset(seed=seed)[1]["condition"] for seed in seeds]

    drawn = draw()
    assert drawn == draw()
    assert len(set(drawn)) > 3 and max(drawn) < environment.conditions
    assert mdgps.gymnasium.make("peg", condition=12).reset(seed=1)[1]["condition"] == 12


def test_settings_change_the_task():
    assert mdgps.gymnasium.make("obstacle", settings={"horizon": 7}).horizon == 7
    with pytest.raises(ValueError, match="did you mean 'horizon'"):
        mdgps.gymnasium.make("obstacle", settings={"horizn": 7})


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="did you mean 'obstacle'"):
        mdgps.gymnasium.make("obstacel")
    with pytest.raises(ValueError, match="choose from .*peg"):
        mdgps.gymnasium.make("xyzzy")
    with pytest.raises(ValueError, match="condition is 9, expected a whole number from 0 to 8"):
        mdgps.gymnasium.make("obstacle", condition=9)
    environment = mdgps.gymnasium.make("obstacle")
    with pytest.raises(ValueError, match="'conditon'"):
        environment.reset(options={"conditon": 1})
    with pytest.raises(RuntimeError, match="reset"):
        environment.step(np.zeros(2))
    environment.reset()
    with pytest.raises(ValueError, match=r"action has shape \(3,\), expected \(2,\)"):
        environment.step(np.zeros(3))
    with pytest.raises(ValueError, match="not finite"):
        environment.step(np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="render_mode"):
        mdgps.gymnasium.make("obstacle", render_mode="human")


def test_a_simulation_that_diverges_ends_the_episode():
    environment = mdgps.gymnasium.make("obstacle", condition=0, settings={"model": str(diverging_model())})
    _, before = environment.reset()
    _, _, terminated, truncated, info = environment.step(np.array([1e14, 0.0]))
    assert terminated and not truncated and info["diverged"]
    assert (info["state"] == before["state"]).all()


def diverging_model():
    """obstacle's model without limits on its motors."""
    import tempfile

    text = (Path(mdgps.gymnasium.__file__).parent / "tasks/obstacle/model.xml").read_text()
    for word in ("ctrllimited", "ctrlrange"):
        while f"{word}=" in text:
            at = text.index(f"{word}=")
            end = text.index('"', text.index('"', at) + 1) + 1
            text = text[:at] + text[end:]
    file = Path(tempfile.mkdtemp()) / "model.xml"
    file.write_text(text)
    return file


def test_the_cost_as_a_function_is_the_reward_s_and_has_its_derivatives():
    environment = mdgps.gymnasium.make("peg", condition=3)
    actions = 0.1 * np.random.default_rng(0).normal(size=(environment.horizon, 7))
    _, info = environment.reset()
    for t, action in enumerate(actions):
        state = info["state"]
        _, reward, _, _, info = environment.step(action)
        assert environment.cost(state, action, t) == pytest.approx(-reward, rel=1e-12)
    states, actions = np.tile(state, (4, 3, 1)), 0.1 * np.random.default_rng(1).normal(size=(4, 3, 7))
    gradient, hessian = environment.cost_derivatives(states, actions, 99)
    assert gradient.shape == (4, 3, 33) and hessian.shape == (4, 3, 33, 33)
    z = np.concatenate([states, actions], axis=-1)
    for entry in range(33):
        step = np.zeros(33)
        step[entry] = 1e-6
        up, down = (environment.cost(moved[..., :26], moved[..., 26:], 99) for moved in (z + step, z - step))
        np.testing.assert_allclose(gradient[..., entry], (up - down) / 2e-6, rtol=1e-4, atol=1e-6)
    assert (np.linalg.eigvalsh(hessian) > -1e-8 * np.abs(hessian).max()).all()
    with pytest.raises(ValueError, match="step 100"):
        environment.cost(states, actions, 100)
    with pytest.raises(ValueError, match="expected"):
        environment.cost(states, actions[:, :2], 0)
    assert environment.cost(states[:0], actions[:0], 0).shape == (0, 3)


def test_gps_trains_on_a_task():
    environment = mdgps.gymnasium.make("linear")
    starts = [{"options": {"condition": i}} for i in range(environment.conditions)]
    training = mdgps.gymnasium.train(
        environment,
        environment.cost,
        derivatives=environment.cost_derivatives,
        horizon=environment.horizon,
        conditions=starts,
        options=mdgps.gymnasium.Options(iterations=4, samples=5, minibatches=800),
        report=lambda line: None,
    )
    assert training.global_costs[-1].mean() < 0.7 * training.global_costs[0].mean()


def test_without_mujoco_the_extra_is_named():
    """In a process of its own, where `import mujoco` fails; the rest of mdgps works there."""
    script = """
import sys
sys.modules["mujoco"] = None
import mdgps.gymnasium
try:
    mdgps.gymnasium.make("peg")
except ImportError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "pip install '.[tasks]'" in said


def test_a_wheel_without_tasks_says_so(monkeypatch):
    monkeypatch.setattr("mdgps.task_environment.MUJOCO", "")
    with pytest.raises(ImportError, match="built without its tasks"):
        mdgps.gymnasium.make("peg")


def test_another_mujoco_is_refused_by_its_version(monkeypatch):
    import mujoco

    monkeypatch.setattr(mujoco, "__version__", "1.2.3")
    with pytest.raises(ImportError, match=f"{_source.MUJOCO}, but 1.2.3"):
        mdgps.gymnasium.make("peg")


def test_the_extra_asks_for_the_mujoco_that_the_build_fetches():
    source = Path(__file__).parents[2]
    pin = next(line for line in (source / "cmake/packages/mujoco.txt").read_text().splitlines() if "==" in line).split()[0]
    assert f'tasks = ["gymnasium>=0.29", "{pin}"]' in (source / "pyproject.toml").read_text()


def test_mujoco_s_own_library_is_the_one_in_use():
    mdgps.gymnasium.make("linear")
    maps = Path("/proc/self/maps")
    if not maps.is_file():
        pytest.skip("no /proc")
    import mujoco

    loaded = {line.split()[-1] for line in maps.read_text().splitlines() if "libmujoco.so" in line}
    assert {Path(file).parent for file in loaded} == {Path(mujoco.__file__).parent}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    try:
        find_program()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    return mdgps.train(
        "obstacle",
        output=tmp_path_factory.mktemp("runs") / "obstacle",
        iterations=2,
        settings={"algorithm.samples": 3, "algorithm.network.minibatches": 200},
        quiet=True,
    )


@pytest.fixture(scope="module")
def policy(run):
    """The run's policy, as exported C."""
    compiler = shutil.which("cc")
    if not compiler:
        pytest.skip("there is no C compiler for the exported policy")
    folder = run.folder / "export"
    export = [find_program(), "export", run.folder, "--format", "c", "--output", folder]
    subprocess.run(export, check=True, capture_output=True)
    source, library = folder / "mdgps_policy.c", folder / "policy.so"
    subprocess.run([compiler, "-std=c99", "-O1", "-shared", "-fPIC", source, "-o", library], check=True)
    function = ctypes.CDLL(str(library)).mdgps_policy
    array = np.ctypeslib.ndpointer(np.float64, 1, flags="C")
    function.argtypes, function.restype = [array, array], None

    def act(observation):
        action = np.empty(2)
        function(observation, action)
        return action

    return act


def test_an_episode_of_a_run_s_policy_is_the_trainer_s_rollout(run, policy):
    """Costs of metrics.csv, distances of paths.csv, and those of `mdgps eval`, also from held-out starts."""
    environment = mdgps.gymnasium.TaskEnv(run.folder / "config.toml")
    paths = np.genfromtxt(run.folder / "paths.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    metrics = run.metrics[run.metrics["iteration"] == 2]
    evaluation = subprocess.run([find_program(), "eval", run.folder, "--json"], check=True, capture_output=True)
    evaluated = json.loads(evaluation.stdout)
    ends = evaluated["conditions"] + evaluated["held_out"]["conditions"]
    assert len(ends) == environment.conditions + environment.held_out_conditions
    for condition, end in enumerate(ends):
        observation, info = environment.reset(options={"condition": condition})
        distances, cost, over = [], 0.0, False
        while not over:
            distances.append(info["distance"])
            observation, reward, _, over, info = environment.step(policy(observation))
            cost -= reward
        assert info["distance"] == pytest.approx(end["distance"], abs=1e-9)
        assert info["success"] == bool(end["success"])
        if condition < environment.conditions:
            assert cost == pytest.approx(metrics["global_cost"][condition], rel=1e-9)
            path = paths[(paths["iteration"] == 2) & (paths["condition"] == condition) & (paths["source"] == "global")]
            np.testing.assert_allclose(distances, path["distance"], rtol=1e-7)
