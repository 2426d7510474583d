/// The ONNX form of a policy. Field numbers are those of onnx.proto (ONNX IR version 8).

#include <bit>
#include <protozero/pbf_builder.hpp>

#include "mdgps/learning/policy_export.hpp"

namespace mdgps {
namespace {

using protozero::pbf_builder;

enum class Model : protozero::pbf_tag_type { ir_version = 1, producer_name = 2, graph = 7, opset_import = 8 };
enum class OperatorSet : protozero::pbf_tag_type { domain = 1, version = 2 };
enum class Graph : protozero::pbf_tag_type { node = 1, name = 2, initializer = 5, input = 11, output = 12 };
enum class Node : protozero::pbf_tag_type { input = 1, output = 2, name = 3, op_type = 4, attribute = 5 };
enum class Attribute : protozero::pbf_tag_type { name = 1, i = 3, type = 20 };
enum class Tensor : protozero::pbf_tag_type { dims = 1, data_type = 2, name = 8, raw_data = 9 };
enum class ValueInfo : protozero::pbf_tag_type { name = 1, type = 2 };
enum class Type : protozero::pbf_tag_type { tensor_type = 1 };
enum class TensorType : protozero::pbf_tag_type { elem_type = 1, shape = 2 };
enum class TensorShape : protozero::pbf_tag_type { dim = 1 };
enum class Dimension : protozero::pbf_tag_type { dim_value = 1, dim_param = 2 };
constexpr int element_double = 11, attribute_int = 2;

void add_tensor(pbf_builder<Graph>& graph, const std::string& name, std::initializer_list<std::int64_t> extents,
                std::span<const double> values) {
  pbf_builder<Tensor> tensor(graph, Graph::initializer);
  for (const std::int64_t extent : extents) tensor.add_int64(Tensor::dims, extent);
  tensor.add_int32(Tensor::data_type, element_double);
  tensor.add_string(Tensor::name, name);
  static_assert(std::endian::native == std::endian::little);  // raw_data is little-endian
  tensor.add_bytes(Tensor::raw_data, reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

void add_value(pbf_builder<Graph>& graph, Graph direction, const char* name, std::size_t size) {
  pbf_builder<ValueInfo> value(graph, direction);
  value.add_string(ValueInfo::name, name);
  pbf_builder<Type> type(value, ValueInfo::type);
  pbf_builder<TensorType> tensor(type, Type::tensor_type);
  tensor.add_int32(TensorType::elem_type, element_double);
  pbf_builder<TensorShape> shape(tensor, TensorType::shape);
  pbf_builder<Dimension>(shape, TensorShape::dim).add_string(Dimension::dim_param, "batch");
  pbf_builder<Dimension>(shape, TensorShape::dim).add_int64(Dimension::dim_value, static_cast<std::int64_t>(size));
}

/// Returns the name of the node's output.
std::string add_node(pbf_builder<Graph>& graph, const std::string& operation, std::initializer_list<std::string> inputs,
                     const std::string& output) {
  pbf_builder<Node> node(graph, Graph::node);
  for (const auto& input : inputs) node.add_string(Node::input, input);
  node.add_string(Node::output, output);
  node.add_string(Node::name, "to_" + output);
  node.add_string(Node::op_type, operation);
  if (operation == "Gemm") {
    pbf_builder<Attribute> transposed(node, Node::attribute);
    transposed.add_string(Attribute::name, "transB");
    transposed.add_int64(Attribute::i, 1);
    transposed.add_int32(Attribute::type, attribute_int);
  }
  return output;
}

}  // namespace

std::string to_onnx(const PolicyFunction& policy) {
  const DenseNetwork& network = policy.network;
  const auto o = static_cast<std::int64_t>(policy.observations()), m = static_cast<std::int64_t>(policy.actions());
  std::string bytes;
  pbf_builder<Model> model(bytes);
  model.add_int64(Model::ir_version, 8);
  model.add_string(Model::producer_name, "mdgps");
  {
    pbf_builder<Graph> graph(model, Model::graph);
    std::string h = add_node(graph, "Mul", {"observation", "scale"}, "scaled");
    h = add_node(graph, "Add", {h, "shift"}, "shifted");
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
      const std::string index = std::to_string(l);
      if (l > 0) h = add_node(graph, "Relu", {h}, "active" + index);
      h = add_node(graph, "Gemm", {h, "weight" + index, "bias" + index}, "layer" + index);
    }
    h = add_node(graph, "Max", {h, "low"}, "raised");
    add_node(graph, "Min", {h, "high"}, "action");
    graph.add_string(Graph::name, "policy");
    add_tensor(graph, "scale", {o}, network.scale);
    add_tensor(graph, "shift", {o}, network.bias);
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
      const auto& [weight, bias] = network.layers[l];
      add_tensor(graph, "weight" + std::to_string(l), {weight.extent(0), weight.extent(1)}, weight.elements());
      add_tensor(graph, "bias" + std::to_string(l), {bias.extent(0)}, bias.elements());
    }
    add_tensor(graph, "low", {m}, policy.low);
    add_tensor(graph, "high", {m}, policy.high);
    add_value(graph, Graph::input, "observation", policy.observations());
    add_value(graph, Graph::output, "action", policy.actions());
  }
  pbf_builder<OperatorSet> operators(model, Model::opset_import);
  operators.add_string(OperatorSet::domain, "");
  operators.add_int64(OperatorSet::version, 13);
  return bytes;
}

}  // namespace mdgps
