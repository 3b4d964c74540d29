// SPDX-License-Identifier: Apache-2.0
// The instruction set found by CPUID, against the compiler's own detection.
#include <dyad/kernels/cpu.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace {

using dyad::instruction_set;

static_assert(instruction_set::scalar < instruction_set::neon && instruction_set::neon < instruction_set::neon_dot);
static_assert(instruction_set::scalar < instruction_set::avx2 && instruction_set::avx2 < instruction_set::avx512);
static_assert(instruction_set::avx512 < instruction_set::avx512_bf16 &&
              instruction_set::avx512_bf16 < instruction_set::amx);

/// Whether /proc/cpuinfo has the word, for names that the compiler does not know; `otherwise` where there is no file.
bool listed(const std::string& name, bool otherwise) {
    std::ifstream file("/proc/cpuinfo");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    return text.empty() ? otherwise : text.find(" " + name + " ") != std::string::npos;
}

#if defined(__x86_64__)
instruction_set expected_set() {
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 && listed("f16c", true);
    const bool avx512 = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                        __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
                        __builtin_cpu_supports("avx512vbmi") != 0 && __builtin_cpu_supports("avx512vbmi2") != 0 &&
                        __builtin_cpu_supports("avx512vnni") != 0 && __builtin_cpu_supports("gfni") != 0;
    if (!avx2 || !avx512) return avx2 ? instruction_set::avx2 : instruction_set::scalar;
    if (__builtin_cpu_supports("avx512bf16") == 0) return instruction_set::avx512;
    // Linux lists these where it saves the tiles.
    const bool amx = listed("amx_tile", false) && listed("amx_int8", false) && listed("amx_bf16", false);
    return amx && dyad::request_tiles() ? instruction_set::amx : instruction_set::avx512_bf16;
}
#elif defined(__aarch64__)
instruction_set expected_set() { return listed("asimddp", true) ? instruction_set::neon_dot : instruction_set::neon; }
#else
instruction_set expected_set() { return instruction_set::scalar; }
#endif

TEST_CASE("instruction_set: detected as the compiler's run-time library and the system detect it") {
    const instruction_set expected = expected_set();
    CHECK(dyad::detect_instruction_set() == expected);
    CHECK(dyad::best_instruction_set() == expected);
    CHECK(dyad::best_instruction_set() == expected);  // the kept answer
    MESSAGE("this machine: " << std::string(dyad::to_string(expected)));
}

TEST_CASE("assume_instruction_set: replaces the answer for every thread") {
    const instruction_set before = dyad::best_instruction_set();
    for (const instruction_set isa : {instruction_set::scalar, instruction_set::amx}) {
        dyad::assume_instruction_set(isa);
        CHECK(dyad::best_instruction_set() == isa);
        instruction_set elsewhere = before;
        std::thread([&elsewhere] { elsewhere = dyad::best_instruction_set(); }).join();
        CHECK(elsewhere == isa);
    }
    dyad::assume_instruction_set(before);
    CHECK(dyad::best_instruction_set() == dyad::detect_instruction_set());
}

#if defined(__x86_64__)
TEST_CASE("detect_avx512_extensions: AVX512_BF16 comes first, then every bit of AMX") {
    constexpr unsigned bf16 = 1U << 5;
    constexpr unsigned parts = (1U << 22) | (1U << 24) | (1U << 25);
    constexpr unsigned saved = (1U << 17) | (1U << 18);
    CHECK(dyad::detect_avx512_extensions(parts, 0, saved) == instruction_set::avx512);
    CHECK(dyad::detect_avx512_extensions(0, bf16, saved) == instruction_set::avx512_bf16);
    for (const unsigned bit : {17U, 18U}) {
        CHECK(dyad::detect_avx512_extensions(parts, bf16, saved & ~(1U << bit)) == instruction_set::avx512_bf16);
    }
    for (const unsigned bit : {22U, 24U, 25U}) {
        CHECK(dyad::detect_avx512_extensions(parts & ~(1U << bit), bf16, saved) == instruction_set::avx512_bf16);
    }
    // Where the processor is said to have all of it, the system's permission decides.
    const instruction_set granted = dyad::request_tiles() ? instruction_set::amx : instruction_set::avx512_bf16;
    CHECK(dyad::detect_avx512_extensions(parts, bf16, saved) == granted);
}
#endif

TEST_CASE("best_instruction_set: the same from every thread") {
    std::vector<instruction_set> answers(8);
    std::vector<std::thread> threads;
    for (instruction_set& answer : answers) threads.emplace_back([&answer] { answer = dyad::best_instruction_set(); });
    for (std::thread& thread : threads) thread.join();
    for (const instruction_set answer : answers) CHECK(answer == dyad::detect_instruction_set());
}

TEST_CASE("instruction_set: names") {
    using enum dyad::instruction_set;
    CHECK(std::string(dyad::to_string(scalar)) == "scalar");
    CHECK(std::string(dyad::to_string(neon)) == "neon");
    CHECK(std::string(dyad::to_string(neon_dot)) == "neon_dot");
    CHECK(std::string(dyad::to_string(avx2)) == "avx2");
    CHECK(std::string(dyad::to_string(avx512)) == "avx512");
    CHECK(std::string(dyad::to_string(avx512_bf16)) == "avx512_bf16");
    CHECK(std::string(dyad::to_string(amx)) == "amx");
    CHECK(std::string(dyad::to_string(static_cast<dyad::instruction_set>(99))) == "unknown instruction set");
}

}  // namespace
