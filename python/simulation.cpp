// mdgps._simulation: tasks and their episodes, for mdgps/task_environment.py. Arrays belong to Python, as in
// solver.cpp. Loading it needs libmujoco, which `import mujoco` has loaded before.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "mdgps/simulation/episode.hpp"
#include "mdgps/simulation/signals.hpp"

namespace nb = nanobind;

namespace {

template <int Rank>
using Input = nb::ndarray<const double, nb::ndim<Rank>, nb::c_contig, nb::device::cpu>;
template <int Rank>
using Output = nb::ndarray<double, nb::ndim<Rank>, nb::c_contig, nb::device::cpu>;

template <int Rank, class Array>
auto view(const Array& array) {
  mdgps::View<std::remove_pointer_t<decltype(array.data())>, Rank> view;
  std::array<std::int64_t, Rank> extents;
  for (int d = 0; d < Rank; ++d) extents[d] = static_cast<std::int64_t>(array.shape(d));
  return decltype(view)(array.data(), extents);
}

/// A task with what Python asks of it: an episode, and the cost as a function.
class TaskEpisode {
 public:
  TaskEpisode(const std::string& file, const std::vector<std::string>& overrides)
      : task_(mdgps::load_task(file, overrides)), episode_(task_) {}

  const mdgps::Task& task() const { return task_; }
  mdgps::Episode& episode() { return episode_; }

  double step(const Input<1>& action) { return episode_.step({action.data(), action.shape(0)}); }

  /// Throws std::invalid_argument where an array's length is another.
  void observe(const Output<1>& state, const Output<1>& observation) {
    copy(episode_.state(), state, "state");
    copy(episode_.observation(), observation, "observation");
  }

  void expand_cost(int step, const Input<2>& states, const Input<2>& actions, const Output<1>& value,
                   const Output<2>& gradient, const Output<3>& hessian) const {
    if (static_cast<int>(states.shape(1)) != task_.states || static_cast<int>(actions.shape(1)) != task_.actions ||
        states.shape(0) != actions.shape(0)) {
      throw std::invalid_argument("states and actions do not fit: expected [...," + std::to_string(task_.states) +
                                  "] and [...," + std::to_string(task_.actions) + "] of as many places");
    }
    mdgps::expand_terms(mdgps::terms_on_state(task_), step, view<2>(states), view<2>(actions), view<1>(value),
                        view<2>(gradient), view<3>(hessian));
  }

 private:
  static void copy(std::span<const double> from, const Output<1>& to, const char* name) {
    if (to.shape(0) != from.size())
      throw std::invalid_argument(std::string(name) + " has another length than the task's");
    std::copy(from.begin(), from.end(), to.data());
  }

  mdgps::Task task_;
  mdgps::Episode episode_;
};

using SignalTuple = std::tuple<std::string, std::string, double, double>;

std::vector<SignalTuple> tuples(const std::vector<mdgps::Signal>& signals) {
  std::vector<SignalTuple> result;
  for (const auto& s : signals) result.emplace_back(s.name, s.unit, s.low, s.high);
  return result;
}

/// A number or text of the task as a property.
template <class T>
auto member(T mdgps::Task::*field) {
  return [field](const TaskEpisode& e) -> T { return e.task().*field; };
}

}  // namespace

NB_MODULE(_simulation, module) {
  module.doc() = "Tasks and their episodes; mdgps.gymnasium.TaskEnv is the interface to them.";
  // The arrays are held by the caller's frame while the lock on Python is released.
  const auto released = nb::call_guard<nb::gil_scoped_release>();
  nb::class_<TaskEpisode>(module, "TaskEpisode")
      .def(nb::init<const std::string&, const std::vector<std::string>&>(), nb::arg("file"), nb::arg("overrides"))
      .def_prop_ro("name", member(&mdgps::Task::name))
      .def_prop_ro("description", member(&mdgps::Task::description))
      .def_prop_ro("horizon", member(&mdgps::Task::horizon))
      .def_prop_ro("control_interval", member(&mdgps::Task::control_interval))
      .def_prop_ro("states", member(&mdgps::Task::states))
      .def_prop_ro("conditions", member(&mdgps::Task::conditions))
      .def_prop_ro("held_out_conditions", member(&mdgps::Task::held_out_conditions))
      .def_prop_ro("success_distance", member(&mdgps::Task::success_distance))
      .def_prop_ro("state_names", member(&mdgps::Task::state_names))
      .def_prop_ro("observation_signals",
                   [](const TaskEpisode& e) { return tuples(mdgps::observation_signals(e.task())); })
      .def_prop_ro("action_signals", [](const TaskEpisode& e) { return tuples(mdgps::action_signals(e.task())); })
      .def(
          "reset", [](TaskEpisode& e, int condition) { e.episode().reset(condition); }, nb::arg("condition"), released)
      .def("step", &TaskEpisode::step, nb::arg("action"), released)
      .def("observe", &TaskEpisode::observe, nb::arg("state"), nb::arg("observation"))
      .def("expand_cost", &TaskEpisode::expand_cost, nb::arg("step"), nb::arg("states"), nb::arg("actions"),
           nb::arg("value"), nb::arg("gradient"), nb::arg("hessian"), released)
      .def_prop_ro("time", [](TaskEpisode& e) { return e.episode().time(); })
      .def_prop_ro("over", [](TaskEpisode& e) { return e.episode().over(); })
      .def_prop_ro("diverged", [](TaskEpisode& e) { return e.episode().diverged(); })
      .def_prop_ro("distance", [](TaskEpisode& e) { return e.episode().distance(); });
}
