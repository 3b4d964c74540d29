// SPDX-License-Identifier: Apache-2.0
// default_float_environment: the default inside, the caller's behind it.
#include <dyad/kernels/float_environment.hpp>

#include <doctest/doctest.h>

#include <cfenv>
#include <initializer_list>

namespace {

TEST_CASE("default_float_environment: arithmetic to nearest inside, the caller's mode after") {
    for (const int mode : {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
        REQUIRE(std::fesetround(mode) == 0);
        volatile float third = 0;
        {
            const dyad::default_float_environment environment;
            volatile float one = 1;
            third = one / 3;
        }
        const int after = std::fegetround();
        std::fesetround(FE_TONEAREST);
#if defined(__x86_64__) || defined(__aarch64__)
        CHECK(third == 1.0f / 3.0f);
#endif
        CHECK(after == mode);
    }
}

#if defined(__x86_64__)
TEST_CASE("default_float_environment: subnormals count inside") {
    const unsigned before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before | 0x8040U);
    volatile float half = 0;
    volatile float flushed = 0;
    volatile float smallest = 0x1p-126f;
    {
        const dyad::default_float_environment environment;
        half = smallest / 2;
    }
    flushed = smallest / 2;
    const unsigned after = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before);
    CHECK(half == 0x1p-127f);
    CHECK(flushed == 0);
    CHECK((after & 0x8040U) == 0x8040U);
}
#endif

}  // namespace
