// SPDX-License-Identifier: Apache-2.0
// dequantize: every code of every kind of block, under every scale and scales of the tensor from end to end of float's
// range, as the exact product rounded once.
#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/quantize_check.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

namespace {

using dyad::status;
using dyad_test::tally;

/// Writes a code bit by bit, as the layout says.
template <class B>
void set_code(B& block, int i, std::uint32_t code) {
    constexpr int b = B::element_type::width;
    for (int k = 0; k < b; ++k) {
        int at = i * b + k;
        if (B::layout.order == dyad::code_order::halves)
            at = i < B::size / 2 ? 8 * i + k : 8 * (i - B::size / 2) + 4 + k;
        const auto bit = static_cast<std::uint8_t>(1u << (at % 8));
        if (((code >> k) & 1u) != 0) block.codes[at / 8] = static_cast<std::uint8_t>(block.codes[at / 8] | bit);
        else block.codes[at / 8] = static_cast<std::uint8_t>(block.codes[at / 8] & ~bit);
    }
}

/// All codes of elements under every scale of at most 8 bits; under wider ones as many as a block holds, taking turns.
template <class B>
std::vector<B> all_blocks() {
    using E = typename B::element_type;
    using S = typename B::scale_type;
    constexpr std::uint32_t codes = 1u << E::width;
    constexpr std::uint32_t blocks_of_scale = S::width > 8 ? 1 : (codes + B::size - 1) / B::size;
    std::vector<B> blocks;
    for (std::uint32_t scale = 0; scale < 1u << S::width; ++scale) {
        for (std::uint32_t k = 0; k < blocks_of_scale; ++k) {
            B block{};
            block.scale = S::from_bits(static_cast<typename S::bits_type>(scale));
            const std::uint32_t first = blocks_of_scale == 1 ? scale * (B::size + 1) : k * B::size;
            for (int i = 0; i < B::size; ++i) set_code(block, i, (first + static_cast<std::uint32_t>(i)) % codes);
            blocks.push_back(block);
        }
    }
    return blocks;
}

template <class B>
void check_all_codes(const char* name) {
    using E = typename B::element_type;
    using traits = dyad_test::scale_traits<typename B::scale_type>;
    tally cases(name);
    const auto e = reference::element_format_of<E>();
    const std::vector<B> blocks = all_blocks<B>();
    constexpr float top = std::numeric_limits<float>::max();
    std::vector<float> tensor_scales{1};
    if (B::layout.levels == dyad::scale_levels::two)
        tensor_scales = {1, 0x1.234568p-3f, 0x1p-149f, 0x1.fffffcp-127f, 0x1.8p120f, 0x1.555556p-140f, top};
    std::vector<float> values(blocks.size() * B::size);
    for (const float g : tensor_scales) {
        REQUIRE(dyad_test::dequantize_blocks(std::span<const B>(blocks), g, std::span<float>(values)) == status::ok);
        const auto n = static_cast<dyad::index>(values.size());
        for (const auto isa : {dyad::instruction_set::scalar, dyad::instruction_set::avx2}) {
            std::vector<float> again(values.size());
            const auto dst = dyad::make_matrix(again.data(), 1, n);
            REQUIRE(dyad::dequantize(dyad::view_of_blocks(blocks.data(), 1, n, g), dst, dyad::serial{}, isa) ==
                    status::ok);
            cases.check(std::memcmp(again.data(), values.data(), values.size() * sizeof(float)) == 0, "other bits by ",
                        to_string(isa));
        }
        for (std::size_t i = 0; i < values.size(); ++i) {
            const B& block = blocks[i / B::size];
            const std::int64_t code = dyad_test::code_in_block(block, static_cast<int>(i % B::size));
            const float expected =
                dyad_test::expected_value(e, code, B::layout.zero_point, traits::value(block.scale), g);
            cases.check(dyad_test::same_float(values[i], expected), "scale ", traits::code(block.scale), " code ", code,
                        " tensor scale ", g, ": ", values[i], " not ", expected);
        }
    }
}

TEST_CASE("dequantize: every code of OCP's blocks") {
    check_all_codes<dyad::mxfp8_e4m3>("mxfp8_e4m3");
    check_all_codes<dyad::mxfp8_e5m2>("mxfp8_e5m2");
    check_all_codes<dyad::mxfp6_e2m3>("mxfp6_e2m3");
    check_all_codes<dyad::mxfp6_e3m2>("mxfp6_e3m2");
    check_all_codes<dyad::mxfp4>("mxfp4");
    check_all_codes<dyad::mxint8>("mxint8");
}
TEST_CASE("dequantize: every code of the other blocks") {
    check_all_codes<dyad::nvfp4>("nvfp4");
    check_all_codes<dyad::msfp11>("msfp11");
    check_all_codes<dyad::msfp12>("msfp12");
    check_all_codes<dyad::msfp13>("msfp13");
    check_all_codes<dyad::msfp14>("msfp14");
    check_all_codes<dyad::msfp15>("msfp15");
    check_all_codes<dyad::msfp16>("msfp16");
    check_all_codes<dyad::q8_0>("q8_0");
    check_all_codes<dyad::q4_0>("q4_0");
    check_all_codes<dyad::ggml_mxfp4>("ggml_mxfp4");
}
TEST_CASE("dequantize: two levels with scales of eight bits and powers of two") {
    constexpr dyad::block_layout two{.levels = dyad::scale_levels::two};
    check_all_codes<dyad::block<dyad::float8_e5m2, dyad::float8_e5m2, 16, two>>("e5m2 under e5m2");
    check_all_codes<dyad::block<dyad::ternary, dyad::power_of_two<8>, 8, two>>("ternary under powers of two");
    check_all_codes<dyad::block<dyad::integer<8>, dyad::binary8p1uf, 16, two>>("int8 under binary8p1uf");
}

}  // namespace
