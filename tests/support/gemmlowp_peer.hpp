// SPDX-License-Identifier: Apache-2.0
// gemmlowp's own functions. Include <gemmlowp/fixedpoint/fixedpoint.h> first.
#pragma once

#include "support/gemmlowp_functions.hpp"

namespace dyad_test {

template <class Raw, int IntegerBits>
[[nodiscard]] Raw published(gemmlowp_function function, Raw x) {
    using none = gemmlowp::FixedPoint<Raw, 0>;
    using some = gemmlowp::FixedPoint<Raw, IntegerBits>;
    switch (function) {
        case gemmlowp_function::exp_interval:
            return gemmlowp::exp_on_interval_between_negative_one_quarter_and_0_excl(none::FromRaw(x)).raw();
        case gemmlowp_function::inverse: return gemmlowp::one_over_one_plus_x_for_x_in_0_1(none::FromRaw(x)).raw();
        case gemmlowp_function::ratio:
            return gemmlowp::one_minus_x_over_one_plus_x_for_x_in_0_1(none::FromRaw(x)).raw();
        case gemmlowp_function::exp: return gemmlowp::exp_on_negative_values(some::FromRaw(x)).raw();
        case gemmlowp_function::tanh: return gemmlowp::tanh(some::FromRaw(x)).raw();
        case gemmlowp_function::logistic: return gemmlowp::logistic(some::FromRaw(x)).raw();
    }
    return 0;
}

}  // namespace dyad_test
