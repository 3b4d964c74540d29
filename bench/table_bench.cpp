// SPDX-License-Identifier: Apache-2.0
// Tables of functions, argmax, top_k and rotary embedding beside memcpy of as many bytes as they write (argmax: as it
// reads). Names are op/format/instruction set/elements, sizes in level 1, level 2 and memory. One thread; items are
// elements.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <dyad/array/function_table.hpp>
#include <dyad/array/rotary.hpp>
#include <dyad/array/top_k.hpp>
#include <dyad/core/random.hpp>
#include <dyad/number.hpp>

#include "ratios.hpp"

namespace {

using dyad::index;
using dyad::instruction_set;
using dyad::integer;
using dyad::row_options;
using dyad::status;

using int8 = integer<8>;
using int16 = integer<16>;

/// Bytes of one operand: source and result together fit level 1, level 2, neither.
struct size {
    const char* name;
    std::size_t bytes;
};
constexpr size sizes[] = {{"L1", 8192}, {"L2", 131072}, {"memory", std::size_t{64} << 20}};

std::vector<bench::comparison> comparisons;

template <class T>
std::vector<T> codes(std::size_t n) {
    std::vector<T> x(n);
    std::uint32_t state = 1;
    auto* bytes = reinterpret_cast<unsigned char*>(x.data());
    for (std::size_t i = 0; i < n * sizeof(T); ++i) {
        state = state * 1664525 + 1013904223;
        bytes[i] = static_cast<unsigned char>(state >> 24);
    }
    return x;
}
/// Codes as activations have them: a bell of a tenth of the range.
std::vector<int16> bell_codes(std::size_t n) {
    std::vector<int16> x(n);
    std::uint32_t state = 1;
    for (int16& code : x) {
        int sum = 0;
        for (int i = 0; i < 4; ++i) {
            state = state * 1664525 + 1013904223;
            sum += static_cast<int>(state >> 19) - 4096;
        }
        code = int16::from_raw(static_cast<std::int16_t>(sum));
    }
    return x;
}

void count(benchmark::State& state, std::size_t n) {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(n));
}

void copy(benchmark::State& state, std::size_t bytes, std::size_t elements) {
    const auto from = codes<unsigned char>(bytes);
    std::vector<unsigned char> to(bytes, 1);
    for (auto _ : state) {
        std::memcpy(to.data(), from.data(), bytes);
        benchmark::DoNotOptimize(to.data());
        benchmark::ClobberMemory();
    }
    count(state, elements);
}

template <class Function>
void measure(benchmark::State& state, std::size_t elements, Function function) {
    status s = status::ok;
    for (auto _ : state) {
        s = function();
        benchmark::ClobberMemory();
    }
    if (s != status::ok) return state.SkipWithError(dyad::to_string(s));
    count(state, elements);
}

template <class Function>
void add(const std::string& op, const size& s, std::size_t bytes, std::size_t elements, Function function) {
    const std::string name = op + "/" + s.name;
    const std::string peer = "memcpy/" + op + "/" + s.name;
    benchmark::RegisterBenchmark(name.c_str(), function);
    benchmark::RegisterBenchmark(peer.c_str(),
                                 [bytes, elements](benchmark::State& state) { copy(state, bytes, elements); });
    comparisons.push_back({name, "memcpy", name, peer});
}

#if defined(__x86_64__)
/// A loop of loads and stores of 64 bytes: memcpy without the microcode that moves whole lines, which no look-up can
/// use.
[[gnu::target("avx512f"), gnu::noinline]] void copy_registers(const unsigned char* from, unsigned char* to,
                                                              std::size_t bytes) {
    using vector [[gnu::vector_size(64)]] = long long;
    for (std::size_t i = 0; i + 64 <= bytes; i += 64) {
        vector x;
        std::memcpy(&x, from + i, 64);
        __asm__ volatile("" : "+v"(x));
        std::memcpy(to + i, &x, 64);
    }
}
void add_register_copy(const size& s) {
    if (dyad::best_instruction_set() < instruction_set::avx512) return;
    add("64-byte copy", s, s.bytes, s.bytes, [bytes = s.bytes](benchmark::State& state) {
        const auto from = codes<unsigned char>(bytes);
        std::vector<unsigned char> to(bytes, 1);
        measure(state, bytes, [&] {
            copy_registers(from.data(), to.data(), bytes);
            return status::ok;
        });
    });
}
#else
void add_register_copy(const size&) {}
#endif

template <class In, class Out>
void add_table(const std::string& name, instruction_set isa, const size& s, std::vector<In> (*make)(std::size_t)) {
    const std::size_t n = s.bytes / sizeof(Out);
    add(name + "/" + dyad::to_string(isa), s, s.bytes, n, [=](benchmark::State& state) {
        const auto src = make(n);
        std::vector<Out> dst(n);
        std::vector<Out> memory(static_cast<std::size_t>(dyad::function_table<In, Out>::memory_entries));
        dyad::function_table<In, Out> table;
        const auto f = dyad::scalar_function::gelu;
        const auto scales = dyad::function_scales::from(8.0 / (1 << In::width), 8.0 / (1 << Out::width));
        if (table.set(f, scales, dyad::make_vector(memory.data(), static_cast<index>(memory.size()))) != status::ok)
            return state.SkipWithError("no table");
        const auto from = dyad::make_vector(src.data(), static_cast<index>(n));
        const auto to = dyad::make_vector(dst.data(), static_cast<index>(n));
        measure(state, n, [&] { return table.run(from, to, row_options{isa}); });
    });
}

template <class T>
void add_argmax(const std::string& name, instruction_set isa, const size& s) {
    const std::size_t n = s.bytes / sizeof(T);
    add("argmax/" + name + "/" + dyad::to_string(isa), s, s.bytes, n, [=](benchmark::State& state) {
        auto src = codes<T>(n);
        src[n * 3 / 4] = std::numeric_limits<T>::max();
        if constexpr (std::same_as<T, float>) {
            for (float& x : src) x = x != x ? 1.0f : x;
        }
        index at = 0;
        measure(state, n, [&] {
            return dyad::argmax(dyad::make_vector<const T>(src.data(), static_cast<index>(n)), at, row_options{isa});
        });
        benchmark::DoNotOptimize(at);
    });
}
void add_top_k(instruction_set isa, const size& s) {
    const std::size_t n = s.bytes / sizeof(float);
    add(std::string("top_k/64 of float/") + dyad::to_string(isa), s, s.bytes, n, [=](benchmark::State& state) {
        std::vector<float> src(n);
        for (std::size_t i = 0; i < n; ++i) src[i] = static_cast<float>(dyad::random_bits(1, 0, i));
        std::vector<index> where(64);
        measure(state, n, [&] {
            return dyad::top_k(dyad::make_vector<const float>(src.data(), static_cast<index>(n)),
                               dyad::make_vector(where.data(), index{64}), row_options{isa});
        });
    });
}

/// Rows of 32 heads of 128, one position after the other.
template <class T, class Code>
void add_rotary(const std::string& name, instruction_set isa, const size& s, dyad::rotary_layout layout) {
    constexpr index width = 128;
    const std::size_t n = s.bytes / sizeof(T);
    const auto columns = static_cast<index>(n < 4096 ? n / 128 * 128 : 4096);
    const auto rows = static_cast<index>(n) / columns;
    const std::string how = layout == dyad::rotary_layout::halves ? "/halves" : "/interleaved";
    add("rotary/" + name + how + "/" + dyad::to_string(isa), s, s.bytes, n, [=](benchmark::State& state) {
        std::vector<T> src(n);
        for (std::size_t i = 0; i < n; ++i) src[i] = dyad::convert<T>(static_cast<double>(i % 201) - 100);
        std::vector<T> dst(n);
        std::vector<Code> memory(static_cast<std::size_t>(rows * width));
        dyad::rotary_table<Code> table;
        if (table.set(10000, width, rows, dyad::make_vector(memory.data(), rows * width)) != status::ok)
            return state.SkipWithError("no table");
        const auto from = dyad::make_matrix<const T>(src.data(), rows, columns);
        const auto to = dyad::make_matrix(dst.data(), rows, columns);
        measure(state, n, [&] { return table.run(from, 0, layout, to, row_options{isa}); });
    });
}

void add_all() {
    using dyad::rotary_layout;
    for (const auto isa : {instruction_set::avx512, instruction_set::avx2, instruction_set::scalar}) {
        if (isa > dyad::best_instruction_set()) continue;
        for (const size& s : sizes) {
            add_table<int8, int8>("table/int8 to int8", isa, s, codes<int8>);
            add_table<int8, int16>("table/int8 to int16", isa, s, codes<int8>);
            add_argmax<int8>("int8", isa, s);
            add_argmax<int16>("int16", isa, s);
            add_argmax<float>("float", isa, s);
            add_top_k(isa, s);
            for (const auto layout : {rotary_layout::halves, rotary_layout::interleaved}) {
                add_rotary<int16, dyad::fixed<16, 14>>("int16", isa, s, layout);
                add_rotary<int8, dyad::fixed<16, 14>>("int8", isa, s, layout);
                add_rotary<float, float>("float", isa, s, layout);
            }
        }
    }
    for (const size& s : sizes) {
        add_table<int16, int16>("table/int16 to int16, any code", instruction_set::scalar, s, codes<int16>);
        add_table<int16, int16>("table/int16 to int16, bell", instruction_set::scalar, s, bell_codes);
        add_register_copy(s);
    }
}

}  // namespace

int main(int argc, char** argv) {
    add_all();
    return bench::run(argc, argv, DYAD_BENCH_FOLDER "/table.ratios.json", comparisons);
}
