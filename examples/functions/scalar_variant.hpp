// SPDX-License-Identifier: Apache-2.0
// Makes a variant of a function of one number out of a callable code -> code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "registry.hpp"
#include "timing.hpp"

namespace functions {

/// f(code) is the code of the result, an integer or a double of at most 53 digits; it stands for f(code) * ulp.
template <class F>
[[nodiscard]] prepared codes_of(double ulp, F f) {
    const auto time = [f](codes inputs) {
        // At most 4096 inputs, spread over the domain, in an order without a pattern.
        const std::uint64_t n = std::min<std::uint64_t>(inputs.size(), 4096);
        std::vector<std::int64_t> in;
        for (std::uint64_t i = 0; i < n; ++i)
            in.push_back(inputs.first + static_cast<std::int64_t>(inputs.size() / n * (i * 2654435761u % n)));
        std::vector<decltype(f(std::int64_t{}))> out(in.size());
        return median_nanoseconds(in.size(), [&] {
            for (std::size_t i = 0; i < in.size(); ++i) out[i] = f(in[i]);
            keep(out.data());
        });
    };
    const auto value = [f, ulp](std::int64_t code) { return value_of(static_cast<double>(f(code)), ulp); };
    return {ulp, value, time};
}

}  // namespace functions
