// SPDX-License-Identifier: Apache-2.0
// Prints a hash of what the integer-only functions of rows give: ours and the published ones, whose scales are turned
// into integers at compile time. Compiles with g++ -mgeneral-regs-only; the output is that of rows.txt with every
// compiler and option.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include <dyad/array/function_table.hpp>
#include <dyad/array/ibert_rows.hpp>
#include <dyad/array/integer_log_softmax.hpp>
#include <dyad/array/integer_softmax.hpp>
#include <dyad/array/ivit_rows.hpp>
#include <dyad/array/published_softmax_rows.hpp>
#include <dyad/array/rotary.hpp>
#include <dyad/array/tflite_rows.hpp>
#include <dyad/array/tflite_softmax.hpp>
#include <dyad/array/top_k.hpp>
#include <dyad/number/fixed.hpp>

namespace {

using dyad::function_scales;
using dyad::integer;
using dyad::make_matrix;
using dyad::make_vector;
using dyad::multiplier;
using dyad::status;
using dyad::uinteger;

constexpr int rows = 24;
constexpr int columns = 197;
constexpr int count = rows * columns;
constexpr float scale = 0.0473F;

/// Codes from a linear congruential generator, small ones more often.
template <class T>
struct codes {
    std::array<T, count> raw{};
    constexpr codes() {
        std::uint32_t state = 1;
        for (T& x : raw) {
            state = state * 1664525 + 1013904223;
            const std::int64_t word = static_cast<std::int32_t>(state);
            x = T::saturating_from_raw((word >> (32 - T::width)) >> (state % 3));
        }
    }
    [[nodiscard]] dyad::vector_view<const T> row(int i) const {
        return make_vector(&raw[static_cast<std::size_t>(i * columns)], columns);
    }
    [[nodiscard]] dyad::matrix_view<const T> matrix() const { return make_matrix(raw.data(), rows, columns); }
};
const codes<integer<8>> bytes;
const codes<integer<16>> halves;

/// FNV-1a of a status and of raw numbers.
template <class T>
std::uint64_t hash_of(status s, const std::array<T, count>& results) {
    std::uint64_t state = 0xCBF2'9CE4'8422'2325 ^ static_cast<std::uint64_t>(s);
    for (const T x : results) {
        state = (state ^ static_cast<std::uint64_t>(static_cast<std::int64_t>(x.raw()))) * 0x0000'0100'0000'01B3;
    }
    return state;
}
void print(const char* name, std::uint64_t hash) {
    std::printf("%s %016llx\n", name, static_cast<unsigned long long>(hash));
}

/// f(src row, dst row) for every row.
template <class Out, class In, class F>
void print_rows(const char* name, const codes<In>& src, F f) {
    static std::array<Out, count> dst;
    status worst = status::ok;
    for (int i = 0; i < rows; ++i) {
        const status s = f(src.row(i), make_vector(&dst[static_cast<std::size_t>(i * columns)], columns));
        worst = s == status::ok ? worst : s;
    }
    print(name, hash_of(worst, dst));
}
/// f(src, dst) for the whole matrix.
template <class Out, class In, class F>
void print_matrix(const char* name, const codes<In>& src, F f) {
    static std::array<Out, count> dst;
    const status s = f(src.matrix(), make_matrix(dst.data(), rows, columns));
    print(name, hash_of(s, dst));
}

void ours() {
    constexpr function_scales scales = function_scales::from(0.0473, 1.0 / 64);
    static dyad::integer_softmax<integer<8>, uinteger<8>> softmax8;
    static dyad::integer_softmax<integer<8>, uinteger<8>> preserved;
    static dyad::integer_softmax<integer<16>, uinteger<16>> softmax16;
    static dyad::integer_log_softmax<integer<8>, integer<16>> log_softmax;
    static dyad::function_table<integer<8>, integer<8>> gelu;
    constexpr multiplier fine{scales.in.significand, scales.in.exponent - 6};
    if (softmax8.set(scales.in, 256) != status::ok ||
        preserved.set(scales.in, 256, dyad::softmax_sum::preserved) != status::ok ||
        softmax16.set(fine, 65536) != status::ok || log_softmax.set(scales.in, {1, 10}) != status::ok ||
        gelu.set(dyad::scalar_function::gelu, scales) != status::ok) {
        print("not set", 0);
    }
    print_matrix<uinteger<8>>("softmax8", bytes, [](auto x, auto y) { return softmax8.run(x, y); });
    print_matrix<uinteger<8>>("softmax8_causal", bytes, [](auto x, auto y) { return softmax8.run_causal(x, 100, y); });
    print_matrix<uinteger<8>>("softmax8_preserved", bytes, [](auto x, auto y) { return preserved.run(x, y); });
    print_matrix<uinteger<16>>("softmax16", halves, [](auto x, auto y) { return softmax16.run(x, y); });
    print_matrix<integer<16>>("log_softmax", bytes, [](auto x, auto y) { return log_softmax.run(x, y); });
    print_matrix<integer<8>>("gelu_table", bytes, [](auto x, auto y) { return gelu.run(x, y); });

    static std::array<dyad::fixed<16, 14>, 64 * 24> turns;
    static dyad::rotary_table<> rotary;
    status s = rotary.set(10000, 64, 24, make_vector(turns.data(), 64 * 24));
    static std::array<integer<16>, count> turned;
    if (s == status::ok) {
        s = rotary.run(make_matrix(halves.raw.data(), 24, 128), 0, dyad::rotary_layout::halves,
                       make_matrix(turned.data(), 24, 128));
    }
    print("rotary", hash_of(s, turned));
    static std::array<dyad::index, rows * 5> best;
    s = dyad::top_k(bytes.matrix(), make_matrix(best.data(), rows, 5));
    std::uint64_t places = static_cast<std::uint64_t>(s);
    for (const dyad::index i : best) places = places * 31 + static_cast<std::uint64_t>(i);
    print("top_k", places);
}

constexpr auto ivit_softmax_torch = dyad::ivit::softmax_parameters::from(dyad::ivit::arithmetic::pytorch, scale);
constexpr auto ivit_softmax_tvm = dyad::ivit::softmax_parameters::from(dyad::ivit::arithmetic::tvm, scale);
constexpr auto ivit_gelu_torch = dyad::ivit::gelu_parameters::from(dyad::ivit::arithmetic::pytorch, scale);
constexpr auto ibert_softmax = dyad::ibert::softmax_parameters::from(dyad::ibert::constants::code, scale);
constexpr auto ibert_gelu = dyad::ibert::gelu_parameters::from(dyad::ibert::constants::code, 0.001F);
constexpr auto ibert_exponential = dyad::ibert::exp_parameters::from(dyad::ibert::constants::code, scale);
constexpr auto tflite_softmax = [] {
    dyad::tflite::softmax_parameters p;
    static_cast<void>(p.set(scale));
    return p;
}();
constexpr auto tflite_logistic = [] {
    dyad::tflite::activation_parameters p;
    static_cast<void>(p.set(scale, 3));
    return p;
}();

void ivit() {
    namespace published = dyad::ivit;
    using published::arithmetic;
    static std::array<std::int64_t, columns> bias{};
    print_rows<integer<32>>("ivit_softmax", bytes,
                            [](auto x, auto y) { return published::softmax(x, ivit_softmax_torch, y); });
    print_rows<integer<32>>("ivit_softmax_tvm", bytes,
                            [](auto x, auto y) { return published::softmax(x, ivit_softmax_tvm, y); });
    print_rows<integer<32>>("ivit_gelu", bytes, [](auto x, auto y) { return published::gelu(x, ivit_gelu_torch, y); });
    print_rows<integer<32>>("ivit_layer_norm", halves, [](auto x, auto y) {
        return published::layer_norm(x, arithmetic::pytorch, make_vector<const std::int64_t>(bias.data(), columns), y);
    });
}

void ibert() {
    namespace published = dyad::ibert;
    using published::constants;
    static std::array<std::int64_t, columns> bias{};
    print_rows<integer<16>>("ibert_softmax", bytes,
                            [](auto x, auto y) { return published::softmax(x, ibert_softmax, y); });
    print_rows<dyad::integer<64>>("ibert_gelu", halves,
                                  [](auto x, auto y) { return published::gelu(x, ibert_gelu, y); });
    print_rows<integer<32>>("ibert_layer_norm", halves, [](auto x, auto y) {
        return published::layer_norm(x, constants::code, 4, make_vector<const std::int64_t>(bias.data(), columns), y);
    });
    print_rows<uinteger<8>>("fqvit_log_softmax", bytes,
                            [](auto x, auto y) { return dyad::fqvit::log_softmax(x, ibert_exponential, 4, y); });
}

void others() {
    print_rows<uinteger<8>>("index_softmax", bytes,
                            [](auto x, auto y) { return dyad::index_softmax::softmax(x, 140, y); });
    print_rows<uinteger<16>>("softermax", bytes, [](auto x, auto y) { return dyad::softermax::softmax(x, 16, y); });
    print_matrix<integer<8>>("tflite_softmax", bytes,
                             [](auto x, auto y) { return dyad::tflite::softmax(x, tflite_softmax, y); });
    print_matrix<integer<8>>("tflite_logistic", bytes,
                             [](auto x, auto y) { return dyad::tflite::logistic(x, tflite_logistic, y); });
    print_matrix<integer<8>>("tflite_l2_normalization", bytes,
                             [](auto x, auto y) { return dyad::tflite::l2_normalization(x, 3, y); });
}

}  // namespace

int main() {
    ours();
    ivit();
    ibert();
    others();
    return 0;
}
