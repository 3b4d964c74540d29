// SPDX-License-Identifier: Apache-2.0
// Bulk convert: each element as the scalar conversion, stochastic ones with the random bits of their index.
#include <dyad/array/convert.hpp>

#include <doctest/doctest.h>

#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <cstddef>
#include <cstdint>
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

template <class T>
std::vector<T> random_numbers(std::size_t n) {
    std::mt19937_64 random(n);
    std::vector<T> numbers;
    for (std::size_t i = 0; i < n; ++i) {
        const double x =
            std::ldexp(static_cast<double>(random() >> 11) * 0x1p-53 - 0.5, static_cast<int>(random() % 24) - 8);
        numbers.push_back(dyad::convert<T>(i % 29 == 7 ? std::numeric_limits<double>::infinity() : x));
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
void check_pair(tally& cases) {
    const std::vector<From> src = random_numbers<From>(200);
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

TEST_CASE("convert: a stochastic stream gives element i the bits of index i") {
    tally cases("stochastic bulk conversions");
    check_stochastic<float, dyad::float8_e4m3fn>(cases);
    check_stochastic<float, dyad::integer<8>>(cases);
    check_stochastic<double, dyad::bfloat16>(cases);
    check_stochastic<dyad::float16, dyad::float8_e5m2>(cases);
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
