// expect: contract_violated
// SPDX-License-Identifier: Apache-2.0
// Random bits of stochastic rounding: 1 to 32.
#include <dyad/number.hpp>

constexpr auto x = dyad::convert<dyad::float8_e4m3fn>(0.3f, dyad::stochastic{dyad::stochastic_variant::b, 0, 0});
