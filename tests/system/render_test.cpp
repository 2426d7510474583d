/// mdgps render

#include <gmock/gmock.h>
#include <webp/demux.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <sstream>

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#include <stb_image.h>

#include "tests/system/program.hpp"

namespace mdgps::testing {
namespace {

using ::testing::HasSubstr;

struct Decoded {
  int width = 0, height = 0;
  std::vector<std::vector<std::uint8_t>> frames;  ///< [height,width,3] each
  std::vector<int> ends;                          ///< milliseconds at which a frame gives way to the next
};

Decoded decode_png(const std::string& bytes) {
  Decoded picture;
  int channels = 0;
  const std::unique_ptr<stbi_uc, decltype(&std::free)> pixels(
      stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()), static_cast<int>(bytes.size()),
                            &picture.width, &picture.height, &channels, 3),
      &std::free);
  if (pixels) picture.frames.emplace_back(pixels.get(), pixels.get() + 3 * picture.width * picture.height);
  return picture;
}

Decoded decode_film(const std::string& bytes) {
  const WebPData data{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(WebPAnimDecoderNew(&data, nullptr),
                                                                                   &WebPAnimDecoderDelete);
  Decoded film;
  WebPAnimInfo info;
  if (!decoder || !WebPAnimDecoderGetInfo(decoder.get(), &info)) return film;
  film.width = static_cast<int>(info.canvas_width);
  film.height = static_cast<int>(info.canvas_height);
  std::uint8_t* rgba = nullptr;
  for (int end = 0;
       WebPAnimDecoderHasMoreFrames(decoder.get()) && WebPAnimDecoderGetNext(decoder.get(), &rgba, &end);) {
    std::vector<std::uint8_t> frame;
    for (int i = 0; i < 4 * film.width * film.height; ++i)
      if (i % 4 != 3) frame.push_back(rgba[i]);
    film.frames.push_back(frame);
    film.ends.push_back(end);
  }
  return film;
}

double mean_difference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b.at(i));
  return sum / static_cast<double>(a.size());
}

class Render : public ProgramTest {
 protected:
  Render() { train_briefly("run", "1"); }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder())) names.push_back(entry.path().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  void expect_refused(const std::vector<std::string>& arguments, const std::string& said) const {
    const auto before = files();
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.errors;
    EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1) << outcome.errors;
    EXPECT_THAT(outcome.errors, HasSubstr(said));
    EXPECT_EQ(files(), before);
  }
};

TEST_F(Render, APictureAndAFilmGoIntoTheRunsFolder) {
  const auto rendered = run({"render", "run", "--size", "96x64"});
  ASSERT_EQ(rendered.exit_code, 0) << rendered.errors;
  EXPECT_THAT(rendered.output, HasSubstr("run/picture.png"));
  EXPECT_THAT(rendered.output, HasSubstr("run/film.webp"));
  EXPECT_THAT(rendered.output, HasSubstr("frame  50/100"));

  const auto picture = decode_png(read_file(folder() / "run/picture.png"));
  ASSERT_EQ(picture.frames.size(), 1u);
  EXPECT_EQ(picture.width, 96);
  EXPECT_EQ(picture.height, 64);

  const auto film = decode_film(read_file(folder() / "run/film.webp"));
  EXPECT_EQ(film.width, 96);
  EXPECT_EQ(film.height, 64);
  ASSERT_GT(film.frames.size(), 20u);  // a frame that is as the one before is left out
  EXPECT_EQ(film.ends.back(), 99 * 50 + 1000);

  // The film ends as the picture is, and began otherwise. It is lossy, its shadows are plainer.
  EXPECT_LT(mean_difference(film.frames.back(), picture.frames[0]), 8.0);
  EXPECT_GT(mean_difference(film.frames.front(), picture.frames[0]),
            1.05 * mean_difference(film.frames.back(), picture.frames[0]));
}

TEST_F(Render, TheCommandsOfItsPageRun) {
  fs::create_directories(folder() / "docs/pictures");
  fs::create_directories(folder() / "runs");
  for (const char* name : {"mine", "peg1", "scara"}) fs::copy(folder() / "run", folder() / "runs" / name);
  std::ifstream page(MDGPS_TEST_DATA "/../../docs/rendering.md");
  const std::string start = "    build/bin/mdgps render ";
  int called = 0;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with(start)) continue;
    std::istringstream words(line.substr(start.size()));
    std::vector<std::string> arguments{"render"};
    for (std::string word; words >> word;) arguments.push_back(word);
    if (line.find("--size") == std::string::npos) arguments.insert(arguments.end(), {"--size", "64x48"});
    const auto rendered = run(arguments);
    EXPECT_EQ(rendered.exit_code, 0) << line << ": " << rendered.errors;
    ++called;
  }
  EXPECT_EQ(called, 4);
  for (const char* file :
       {"runs/mine/picture.png", "runs/mine/film.webp", "docs/pictures/peg.png", "docs/pictures/peg.webp"})
    EXPECT_TRUE(fs::exists(folder() / file)) << file;
}

TEST_F(Render, TheSameBytesForAnyNumberOfThreads) {
  for (const std::string threads : {"1", "2"}) {
    for (const std::string ending : {".png", ".webp"}) {
      const auto rendered = run({"render", "run", "--size", "70x50", "--conditions", "4,1", "--threads", threads,
                                 "--output", threads + ending});
      ASSERT_EQ(rendered.exit_code, 0) << rendered.errors;
    }
  }
  EXPECT_FALSE(read_file(folder() / "1.png").empty());
  EXPECT_EQ(read_file(folder() / "1.png"), read_file(folder() / "2.png"));
  EXPECT_FALSE(read_file(folder() / "1.webp").empty());
  EXPECT_EQ(read_file(folder() / "1.webp"), read_file(folder() / "2.webp"));
}

TEST_F(Render, ConditionsChooseTheTiles) {
  for (const std::string conditions : {"0", "4", "0,4"})
    ASSERT_EQ(run({"render", "run", "--size", "98x48", "--conditions", conditions, "--output", conditions + ".png"})
                  .exit_code,
              0);
  const auto first = decode_png(read_file(folder() / "0.png")), last = decode_png(read_file(folder() / "4.png"));
  EXPECT_NE(first.frames.at(0), last.frames.at(0));
  const auto both = decode_png(read_file(folder() / "0,4.png")).frames.at(0);
  for (const int x : {48, 49})  // the gap between the tiles
    for (int y = 0; y < 48; ++y) EXPECT_EQ(both.at(3 * (98 * y + x)), 255);
}

TEST_F(Render, AFileThatExistsIsReplacedAndNothingElseAppears) {
  std::ofstream(folder() / "old.png") << "old";
  auto expected = files();
  ASSERT_EQ(run({"render", "run", "--size", "64x48", "--output", "old.png"}).exit_code, 0);
  EXPECT_EQ(files(), expected);
  EXPECT_EQ(decode_png(read_file(folder() / "old.png")).width, 64);
}

TEST_F(Render, WrongUsageIsSaidAndNothingIsWritten) {
  expect_refused({"render", "nowhere"}, "is not the folder of a run");
  expect_refused({"render", "run", "--output", "film.gif"}, "neither .png (a picture) nor .webp");
  expect_refused({"render", "run", "--output", "film"}, "neither .png (a picture) nor .webp");
  expect_refused({"render", "run", "--output", "none/film.webp"}, "none: is not a folder");
  expect_refused({"render", "run", "--camera", "side"}, "no camera 'side'; choose from above");
  expect_refused({"render", "run", "--conditions", "5"}, "no condition 5; the task has 0 to 4");
  expect_refused({"render", "run", "--conditions", "-1"}, "no condition -1");
  expect_refused({"render", "run", "--size", "big"}, "'big' is not a size such as 960x720");
  expect_refused({"render", "run", "--size", "960x"}, "'960x' is not a size");
  expect_refused({"render", "run", "--size", "40x40"}, "40x40 pixels is too small for 5 conditions");
  fs::remove(folder() / "run/policy.pt");
  expect_refused({"render", "run"}, "policy.pt: is missing");
}

class RenderLinear : public ProgramTest {};

TEST_F(RenderLinear, ThePolicyOfAlgorithm2IsShownToo) {
  const auto trained = run({"train", "linear", "--output", "run", "--iterations", "2"});
  ASSERT_EQ(trained.exit_code, 0) << trained.errors;
  const auto rendered = run({"render", "run", "--size", "64x48", "--camera", "side", "--output", "carts.png"});
  ASSERT_EQ(rendered.exit_code, 0) << rendered.errors;
  EXPECT_EQ(decode_png(read_file(folder() / "carts.png")).width, 64);
}

}  // namespace
}  // namespace mdgps::testing
