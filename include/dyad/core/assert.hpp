// SPDX-License-Identifier: Apache-2.0
// The two hooks a host may define before any Dyad header: DYAD_HD and DYAD_ASSERT.
#pragma once

/// Marks a function as callable from host and device: `__host__ __device__` under CUDA and HIP, empty elsewhere.
#if !defined(DYAD_HD)
#if defined(__CUDACC__) || defined(__HIPCC__)
#define DYAD_HD __host__ __device__
#else
#define DYAD_HD
#endif
#endif

namespace dyad::inline v1 {

/// Where a contract violation ends: stops the program, and the compilation where it happens in a constant expression.
[[noreturn]] DYAD_HD inline void contract_violated() {
#if defined(__CUDA_ARCH__)
    __trap();  // the device's own; the compiler's built-in is a host function there
#else
    __builtin_trap();
#endif
}

}  // namespace dyad::inline v1

/// Checks a precondition that the types cannot express. Off under NDEBUG; results never depend on it.
#if !defined(DYAD_ASSERT)
#if defined(NDEBUG)
#define DYAD_ASSERT(condition) static_cast<void>(0)
#else
#define DYAD_ASSERT(condition) ((condition) ? static_cast<void>(0) : ::dyad::contract_violated())
#endif
#endif
