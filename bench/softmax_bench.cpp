// SPDX-License-Identifier: Apache-2.0
// Softmax of rows of integer codes, in level 2: names are types/instruction set/columns. Beside them memcpy of the same
// bytes, and shiftmax, the older softmax by shifts, row by row. One thread; items are elements.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <dyad/array/integer_softmax.hpp>
#include <dyad/array/softmax.hpp>
#include <dyad/number.hpp>

#include "ratios.hpp"

namespace {

using dyad::index;
using dyad::instruction_set;
using dyad::multiplier;
using dyad::status;

constexpr index in_level_2 = 1 << 18;  // bytes of src, and about as many of dst

std::vector<bench::comparison> comparisons;

/// Sums of eight uniform numbers of the format, about as wide as a normal distribution of 1/10 of its range.
template <class In>
std::vector<In> make_codes(index n) {
    std::vector<In> codes(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < codes.size(); ++i) {
        std::int64_t sum = 0;
        for (std::uint64_t j = 0; j < 8; ++j)
            sum += In::min_raw + static_cast<std::int64_t>(dyad::random_bits(1, j, i) % (1U << In::width));
        codes[i] = In::saturating_from_raw(sum / 8);
    }
    return codes;
}

template <class In>
index rows_of(index columns) {
    return in_level_2 / static_cast<index>(sizeof(In)) / columns;
}

void count(benchmark::State& state, index elements) {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(elements));
}

template <class In>
void copy(benchmark::State& state, index columns) {
    const index n = rows_of<In>(columns) * columns;
    const auto src = make_codes<In>(n);
    std::vector<In> dst(src.size());
    for (auto _ : state) {
        std::memcpy(static_cast<void*>(dst.data()), src.data(), src.size() * sizeof(In));
        benchmark::DoNotOptimize(dst.data());
        benchmark::ClobberMemory();
    }
    count(state, n);
}

/// One code is 16 / 2^width: the exponentials of 8-bit codes fall by a sixteenth.
template <class In>
multiplier scale_of() {
    return {1 << 30, 4 - In::width - 30};
}

template <class In, class Out>
void softmax(benchmark::State& state, index columns, std::uint32_t unit, instruction_set cap) {
    if (cap > dyad::best_instruction_set()) return state.SkipWithError("not measured: no such instructions");
    const index rows = rows_of<In>(columns);
    const auto src = make_codes<In>(rows * columns);
    std::vector<Out> dst(src.size());
    dyad::integer_softmax<In, Out> plan;
    status s = plan.set(scale_of<In>(), unit);
    for (auto _ : state) {
        s = plan.run(dyad::make_matrix(src.data(), rows, columns), dyad::make_matrix(dst.data(), rows, columns), {cap});
        benchmark::DoNotOptimize(dst.data());
        benchmark::ClobberMemory();
    }
    if (s != status::ok) return state.SkipWithError(dyad::to_string(s));
    count(state, rows * columns);
}

template <class In, class Out>
void shift(benchmark::State& state, index columns, std::uint32_t unit) {
    const index rows = rows_of<In>(columns);
    const auto src = make_codes<In>(rows * columns);
    std::vector<Out> dst(src.size());
    const multiplier m = dyad::log2_multiplier(static_cast<double>(scale_of<In>()));
    auto s = status::ok;
    for (auto _ : state) {
        for (index i = 0; i < rows && s == status::ok; ++i)
            s = dyad::shiftmax(dyad::make_vector(src.data() + i * columns, columns), m, unit,
                               dyad::make_vector(dst.data() + i * columns, columns));
        benchmark::DoNotOptimize(dst.data());
        benchmark::ClobberMemory();
    }
    if (s != status::ok) return state.SkipWithError(dyad::to_string(s));
    count(state, rows * columns);
}

template <class In, class Out>
void add(const std::string& name, std::uint32_t unit) {
    for (const index columns : {64, 128, 197, 512, 1024, 4096}) {
        const std::string tail = "/" + std::to_string(columns);
        const std::string memcpy_name = "memcpy " + std::to_string(sizeof(In)) + tail;
        if (sizeof(Out) == sizeof(In))
            benchmark::RegisterBenchmark(memcpy_name.c_str(), [columns](benchmark::State& s) { copy<In>(s, columns); });
        const std::string shift_name = name + "/shiftmax" + tail;
        benchmark::RegisterBenchmark(shift_name.c_str(),
                                     [=](benchmark::State& s) { shift<In, Out>(s, columns, unit); });
        for (const auto cap : {instruction_set::scalar, instruction_set::avx2, instruction_set::avx512}) {
            const std::string work = name + "/" + dyad::to_string(cap) + tail;
            benchmark::RegisterBenchmark(work.c_str(),
                                         [=](benchmark::State& s) { softmax<In, Out>(s, columns, unit, cap); });
            if (sizeof(Out) == sizeof(In))
                comparisons.push_back({"integer_softmax " + work, "memcpy", work, memcpy_name});
            comparisons.push_back({"integer_softmax " + work, "shiftmax", work, shift_name});
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    add<dyad::integer<8>, dyad::uinteger<8>>("int8 to uint8", 256);
    add<dyad::integer<8>, dyad::uinteger<16>>("int8 to uint16", 65536);
    add<dyad::integer<16>, dyad::uinteger<16>>("int16 to uint16", 65536);
    return bench::run(argc, argv, DYAD_BENCH_FOLDER "/softmax.ratios.json", comparisons);
}
