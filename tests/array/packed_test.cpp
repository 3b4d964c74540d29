// SPDX-License-Identifier: Apache-2.0
// Packed formats: element i in the bits [i b, (i + 1) b), for every length and width; conversion as of one number.
#include <dyad/array/packed.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace {

using dyad::rounding;
using dyad::saturation;
using dyad::status;
using dyad_test::tally;

/// The definition: bit k of element i is bit i b + k of the string.
template <int Bits>
std::vector<std::uint8_t> packed_by_definition(const std::vector<std::uint8_t>& codes) {
    std::vector<std::uint8_t> bytes((codes.size() * Bits + 7) / 8);
    for (std::size_t i = 0; i < codes.size(); ++i) {
        for (std::size_t k = 0; k < Bits; ++k) {
            const std::size_t at = i * Bits + k;
            if ((codes[i] >> k & 1) != 0) bytes[at / 8] = static_cast<std::uint8_t>(bytes[at / 8] | (1U << (at % 8)));
        }
    }
    return bytes;
}

template <int Bits>
void check_codes(tally& cases) {
    std::mt19937 random(Bits);
    for (const dyad::instruction_set isa : dyad_test::instruction_sets()) {
        for (std::size_t n = 0; n < 400; ++n) {
            std::vector<std::uint8_t> codes(n);
            for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(random() % (1U << Bits));
            const std::vector<std::uint8_t> expected = packed_by_definition<Bits>(codes);
            REQUIRE(dyad::packed_bytes<Bits>(n) == expected.size());
            // One byte before and one behind stay; the exact length shows reads behind the end to sanitizers.
            std::vector<std::uint8_t> packed(expected.size() + 2, 0xaa);
            dyad::pack_codes<Bits>(isa, codes.data(), n, packed.data() + 1);
            const std::vector<std::uint8_t> inside(packed.begin() + 1, packed.end() - 1);
            cases.check(inside == expected && packed.front() == 0xaa && packed.back() == 0xaa, "packing ", n,
                        " codes of ", Bits, " bits on ", to_string(isa));
            std::vector<std::uint8_t> back(n + 2, 0xaa);
            dyad::unpack_codes<Bits>(isa, expected.data(), expected.size(), n, back.data() + 1);
            const std::vector<std::uint8_t> codes_back(back.begin() + 1, back.end() - 1);
            cases.check(codes_back == codes && back.front() == 0xaa && back.back() == 0xaa, "unpacking ", n,
                        " codes of ", Bits, " bits on ", to_string(isa));
        }
    }
}

TEST_CASE("pack_codes and unpack_codes: every width, every length, on each instruction set") {
    tally cases("packed codes");
    check_codes<1>(cases);
    check_codes<2>(cases);
    check_codes<3>(cases);
    check_codes<4>(cases);
    check_codes<5>(cases);
    check_codes<6>(cases);
    check_codes<7>(cases);
    check_codes<8>(cases);
}

template <class T, class From>
void check_conversion(tally& cases) {
    std::mt19937 random(1);
    for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{64}, std::size_t{511},
                                std::size_t{512}, std::size_t{513}, std::size_t{3001}}) {
        std::vector<From> src;
        for (std::size_t i = 0; i < n; ++i)
            src.push_back(dyad::convert<From>(static_cast<double>(static_cast<int>(random() % 4001) - 2000) / 128));
        for (const rounding rule : {rounding::nearest_even, rounding::toward_zero, rounding::toward_positive}) {
            std::vector<std::uint8_t> codes(n);
            for (std::size_t i = 0; i < n; ++i) codes[i] = dyad::convert<T>(src[i], rule, saturation::finite).bits();
            std::vector<std::uint8_t> packed(dyad::packed_size<T>(n));
            REQUIRE(dyad::convert_to_packed<T>(std::span<const From>(src), std::span(packed), rule,
                                               saturation::finite) == status::ok);
            cases.check(packed == packed_by_definition<T::width>(codes), n, " to ", reference::name_of<T>(), ", ",
                        rule);
            std::vector<From> back(n);
            REQUIRE(dyad::convert_from_packed<T>(std::span<const std::uint8_t>(packed), std::span(back)) == status::ok);
            bool same = true;
            for (std::size_t i = 0; i < n; ++i) same = same && back[i] == dyad::convert<From>(T::from_bits(codes[i]));
            cases.check(same, n, " from ", reference::name_of<T>());
        }
        std::vector<std::uint8_t> packed(dyad::packed_size<T>(n));
        std::vector<T> elements(n);
        const dyad::stochastic_stream stream{.seed = 3, .tensor_id = 4};
        REQUIRE(dyad::convert(std::span<const From>(src), std::span(elements), stream) == status::ok);
        REQUIRE(dyad::convert_to_packed<T>(std::span<const From>(src), std::span(packed), stream) == status::ok);
        std::vector<T> unpacked(n);
        REQUIRE(dyad::convert_from_packed<T>(std::span<const std::uint8_t>(packed), std::span(unpacked)) == status::ok);
        bool same = true;
        for (std::size_t i = 0; i < n; ++i) same = same && unpacked[i].bits() == elements[i].bits();
        cases.check(same, n, " stochastic to ", reference::name_of<T>());
    }
}

TEST_CASE("convert_to_packed and convert_from_packed: as one number at a time") {
    tally cases("packed conversions");
    check_conversion<dyad::float4_e2m1fn, float>(cases);
    check_conversion<dyad::float6_e2m3fn, float>(cases);
    check_conversion<dyad::float6_e3m2fn, float>(cases);
    check_conversion<dyad::integer<2>, float>(cases);
    check_conversion<dyad::integer<4>, float>(cases);
    check_conversion<dyad::integer<6>, float>(cases);
    check_conversion<dyad::uinteger<4>, double>(cases);
    check_conversion<dyad::fixed<6, 3>, dyad::bfloat16>(cases);
    check_conversion<dyad::float8_e4m3fn, float>(cases);
    check_conversion<dyad::binary5p3sf, float>(cases);
}

TEST_CASE("convert_to_packed: the low nibble is the even element") {
    const std::vector<float> src{0.5f, -6, 1};
    std::vector<std::uint8_t> packed(2);
    REQUIRE(dyad::convert_to_packed<dyad::float4_e2m1fn>(std::span<const float>(src), std::span(packed)) == status::ok);
    CHECK(packed[0] == 0xf1);  // 0b1'11'1 = -6, 0b0'00'1 = 0.5
    CHECK(packed[1] == 0x02);
    REQUIRE(dyad::convert_to_packed<dyad::integer<4>>(std::span<const float>(src), std::span(packed)) == status::ok);
    CHECK(packed[0] == 0xa0);  // -6, 0
    CHECK(packed[1] == 0x01);
}

TEST_CASE("convert_to_packed and convert_from_packed: what spans must be") {
    std::vector<float> floats(10, 1.0f);
    std::vector<std::uint8_t> packed(6, 0x55);
    using four = dyad::float4_e2m1fn;
    CHECK(dyad::convert_to_packed<four>(std::span<const float>(floats), std::span(packed)) == status::extents_differ);
    CHECK(dyad::convert_from_packed<four>(std::span<const std::uint8_t>(packed), std::span(floats)) ==
          status::extents_differ);
    CHECK(dyad::convert_to_packed<four>(std::span<const float>(floats), std::span(packed).first(5),
                                        dyad::stochastic_stream{.n = 33}) == status::random_bits_out_of_range);
    CHECK(packed == std::vector<std::uint8_t>(6, 0x55));
    const std::span<std::uint8_t> inside(reinterpret_cast<std::uint8_t*>(floats.data()) + 8, 5);
    CHECK(dyad::convert_to_packed<four>(std::span<const float>(floats), inside) == status::dst_overlaps_src);
    CHECK(dyad::convert_from_packed<four>(std::span<const std::uint8_t>(inside), std::span(floats)) ==
          status::dst_overlaps_src);
    CHECK(floats == std::vector<float>(10, 1.0f));
    CHECK(dyad::convert_to_packed<four>(std::span<const float>{}, std::span<std::uint8_t>{}) == status::ok);
}

}  // namespace
