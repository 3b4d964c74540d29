// SPDX-License-Identifier: Apache-2.0
// Every pair of the named formats of at most 8 bits has a kernel on every instruction set: the table, and no plain
// loop.
#include <dyad/linalg/gemm_arithmetic.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"

#include <cstring>
#include <map>
#include <string>

#include <dyad/number.hpp>

namespace {

using dyad::instruction_set;

template <class T>
struct named {
    using type = T;
    const char* name;
};

/// f(named<T>) for each of them.
template <class F>
void for_each_format(const F& f) {
    f(named<dyad::integer<2>>{"int2"});
    f(named<dyad::integer<3>>{"int3"});
    f(named<dyad::integer<4>>{"int4"});
    f(named<dyad::integer<6>>{"int6"});
    f(named<dyad::integer<8>>{"int8"});
    f(named<dyad::uinteger<2>>{"uint2"});
    f(named<dyad::uinteger<4>>{"uint4"});
    f(named<dyad::uinteger<8>>{"uint8"});
    f(named<dyad::ternary>{"ternary"});
    f(named<dyad::power<4, 2>>{"power<4, 2>"});
    f(named<dyad::power<8, 2>>{"power<8, 2>"});
    f(named<dyad::float4_e2m1fn>{"float4_e2m1fn"});
    f(named<dyad::float6_e2m3fn>{"float6_e2m3fn"});
    f(named<dyad::float6_e3m2fn>{"float6_e3m2fn"});
    f(named<dyad::float8_e3m4>{"float8_e3m4"});
    f(named<dyad::float8_e4m3>{"float8_e4m3"});
    f(named<dyad::float8_e4m3b11fnuz>{"float8_e4m3b11fnuz"});
    f(named<dyad::float8_e4m3fn>{"float8_e4m3fn"});
    f(named<dyad::float8_e4m3fnuz>{"float8_e4m3fnuz"});
    f(named<dyad::float8_e5m2>{"float8_e5m2"});
    f(named<dyad::float8_e5m2fnuz>{"float8_e5m2fnuz"});
    f(named<dyad::float8_e8m0fnu>{"float8_e8m0fnu"});
}

TEST_CASE("Pairs of formats of at most 8 bits: carrier and kernel") {
    std::map<std::string, int> kernels;
    int pairs = 0;
    for_each_format([&]<class A>(named<A> a) {
        std::string line;
        for_each_format([&]<class B>(named<B> b) {
            using arithmetic = dyad::gemm_arithmetic<A, B, dyad::float_ordered, dyad::product_rule::exact>;
            INFO(a.name, " x ", b.name);
            REQUIRE(arithmetic::has_kernel);
            for (const instruction_set isa : dyad_test::instruction_sets()) {
                const auto& kernel = arithmetic::kernel(isa);
                // The scalar kernels serve where the instruction set is scalar, and nowhere else.
                CHECK((kernel.isa == instruction_set::scalar) == (isa == instruction_set::scalar));
                CHECK(kernel.isa <= isa);
                ++kernels[kernel.name];
            }
            ++pairs;
            line += std::string(b.name) + ": " + arithmetic::kernel(dyad::best_instruction_set()).name + "; ";
        });
        MESSAGE(a.name, " x ", line);
    });
    for (const auto& [name, count] : kernels) MESSAGE(name, ": ", count, " pairs");
    CHECK(pairs == 22 * 22);
}

}  // namespace
