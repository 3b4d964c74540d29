// SPDX-License-Identifier: Apache-2.0
// The default floating-point environment while kernels run that use float arithmetic: rounding to nearest even,
// subnormals kept, no traps. So results do not depend on the caller's environment.
#pragma once

#include <cstdint>

namespace dyad::inline v1 {

/// Sets the default environment and brings the caller's back. Kernels between the two are not inlined, so that no
/// operation moves out of the scope. Elsewhere than on x86-64 and AArch64 the environment stays as it is.
class default_float_environment {
public:
    default_float_environment() noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
        caller_ = __builtin_ia32_stmxcsr();
        if ((caller_ & ~std::uint32_t{flags}) != plain) __builtin_ia32_ldmxcsr(plain);
#elif defined(__aarch64__)
        __asm__ volatile("mrs %0, fpcr" : "=r"(caller_));
        if (caller_ != 0) __asm__ volatile("msr fpcr, %0" : : "r"(std::uint64_t{0}) : "memory");
#endif
    }
    ~default_float_environment() {
#if defined(__x86_64__) && defined(__SSE2__)
        if ((caller_ & ~std::uint32_t{flags}) != plain) __builtin_ia32_ldmxcsr(caller_);
#elif defined(__aarch64__)
        if (caller_ != 0) __asm__ volatile("msr fpcr, %0" : : "r"(caller_) : "memory");
#endif
    }
    default_float_environment(const default_float_environment&) = delete;
    default_float_environment& operator=(const default_float_environment&) = delete;

private:
#if defined(__x86_64__) && defined(__SSE2__)
    static constexpr std::uint32_t plain = 0x1f80;  // all exceptions masked, nothing else set
    static constexpr std::uint32_t flags = 0x3f;    // exceptions that have happened
    std::uint32_t caller_ = plain;
#else
    std::uint64_t caller_ = 0;
#endif
};

}  // namespace dyad::inline v1
