// SPDX-License-Identifier: Apache-2.0
// Test data that is not part of the project.
#pragma once

#include <string>

/// Path of `file` in the folder that the CMake variable DYAD_SHARED_DATA names. Where there is no such file it prints
/// a line, makes the program end as skipped unless something fails, and returns an empty string: the caller returns.
std::string shared_data(const std::string& file);
