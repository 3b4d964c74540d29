// SPDX-License-Identifier: Apache-2.0
// Normalizations of rows: names are op/type/width, a quarter of a million bytes or floats in rows of that width. Beside
// them memcpy of the same elements and, where it is installed, oneDNN's float layer normalization. One thread; items
// are elements.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <dyad/array/float_norms.hpp>
#include <dyad/array/integer_norms.hpp>
#include <dyad/core/random.hpp>
#include <dyad/number/presets.hpp>

#if defined(DYAD_BENCH_ONEDNN)
#include <oneapi/dnnl/dnnl.hpp>
#endif

#include "one_thread.hpp"
#include "ratios.hpp"

namespace {

using dyad::index;
using dyad::instruction_set;
using dyad::norm_kind;

std::vector<bench::comparison> comparisons;

index rows_of(index width) { return 262144 / width; }

/// Rows of codes of some sizes.
template <class T>
const std::vector<T>& elements() {
    static const std::vector<T> all = [] {
        std::vector<T> x(262144);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const std::uint32_t bits = dyad::random_bits(1, 0, i);
            if constexpr (std::is_same_v<T, float>) x[i] = static_cast<float>(bits >> 8) * 0x1p-24f - 0.3f;
            else x[i] = T::saturating_from_raw(static_cast<std::int64_t>(bits % 200) - 90);
        }
        return x;
    }();
    return all;
}
const std::vector<float>& parameters() {
    static const std::vector<float> all = [] {
        std::vector<float> x(2048);
        for (std::size_t i = 0; i < x.size(); ++i)
            x[i] = static_cast<float>(dyad::random_bits(1, 1, i) >> 8) * 0x1p-24f + 0.5f;
        return x;
    }();
    return all;
}
template <class T>
dyad::matrix_view<const T> matrix(index width) {
    return dyad::make_matrix(elements<T>().data(), rows_of(width), width);
}

void count(benchmark::State& state, index width) {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows_of(width) * width));
}

template <class T>
void copy(benchmark::State& state) {
    std::vector<T> result(262144);
    for (auto _ : state) {
        std::memcpy(result.data(), elements<T>().data(), result.size() * sizeof(T));
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * 262144);
}

template <norm_kind Kind, class T>
void normalize_codes(benchmark::State& state, instruction_set isa, index width) {
    std::vector<std::int32_t> gains(static_cast<std::size_t>(width));
    std::vector<std::int64_t> offsets(gains.size());
    std::vector<T> result(262144);
    std::vector<T> one(gains.size());
    dyad::integer_norm<Kind, T, T> plan;
    const auto channels = dyad::make_vector(parameters().data(), width);
    const auto to = dyad::make_matrix(result.data(), rows_of(width), width);
    dyad::status s = plan.set(channels, channels, 1e-5, 0.05, 4.0 / T::max_raw, dyad::make_vector(gains.data(), width),
                              dyad::make_vector(offsets.data(), width));
    // Checked once: the last row by the plain way.
    const auto last = dyad::row(matrix<T>(width), rows_of(width) - 1);
    if (s == dyad::status::ok) s = plan.run(last, dyad::make_vector(one.data(), width), {instruction_set::scalar});
    if (s == dyad::status::ok) s = plan.run(matrix<T>(width), to, {isa});
    if (s != dyad::status::ok) return state.SkipWithError(dyad::to_string(s));
    if (std::memcmp(one.data(), &to(rows_of(width) - 1, 0), one.size() * sizeof(T)) != 0)
        return state.SkipWithError("a row differs from the plain way");
    for (auto _ : state) {
        s = plan.run(matrix<T>(width), to, {isa});
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, width);
}

template <norm_kind Kind>
dyad::status normalize_floats(index width, instruction_set isa, std::vector<float>& result) {
    const auto channels = dyad::make_vector(parameters().data(), width);
    const auto to = dyad::make_matrix(result.data(), rows_of(width), width);
    if constexpr (Kind == norm_kind::layer)
        return dyad::layer_norm(matrix<float>(width), channels, channels, 1e-5, to, {isa});
    else if constexpr (Kind == norm_kind::rms)
        return dyad::rms_norm(matrix<float>(width), channels, {}, 1e-5, to, {isa});
    else return dyad::l1_norm(matrix<float>(width), channels, channels, 1e-5, to, {isa});
}

template <norm_kind Kind>
void normalize_floats(benchmark::State& state, instruction_set isa, index width) {
    std::vector<float> result(262144);
    for (auto _ : state) {
        const dyad::status s = normalize_floats<Kind>(width, isa, result);
        if (s != dyad::status::ok) return state.SkipWithError(dyad::to_string(s));
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, width);
}

#if defined(DYAD_BENCH_ONEDNN)
void onednn(benchmark::State& state, index width) {
    using namespace dnnl;
    const engine cpu(engine::kind::cpu, 0);
    stream work(cpu);
    const memory::desc rows({rows_of(width), width}, memory::data_type::f32, memory::format_tag::ab);
    const memory::desc channels({width}, memory::data_type::f32, memory::format_tag::a);
    const auto flags = normalization_flags::use_scale | normalization_flags::use_shift;
    const layer_normalization_forward::desc what(prop_kind::forward_inference, rows, 1e-5f, flags);
    const layer_normalization_forward::primitive_desc how(what, cpu);
    const layer_normalization_forward primitive(how);
    std::vector<float> result(262144);
    std::vector<float> expected(262144);
    std::vector<float> mine = elements<float>();
    std::vector<float> gamma = parameters();
    const memory src(rows, cpu, mine.data());
    const memory dst(rows, cpu, result.data());
    const memory scale(channels, cpu, gamma.data());
    const std::unordered_map<int, memory> arguments{
        {DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}, {DNNL_ARG_SCALE, scale}, {DNNL_ARG_SHIFT, scale}};
    primitive.execute(work, arguments);
    work.wait();
    if (normalize_floats<norm_kind::layer>(width, instruction_set::avx512, expected) != dyad::status::ok)
        return state.SkipWithError("no result to compare with");
    for (index i = 0; i < rows_of(width) * width; ++i) {
        const auto k = static_cast<std::size_t>(i);
        if (!(std::abs(result[k] - expected[k]) < 1e-4f)) return state.SkipWithError("oneDNN's result differs");
    }
    for (auto _ : state) {
        primitive.execute(work, arguments);
        work.wait();
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, width);
}
#endif

template <class Function>
void add(const std::string& name, const std::string& work, const std::string& element, Function function) {
    benchmark::RegisterBenchmark(name.c_str(), function);
    comparisons.push_back({work, "memcpy", name, "memcpy/" + element});
}

template <norm_kind Kind>
void add_kind(const std::string& kind) {
    for (const index width : {384, 768}) {
        for (const auto isa : {instruction_set::avx512, instruction_set::avx2}) {
            if (isa > dyad::best_instruction_set()) continue;
            const std::string how = isa == instruction_set::avx512 ? "" : "/avx2";
            const std::string said = ", rows of " + std::to_string(width) + (how.empty() ? "" : ", AVX2");
            const std::string size = "/" + std::to_string(width) + how;
            add(kind + "/int8" + size, kind + " of int8" + said, "int8",
                [isa, width](benchmark::State& state) { normalize_codes<Kind, dyad::integer<8>>(state, isa, width); });
            add(kind + "/int16" + size, kind + " of int16" + said, "int16",
                [isa, width](benchmark::State& state) { normalize_codes<Kind, dyad::integer<16>>(state, isa, width); });
            add(kind + "/float32" + size, kind + " of float32" + said, "float32",
                [isa, width](benchmark::State& state) { normalize_floats<Kind>(state, isa, width); });
        }
#if defined(DYAD_BENCH_ONEDNN)
        if (Kind != norm_kind::layer) continue;
        const std::string peer = "onednn/float32/" + std::to_string(width);
        benchmark::RegisterBenchmark(peer.c_str(), [width](benchmark::State& state) { onednn(state, width); });
        comparisons.push_back({"layer_norm of float32, rows of " + std::to_string(width), "oneDNN",
                               "layer_norm/float32/" + std::to_string(width), peer});
#endif
    }
}

void add_all() {
    benchmark::RegisterBenchmark("memcpy/int8", copy<dyad::integer<8>>);
    benchmark::RegisterBenchmark("memcpy/int16", copy<dyad::integer<16>>);
    benchmark::RegisterBenchmark("memcpy/float32", copy<float>);
    add_kind<norm_kind::layer>("layer_norm");
    add_kind<norm_kind::rms>("rms_norm");
    add_kind<norm_kind::l1>("l1_norm");
}

}  // namespace

int main(int argc, char** argv) {
    bench::use_one_thread(argv);
    add_all();
    return bench::run(argc, argv, DYAD_BENCH_FOLDER "/norm.ratios.json", comparisons);
}
