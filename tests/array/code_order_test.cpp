// SPDX-License-Identifier: Apache-2.0
// code_order: ggml's blocks element by element, both ways, in place, for any number of blocks.
#include <dyad/array/code_order.hpp>

#include <doctest/doctest.h>

#include "support/bit_string.hpp"
#include "support/tally.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace {

using dyad::code_order;
using dyad::status;
using dyad_test::tally;

using bytes = std::vector<std::uint8_t>;

static_assert(dyad::orderable_block<4, 32> && dyad::orderable_block<2, 128> && dyad::orderable_block<1, 256>);
static_assert(dyad::orderable_block<4, 2> && !dyad::orderable_block<4, 3> && !dyad::orderable_block<2, 6>);
static_assert(!dyad::orderable_block<3, 32> && !dyad::orderable_block<8, 32> && !dyad::orderable_block<4, 0>);
static_assert(dyad::code_block_bytes<4, 32> == 16 && dyad::code_block_bytes<2, 128> == 32 &&
              dyad::code_block_bytes<1, 256> == 32);
static_assert(dyad::bit_in_block<4, 32>(code_order::halves, 1) == 8);
static_assert(dyad::bit_in_block<4, 32>(code_order::halves, 17) == 12);
static_assert(dyad::bit_in_block<4, 32>(code_order::in_order, 17) == 68);

TEST_CASE("reorder_codes: 4 bits, 8 codes, written out") {
    const bytes in_order{0x10, 0x32, 0x54, 0x76};  // elements 0, 1, 2 ... are 0, 1, 2 ...
    const bytes halves{0x40, 0x51, 0x62, 0x73};
    bytes dst(4);
    REQUIRE(dyad::reorder_codes<4, 8>(in_order, code_order::in_order, dst, code_order::halves) == status::ok);
    CHECK(dst == halves);
    REQUIRE(dyad::reorder_codes<4, 8>(halves, code_order::halves, dst, code_order::in_order) == status::ok);
    CHECK(dst == in_order);
}

/// Element i of block `block`, read from bytes where ggml's loops have it: byte m of the block, from bit `shift` on.
template <int Bits, std::size_t Block>
unsigned element_of_halves(const bytes& codes, std::size_t block, std::size_t i) {
    constexpr std::size_t stride = Block * Bits / 8;
    std::size_t m = i;
    unsigned shift = 0;
    while (m >= stride) {
        m -= stride;
        shift += Bits;
    }
    return static_cast<unsigned>(codes[block * stride + m]) >> shift & ((1U << Bits) - 1);
}

template <int Bits, std::size_t Block>
void check_blocks(tally& cases) {
    constexpr std::size_t size = dyad::code_block_bytes<Bits, Block>;
    std::set<std::size_t> places;
    for (std::size_t i = 0; i < Block; ++i) places.insert(dyad::bit_in_block<Bits, Block>(code_order::halves, i));
    cases.check(places.size() == Block && *places.begin() == 0 && *places.rbegin() == 8 * size - Bits, "places");
    // Up to more than are converted at once.
    for (const std::size_t blocks :
         {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{5}, 2 * dyad::code_blocks_at_once<Block> + 1}) {
        const auto what = std::to_string(blocks) + " blocks of " + std::to_string(Block) + " codes of " +
                          std::to_string(Bits) + " bits";
        const bytes in_order = dyad_test::random_bytes(blocks * size, static_cast<std::uint32_t>(Block + blocks));
        bytes halves(in_order.size());
        REQUIRE(dyad::reorder_codes<Bits, Block>(in_order, code_order::in_order, halves, code_order::halves) ==
                status::ok);
        const dyad_test::bit_string model(in_order);
        const dyad_test::bit_string model_of_halves(halves);
        bool same = true;
        for (std::size_t b = 0; b < blocks; ++b) {
            for (std::size_t i = 0; i < Block; ++i) {
                const unsigned expected = model.code(static_cast<std::ptrdiff_t>((b * Block + i) * Bits), Bits);
                const std::size_t bit = 8 * b * size + dyad::bit_in_block<Bits, Block>(code_order::halves, i);
                same = same && element_of_halves<Bits, Block>(halves, b, i) == expected;
                same = same && model_of_halves.code(static_cast<std::ptrdiff_t>(bit), Bits) == expected;
            }
        }
        cases.check(same, what);
        bytes back(in_order.size());
        REQUIRE(dyad::reorder_codes<Bits, Block>(halves, code_order::halves, back, code_order::in_order) == status::ok);
        cases.check(back == in_order, what, ", back");
        REQUIRE(dyad::reorder_codes<Bits, Block>(back, code_order::in_order, back, code_order::halves) == status::ok);
        cases.check(back == halves, what, ", in place");
        for (const code_order order : {code_order::in_order, code_order::halves}) {
            bytes copy(in_order.size());
            REQUIRE(dyad::reorder_codes<Bits, Block>(halves, order, copy, order) == status::ok);
            cases.check(copy == halves, what, ", copied");
        }
    }
}

TEST_CASE("reorder_codes: blocks of ggml's formats and others") {
    tally cases("code orders");
    check_blocks<4, 32>(cases);   // Q4_0
    check_blocks<2, 128>(cases);  // TQ2_0
    check_blocks<1, 256>(cases);  // Q3_K, its high bits
    check_blocks<4, 2>(cases);
    check_blocks<4, 16>(cases);
    check_blocks<4, 34>(cases);
    check_blocks<2, 4>(cases);
    check_blocks<2, 20>(cases);
    check_blocks<1, 8>(cases);
    check_blocks<1, 24>(cases);
    check_blocks<4, 2048>(cases);
}

TEST_CASE("pack_halves and unpack_halves: all pairs of bytes") {
    tally cases("pairs of bytes");
    for (unsigned low = 0; low < 256; ++low) {
        for (unsigned high = 0; high < 256; ++high) {
            const std::array<std::uint8_t, 2> block{static_cast<std::uint8_t>(low), static_cast<std::uint8_t>(high)};
            std::array<std::uint8_t, 2> back{};
            std::array<std::uint8_t, 4> codes{};
            dyad::unpack_halves<4, 4>(block.data(), codes.data());
            dyad::pack_halves<4, 4>(codes.data(), back.data());
            cases.check(codes[0] == low % 16 && codes[1] == high % 16 && codes[2] == low / 16 &&
                            codes[3] == high / 16 && back == block,
                        "4 bits of ", low, " ", high);
            std::array<std::uint8_t, 16> single{};
            dyad::unpack_halves<1, 16>(block.data(), single.data());
            dyad::pack_halves<1, 16>(single.data(), back.data());
            bool same = back == block;
            for (std::size_t k = 0; k < 8; ++k)
                same = same && single[2 * k] == (low >> k & 1) && single[2 * k + 1] == (high >> k & 1);
            cases.check(same, "1 bit of ", low, " ", high);
        }
    }
}

TEST_CASE("reorder_codes: what spans must be") {
    bytes memory(40, 0x12);
    const std::span<std::uint8_t> all(memory);
    const auto reorder = [](std::span<const std::uint8_t> src, std::span<std::uint8_t> dst) {
        return dyad::reorder_codes<4, 32>(src, code_order::in_order, dst, code_order::halves);
    };
    CHECK(reorder(all.first(16), all.last(17)) == status::extents_differ);
    CHECK(reorder(all.first(16), {}) == status::extents_differ);
    CHECK(reorder(all.first(17), all.last(17)) == status::block_incomplete);
    CHECK(reorder(all.first(15), all.first(15)) == status::block_incomplete);
    CHECK(reorder(all.first(16), all.subspan(15, 16)) == status::dst_overlaps_src);
    CHECK(memory == bytes(40, 0x12));
    CHECK(reorder(all.first(16), all.subspan(16, 16)) == status::ok);
    CHECK(reorder({}, {}) == status::ok);
}

}  // namespace
