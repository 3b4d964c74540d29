// SPDX-License-Identifier: Apache-2.0
// study (opt-in): measures of numerical error.
#pragma once

#include <dyad/study/all_cores.hpp>
#include <dyad/study/metrics.hpp>
#include <dyad/study/real.hpp>
#include <dyad/study/sweep.hpp>
#include <dyad/study/sweep_file.hpp>
#include <dyad/study/sweep_shard.hpp>
#include <dyad/study/sweep_state.hpp>
