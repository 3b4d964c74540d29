// SPDX-License-Identifier: Apache-2.0
// x y + z rounded once, whatever the flags: fusedMultiplyAdd of IEEE 754-2019, section 5.4.1.
#pragma once

namespace dyad::inline v1 {

#if defined(__clang__) && defined(__FAST_MATH__) && defined(__x86_64__) && !defined(__FMA__)
// There clang makes a product and a sum, two roundings, of the builtin and of every call of fma that it can see.
extern "C" double dyad_libm_fma(double, double, double) noexcept __asm__("fma");
extern "C" float dyad_libm_fmaf(float, float, float) noexcept __asm__("fmaf");
[[nodiscard, gnu::always_inline]] inline double fused(double x, double y, double z) noexcept {
    auto* hidden = &dyad_libm_fma;
    __asm__("" : "+r"(hidden));
    return hidden(x, y, z);
}
[[nodiscard, gnu::always_inline]] inline float fused(float x, float y, float z) noexcept {
    auto* hidden = &dyad_libm_fmaf;
    __asm__("" : "+r"(hidden));
    return hidden(x, y, z);
}
#else
[[nodiscard, gnu::always_inline]] inline double fused(double x, double y, double z) noexcept {
    return __builtin_fma(x, y, z);
}
[[nodiscard, gnu::always_inline]] inline float fused(float x, float y, float z) noexcept {
    return __builtin_fmaf(x, y, z);
}
#endif

}  // namespace dyad::inline v1
