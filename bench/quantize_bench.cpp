// SPDX-License-Identifier: Apache-2.0
// Blocks that share scales: float to codes and scales and back, names are op/format/elements, elements in level 2.
// Beside them memcpy of the same floats. One thread; items are elements.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <dyad/array/quantize.hpp>
#include <dyad/kernels/block_dequantize.hpp>
#include <dyad/kernels/block_quantize.hpp>
#include <dyad/number.hpp>

#include "ratios.hpp"

namespace {

using dyad::float_format;
using dyad::instruction_set;

constexpr std::size_t in_level_2 = 32768;
constexpr float tensor_scale = 0.77f;

std::vector<bench::comparison> comparisons;

void count(benchmark::State& state) {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(in_level_2));
}

/// Floats of some sizes in each block, and blocks of some sizes.
const std::vector<float>& floats() {
    static const std::vector<float> all = [] {
        std::vector<float> x(in_level_2);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const std::uint32_t bits = dyad::random_bits(1, 0, i);
            const auto unit = static_cast<float>(bits >> 8) * 0x1p-24f;
            const auto block = static_cast<float>(1U << (dyad::random_bits(1, 1, i / 32) % 12));
            x[i] = (unit + 0.01f) * ((bits & 1) != 0 ? -block : block);
        }
        return x;
    }();
    return all;
}

void copy(benchmark::State& state) {
    std::vector<float> result(in_level_2);
    for (auto _ : state) {
        std::memcpy(result.data(), floats().data(), in_level_2 * sizeof(float));
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state);
}

/// Codes and scales of all blocks, apart or each block a struct.
template <float_format F, std::size_t Size>
struct storage {
    static constexpr std::size_t blocks = in_level_2 / Size;
    static constexpr std::size_t bytes = dyad::block_code_bytes<F, Size>;
    bool structs;
    std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(blocks * (bytes + 1));
    std::vector<std::uint32_t> largest = std::vector<std::uint32_t>(blocks);
    [[nodiscard]] dyad::block_places places() {
        constexpr auto stride = static_cast<std::ptrdiff_t>(bytes);
        if (structs) return {memory.data() + 1, stride + 1, memory.data(), stride + 1};
        return {memory.data(), stride, memory.data() + blocks * bytes, 1};
    }
};

/// NVFP4's rule where Size is 16, else the floor of MX.
template <float_format F, std::size_t Size>
void quantize_all(instruction_set isa, storage<F, Size>& to) {
    if constexpr (Size == 16) {
        dyad::quantize_scaled_blocks(isa, floats().data(), to.blocks, tensor_scale, to.places(), to.largest.data());
    } else {
        dyad::quantize_power_blocks<F, Size>(isa, floats().data(), to.blocks, {0, F.max_exponent()}, to.places(),
                                             to.largest.data());
    }
}
template <float_format F, float_format S, std::size_t Size>
void dequantize_all(instruction_set isa, storage<F, Size>& from, std::vector<float>& result) {
    constexpr std::size_t piece = 256;
    const auto places = from.places();
    float scales[piece];
    for (std::size_t b = 0; b < from.blocks; b += piece) {
        const auto here = places.from(b);
        const std::size_t n = from.blocks - b < piece ? from.blocks - b : piece;
        dyad::decode_scales<S>(isa, here.scales, here.scale_stride, n, scales);
        dyad::dequantize_blocks<F, Size>(isa, here.codes, here.code_stride, scales, Size == 16 ? tensor_scale : 1.0f, n,
                                         result.data() + b * Size);
    }
}

template <float_format F, std::size_t Size>
void quantize(benchmark::State& state, instruction_set isa, bool structs) {
    storage<F, Size> to{structs};
    for (auto _ : state) {
        quantize_all(isa, to);
        benchmark::DoNotOptimize(to.memory.data());
        benchmark::ClobberMemory();
    }
    count(state);
}
template <float_format F, float_format S, std::size_t Size>
void dequantize(benchmark::State& state, instruction_set isa, bool structs) {
    storage<F, Size> from{structs};
    std::vector<float> result(in_level_2);
    quantize_all(isa, from);
    // Checked once: the largest number of each block comes back within a quarter (a block's scale may cut it).
    dequantize_all<F, S>(isa, from, result);
    for (std::size_t b = 0; b < from.blocks; ++b) {
        std::size_t at = b * Size;
        for (std::size_t i = at; i < (b + 1) * Size; ++i) at = std::abs(floats()[i]) > std::abs(floats()[at]) ? i : at;
        const float x = floats()[at];
        if (std::abs(result[at] - x) > 0.26f * std::abs(x)) return state.SkipWithError("a block came back wrong");
    }
    for (auto _ : state) {
        dequantize_all<F, S>(isa, from, result);
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state);
}

template <class Function>
void add(const std::string& name, const std::string& work, Function function) {
    benchmark::RegisterBenchmark(name.c_str(), function);
    comparisons.push_back({work, "memcpy", name, "memcpy/" + std::to_string(in_level_2)});
}

template <float_format F, float_format S, std::size_t Size>
void add_format(const std::string& format) {
    const std::string size = "/" + std::to_string(in_level_2);
    for (const auto isa : {instruction_set::avx512, instruction_set::avx2}) {
        if (isa > dyad::best_instruction_set()) continue;
        for (const bool structs : {false, true}) {
            const bool best = isa == instruction_set::avx512;
            if (structs && !best) continue;
            const std::string how = std::string(structs ? "/structs" : "") + (best ? "" : "/avx2");
            const std::string said = std::string(structs ? ", structs" : "") + (best ? "" : ", AVX2");
            add("quantize/" + format + size + how, "float32 to " + format + said,
                [isa, structs](benchmark::State& state) { quantize<F, Size>(state, isa, structs); });
            add("dequantize/" + format + size + how, format + " to float32" + said,
                [isa, structs](benchmark::State& state) { dequantize<F, S, Size>(state, isa, structs); });
        }
    }
}

/// The same as a user calls it: spans of floats and of blocks.
template <class B>
void add_blocks(const std::string& format, dyad::scale_rule rule) {
    constexpr std::size_t blocks = in_level_2 / B::size;
    add("quantize/" + format + "/" + std::to_string(in_level_2) + "/blocks", "dyad::quantize to " + format,
        [rule](benchmark::State& state) {
            std::vector<B> to(blocks);
            const std::span<const float> from(floats());
            auto s = dyad::status::ok;
            for (auto _ : state) {
                if constexpr (B::layout.levels == dyad::scale_levels::two) {
                    s = dyad::quantize(from, std::span<B>(to), tensor_scale, rule);
                } else {
                    s = dyad::quantize(from, std::span<B>(to), rule);
                }
                benchmark::DoNotOptimize(to.data());
                benchmark::ClobberMemory();
            }
            if (s != dyad::status::ok) return state.SkipWithError(dyad::to_string(s));
            count(state);
        });
    add("dequantize/" + format + "/" + std::to_string(in_level_2) + "/blocks", "dyad::dequantize from " + format,
        [rule](benchmark::State& state) {
            std::vector<B> from(blocks);
            std::vector<float> to(in_level_2);
            const std::span<const float> numbers(floats());
            auto s = dyad::status::ok;
            if constexpr (B::layout.levels == dyad::scale_levels::two) {
                s = dyad::quantize(numbers, std::span<B>(from), tensor_scale, rule);
            } else {
                s = dyad::quantize(numbers, std::span<B>(from), rule);
            }
            for (auto _ : state) {
                const std::span<const B> all(from);
                if constexpr (B::layout.levels == dyad::scale_levels::two) {
                    s = dyad::dequantize(all, tensor_scale, std::span<float>(to));
                } else {
                    s = dyad::dequantize(all, std::span<float>(to));
                }
                benchmark::DoNotOptimize(to.data());
                benchmark::ClobberMemory();
            }
            if (s != dyad::status::ok) return state.SkipWithError(dyad::to_string(s));
            count(state);
        });
}

void add_all() {
    constexpr float_format power = dyad::float8_e8m0fnu_format;
    benchmark::RegisterBenchmark(("memcpy/" + std::to_string(in_level_2)).c_str(), copy);
    add_format<dyad::float4_e2m1fn_format, power, 32>("MXFP4");
    add_format<dyad::float6_e2m3fn_format, power, 32>("MXFP6 e2m3");
    add_format<dyad::float6_e3m2fn_format, power, 32>("MXFP6 e3m2");
    add_format<dyad::float8_e4m3fn_format, power, 32>("MXFP8 e4m3");
    add_format<dyad::float8_e5m2_format, power, 32>("MXFP8 e5m2");
    add_format<dyad::float4_e2m1fn_format, dyad::float8_e4m3fn_format, 16>("NVFP4");
    add_blocks<dyad::mxfp4>("mxfp4", dyad::scale_rule::floor);
    add_blocks<dyad::mxfp6_e2m3>("mxfp6_e2m3", dyad::scale_rule::floor);
    add_blocks<dyad::mxfp8_e4m3>("mxfp8_e4m3", dyad::scale_rule::floor);
    add_blocks<dyad::mxint8>("mxint8", dyad::scale_rule::floor);
    add_blocks<dyad::nvfp4>("nvfp4", dyad::scale_rule::nearest);
    add_blocks<dyad::nvfp4>("nvfp4 four_over_six", dyad::scale_rule::four_over_six);
    add_blocks<dyad::q8_0>("q8_0", dyad::scale_rule::nearest);
}

}  // namespace

int main(int argc, char** argv) {
    add_all();
    return bench::run(argc, argv, DYAD_BENCH_FOLDER "/quantize.ratios.json", comparisons);
}
