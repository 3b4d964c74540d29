// SPDX-License-Identifier: Apache-2.0
// Packed elements: every code at every bit of a string against a model of single bits; proxies that assign, swap and
// compare values; iterators in the standard library's algorithms, old and new.
#include <dyad/array/packed_iterator.hpp>

#include <doctest/doctest.h>

#include "support/bit_string.hpp"
#include "support/tally.hpp"

#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/ternary.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using dyad::index;
using dyad::packed_iterator;
using dyad::packed_reference;
using dyad_test::bit_string;
using dyad_test::tally;

using four = dyad::integer<4>;
using six = dyad::float6_e2m3fn;

static_assert(dyad::packable<four> && dyad::packable<six> && dyad::packable<dyad::ternary>);
static_assert(!dyad::packable<dyad::integer<9>> && !dyad::packable<float> && !dyad::packable<const four>);
static_assert(dyad::packed_size<six>(0) == 0 && dyad::packed_size<six>(3) == 3 && dyad::packed_size<four>(3) == 2);

template <class T>
inline constexpr bool walks =
    std::random_access_iterator<packed_iterator<T>>&& std::random_access_iterator<packed_iterator<const T>>&&
        std::sortable<packed_iterator<T>>&& std::indirectly_writable<packed_iterator<T>, T> &&
    !std::indirectly_writable<packed_iterator<const T>, T> &&
    std::convertible_to<packed_iterator<T>, packed_iterator<const T>> &&
    !std::convertible_to<packed_iterator<const T>, packed_iterator<T>> &&
    std::same_as<std::iter_value_t<packed_iterator<const T>>, T> &&
    std::same_as<std::iter_reference_t<packed_iterator<const T>>, T> && std::indirectly_swappable<packed_iterator<T>> &&
    std::indirectly_swappable<packed_iterator<T>, T*>;
static_assert(walks<four> && walks<six> && walks<dyad::ternary> && walks<dyad::float8_e4m3fn>);
static_assert(std::totally_ordered_with<packed_reference<four>, four>);
static_assert(!std::convertible_to<packed_reference<four>, int> && !std::convertible_to<four, packed_reference<four>>);
static_assert(std::is_trivially_copyable_v<packed_iterator<four>>);

constexpr four i4(int x) { return four::from_raw(static_cast<std::int8_t>(x)); }

/// Everything at compile time, which also excludes reads outside the array.
constexpr int sum_of_constants() {
    std::array<std::uint8_t, 3> bytes{};
    const packed_iterator<four> first(bytes.data(), 4, 1, 0);
    for (int i = 0; i < 5; ++i) first[i] = i4(i - 2);
    std::swap_ranges(first, first + 2, first + 3);
    int sum = 0;
    for (packed_iterator<const four> at = first; at != first + 5; ++at) sum = 8 * sum + four(*at).raw();
    return sum;
}
static_assert(sum_of_constants() == ((((1 * 8 + 2) * 8 + 0) * 8) - 2) * 8 - 1);

template <int Width>
void check_codes(tally& cases) {
    constexpr std::size_t size = 4;
    for (index bit = 0; bit + Width <= 8 * static_cast<index>(size); ++bit) {
        for (unsigned code = 0; code < 1U << Width; ++code) {
            for (const std::uint32_t seed : {1U, 2U}) {
                std::vector<std::uint8_t> bytes = dyad_test::random_bytes(size, seed);
                bit_string model(bytes);
                cases.check(dyad::load_code<Width>(bytes.data(), bit) == model.code(bit, Width), "load at ", bit);
                // From the other end: negative bits count back from `bytes`.
                cases.check(dyad::load_code<Width>(bytes.data() + size, bit - 32) == model.code(bit, Width), "load at ",
                            bit - 32);
                model.set_code(bit, Width, code);
                dyad::store_code<Width>(bytes.data(), bit, static_cast<std::uint8_t>(code));
                cases.check(bytes == model.bytes(), "store ", code, " of ", Width, " bits at ", bit);
                cases.check(dyad::load_code<Width>(bytes.data(), bit) == code, "load of what was stored at ", bit);
            }
        }
    }
    // One byte and no other where that holds the code: sanitizers see a read or write behind it.
    for (index bit = 0; bit + Width <= 8; ++bit) {
        std::vector<std::uint8_t> byte{0xa5};
        const std::uint8_t code = dyad::load_code<Width>(byte.data(), bit);
        dyad::store_code<Width>(byte.data(), bit, code);
        cases.check(byte[0] == 0xa5, "the only byte, bit ", bit);
    }
}

TEST_CASE("load_code and store_code: every width, code and bit") {
    tally cases("codes at a bit");
    check_codes<1>(cases);
    check_codes<2>(cases);
    check_codes<3>(cases);
    check_codes<4>(cases);
    check_codes<5>(cases);
    check_codes<6>(cases);
    check_codes<7>(cases);
    check_codes<8>(cases);
}

TEST_CASE("packed_reference: assigns, swaps and compares values") {
    std::array<std::uint8_t, 3> bytes{};
    const packed_reference<four> a(bytes.data(), 2);
    const packed_reference<four> b(bytes.data(), 6);
    packed_reference<four> c(bytes.data(), 17);
    a = i4(-3);
    b = i4(5);
    CHECK((a == i4(-3) && i4(5) == b && a != b && a < b && b > i4(4) && i4(-4) < a));
    CHECK(bytes == std::array<std::uint8_t, 3>{0b01'1101'00, 0b01, 0});
    swap(a, b);
    CHECK((a == i4(5) && b == i4(-3)));
    four outside = i4(7);
    swap(a, outside);
    CHECK((a == i4(7) && outside == i4(5)));
    swap(outside, b);
    CHECK((b == i4(5) && outside == i4(-3)));
    c = b;  // the element, not the place
    CHECK((c == i4(5) && c == b && &c != &b));
    c = i4(-8);
    CHECK((c == i4(-8) && b == i4(5)));
    packed_reference<four> same = b;  // the place
    same = i4(1);
    CHECK(b == i4(1));
    same = *&same;
    CHECK(b == i4(1));
    CHECK(bytes == std::array<std::uint8_t, 3>{0b01'0111'00, 0b00, 0b000'1000'0});
}

TEST_CASE("packed_reference: numbers, not codes, are compared and read") {
    std::array<std::uint8_t, 2> bytes{0, 0b1'0000};
    const packed_reference<six> zero(bytes.data(), 0);
    const packed_reference<six> minus_zero(bytes.data(), 6);  // bits 6 to 11
    minus_zero = six::from_bits(0b1'00'000);
    CHECK(bytes[1] == 0b1'1000);  // the neighbour's bit 12 stays
    zero = six::from_bits(0);
    CHECK(zero == minus_zero);
    // 0b10 is no code of ternary; it reads as from_bits reads it.
    dyad::store_code<2>(bytes.data(), 7, 0b10);
    CHECK(packed_reference<dyad::ternary>(bytes.data(), 7) == dyad::ternary::from_raw(-1));
}

template <class T>
void check_algorithms(tally& cases) {
    constexpr int width = T::width;
    for (const index stride : {index{1}, index{-1}, index{3}, index{-2}}) {
        for (index offset = 0; offset < 8; ++offset) {
            const index n = 40;
            std::vector<std::uint8_t> bytes =
                dyad_test::random_bytes(150, static_cast<std::uint32_t>(offset + 8 * stride + 100));
            const index start = stride < 0 ? offset + (n - 1) * -stride * width : offset;
            const packed_iterator<T> first(bytes.data(), start, stride, 0);
            const packed_iterator<T> last = first + n;
            bit_string model(bytes);
            std::vector<T> values;
            for (index i = 0; i < n; ++i) values.push_back(T::from_bits(model.code(start + i * stride * width, width)));
            const auto agrees = [&] {
                for (index i = 0; i < n; ++i)
                    model.set_code(start + i * stride * width, width, values[static_cast<std::size_t>(i)].bits());
                return bytes == model.bytes();
            };
            const auto check = [&](const char* what) {
                cases.check(agrees(), what, ", width ", width, ", stride ", stride, ", offset ", offset);
            };
            cases.check(std::equal(first, last, values.begin(), values.end()), "equal");
            std::sort(first, last);
            std::sort(values.begin(), values.end());
            check("sort");
            std::reverse(first, last);
            std::reverse(values.begin(), values.end());
            check("reverse");
            std::rotate(first, first + 7, last);
            std::rotate(values.begin(), values.begin() + 7, values.end());
            check("rotate");
            std::ranges::sort(first, last, std::ranges::greater{});
            std::ranges::sort(values, std::ranges::greater{});
            check("ranges::sort");
            std::copy(first + 5, first + 15, first + 20);
            std::copy(values.begin() + 5, values.begin() + 15, values.begin() + 20);
            check("copy");
            std::ranges::copy_backward(first, first + 30, last);
            std::ranges::copy_backward(values.begin(), values.begin() + 30, values.end());
            check("ranges::copy_backward");
            std::stable_sort(first, last);
            std::stable_sort(values.begin(), values.end());
            check("stable_sort");
            const packed_iterator<const T> found = std::lower_bound(first, last, values[20]);
            cases.check(*found == values[20] && found - first <= 20, "lower_bound");
            std::vector<T> out(static_cast<std::size_t>(n));
            std::ranges::copy(packed_iterator<const T>(first), packed_iterator<const T>(last), out.begin());
            cases.check(out == values, "ranges::copy out");
            std::ranges::swap_ranges(first, first + 10, out.begin() + 30, out.end());
            std::swap_ranges(values.begin(), values.begin() + 10, values.end() - 10);
            std::copy(values.end() - 10, values.end(), last - 10);
            check("ranges::swap_ranges");
            std::fill(first, first + 9, values[39]);
            std::fill(values.begin(), values.begin() + 9, values[39]);
            check("fill");
            std::ranges::transform(first, last, first, [](T x) { return x + x; });
            std::ranges::transform(values, values.begin(), [](T x) { return x + x; });
            check("ranges::transform");
        }
    }
}

TEST_CASE("packed_iterator: the standard library's algorithms") {
    tally cases("algorithms");
    check_algorithms<dyad::integer<1>>(cases);
    check_algorithms<four>(cases);
    check_algorithms<dyad::uinteger<5>>(cases);
    check_algorithms<dyad::fixed<7, 2>>(cases);
}

TEST_CASE("packed_iterator: sorting floats, all codes of FP6") {
    std::vector<std::uint8_t> bytes(49);
    const packed_iterator<six> first(bytes.data(), 5, 1, 0);
    for (int i = 0; i < 64; ++i) first[i] = six::from_bits(static_cast<std::uint8_t>(63 - i));
    std::ranges::stable_sort(first, first + 64);
    CHECK(std::ranges::is_sorted(first, first + 64));
    CHECK(float(six(first[0])) == -7.5f);
    CHECK(float(six(first[63])) == 7.5f);
    CHECK((bytes.front() & 0b11111) == 0);
    CHECK((bytes.back() >> 5) == 0b000);  // behind the 5 + 64 * 6 = 389 bits
}

TEST_CASE("packed_iterator: arithmetic, with stride 0 too") {
    std::array<std::uint8_t, 1> bytes{0x31};
    const packed_iterator<const four> first(bytes.data(), 0, 0, 0);
    packed_iterator<const four> at = first + 5;
    CHECK((at - first == 5 && first < at && at >= 5 + first && first != at && at - 5 == first));
    CHECK((at++ - first == 5 && at - first == 6 && at-- - first == 6 && at - first == 5));
    CHECK((--at - first == 4 && ++at - first == 5));
    at -= 3;
    CHECK((at - first == 2 && first[2] == *at));
    CHECK(std::count(first, first + 9, i4(1)) == 9);
    CHECK((packed_iterator<four>() == packed_iterator<four>()));
}

}  // namespace
