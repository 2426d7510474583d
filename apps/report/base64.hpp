#pragma once
/// Bytes as text, for pictures inside a page.

#include <string>
#include <string_view>

namespace mdgps::report {

/// Base64 of RFC 4648, with padding.
std::string base64(std::string_view bytes);

}  // namespace mdgps::report
