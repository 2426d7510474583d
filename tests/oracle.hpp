#pragma once
/// Reads the arrays of tests/data/oracle.

#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "mdgps/solver/array.hpp"

namespace mdgps::oracle {

/// The problems' names.
inline std::vector<std::string> problems() {
  return {"s00_dX4_dU2_T10_N5",  "s01_dX4_dU2_T20_N10",  "s02_dX8_dU3_T10_N5",       "s03_dX8_dU3_T20_N10",
          "s04_dX26_dU7_T10_N5", "s05_dX26_dU7_T10_N10", "s06_dX4_dU2_T20_N5_nonpd", "s07_dX8_dU3_T100_N5"};
}

class File {
 public:
  explicit File(const std::string& name) {
    const std::string path = std::string(MDGPS_TEST_DATA) + "/oracle/" + name + ".cbor";
    std::ifstream stream(path, std::ios::binary);
    if (!stream) throw std::runtime_error(path + " cannot be read");
    content_ = nlohmann::json::from_cbor(
        std::vector<std::uint8_t>(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()));
  }

  bool has(const std::string& key) const { return content_.contains(key); }
  std::vector<std::int64_t> shape(const std::string& key) const {
    return content_.at(key).at("shape").get<std::vector<std::int64_t>>();
  }
  std::vector<double> numbers(const std::string& key) const {
    const auto& bytes = content_.at(key).at("data").get_binary();
    std::vector<double> x(bytes.size() / sizeof(double));
    std::memcpy(x.data(), bytes.data(), bytes.size());
    return x;
  }
  double number(const std::string& key) const { return numbers(key).at(0); }

  /// As an array of Rank dimensions; an array of fewer gets leading extents of 1, so that a quantity of one condition
  /// [T,...] becomes a batch [1,T,...].
  template <int Rank>
  Array<double, Rank> array(const std::string& key) const {
    const auto given = shape(key);
    std::array<std::int64_t, Rank> extents;
    extents.fill(1);
    std::copy_backward(given.begin(), given.end(), extents.end());
    Array<double, Rank> a(extents);
    const auto x = numbers(key);
    std::copy(x.begin(), x.end(), a.elements().begin());
    return a;
  }

 private:
  nlohmann::json content_;
};

}  // namespace mdgps::oracle
