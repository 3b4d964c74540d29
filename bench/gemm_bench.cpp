// SPDX-License-Identifier: Apache-2.0
// Matrix products of every carrier: names are gemm/formats/m x n x k. Baselines in the same binary: a plain float
// triple loop, and OpenBLAS where CMake found it. One thread.
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <dyad/linalg.hpp>
#include <dyad/number.hpp>

#if DYAD_BENCH_OPENBLAS
#include <cblas.h>
#endif

namespace {

struct shape {
    dyad::index m;
    dyad::index n;
    dyad::index k;
};
constexpr shape small{16, 192, 64};    // the digits transformer's largest layer
constexpr shape large{128, 768, 768};  // one layer of a base-size transformer

/// Small whole numbers, exact in every format, so that all products have one right answer.
template <class T>
std::vector<T> matrix(dyad::index rows, dyad::index columns, std::uint64_t id) {
    std::vector<T> x(static_cast<std::size_t>(rows * columns));
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = dyad::convert<T>(static_cast<int>(dyad::random_bits(7, id, i) % 15) - 7);
    return x;
}

void count(benchmark::State& state, shape s) {
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * 2 * s.m * s.n * s.k);
}

void multiply_plainly(shape s, const std::vector<float>& lhs, const std::vector<float>& rhs, std::vector<float>& dst) {
    for (dyad::index i = 0; i < s.m; ++i) {
        for (dyad::index j = 0; j < s.n; ++j) {
            const float* const a = lhs.data() + i * s.k;
            const float* const b = rhs.data() + j * s.k;
            float sum = 0;
            for (dyad::index k = 0; k < s.k; ++k) sum += a[k] * b[k];
            dst[static_cast<std::size_t>(i * s.n + j)] = sum;
        }
    }
}

std::vector<float> expected(shape s) {
    std::vector<float> dst(static_cast<std::size_t>(s.m * s.n));
    multiply_plainly(s, matrix<float>(s.m, s.k, 0), matrix<float>(s.n, s.k, 1), dst);
    return dst;
}

template <class A, class B, class Accumulator>
void product(benchmark::State& state, shape s, dyad::instruction_set cap) {
    using plan_type = dyad::gemm_plan<A, B, Accumulator>;
    const auto lhs = matrix<A>(s.m, s.k, 0);
    const auto rhs = matrix<B>(s.n, s.k, 1);
    std::vector<typename plan_type::sum_type> dst(static_cast<std::size_t>(s.m * s.n));
    plan_type plan;
    if (plan_type::make(s.m, s.k, s.n, {.cap = cap}, plan) != dyad::status::ok) return state.SkipWithError("no plan");
    std::vector<std::byte> workspace(plan.workspace_bytes());
    const auto run = [&] {
        return plan.run(dyad::make_matrix(lhs.data(), s.m, s.k),
                        dyad::transposed(dyad::make_matrix(rhs.data(), s.n, s.k)),
                        dyad::make_matrix(dst.data(), s.m, s.n), dyad::keep_sum{}, workspace);
    };
    if (run() != dyad::status::ok) return state.SkipWithError("does not run");
    const auto right = expected(s);
    for (std::size_t i = 0; i < dst.size(); ++i) {
        if (static_cast<float>(dst[i]) != right[i]) return state.SkipWithError("wrong result");
    }
    for (auto _ : state) {
        static_cast<void>(run());
        benchmark::DoNotOptimize(dst.data());
        benchmark::ClobberMemory();
    }
    count(state, s);
    state.SetLabel(to_string(plan.describe().kernel));
}

void plain_loop(benchmark::State& state, shape s) {
    const auto lhs = matrix<float>(s.m, s.k, 0);
    const auto rhs = matrix<float>(s.n, s.k, 1);
    std::vector<float> dst(static_cast<std::size_t>(s.m * s.n));
    for (auto _ : state) {
        multiply_plainly(s, lhs, rhs, dst);
        benchmark::DoNotOptimize(dst.data());
        benchmark::ClobberMemory();
    }
    count(state, s);
}

#if DYAD_BENCH_OPENBLAS
void openblas(benchmark::State& state, shape s) {
    const auto lhs = matrix<float>(s.m, s.k, 0);
    const auto rhs = matrix<float>(s.n, s.k, 1);
    std::vector<float> dst(static_cast<std::size_t>(s.m * s.n));
    openblas_set_num_threads(1);
    const auto run = [&] {
        const auto [m, n, k] = s;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(m), static_cast<int>(n),
                    static_cast<int>(k), 1, lhs.data(), static_cast<int>(k), rhs.data(), static_cast<int>(k), 0,
                    dst.data(), static_cast<int>(n));
    };
    run();
    if (dst != expected(s)) return state.SkipWithError("wrong result");
    for (auto _ : state) {
        run();
        benchmark::DoNotOptimize(dst.data());
    }
    count(state, s);
}
#endif

void register_all(const char* suffix, shape s) {
    const auto add = [&](const char* formats, auto&& f) {
        benchmark::RegisterBenchmark((std::string("gemm/") + formats + "/" + suffix).c_str(), f);
    };
    constexpr auto best = dyad::instruction_set::avx2;
    constexpr auto scalar = dyad::instruction_set::scalar;
    using dyad::float_ordered;
    using int32 = dyad::proven<std::int32_t>;
    add("plain float loop", [=](benchmark::State& state) { plain_loop(state, s); });
#if DYAD_BENCH_OPENBLAS
    add("OpenBLAS float", [=](benchmark::State& state) { openblas(state, s); });
#endif
    add("float x float", [=](benchmark::State& state) { product<float, float, float_ordered>(state, s, best); });
    add("float x float, scalar",
        [=](benchmark::State& state) { product<float, float, float_ordered>(state, s, scalar); });
    add("bfloat16 x bfloat16",
        [=](benchmark::State& state) { product<dyad::bfloat16, dyad::bfloat16, float_ordered>(state, s, best); });
    add("float8_e4m3fn x float8_e4m3fn", [=](benchmark::State& state) {
        product<dyad::float8_e4m3fn, dyad::float8_e4m3fn, float_ordered>(state, s, best);
    });
    add("int8 x int8",
        [=](benchmark::State& state) { product<dyad::integer<8>, dyad::integer<8>, int32>(state, s, best); });
    add("int16 x int16, chains of 256", [=](benchmark::State& state) {
        product<dyad::integer<16>, dyad::integer<16>, dyad::chained<std::int64_t, 256, float>>(state, s, best);
    });
}

const bool registered = [] {
    register_all("16x192x64", small);
    register_all("128x768x768", large);
    return true;
}();

}  // namespace
