# mdgps_webp: writes animated WebP, from static libraries where they are, so that an installed program needs none.
# `MDGPS_WEBP_FOUND` says whether it was found; mdgps_webp_demux, for tests, reads it.
unset(MDGPS_WEBP_FOUND)
find_path(MDGPS_WEBP_INCLUDE_DIR webp/mux.h)
foreach(part webp webpmux webpdemux)
  find_library(MDGPS_${part}_LIBRARY NAMES lib${part}.a ${part})
endforeach()
find_library(MDGPS_sharpyuv_LIBRARY NAMES libsharpyuv.a sharpyuv)  # a part of libwebp before 1.3
mark_as_advanced(MDGPS_WEBP_INCLUDE_DIR MDGPS_webp_LIBRARY MDGPS_webpmux_LIBRARY MDGPS_webpdemux_LIBRARY
                 MDGPS_sharpyuv_LIBRARY)

if(MDGPS_WEBP_INCLUDE_DIR AND MDGPS_webp_LIBRARY AND MDGPS_webpmux_LIBRARY AND MDGPS_webpdemux_LIBRARY)
  set(MDGPS_WEBP_FOUND TRUE)
  if(NOT TARGET mdgps_webp)
    add_library(mdgps_webp INTERFACE)
    target_include_directories(mdgps_webp SYSTEM INTERFACE "${MDGPS_WEBP_INCLUDE_DIR}")
    target_link_libraries(mdgps_webp INTERFACE "${MDGPS_webpmux_LIBRARY}" "${MDGPS_webp_LIBRARY}"
                          "$<$<BOOL:${MDGPS_sharpyuv_LIBRARY}>:${MDGPS_sharpyuv_LIBRARY}>" Threads::Threads m)
    add_library(mdgps_webp_demux INTERFACE)
    target_link_libraries(mdgps_webp_demux INTERFACE "${MDGPS_webpdemux_LIBRARY}" mdgps_webp)
  endif()
else()  # what was found of it does not go with another copy
  foreach(part WEBP_INCLUDE_DIR webp_LIBRARY webpmux_LIBRARY webpdemux_LIBRARY sharpyuv_LIBRARY)
    unset(MDGPS_${part} CACHE)
  endforeach()
endif()
