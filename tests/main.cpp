// SPDX-License-Identifier: Apache-2.0
// The main function of every test program: doctest's, and exit code 77 (a skip for ctest) when all that ran
// passed but some of it lacked the shared data.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "support/shared_data.hpp"

#include <filesystem>
#include <iostream>

namespace {
bool data_was_missing = false;
}

std::string shared_data([[maybe_unused]] const std::string& file) {
#ifdef DYAD_SHARED_DATA
    const std::filesystem::path path = std::filesystem::path(DYAD_SHARED_DATA) / file;
    if (std::filesystem::exists(path)) return path.string();
#endif
    data_was_missing = true;
    std::cout << "SKIPPED: no shared data " << file << " (set DYAD_SHARED_DATA to its folder)\n";
    return {};
}

int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    const int failed = context.run();
    return failed == 0 && data_was_missing ? 77 : failed;
}
