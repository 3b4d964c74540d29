// SPDX-License-Identifier: Apache-2.0
// Products of few rows with 4096 x 4096 packed weights: names are weights/instruction set/rows. Beside each a plain
// vector loop that reads as many bytes, without and with asking ahead: what memory's bandwidth allows one thread. Items
// are bytes of packed weights, so a ratio is a share of that bandwidth. "in turn": as many matrices as make 96 MB, one
// after another, as a model's layers are; else one again and again, which a large level 3 holds.
#include <cstddef>
#include <cstdint>
#include <cstring>
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

constexpr index extent = 4096;  // of the matrices
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

enum class footprint : std::size_t { one = 0, in_turn = std::size_t{96} << 20 };

/// Weights, packed once, and copies of them: what the programs compared read.
template <class Weights, footprint Footprint>
std::span<const std::byte> packed_weights_of() {
    static memory packed = [] {
        using W = typename Weights::element;
        Weights format;
        status s = Weights::make(extent, extent, format);
        const std::size_t copies = static_cast<std::size_t>(Footprint) / format.packed_bytes() + 1;
        memory bytes(format.packed_bytes() * copies);
        std::vector<W> codes(static_cast<std::size_t>(extent * extent));
        for (std::size_t i = 0; i < codes.size(); ++i)
            codes[i] = W::from_bits(static_cast<std::uint8_t>(dyad::random_bits(1, 0, i) & ((1U << W::width) - 1)));
        const auto weights = dyad::make_matrix(std::as_const(codes).data(), extent, extent);
        if constexpr (Weights::has_scales) {
            using S = typename Weights::scale;
            const index group = Weights::group == 0 ? extent : Weights::group;
            const std::vector<S> scales(static_cast<std::size_t>(extent / group * extent), dyad::convert<S>(0.125F));
            s = format.pack(
                dyad::quantized_view{weights, dyad::scale_map<const S>{scales.data(), {group, 1}, {extent, 1}}},
                bytes.span());
        } else {
            s = format.pack(weights, bytes.span());
        }
        if (s != status::ok) return memory(0);
        const auto first = bytes.span().first(format.packed_bytes());
        for (std::size_t c = 1; c < copies; ++c)
            std::memcpy(bytes.span().data() + c * first.size(), first.data(), first.size());
        return bytes;
    }();
    return packed.span();
}

/// One copy after another.
template <class Weights, footprint Footprint>
class turns {
public:
    [[nodiscard]] std::span<const std::byte> next() {
        if (at_ == all_.size()) at_ = 0;
        const auto one = all_.subspan(at_, one_);
        at_ += one_;
        return one;
    }
    [[nodiscard]] std::size_t size() const { return one_; }

private:
    static std::size_t bytes_of_one() {
        Weights format;
        return Weights::make(extent, extent, format) == status::ok ? format.packed_bytes() : 0;
    }
    std::span<const std::byte> all_ = packed_weights_of<Weights, Footprint>();
    std::size_t one_ = bytes_of_one();
    std::size_t at_ = 0;
};

template <class Weights, footprint Footprint, asking Asking>
void read_pass(benchmark::State& state) {
    turns<Weights, Footprint> packed;
#if defined(__x86_64__)
    if (dyad::best_instruction_set() >= instruction_set::avx512) {
        for (auto _ : state) benchmark::DoNotOptimize(read<Asking>(packed.next().data(), packed.size()));
        state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(packed.size()));
        return;
    }
#endif
    state.SkipWithError("not measured: no such instructions");
}

template <class Weights, footprint Footprint>
void product(benchmark::State& state, index rows, instruction_set cap) {
    if (cap > dyad::best_instruction_set()) return state.SkipWithError("not measured: no such instructions");
    dyad::gemv_plan<Weights> plan;
    status s = dyad::gemv_plan<Weights>::make(rows, extent, extent, {cap}, plan);
    turns<Weights, Footprint> packed;
    memory workspace(plan.workspace_bytes());
    std::vector<integer<8>> x(static_cast<std::size_t>(rows * extent));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = integer<8>::from_raw(static_cast<std::int8_t>(i * 37));
    const std::vector<float> x_scales(static_cast<std::size_t>(rows), 0.01F);
    std::vector<float> y(static_cast<std::size_t>(rows * extent));
    for (auto _ : state) {
        if (s == status::ok)
            s = plan.run(dyad::make_matrix(std::as_const(x).data(), rows, extent),
                         dyad::make_vector(x_scales.data(), rows), packed.next(),
                         dyad::make_matrix(y.data(), rows, extent), workspace.span());
        benchmark::DoNotOptimize(y.data());
        benchmark::ClobberMemory();
    }
    if (s != status::ok) return state.SkipWithError(dyad::to_string(s));
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(packed.size()));
}

template <class Weights, footprint Footprint = footprint::one>
void add(const std::string& name) {
    const std::string plain = "read/" + name;
    const std::string asked = "read ahead/" + name;
    benchmark::RegisterBenchmark(plain.c_str(), read_pass<Weights, Footprint, asking::none>);
    benchmark::RegisterBenchmark(asked.c_str(), read_pass<Weights, Footprint, asking::ahead>);
    for (const auto cap : {instruction_set::avx2, instruction_set::avx512}) {
        for (const index rows : {1, 4, 8}) {
            const std::string work = name + "/" + dyad::to_string(cap) + "/" + std::to_string(rows);
            benchmark::RegisterBenchmark(work.c_str(),
                                         [=](benchmark::State& s) { product<Weights, Footprint>(s, rows, cap); });
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
    add<packed_weights<integer<8>>, footprint::in_turn>("int8, in turn");
    add<packed_weights<integer<4>, 32, float16>, footprint::in_turn>("int4, groups of 32, in turn");
    add<packed_weights<ternary>, footprint::in_turn>("ternary, in turn");
    return bench::run(argc, argv, DYAD_BENCH_FOLDER "/gemv.ratios.json", comparisons);
}
