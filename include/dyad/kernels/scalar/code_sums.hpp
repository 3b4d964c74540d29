// SPDX-License-Identifier: Apache-2.0
// The sum of carriers in a row in plain C++.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dyad::inline v1::scalar {

template <class T>
[[nodiscard]] constexpr std::int32_t sum_of_codes(const T* x, std::ptrdiff_t n) noexcept {
    std::uint32_t sum = 0;
    for (std::ptrdiff_t i = 0; i < n; ++i) sum += static_cast<std::uint32_t>(std::int32_t{x[i]});
    return static_cast<std::int32_t>(sum);
}

}  // namespace dyad::inline v1::scalar
