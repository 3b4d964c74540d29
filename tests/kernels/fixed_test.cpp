// SPDX-License-Identifier: Apache-2.0
// Bulk kernels between float and fixed-point numbers, forced to each instruction set, against the scalar routine.
#include <dyad/kernels/fixed.hpp>

#include <doctest/doctest.h>

#include "support/float_inputs.hpp"
#include "support/instruction_sets.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using dyad::fixed;
using dyad::instruction_set;
using dyad::rounding;
using dyad_test::tally;

/// Every sign, exponent and leading digits, random floats, and units and halves of units with their neighbours.
template <class T>
std::vector<float> inputs() {
    std::vector<float> x = dyad_test::upper_halves({0, 1, 0xffff});
    dyad_test::add_random_floats(x, 100'000);
    for (int half = -600; half <= 600; ++half) {
        const float middle = std::ldexp(static_cast<float>(half), -T::fraction - 1);
        for (const float near : {middle, std::nextafter(middle, HUGE_VALF), std::nextafter(middle, -HUGE_VALF)})
            x.push_back(near);
    }
    for (const double bound : {static_cast<double>(T::max_raw), static_cast<double>(T::min_raw)}) {
        for (const double offset : {-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0}) {
            const auto middle = static_cast<float>(std::ldexp(bound + offset, -T::fraction));
            for (const float near : {middle, std::nextafter(middle, HUGE_VALF), std::nextafter(middle, -HUGE_VALF)})
                x.push_back(near);
        }
    }
    return x;
}

template <class T>
void check_encode() {
    tally cases("float to " + reference::name_of<T>());
    const std::vector<float> src = inputs<T>();
    std::vector<typename T::raw_type> got(src.size());
    for (const rounding mode : dyad_test::all_rounding_modes) {
        if (!dyad::encodes_fixed<T>(mode)) continue;
        for (const instruction_set isa : dyad_test::instruction_sets()) {
            dyad::encode_fixed<T>(isa, src.data(), got.data(), src.size(), mode);
            for (std::size_t i = 0; i < src.size(); ++i)
                cases.check(got[i] == dyad::convert<T>(src[i], mode).raw(), to_string(isa), " ", mode, ": bits ",
                            std::bit_cast<std::uint32_t>(src[i]), " gave ", static_cast<std::int64_t>(got[i]));
        }
    }
}

template <class T>
void check_decode() {
    tally cases(reference::name_of<T>() + " to float");
    std::vector<typename T::raw_type> src;
    for (std::int64_t raw = T::min_raw; raw <= T::max_raw; raw += T::width <= 16 ? 1 : 63)
        src.push_back(static_cast<typename T::raw_type>(raw));
    src.push_back(T::max_raw);
    std::vector<float> got(src.size());
    for (const instruction_set isa : dyad_test::instruction_sets()) {
        dyad::decode_fixed<T>(isa, src.data(), got.data(), src.size());
        for (std::size_t i = 0; i < src.size(); ++i)
            cases.check(std::bit_cast<std::uint32_t>(got[i]) ==
                            std::bit_cast<std::uint32_t>(dyad::convert<float>(T::from_raw(src[i]))),
                        to_string(isa), " ", static_cast<std::int64_t>(src[i]));
    }
}

template <class T>
void check_both() {
    check_encode<T>();
    check_decode<T>();
}

TEST_CASE("every width and fraction of a few") {
    check_both<dyad::integer<8>>();
    check_both<dyad::uinteger<8>>();
    check_both<dyad::integer<2>>();
    check_both<dyad::uinteger<1>>();
    check_both<fixed<8, 4>>();
    check_both<fixed<16, 15>>();
    check_both<fixed<16, -5>>();
    check_both<fixed<12, 126>>();
    check_both<fixed<7, -100>>();
    check_both<fixed<23, 7>>();
    check_both<dyad::uinteger<22>>();
    static_assert(!dyad::fixed_in_bulk<fixed<24, 0>> && !dyad::fixed_in_bulk<dyad::uinteger<23>>);
    static_assert(!dyad::fixed_in_bulk<fixed<8, 0, dyad::signedness::is_signed, dyad::overflow::wrap>>);
}

TEST_CASE("whatever the caller's floating-point environment") {
    const std::vector<float> src = inputs<fixed<8, 3>>();
    std::vector<std::int8_t> expected(src.size());
    std::vector<std::int8_t> got(src.size());
    dyad::encode_fixed<fixed<8, 3>>(instruction_set::scalar, src.data(), expected.data(), src.size(),
                                    rounding::nearest_even);
    for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
        std::fesetround(mode);
        for (const instruction_set isa : dyad_test::instruction_sets()) {
            dyad::encode_fixed<fixed<8, 3>>(isa, src.data(), got.data(), src.size(), rounding::nearest_even);
            const bool same = got == expected;
            const bool restored = std::fegetround() == mode;
            std::fesetround(FE_TONEAREST);
            CHECK(same);
            CHECK(restored);
            std::fesetround(mode);
        }
    }
    std::fesetround(FE_TONEAREST);
}

}  // namespace
