#include "mdgps/algorithm/tensorboard.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <protozero/pbf_reader.hpp>

namespace mdgps {
namespace {

/// The data of a file's records, whose lengths must fill it.
std::vector<std::string> records(const std::string& file) {
  std::vector<std::string> data;
  for (std::size_t at = 0; at < file.size();) {
    std::uint64_t length = 0;
    EXPECT_LE(at + 16, file.size());
    std::memcpy(&length, file.data() + at, 8);
    EXPECT_LE(at + 16 + length, file.size());
    data.push_back(file.substr(at + 12, length));
    at += 16 + length;
  }
  return data;
}

TEST(TensorBoard, TheFileStartsWithItsVersion) {
  const std::string file = event_file_start(1.0);
  EXPECT_EQ(file.size(), 16u + 24u);
  const auto data = records(file);
  ASSERT_EQ(data.size(), 1u);
  EXPECT_EQ(data[0].substr(11), "brain.Event:2");
  // Masked CRC-32C of the length, 24 in 8 bytes: by Python's crc32c package.
  std::uint32_t crc = 0;
  std::memcpy(&crc, file.data() + 8, 4);
  EXPECT_EQ(crc, 0x224b7fa3u);
}

TEST(TensorBoard, AnIterationsScalarsAreMeansOverConditions) {
  IterationReport report;
  report.iteration = 7;
  report.conditions.resize(2);
  report.conditions[0].global_distance = 0.5;
  report.conditions[1].global_distance = 1.5;
  report.conditions[1].global_success = true;
  report.s_step_loss = 0.25;
  const auto data = records(iteration_events(report, 3.0));
  ASSERT_EQ(data.size(), 1u);
  std::map<std::string, float> scalars;
  std::int64_t step = 0;
  for (protozero::pbf_reader event(data[0]); event.next();) {
    if (event.tag() == 2) {
      step = event.get_int64();
    } else if (event.tag() == 5) {
      for (protozero::pbf_reader summary = event.get_message(); summary.next(1);) {
        protozero::pbf_reader value = summary.get_message();
        std::string tag;
        float number = 0;
        while (value.next()) {
          if (value.tag() == 1) {
            tag = value.get_string();
          } else {
            number = value.get_float();
          }
        }
        scalars[tag] = number;
      }
    } else {
      event.skip();
    }
  }
  EXPECT_EQ(step, 7);
  EXPECT_EQ(scalars["distance/global"], 1.0f);
  EXPECT_EQ(scalars["success/global"], 0.5f);
  EXPECT_EQ(scalars["s_step/loss"], 0.25f);
}

}  // namespace
}  // namespace mdgps
