"""The tasks of mdgps as Gymnasium environments: the trainer's own simulation, an action at a time."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

import gymnasium
import numpy as np

from ._source import MUJOCO
from .training import _toml

_TASKS = Path(__file__).parent / "tasks"


def task_names() -> List[str]:
    """The tasks that came with the package."""
    return sorted(file.parent.name for file in _TASKS.glob("*/task.toml"))


def _load_simulation() -> Any:
    """The extension module. MuJoCo's Python package is imported first: its library is then the one in use."""
    if not MUJOCO:
        raise ImportError("this mdgps was built without its tasks: see the output of pip install -v '.[tasks]'")
    remedy = f"pip install '.[tasks]' in mdgps's source tree, or pip install mujoco-core=={MUJOCO}"
    try:
        import mujoco
    except ImportError as error:
        raise ImportError(f"the tasks of mdgps need MuJoCo: {remedy}") from error
    if mujoco.__version__ != MUJOCO:
        raise ImportError(
            f"the tasks of mdgps were built with MuJoCo {MUJOCO}, but {mujoco.__version__} is installed: {remedy}"
        )
    from . import _simulation

    return _simulation


def _find_task(task: Union[str, os.PathLike]) -> Path:
    file = _TASKS / os.fspath(task) / "task.toml" if isinstance(task, str) else Path(task)
    for candidate in (file, Path(task), Path(task) / "task.toml"):
        if candidate.is_file():
            return candidate
    near = difflib.get_close_matches(os.fspath(task), task_names(), n=1)
    names = ", ".join(task_names())
    hint = f"did you mean {near[0]!r}?" if near else f"choose from {names}, or give the path of a TOML file"
    raise ValueError(f"there is no task or file {os.fspath(task)!r}; {hint}")


class TaskEnv(gymnasium.Env):
    """An episode of a task, exactly as a rollout of the trainer goes.

    observation   [o] float64, the task's: what a policy sees
    action        [m] float64, in the motors' units; beyond the limits, which the space has, the simulator cuts it off
    reward        minus the step's cost for the action as it was given
    truncated     after the task's horizon, T actions. As in the trainer's rollouts the last action costs, but moves
                  nothing: the sum of rewards is minus a trajectory's cost, the last distance decides on success.
    terminated    only where the simulation diverges: `info["diverged"]` is then true, the state the last good one
    info          "condition", "distance" (metres, of the task's point from its target), "success" (nearer than the task
                  asks), "state" [n] float64, "diverged"
    """

    metadata: Dict[str, Any] = {"render_modes": []}

    def __init__(
        self,
        task: Union[str, os.PathLike],
        condition: Optional[int] = None,
        *,
        settings: Optional[Mapping[str, Any]] = None,
        render_mode: None = None,
    ) -> None:
        """Loads a task.

        task        a name, such as "peg", or the path of a task's TOML file
        condition   where episodes start: 0..N-1, or N, N+1, ... for the held-out ones; None: one of 0..N-1, drawn at
                    each reset
        settings    keys of the task's file to change, e.g. {"horizon": 50}
        Raises ValueError where the task or condition does not exist or the file has a mistake, ImportError without
        MuJoCo.
        """
        if render_mode is not None:
            raise ValueError(f"render_mode is {render_mode!r}, but a task does not render; leave it out")
        simulation = _load_simulation()
        file = _find_task(task)
        overrides = [f"{key}={_toml(value)}" for key, value in (settings or {}).items()]
        self._episode = simulation.TaskEpisode(os.fspath(file), overrides)
        self._fixed_condition = None if condition is None else self._checked_condition(condition)
        self._condition = -1
        actions, observations = self._episode.action_signals, self._episode.observation_signals
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (len(observations),), np.float64)
        self.action_space = gymnasium.spaces.Box(
            np.array([low for _, _, low, _ in actions]), np.array([high for _, _, _, high in actions]), dtype=np.float64
        )

    @property
    def task_name(self) -> str:
        """The task's name, such as "peg"."""
        return self._episode.name

    @property
    def horizon(self) -> int:
        """T, the actions of an episode."""
        return self._episode.horizon

    @property
    def control_interval(self) -> float:
        """Seconds that an action is held."""
        return self._episode.control_interval

    @property
    def conditions(self) -> int:
        """N, the places that the task is trained from."""
        return self._episode.conditions

    @property
    def held_out_conditions(self) -> int:
        """The places N, N+1, ... that it is not trained from."""
        return self._episode.held_out_conditions

    @property
    def success_distance(self) -> float:
        """Metres; an episode succeeds that ends nearer."""
        return self._episode.success_distance

    @property
    def state_names(self) -> List[str]:
        """Of the state's entries [n]."""
        return self._episode.state_names

    @property
    def observation_signals(self) -> List[Tuple[str, str, float, float]]:
        """Name, unit and limits of the observation's entries [o]."""
        return self._episode.observation_signals

    @property
    def action_signals(self) -> List[Tuple[str, str, float, float]]:
        """Name, unit and limits of the action's entries [m]."""
        return self._episode.action_signals

    def reset(self, *, seed: Optional[int] = None, options: Optional[dict] = None) -> Tuple[np.ndarray, dict]:
        """Starts an episode. options: {"condition": i} starts this one from there. Raises ValueError for others."""
        super().reset(seed=seed)
        unknown = set(options or {}) - {"condition"}
        if unknown:
            raise ValueError(f"options has {sorted(unknown)[0]!r}, but a task knows only 'condition'")
        condition = (options or {}).get("condition", self._fixed_condition)
        if condition is None:
            condition = int(self.np_random.integers(self.conditions))
        self._condition = self._checked_condition(condition)
        self._episode.reset(self._condition)
        return self._observe()

    def step(self, action: np.ndarray) -> Tuple[np.ndarray, float, bool, bool, dict]:
        """Raises ValueError where the action has another shape or is not finite, RuntimeError where no episode runs."""
        action = np.ascontiguousarray(action, dtype=np.float64)
        if action.shape != self.action_space.shape:
            raise ValueError(f"action has shape {action.shape}, expected {self.action_space.shape}")
        reward = -self._episode.step(action)
        observation, info = self._observe()
        return observation, reward, info["diverged"], self._episode.over and not info["diverged"], info

    def cost(self, states: np.ndarray, actions: np.ndarray, step: int) -> np.ndarray:
        """What a step costs, [...], at states [...,n] and actions [...,m]: a callback for `mdgps.gymnasium.train`.

        Raises ValueError where shapes do not fit or the cost depends on points that the state does not hold.
        """
        return self._expand_cost(states, actions, step)[0]

    def cost_derivatives(self, states: np.ndarray, actions: np.ndarray, step: int) -> Tuple[np.ndarray, np.ndarray]:
        """Gradient [...,n+m] and Hessian [...,n+m,n+m] of `cost`; the Hessian without what would make it indefinite."""
        return self._expand_cost(states, actions, step)[1:]

    def _expand_cost(self, states: np.ndarray, actions: np.ndarray, step: int) -> Tuple[np.ndarray, ...]:
        states, actions = (np.asarray(a, dtype=np.float64) for a in (states, actions))
        if states.ndim == 0 or actions.ndim == 0 or states.shape[:-1] != actions.shape[:-1]:
            raise ValueError(
                f"states has shape {states.shape} and actions {actions.shape}, expected [...,n] and [...,m]"
            )
        leading, p = states.shape[:-1], states.shape[-1] + actions.shape[-1]
        count = int(np.prod(leading))
        value, gradient, hessian = np.empty(count), np.empty((count, p)), np.empty((count, p, p))
        if count:
            flat = (np.ascontiguousarray(a.reshape(count, a.shape[-1])) for a in (states, actions))
            self._episode.expand_cost(int(step), *flat, value, gradient, hessian)
        return value.reshape(leading), gradient.reshape(*leading, p), hessian.reshape(*leading, p, p)

    def _checked_condition(self, condition: int) -> int:
        last = self._episode.conditions + self._episode.held_out_conditions - 1
        if not isinstance(condition, (int, np.integer)) or not 0 <= condition <= last:
            raise ValueError(f"condition is {condition!r}, expected a whole number from 0 to {last}")
        return int(condition)

    def _observe(self) -> Tuple[np.ndarray, dict]:
        state, observation = np.empty(self._episode.states), np.empty(self.observation_space.shape)
        self._episode.observe(state, observation)
        distance = self._episode.distance
        return observation, {
            "condition": self._condition,
            "distance": distance,
            "success": distance < self._episode.success_distance,
            "state": state,
            "diverged": self._episode.diverged,
        }


def make(task: Union[str, os.PathLike], condition: Optional[int] = None, **options: Any) -> TaskEnv:
    """`TaskEnv(task, condition, ...)`."""
    return TaskEnv(task, condition, **options)


def _register() -> None:
    for name in task_names():
        if f"mdgps/{name}-v0" not in gymnasium.registry:
            gymnasium.register(f"mdgps/{name}-v0", entry_point="mdgps.gymnasium:TaskEnv", kwargs={"task": name})
