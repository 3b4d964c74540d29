// SPDX-License-Identifier: Apache-2.0
// IEEE P3109's formats binary<K, P>: K bits, P significand bits with the implicit one, one zero, one NaN.
// value = T 2^(2 - P - B) where E = 0, else (1 + T 2^(1 - P)) 2^(E - B), with E, T the fields of the code and the bias
// B = 2^(K - P - 1) signed, 2^(K - P) unsigned. So the code c of binary8p1uf is 2^(c - 128), one binade below E8M0's.
// Source: IEEE P3109 working group, interim report v4.0 (2026), sections 3 and 4.
#pragma once

#include <cstdint>

#include <dyad/core/format.hpp>
#include <dyad/number/float_format.hpp>
#include <dyad/number/minifloat.hpp>

namespace dyad::inline v1 {

/// Extended formats have infinities (the top code below a NaN at the top, or the top code), finite ones do not.
enum class domain : std::uint8_t { extended, finite };

/// The format binary{K}p{P}{s|u}{e|f} as a value. NaN is the code of minus zero, or the top code if unsigned. Under
/// saturation::none a finite format overflows to its largest value (v4.0, SatNone).
[[nodiscard]] DYAD_HD constexpr float_format p3109_format(int k, int p, signedness sign = signedness::is_signed,
                                                          domain range = domain::extended) {
    const bool is_signed = sign == signedness::is_signed;
    const int exponent_bits = is_signed ? k - p : k - p + 1;
    return {.exponent_bits = exponent_bits,
            .significand_bits = p - 1,
            .bias = 1 << (exponent_bits - 1),
            .is_signed = is_signed,
            .infinity = range == domain::extended ? infinity_codes::top : infinity_codes::none,
            .nan = is_signed ? nan_codes::negative_zero : nan_codes::top,
            .has_negative_zero = false,
            .overflow = overflow_codes::largest};
}

/// Says in a sentence what the alias below would say as a failed constraint.
template <int K, int P, signedness Sign, domain Range>
struct p3109_number {
    static_assert(K >= 3 && K <= 16, "dyad::binary's K must be 3 to 16 bits, the sign included.");
    static_assert(P >= 1 && P <= (Sign == signedness::is_signed ? K - 1 : K),
                  "dyad::binary's P must be 1 to K - 1 digits in a signed format, 1 to K in an unsigned one.");
    using type = minifloat<p3109_format(K, P, Sign, Range)>;
};

/// P3109's Binary{K}p{P}: precision P < K signed, P <= K unsigned, 3 <= K <= 16.
template <int K, int P, signedness Sign = signedness::is_signed, domain Range = domain::extended>
using binary = typename p3109_number<K, P, Sign, Range>::type;

// The names of the 120 formats of 3 to 8 bits.
using binary3p1se = binary<3, 1>;
using binary3p1sf = binary<3, 1, signedness::is_signed, domain::finite>;
using binary3p2se = binary<3, 2>;
using binary3p2sf = binary<3, 2, signedness::is_signed, domain::finite>;
using binary3p1ue = binary<3, 1, signedness::is_unsigned>;
using binary3p1uf = binary<3, 1, signedness::is_unsigned, domain::finite>;
using binary3p2ue = binary<3, 2, signedness::is_unsigned>;
using binary3p2uf = binary<3, 2, signedness::is_unsigned, domain::finite>;
using binary3p3ue = binary<3, 3, signedness::is_unsigned>;
using binary3p3uf = binary<3, 3, signedness::is_unsigned, domain::finite>;
using binary4p1se = binary<4, 1>;
using binary4p1sf = binary<4, 1, signedness::is_signed, domain::finite>;
using binary4p2se = binary<4, 2>;
using binary4p2sf = binary<4, 2, signedness::is_signed, domain::finite>;
using binary4p3se = binary<4, 3>;
using binary4p3sf = binary<4, 3, signedness::is_signed, domain::finite>;
using binary4p1ue = binary<4, 1, signedness::is_unsigned>;
using binary4p1uf = binary<4, 1, signedness::is_unsigned, domain::finite>;
using binary4p2ue = binary<4, 2, signedness::is_unsigned>;
using binary4p2uf = binary<4, 2, signedness::is_unsigned, domain::finite>;
using binary4p3ue = binary<4, 3, signedness::is_unsigned>;
using binary4p3uf = binary<4, 3, signedness::is_unsigned, domain::finite>;
using binary4p4ue = binary<4, 4, signedness::is_unsigned>;
using binary4p4uf = binary<4, 4, signedness::is_unsigned, domain::finite>;
using binary5p1se = binary<5, 1>;
using binary5p1sf = binary<5, 1, signedness::is_signed, domain::finite>;
using binary5p2se = binary<5, 2>;
using binary5p2sf = binary<5, 2, signedness::is_signed, domain::finite>;
using binary5p3se = binary<5, 3>;
using binary5p3sf = binary<5, 3, signedness::is_signed, domain::finite>;
using binary5p4se = binary<5, 4>;
using binary5p4sf = binary<5, 4, signedness::is_signed, domain::finite>;
using binary5p1ue = binary<5, 1, signedness::is_unsigned>;
using binary5p1uf = binary<5, 1, signedness::is_unsigned, domain::finite>;
using binary5p2ue = binary<5, 2, signedness::is_unsigned>;
using binary5p2uf = binary<5, 2, signedness::is_unsigned, domain::finite>;
using binary5p3ue = binary<5, 3, signedness::is_unsigned>;
using binary5p3uf = binary<5, 3, signedness::is_unsigned, domain::finite>;
using binary5p4ue = binary<5, 4, signedness::is_unsigned>;
using binary5p4uf = binary<5, 4, signedness::is_unsigned, domain::finite>;
using binary5p5ue = binary<5, 5, signedness::is_unsigned>;
using binary5p5uf = binary<5, 5, signedness::is_unsigned, domain::finite>;
using binary6p1se = binary<6, 1>;
using binary6p1sf = binary<6, 1, signedness::is_signed, domain::finite>;
using binary6p2se = binary<6, 2>;
using binary6p2sf = binary<6, 2, signedness::is_signed, domain::finite>;
using binary6p3se = binary<6, 3>;
using binary6p3sf = binary<6, 3, signedness::is_signed, domain::finite>;
using binary6p4se = binary<6, 4>;
using binary6p4sf = binary<6, 4, signedness::is_signed, domain::finite>;
using binary6p5se = binary<6, 5>;
using binary6p5sf = binary<6, 5, signedness::is_signed, domain::finite>;
using binary6p1ue = binary<6, 1, signedness::is_unsigned>;
using binary6p1uf = binary<6, 1, signedness::is_unsigned, domain::finite>;
using binary6p2ue = binary<6, 2, signedness::is_unsigned>;
using binary6p2uf = binary<6, 2, signedness::is_unsigned, domain::finite>;
using binary6p3ue = binary<6, 3, signedness::is_unsigned>;
using binary6p3uf = binary<6, 3, signedness::is_unsigned, domain::finite>;
using binary6p4ue = binary<6, 4, signedness::is_unsigned>;
using binary6p4uf = binary<6, 4, signedness::is_unsigned, domain::finite>;
using binary6p5ue = binary<6, 5, signedness::is_unsigned>;
using binary6p5uf = binary<6, 5, signedness::is_unsigned, domain::finite>;
using binary6p6ue = binary<6, 6, signedness::is_unsigned>;
using binary6p6uf = binary<6, 6, signedness::is_unsigned, domain::finite>;
using binary7p1se = binary<7, 1>;
using binary7p1sf = binary<7, 1, signedness::is_signed, domain::finite>;
using binary7p2se = binary<7, 2>;
using binary7p2sf = binary<7, 2, signedness::is_signed, domain::finite>;
using binary7p3se = binary<7, 3>;
using binary7p3sf = binary<7, 3, signedness::is_signed, domain::finite>;
using binary7p4se = binary<7, 4>;
using binary7p4sf = binary<7, 4, signedness::is_signed, domain::finite>;
using binary7p5se = binary<7, 5>;
using binary7p5sf = binary<7, 5, signedness::is_signed, domain::finite>;
using binary7p6se = binary<7, 6>;
using binary7p6sf = binary<7, 6, signedness::is_signed, domain::finite>;
using binary7p1ue = binary<7, 1, signedness::is_unsigned>;
using binary7p1uf = binary<7, 1, signedness::is_unsigned, domain::finite>;
using binary7p2ue = binary<7, 2, signedness::is_unsigned>;
using binary7p2uf = binary<7, 2, signedness::is_unsigned, domain::finite>;
using binary7p3ue = binary<7, 3, signedness::is_unsigned>;
using binary7p3uf = binary<7, 3, signedness::is_unsigned, domain::finite>;
using binary7p4ue = binary<7, 4, signedness::is_unsigned>;
using binary7p4uf = binary<7, 4, signedness::is_unsigned, domain::finite>;
using binary7p5ue = binary<7, 5, signedness::is_unsigned>;
using binary7p5uf = binary<7, 5, signedness::is_unsigned, domain::finite>;
using binary7p6ue = binary<7, 6, signedness::is_unsigned>;
using binary7p6uf = binary<7, 6, signedness::is_unsigned, domain::finite>;
using binary7p7ue = binary<7, 7, signedness::is_unsigned>;
using binary7p7uf = binary<7, 7, signedness::is_unsigned, domain::finite>;
using binary8p1se = binary<8, 1>;
using binary8p1sf = binary<8, 1, signedness::is_signed, domain::finite>;
using binary8p2se = binary<8, 2>;
using binary8p2sf = binary<8, 2, signedness::is_signed, domain::finite>;
using binary8p3se = binary<8, 3>;
using binary8p3sf = binary<8, 3, signedness::is_signed, domain::finite>;
using binary8p4se = binary<8, 4>;
using binary8p4sf = binary<8, 4, signedness::is_signed, domain::finite>;
using binary8p5se = binary<8, 5>;
using binary8p5sf = binary<8, 5, signedness::is_signed, domain::finite>;
using binary8p6se = binary<8, 6>;
using binary8p6sf = binary<8, 6, signedness::is_signed, domain::finite>;
using binary8p7se = binary<8, 7>;
using binary8p7sf = binary<8, 7, signedness::is_signed, domain::finite>;
using binary8p1ue = binary<8, 1, signedness::is_unsigned>;
using binary8p1uf = binary<8, 1, signedness::is_unsigned, domain::finite>;
using binary8p2ue = binary<8, 2, signedness::is_unsigned>;
using binary8p2uf = binary<8, 2, signedness::is_unsigned, domain::finite>;
using binary8p3ue = binary<8, 3, signedness::is_unsigned>;
using binary8p3uf = binary<8, 3, signedness::is_unsigned, domain::finite>;
using binary8p4ue = binary<8, 4, signedness::is_unsigned>;
using binary8p4uf = binary<8, 4, signedness::is_unsigned, domain::finite>;
using binary8p5ue = binary<8, 5, signedness::is_unsigned>;
using binary8p5uf = binary<8, 5, signedness::is_unsigned, domain::finite>;
using binary8p6ue = binary<8, 6, signedness::is_unsigned>;
using binary8p6uf = binary<8, 6, signedness::is_unsigned, domain::finite>;
using binary8p7ue = binary<8, 7, signedness::is_unsigned>;
using binary8p7uf = binary<8, 7, signedness::is_unsigned, domain::finite>;
using binary8p8ue = binary<8, 8, signedness::is_unsigned>;
using binary8p8uf = binary<8, 8, signedness::is_unsigned, domain::finite>;

}  // namespace dyad::inline v1
