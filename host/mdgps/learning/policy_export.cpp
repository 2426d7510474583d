#include "mdgps/learning/policy_export.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace mdgps {

void PolicyFunction::action(std::span<const double> observation, std::span<double> action) const {
  network.mean(observation, action);
  for (std::size_t j = 0; j < actions(); ++j) action[j] = std::min(std::max(action[j], low[j]), high[j]);
}

namespace {

/// A number that reads back to the same bits.
std::string number(double value) {
  if (std::isinf(value)) return value < 0 ? "-HUGE_VAL" : "HUGE_VAL";
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

std::string table(const std::string& name, std::span<const double> values) {
  std::string text = "static const double " + name + "[" + std::to_string(values.size()) + "] = {";
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += (i == 0 ? "\n    " : i % 4 == 0 ? ",\n    " : ", ") + number(values[i]);
  }
  return text + "};\n";
}

}  // namespace

/// Its comparisons let a NaN through, which fmin and fmax would turn into a number: a sensor's failure then shows.
CSource to_c(const PolicyFunction& policy) {
  const std::string o = std::to_string(policy.observations()), m = std::to_string(policy.actions());
  CSource c;
  c.header =
      "/* A policy trained by mdgps. C99; no allocation, no state: safe to call from any thread. */\n"
      "#ifndef MDGPS_POLICY_H\n#define MDGPS_POLICY_H\n\n"
      "#define MDGPS_POLICY_OBSERVATIONS " +
      o + "\n#define MDGPS_POLICY_ACTIONS " + m +
      "\n\n"
      "#ifdef __cplusplus\nextern \"C\" {\n#endif\n"
      "/* contract.json names the entries and gives their units. A NaN in the observation gives NaN actions. */\n"
      "void mdgps_policy(const double observation[MDGPS_POLICY_OBSERVATIONS], double action[MDGPS_POLICY_ACTIONS]);\n"
      "#ifdef __cplusplus\n}\n#endif\n\n#endif\n";

  const DenseNetwork& network = policy.network;
  c.source = "#include \"mdgps_policy.h\"\n\n#include <math.h>\n\n";
  c.source += table("scale", network.scale) + table("shift", network.bias);
  std::string body = "  double h0[" + o + "];\n  int i;\n  for (i = 0; i < " + o +
                     "; ++i) h0[i] = observation[i] * scale[i] + shift[i];\n";
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const auto& layer = network.layers[l];
    const bool last = l + 1 == network.layers.size();
    const std::string index = std::to_string(l), next = std::to_string(l + 1);
    const std::string rows = std::to_string(layer.weight.extent(0)), columns = std::to_string(layer.weight.extent(1));
    c.source += table("weight" + index, layer.weight.elements()) + table("bias" + index, layer.bias.elements());
    const std::string output = last ? "action" : "h" + next;
    if (!last) body += "  double " + output + "[" + rows + "];\n";
    body += "  affine(weight" + index + ", bias" + index + ", h" + index + ", " + output + ", " + rows + ", " +
            columns + ");\n";
    if (!last)
      body += "  for (i = 0; i < " + rows + "; ++i) " + output + "[i] = " + output + "[i] < 0.0 ? 0.0 : " + output +
              "[i];\n";
  }
  c.source += table("low", policy.low) + table("high", policy.high);
  c.source +=
      "\n/* y = W x + b, W row-major */\n"
      "static void affine(const double *W, const double *b, const double *x, double *y, int rows, int columns) {\n"
      "  int r, c;\n"
      "  for (r = 0; r < rows; ++r) {\n"
      "    double sum = b[r];\n"
      "    for (c = 0; c < columns; ++c) sum += W[r * columns + c] * x[c];\n"
      "    y[r] = sum;\n"
      "  }\n"
      "}\n\n"
      "static double within(double x, double least, double most) { return x < least ? least : x > most ? most : x; "
      "}\n\n"
      "void mdgps_policy(const double observation[MDGPS_POLICY_OBSERVATIONS], double action[MDGPS_POLICY_ACTIONS]) "
      "{\n" +
      body + "  for (i = 0; i < " + m + "; ++i) action[i] = within(action[i], low[i], high[i]);\n}\n";
  return c;
}

}  // namespace mdgps
