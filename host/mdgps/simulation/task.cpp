#include "mdgps/simulation/task.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <numeric>
#include <sstream>

#include "mdgps/simulation/cost_terms.hpp"
#include "mdgps/simulation/mujoco_environment.hpp"
#include "mdgps/simulation/mujoco_model.hpp"

namespace mdgps {
namespace {

std::string in_quotes(std::string_view word) { return "'" + std::string(word) + "'"; }

std::vector<std::string> object_names(const mjModel& model, mjtObj type, int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    if (const char* name = mj_id2name(&model, type, i)) names.emplace_back(name);
  }
  return names;
}

/// The id of a named thing of the model; what it is called in messages: "site", "joint", "body".
int find_object(const ConfigReader& reader, std::string_view key, const mjModel& model, mjtObj type, int count,
                std::string_view kind, const std::string& name) {
  const int id = mj_name2id(&model, type, name.c_str());
  if (id >= 0) return id;
  const auto names = object_names(model, type, count);
  const auto near = nearest_word(name, names);
  std::string list;
  for (const auto& candidate : names) list += (list.empty() ? "" : ", ") + candidate;
  reader.fail(key, "the model has no " + std::string(kind) + " " + in_quotes(name) + "; " +
                       (!near.empty()   ? "did you mean " + in_quotes(near) + "?"
                        : names.empty() ? "name one in the MJCF"
                                        : "it has: " + list));
}

std::shared_ptr<MujocoModel> read_model(const ConfigReader& reader, const std::filesystem::path& file) {
  if (!std::filesystem::is_regular_file(file)) {
    reader.fail("model",
                "the model " + in_quotes(file.string()) + " does not exist; give a path relative to this file");
  }
  try {
    return std::make_shared<MujocoModel>(file);
  } catch (const std::runtime_error& error) {
    reader.fail("model",
                "the model " + in_quotes(file.string()) + " does not load: " + error.what() + "; correct the MJCF");
  }
}

void read_joints(const ConfigReader& reader, MujocoModel& mujoco) {
  const auto& model = mujoco.get();
  for (const auto& name : reader.optional("joints", object_names(model, mjOBJ_JOINT, model.njnt))) {
    const int id = find_object(reader, "joints", model, mjOBJ_JOINT, model.njnt, "joint", name);
    if (model.jnt_type[id] != mjJNT_HINGE && model.jnt_type[id] != mjJNT_SLIDE) {
      reader.fail("joints", "joint " + in_quotes(name) + " is neither a hinge nor a slide; list the joints to use");
    }
    mujoco.joints.push_back({name, model.jnt_qposadr[id], model.jnt_dofadr[id]});
  }
  if (mujoco.joints.empty()) reader.fail("joints", "the model has no named joint; name its joints in the MJCF");
}

std::array<double, 3> read_vector(const ConfigReader& reader, std::string_view key) {
  const auto v = reader.numbers(key, 3, 0.0);
  return {v[0], v[1], v[2]};
}

void read_points(const ConfigReader& reader, MujocoModel& mujoco) {
  for (const auto& table : reader.children("point")) {
    const auto name = table.required<std::string>("site");
    const int id = find_object(table, "site", mujoco.get(), mjOBJ_SITE, mujoco.get().nsite, "site", name);
    if (!table.has("target")) table.required<std::vector<double>>("target");
    mujoco.points.push_back({name, id, read_vector(table, "target")});
    table.finish();
  }
  if (mujoco.points.empty()) {
    reader.fail("point", "the task has no point; add a [[point]] table with the site whose distance counts");
  }
}

void read_layout(const ConfigReader& reader, MujocoModel& mujoco) {
  std::vector<StatePart> parts;
  const std::vector<std::string> names{"joint_positions", "joint_velocities", "points", "point_velocities"};
  for (const auto& word : reader.optional("state", std::vector<std::string>{names[0], names[1]})) {
    const auto part = state_part(word);
    if (!part) {
      const auto near = nearest_word(word, names);
      reader.fail("state", "the state has no part " + in_quotes(word) + "; " +
                               (near.empty() ? "choose from joint_positions, joint_velocities, points, point_velocities"
                                             : "did you mean " + in_quotes(near) + "?"));
    }
    if (std::find(parts.begin(), parts.end(), *part) != parts.end()) {
      reader.fail("state", in_quotes(word) + " is in the state twice; remove one");
    }
    parts.push_back(*part);
  }
  std::vector<std::string> joints, points;
  for (const auto& joint : mujoco.joints) joints.push_back(joint.name);
  for (const auto& point : mujoco.points) points.push_back(point.name);
  mujoco.layout = StateLayout(parts, joints, points);
  for (const auto part : {StatePart::joint_positions, StatePart::joint_velocities}) {
    if (!mujoco.layout.find(part)) {
      reader.fail("state",
                  "the state lacks " + std::string(to_string(part)) + "; add it, as it must tell what follows");
    }
  }
}

std::vector<int> read_observation(const ConfigReader& reader, const StateLayout& layout) {
  std::vector<std::string> whole;
  for (const auto& block : layout.blocks) whole.emplace_back(to_string(block.part));
  std::vector<int> entries;
  for (const auto& word : reader.optional("observation", whole)) {
    const auto found = layout.entries(word);
    if (found.empty()) {
      const auto near = nearest_word(word, layout.words());
      reader.fail("observation",
                  "the state has no part or entry " + in_quotes(word) + "; " +
                      (near.empty() ? "observe a part of the state" : "did you mean " + in_quotes(near) + "?"));
    }
    entries.insert(entries.end(), found.begin(), found.end());
  }
  if (entries.empty()) reader.fail("observation", "the observation is empty; observe some part of the state");
  return entries;
}

double read_positive(const ConfigReader& reader, std::string_view key, double value) {
  if (!(value > 0.0 && std::isfinite(value)))
    reader.fail(key, in_quotes(key) + " is not positive; give a number above 0");
  return value;
}

void read_timing(const ConfigReader& reader, const mjModel& model, Task& task) {
  task.horizon = reader.required<int>("horizon");
  if (task.horizon < 2)
    reader.fail("horizon", "'horizon' is " + std::to_string(task.horizon) + "; give 2 or more steps");
  task.control_interval = read_positive(reader, "control_interval", reader.required<double>("control_interval"));
  const double timestep = model.opt.timestep;
  const double ratio = task.control_interval / timestep;
  task.substeps = static_cast<int>(std::lround(ratio));
  if (task.substeps < 1 || std::abs(ratio - task.substeps) > 1e-6 * ratio) {
    std::ostringstream message;
    message << "'control_interval' " << task.control_interval << " is not a whole number of the model's timesteps of "
            << timestep << "; change it, or timestep in the MJCF's <option>";
    reader.fail("control_interval", message.str());
  }
}

/// What can never fit is refused at once: to allocate it, or to be killed for it, would take minutes.
void check_memory(const ConfigReader& reader, const Task& task) {
  const double conditions = std::max<std::size_t>(1, reader.children("condition").size());
  const double n = task.states, inputs = task.states + task.actions;
  // The least that every method keeps of a condition's step: fitted dynamics, their covariance, the cost's Hessian.
  const double needed = conditions * task.horizon * sizeof(double) * (n * inputs + n * n + inputs * inputs);
  const double machine = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  if (needed <= machine) return;
  constexpr double gigabyte = 1e9;
  std::ostringstream message;
  message << std::fixed << std::setprecision(1) << "'horizon' is " << task.horizon << ", whose models alone take "
          << needed / gigabyte << " GB, and this machine has " << machine / gigabyte << " GB; give fewer steps";
  reader.fail("horizon", message.str());
}

/// fallback   what a condition leaves out
ConditionSpec read_condition(const ConfigReader& reader, const MujocoModel& mujoco, const ConditionSpec& fallback) {
  const auto& model = mujoco.get();
  ConditionSpec condition = fallback;
  const std::size_t joints = mujoco.joints.size();
  if (reader.has("joint_positions")) condition.joint_positions = reader.numbers("joint_positions", joints, 0.0);
  if (reader.has("joint_velocities")) condition.joint_velocities = reader.numbers("joint_velocities", joints, 0.0);
  if (reader.has("target_offset")) condition.target_offset = read_vector(reader, "target_offset");
  if (reader.has("move")) {
    const auto move = reader.child("move");
    const auto name = move.required<std::string>("body");
    const int body = find_object(move, "body", model, mjOBJ_BODY, model.nbody, "body", name);
    condition.move = ConditionSpec::Move{body, read_vector(move, "offset")};
    move.finish();
  }
  reader.finish();
  return condition;
}

void read_conditions(const ConfigReader& reader, const MujocoModel& mujoco, Task& task) {
  ConditionSpec start;
  for (const auto& joint : mujoco.joints) start.joint_positions.push_back(mujoco.get().qpos0[joint.position]);
  start.joint_velocities.assign(mujoco.joints.size(), 0.0);
  if (reader.has("start")) start = read_condition(reader.child("start"), mujoco, start);

  for (const auto& table : reader.children("condition")) {
    task.condition_specs.push_back(read_condition(table, mujoco, start));
  }
  for (const auto& table : reader.children("held_out")) {
    task.held_out_condition_specs.push_back(read_condition(table, mujoco, start));
  }
  if (task.condition_specs.empty()) reader.fail("condition", "the task has no condition; add a [[condition]] table");
  task.conditions = static_cast<int>(task.condition_specs.size());
  task.held_out_conditions = static_cast<int>(task.held_out_condition_specs.size());
}

void read_success(const ConfigReader& reader, const MujocoModel& mujoco, Task& task) {
  std::vector<std::string> names;
  for (const auto& point : mujoco.points) names.push_back(point.name);
  const auto name = reader.optional("point", names.front());
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) {
    reader.fail("point", "no [[point]] has the site " + in_quotes(name) + "; add one, or name another");
  }
  task.distance_point = static_cast<int>(at - names.begin());
  task.target = mujoco.points[task.distance_point].target;
  task.success_distance = read_positive(reader, "distance", reader.required<double>("distance"));
  task.fail_distance = read_positive(reader, "fail_distance", reader.optional("fail_distance", task.success_distance));
  reader.finish();
}

bool drives_a_joint(const mjModel& model, int motor) {
  const int transmission = model.actuator_trntype[motor];
  if (transmission != mjTRN_JOINT && transmission != mjTRN_JOINTINPARENT) return false;
  const int type = model.jnt_type[model.actuator_trnid[2 * motor]];
  return type == mjJNT_HINGE || type == mjJNT_SLIDE;
}

/// The joint's place among the task's joints; their number where it is none of them.
int place_of_joint(const MujocoModel& mujoco, int joint) {
  const auto same = [&](const auto& j) { return j.velocity == mujoco.get().jnt_dofadr[joint]; };
  return static_cast<int>(std::find_if(mujoco.joints.begin(), mujoco.joints.end(), same) - mujoco.joints.begin());
}

/// The place of each motor's joint among the task's joints. Where some motor drives no joint but a tendon, a site or
/// the like, the model does not tell, and motors belong to joints in order.
std::vector<int> motors_joints(const ConfigReader& reader, const MujocoModel& mujoco) {
  const auto& model = mujoco.get();
  const int joints = static_cast<int>(mujoco.joints.size());
  std::vector<int> places(model.nu);
  std::iota(places.begin(), places.end(), 0);
  if (!std::all_of(places.begin(), places.end(), [&](int motor) { return drives_a_joint(model, motor); })) {
    if (joints == model.nu) return places;
    reader.fail("joints",
                "there are " + std::to_string(joints) + " joints and " + std::to_string(model.nu) +
                    " motors, and not every motor drives a joint; list in 'joints' one for each motor, in order");
  }
  for (int motor = 0; motor < model.nu; ++motor) {
    const int joint = model.actuator_trnid[2 * motor];
    const char* name = mj_id2name(&model, mjOBJ_JOINT, joint);
    const std::string drives = "motor " + std::to_string(motor) + " drives joint " + in_quotes(name ? name : "");
    places[motor] = place_of_joint(mujoco, joint);
    if (places[motor] == joints) {
      reader.fail("joints",
                  drives + ", which is not in the state; " + (name ? "list it in 'joints'" : "name it in the MJCF"));
    }
    const auto earlier = places.begin() + motor;
    if (std::find(places.begin(), earlier, places[motor]) != earlier)
      reader.fail("joints", drives + " as an earlier motor does; leave one motor for each joint");
    if (motor > 0 && places[motor] < places[motor - 1]) {
      reader.fail("joints", drives + ", which comes before that of motor " + std::to_string(motor - 1) +
                                "; list 'joints' in the motors' order");
    }
  }
  return places;
}

/// A joint without a motor is left to itself by the initial policy.
InitialPolicySettings read_initial_policy(const ConfigReader& reader, const StateLayout& layout,
                                          const std::vector<int>& motors_joints) {
  InitialPolicySettings settings;
  for (const int joint : motors_joints) {
    settings.position_entries.push_back(layout.find(StatePart::joint_positions)->begin + joint);
    settings.velocity_entries.push_back(layout.find(StatePart::joint_velocities)->begin + joint);
  }
  const std::size_t actions = motors_joints.size();
  settings.gains = reader.numbers("gains", actions, 1.0);
  for (const auto& [key, value] : {std::pair{"stiffness", &settings.stiffness},
                                   {"stiffness_velocity", &settings.stiffness_velocity},
                                   {"variance", &settings.variance},
                                   {"final_weight", &settings.final_weight}}) {
    *value = read_positive(reader, key, reader.optional(key, *value));
  }
  reader.finish();
  return settings;
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// A compiled model holds everything, but only the same version of MuJoCo reads it: the MJCF is kept where it is whole.
bool refers_to_other_files(const std::filesystem::path& model) {
  const auto text = read_text(model);
  return text.find("<include") != std::string::npos || text.find("file=") != std::string::npos ||
         text.find("file =") != std::string::npos;
}

/// The model in compiled form.
std::vector<char> bytes(const mjModel& model) {
  std::vector<char> buffer(mj_sizeModel(&model));
  mj_saveModel(&model, nullptr, buffer.data(), static_cast<mjtSize>(buffer.size()));
  return buffer;
}

std::string saved_model_name(const std::filesystem::path& model) {
  return model.extension() == ".mjb" || refers_to_other_files(model) ? "model.mjb" : "model.xml";
}

}  // namespace

Task load_task(const std::filesystem::path& file, std::span<const std::string> overrides) {
  const auto reader = ConfigReader::open(file, overrides);
  Task task;
  task.config = reader;
  task.file = file;
  const auto path = std::filesystem::absolute(file);
  const auto folder = path.parent_path();
  const auto named_folder = path.lexically_normal().parent_path().filename();  // of ./task.toml, too
  const auto default_name = file.stem() == "task" ? named_folder : file.stem();
  task.name = reader.optional("name", default_name.string());
  task.description = reader.optional("description", std::string());
  task.model = folder / reader.required<std::string>("model");

  const auto mujoco = read_model(reader, task.model);
  task.actions = mujoco->get().nu;
  if (task.actions == 0) reader.fail("model", "the model has no actuator; add one to the MJCF");
  read_timing(reader, mujoco->get(), task);
  read_joints(reader, *mujoco);
  read_points(reader, *mujoco);
  read_layout(reader, *mujoco);
  task.states = mujoco->layout.size();
  task.state_names = mujoco->layout.names;
  task.points = 3 * static_cast<int>(mujoco->points.size());
  task.observation_entries = read_observation(reader, mujoco->layout);
  task.observations = static_cast<int>(task.observation_entries.size());
  check_memory(reader, task);
  task.cost = read_cost_terms(reader, mujoco->layout, task.actions, task.points, task.horizon);
  task.initial_policy =
      read_initial_policy(reader.child("initial_policy"), mujoco->layout, motors_joints(reader, *mujoco));
  read_conditions(reader, *mujoco, task);
  read_success(reader.child("success"), *mujoco, task);
  task.algorithm = reader.child("algorithm");
  reader.has("run");  // what a run folder's configuration adds, for the program to read
  reader.finish();

  reader.set("model", saved_model_name(task.model));  // from here on the document is what a run saves
  task.mujoco = mujoco;
  task.environment = [](const Task& t) { return std::make_unique<MujocoEnvironment>(t); };
  return task;
}

std::vector<SceneGeom> Task::scene() const {
  const auto& model = mujoco->get();
  const auto data = make_mujoco_data(model);
  mj_kinematics(&model, data.get());
  std::vector<SceneGeom> geoms;
  for (int g = 0; g < model.ngeom; ++g) {
    if (model.body_weldid[model.geom_bodyid[g]] != 0) continue;
    SceneGeom geom;
    constexpr const char* types[] = {"plane", "hfield", "sphere", "capsule", "ellipsoid", "cylinder", "box", "mesh"};
    const int type = model.geom_type[g];
    geom.type = type <= mjGEOM_MESH ? types[type] : "other";
    std::copy_n(model.geom_size + 3 * g, 3, geom.size.begin());
    std::copy_n(data->geom_xpos + 3 * g, 3, geom.position.begin());
    std::copy_n(data->geom_xmat + 9 * g, 9, geom.rotation.begin());
    std::copy_n(model.geom_rgba + 4 * g, 4, geom.rgba.begin());
    geoms.push_back(geom);
  }
  return geoms;
}

std::map<std::string, std::filesystem::path> find_tasks(const std::filesystem::path& folder) {
  std::map<std::string, std::filesystem::path> tasks;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto file = entry.path() / "task.toml";
    if (std::filesystem::is_regular_file(file)) tasks[entry.path().filename().string()] = file;
  }
  return tasks;
}

std::string write_config(const Task& task) { return task.config.text(); }

bool same_model(const Task& a, const Task& b) { return bytes(a.mujoco->get()) == bytes(b.mujoco->get()); }

void save_model(const Task& task, const std::filesystem::path& folder) {
  const auto file = folder / saved_model_name(task.model);
  if (file.extension() == ".mjb") {
    mj_saveModel(&task.mujoco->get(), file.c_str(), nullptr, 0);
  } else {
    std::filesystem::copy_file(task.model, file, std::filesystem::copy_options::overwrite_existing);
  }
  if (!std::filesystem::is_regular_file(file)) throw std::runtime_error("cannot write " + file.string());
}

}  // namespace mdgps
