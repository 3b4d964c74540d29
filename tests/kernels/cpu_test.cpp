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

static_assert(instruction_set::scalar < instruction_set::avx2 && instruction_set::avx2 < instruction_set::avx512);

#if defined(__x86_64__)
/// Older compilers do not know this name.
bool has_f16c() {
    std::ifstream file("/proc/cpuinfo");
    std::string text(std::istreambuf_iterator<char>(file), {});
    return text.empty() || text.find(" f16c ") != std::string::npos;
}
#endif

TEST_CASE("instruction_set: detected as the compiler's run-time library detects it") {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 && has_f16c();
    const bool avx512 = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                        __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
                        __builtin_cpu_supports("avx512vbmi") != 0 && __builtin_cpu_supports("avx512vbmi2") != 0 &&
                        __builtin_cpu_supports("avx512vnni") != 0 && __builtin_cpu_supports("gfni") != 0;
#else
    const bool avx2 = false;
    const bool avx512 = false;
#endif
    const instruction_set expected = avx2 && avx512 ? instruction_set::avx512
                                     : avx2         ? instruction_set::avx2
                                                    : instruction_set::scalar;
    CHECK(dyad::detect_instruction_set() == expected);
    CHECK(dyad::best_instruction_set() == expected);
    CHECK(dyad::best_instruction_set() == expected);  // the kept answer
    MESSAGE("this machine: " << std::string(dyad::to_string(expected)));
}

TEST_CASE("best_instruction_set: the same from every thread") {
    std::vector<instruction_set> answers(8);
    std::vector<std::thread> threads;
    for (instruction_set& answer : answers) threads.emplace_back([&answer] { answer = dyad::best_instruction_set(); });
    for (std::thread& thread : threads) thread.join();
    for (const instruction_set answer : answers) CHECK(answer == dyad::detect_instruction_set());
}

TEST_CASE("instruction_set: names") {
    CHECK(std::string(dyad::to_string(instruction_set::scalar)) == "scalar");
    CHECK(std::string(dyad::to_string(instruction_set::avx2)) == "avx2");
    CHECK(std::string(dyad::to_string(instruction_set::avx512)) == "avx512");
}

}  // namespace
