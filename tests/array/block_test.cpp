// SPDX-License-Identifier: Apache-2.0
// block: where each layout keeps its elements, and views of blocks; the same numbers in another layout (repack).
#include <dyad/array/block.hpp>

#include <doctest/doctest.h>

#include "support/tally.hpp"

#include <array>
#include <cstring>
#include <random>
#include <vector>

#include <dyad/array/repack.hpp>

namespace dyad_test {
namespace {

/// Every element written alone changes its own bits and no others, and reads back; first_bit says where it must be.
template <class B, class FirstBit>
void check_places(const FirstBit& first_bit) {
    using E = typename B::element_type;
    tally t("places of a block's elements");
    std::mt19937 random(5);
    B b;
    std::array<bool, 8 * B::code_bytes> bits{};
    for (std::uint8_t& byte : b.codes) byte = 0;
    for (int round = 0; round < 4; ++round) {
        for (int i = 0; i < B::size; ++i) {
            const auto code = static_cast<typename E::bits_type>(random() & dyad::low_mask<std::uint32_t>(E::width));
            b.set_element(i, E::from_bits(code));
            for (int k = 0; k < E::width; ++k)
                bits[static_cast<std::size_t>(first_bit(i) + k)] = ((code >> k) & 1) != 0;
            bool same = b.element(i).bits() == E::from_bits(code).bits();
            for (std::size_t k = 0; k < bits.size(); ++k)
                same = same && bits[k] == (((b.codes[k / 8] >> (k % 8)) & 1) != 0);
            t.check(same, i, " ", code);
        }
    }
}

TEST_CASE("block: elements are where the layout says") {
    const auto in_order = [](int width) { return [width](int i) { return i * width; }; };
    check_places<dyad::mxfp8_e4m3>(in_order(8));
    check_places<dyad::mxfp6_e2m3>(in_order(6));
    check_places<dyad::mxfp4>(in_order(4));
    check_places<dyad::msfp11>(in_order(3));
    check_places<dyad::msfp13>(in_order(5));
    check_places<dyad::bfp<13, 5>>(in_order(13));
    check_places<dyad::q8_0>(in_order(8));
    const auto halves = [](int i) { return i < 16 ? 8 * i : 8 * (i - 16) + 4; };
    check_places<dyad::ggml_mxfp4>(halves);
    check_places<dyad::q4_0>(halves);
}

TEST_CASE("block: the grids of Microsoft floating point are even, with two zeros") {
    using element = dyad::msfp12::element_type;
    for (unsigned code = 0; code < 16; ++code) {
        const float magnitude = static_cast<float>(code & 7) / 4;
        CHECK(float(element::from_bits(static_cast<std::uint8_t>(code))) == (code < 8 ? magnitude : -magnitude));
    }
}

template <class View>
void fill(const View& view, unsigned seed) {
    using E = typename View::element;
    using S = typename View::scale;
    std::mt19937 random(seed);
    const auto scales = scales_of(view.scales, view.codes.extent[0], view.codes.extent[1]);
    for (dyad::index i = 0; i < scales.extent[0]; ++i) {
        for (dyad::index j = 0; j < scales.extent[1]; ++j) {
            const auto code = random() & dyad::low_mask<std::uint32_t>(S::width);
            scales(i, j) = S::from_bits(static_cast<typename S::bits_type>(code));
        }
    }
    for (dyad::index i = 0; i < view.codes.extent[0]; ++i) {
        for (dyad::index j = 0; j < view.codes.extent[1]; ++j) {
            const auto code = random() & dyad::low_mask<std::uint32_t>(E::width);
            view.codes(i, j) = E::from_bits(static_cast<typename E::bits_type>(code));
        }
    }
}

TEST_CASE_TEMPLATE("repack: blocks to arrays of codes and of scales and back lose nothing", B, dyad::mxfp8_e5m2,
                   dyad::mxfp6_e3m2, dyad::mxfp4, dyad::mxint8, dyad::nvfp4, dyad::q4_0, dyad::msfp14) {
    using E = typename B::element_type;
    using S = typename B::scale_type;
    for (const dyad::index columns : {1, 15, 32, 64, 100, 1056}) {
        const dyad::index rows = 3;
        const dyad::index across = dyad::tiles_of(columns, B::size);
        std::vector<B> blocks(static_cast<std::size_t>(rows * across));
        std::vector<B> again(blocks.size());
        for (B& b : blocks) {
            for (int k = 0; k < B::size; ++k) b.set_element(k, dyad::zero_element<B>());
        }
        for (B& b : again) std::memset(static_cast<void*>(&b), 0x5a, sizeof b);
        const auto view = dyad::view_of_blocks(blocks.data(), rows, columns, 0.5F);
        fill(view, static_cast<unsigned>(columns));
        std::vector<E> codes(static_cast<std::size_t>(rows * columns));
        std::vector<S> scales(static_cast<std::size_t>(rows * across));
        dyad::scale_map<S> map = dyad::per_row_block(scales.data(), B::size, columns);
        map.tensor_scale = 0.5F;
        const dyad::quantized_view<dyad::matrix_view<E>, S, dyad::block_zero_point<B>> apart{
            dyad::make_matrix(codes.data(), rows, columns), map, {}};
        REQUIRE(repack(view, apart) == dyad::status::ok);
        tally t("values of blocks apart");
        for (dyad::index i = 0; i < rows; ++i) {
            for (dyad::index j = 0; j < columns; ++j) {
                t.check(view.value(i, j) == apart.value(i, j) &&
                            view.codes(i, j).holder->scale.bits() == apart.scales(i, j).bits(),
                        i, " ", j);
            }
        }
        REQUIRE(repack(apart, dyad::view_of_blocks(again.data(), rows, columns, 0.5F)) == dyad::status::ok);
        CHECK(std::memcmp(blocks.data(), again.data(), blocks.size() * sizeof(B)) == 0);
    }
}

TEST_CASE("repack: what does not agree is told, and nothing is written") {
    using E = dyad::float4_e2m1fn;
    using S = dyad::float8_e8m0fnu;
    std::vector<E> codes(64, E(1.5F));
    std::vector<E> other(64, E(3.0F));
    std::vector<S> scales(4, S(4.0F));
    std::vector<S> others(4, S(8.0F));
    const dyad::quantized_view src{dyad::make_matrix(codes.data(), 2, 32), dyad::per_row_block(scales.data(), 16, 32)};
    dyad::quantized_view dst{dyad::make_matrix(other.data(), 2, 32), dyad::per_row_block(others.data(), 16, 32)};
    const auto with = [&](auto&& change) {
        auto changed = dst;
        change(changed);
        const dyad::status s = repack(src, changed);
        CHECK(float(other[0]) == 3);
        CHECK(float(others[0]) == 8);
        return s;
    };
    using dyad::status;
    CHECK(with([](auto& v) { v.codes.extent[1] = 31; }) == status::extents_differ);
    CHECK(with([](auto& v) { v.scales.tile[1] = 32; }) == status::scales_differ);
    CHECK(with([](auto& v) { v.scales.tile[1] = 0; }) == status::tile_not_positive);
    CHECK(with([](auto& v) { v.scales.tensor_scale = 2; }) == status::scales_differ);
    CHECK(with([](auto& v) { v.codes.data = nullptr; }) == status::dst_null);
    CHECK(with([](auto& v) { v.scales.data = nullptr; }) == status::scales_null);
    CHECK(with([](auto& v) { v.scales.stride = {0, 0}; }) == status::scales_overlap_themselves);
    CHECK(with([](auto& v) { v.codes.stride[0] = 16; }) == status::dst_overlaps_itself);
    CHECK(with([&](auto& v) { v.codes.data = codes.data() + 1; }) == status::dst_overlaps_src);
    CHECK(with([&](auto& v) { v.scales.data = scales.data(); }) == status::scales_overlap_operand);
    CHECK(repack(src, dst) == status::ok);
    CHECK(float(other[63]) == 1.5F);
    CHECK(float(others[3]) == 4);
}

}  // namespace
}  // namespace dyad_test
