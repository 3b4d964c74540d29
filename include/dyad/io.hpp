// SPDX-License-Identifier: Apache-2.0
// io (opt-in): readers of other people's files; numbers in streams and std::format.
#pragma once

#include <dyad/io/blocks.hpp>
#include <dyad/io/file.hpp>
#include <dyad/io/format.hpp>
#include <dyad/io/npy.hpp>
#include <dyad/io/safetensors.hpp>
#include <dyad/io/stream.hpp>
