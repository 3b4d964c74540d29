// SPDX-License-Identifier: Apache-2.0
// Prints a hash of what number/, the functions of math/ made of integer arithmetic, the bulk conversions, numbers that
// share scales and functions of rows of floats compute, in the floating-point environment that the first argument
// names: default, upward, downward, toward_zero, flush (x86-64: FTZ and DAZ). Exit code 77 where the machine has no
// such environment.
#include <array>
#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <span>
#include <string_view>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <dyad/array/convert.hpp>
#include <dyad/array/float_activations.hpp>
#include <dyad/array/float_norms.hpp>
#include <dyad/array/float_softmax.hpp>
#include <dyad/array/quantize.hpp>
#include <dyad/math.hpp>

#include "work.hpp"

namespace {

bool enter(std::string_view environment) {
    if (environment == "default") return true;
    if (environment == "upward") return std::fesetround(FE_UPWARD) == 0;
    if (environment == "downward") return std::fesetround(FE_DOWNWARD) == 0;
    if (environment == "toward_zero") return std::fesetround(FE_TOWARDZERO) == 0;
#if defined(__SSE2__)
    if (environment == "flush") {
        constexpr unsigned flush_results = 0x8000;
        constexpr unsigned operands_are_zero = 0x0040;
        _mm_setcsr(_mm_getcsr() | flush_results | operands_are_zero);
        return true;
    }
#endif
    return false;
}

/// What the environment makes of the machine's own sum and product: proof that it is there.
std::uint64_t machine_arithmetic() {
    volatile float one = 1;
    volatile float tiny = 0x1p-140f;
    same_bits::hash all;
    all.add_number<float>(one + 0x1p-30f);
    all.add_number<float>(-one - 0x1p-30f);
    all.add_number<float>(one + 0x1.8p-24f);
    all.add_number<float>(tiny * 2);
    return all.value();
}

template <dyad::number To, dyad::number From>
void bulk(same_bits::hash& all, same_bits::source& from) {
    std::array<From, 67> in{};
    std::array<To, 67> out{};
    for (From& x : in) x = from.number<From>();
    const auto mode = from.mode();
    for (const auto rule : {dyad::rounding::nearest_even, mode}) {
        const auto state = dyad::convert(std::span<const From>(in), std::span<To>(out), rule, from.policy());
        all.add(static_cast<std::uint64_t>(state));
        for (const To x : out) all.add_number(x);
    }
}

void bulk_work(same_bits::hash& all, same_bits::source& from) {
    bulk<dyad::float8_e4m3fn, float>(all, from);
    bulk<dyad::float8_e5m2, float>(all, from);
    bulk<dyad::float4_e2m1fn, float>(all, from);
    bulk<dyad::bfloat16, float>(all, from);
    bulk<dyad::float16, float>(all, from);
    bulk<float, dyad::float8_e4m3fn>(all, from);
    bulk<float, dyad::float16>(all, from);
    bulk<dyad::fixed<8, 4>, float>(all, from);
}

/// Numbers that share scales: by the best kernels and by plain loops.
template <dyad::format E, dyad::number S>
void share_scales(same_bits::hash& all, same_bits::source& from, dyad::scale_rule rule, dyad::index tile_rows,
                  dyad::index tile_columns) {
    constexpr dyad::index rows = 4;
    constexpr dyad::index columns = 80;
    std::array<float, rows * columns> x{};
    std::array<E, rows * columns> codes{};
    std::array<S, rows * columns> scales{};
    for (float& number : x) number = all.value() % 8 == 0 ? from.number<float>() : from.moderate<float>();
    const auto src = dyad::make_matrix<const float>(x.data(), rows, columns);
    dyad::quantized_view<dyad::matrix_view<E>, S> view{dyad::make_matrix(codes.data(), rows, columns),
                                                       dyad::per_tile(scales.data(), tile_rows, tile_columns, columns),
                                                       {}};
    float tensor_scale = 1;
    for (const auto isa : {dyad::instruction_set::scalar, dyad::instruction_set::avx2, dyad::instruction_set::avx512}) {
        constexpr auto policy = dyad::saturation::propagate;
        if (std::same_as<S, dyad::float8_e4m3fn>) {
            all.add(static_cast<std::uint64_t>(
                quantize(src, view, &tensor_scale, rule, dyad::rounding::nearest_even, policy, dyad::serial{}, isa)));
            view.scales.tensor_scale = tensor_scale;
        } else {
            all.add(static_cast<std::uint64_t>(quantize(src, view, rule, from.mode(), policy, dyad::serial{}, isa)));
        }
        all.add_number(tensor_scale);
        for (const E code : codes) all.add_number(code);
        for (const S scale : scales) all.add_number(scale);
        std::array<float, rows * columns> y{};
        all.add(static_cast<std::uint64_t>(
            dequantize(view, dyad::make_matrix(y.data(), rows, columns), dyad::serial{}, isa)));
        for (const float number : y) all.add_number(number);
    }
}

void shared_work(same_bits::hash& all, same_bits::source& from) {
    using dyad::scale_rule;
    share_scales<dyad::float4_e2m1fn, dyad::float8_e8m0fnu>(all, from, scale_rule::floor, 1, 32);
    share_scales<dyad::float4_e2m1fn, dyad::float8_e4m3fn>(all, from, scale_rule::nearest, 1, 16);
    share_scales<dyad::float4_e2m1fn, dyad::float8_e4m3fn>(all, from, scale_rule::four_over_six, 1, 16);
    share_scales<dyad::integer<8>, float>(all, from, scale_rule::nearest, 1, dyad::whole_extent);
    share_scales<dyad::integer<8>, float>(all, from, scale_rule::absmean, 4, 1);
}

/// Functions of rows of floats, by every kernel.
void float_rows(same_bits::hash& all, same_bits::source& from) {
    using dyad::float_activation;
    constexpr dyad::index n = 333;
    std::array<float, n> x{};
    std::array<float, n> y{};
    for (float& number : x) number = from.word() % 16 == 0 ? from.number<float>() : from.moderate<float>();
    const auto src = dyad::make_vector<const float>(x.data(), n);
    const auto dst = dyad::make_vector(y.data(), n);
    for (const auto isa : {dyad::instruction_set::scalar, dyad::instruction_set::avx2, dyad::instruction_set::avx512}) {
        for (const auto f : {float_activation::gelu, float_activation::gelu_tanh, float_activation::silu,
                             float_activation::sigmoid, float_activation::tanh, float_activation::softplus}) {
            all.add(static_cast<std::uint64_t>(activate(f, src, dst, {isa})));
            for (const float number : y) all.add_number(number);
        }
        for (const dyad::index size : {n, dyad::index{40}, dyad::index{7}}) {
            const auto part = dyad::make_vector<const float>(x.data() + n - size, size);
            all.add(
                static_cast<std::uint64_t>(dyad::float_softmax{}.run(part, dyad::make_vector(y.data(), size), {isa})));
            for (const float number : y) all.add_number(number);
            all.add(static_cast<std::uint64_t>(
                dyad::float_log_softmax{}.run(part, dyad::make_vector(y.data(), size), {isa})));
            for (const float number : y) all.add_number(number);
            // (long rows hold NaN, which a comparison under -ffast-math once lost)
            const auto rows = dyad::make_matrix<const float>(part.data, 1, size);
            const auto results = dyad::make_matrix(y.data(), 1, size);
            all.add(static_cast<std::uint64_t>(layer_norm(rows, {}, {}, 1e-5, results, {isa})));
            for (const float number : y) all.add_number(number);
            all.add(static_cast<std::uint64_t>(rms_norm(rows, {}, {}, 0, results, {isa})));
            for (const float number : y) all.add_number(number);
            all.add(static_cast<std::uint64_t>(l1_norm(rows, {}, {}, 1e-5, results, {isa})));
            for (const float number : y) all.add_number(number);
        }
    }
}

/// Functions of one number: looked up, and of a wider type.
template <dyad::format T>
void functions(same_bits::hash& all, same_bits::source& from) {
    const T x(from.moderate<float>());
    all.add_numbers(exp(x), log(abs(x)), tanh(x), sin(x), erf(x), exp2(x, dyad::rounding::toward_negative));
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view environment = argc > 1 ? argv[1] : "default";
    if (!enter(environment)) return 77;
    same_bits::hash all;
    for (std::uint64_t i = 0; i < 4000; ++i) all.add(same_bits::work(i));
    for (std::uint64_t i = 0; i < 100; ++i) {
        same_bits::source from(i);
        bulk_work(all, from);
        shared_work(all, from);
        float_rows(all, from);
    }
    for (std::uint64_t i = 0; i < 4000; ++i) {
        same_bits::source from(i);
        all.add_number(dyad::exp_float(from.moderate<float>()));
        all.add(dyad::integer_sqrt(from.word()));
        functions<dyad::float8_e4m3fn>(all, from);
        if (i % 16 == 0) functions<dyad::minifloat<dyad::binary32_format>>(all, from);
    }
    std::printf("%016llx %016llx\n", static_cast<unsigned long long>(all.value()),
                static_cast<unsigned long long>(machine_arithmetic()));
    return 0;
}
