#include "mdgps/algorithm/tensorboard.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <protozero/pbf_builder.hpp>

namespace mdgps {
namespace {

using protozero::pbf_builder;

// Field numbers of TensorFlow's event.proto and summary.proto.
enum class Event : protozero::pbf_tag_type { wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7 };
enum class Summary : protozero::pbf_tag_type { value = 1 };
enum class Value : protozero::pbf_tag_type { tag = 1, simple_value = 2 };
enum class SessionLog : protozero::pbf_tag_type { status = 1 };
constexpr int session_start = 1;

/// CRC-32C (Castagnoli), masked as the TFRecord format asks.
std::uint32_t masked_crc(const std::string& bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const unsigned char byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82F63B78 : 0);
  }
  return std::rotr(~crc, 15) + 0xA282EAD8;
}

template <class Number>
std::string little_endian(Number number) {
  static_assert(std::endian::native == std::endian::little);
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

/// A TFRecord: length, its checksum, data, its checksum.
std::string record(const std::string& data) {
  const std::string length = little_endian(static_cast<std::uint64_t>(data.size()));
  return length + little_endian(masked_crc(length)) + data + little_endian(masked_crc(data));
}

}  // namespace

std::string event_file_start(double time) {
  std::string data;
  pbf_builder<Event> event(data);
  event.add_double(Event::wall_time, time);
  event.add_string(Event::file_version, "brain.Event:2");
  return record(data);
}

std::string event_restart(int iteration, double time) {
  std::string data;
  pbf_builder<Event> event(data);
  event.add_double(Event::wall_time, time);
  event.add_int64(Event::step, iteration + 1);
  pbf_builder<SessionLog>(event, Event::session_log).add_int32(SessionLog::status, session_start);
  return record(data);
}

std::string iteration_events(const IterationReport& report, double time) {
  std::string data;
  {
    pbf_builder<Event> event(data);
    event.add_double(Event::wall_time, time);
    event.add_int64(Event::step, report.iteration);
    pbf_builder<Summary> summary(event, Event::summary);
    const auto scalar = [&](const char* tag, double value) {
      pbf_builder<Value> entry(summary, Summary::value);
      entry.add_string(Value::tag, tag);
      entry.add_float(Value::simple_value, static_cast<float>(value));
    };
    const auto mean = [&](const char* tag, const auto& of) {
      double sum = 0;
      for (const ConditionReport& condition : report.conditions) sum += of(condition);
      scalar(tag, sum / static_cast<double>(report.conditions.size()));
    };
    mean("cost/local", [](const auto& c) { return c.local_cost; });
    mean("cost/global", [](const auto& c) { return c.global_cost; });
    mean("distance/local", [](const auto& c) { return c.local_distance; });
    mean("distance/global", [](const auto& c) { return c.global_distance; });
    mean("success/global", [](const auto& c) { return c.global_success ? 1.0 : 0.0; });
    mean("c_step/step_size", [](const auto& c) { return c.step_size; });
    mean("c_step/kl_divergence", [](const auto& c) { return c.kl_divergence; });
    mean("c_step/dual_evaluations", [](const auto& c) { return c.dual_evaluations; });
    scalar("s_step/loss", report.s_step_loss);
    scalar("seconds/rollout", report.seconds.rollout);
    scalar("seconds/fit", report.seconds.fit);
    scalar("seconds/c_step", report.seconds.c_step);
    scalar("seconds/s_step", report.seconds.s_step);
  }
  return record(data);
}

}  // namespace mdgps
