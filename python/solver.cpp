// mdgps._solver: the solver's operations on arrays that Python owns, inputs and outputs alike. mdgps/solver.py, which
// makes the outputs, is the interface that people use.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/expected_cost.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "mdgps/solver/gaussian_mixture.hpp"
#include "mdgps/solver/kl_divergence.hpp"
#include "mdgps/solver/regression.hpp"
#include "mdgps/solver/threads.hpp"
#include "mdgps/version.hpp"

namespace nb = nanobind;

namespace {

using Input = nb::ndarray<nb::ro>;
using Output = nb::ndarray<>;
template <std::size_t Count>
using Inputs = std::array<Input, Count>;
template <std::size_t Count>
using Outputs = std::array<Output, Count>;

/// The same memory as a view. Shapes are checked by the operation; rank and type, which a view's own type fixes, here.
template <class T, int Rank, class Array>
mdgps::View<T, Rank> view(const std::string& name, const Array& array) {
  if (static_cast<int>(array.ndim()) != Rank)
    throw std::invalid_argument(name + " has " + std::to_string(array.ndim()) + " dimensions, expected " +
                                std::to_string(Rank));
  if (array.dtype() != nb::dtype<std::remove_const_t<T>>())
    throw std::invalid_argument(name + " has another type of numbers than the other arguments; give all of them as " +
                                (sizeof(T) == 8 ? "float64" : "float32"));
  mdgps::View<T, Rank> view;
  view.data = static_cast<T*>(const_cast<void*>(static_cast<const void*>(array.data())));
  for (int d = 0; d < Rank; ++d) {
    view.extents[d] = static_cast<std::int64_t>(array.shape(d));
    view.strides[d] = array.stride(d);
  }
  const bool on_cuda = array.device_type() == nb::device::cuda::value;
  if (!on_cuda && array.device_type() != nb::device::cpu::value)
    throw std::invalid_argument(name + " is neither in host memory nor on a CUDA device");
  view.device = {on_cuda ? mdgps::Device::Kind::cuda : mdgps::Device::Kind::cpu, array.device_id()};
  return view;
}

template <int Rank>
mdgps::View<mdgps::Status, Rank> status_view(const Output& array) {
  const auto numbers = view<std::int32_t, Rank>("status", array);
  mdgps::View<mdgps::Status, Rank> status;
  status.data = reinterpret_cast<mdgps::Status*>(numbers.data);
  status.extents = numbers.extents;
  status.strides = numbers.strides;
  status.device = numbers.device;
  return status;
}

template <class Real, class Arrays>
mdgps::LinearGaussianPolicy<Real> policy(const std::string& name, const Arrays& a) {
  return {view<Real, 4>(name + ".gain", a[0]), view<Real, 3>(name + ".offset", a[1]),
          view<Real, 4>(name + ".covariance", a[2])};
}
template <class Real, class Arrays>
mdgps::LinearGaussianDynamics<Real> dynamics(const Arrays& a) {
  return {view<Real, 4>("dynamics.transition", a[0]), view<Real, 3>("dynamics.offset", a[1]),
          view<Real, 4>("dynamics.covariance", a[2])};
}
template <class Real, class Arrays>
mdgps::QuadraticCost<Real> cost(const Arrays& a) {
  return {view<Real, 4>("cost.hessian", a[0]), view<Real, 3>("cost.gradient", a[1]),
          view<Real, 2>("cost.constant", a[2])};
}
template <class Real, class Arrays>
mdgps::GaussianState<Real> initial(const Arrays& a) {
  return {view<Real, 2>("initial.mean", a[0]), view<Real, 3>("initial.covariance", a[1])};
}
template <class Real, class Arrays>
mdgps::TrajectoryDistribution<Real> distribution(const Arrays& a) {
  return {view<Real, 3>("distribution.mean", a[0]), view<Real, 4>("distribution.covariance", a[1])};
}
template <class Real, class Arrays>
mdgps::NormalInverseWishart<Real> prior(const Arrays& a) {
  return {view<Real, 3>("prior.mean", a[0]), view<Real, 4>("prior.scatter", a[1]),
          view<Real, 2>("prior.mean_strength", a[2]), view<Real, 2>("prior.degrees", a[3])};
}
template <class Real, class Arrays>
mdgps::GaussianMixture<Real> mixture(const Arrays& a) {
  return {view<Real, 3>("mixture.mean", a[0]), view<Real, 4>("mixture.covariance", a[1]),
          view<Real, 2>("mixture.weight", a[2])};
}

/// Runs `operation` with a zero of the type of numbers that the array holds.
template <class Operation>
void dispatch(const Output& array, const Operation& operation) {
  if (array.dtype() == nb::dtype<double>())
    operation(double{});
  else
    operation(float{});
}

mdgps::StatusView status_view(const Output& status, const Output& failed_step) {
  return {status_view<1>(status), view<std::int32_t, 1>("failed_step", failed_step)};
}

void backward_pass(const Inputs<3>& f, const Inputs<3>& l, const Outputs<3>& p, const Output& status,
                   const Output& failed_step) {
  dispatch(p[0], [&]<class Real>(Real) {
    mdgps::backward_pass<Real>(dynamics<const Real>(f), cost<const Real>(l), policy<Real>("policy", p),
                               status_view(status, failed_step));
  });
}

void forward_pass(const Inputs<2>& x, const Inputs<3>& f, const Inputs<3>& p, const Outputs<2>& z, const Output& status,
                  const Output& failed_step) {
  dispatch(z[0], [&]<class Real>(Real) {
    mdgps::forward_pass<Real>(initial<const Real>(x), dynamics<const Real>(f), policy<const Real>("policy", p),
                              distribution<Real>(z), status_view(status, failed_step));
  });
}

void kl_divergence(const Inputs<3>& p, const Inputs<3>& q, const Inputs<2>& z, const Output& total,
                   const Output& per_step, const Output& status) {
  dispatch(total, [&]<class Real>(Real) {
    mdgps::kl_divergence<Real>(policy<const Real>("policy", p), policy<const Real>("reference", q),
                               distribution<const Real>(z), view<Real, 1>("total", total),
                               view<Real, 2>("per_step", per_step), status_view<1>(status));
  });
}

void expected_cost(const Inputs<2>& z, const Inputs<3>& l, const Output& total, const Output& per_step) {
  dispatch(total, [&]<class Real>(Real) {
    mdgps::expected_cost<Real>(distribution<const Real>(z), cost<const Real>(l), view<Real, 1>("total", total),
                               view<Real, 2>("per_step", per_step));
  });
}

/// Without a prior.
template <class Real>
mdgps::RegressionProblem<Real> regression(const Input& inputs, const Input& outputs,
                                          const std::optional<Input>& weights, double regularization) {
  mdgps::RegressionProblem<Real> problem;
  problem.inputs = view<const Real, 4>("inputs", inputs);
  problem.outputs = view<const Real, 4>("outputs", outputs);
  if (weights) problem.weights = view<const Real, 3>("weights", *weights);
  problem.regularization = static_cast<Real>(regularization);
  return problem;
}
template <class Real>
mdgps::LinearGaussianFit<Real> fit_views(const Outputs<3>& fit, const Output& status) {
  return {view<Real, 4>("gain", fit[0]), view<Real, 3>("offset", fit[1]), view<Real, 4>("covariance", fit[2]),
          status_view<2>(status)};
}

void fit_linear_gaussian(const Input& inputs, const Input& outputs, const std::optional<Input>& weights,
                         const std::optional<Inputs<4>>& niw, double regularization, const Outputs<3>& fit,
                         const Output& status) {
  dispatch(fit[0], [&]<class Real>(Real) {
    auto problem = regression<Real>(inputs, outputs, weights, regularization);
    if (niw) problem.prior = prior<const Real>(*niw);
    mdgps::fit_linear_gaussian<Real>(problem, fit_views<Real>(fit, status));
  });
}

/// Step t alone of what has one for each.
template <class T, int Rank>
mdgps::View<T, Rank> step(mdgps::View<T, Rank> view, std::int64_t t) {
  view.data += t * view.strides[1];
  view.extents[1] = 1;
  return view;
}

/// Shapes must be right: mdgps/solver.py checks them. Weights are each step's own here, but one for all steps where
/// they choose a mixture's components, so that with weights every step is a problem of its own.
void fit_with_mixture(const Input& inputs, const Input& outputs, const std::optional<Input>& weights,
                      const Inputs<3>& fitted, const Input& points, std::int64_t fitted_points, double regularization,
                      const Outputs<3>& fit, const Output& status) {
  dispatch(fit[0], [&]<class Real>(Real) {
    const auto problem = regression<Real>(inputs, outputs, weights, regularization);
    mdgps::PriorFromMixture<Real> prior;
    prior.mixture = mixture<const Real>(fitted);
    prior.points = view<const Real, 4>("points", points);
    prior.fitted_points = fitted_points;
    const auto result = fit_views<Real>(fit, status);
    if (!weights) {
      mdgps::fit_linear_gaussian<Real>(problem, prior, result);
      return;
    }
    for (std::int64_t t = 0; t < problem.inputs.extents[1]; ++t) {
      auto of_step = problem;
      of_step.inputs = step(problem.inputs, t);
      of_step.outputs = step(problem.outputs, t);
      of_step.weights = step(problem.weights, t);
      auto prior_of_step = prior;
      prior_of_step.points = step(prior.points, t);
      const auto& w = of_step.weights;
      prior_of_step.weights = {w.data, {w.extents[0], w.extents[2]}, {w.strides[0], w.strides[2]}, w.device};
      mdgps::fit_linear_gaussian<Real>(
          of_step, prior_of_step,
          {step(result.gain, t), step(result.offset, t), step(result.covariance, t), step(result.status, t)});
    }
  });
}

void fit_gaussian_mixture(const Input& points, const std::optional<Input>& weights, const Input& assignment,
                          int max_iterations, double tolerance, double regularization, const Outputs<3>& fitted,
                          const Output& log_likelihood, const Output& iterations, const Output& status) {
  dispatch(fitted[0], [&]<class Real>(Real) {
    mdgps::MixtureProblem<Real> problem;
    problem.points = view<const Real, 3>("points", points);
    if (weights) problem.weights = view<const Real, 2>("weights", *weights);
    problem.assignment = view<const std::int32_t, 2>("assignment", assignment);
    mdgps::fit_gaussian_mixture<Real>(problem, {max_iterations, tolerance, regularization}, mixture<Real>(fitted),
                                      {view<Real, 1>("log_likelihood", log_likelihood),
                                       view<std::int32_t, 1>("iterations", iterations), status_view<1>(status)});
  });
}

void mixture_prior(const Inputs<3>& fitted, const Input& points, const std::optional<Input>& weights, double strength,
                   std::int64_t fitted_points, const Outputs<4>& niw) {
  dispatch(niw[0], [&]<class Real>(Real) {
    mdgps::View<const Real, 2> w;
    if (weights) w = view<const Real, 2>("weights", *weights);
    mdgps::mixture_prior<Real>(mixture<const Real>(fitted), view<const Real, 4>("points", points), w, strength,
                               fitted_points, prior<Real>(niw));
  });
}

mdgps::SolverPath path_named(const std::string& name) {
  if (name == "automatic") return mdgps::SolverPath::automatic;
  if (name == "fused") return mdgps::SolverPath::fused;
  if (name == "wide") return mdgps::SolverPath::wide;
  throw std::invalid_argument("path is '" + name + "', expected automatic, fused or wide");
}

void c_step(const Inputs<2>& x, const Inputs<3>& f, const Inputs<3>& l, const Inputs<3>& q, const Input& epsilon,
            const Input& initial_dual, const std::optional<Input>& entropy_weight, const Outputs<3>& p,
            const Output& dual, const Output& kl_divergence, const Output& dual_evaluations, const Output& status,
            const Output& failed_step, double tolerance, int max_evaluations, double min_dual, double max_dual,
            int speculation, const std::string& path) {
  dispatch(dual, [&]<class Real>(Real) {
    mdgps::CStepOptions options;
    options.tolerance = tolerance;
    options.max_evaluations = max_evaluations;
    options.min_dual = min_dual;
    options.max_dual = max_dual;
    options.speculation = speculation;
    options.path = path_named(path);
    mdgps::View<const Real, 2> w;
    if (entropy_weight) w = view<const Real, 2>("entropy_weight", *entropy_weight);
    mdgps::c_step<Real>(
        {initial<const Real>(x), dynamics<const Real>(f), cost<const Real>(l), policy<const Real>("reference", q),
         view<const Real, 1>("step_size", epsilon), view<const Real, 1>("initial_dual", initial_dual), w},
        {policy<Real>("policy", p), view<Real, 1>("dual", dual), view<Real, 1>("kl_divergence", kl_divergence),
         view<std::int32_t, 1>("dual_evaluations", dual_evaluations), status_view<1>(status),
         view<std::int32_t, 1>("failed_step", failed_step)},
        options);
  });
}

}  // namespace

NB_MODULE(_solver, module) {
  module.doc() = "The solver's operations; mdgps.solver is the interface to them.";
  module.attr("__version__") = std::string(mdgps::version::number);
  // The arrays are held by the caller's frame while the lock on Python is released.
  const auto released = nb::call_guard<nb::gil_scoped_release>();
  module.def("backward_pass", &backward_pass, nb::arg("dynamics"), nb::arg("cost"), nb::arg("policy"),
             nb::arg("status"), nb::arg("failed_step"), released);
  module.def("forward_pass", &forward_pass, nb::arg("initial"), nb::arg("dynamics"), nb::arg("policy"),
             nb::arg("distribution"), nb::arg("status"), nb::arg("failed_step"), released);
  module.def("kl_divergence", &kl_divergence, nb::arg("policy"), nb::arg("reference"), nb::arg("distribution"),
             nb::arg("total"), nb::arg("per_step"), nb::arg("status"), released);
  module.def("expected_cost", &expected_cost, nb::arg("distribution"), nb::arg("cost"), nb::arg("total"),
             nb::arg("per_step"), released);
  module.def("fit_linear_gaussian", &fit_linear_gaussian, nb::arg("inputs"), nb::arg("outputs"),
             nb::arg("weights").none(), nb::arg("prior").none(), nb::arg("regularization"), nb::arg("fit"),
             nb::arg("status"), released);
  module.def("fit_with_mixture", &fit_with_mixture, nb::arg("inputs"), nb::arg("outputs"), nb::arg("weights").none(),
             nb::arg("mixture"), nb::arg("points"), nb::arg("fitted_points"), nb::arg("regularization"), nb::arg("fit"),
             nb::arg("status"), released);
  module.def("fit_gaussian_mixture", &fit_gaussian_mixture, nb::arg("points"), nb::arg("weights").none(),
             nb::arg("assignment"), nb::arg("max_iterations"), nb::arg("tolerance"), nb::arg("regularization"),
             nb::arg("mixture"), nb::arg("log_likelihood"), nb::arg("iterations"), nb::arg("status"), released);
  module.def("mixture_prior", &mixture_prior, nb::arg("mixture"), nb::arg("points"), nb::arg("weights").none(),
             nb::arg("strength"), nb::arg("fitted_points"), nb::arg("prior"), released);
  module.def("c_step", &c_step, nb::arg("initial"), nb::arg("dynamics"), nb::arg("cost"), nb::arg("reference"),
             nb::arg("step_size"), nb::arg("initial_dual"), nb::arg("entropy_weight").none(), nb::arg("policy"),
             nb::arg("dual"), nb::arg("kl_divergence"), nb::arg("dual_evaluations"), nb::arg("status"),
             nb::arg("failed_step"), nb::arg("tolerance"), nb::arg("max_evaluations"), nb::arg("min_dual"),
             nb::arg("max_dual"), nb::arg("speculation"), nb::arg("path"), released);
  module.def("set_threads", &mdgps::set_solver_threads, nb::arg("threads"));
}
