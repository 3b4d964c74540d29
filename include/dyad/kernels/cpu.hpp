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
    scalar,       ///< plain C++ for the build's own target
    neon,         ///< AArch64
    neon_dot,     ///< that and the dot products of Armv8.2
    avx2,         ///< x86-64 with AVX2, FMA and F16C
    avx512,       ///< that and AVX-512 F, BW, DQ, VL, VBMI, VBMI2, VNNI and GFNI: Ice Lake, Zen 4 and newer
    avx512_bf16,  ///< that and AVX512_BF16: Zen 4, Sapphire Rapids and newer
    amx           ///< that and AMX-TILE, AMX-INT8 and AMX-BF16, usable by this process: Sapphire Rapids and newer
};

[[nodiscard]] constexpr const char* to_string(instruction_set isa) noexcept {
    switch (isa) {
        case instruction_set::scalar: return "scalar";
        case instruction_set::neon: return "neon";
        case instruction_set::neon_dot: return "neon_dot";
        case instruction_set::avx2: return "avx2";
        case instruction_set::avx512: return "avx512";
        case instruction_set::avx512_bf16: return "avx512_bf16";
        case instruction_set::amx: return "amx";
    }
    return "unknown instruction set";
}

/// Asks the processor, and the operating system through XCR0, which registers it saves.
[[nodiscard]] inline instruction_set detect_instruction_set() noexcept {
#if defined(__x86_64__)
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0) return instruction_set::scalar;
    constexpr unsigned fma_f16c = (1U << 12) | (1U << 29);
    const bool fma = (c & fma_f16c) == fma_f16c;
    const bool xsave = (c & (1U << 27)) != 0;
    if (!fma || !xsave || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return instruction_set::scalar;
    const bool avx2 = (b & (1U << 5)) != 0;
    constexpr unsigned f_dq_bw_vl = (1U << 16) | (1U << 17) | (1U << 30) | (1U << 31);
    constexpr unsigned vbmi_vbmi2_gfni_vnni = (1U << 1) | (1U << 6) | (1U << 8) | (1U << 11);
    const bool avx512 = (b & f_dq_bw_vl) == f_dq_bw_vl && (c & vbmi_vbmi2_gfni_vnni) == vbmi_vbmi2_gfni_vnni;
    unsigned low = 0;
    unsigned high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    const bool ymm_saved = (low & 6U) == 6U;
    const bool zmm_saved = (low & 0xe6U) == 0xe6U;  // with the mask registers
    if (!avx2 || !ymm_saved) return instruction_set::scalar;
    return avx512 && zmm_saved ? instruction_set::avx512 : instruction_set::avx2;
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
