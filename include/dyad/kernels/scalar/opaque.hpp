// SPDX-License-Identifier: Apache-2.0
// A number that the compiler knows nothing about: what is computed from it is computed as it is written, with
// -ffast-math as well.
#pragma once

namespace dyad::inline v1::scalar {

template <class T>
[[nodiscard, gnu::always_inline]] inline T opaque(T x) noexcept {
#if defined(__x86_64__) && defined(__SSE2__)
    __asm__("" : "+x"(x));
#elif defined(__aarch64__)
    __asm__("" : "+w"(x));
#else
    __asm__("" : "+m"(x));
#endif
    return x;
}

}  // namespace dyad::inline v1::scalar
