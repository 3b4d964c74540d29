// SPDX-License-Identifier: Apache-2.0
// Conversion of arrays by the scalar routine, beside memcpy of the same floats: names are op/from/to/elements.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <dyad/array.hpp>
#include <dyad/number.hpp>

namespace {

constexpr std::size_t elements = 16384;  // 64 KiB of floats: stays in L2

/// Floats over the normal range of all formats below, both signs, from the library's own random bits.
std::vector<float> sample() {
    std::vector<float> x(elements);
    for (std::size_t i = 0; i < elements; ++i) {
        const std::uint32_t bits = dyad::random_bits(1, 0, i);
        const auto unit = static_cast<float>(bits >> 8) * 0x1p-24f;
        x[i] = (unit + 0.5f) * ((bits & 1) != 0 ? -1.0f : 1.0f) * ((bits & 2) != 0 ? 16.0f : 0.25f);
    }
    return x;
}

template <class From, class To>
void convert_all(benchmark::State& state) {
    std::vector<From> source(elements);
    std::vector<To> result(elements);
    const std::vector<float> floats = sample();
    if (dyad::convert(std::span<const float>(floats), std::span<From>(source)) != dyad::status::ok) {
        state.SkipWithError("spans differ");
        return;
    }
    for (auto _ : state) {
        static_cast<void>(dyad::convert(std::span<const From>(source), std::span<To>(result)));
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * elements));
}

void copy(benchmark::State& state) {
    const std::vector<float> source = sample();
    std::vector<float> result(elements);
    for (auto _ : state) {
        std::memcpy(result.data(), source.data(), elements * sizeof(float));
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * elements));
}

BENCHMARK(copy)->Name("memcpy/float/float/16384");
BENCHMARK(convert_all<float, dyad::float8_e4m3fn>)->Name("convert/float/float8_e4m3fn/16384");
BENCHMARK(convert_all<float, dyad::float8_e5m2>)->Name("convert/float/float8_e5m2/16384");
BENCHMARK(convert_all<float, dyad::bfloat16>)->Name("convert/float/bfloat16/16384");
BENCHMARK(convert_all<float, dyad::float16>)->Name("convert/float/float16/16384");
BENCHMARK(convert_all<float, dyad::integer<8>>)->Name("convert/float/int8/16384");
BENCHMARK(convert_all<dyad::float8_e4m3fn, float>)->Name("convert/float8_e4m3fn/float/16384");
BENCHMARK(convert_all<dyad::bfloat16, float>)->Name("convert/bfloat16/float/16384");
BENCHMARK(convert_all<dyad::float16, float>)->Name("convert/float16/float/16384");

}  // namespace
