#include "apps/mdgps/image_files.hpp"

#include <webp/encode.h>
#include <webp/mux.h>

#include <stdexcept>

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

namespace mdgps {
namespace {

constexpr float quality = 80.0f;  // of 100; artefacts show on smooth walls below

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("the film could not be encoded: " + what); }

}  // namespace

std::string to_png(const Image& image) {
  stbi_write_png_compression_level = 64;  // instead of 8: a few hundredths smaller, and fast enough
  std::string bytes;
  const auto append = [](void* into, void* data, int size) {
    static_cast<std::string*>(into)->append(static_cast<const char*>(data), size);
  };
  if (!stbi_write_png_to_func(append, &bytes, image.width, image.height, 3, image.rgb.data(), 3 * image.width))
    throw std::runtime_error("the picture could not be encoded");
  return bytes;
}

struct Film::Encoder {
  std::unique_ptr<WebPAnimEncoder, decltype(&WebPAnimEncoderDelete)> animation{nullptr, &WebPAnimEncoderDelete};
  WebPConfig config{};
};

Film::Film(int width, int height) : encoder_(std::make_unique<Encoder>()) {
  WebPAnimEncoderOptions options;
  if (!WebPAnimEncoderOptionsInit(&options) || !WebPConfigPreset(&encoder_->config, WEBP_PRESET_DRAWING, quality))
    fail("the WebP library that is loaded is not the one that mdgps was built with");
  options.anim_params.loop_count = 0;  // for ever
  encoder_->animation.reset(WebPAnimEncoderNew(width, height, &options));
  if (!encoder_->animation) fail("memory is short, or it is larger than WebP's 16383 pixels");
}

Film::~Film() = default;

void Film::add(const Image& frame, int milliseconds) {
  WebPPicture picture;
  if (!WebPPictureInit(&picture)) fail("the WebP library that is loaded is not the one that mdgps was built with");
  const std::unique_ptr<WebPPicture, decltype(&WebPPictureFree)> owner(&picture, &WebPPictureFree);
  picture.use_argb = 1;
  picture.width = frame.width;
  picture.height = frame.height;
  if (!WebPPictureImportRGB(&picture, frame.rgb.data(), 3 * frame.width) ||
      !WebPAnimEncoderAdd(encoder_->animation.get(), &picture, time_, &encoder_->config))
    fail(WebPAnimEncoderGetError(encoder_->animation.get()));
  time_ += milliseconds;
}

std::string Film::finish() {
  WebPData data;
  WebPDataInit(&data);
  const std::unique_ptr<WebPData, decltype(&WebPDataClear)> owner(&data, &WebPDataClear);
  // An empty frame ends the last one.
  if (!WebPAnimEncoderAdd(encoder_->animation.get(), nullptr, time_, nullptr) ||
      !WebPAnimEncoderAssemble(encoder_->animation.get(), &data))
    fail(WebPAnimEncoderGetError(encoder_->animation.get()));
  return {reinterpret_cast<const char*>(data.bytes), data.size};
}

}  // namespace mdgps
