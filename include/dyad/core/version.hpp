// SPDX-License-Identifier: Apache-2.0
// The version of the library. This is its only place: the build reads it from these three macros.
// Form: major.minor.patch, as in Semantic Versioning 2.0.0. The bits of results are part of the version.
#pragma once

#define DYAD_VERSION_MAJOR 0
#define DYAD_VERSION_MINOR 1
#define DYAD_VERSION_PATCH 0

namespace dyad::inline v1 {

inline constexpr int version_major = DYAD_VERSION_MAJOR;
inline constexpr int version_minor = DYAD_VERSION_MINOR;
inline constexpr int version_patch = DYAD_VERSION_PATCH;

}  // namespace dyad::inline v1
