// SPDX-License-Identifier: Apache-2.0
// Prints a hash of what number/, the functions of math/ made of integer arithmetic, the bulk conversions, numbers that
// share scales, functions of rows of floats and products of matrices compute, in the floating-point environment that
// the first argument names: default, upward, downward, toward_zero, flush (x86-64: FTZ and DAZ). Exit code 77 where the
// machine has no such environment.
#include <array>
#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <dyad/array/convert.hpp>
#include <dyad/array/float_activations.hpp>
#include <dyad/array/float_norms.hpp>
#include <dyad/array/float_softmax.hpp>
#include <dyad/array/quantize.hpp>
#include <dyad/linalg/block_gemm.hpp>
#include <dyad/linalg/epilogue.hpp>
#include <dyad/linalg/gemm.hpp>
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

constexpr dyad::index m = 5;
constexpr dyad::index k = 75;
constexpr dyad::index n = 21;
alignas(64) std::array<std::byte, 1 << 17> workspace;

/// Numbers of all kinds now and then, else moderate ones.
template <dyad::number T, std::size_t Size>
void fill(std::array<T, Size>& numbers, same_bits::source& from) {
    for (T& x : numbers) x = from.word() % 64 == 0 ? from.number<T>() : dyad::convert<T>(from.moderate<float>());
}

/// A product by every kernel, its sums to dst as Epilogue has them.
template <dyad::number A, dyad::number B, class Accumulator, dyad::product_rule Rule, dyad::number D, class Epilogue>
void multiply(same_bits::hash& all, same_bits::source& from, const Epilogue& epilogue) {
    std::array<A, m * k> lhs{};
    std::array<B, k * n> rhs{};
    std::array<D, m * n> dst{};
    fill(lhs, from);
    fill(rhs, from);
    for (const auto isa : {dyad::instruction_set::scalar, dyad::instruction_set::avx2, dyad::instruction_set::avx512,
                           dyad::instruction_set::amx}) {
        dyad::gemm_plan<A, B, Accumulator, Rule> plan;
        all.add(static_cast<std::uint64_t>(plan.make(m, k, n, {.cap = isa}, plan)));
        all.add(static_cast<std::uint64_t>(plan.run(dyad::make_matrix<const A>(lhs.data(), m, k),
                                                    dyad::make_matrix<const B>(rhs.data(), k, n),
                                                    dyad::make_matrix(dst.data(), m, n), epilogue, workspace)));
        for (const D x : dst) all.add_number(x);
    }
}
/// Operands whose blocks of 32 share powers of two.
void multiply_blocks(same_bits::hash& all, same_bits::source& from) {
    using code = dyad::float4_e2m1fn;
    using scale = dyad::float8_e8m0fnu;
    constexpr dyad::index blocks = 3;
    std::array<code, m * k> lhs{};
    std::array<code, n * k> rhs{};
    std::array<scale, m * blocks> lhs_scales{};
    std::array<scale, n * blocks> rhs_scales{};
    std::array<float, m * n> dst{};
    fill(lhs, from);
    fill(rhs, from);
    const auto power = [&from] { return scale::from_bits(static_cast<std::uint8_t>(120 + from.word() % 16)); };
    for (scale& x : lhs_scales) x = power();
    for (scale& x : rhs_scales) x = power();
    const dyad::quantized_view a{dyad::make_matrix<const code>(lhs.data(), m, k),
                                 dyad::per_row_block<const scale>(lhs_scales.data(), 32, k)};
    const auto b = transposed(dyad::quantized_view{dyad::make_matrix<const code>(rhs.data(), n, k),
                                                   dyad::per_row_block<const scale>(rhs_scales.data(), 32, k)});
    for (const auto isa : {dyad::instruction_set::scalar, dyad::instruction_set::avx2, dyad::instruction_set::amx}) {
        dyad::block_gemm_plan<std::remove_const_t<decltype(a)>, std::remove_const_t<decltype(b)>> plan;
        all.add(static_cast<std::uint64_t>(plan.make(a, b, {.cap = isa}, plan)));
        all.add(static_cast<std::uint64_t>(
            plan.run(a, b, dyad::make_matrix(dst.data(), m, n), dyad::keep_sum{}, workspace)));
        for (const float x : dst) all.add_number(x);
    }
}

void matrices(same_bits::hash& all, same_bits::source& from) {
    using dyad::float_ordered;
    using dyad::product_rule;
    using code = dyad::float8_e4m3fn;
    constexpr dyad::keep_sum sums;
    multiply<float, float, float_ordered, product_rule::exact, float>(all, from, sums);
    multiply<dyad::bfloat16, dyad::bfloat16, float_ordered, product_rule::exact, float>(all, from, sums);
    multiply<code, code, float_ordered, product_rule::exact, float>(all, from, sums);
    multiply<code, code, float_ordered, product_rule::lmul, float>(all, from, sums);
    multiply<float, float, float_ordered, product_rule::lmul_adder, float>(all, from, sums);
    const float factor = 0.37F;
    const float offset = -1.5F;
    const dyad::scale_columns<dyad::bfloat16> scale{{&factor, {n}, {0}}, {&offset, {n}, {0}}, 0.3};
    using int8 = dyad::integer<8>;
    multiply<int8, int8, dyad::chained<std::int32_t, 16, float>, product_rule::exact, dyad::bfloat16>(all, from, scale);
    multiply_blocks(all, from);
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
        matrices(all, from);
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
