#pragma once
/// What the shared libraries show; everything else in them is hidden.

/// Marks what shared libraries show.
#define MDGPS_API __attribute__((visibility("default")))
