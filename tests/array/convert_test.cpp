// SPDX-License-Identifier: Apache-2.0
// Bulk convert: each element as the scalar conversion, stochastic ones with the random bits of their index.
#include <dyad/array/convert.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <vector>

namespace {

using dyad::rounding;
using dyad::saturation;
using dyad::status;
using dyad::stochastic_stream;
using dyad_test::tally;
using reference::name_of;

constexpr dyad::float_format far_below{.exponent_bits = 4, .significand_bits = 3, .bias = 200};

template <class T>
std::vector<T> random_numbers(std::size_t n) {
    std::mt19937_64 random(n);
    std::vector<T> numbers;
    for (std::size_t i = 0; i < n; ++i) {
        const double x =
            std::ldexp(static_cast<double>(random() >> 11) * 0x1p-53 - 0.5, static_cast<int>(random() % 24) - 8);
        const double special = i % 2 == 0 ? std::numeric_limits<double>::quiet_NaN() : x * HUGE_VAL;
        numbers.push_back(dyad::convert<T>(i % 29 == 7 ? special : x));
    }
    return numbers;
}

template <class T>
auto code_of(T x) {
    if constexpr (dyad::format<T>) return x.bits();
    else if constexpr (dyad::native_float<T>) return std::bit_cast<dyad::least_uint<dyad::word_width<T>>>(x);
    else return x;
}

template <class From, class To>
void check_pair(tally& cases, std::size_t n = 200) {
    const std::vector<From> src = random_numbers<From>(n);
    std::vector<To> dst(src.size());
    for (const rounding rule : dyad_test::all_rounding_modes) {
        for (const saturation policy : reference::all_saturations) {
            CHECK(dyad::convert(std::span<const From>(src), std::span<To>(dst), rule, policy) == status::ok);
            for (std::size_t i = 0; i < src.size(); ++i) {
                const To expected = dyad::convert<To>(src[i], rule, policy);
                cases.check(code_of(dst[i]) == code_of(expected), name_of<From>(), " to ", name_of<To>(), " ", rule);
            }
        }
    }
    // What the arguments default to.
    CHECK(dyad::convert(std::span<const From>(src), std::span<To>(dst)) == status::ok);
    for (std::size_t i = 0; i < src.size(); ++i)
        cases.check(code_of(dst[i]) == code_of(dyad::convert<To>(src[i])), name_of<From>(), " to ", name_of<To>());
}

template <class From, class To>
void check_stochastic(tally& cases) {
    const std::vector<From> src = random_numbers<From>(101);
    std::vector<To> dst(src.size());
    for (const dyad::stochastic_variant variant : dyad_test::all_stochastic_variants) {
        for (const int n : {1, 3, 8, 31, 32}) {
            for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{0x1234'5678'9abc'def0}}) {
                const stochastic_stream stream{variant, n, seed, seed ^ 77};
                CHECK(dyad::convert(std::span<const From>(src), std::span<To>(dst), stream, saturation::finite) ==
                      status::ok);
                for (std::size_t i = 0; i < src.size(); ++i) {
                    const std::uint64_t bits = dyad::random_bits(seed, seed ^ 77, i) % (std::uint64_t{1} << n);
                    const dyad::stochastic rule{variant, n, static_cast<std::uint32_t>(bits)};
                    const To expected = dyad::convert<To>(src[i], rule, saturation::finite);
                    cases.check(code_of(dst[i]) == code_of(expected), name_of<From>(), " to ", name_of<To>(), " ",
                                rule);
                }
            }
        }
    }
}

TEST_CASE("convert: many elements as one by one") {
    tally cases("bulk conversions");
    check_pair<float, dyad::float8_e4m3fn>(cases);
    check_pair<double, dyad::bfloat16>(cases);
    check_pair<float, dyad::fixed<8, 4>>(cases);
    check_pair<dyad::float16, dyad::float8_e5m2>(cases);
    check_pair<dyad::fixed<16, 8>, float>(cases);
    check_pair<double, std::int32_t>(cases);
    check_pair<float, float>(cases);
}

TEST_CASE("convert: minifloats by kernels, by tables, and through float") {
    tally cases("bulk conversions of minifloats");
    for (const std::size_t n : {std::size_t{100}, std::size_t{1500}}) {
        check_pair<float, dyad::float6_e3m2fn>(cases, n);
        check_pair<float, dyad::tfloat32>(cases, n);
        check_pair<dyad::float8_e5m2, float>(cases, n);
        check_pair<dyad::float8_e8m0fnu, float>(cases, n);
        check_pair<dyad::binary8p4se, float>(cases, n);
        check_pair<dyad::bfloat16, float>(cases, n);
        check_pair<dyad::float16, float>(cases, n);
        check_pair<dyad::float8_e4m3fn, dyad::float8_e5m2>(cases, n);
        check_pair<dyad::float4_e2m1fn, dyad::float8_e4m3fnuz>(cases, n);
        check_pair<dyad::float8_e5m2, dyad::bfloat16>(cases, n);
        check_pair<dyad::float8_e4m3fn, double>(cases, n);
        check_pair<dyad::float8_e3m4, std::int16_t>(cases, n);
        check_pair<dyad::float8_e5m2, dyad::integer<8>>(cases, n);
        check_pair<dyad::bfloat16, dyad::float8_e4m3fn>(cases, n);
        check_pair<dyad::bfloat16, dyad::float16>(cases, n);
        check_pair<dyad::float16, double>(cases, n);
        check_pair<dyad::minifloat<far_below>, dyad::float8_e5m2>(cases, n);  // its values are no floats
        check_pair<dyad::float8_e5m2, dyad::minifloat<far_below>>(cases, n);
    }
}

template <class From, class To>
void check_lengths(tally& cases) {
    const std::vector<From> src = random_numbers<From>(300);
    for (std::size_t n = 0; n <= 200; ++n) {
        const std::size_t from = n % 13;
        const std::size_t to = n % 7 + 1;
        std::vector<To> dst(n + 10, dyad::convert<To>(1));
        REQUIRE(dyad::convert(std::span<const From>(src.data() + from, n), std::span<To>(dst.data() + to, n)) ==
                status::ok);
        bool right = true;
        for (std::size_t i = 0; i < dst.size(); ++i) {
            const bool inside = i >= to && i < to + n;
            const To expected = inside ? dyad::convert<To>(src[from + i - to]) : dyad::convert<To>(1);
            right = right && code_of(dst[i]) == code_of(expected);
        }
        cases.check(right, n, " elements of ", name_of<From>(), " to ", name_of<To>());
    }
}

TEST_CASE("convert: any length and alignment, nothing beyond the end") {
    tally cases("lengths");
    check_lengths<float, dyad::float8_e4m3fn>(cases);
    check_lengths<float, dyad::float8_e5m2>(cases);
    check_lengths<float, dyad::bfloat16>(cases);
    check_lengths<float, dyad::float16>(cases);
    check_lengths<dyad::float8_e4m3fn, float>(cases);
    check_lengths<dyad::bfloat16, float>(cases);
    check_lengths<dyad::float16, float>(cases);
    check_lengths<dyad::float8_e4m3fn, dyad::float8_e5m2>(cases);
    check_lengths<float, dyad::integer<8>>(cases);
}

/// src and dst the same bytes.
template <class From, class To>
void check_in_place(tally& cases, std::size_t n) {
    static_assert(sizeof(From) == sizeof(To));
    const std::vector<From> src = random_numbers<From>(n);
    alignas(8) std::vector<std::byte> memory(n * sizeof(From));
    const auto run = [&](auto... rule) {
        std::memcpy(memory.data(), src.data(), memory.size());
        REQUIRE(dyad::convert(std::span<const From>(reinterpret_cast<const From*>(memory.data()), n),
                              std::span<To>(reinterpret_cast<To*>(memory.data()), n), rule...) == status::ok);
        std::vector<To> result(n);
        std::memcpy(result.data(), memory.data(), memory.size());
        std::vector<To> expected(n);
        REQUIRE(dyad::convert(std::span<const From>(src), std::span(expected), rule...) == status::ok);
        bool same = true;
        for (std::size_t i = 0; i < n; ++i) same = same && code_of(result[i]) == code_of(expected[i]);
        cases.check(same, n, " elements of ", name_of<From>(), " to ", name_of<To>(), " in place");
    };
    run();
    run(rounding::toward_zero);
    run(stochastic_stream{.seed = 5});
}

TEST_CASE("convert: in place where elements have one size") {
    tally cases("in place");
    for (const std::size_t n : {std::size_t{1}, std::size_t{100}, std::size_t{512}, std::size_t{2000}}) {
        check_in_place<dyad::float8_e4m3fn, dyad::float8_e5m2>(cases, n);
        check_in_place<dyad::float8_e5m2, dyad::integer<8>>(cases, n);
        check_in_place<dyad::bfloat16, dyad::float16>(cases, n);
        check_in_place<float, dyad::tfloat32>(cases, n);
        check_in_place<dyad::tfloat32, float>(cases, n);
        check_in_place<float, std::int32_t>(cases, n);
        check_in_place<float, float>(cases, n);
    }
}

TEST_CASE("convert: spans that share a part of their memory") {
    std::vector<float> memory(100, 1.0f);
    const std::vector<float> before = memory;
    const std::span<const float> src(memory.data(), 50);
    CHECK(dyad::convert(src, std::span(memory.data() + 1, 50)) == status::dst_overlaps_src);
    CHECK(dyad::convert(src, std::span(memory.data() + 49, 50)) == status::dst_overlaps_src);
    CHECK(dyad::convert(src, std::span(memory.data() + 1, 50), stochastic_stream{}) == status::dst_overlaps_src);
    // The same begin, but elements of two sizes.
    CHECK(dyad::convert(src, std::span(reinterpret_cast<dyad::float8_e5m2*>(memory.data()), 50)) ==
          status::dst_overlaps_src);
    CHECK(memory == before);
    CHECK(dyad::convert(src, std::span(memory.data() + 50, 50)) == status::ok);
}

TEST_CASE("convert: a number of random bits that there is not") {
    const std::vector<float> src(100, 1.3f);
    std::vector<dyad::float8_e5m2> dst(100, dyad::float8_e5m2(7));
    std::vector<dyad::integer<8>> integers(100, dyad::integer<8>(7));
    for (const int n : {-1, 0, 33, 1000}) {
        const stochastic_stream rule{.n = n};
        CHECK(dyad::convert(std::span(src), std::span(dst), rule) == status::random_bits_out_of_range);
        CHECK(dyad::convert(std::span(src), std::span(integers), rule) == status::random_bits_out_of_range);
    }
    CHECK(dst == std::vector<dyad::float8_e5m2>(100, dyad::float8_e5m2(7)));
    CHECK(integers == std::vector<dyad::integer<8>>(100, dyad::integer<8>(7)));
}

TEST_CASE("convert: arrays larger than the caches") {
    constexpr std::size_t n = 4'000'003;
    std::vector<float> src(n);
    for (std::size_t i = 0; i < n; ++i) src[i] = static_cast<float>(static_cast<int>(i % 100'003) - 50'000) * 0x1p-8f;
    std::vector<dyad::float8_e4m3fn> codes(n);
    std::vector<float> back(n);
    REQUIRE(dyad::convert(std::span<const float>(src), std::span(codes)) == status::ok);
    REQUIRE(dyad::convert(std::span<const dyad::float8_e4m3fn>(codes), std::span(back)) == status::ok);
    tally cases("large arrays");
    for (std::size_t i = 0; i < n; ++i) {
        const auto code = dyad::convert<dyad::float8_e4m3fn>(src[i]);
        cases.check(codes[i].bits() == code.bits() && code_of(back[i]) == code_of(dyad::convert<float>(code)),
                    "element ", i);
    }
}

TEST_CASE("convert: a stochastic stream gives element i the bits of index i") {
    tally cases("stochastic bulk conversions");
    check_stochastic<float, dyad::float8_e4m3fn>(cases);
    check_stochastic<float, dyad::integer<8>>(cases);
    check_stochastic<double, dyad::bfloat16>(cases);
    check_stochastic<dyad::float16, dyad::float8_e5m2>(cases);
    check_stochastic<dyad::float8_e4m3fn, dyad::float4_e2m1fn>(cases);
    check_stochastic<dyad::float8_e4m3fn, float>(cases);
    check_stochastic<float, dyad::float8_e8m0fnu>(cases);
}

TEST_CASE("convert: a stochastic stream depends on its seed and its tensor") {
    const std::vector<float> src(200, 0.3f);
    std::vector<dyad::integer<8>> one(200);
    std::vector<dyad::integer<8>> other(200);
    const auto run = [&](std::vector<dyad::integer<8>>& dst, std::uint64_t seed, std::uint64_t tensor) {
        REQUIRE(dyad::convert(std::span<const float>(src), std::span(dst),
                              stochastic_stream{.seed = seed, .tensor_id = tensor}) == status::ok);
    };
    run(one, 1, 2);
    run(other, 1, 2);
    CHECK(one == other);
    run(other, 2, 2);
    CHECK(one != other);
    run(other, 1, 3);
    CHECK(one != other);
}

TEST_CASE("convert: lengths that differ leave dst alone; empty spans; the same memory") {
    const std::vector<float> src{1, 2, 3};
    std::vector<dyad::integer<8>> dst(2, dyad::integer<8>::from_raw(9));
    CHECK(dyad::convert(std::span<const float>(src), std::span(dst)) == status::extents_differ);
    CHECK(dyad::convert(std::span<const float>(src), std::span(dst), stochastic_stream{}) == status::extents_differ);
    CHECK(dst[0].raw() == 9);
    CHECK(dst[1].raw() == 9);
    CHECK(dyad::convert(std::span<const float>{}, std::span<dyad::integer<8>>{}) == status::ok);
    CHECK(dyad::convert(std::span<const float>{}, std::span<dyad::integer<8>>{}, stochastic_stream{}) == status::ok);
    std::vector<float> same{1.5f, -2.25f};
    CHECK(dyad::convert(std::span<const float>(same), std::span(same)) == status::ok);
    CHECK(same == std::vector<float>{1.5f, -2.25f});
}

}  // namespace
