# cmake -DINPUT=<file> -DOUTPUT=<header> -DSYMBOL=<name> -P embed_file.cmake
file(READ "${INPUT}" text)
string(FIND "${text}" ")embedded\"" delimiter_position)
if(NOT delimiter_position EQUAL -1)
  message(FATAL_ERROR "${INPUT} contains )embedded\", which ends the literal that it becomes. Write it differently.")
endif()
file(WRITE "${OUTPUT}"
"#pragma once
#include <string_view>

namespace mdgps::embedded {
inline constexpr std::string_view ${SYMBOL} = R\"embedded(${text})embedded\";
}  // namespace mdgps::embedded
")
