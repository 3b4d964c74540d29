// SPDX-License-Identifier: Apache-2.0
// study (opt-in): measures of numerical error.
#pragma once

#include <dyad/study/metrics.hpp>
