// SPDX-License-Identifier: Apache-2.0
// Products of few rows with 4096 x 4096 packed weights: names are weights/instruction set/rows. Beside each a plain
// vector loop that reads as many bytes, without and with asking ahead: what memory's bandwidth allows one thread. Items
// are bytes of packed weights, so a ratio is a share of that bandwidth.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <dyad/core/random.hpp>
#include <dyad/linalg/gemv.hpp>

#include "ratios.hpp"

namespace {

using dyad::index;
using dyad::instruction_set;
using dyad::integer;
using dyad::status;

constexpr index size = 4096;
constexpr std::size_t bytes_ahead = 8192;

std::vector<bench::comparison> comparisons;

/// Bytes at a multiple of 64, all written.
struct memory {
    std::vector<std::byte> bytes;
    std::size_t size;
    explicit memory(std::size_t n) : bytes(n + 64, std::byte{1}), size(n) {}
    [[nodiscard]] std::span<std::byte> span() {
        const auto at = reinterpret_cast<std::uintptr_t>(bytes.data());
        return {bytes.data() + (64 - at % 64) % 64, size};
    }
};

enum class asking { none, ahead };

#if defined(__x86_64__)
using vector [[gnu::vector_size(64)]] = std::uint64_t;

/// ORs all bytes, in vectors of 512 bits; the rest of less than 256 bytes is left out.
template <asking Asking>
[[gnu::target("avx512f"), gnu::noinline]] std::uint64_t read(const std::byte* from, std::size_t n) {
    vector a{};
    vector b{};
    vector c{};
    vector d{};
    for (std::size_t i = 0; i + 256 <= n; i += 256) {
        const std::byte* at = from + i;
        if constexpr (Asking == asking::ahead) {
            for (std::size_t j = 0; j < 256; j += 64)
                __asm__ volatile("prefetcht0 %c1(%0)" : : "r"(at + j), "i"(bytes_ahead));
        }
        vector w;
        vector x;
        vector y;
        vector z;
        __builtin_memcpy(&w, at, 64);
        __builtin_memcpy(&x, at + 64, 64);
        __builtin_memcpy(&y, at + 128, 64);
        __builtin_memcpy(&z, at + 192, 64);
        a |= w;
        b |= x;
        c |= y;
        d |= z;
    }
    const vector all = a | b | c | d;
    return all[0] | all[1] | all[2] | all[3] | all[4] | all[5] | all[6] | all[7];
}
#endif

/// Weights, packed once: what the programs compared read.
template <class Weights>
std::span<std::byte> packed_weights_of() {
    static memory packed = [] {
        using W = typename Weights::element;
        Weights format;
        status s = Weights::make(size, size, format);
        memory bytes(format.packed_bytes());
        std::vector<W> codes(static_cast<std::size_t>(size * size));
        for (std::size_t i = 0; i < codes.size(); ++i)
            codes[i] = W::from_bits(static_cast<std::uint8_t>(dyad::random_bits(1, 0, i) & ((1U << W::width) - 1)));
        const auto weights = dyad::make_matrix(std::as_const(codes).data(), size, size);
        if constexpr (Weights::has_scales) {
            using S = typename Weights::scale;
            const index group = Weights::group == 0 ? size : Weights::group;
            const std::vector<S> scales(static_cast<std::size_t>(size / group * size), dyad::convert<S>(0.125F));
            s = format.pack(
                dyad::quantized_view{weights, dyad::scale_map<const S>{scales.data(), {group, 1}, {size, 1}}},
                bytes.span());
        } else {
            s = format.pack(weights, bytes.span());
        }
        if (s != status::ok) bytes = memory(0);
        return bytes;
    }();
    return packed.span();
}

template <class Weights, asking Asking>
void read_pass(benchmark::State& state) {
    const auto packed = packed_weights_of<Weights>();
#if defined(__x86_64__)
    if (dyad::best_instruction_set() >= instruction_set::avx512) {
        for (auto _ : state) benchmark::DoNotOptimize(read<Asking>(packed.data(), packed.size()));
        state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(packed.size()));
        return;
    }
#endif
    state.SkipWithError("not measured: no such instructions");
}

template <class Weights>
void product(benchmark::State& state, index rows, instruction_set cap) {
    if (cap > dyad::best_instruction_set()) return state.SkipWithError("not measured: no such instructions");
    dyad::gemv_plan<Weights> plan;
    status s = dyad::gemv_plan<Weights>::make(rows, size, size, {cap}, plan);
    const auto packed = packed_weights_of<Weights>();
    memory workspace(plan.workspace_bytes());
    std::vector<integer<8>> x(static_cast<std::size_t>(rows * size));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = integer<8>::from_raw(static_cast<std::int8_t>(i * 37));
    const std::vector<float> x_scales(static_cast<std::size_t>(rows), 0.01F);
    std::vector<float> y(static_cast<std::size_t>(rows * size));
    for (auto _ : state) {
        if (s == status::ok)
            s = plan.run(dyad::make_matrix(std::as_const(x).data(), rows, size),
                         dyad::make_vector(x_scales.data(), rows), packed, dyad::make_matrix(y.data(), rows, size),
                         workspace.span());
        benchmark::DoNotOptimize(y.data());
        benchmark::ClobberMemory();
    }
    if (s != status::ok) return state.SkipWithError(dyad::to_string(s));
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(packed.size()));
}

template <class Weights>
void add(const std::string& name) {
    const std::string plain = "read/" + name;
    const std::string asked = "read ahead/" + name;
    benchmark::RegisterBenchmark(plain.c_str(), read_pass<Weights, asking::none>);
    benchmark::RegisterBenchmark(asked.c_str(), read_pass<Weights, asking::ahead>);
    for (const auto cap : {instruction_set::avx2, instruction_set::avx512}) {
        for (const index rows : {1, 4, 8}) {
            const std::string work = name + "/" + dyad::to_string(cap) + "/" + std::to_string(rows);
            benchmark::RegisterBenchmark(work.c_str(), [=](benchmark::State& s) { product<Weights>(s, rows, cap); });
            comparisons.push_back({"gemv " + work, "read", work, plain});
            comparisons.push_back({"gemv " + work, "read ahead", work, asked});
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    using dyad::float16;
    using dyad::packed_weights;
    using dyad::ternary;
    add<packed_weights<integer<8>>>("int8");
    add<packed_weights<integer<6>, 128, float16>>("int6, groups of 128");
    add<packed_weights<integer<4>, 32, float16>>("int4, groups of 32");
    add<packed_weights<integer<3>, 32, float16>>("int3, groups of 32");
    add<packed_weights<ternary>>("ternary");
    add<packed_weights<ternary, 0, dyad::no_scales, dyad::no_zero_points, dyad::weight_storage::trits>>("trits");
    return bench::run(argc, argv, DYAD_BENCH_FOLDER "/gemv.ratios.json", comparisons);
}
