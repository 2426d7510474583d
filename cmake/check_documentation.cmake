# Fails where Doxygen warned (LOG, its file of warnings). Members whose names say enough need no comment; types and
# functions do.
file(STRINGS "${LOG}" warnings)
list(FILTER warnings EXCLUDE REGEX "Member .* of (struct|class) mdgps::.* is not documented")
if(warnings)
  list(JOIN warnings "\n  " warnings)
  message(FATAL_ERROR "Doxygen warned; correct these comments:\n  ${warnings}")
endif()
