// SPDX-License-Identifier: Apache-2.0
// The constants of the wide functions, cut (not rounded) to 128 bits and more. Each is recomputed from its definition
// by wide_constants_test.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <dyad/core/bits.hpp>
#include <dyad/core/unpacked.hpp>
#include <dyad/math/wide_real.hpp>

namespace dyad::inline v1 {

/// ln 2 with 128 fraction bits, and the 64 bits that follow.
inline constexpr uint128_t ln2_q128 = join_words(0xB172'17F7'D1CF'79AB, 0xC9E3'B398'03F2'F6AF);
inline constexpr std::uint64_t ln2_next = 0x40F3'4326'7298'B62D;

inline constexpr unpacked_wide wide_ln2 = unpacked_wide::finite(false, ln2_q128, -128);
inline constexpr unpacked_wide wide_log2_e =
    unpacked_wide::finite(false, join_words(0xB8AA'3B29'5C17'F0BB, 0xBE87'FED0'691D'3E88), -127);
inline constexpr unpacked_wide wide_log10_e =
    unpacked_wide::finite(false, join_words(0xDE5B'D8A9'3728'7195, 0x355B'AAAF'AD33'DC32), -129);
inline constexpr unpacked_wide wide_half_pi =
    unpacked_wide::finite(false, join_words(0xC90F'DAA2'2168'C234, 0xC4C6'628B'80DC'1CD1), -127);
inline constexpr unpacked_wide wide_inverse_sqrt_pi =
    unpacked_wide::finite(false, join_words(0x906E'BA82'14DB'688D, 0x71D4'8A7F'6BFE'C344), -128);

/// sqrt 2 with 127 fraction bits.
inline constexpr uint128_t sqrt2_q127 = join_words(0xB504'F333'F9DE'6484, 0x597D'89B3'754A'BE9F);

/// 2 / pi = sum words[i] 2^(-64 (i + 1)).
inline constexpr std::array<std::uint64_t, 24> two_over_pi{
    0xA2F9'836E'4E44'1529, 0xFC27'57D1'F534'DDC0, 0xDB62'9599'3C43'9041, 0xFE51'63AB'DEBB'C561, 0xB724'6E3A'424D'D2E0,
    0x0649'2EEA'09D1'921C, 0xFE1D'EB1C'B129'A73E, 0xE882'35F5'2EBB'4484, 0xE99C'7026'B45F'7E41, 0x3991'D639'8353'39F4,
    0x9C84'5F8B'BDF9'283B, 0x1FF8'97FF'DE05'980F, 0xEF2F'118B'5A0A'6D1F, 0x6D36'7ECF'27CB'09B7, 0x4F46'3F66'9E5F'EA2D,
    0x7527'BAC7'EBE5'F17B, 0x3D07'39F7'8A52'92EA, 0x6BFB'5FB1'1F8D'5D08, 0x5603'3046'FC7B'6BAB, 0xF0CF'BC20'9AF4'361D,
    0xA9E3'9161'5EE6'1B08, 0x6599'855F'14A0'6840, 0x8DFF'D880'4D73'2731, 0x0606'1556'CA73'A8C9};

/// 2 / (k + 2)!, 6 / (2k + 3)!, 2 / (k + 2) and 1 / (2k + 1) with 127 fraction bits, each less than two units too
/// small: the series of (e^x - 1 - x) / (x^2 / 2), of (sinh(x) - x) / (x^3 / 6) in x^2, of (x - log(1 + x)) / (x^2 / 2)
/// in -x, and of atanh(x) / x in x^2.
inline constexpr auto expm1_coefficients = [] {
    std::array<uint128_t, 28> c{uint128_t{1} << 127};
    for (std::size_t k = 1; k < c.size(); ++k) c[k] = c[k - 1] / (k + 2);
    return c;
}();
inline constexpr auto sinh_coefficients = [] {
    std::array<uint128_t, 17> c{uint128_t{1} << 127};
    for (std::size_t k = 1; k < c.size(); ++k) c[k] = c[k - 1] / ((2 * k + 2) * (2 * k + 3));
    return c;
}();
inline constexpr auto log1p_coefficients = [] {
    std::array<uint128_t, 9> c{};
    for (std::size_t k = 0; k < c.size(); ++k) c[k] = (uint128_t{1} << 127) / (k + 2) * 2;
    return c;
}();
template <std::size_t Terms>
inline constexpr auto odd_reciprocals = [] {
    std::array<uint128_t, Terms> c{};
    for (std::size_t k = 0; k < Terms; ++k) c[k] = (uint128_t{1} << 127) / (2 * k + 1);
    return c;
}();
inline constexpr unpacked_wide wide_sixth = unpacked_wide::finite(false, ~uint128_t{0} / 3 * 2, -130);

}  // namespace dyad::inline v1
