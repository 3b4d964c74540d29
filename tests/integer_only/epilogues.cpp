// SPDX-License-Identifier: Apache-2.0
// Prints a hash of what the integer epilogues give: chains of zero points, residuals, clamps, the three roundings and a
// table. Compiles with g++ -mgeneral-regs-only; the output is that of epilogues.txt with every compiler and option.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include <dyad/array/function_table.hpp>
#include <dyad/linalg/epilogue_requantize.hpp>
#include <dyad/linalg/epilogue_stages.hpp>
#include <dyad/linalg/epilogue_words.hpp>
#include <dyad/number/fixed.hpp>

namespace {

using dyad::index;
using dyad::integer;
using dyad::multiplier;
using dyad::requantization;
using dyad::uinteger;

constexpr std::size_t rows = 5;
constexpr std::size_t columns = 77;

/// Numbers from a linear congruential generator.
struct numbers {
    std::uint32_t state = 1;
    std::int32_t next(int shift) {
        state = state * 1664525 + 1013904223;
        return static_cast<std::int32_t>(state) >> shift;
    }
};

std::array<std::int32_t, rows * columns> sums;
std::array<std::int32_t, columns> bias;
std::array<std::int32_t, rows> of_rows;
std::array<multiplier, columns> multipliers;
std::array<integer<8>, rows * columns> residual;

void fill() {
    numbers from;
    for (auto& x : sums) x = from.next(10);
    for (auto& x : bias) x = from.next(14);
    for (auto& x : of_rows) x = from.next(16);
    for (auto& x : multipliers) x = {(1 << 30) + (from.next(2) & 0x3fff'ffff), -42 + (from.next(8) & 3)};
    for (auto& x : residual) x = integer<8>::from_raw(static_cast<std::int8_t>(from.next(24)));
}

/// FNV-1a of the codes of all rows, by rows and by calls.
template <class Out, class Epilogue>
void print(const char* name, const Epilogue& e) {
    std::uint64_t state = 0xCBF2'9CE4'8422'2325;
    std::uint64_t by_calls = state;
    const auto add = [](std::uint64_t& to, Out x) {
        to = (to ^ static_cast<std::uint16_t>(x.raw())) * 0x0000'0100'0000'01B3;
    };
    for (std::size_t i = 0; i < rows; ++i) {
        std::array<Out, columns> dst{};
        const auto row = static_cast<index>(i);
        e.run(dyad::best_instruction_set(), &sums[i * columns], row, 0, static_cast<index>(columns), dst.data());
        for (std::size_t j = 0; j < columns; ++j) {
            add(state, dst[j]);
            add(by_calls, e(sums[i * columns + j], row, static_cast<index>(j)));
        }
    }
    std::printf("%s %016llx %s\n", name, static_cast<unsigned long long>(state),
                state == by_calls ? "rows are calls" : "rows differ from calls");
}

}  // namespace

int main() {
    fill();
    const auto biases = dyad::make_vector<const std::int32_t>(bias.data(), columns);
    const auto lines = dyad::make_vector<const std::int32_t>(of_rows.data(), rows);
    const auto factors = dyad::make_vector<const multiplier>(multipliers.data(), columns);
    const dyad::matrix_view<const integer<8>> input{residual.data(), {rows, columns}, {columns, 1}};
    print<integer<8>>("half up", dyad::requantize_columns<integer<8>>{biases, factors});
    print<uinteger<8>>("gemmlowp",
                       dyad::requantize_columns<uinteger<8>>{biases, factors, requantization::gemmlowp_double});
    print<integer<16>>("nearest even",
                       dyad::requantize_columns<integer<16>>{biases, factors, requantization::nearest_even});
    constexpr auto scales = dyad::function_scales::from(0.05, 0.04);
    const auto gelu = dyad::tabulate<integer<8>, integer<8>>(dyad::scalar_function::gelu, scales);
    print<integer<8>>("stages",
                      dyad::in_stages(dyad::add_terms{lines, biases, -99}, dyad::add_row_products{lines, biases},
                                      dyad::scale_dyadic{factors}, dyad::shift_right_by{1},
                                      dyad::add_residual_dyadic<integer<8>>{input, {1 << 30, -36}, {}, 3, 4},
                                      dyad::clamp_words_between{-100, 90}, dyad::to_codes<integer<8>>{7},
                                      dyad::through_table<integer<8>, integer<8>>{&gelu}));
}
