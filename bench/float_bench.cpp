// SPDX-License-Identifier: Apache-2.0
// Functions of rows of floats: names are op/rows x columns. Beside softmax oneDNN's, and the time of a pass that reads
// the row and a memcpy of it, the memory's part of a softmax in two passes; beside the activations memcpy. One thread;
// items are elements.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#if defined(DYAD_BENCH_ONEDNN)
#include <oneapi/dnnl/dnnl.hpp>
#endif

#include <dyad/array/float_activations.hpp>
#include <dyad/array/float_softmax.hpp>
#include <dyad/core/random.hpp>

#include "one_thread.hpp"
#include "ratios.hpp"

namespace {

using dyad::index;
using dyad::instruction_set;

std::vector<bench::comparison> comparisons;

/// Floats aligned as a cache line, between -10 and 10.
class buffer {
public:
    explicit buffer(std::size_t n)
        : memory_(static_cast<float*>(std::aligned_alloc(4096, (n * sizeof(float) + 4095) / 4096 * 4096)), std::free) {
        for (std::size_t i = 0; i < n; ++i)
            memory_.get()[i] = static_cast<float>(dyad::random_bits(1, 0, i)) * (20 * 0x1p-32f) - 10;
    }
    [[nodiscard]] float* data() const { return memory_.get(); }

private:
    std::unique_ptr<float, void (*)(void*)> memory_;
};

struct shape {
    index rows;
    index columns;
    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(rows * columns); }
    [[nodiscard]] std::string name() const { return std::to_string(rows) + "x" + std::to_string(columns); }
};

/// src, read only, and dst, of a shape; made once for each shape.
struct operands {
    buffer src;
    buffer dst;
    explicit operands(shape s) : src(s.size()), dst(s.size()) {}
    static operands& of(shape s) {
        static std::vector<std::pair<std::size_t, std::unique_ptr<operands>>> all;
        for (auto& [size, known] : all) {
            if (size == s.size()) return *known;
        }
        all.emplace_back(s.size(), std::make_unique<operands>(s));
        return *all.back().second;
    }
};

void count(benchmark::State& state, shape s) {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(s.size()));
}

/// Do the first row's shares agree with those in double?
bool is_softmax(const float* x, const float* y, index columns) {
    double sum = 0;
    for (index i = 0; i < columns; ++i) sum += std::exp(static_cast<double>(x[i]));
    for (index i = 0; i < columns; ++i) {
        const double share = std::exp(static_cast<double>(x[i])) / sum;
        if (!(std::abs(static_cast<double>(y[i]) - share) <= 1e-5 * share)) return false;
    }
    return true;
}

template <class Function>
void measure(benchmark::State& state, shape s, Function run) {
    operands& o = operands::of(s);
    for (auto _ : state) {
        run(o.src.data(), o.dst.data());
        benchmark::DoNotOptimize(o.dst.data());
        benchmark::ClobberMemory();
    }
    count(state, s);
}
template <class Function>
void measure_softmax(benchmark::State& state, shape s, Function run) {
    operands& o = operands::of(s);
    run(o.src.data(), o.dst.data());
    if (!is_softmax(o.src.data(), o.dst.data(), s.columns)) return state.SkipWithError("wrong shares");
    measure(state, s, run);
}

/// The whole row once, into nothing: 64 bytes at a time where the compiler has vectors.
[[gnu::noinline]] std::uint32_t read_all(const float* x, std::size_t n) {
    using words [[gnu::vector_size(16)]] = std::uint32_t;
    words all[4]{};
    for (std::size_t i = 0; i + 16 <= n; i += 16) {
        for (std::size_t k = 0; k < 4; ++k) {
            words w;
            std::memcpy(&w, x + i + 4 * k, sizeof w);
            all[k] |= w;
        }
    }
    const words one = all[0] | all[1] | all[2] | all[3];
    return one[0] | one[1] | one[2] | one[3];
}

#if defined(DYAD_BENCH_ONEDNN)
class onednn_softmax {
public:
    onednn_softmax(shape s, float* src, float* dst) {
        const dnnl::memory::desc layout({s.rows, s.columns}, dnnl::memory::data_type::f32,
                                        dnnl::memory::format_tag::ab);
        src_ = dnnl::memory(layout, engine_, src);
        dst_ = dnnl::memory(layout, engine_, dst);
#if DNNL_VERSION_MAJOR >= 3
        const dnnl::softmax_forward::primitive_desc description(engine_, dnnl::prop_kind::forward_inference,
                                                                dnnl::algorithm::softmax_accurate, layout, layout, 1);
#else
        const dnnl::softmax_forward::desc operation(dnnl::prop_kind::forward_inference, layout, 1);
        const dnnl::softmax_forward::primitive_desc description(operation, engine_);
#endif
        primitive_ = dnnl::softmax_forward(description);
    }
    void run() {
        primitive_.execute(stream_, {{DNNL_ARG_SRC, src_}, {DNNL_ARG_DST, dst_}});
        stream_.wait();
    }

private:
    dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream_{engine_};
    dnnl::memory src_;
    dnnl::memory dst_;
    dnnl::softmax_forward primitive_;
};
#endif

void add_softmax(shape s) {
    const std::string name = "/" + s.name();
    const bool is_long = s.rows == 1;
    const std::string floor = (is_long ? "read_and_memcpy" : "memcpy") + name;
    benchmark::RegisterBenchmark(floor.c_str(), [s, is_long](benchmark::State& state) {
        measure(state, s, [s, is_long](const float* x, float* y) {
            if (is_long) benchmark::DoNotOptimize(read_all(x, s.size()));
            std::memcpy(y, x, s.size() * sizeof(float));
        });
    });
    const std::string peer = "onednn_softmax" + name;
#if defined(DYAD_BENCH_ONEDNN)
    benchmark::RegisterBenchmark(peer.c_str(), [s](benchmark::State& state) {
        operands& o = operands::of(s);
        onednn_softmax softmax(s, o.src.data(), o.dst.data());
        measure_softmax(state, s, [&softmax](const float*, float*) { softmax.run(); });
    });
#endif
    for (const auto isa : {instruction_set::avx512, instruction_set::avx2}) {
        if (isa > dyad::best_instruction_set()) continue;
        const bool best = isa == instruction_set::avx512;
        const std::string ours = "softmax" + name + (best ? "" : "/avx2");
        benchmark::RegisterBenchmark(ours.c_str(), [s, isa](benchmark::State& state) {
            measure_softmax(state, s, [s, isa](const float* x, float* y) {
                benchmark::DoNotOptimize(dyad::float_softmax{}.run(dyad::make_matrix(x, s.rows, s.columns),
                                                                   dyad::make_matrix(y, s.rows, s.columns), {isa}));
            });
        });
        const std::string work = "float softmax " + s.name() + (best ? "" : ", AVX2");
        comparisons.push_back({work, "oneDNN", ours, peer});
        comparisons.push_back({work, is_long ? "read and memcpy" : "memcpy", ours, floor});
    }
    const std::string log = "log_softmax" + name;
    benchmark::RegisterBenchmark(log.c_str(), [s](benchmark::State& state) {
        measure(state, s, [s](const float* x, float* y) {
            benchmark::DoNotOptimize(dyad::float_log_softmax{}.run(dyad::make_matrix(x, s.rows, s.columns),
                                                                   dyad::make_matrix(y, s.rows, s.columns)));
        });
    });
    comparisons.push_back({"float log-softmax " + s.name(), is_long ? "read and memcpy" : "memcpy", log, floor});
}

void add_activation(dyad::float_activation f, shape s) {
    const std::string peer = "memcpy/" + s.name();
    for (const auto isa : {instruction_set::avx512, instruction_set::avx2}) {
        if (isa > dyad::best_instruction_set()) continue;
        const bool best = isa == instruction_set::avx512;
        const std::string ours = std::string(to_string(f)) + "/" + s.name() + (best ? "" : "/avx2");
        benchmark::RegisterBenchmark(ours.c_str(), [f, s, isa](benchmark::State& state) {
            measure(state, s, [f, s, isa](const float* x, float* y) {
                benchmark::DoNotOptimize(activate(f, dyad::make_matrix(x, s.rows, s.columns),
                                                  dyad::make_matrix(y, s.rows, s.columns), {isa}));
            });
        });
        comparisons.push_back({"float " + std::string(to_string(f)) + (best ? "" : ", AVX2"), "memcpy", ours, peer});
    }
}

}  // namespace

int main(int argc, char** argv) {
    bench::use_one_thread(argv);
    for (const shape s : {shape{1024, 1024}, shape{197, 197}, shape{1, 16 << 20}}) add_softmax(s);
    for (const auto f :
         {dyad::float_activation::gelu, dyad::float_activation::gelu_tanh, dyad::float_activation::silu,
          dyad::float_activation::sigmoid, dyad::float_activation::tanh, dyad::float_activation::softplus})
        add_activation(f, {1024, 1024});
    return bench::run(argc, argv, DYAD_BENCH_FOLDER "/float.ratios.json", comparisons);
}
