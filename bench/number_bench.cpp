// SPDX-License-Identifier: Apache-2.0
// Conversion of arrays between float and minifloats: names are op/format/elements, elements in level 2 (32768) or in
// memory (2^25). Beside them: memcpy of the same floats, a pass that only reads, the plain loop over the scalar
// conversion, and the processor's float16 conversions. One thread; items are elements.
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <dyad/array.hpp>
#include <dyad/number.hpp>

#include "ratios.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

constexpr std::size_t in_level_2 = 32768;
constexpr std::size_t in_memory = std::size_t{1} << 25;

std::vector<bench::comparison> comparisons;

void count(benchmark::State& state, std::size_t n) {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(n));
}

enum class data { normal, subnormal, nan };

/// Floats in the normal range of all formats, or mostly below `smallest`, or a third of them NaN and infinities.
std::vector<float> sample(std::size_t n, data kind = data::normal, float smallest = 1) {
    std::vector<float> x(n);
    for (std::size_t i = 0; i < n; ++i) {
        const std::uint32_t bits = dyad::random_bits(1, 0, i);
        const auto unit = static_cast<float>(bits >> 8) * 0x1p-24f;
        const float sign = (bits & 1) != 0 ? -1.0f : 1.0f;
        x[i] = (unit + 0.5f) * sign * ((bits & 2) != 0 ? 4.0f : 0.5f);
        if (kind == data::subnormal) x[i] = unit * 1.125f * smallest * sign;
        if (kind == data::nan && bits % 3 == 0)
            x[i] = sign *
                   ((bits & 4) != 0 ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity());
    }
    return x;
}

/// The floats of every benchmark of one size, made once.
const std::vector<float>& floats(std::size_t n) {
    static const std::vector<float> small = sample(in_level_2);
    static const std::vector<float> large = sample(in_memory);
    return n == in_level_2 ? small : large;
}

template <class From, class To>
void convert_spans(benchmark::State& state, const std::vector<From>& source, std::vector<To>& result) {
    for (auto _ : state) {
        if (dyad::convert(std::span<const From>(source), std::span<To>(result)) != dyad::status::ok)
            return state.SkipWithError("spans differ");
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, source.size());
}

template <class T>
void encode(benchmark::State& state, std::size_t n) {
    std::vector<T> result(n);
    convert_spans(state, floats(n), result);
}
template <class T>
void encode_data(benchmark::State& state, data kind) {
    const std::vector<float> source = sample(in_level_2, kind, static_cast<float>(std::numeric_limits<T>::min()));
    std::vector<T> result(source.size());
    convert_spans(state, source, result);
}
template <class T>
void encode_stochastic(benchmark::State& state) {
    const std::vector<float>& source = floats(in_level_2);
    std::vector<T> result(source.size());
    for (auto _ : state) {
        static_cast<void>(
            dyad::convert(std::span<const float>(source), std::span<T>(result), dyad::stochastic_stream{.seed = 1}));
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, source.size());
}
template <class T>
void encode_capped(benchmark::State& state, dyad::instruction_set cap) {
    const std::vector<float>& source = floats(in_level_2);
    std::vector<T> result(source.size());
    for (auto _ : state) {
        dyad::encode_floats<T::format>(cap, source.data(), dyad::codes_of(result.data()), source.size(),
                                       dyad::rounding::nearest_even, dyad::saturation::none);
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, source.size());
}
template <class T>
void encode_plainly(benchmark::State& state) {
    const std::vector<float>& source = floats(in_level_2);
    std::vector<T> result(source.size());
    for (auto _ : state) {
        for (std::size_t i = 0; i < source.size(); ++i) result[i] = dyad::convert<T>(source[i]);
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, source.size());
}

template <class T>
std::vector<T> encoded(std::size_t n, data kind = data::normal) {
    std::vector<T> codes(n);
    const std::vector<float> source = sample(n, kind, static_cast<float>(std::numeric_limits<T>::min()));
    static_cast<void>(dyad::convert(std::span<const float>(source), std::span<T>(codes)));
    return codes;
}
template <class T>
void decode(benchmark::State& state, std::size_t n, data kind) {
    const std::vector<T> source = encoded<T>(n, kind);
    std::vector<float> result(n);
    convert_spans(state, source, result);
}
template <class T>
void decode_plainly(benchmark::State& state) {
    const std::vector<T> source = encoded<T>(in_level_2);
    std::vector<float> result(source.size());
    for (auto _ : state) {
        for (std::size_t i = 0; i < source.size(); ++i) result[i] = dyad::convert<float>(source[i]);
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, source.size());
}
template <class From, class To>
void between(benchmark::State& state) {
    const std::vector<From> source = encoded<From>(in_level_2);
    std::vector<To> result(source.size());
    convert_spans(state, source, result);
}

/// memcpy of `bytes` for each of n elements.
void copy(benchmark::State& state, std::size_t n, double bytes) {
    const auto size = static_cast<std::size_t>(static_cast<double>(n) * bytes);
    const std::vector<char> source(size, 'x');
    std::vector<char> result(size);
    for (auto _ : state) {
        std::memcpy(result.data(), source.data(), size);
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, n);
}
/// Reads n floats, a word of each cache line being enough for the memory, all of them for level 2.
void read(benchmark::State& state, std::size_t n) {
    const std::vector<float>& source = floats(n);
    for (auto _ : state) {
        std::uint64_t all[8] = {};
        for (std::size_t i = 0; i < n; i += 16) {
            std::uint64_t line[8];
            std::memcpy(line, source.data() + i, 64);
            for (int k = 0; k < 8; ++k) all[k] |= line[k];
        }
        benchmark::DoNotOptimize(all);
    }
    count(state, n);
}

template <class T>
void pack(benchmark::State& state) {
    const std::vector<float>& source = floats(in_level_2);
    std::vector<std::uint8_t> packed(dyad::packed_size<T>(source.size()));
    for (auto _ : state) {
        if (dyad::convert_to_packed<T>(std::span<const float>(source), std::span(packed)) != dyad::status::ok)
            return state.SkipWithError("spans differ");
        benchmark::DoNotOptimize(packed.data());
        benchmark::ClobberMemory();
    }
    count(state, source.size());
}
template <class T>
void unpack(benchmark::State& state) {
    std::vector<float> result(in_level_2);
    const std::vector<std::uint8_t> packed(dyad::packed_size<T>(result.size()), 0x5a);
    for (auto _ : state) {
        if (dyad::convert_from_packed<T>(std::span<const std::uint8_t>(packed), std::span(result)) != dyad::status::ok)
            return state.SkipWithError("spans differ");
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, result.size());
}

template <class T>
void add_arrays(benchmark::State& state) {
    const std::vector<T> lhs = encoded<T>(in_level_2);
    const std::vector<T> rhs(lhs.rbegin(), lhs.rend());
    std::vector<T> result(lhs.size());
    for (auto _ : state) {
        static_cast<void>(dyad::add(std::span<const T>(lhs), std::span<const T>(rhs), std::span<T>(result)));
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, lhs.size());
}
template <class T>
void multiply_arrays(benchmark::State& state) {
    const std::vector<T> lhs = encoded<T>(in_level_2);
    const std::vector<T> rhs(lhs.rbegin(), lhs.rend());
    std::vector<T> result(lhs.size());
    for (auto _ : state) {
        static_cast<void>(dyad::multiply(std::span<const T>(lhs), std::span<const T>(rhs), std::span<T>(result)));
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, lhs.size());
}

#if defined(__x86_64__)
__attribute__((target("avx,f16c"))) void f16c_encode_all(const float* src, std::uint16_t* dst, std::size_t n) {
    for (std::size_t i = 0; i < n; i += 8)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + i), _mm256_cvtps_ph(_mm256_loadu_ps(src + i), 0));
}
__attribute__((target("avx,f16c"))) void f16c_decode_all(const std::uint16_t* src, float* dst, std::size_t n) {
    for (std::size_t i = 0; i < n; i += 8)
        _mm256_storeu_ps(dst + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(src + i))));
}
void f16c_encode(benchmark::State& state) {
    const std::vector<float>& source = floats(in_level_2);
    std::vector<std::uint16_t> result(source.size());
    for (auto _ : state) {
        f16c_encode_all(source.data(), result.data(), source.size());
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, source.size());
}
void f16c_decode(benchmark::State& state) {
    const std::vector<dyad::float16> source = encoded<dyad::float16>(in_level_2);
    std::vector<float> result(source.size());
    for (auto _ : state) {
        f16c_decode_all(dyad::codes_of(source.data()), result.data(), source.size());
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    count(state, source.size());
}
#endif

template <class Function>
void add(const std::string& name, Function function) {
    benchmark::RegisterBenchmark(name.c_str(), function);
}

const std::string level_2 = "/" + std::to_string(in_level_2);
const std::string memory = "/" + std::to_string(in_memory);

template <class T>
void add_format(const std::string& format) {
    const std::string encoding = "encode/" + format + level_2;
    const std::string decoding = "decode/" + format + level_2;
    add(encoding, [](benchmark::State& state) { encode<T>(state, in_level_2); });
    add(encoding + "/avx2", [](benchmark::State& state) { encode_capped<T>(state, dyad::instruction_set::avx2); });
    add("plain " + encoding, encode_plainly<T>);
    add(encoding + "/subnormal", [](benchmark::State& state) { encode_data<T>(state, data::subnormal); });
    add(encoding + "/nan", [](benchmark::State& state) { encode_data<T>(state, data::nan); });
    add(decoding, [](benchmark::State& state) { decode<T>(state, in_level_2, data::normal); });
    add("plain " + decoding, decode_plainly<T>);
    add(decoding + "/subnormal", [](benchmark::State& state) { decode<T>(state, in_level_2, data::subnormal); });
    add(decoding + "/nan", [](benchmark::State& state) { decode<T>(state, in_level_2, data::nan); });
    const std::string to = "float32 to " + format;
    const std::string from = format + " to float32";
    comparisons.push_back({to, "memcpy", encoding, "memcpy" + level_2});
    comparisons.push_back({to, "plain loop", encoding, "plain " + encoding});
    comparisons.push_back({to + ", AVX2", "memcpy", encoding + "/avx2", "memcpy" + level_2});
    comparisons.push_back({to + ", mostly subnormal", to, encoding + "/subnormal", encoding});
    comparisons.push_back({to + ", a third NaN and infinity", to, encoding + "/nan", encoding});
    comparisons.push_back({from, "memcpy", decoding, "memcpy" + level_2});
    comparisons.push_back({from, "plain loop", decoding, "plain " + decoding});
    comparisons.push_back({from + ", mostly subnormal", from, decoding + "/subnormal", decoding});
    comparisons.push_back({from + ", a third NaN and infinity", from, decoding + "/nan", decoding});
}

template <class T>
void add_packed(const std::string& format) {
    const std::string packing = "pack/" + format + level_2;
    const std::string unpacking = "unpack/" + format + level_2;
    add(packing, pack<T>);
    add(unpacking, unpack<T>);
    comparisons.push_back({"float32 to packed " + format, "memcpy", packing, "memcpy" + level_2});
    comparisons.push_back({"packed " + format + " to float32", "memcpy", unpacking, "memcpy" + level_2});
}

template <class T>
void add_arithmetic(const std::string& format) {
    add("add/" + format + level_2, add_arrays<T>);
    add("multiply/" + format + level_2, multiply_arrays<T>);
    comparisons.push_back({format + " sums", "memcpy", "add/" + format + level_2, "memcpy" + level_2});
    comparisons.push_back({format + " products", "memcpy", "multiply/" + format + level_2, "memcpy" + level_2});
}

template <class T>
void add_format_in_memory(const std::string& format) {
    const std::string encoding = "encode/" + format + memory;
    const std::string decoding = "decode/" + format + memory;
    add(encoding, [](benchmark::State& state) { encode<T>(state, in_memory); });
    add(decoding, [](benchmark::State& state) { decode<T>(state, in_memory, data::normal); });
    const std::string same = "memcpy of the same bytes, " + std::to_string(4 + sizeof(T)) + " n";
    const std::string copying = "memcpy of " + std::to_string(4 + sizeof(T)) + " n bytes" + memory;
    comparisons.push_back({"float32 to " + format + " from memory", "read-only pass", encoding, "read" + memory});
    comparisons.push_back({"float32 to " + format + " from memory", same, encoding, copying});
    comparisons.push_back({format + " to float32 from memory", same, decoding, copying});
}

void add_all() {
    add("memcpy" + level_2, [](benchmark::State& state) { copy(state, in_level_2, 4); });
    add("read" + level_2, [](benchmark::State& state) { read(state, in_level_2); });
    add("read" + memory, [](benchmark::State& state) { read(state, in_memory); });
    // A copy reads and writes each byte it is told of.
    add("memcpy of 5 n bytes" + memory, [](benchmark::State& state) { copy(state, in_memory, 2.5); });
    add("memcpy of 6 n bytes" + memory, [](benchmark::State& state) { copy(state, in_memory, 3); });
    add_format<dyad::float8_e4m3fn>("float8_e4m3fn");
    add_format<dyad::float8_e5m2>("float8_e5m2");
    add_format<dyad::float8_e4m3>("float8_e4m3");
    add_format<dyad::float8_e3m4>("float8_e3m4");
    add_format<dyad::float8_e4m3fnuz>("float8_e4m3fnuz");
    add_format<dyad::float8_e5m2fnuz>("float8_e5m2fnuz");
    add_format<dyad::float8_e4m3b11fnuz>("float8_e4m3b11fnuz");
    add_format<dyad::float8_e8m0fnu>("float8_e8m0fnu");
    add_format<dyad::float8_e5m3fnu>("float8_e5m3fnu");
    add_format<dyad::float6_e2m3fn>("float6_e2m3fn");
    add_format<dyad::float6_e3m2fn>("float6_e3m2fn");
    add_format<dyad::float4_e2m1fn>("float4_e2m1fn");
    add_format<dyad::bfloat16>("bfloat16");
    add_format<dyad::float16>("float16");
    add_format<dyad::tfloat32>("tfloat32");
    add_format_in_memory<dyad::float8_e4m3fn>("float8_e4m3fn");
    add_format_in_memory<dyad::float8_e5m2>("float8_e5m2");
    add_format_in_memory<dyad::float4_e2m1fn>("float4_e2m1fn");
    add_format_in_memory<dyad::bfloat16>("bfloat16");
    add_packed<dyad::float4_e2m1fn>("float4_e2m1fn");
    add_packed<dyad::float6_e2m3fn>("float6_e2m3fn");
    add_packed<dyad::integer<4>>("int4");
    add_arithmetic<dyad::float8_e4m3fn>("float8_e4m3fn");
    add_arithmetic<dyad::bfloat16>("bfloat16");
    add("encode/float8_e4m3fn" + level_2 + "/stochastic", encode_stochastic<dyad::float8_e4m3fn>);
    comparisons.push_back({"float32 to float8_e4m3fn, stochastic", "memcpy",
                           "encode/float8_e4m3fn" + level_2 + "/stochastic", "memcpy" + level_2});
    add("convert/float8_e5m2/bfloat16" + level_2, between<dyad::float8_e5m2, dyad::bfloat16>);
    add("convert/float8_e4m3fn/float8_e5m2" + level_2, between<dyad::float8_e4m3fn, dyad::float8_e5m2>);
#if defined(__x86_64__)
    add("F16C encode" + level_2, f16c_encode);
    add("F16C decode" + level_2, f16c_decode);
    comparisons.push_back({"float32 to float16", "F16C", "encode/float16" + level_2, "F16C encode" + level_2});
    comparisons.push_back({"float16 to float32", "F16C", "decode/float16" + level_2, "F16C decode" + level_2});
#endif
}

}  // namespace

int main(int argc, char** argv) {
    add_all();
    return bench::run(argc, argv, DYAD_BENCH_FOLDER "/number.ratios.json", comparisons);
}
