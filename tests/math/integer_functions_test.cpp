// SPDX-License-Identifier: Apache-2.0
// The integer functions against Boost.Multiprecision: every 8-bit code at 64 scales, samples of 16 and 32 bits; the
// fast way against the plain one; order; poles, ties, scales at the ends; constant expressions.
#include <dyad/math/integer_functions.hpp>

#include <doctest/doctest.h>

#include "support/scalar_function_values.hpp"
#include "support/tally.hpp"
#include "support/words.hpp"

#include <dyad/math/scalar_functions.hpp>
#include <dyad/number/operations.hpp>

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace {

/// 120 digits; with 113, Boost would take it for __float128 and want libquadmath.
using real120 = boost::multiprecision::number<
    boost::multiprecision::backends::cpp_bin_float<120, boost::multiprecision::backends::digit_base_2>,
    boost::multiprecision::et_off>;
using dyad::fixed;
using dyad::function_scales;
using dyad::integer;
using dyad::multiplier;
using dyad::scalar_function;
using dyad::uinteger;
using dyad_test::all_scalar_functions;
using dyad_test::rounding_check;
using dyad_test::scales_for;
using dyad_test::tally;

template <class T>
T code(std::int64_t raw) {
    return T::from_raw(static_cast<typename T::raw_type>(raw));
}

template <class Big, class In>
Big operand(In x, const function_scales& s) {
    return ldexp(Big(x.raw()), -In::fraction) * dyad_test::to_big<Big>(s.in);
}

// --- 8 bits: everything ---

TEST_CASE_TEMPLATE("integer functions: every 8-bit code at 64 scales is rounded correctly", In, integer<8>) {
    for (const scalar_function f : all_scalar_functions) {
        rounding_check<real120> narrow(std::string(to_string(f)) + ", 8 to 8 bits");
        rounding_check<real120> wide(std::string(to_string(f)) + ", 8 to 16 bits");
        rounding_check<real120> widest(std::string(to_string(f)) + ", 8 to 32 bits");
        for (const double scale : dyad_test::input_scales(64)) {
            const function_scales s8 = scales_for<integer<8>, In>(f, scale);
            const function_scales s16 = scales_for<integer<16>, In>(f, scale);
            const function_scales s32 = scales_for<integer<32>, In>(f, scale);
            for (int i = In::min_raw; i <= In::max_raw; ++i) {
                const In x = code<In>(i);
                const auto value = dyad_test::value_of(f, operand<real120>(x, s8));
                const auto check = [&]<class Out>(auto& cases, const function_scales& s) {
                    const auto factor = dyad_test::to_big<real120>(s.out);
                    cases.check(f, x, s, dyad::evaluate<Out>(f, x, s), real120(value * factor));
                };
                check.template operator()<integer<8>>(narrow, s8);
                check.template operator()<integer<16>>(wide, s16);
                check.template operator()<integer<32>>(widest, s32);
            }
        }
    }
}

// --- 16 bits ---

TEST_CASE("integer functions: all 16-bit codes, the fast way against the plain one") {
    for (const scalar_function f : all_scalar_functions) {
        // The plain erf takes 10 us.
        const bool slow = f == scalar_function::erf || f == scalar_function::gelu;
        tally cases(std::string("plain and fast ") + to_string(f));
        for (const double scale : slow ? std::vector<double>{1.3e-4} : std::vector<double>{3.1e-5, 1.3e-4, 1.7}) {
            const function_scales s = scales_for<integer<16>, integer<16>>(f, scale);
            for (int i = -32768; i <= 32767; i += slow ? 3 : 1) {
                const auto x = code<integer<16>>(i);
                const auto fast = dyad::evaluate<integer<16>>(f, x, s);
                const auto plain = dyad::evaluate_plainly<integer<16>>(f, x, s);
                cases.check(fast.raw() == plain.raw(), i, " at scale ", scale, ": ", int{fast.raw()}, ", plainly ",
                            int{plain.raw()});
            }
        }
    }
}

TEST_CASE("integer functions: samples of 16-bit codes are rounded correctly") {
    std::mt19937_64 random(1);
    for (const scalar_function f : all_scalar_functions) {
        rounding_check<real120> cases(std::string(to_string(f)) + ", 16 to 16 bits");
        rounding_check<real120> widest(std::string(to_string(f)) + ", 16 to 32 bits");
        for (const double scale : dyad_test::input_scales(10)) {
            const function_scales s = scales_for<integer<16>, integer<16>>(f, scale / 64);
            const function_scales s32 = scales_for<integer<32>, integer<16>>(f, scale / 64);
            for (int i = 0; i < 40; ++i) {
                const auto x = code<integer<16>>(dyad_test::random_word<std::int16_t>(random));
                const auto value = dyad_test::value_of(f, operand<real120>(x, s));
                cases.check(f, x, s, dyad::evaluate<integer<16>>(f, x, s),
                            real120(value * dyad_test::to_big<real120>(s.out)));
                widest.check(f, x, s32, dyad::evaluate<integer<32>>(f, x, s32),
                             real120(value * dyad_test::to_big<real120>(s32.out)));
            }
        }
    }
}

/// +1 where f rises, -1 where it falls, 0 where it does both; poles apart.
int direction(scalar_function f, bool positive) {
    switch (f) {
        case scalar_function::reciprocal: return -1;
        case scalar_function::rsqrt: return -1;
        case scalar_function::gelu:
        case scalar_function::gelu_tanh:
        case scalar_function::silu: return positive ? 1 : 0;
        default: return 1;
    }
}

TEST_CASE("integer functions: what rises or falls does so in codes of 16 and 32 bits") {
    for (const scalar_function f : all_scalar_functions) {
        tally cases(std::string("order of ") + to_string(f));
        for (const double scale : {1.9e-6, 3.1e-5, 2.7e-4, 0.9, 3.3}) {
            const function_scales s = scales_for<integer<16>, integer<16>>(f, scale);
            const function_scales s32 = scales_for<integer<32>, integer<16>>(f, scale);
            for (int i = -32767; i <= 32767; ++i) {
                const int sign = direction(f, i > 0);
                if (sign == 0 || (f == scalar_function::reciprocal && (i == 0 || i == 1))) continue;
                const auto before = code<integer<16>>(i - 1);
                const auto x = code<integer<16>>(i);
                const int step =
                    dyad::evaluate<integer<16>>(f, x, s).raw() - dyad::evaluate<integer<16>>(f, before, s).raw();
                const auto fine = std::int64_t{dyad::evaluate<integer<32>>(f, x, s32).raw()} -
                                  dyad::evaluate<integer<32>>(f, before, s32).raw();
                cases.check(sign * step >= 0 && sign * fine >= 0, i, " at scale ", scale, ": ", step, ", ", fine);
            }
        }
    }
}

// --- 32 bits, other types ---

template <class Out, class In>
void check_samples(const char* types, double scale, int count) {
    std::mt19937_64 random(2);
    std::vector<std::int64_t> raws;
    for (const std::int64_t w : dyad_test::boundary_words<std::int64_t>()) {
        if (w >= In::min_raw && w <= In::max_raw) raws.push_back(w);
    }
    for (int i = 0; i < count; ++i) {
        const auto w = dyad_test::random_word<std::uint32_t>(random);
        const auto raw = static_cast<std::int64_t>(In::is_signed ? dyad::sign_extend(w, 32) : std::int64_t{w});
        if (raw >= In::min_raw && raw <= In::max_raw) raws.push_back(raw);
        raws.push_back(In::min_raw + static_cast<std::int64_t>(random() >> (64 - In::width)));
    }
    rounding_check<real120> cases(types);
    tally plain(std::string(types) + ", plainly");
    for (const scalar_function f : all_scalar_functions) {
        function_scales s = scales_for<Out, In>(f, scale);
        for (const std::int64_t raw : raws) {
            const In x = code<In>(raw);
            const Out got = dyad::evaluate<Out>(f, x, s);
            const auto value = dyad_test::value_of(f, operand<real120>(x, s));
            cases.check(f, x, s, got, real120(value * dyad_test::to_big<real120>(s.out)));
            plain.check(got == dyad::evaluate_plainly<Out>(f, x, s), to_string(f), " ", raw);
        }
    }
}

TEST_CASE("integer functions: boundary and random codes of 32 bits and of other types") {
    check_samples<integer<32>, integer<32>>("32 to 32 bits", 3.7e-9, 60);
    check_samples<integer<32>, integer<32>>("32 to 32 bits, coarse", 2.3e-8, 40);
    check_samples<integer<16>, uinteger<32>>("32 unsigned to 16 bits", 1.9e-9, 40);
    check_samples<uinteger<32>, integer<16>>("16 to 32 bits unsigned", 1.7e-4, 30);
    check_samples<fixed<16, 12>, fixed<16, 12>>("fixed<16, 12>", 1.01, 30);
    check_samples<fixed<8, -3>, fixed<24, 30>>("fixed<24, 30> to fixed<8, -3>", 733.0, 30);
    check_samples<uinteger<8>, uinteger<8>>("8 bits unsigned", 0.031, 60);
    check_samples<integer<5>, integer<13>>("13 to 5 bits", 1.3e-3, 40);
    check_samples<integer<2>, integer<3>>("3 bits to 2", 0.9, 4);
    check_samples<integer<27>, integer<19>>("19 to 27 bits", 2.1e-5, 30);
}

TEST_CASE("integer functions: results saturate whatever the type does on overflow") {
    using wrapping = fixed<8, 2, dyad::signedness::is_unsigned, dyad::overflow::wrap>;
    using trapping = fixed<8, 2, dyad::signedness::is_signed, dyad::overflow::trap>;
    const function_scales s = function_scales::from(1.0, 0.01);
    for (const auto f : all_scalar_functions) {
        for (int i = -128; i <= 127; ++i) {
            const auto x = code<integer<8>>(i);
            const auto clamped = dyad::evaluate<fixed<8, 2, dyad::signedness::is_unsigned>>(f, x, s);
            CHECK(dyad::evaluate<wrapping>(f, x, s).raw() == clamped.raw());
            CHECK(dyad::evaluate<trapping>(f, x, s).raw() == dyad::evaluate<fixed<8, 2>>(f, x, s).raw());
        }
    }
    CHECK(dyad::silu<wrapping>(code<integer<8>>(127), s).raw() == 255);
    CHECK(dyad::silu<wrapping>(code<integer<8>>(-1), s).raw() == 0);
}

// --- poles, ties, ends ---

constexpr function_scales unit{{1, 0}, {1, 0}};
constexpr integer<8> raw8(int raw) { return integer<8>::from_raw(static_cast<std::int8_t>(raw)); }

TEST_CASE("integer functions: poles and where there is no value") {
    const function_scales negative_out{{1, 0}, {-1, 0}};
    const function_scales negative_in{{-1, 0}, {1, 0}};
    for (const int x : {0, -1, -128}) {
        CHECK(dyad::log2<integer<8>>(raw8(x), unit).raw() == -128);
        CHECK(dyad::rsqrt<integer<8>>(raw8(x), unit).raw() == 127);
        CHECK(dyad::sqrt<integer<8>>(raw8(x), unit).raw() == 0);
        CHECK(dyad::log2<integer<8>>(raw8(x), negative_out).raw() == 127);
        CHECK(dyad::rsqrt<integer<8>>(raw8(x), negative_out).raw() == -128);
    }
    CHECK(dyad::reciprocal<integer<8>>(raw8(0), unit).raw() == 127);
    CHECK(dyad::reciprocal<integer<8>>(raw8(0), negative_out).raw() == -128);
    CHECK(dyad::reciprocal<uinteger<8>>(raw8(-1), unit).raw() == 0);
    CHECK(dyad::log2<uinteger<16>>(raw8(-1), unit).raw() == 0);
    CHECK(dyad::evaluate<integer<8>>(scalar_function::exp_nonpositive, raw8(5), unit).raw() == 1);
    CHECK(dyad::exp_nonpositive<integer<8>>(raw8(5), negative_in).raw() == 0);
    // A negative scale mirrors: f(-x), or -f(x).
    for (const scalar_function f : all_scalar_functions) {
        const function_scales s{{0x5000'0003, -34}, {0x6000'0001, -25}};
        const function_scales mirrored{{-0x5000'0003, -34}, {-0x6000'0001, -25}};
        for (int x = -127; x <= 127; ++x) {
            if (x == 0 && f == scalar_function::reciprocal) continue;
            const int plus = dyad::evaluate<integer<16>>(f, raw8(-x), s).raw();
            const int minus = dyad::evaluate<integer<16>>(f, raw8(x), mirrored).raw();
            CHECK((plus == -minus || (plus == 32767 && minus == -32768) || (plus == -32768 && minus == 32767)));
        }
    }
}

TEST_CASE("integer functions: ties go to even, exactly") {
    const function_scales half{{1, 0}, {1, -1}};
    for (int n = -40; n <= 40; ++n) {
        CHECK(dyad::reciprocal<integer<32>>(integer<32>::from_raw(2), {{1, 0}, {2 * n + 1, 0}}).raw() ==
              (n % 2 == 0 ? n : n + 1));
    }
    CHECK(dyad::sqrt<integer<8>>(raw8(81), half).raw() == 4);   // 4.5
    CHECK(dyad::sqrt<integer<8>>(raw8(121), half).raw() == 6);  // 5.5
    CHECK(dyad::sqrt<integer<8>>(raw8(80), half).raw() == 4);
    CHECK(dyad::sqrt<integer<8>>(raw8(82), half).raw() == 5);
    CHECK(dyad::rsqrt<integer<8>>(raw8(25), {{1, 0}, {25, -1}}).raw() == 2);  // 2.5
    CHECK(dyad::rsqrt<integer<8>>(raw8(25), {{1, 0}, {35, -1}}).raw() == 4);  // 3.5
    CHECK(dyad::exp2<integer<8>>(raw8(-1), {{1, 0}, {5, 0}}).raw() == 2);
    CHECK(dyad::exp2<integer<8>>(raw8(-1), {{1, 0}, {7, 0}}).raw() == 4);
    CHECK(dyad::log2<integer<8>>(raw8(8), {{1, 0}, {3, -1}}).raw() == 4);   // 4.5
    CHECK(dyad::log2<integer<8>>(raw8(32), {{1, 0}, {1, -1}}).raw() == 2);  // 2.5
    CHECK(dyad::sigmoid<integer<8>>(raw8(0), {{1, 0}, {5, 0}}).raw() == 2);
    CHECK(dyad::sigmoid<integer<8>>(raw8(0), {{1, 0}, {7, 0}}).raw() == 4);
    CHECK(dyad::exp_nonpositive<integer<8>>(raw8(0), {{1, 0}, {5, -1}}).raw() == 2);
    // Next to a tie: tanh x < x, silu x > x / 2 > silu -x in size, erf and gelu where x is large.
    const function_scales tiny{{1, -300}, {1, 300 - 1}};
    CHECK(dyad::tanh<integer<8>>(raw8(7), tiny).raw() == 3);
    CHECK(dyad::tanh<integer<8>>(raw8(-7), tiny).raw() == -3);
    for (const auto f : {scalar_function::silu, scalar_function::gelu, scalar_function::gelu_tanh}) {
        const function_scales whole{{1, -300}, {1, 300}};
        CHECK(dyad::evaluate<integer<8>>(f, raw8(5), whole).raw() == 3);
        CHECK(dyad::evaluate<integer<8>>(f, raw8(-5), whole).raw() == -2);
        const function_scales coarse{{1, 4}, {1, -5}};
        CHECK(dyad::evaluate<integer<8>>(f, raw8(7), coarse).raw() == 3);  // just below 3.5
    }
    CHECK(dyad::softplus<integer<8>>(raw8(5), {{1, 4}, {1, -5}}).raw() == 3);  // just above 2.5
    CHECK(dyad::erf<integer<8>>(raw8(100), {{1, 0}, {7, -1}}).raw() == 3);     // just below 3.5
    CHECK(dyad::sigmoid<integer<8>>(raw8(1), {{1, -300}, {5, 0}}).raw() == 3);
    CHECK(dyad::sigmoid<integer<8>>(raw8(-1), {{1, -300}, {5, 0}}).raw() == 2);
}

TEST_CASE("integer functions: scales of 0 and at the ends of their range") {
    constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
    constexpr std::int32_t highest = std::numeric_limits<std::int32_t>::max();
    std::mt19937_64 random(3);
    tally cases("extreme scales");
    for (const scalar_function f : all_scalar_functions) {
        for (const int x : {-128, -1, 0, 1, 127}) {
            CHECK(dyad::evaluate<integer<8>>(f, raw8(x), {{3, 0}, {0, 5}}).raw() == 0);
            CHECK(dyad::evaluate<integer<8>>(f, raw8(x), {{0, 0}, {3, 1}}).raw() ==
                  dyad::evaluate<integer<8>>(f, raw8(0), {{3, 0}, {3, 1}}).raw());
        }
        const std::vector<std::int32_t> exponents{lowest, lowest + 1, -40'000, -32'768, -3000,       -70,    0,
                                                  70,     3000,       32'768,  40'000,  highest - 1, highest};
        for (const std::int32_t in : exponents) {
            for (const std::int32_t out : exponents) {
                for (const std::int32_t b : {1, -1, 0x5555'5555, highest, lowest}) {
                    const function_scales s{{b, in}, {highest, out}};
                    for (const int x : {-128, -3, 1, 127}) {
                        const int got = dyad::evaluate<integer<8>>(f, raw8(x), s).raw();
                        cases.check(got == dyad::evaluate_plainly<integer<8>>(f, raw8(x), s).raw(), to_string(f), " ",
                                    x, " * ", b, " * 2^", in, ", out 2^", out, ": ", got);
                    }
                }
            }
        }
    }
    // Exponents beyond +-2^15 are those ends.
    CHECK(dyad::sqrt<integer<8>>(raw8(4), {{1, highest}, {1, -16384}}).raw() == 2);
    CHECK(dyad::sqrt<integer<8>>(raw8(4), {{1, lowest}, {1, 16384}}).raw() == 2);
    const function_scales none = function_scales::from(0.0, 0.0);
    CHECK(none.in.significand == 0);
    CHECK(none.out.significand == 0);
    const function_scales thirds = function_scales::from(0.1, 3.0);
    CHECK(thirds.in == multiplier::from_scale(0.1));
    CHECK(thirds.out == multiplier{0x5555'5555, -32});
}

// --- names and constants ---

TEST_CASE("integer functions: each name is its function") {
    const function_scales s = function_scales::from(0.043, 0.011);
    const auto check = [&](scalar_function f, auto named) {
        for (int x = -128; x <= 127; ++x) {
            if (f == scalar_function::exp_nonpositive && x > 0) continue;  // a contract
            CHECK(named(raw8(x)).raw() == dyad::evaluate<integer<16>>(f, raw8(x), s).raw());
        }
    };
    using y = integer<16>;
    check(scalar_function::exp_nonpositive, [&](auto x) { return dyad::exp_nonpositive<y>(x, s); });
    check(scalar_function::exp2, [&](auto x) { return dyad::exp2<y>(x, s); });
    check(scalar_function::log2, [&](auto x) { return dyad::log2<y>(x, s); });
    check(scalar_function::reciprocal, [&](auto x) { return dyad::reciprocal<y>(x, s); });
    check(scalar_function::sqrt, [&](auto x) { return dyad::sqrt<y>(x, s); });
    check(scalar_function::rsqrt, [&](auto x) { return dyad::rsqrt<y>(x, s); });
    check(scalar_function::erf, [&](auto x) { return dyad::erf<y>(x, s); });
    check(scalar_function::gelu, [&](auto x) { return dyad::gelu<y>(x, s); });
    check(scalar_function::gelu_tanh, [&](auto x) { return dyad::gelu_tanh<y>(x, s); });
    check(scalar_function::sigmoid, [&](auto x) { return dyad::sigmoid<y>(x, s); });
    check(scalar_function::tanh, [&](auto x) { return dyad::tanh<y>(x, s); });
    check(scalar_function::silu, [&](auto x) { return dyad::silu<y>(x, s); });
    check(scalar_function::softplus, [&](auto x) { return dyad::softplus<y>(x, s); });
    std::vector<std::string> names;
    for (const scalar_function f : all_scalar_functions) names.emplace_back(to_string(f));
    CHECK(names.front() == "exp_nonpositive");
    CHECK(names.back() == "softplus");
    std::sort(names.begin(), names.end());
    CHECK(std::unique(names.begin(), names.end()) == names.end());
    CHECK(std::string(to_string(static_cast<scalar_function>(200))) == "unknown");
}

// The example at the head of the header, as a constant.
constexpr function_scales example = function_scales::from(0.05, 1.0 / 128);
static_assert(dyad::gelu<integer<8>>(raw8(20), example).raw() == 108);    // 0.84134 * 128 = 107.7
static_assert(dyad::gelu<integer<8>>(raw8(-20), example).raw() == -20);   // -0.15866 * 128 = -20.3
static_assert(dyad::tanh<integer<8>>(raw8(20), example).raw() == 97);     // 0.76159 * 128 = 97.5, less 0.02
static_assert(dyad::softplus<integer<8>>(raw8(0), example).raw() == 89);  // ln 2 * 128 = 88.7
static_assert(dyad::erf<integer<16>>(raw8(127), {{1, 0}, {1, 14}}).raw() == 1 << 14);
static_assert(dyad::log2<integer<8>>(raw8(64), unit).raw() == 6);

}  // namespace
