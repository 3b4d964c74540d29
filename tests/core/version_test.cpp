// SPDX-License-Identifier: Apache-2.0
// The version: the macros work in the preprocessor and are what the constants say.
#include <doctest/doctest.h>

#include <type_traits>

#include <dyad/core/version.hpp>

#if !defined(DYAD_VERSION_MAJOR) || !defined(DYAD_VERSION_MINOR) || !defined(DYAD_VERSION_PATCH)
#error "version.hpp defines three macros"
#endif
#if DYAD_VERSION_MAJOR < 0 || DYAD_VERSION_MINOR < 0 || DYAD_VERSION_PATCH < 0
#error "the parts of a version are not negative"
#endif
#if DYAD_VERSION_MAJOR + DYAD_VERSION_MINOR + DYAD_VERSION_PATCH == 0
#error "0.0.0 is no version"
#endif

namespace {

static_assert(std::is_same_v<decltype(DYAD_VERSION_MAJOR), int> && std::is_same_v<decltype(DYAD_VERSION_MINOR), int> &&
              std::is_same_v<decltype(DYAD_VERSION_PATCH), int>);

TEST_CASE("macros and constants agree") {
    CHECK(dyad::version_major == DYAD_VERSION_MAJOR);
    CHECK(dyad::version_minor == DYAD_VERSION_MINOR);
    CHECK(dyad::version_patch == DYAD_VERSION_PATCH);
    MESSAGE("version " << dyad::version_major << "." << dyad::version_minor << "." << dyad::version_patch);
}

}  // namespace
