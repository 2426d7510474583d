#pragma once
/// What a training run left in its folder, as the JSON that the page reads.

#include <filesystem>
#include <nlohmann/json.hpp>

namespace mdgps::report {

/// {name, summary, config, metrics: {column: [values]}, paths: [{iteration, condition, source, points, distance}],
/// scene, pictures: [{type, base64}]}
///
/// name      the folder's own name
/// summary   summary.json as it is
/// config    the text of config.toml
/// metrics   the columns of metrics.csv, one value per iteration and condition; NaN where a field is empty
/// paths     points [x, y, z, x, y, z, ...] in metres relative to the target; empty without paths.csv
/// scene     scene.json as it is; null without it
/// pictures  what `mdgps render` wrote, with its media type; empty without film.webp and picture.png
///
/// A task need not have a path or a scene to draw; every other file must be there.
/// Throws std::runtime_error, one line, naming the file and what is missing or wrong in it.
nlohmann::json read_run(const std::filesystem::path& folder);

}  // namespace mdgps::report
