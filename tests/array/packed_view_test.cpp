// SPDX-License-Identifier: Apache-2.0
// packed_view and packed_matrix: every width, bit offset, size and stride against a model of single bits; a write
// changes its element and nothing else; the views made of views; the memory they touch.
#include <dyad/array/packed_view.hpp>

#include <doctest/doctest.h>

#include "support/bit_string.hpp"
#include "support/tally.hpp"

#include <dyad/array/packed.hpp>
#include <dyad/number/fixed.hpp>
#include <dyad/number/named_formats.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <ranges>
#include <span>
#include <type_traits>
#include <vector>

namespace {

using dyad::index;
using dyad::packed_matrix;
using dyad::packed_view;
using dyad_test::bit_string;
using dyad_test::tally;

using four = dyad::float4_e2m1fn;
using six = dyad::uinteger<6>;

static_assert(std::is_trivially_copyable_v<packed_matrix<four>> && std::is_aggregate_v<packed_matrix<four>>);
static_assert(std::is_convertible_v<packed_matrix<four>, packed_matrix<const four>>);
static_assert(!std::is_convertible_v<packed_matrix<const four>, packed_matrix<four>>);
static_assert(!std::is_convertible_v<packed_matrix<four>, packed_view<four>>);
static_assert(packed_matrix<four>{}.size() == 0 && packed_view<four>{}.begin() == packed_view<four>{}.end());
static_assert(std::ranges::random_access_range<packed_view<four>> && std::ranges::sized_range<packed_view<four>>);
static_assert(std::ranges::random_access_range<packed_view<const four>> && std::ranges::common_range<packed_view<six>>);
static_assert(std::ranges::view<packed_view<four>> && std::ranges::borrowed_range<packed_view<const four>>);
static_assert(std::ranges::output_range<packed_view<six>, six>);
static_assert(!std::ranges::output_range<packed_view<const six>, six>);

constexpr six u6(index x) { return six::from_raw(static_cast<std::uint8_t>(x)); }

/// Sums of a matrix of either kind: what generic code writes.
template <class Matrix>
constexpr int weighted_sum(Matrix m) {
    int sum = 0;
    for (index i = 0; i < m.extent[0]; ++i) {
        for (index j = 0; j < m.extent[1]; ++j) {
            const six x = m(i, j);
            const six same = row(m, i)(j);
            const six again = transposed(m)(j, i);
            const six in_block = row_block(column_block(m, j, 1), i, 1)(0, 0);
            sum += static_cast<int>((i + 1) * (10 * j + 1)) * (x.raw() + same.raw() + again.raw() + in_block.raw());
        }
    }
    return sum;
}
constexpr bool sums_agree() {
    std::array<six, 12> memory{};
    std::array<std::uint8_t, 9> bytes{};
    const auto packed = dyad::make_packed_matrix<six>(std::span<std::uint8_t>(bytes), 3, 4);
    const auto plain = dyad::make_matrix(memory.data(), 3, 4);
    for (index i = 0; i < 3; ++i) {
        for (index j = 0; j < 4; ++j) {
            plain(i, j) = u6(7 * i + 5 * j);
            packed(i, j) = u6(7 * i + 5 * j);
        }
    }
    return weighted_sum(packed) == weighted_sum(plain) && weighted_sum(plain) > 0 &&
           weighted_sum(as_const(packed)) == weighted_sum(plain);
}
static_assert(sums_agree());

template <int Width>
void check_view(tally& cases) {
    using type = dyad::uinteger<Width>;
    const std::vector<std::uint8_t> random = dyad_test::random_bytes(300, Width);
    for (index offset = 0; offset < 8; ++offset) {
        for (index n = 0; n <= 70; ++n) {
            for (const index stride : {1, 2, 4, -1, -3}) {
                const index reach = n == 0 ? 0 : (n - 1) * stride * Width;
                const index first = offset + (reach < 0 ? -reach : 0);
                std::vector<std::uint8_t> bytes(
                    random.begin(), random.begin() + (first + (reach > 0 ? reach : 0) + (n == 0 ? 0 : Width) + 7) / 8);
                bit_string model(bytes);
                const packed_view<type> v{bytes.data(), {n}, {stride}, first};
                const packed_view<const type> read = v;
                bool same = v.size() == n && v.end() - v.begin() == n;
                auto at = read.begin();
                for (index i = 0; i < n; ++i, ++at) {
                    const type expected = type::from_bits(model.code(first + i * stride * Width, Width));
                    same = same && v(i) == expected && v[i] == expected && read(i) == expected && *at == expected;
                }
                cases.check(same && at == read.end(), "reading ", Width, " bits, offset ", offset, ", ", n, " by ",
                            stride);
                // Every third element, then all.
                for (const index step : {3, 1}) {
                    for (index i = 0; i < n; i += step) {
                        const auto code = static_cast<unsigned>((5 * i + step) & ((1 << Width) - 1));
                        v(i) = type::from_bits(static_cast<std::uint8_t>(code));
                        model.set_code(first + i * stride * Width, Width, code);
                    }
                    cases.check(bytes == model.bytes(), "writing ", Width, " bits, offset ", offset, ", ", n, " by ",
                                stride);
                }
            }
        }
    }
}

TEST_CASE("packed_view: every width, offset 0 to 7, size 0 to 70, strides of either sign") {
    tally cases("packed views");
    check_view<1>(cases);
    check_view<2>(cases);
    check_view<3>(cases);
    check_view<4>(cases);
    check_view<5>(cases);
    check_view<6>(cases);
    check_view<7>(cases);
    check_view<8>(cases);
}

template <class T>
void check_against_bulk(tally& cases) {
    for (std::size_t n = 0; n <= 70; ++n) {
        std::vector<T> elements;
        for (const std::uint8_t byte : dyad_test::random_bytes(n, static_cast<std::uint32_t>(n)))
            elements.push_back(T::from_bits(static_cast<std::uint8_t>(byte >> (8 - T::width))));
        std::vector<std::uint8_t> bulk(dyad::packed_size<T>(n));
        REQUIRE(dyad::convert_to_packed<T>(std::span<const T>(elements), std::span(bulk)) == dyad::status::ok);
        std::vector<std::uint8_t> bytes(bulk.size());
        const auto v = dyad::make_packed<T>(std::span<std::uint8_t>(bytes), static_cast<index>(n));
        std::copy(elements.begin(), elements.end(), v.begin());
        cases.check(bytes == bulk, n, " elements of ", T::width, " bits");
        const auto read = dyad::make_packed<T>(std::span<const std::uint8_t>(bulk), static_cast<index>(n));
        bool same = true;
        for (std::size_t i = 0; i < n; ++i) same = same && T(read(static_cast<index>(i))).bits() == elements[i].bits();
        cases.check(same, n, " elements of ", T::width, " bits back");
    }
}

TEST_CASE("make_packed: the layout of convert_to_packed") {
    tally cases("packed views and bulk conversion");
    check_against_bulk<dyad::integer<1>>(cases);
    check_against_bulk<dyad::integer<2>>(cases);
    check_against_bulk<dyad::integer<3>>(cases);
    check_against_bulk<four>(cases);
    check_against_bulk<dyad::fixed<5, 1>>(cases);
    check_against_bulk<dyad::float6_e3m2fn>(cases);
    check_against_bulk<dyad::integer<7>>(cases);
    check_against_bulk<dyad::float8_e4m3fn>(cases);
}

TEST_CASE("packed_matrix: strides of either sign, blocks at any bit, writes leave the rest alone") {
    tally cases("packed matrices");
    using three = dyad::uinteger<3>;
    for (index offset = 0; offset < 8; ++offset) {
        for (const auto& [down, across] : {std::array<index, 2>{7, 1}, {1, 6}, {-7, 1}, {9, -1}, {-2, -12}, {16, 3}}) {
            std::vector<std::uint8_t> bytes = dyad_test::random_bytes(100, static_cast<std::uint32_t>(offset));
            bit_string model(bytes);
            const index middle = 400 + offset;
            const packed_matrix<three> m{bytes.data(), {5, 6}, {down, across}, middle};
            const auto bit = [&, d = down, a = across](index i, index j) { return middle + 3 * (i * d + j * a); };
            const auto part = transposed(column_block(row_block(m, 1, 3), 2, 4));  // 4 x 3
            const auto line = row(part, 3);                                        // column 5, rows 1 to 3
            bool same = part.extent == std::array<index, 2>{4, 3} && line.size() == 3 && m.size() == 30;
            for (index i = 0; i < 4; ++i)
                for (index j = 0; j < 3; ++j)
                    same = same && three(part(i, j)).bits() == model.code(bit(j + 1, i + 2), 3);
            for (index j = 0; j < 3; ++j) same = same && three(line[j]).bits() == model.code(bit(j + 1, 5), 3);
            cases.check(same, "reading, strides ", down, " ", across);
            for (index i = 0; i < 4; ++i) {
                for (index j = 0; j < 3; ++j) {
                    part(i, j) = three::from_raw(static_cast<std::uint8_t>((3 * i + j) % 8));
                    model.set_code(bit(j + 1, i + 2), 3, static_cast<unsigned>((3 * i + j) % 8));
                }
            }
            cases.check(bytes == model.bytes(), "writing, strides ", down, " ", across);
            std::ranges::fill(line, three::from_raw(5));
            for (index j = 0; j < 3; ++j) model.set_code(bit(j + 1, 5), 3, 5);
            cases.check(bytes == model.bytes(), "filling a row, strides ", down, " ", across);
        }
    }
}

TEST_CASE("packed views: without memory, with stride 0, as ranges") {
    const packed_matrix<const six> none{nullptr, {3, 0}, {5, 1}};
    CHECK(row(none, 2).data == nullptr);
    CHECK(row(none, 2).begin() == row(none, 2).end());
    CHECK(row_block(none, 1, 2).data == nullptr);
    std::vector<std::uint8_t> bytes(9);
    const auto m = dyad::make_packed_matrix<six>(std::span<std::uint8_t>(bytes), 3, 4);
    const packed_view<const six> repeated{bytes.data(), {7}, {0}, 18};
    m(0, 3) = u6(33);
    CHECK(std::ranges::count(repeated, u6(33)) == 7);
    // A temporary view: its iterators outlive it.
    const auto end = std::ranges::copy(repeated, row(m, 1).begin() - 1).out;
    CHECK(end - row(m, 1).begin() == 6);
    CHECK(std::ranges::max_element(row(m, 2)) == row(m, 2).begin());
    CHECK(weighted_sum(m) != 0);
    const auto read = dyad::make_packed_matrix<six>(std::span<const std::uint8_t>(bytes), 3, 4);
    CHECK(weighted_sum(read) == weighted_sum(m));
}

TEST_CASE("memory_of: from the lowest to behind the highest byte that holds an element") {
    tally cases("memory_of packed views");
    std::vector<std::uint8_t> memory(200);
    using five = dyad::uinteger<5>;
    for (index offset = -9; offset < 9; ++offset) {
        for (index rows = 0; rows <= 4; ++rows) {
            for (index columns = 0; columns <= 4; ++columns) {
                for (index down = -5; down <= 5; ++down) {
                    for (index across = -5; across <= 5; ++across) {
                        const packed_matrix<five> m{memory.data() + 100, {rows, columns}, {down, across}, offset};
                        const dyad::byte_range range = dyad::memory_of(m);
                        const bool of_plain = overlaps_itself(dyad::matrix_view<char>{nullptr, m.extent, m.stride});
                        cases.check(overlaps_itself(m) == of_plain, "overlaps_itself");
                        if (rows * columns == 0) {
                            cases.check(range.first == range.last, "empty");
                            continue;
                        }
                        // The bytes that writing all ones changes.
                        std::fill(memory.begin(), memory.end(), std::uint8_t{0});
                        for (index i = 0; i < rows; ++i)
                            for (index j = 0; j < columns; ++j) m(i, j) = five::from_raw(31);
                        const auto set = [](std::uint8_t byte) { return byte != 0; };
                        const auto first = std::find_if(memory.begin(), memory.end(), set);
                        const auto last = std::find_if(memory.rbegin(), memory.rend(), set).base();
                        cases.check(range.first == reinterpret_cast<std::uintptr_t>(&*first) &&
                                        range.last == reinterpret_cast<std::uintptr_t>(&*(last - 1)) + 1,
                                    rows, " x ", columns, ", strides ", down, " ", across, ", offset ", offset);
                    }
                }
            }
        }
    }
}

TEST_CASE("overlap: views that meet in one byte") {
    std::array<std::uint8_t, 3> bytes{};
    const packed_view<four> first{bytes.data(), {3}, {1}, 0};
    const packed_view<const four> second{bytes.data(), {3}, {1}, 12};
    const packed_view<four> third{bytes.data(), {2}, {1}, 16};
    CHECK(overlap(memory_of(first), memory_of(second)));
    CHECK_FALSE(overlap(memory_of(first), memory_of(third)));
    CHECK(overlap(memory_of(second), dyad::memory_of(std::span(bytes).last(1))));
}

}  // namespace
