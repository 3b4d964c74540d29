// SPDX-License-Identifier: Apache-2.0
// Which instruction sets this machine has: by CPUID and XGETBV, asked once. Results of kernels never depend on it.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace dyad::inline v1 {

/// From least to most; a cap means "at most this".
enum class instruction_set : std::uint8_t {
    scalar,  ///< plain C++ for the build's own target
    avx2     ///< x86-64 with AVX2 and FMA
};

[[nodiscard]] constexpr const char* to_string(instruction_set isa) noexcept {
    return isa == instruction_set::avx2 ? "avx2" : "scalar";
}

/// Asks the processor, and the operating system through XCR0, which registers it saves.
[[nodiscard]] inline instruction_set detect_instruction_set() noexcept {
#if defined(__x86_64__)
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0) return instruction_set::scalar;
    const bool fma = (c & (1U << 12)) != 0;
    const bool xsave = (c & (1U << 27)) != 0;
    if (!fma || !xsave || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return instruction_set::scalar;
    const bool avx2 = (b & (1U << 5)) != 0;
    unsigned low = 0;
    unsigned high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    const bool ymm_saved = (low & 6U) == 6U;
    return avx2 && ymm_saved ? instruction_set::avx2 : instruction_set::scalar;
#else
    return instruction_set::scalar;
#endif
}

/// The best this machine has. CPUID is slow under a hypervisor, so the answer is kept: threads that meet here for the
/// first time all store the same.
[[nodiscard]] inline instruction_set best_instruction_set() noexcept {
    static std::uint8_t known = 0;  // 0: not asked yet, else 1 + instruction_set
    std::uint8_t answer = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (answer == 0) {
        answer = static_cast<std::uint8_t>(1 + static_cast<unsigned>(detect_instruction_set()));
        __atomic_store_n(&known, answer, __ATOMIC_RELAXED);
    }
    return static_cast<instruction_set>(answer - 1);
}

}  // namespace dyad::inline v1
