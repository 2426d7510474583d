/// MirrorDescent::save and load: the numbers as CBOR, the network as LibTorch archives.

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "mdgps/algorithm/mirror_descent.hpp"

namespace mdgps {

namespace {

using nlohmann::json;

constexpr const char* numbers_file = "state.cbor";
constexpr const char* network_file = "policy.pt";
constexpr const char* training_file = "training.pt";
constexpr int format = 2;

/// Visits every array of a checkpoint by name, to write or to read it: one list for both ways.
template <class Visitor, class Policy>
void visit_policy(Visitor& visit, const std::string& name, Policy& p) {
  visit(name + ".gain", p.gain);
  visit(name + ".offset", p.offset);
  visit(name + ".covariance", p.covariance);
}
template <class Visitor, class Prior>
void visit_prior(Visitor& visit, const std::string& name, Prior& s) {
  visit(name + ".points", s.points);
  visit(name + ".weights", s.weights);
  visit(name + ".mixture.mean", s.mixture.mean);
  visit(name + ".mixture.covariance", s.mixture.covariance);
  visit(name + ".mixture.weight", s.mixture.weight);
}
template <class Visitor, class Model>
void visit_model(Visitor& visit, Model& model) {
  visit("model.initial.mean", model.initial.mean);
  visit("model.initial.covariance", model.initial.covariance);
  visit("model.dynamics.transition", model.dynamics.transition);
  visit("model.dynamics.offset", model.dynamics.offset);
  visit("model.dynamics.covariance", model.dynamics.covariance);
  visit("model.cost.hessian", model.cost.hessian);
  visit("model.cost.gradient", model.cost.gradient);
  visit("model.cost.constant", model.cost.constant);
  visit_policy(visit, "model.local", model.local);
  visit_policy(visit, "model.global", model.global);
  visit("model.sampled_cost", model.sampled_cost);
}

template <class Visitor, class M, class T>
void visit_method(Visitor& visit, M& multipliers, T& visited) {
  visit("multipliers.action", multipliers.action);
  visit("multipliers.weight", multipliers.weight);
  visit("visited.states", visited.states);
  visit("visited.weights", visited.weights);
}

struct Writer {
  json& document;
  template <int Rank>
  void operator()(const std::string& name, const Array<double, Rank>& array) {
    std::vector<std::uint8_t> bytes(array.elements().size_bytes());
    // On a GPU a copy leaves the pages there, for the next iteration.
    if (!bytes.empty()) copy_shared(array.device(), bytes.data(), array.data(), bytes.size());
    document[name] = {{"shape", array.extents()}, {"data", json::binary(std::move(bytes))}};
  }
  void operator()(const std::string& name, const std::vector<SampledCost>& costs) {
    document[name] = json::array();
    for (const SampledCost& cost : costs) document[name].push_back({cost.mean, cost.size});
  }
};

struct Reader {
  const json& document;
  Device device;
  template <int Rank>
  void operator()(const std::string& name, Array<double, Rank>& array) {
    const json& entry = document.at(name);
    array = Array<double, Rank>(entry.at("shape").get<std::array<std::int64_t, Rank>>(), device);
    const auto& bytes = entry.at("data").get_binary();
    if (bytes.size() != array.elements().size_bytes()) throw std::runtime_error(name + " is cut off");
    if (!bytes.empty()) std::memcpy(array.data(), bytes.data(), bytes.size());
  }
  void operator()(const std::string& name, std::vector<SampledCost>& costs) {
    costs.clear();
    for (const json& cost : document.at(name)) costs.push_back({cost.at(0), cost.at(1)});
  }
};

}  // namespace

void MirrorDescent::save(const std::filesystem::path& folder) const {
  json document{{"format", format}, {"iteration", iteration_}};
  Writer write{document};
  visit_policy(write, "local", local_);
  write("dual", dual_);
  write("multiplier", multiplier_);
  visit_prior(write, "dynamics_prior", dynamics_prior_.state());
  visit_prior(write, "policy_prior", policy_prior_.state());
  visit_model(write, current_);
  visit_method(write, surrogate_cost_->multipliers(), visited_);

  const std::filesystem::path file = folder / numbers_file;
  std::ofstream stream(file, std::ios::binary);
  json::to_cbor(document, stream);
  stream.close();
  if (!stream) throw std::runtime_error(file.string() + " cannot be written; check the disk's space and permissions");
  policy_.save(folder / network_file);
  policy_.save_training_state(folder / training_file);
}

void MirrorDescent::load(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / numbers_file;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error(file.string() + " cannot be read; choose an intact checkpoint");
  LinearGaussianPolicyArrays<double> local;
  Array<double, 1> dual, multiplier;
  RegressionPrior::State dynamics_prior, policy_prior;
  Model model;
  Multipliers multipliers;
  Trajectories visited;
  int iteration = 0;
  try {
    const json document = json::from_cbor(stream);
    if (document.at("format") != format) throw std::runtime_error("it is of another version");
    iteration = document.at("iteration");
    Reader read{document, resources_.device};
    visit_policy(read, "local", local);
    read("dual", dual);
    read("multiplier", multiplier);
    visit_prior(read, "dynamics_prior", dynamics_prior);
    visit_prior(read, "policy_prior", policy_prior);
    visit_model(read, model);
    Reader read_for_host{document, Device{}};
    visit_method(read_for_host, multipliers, visited);
  } catch (const std::exception& error) {
    throw std::runtime_error(file.string() + " is no intact checkpoint (" + error.what() + "); choose another");
  }
  if (local.gain.extents() != local_.gain.extents())
    throw std::runtime_error(file.string() + " belongs to a task of other dimensions; use the run's own config.toml");

  NeuralGaussianPolicy policy = NeuralGaussianPolicy::load(folder / network_file);
  policy.load_training_state(folder / training_file);
  iteration_ = iteration;
  local_ = std::move(local);
  dual_ = std::move(dual);
  multiplier_ = std::move(multiplier);
  dynamics_prior_.restore(std::move(dynamics_prior));
  policy_prior_.restore(std::move(policy_prior));
  current_ = std::move(model);
  surrogate_cost_->restore(std::move(multipliers));
  visited_ = std::move(visited);
  policy_ = std::move(policy);
}

}  // namespace mdgps
