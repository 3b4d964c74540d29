// SPDX-License-Identifier: Apache-2.0
// Which instruction sets this machine has: by CPUID and XGETBV on x86-64 (Intel's Architectures Software Developer's
// Manual, volume 2, CPUID), by the auxiliary vector on AArch64, asked once. Results of kernels never depend on it.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && __has_include(<sys/auxv.h>)
#include <sys/auxv.h>
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

#if defined(__x86_64__)
/// Asks Linux for the eight tiles: without this permission the first tile instruction would end the process. It holds
/// for the process from then on, threads made earlier too, and may be asked for again. Refused where the system is too
/// old, or where some thread's alternate signal stack has no room for the tiles (8 KiB).
[[nodiscard]] inline bool request_tiles() noexcept {
#if defined(__linux__)
    constexpr long arch_prctl = 158;
    constexpr long arch_req_xcomp_perm = 0x1023;
    constexpr long tile_data = 18;  // the component of XCR0
    long answer = arch_prctl;
    __asm__ volatile("syscall" : "+a"(answer) : "D"(arch_req_xcomp_perm), "S"(tile_data) : "rcx", "r11", "memory");
    return answer == 0;
#else
    return false;
#endif
}

/// Above avx512: what leaf 7 says in `d` of its first part and `a` of its second.
[[nodiscard]] inline instruction_set detect_avx512_extensions(unsigned d, unsigned a, unsigned saved) noexcept {
    if ((a & (1U << 5)) == 0) return instruction_set::avx512;
    constexpr unsigned bf16_tile_int8 = (1U << 22) | (1U << 24) | (1U << 25);
    constexpr unsigned tiles_saved = (1U << 17) | (1U << 18);
    const bool amx = (d & bf16_tile_int8) == bf16_tile_int8 && (saved & tiles_saved) == tiles_saved;
    return amx && request_tiles() ? instruction_set::amx : instruction_set::avx512_bf16;
}
#endif

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
    if (!avx512 || !zmm_saved) return instruction_set::avx2;
    const unsigned last_part = a;
    const unsigned tiles = d;
    a = 0;
    if (last_part >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) == 0) a = 0;
    return detect_avx512_extensions(tiles, a, low);
#elif defined(__aarch64__)
#if defined(__ARM_FEATURE_DOTPROD)
    return instruction_set::neon_dot;  // the build's own target has it
#elif __has_include(<sys/auxv.h>)
    constexpr unsigned long hardware_capabilities = 16;  // AT_HWCAP
    constexpr unsigned long dot_products = 1UL << 20;    // HWCAP_ASIMDDP
    return (getauxval(hardware_capabilities) & dot_products) != 0 ? instruction_set::neon_dot : instruction_set::neon;
#else
    return instruction_set::neon;
#endif
#else
    return instruction_set::scalar;
#endif
}

/// The kept answer: 0 while not asked yet, else 1 + instruction_set.
[[nodiscard]] inline std::uint8_t& known_instruction_set() noexcept {
    static std::uint8_t known = 0;
    return known;
}

/// From now on best_instruction_set() answers `isa`: for programs that run under an emulator.
inline void assume_instruction_set(instruction_set isa) noexcept {
    const auto answer = static_cast<std::uint8_t>(1 + static_cast<unsigned>(isa));
    __atomic_store_n(&known_instruction_set(), answer, __ATOMIC_RELAXED);
}

/// The best this machine has. CPUID is slow under a hypervisor, so the answer is kept: threads that meet here for the
/// first time all store the same.
[[nodiscard]] inline instruction_set best_instruction_set() noexcept {
    const std::uint8_t answer = __atomic_load_n(&known_instruction_set(), __ATOMIC_RELAXED);
    if (answer != 0) return static_cast<instruction_set>(answer - 1);
    const instruction_set found = detect_instruction_set();
    assume_instruction_set(found);
    return found;
}

}  // namespace dyad::inline v1
