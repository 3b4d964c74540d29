// SPDX-License-Identifier: Apache-2.0
// Integer layer, RMS and L1 norm: the stated bound against 50 digits on rows that are hard and on random ones; the same
// bits from every instruction set, at every length, with every stride; parameters; bad input.
#include <dyad/array/integer_norms.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using boost::multiprecision::cpp_bin_float_50;
using dyad::index;
using dyad::instruction_set;
using dyad::integer;
using dyad::norm_kind;
using dyad::status;
using dyad::uinteger;
using dyad_test::instruction_sets;
using dyad_test::tally;

template <class T>
dyad::vector_view<const T> input(const std::vector<T>& v) {
    return dyad::make_vector(v.data(), static_cast<index>(v.size()));
}
template <class T>
dyad::vector_view<T> output(std::vector<T>& v) {
    return dyad::make_vector(v.data(), static_cast<index>(v.size()));
}

// f as the header's text says
static_assert(dyad::norm_fraction(norm_kind::layer, 256) == 25 && dyad::norm_fraction(norm_kind::rms, 1023) == 25);
static_assert(dyad::norm_fraction(norm_kind::layer, 255) == 26 && dyad::norm_fraction(norm_kind::rms, 1024) == 24);
static_assert(dyad::norm_fraction(norm_kind::layer, 1 << 14) == 22 &&
              dyad::norm_fraction(norm_kind::l1, 1 << 14) == 16);
static_assert(dyad::norm_fraction(norm_kind::l1, 512) == 21 && dyad::norm_fraction(norm_kind::l1, 1023) == 21);

/// A plan with its memory and its parameters.
template <norm_kind Kind, class In, class Out>
struct planned {
    std::vector<std::int32_t> gains;
    std::vector<std::int64_t> offsets;
    dyad::integer_norm<Kind, In, Out> plan;

    planned(const std::vector<float>& gamma, const std::vector<float>& beta, double epsilon, double in_scale,
            double out_scale)
        : gains(gamma.size()), offsets(gamma.size()) {
        REQUIRE(plan.set(input(gamma), input(beta), epsilon, in_scale, out_scale, output(gains), output(offsets)) ==
                status::ok);
    }
};

cpp_bin_float_50 wide(dyad::uint128_t x) {
    return ldexp(cpp_bin_float_50(static_cast<std::uint64_t>(x >> 64)), 64) + static_cast<std::uint64_t>(x);
}

/// n / sqrt(V + epsilon) or n / (A + epsilon), the factor of n x - sum; 0 where all of those are 0.
template <norm_kind Kind, class In>
long double exact_factor(const std::vector<In>& row, dyad::uint128_t epsilon, std::int64_t sum) {
    const auto n = static_cast<std::int64_t>(row.size());
    dyad::uint128_t total = 0;
    for (const In x : row) {
        const auto d = static_cast<dyad::int128_t>(n * std::int64_t{x.raw()} - sum);
        total += static_cast<dyad::uint128_t>(Kind == norm_kind::l1 ? (d < 0 ? -d : d) : d * d);
    }
    if (total == 0) return 0;
    // sum of d^2 is n V
    const cpp_bin_float_50 part = ldexp(wide(epsilon), -64);
    if (Kind == norm_kind::l1) return static_cast<long double>(n / (wide(total) + part));
    return static_cast<long double>(1 / sqrt(wide(total) / n + part));
}

struct found {
    double units = 0;   // how far the worst result was beyond half a code, in units of 2^-f G
    double beyond = 0;  // the same in codes
    double off = 0;     // the largest |y - exact|
    std::string at;
};

/// The bound of array/integer_norms.hpp.
template <norm_kind Kind, class In, class Out>
void check_row(tally& cases, found& worst, const planned<Kind, In, Out>& p, const std::vector<In>& row,
               const std::string& what) {
    std::vector<Out> out(row.size());
    REQUIRE(p.plan.run(input(row), output(out)) == status::ok);
    const auto n = static_cast<std::int64_t>(row.size());
    std::int64_t sum = 0;
    for (const In x : row) sum += Kind == norm_kind::rms ? 0 : std::int64_t{x.raw()};
    const long double factor = exact_factor<Kind>(row, p.plan.epsilon(), sum);
    const int places = p.plan.shift() - p.plan.fraction();
    const std::int64_t half = std::int64_t{1} << (p.plan.shift() - 1);
    for (std::size_t i = 0; i < row.size(); ++i) {
        const long double gain = std::ldexp(static_cast<long double>(p.gains[i]), -places);
        const long double offset = std::ldexp(static_cast<long double>(p.offsets[i] - half), -p.plan.shift());
        const auto d = static_cast<long double>(n * std::int64_t{row[i].raw()} - sum);
        const long double y = d * factor * gain + offset;
        const long double exact =
            std::clamp(y, static_cast<long double>(Out::min_raw), static_cast<long double>(Out::max_raw));
        const auto off = static_cast<double>(std::fabs(static_cast<long double>(out[i].raw()) - exact));
        const auto unit = static_cast<double>(std::ldexp(std::fabs(gain), -p.plan.fraction()));
        cases.check(off <= 0.5 + (1.25 + 0x1p-26) * unit + 1e-12, what, ", n ", n, ", element ", i, ": ",
                    std::to_string(out[i].raw()), ", exact ", static_cast<double>(y));
        worst.off = std::max(worst.off, off);
        if (unit == 0 || (off - 0.5) / unit <= worst.units) continue;
        worst.units = (off - 0.5) / unit;
        worst.beyond = off - 0.5;
        worst.at = what + ", n " + std::to_string(n) + ", element " + std::to_string(i);
    }
}

template <class In>
In code(std::int64_t raw) {
    return In::saturating_from_raw(raw);
}

/// Rows that are hard: constant, one hot, one and many tiny, a slow tail, extremes in turn; and random ones.
template <class In, class Check>
void for_hard_rows(std::size_t n, std::mt19937_64& random, Check check) {
    constexpr std::int64_t low = In::min_raw;
    constexpr std::int64_t high = In::max_raw;
    for (const std::int64_t x : {low, std::int64_t{0}, std::int64_t{3}, high})
        check(std::vector(n, code<In>(x)), "constant");
    std::vector<In> row(n, code<In>(low));
    row[n / 2] = code<In>(high);
    check(row, "one hot");
    row = std::vector(n, code<In>(high - 1));
    row.back() = code<In>(high);
    check(row, "one differs by 1");
    for (std::size_t i = 0; i < n; ++i) row[i] = code<In>(i == 0 ? high : static_cast<std::int64_t>(i % 2));
    check(row, "one large, the rest tiny");
    for (std::size_t i = 0; i < n; ++i) row[i] = code<In>(high / static_cast<std::int64_t>(i + 1));
    check(row, "slow tail");
    for (std::size_t i = 0; i < n; ++i) row[i] = code<In>(i % 2 == 0 ? low : high);
    check(row, "extremes in turn");
    for (const std::int64_t spread : {std::int64_t{3}, std::int64_t{40}, high - low}) {
        for (std::size_t i = 0; i < n; ++i) {
            const auto r = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(spread + 1));
            row[i] = code<In>((spread == high - low ? low : 3) + r);
        }
        check(row, "random");
    }
}

template <norm_kind Kind, class In, class Out>
void check_bound() {
    const std::string name = reference::name_of<In>() + " to " + reference::name_of<Out>();
    tally cases("norm of kind " + std::to_string(static_cast<int>(Kind)) + ", " + name);
    found worst;
    std::mt19937_64 random(1);
    // A normalized row of these gains fills the codes.
    const double largest = static_cast<double>(Out::max_raw) / 4;
    for (const std::size_t n : {1u, 2u, 3u, 4u, 5u, 15u, 16u, 17u, 255u, 256u, 384u, 768u, 4096u, 16384u}) {
        // epsilon that rounds to nothing, plays a part for small variances, dominates all, or is beyond reason
        for (const double epsilon : {0.0, 1e-5, 30.0, 1e9}) {
            if (n > 4000 && epsilon == 1e9) continue;
            std::vector<float> gamma(n);
            std::vector<float> beta(n);
            for (std::size_t i = 0; i < n; ++i) {
                const double g = static_cast<double>(random() >> 11) * 0x1p-52 - 1;
                gamma[i] = i % 17 == 3 ? 0.0f : static_cast<float>((i % 2 == 0 ? 1 : g) * largest * 0.01);
                beta[i] = static_cast<float>((static_cast<double>(random() >> 11) * 0x1p-52 - 1) * largest * 0.01);
            }
            const planned<Kind, In, Out> p(gamma, beta, epsilon, 0.05, 0.01);
            for_hard_rows<In>(n, random, [&](const std::vector<In>& row, const char* what) {
                check_row(cases, worst, p, row, what + std::string(", epsilon ") + std::to_string(epsilon));
            });
        }
    }
    MESSAGE(name << ", kind " << static_cast<int>(Kind) << ": at most 0.5 + " << worst.units << " * 2^-f G ("
                 << worst.beyond << " codes) off, " << worst.at << "; off by at most " << worst.off);
    CHECK(worst.units <= 1.25);
    CHECK(worst.off >= 0.499);  // the rows reach results between two codes
}

TEST_CASE("integer norms: within 1/2 + (5/4) 2^-f G of the plan's own numbers") {
    check_bound<norm_kind::layer, integer<8>, integer<8>>();
    check_bound<norm_kind::layer, integer<16>, integer<16>>();
    check_bound<norm_kind::rms, uinteger<16>, uinteger<16>>();
    check_bound<norm_kind::rms, uinteger<8>, integer<16>>();
    check_bound<norm_kind::l1, uinteger<8>, uinteger<8>>();
    check_bound<norm_kind::l1, integer<16>, integer<8>>();
}

TEST_CASE("norm_round_factor: z within 5/4 units of the exact value") {
    tally cases("row factors");
    std::mt19937_64 random(2);
    double worst = 0;
    for (int k = 0; k < 200'000; ++k) {
        const auto n = static_cast<std::int64_t>(1 + random() % (random() % 4 == 0 ? 16384 : 40));
        const auto most = static_cast<std::int64_t>(random() % 2 == 0 ? 255 : 65535);
        // Two values, a few of one and the rest of the other: all that the bound depends on.
        const auto few = static_cast<std::int64_t>(1 + random() % static_cast<std::uint64_t>(n));
        const auto x = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 1)) - most / 2;
        const auto y = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 1)) - most / 2;
        const std::int64_t sum = few * x + (n - few) * y;
        const auto squares = static_cast<std::uint64_t>(few * x * x + (n - few) * y * y);
        const std::uint64_t v = static_cast<std::uint64_t>(n) * squares - static_cast<std::uint64_t>(sum * sum);
        if (v == 0) continue;
        const int fraction = dyad::norm_fraction(norm_kind::layer, n);
        const dyad::uint128_t part = random() >> (random() % 64);
        const dyad::uint128_t all = (static_cast<dyad::uint128_t>(v) << 64) + (part << (random() % 60));
        const auto r =
            dyad::norm_round_factor(dyad::norm_over_root(static_cast<std::uint64_t>(n), all), fraction, sum, n);
        for (const std::int64_t e : {x, y}) {
            const std::int64_t z = (e * r.factor + r.offset) >> r.shift;
            const cpp_bin_float_50 exact = ldexp((n * e - sum) / sqrt(ldexp(wide(all), -64)), fraction);
            const auto off = static_cast<double>(abs(cpp_bin_float_50(z) - exact));
            worst = std::max(worst, off);
            cases.check(off <= 1.25 + 0x1p-26, "n ", n, ", x ", x, ", y ", y, ", ", few, " of them: off by ", off);
            cases.check(z < (std::int64_t{1} << 31) && z > -(std::int64_t{1} << 31), "z ", z);
        }
        if (k % 8 != 0) k += 3;  // 50 digits take their time
    }
    MESSAGE("z off by at most " << worst << " units");
    CHECK(worst > 0.8);
}

template <norm_kind Kind, class In, class Out>
void check_instruction_sets() {
    tally cases("the same bits, " + reference::name_of<In>() + " to " + reference::name_of<Out>());
    std::mt19937_64 random(3);
    std::vector<std::size_t> sizes;
    for (std::size_t n = 1; n <= 130; ++n) sizes.push_back(n);
    for (const std::size_t n : {384u, 1000u, 16384u}) sizes.push_back(n);
    for (const std::size_t n : sizes) {
        std::vector<float> gamma(n);
        std::vector<float> beta(n);
        for (std::size_t i = 0; i < n; ++i) {
            gamma[i] = static_cast<float>(static_cast<std::int64_t>(random() % 2001) - 1000) * 0.001f;
            beta[i] = static_cast<float>(static_cast<std::int64_t>(random() % 2001) - 1000) * 0.0005f;
        }
        const planned<Kind, In, Out> p(gamma, beta, 1e-5, 0.02, 2.0 / static_cast<double>(Out::max_raw));
        const std::size_t rows = n < 20 ? 17 : n < 2000 ? 9 : 2;
        std::vector<In> x(n * rows);
        for (In& e : x)
            e = In::from_bits(
                static_cast<typename In::bits_type>(random() & dyad::low_mask<typename In::bits_type>(In::width)));
        // Extremes only in one row, one value only in another.
        for (std::size_t i = 0; i < n; ++i)
            x[i] = random() % 2 == 0 ? In::from_raw(In::min_raw) : In::from_raw(In::max_raw);
        for (std::size_t i = n; i < 2 * n; ++i) x[i] = In::from_raw(In::min_raw);
        const auto src = dyad::make_matrix(std::as_const(x).data(), static_cast<index>(rows), static_cast<index>(n));
        // 1. One row, one element at a time: the definition.
        std::vector<Out> expected(x.size());
        std::vector<Out> spread(3 * x.size() + 1);
        const dyad::matrix_view<Out> apart{spread.data(), src.extent, {3 * src.stride[0], 3}};
        REQUIRE(p.plan.run(src, apart, {instruction_set::scalar}) == status::ok);
        for (std::size_t i = 0; i < x.size(); ++i) expected[i] = spread[3 * i];
        // 2. Every instruction set; whole matrices, single rows, in place.
        for (const instruction_set isa : instruction_sets()) {
            std::vector<Out> out(x.size() + 1, Out::from_raw(11));
            const auto dst = dyad::make_matrix(out.data(), src.extent[0], src.extent[1]);
            REQUIRE(p.plan.run(src, dst, {isa}) == status::ok);
            cases.check(std::equal(expected.begin(), expected.end(), out.begin()), "n ", n, ", ", to_string(isa));
            cases.check(out.back() == Out::from_raw(11), "written behind the end, n ", n);
            std::vector<Out> one(n);
            REQUIRE(p.plan.run(dyad::row(src, 1), output(one), {isa}) == status::ok);
            cases.check(std::equal(one.begin(), one.end(), expected.begin() + static_cast<index>(n)), "row, n ", n);
            if constexpr (std::is_same_v<In, Out>) {
                std::vector<In> same = x;
                const auto both = dyad::make_matrix(same.data(), src.extent[0], src.extent[1]);
                REQUIRE(p.plan.run(dyad::as_const(both), both, {isa}) == status::ok);
                cases.check(same == expected, "in place, n ", n, ", ", to_string(isa));
            }
        }
        // 3. Columns as rows, rows backward, a row again and again.
        if (n > 130) continue;
        std::vector<In> turned(x.size());
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t i = 0; i < n; ++i) turned[i * rows + r] = x[(rows - 1 - r) * n + i];
        const dyad::matrix_view<const In> columns{
            turned.data() + (rows - 1), src.extent, {-1, static_cast<index>(rows)}};
        std::vector<Out> out(x.size());
        const auto dst = dyad::make_matrix(out.data(), src.extent[0], src.extent[1]);
        REQUIRE(p.plan.run(columns, dst) == status::ok);
        cases.check(out == expected, "columns, n ", n);
        const dyad::matrix_view<const In> again{x.data(), src.extent, {0, 1}};
        REQUIRE(p.plan.run(again, dst) == status::ok);
        for (std::size_t r = 0; r < rows; ++r)
            cases.check(std::equal(expected.begin(), expected.begin() + static_cast<index>(n),
                                   out.begin() + static_cast<index>(r * n)),
                        "again, n ", n);
    }
}

TEST_CASE("integer norms: the same bits from every instruction set, length, stride") {
    check_instruction_sets<norm_kind::layer, integer<8>, integer<8>>();
    check_instruction_sets<norm_kind::layer, integer<16>, integer<16>>();
    check_instruction_sets<norm_kind::l1, uinteger<8>, uinteger<8>>();
    check_instruction_sets<norm_kind::rms, uinteger<16>, uinteger<16>>();
    check_instruction_sets<norm_kind::rms, uinteger<8>, integer<16>>();
    check_instruction_sets<norm_kind::l1, integer<16>, integer<8>>();
    check_instruction_sets<norm_kind::layer, integer<4>, integer<6>>();  // codes that do not fill their words
}

TEST_CASE("integer norms: known rows") {
    // 2, 4: x' = -1, 1; gains 10 and 3 codes, offsets 1 and 2.
    const std::vector<integer<8>> row{integer<8>::from_raw(2), integer<8>::from_raw(4)};
    const planned<norm_kind::layer, integer<8>, integer<8>> layer({10, 3}, {1, 2}, 0, 0.5, 1);
    std::vector<integer<8>> y(2);
    REQUIRE(layer.plan.run(input(row), output(y)) == status::ok);
    CHECK(y[0].raw() == -9);
    CHECK(y[1].raw() == 5);
    // sqrt((4 + 16) / 2) = 3.1623: 2 / that * 100 = 63.2, 4 / that * 100 = 126.5
    const planned<norm_kind::rms, integer<8>, integer<8>> rms({100, 100}, {}, 0, 0.5, 1);
    REQUIRE(rms.plan.run(input(row), output(y)) == status::ok);
    CHECK(y[0].raw() == 63);
    CHECK(y[1].raw() == 126);
    // mean 1, mean |x - mean| = 3/2: (3 - 1) / 1.5 * 30 = 40, (-2) / 1.5 * 30 = -40, -20, 20
    const std::vector<integer<8>> four{integer<8>::from_raw(3), integer<8>::from_raw(-1), integer<8>::from_raw(0),
                                       integer<8>::from_raw(2)};
    const planned<norm_kind::l1, integer<8>, integer<8>> l1({30, 30, 30, 30}, {}, 0, 0.5, 1);
    std::vector<integer<8>> z(4);
    REQUIRE(l1.plan.run(input(four), output(z)) == status::ok);
    CHECK(z[0].raw() == 40);
    CHECK(z[1].raw() == -40);
    CHECK(z[2].raw() == -20);
    CHECK(z[3].raw() == 20);
    // Epsilon counts: variance 1 * 0.25, epsilon 0.75: x' halves.
    const planned<norm_kind::layer, integer<8>, integer<8>> with({10, 10}, {}, 0.75, 0.5, 1);
    REQUIRE(with.plan.run(input(row), output(y)) == status::ok);
    CHECK(y[0].raw() == -5);
    CHECK(y[1].raw() == 5);
}

TEST_CASE("integer norms: gains, offsets and epsilon are the nearest integers") {
    std::mt19937_64 random(4);
    tally cases("parameters");
    for (int k = 0; k < 300; ++k) {
        const auto uniform = [&random] { return static_cast<double>(random() >> 11) * 0x1p-53; };
        const std::size_t n = 1 + random() % 40;
        const double in_scale = std::ldexp(uniform() + 0.5, static_cast<int>(random() % 12) - 10);
        const double out_scale = std::ldexp(uniform() + 0.5, static_cast<int>(random() % 12) - 10);
        const double epsilon = uniform() * 1e-3;
        std::vector<float> gamma(n);
        std::vector<float> beta(n);
        for (std::size_t i = 0; i < n; ++i) {
            gamma[i] = static_cast<float>(uniform() * 4 - 2);
            beta[i] = static_cast<float>(uniform() * 4 - 2);
        }
        const planned<norm_kind::layer, integer<8>, integer<8>> p(gamma, beta, epsilon, in_scale, out_scale);
        const int shift = p.plan.shift();
        cases.check(shift >= 32 && shift <= 60, "shift ", shift);
        const auto half = std::int64_t{1} << (shift - 1);
        const auto near = [](std::int64_t got, const cpp_bin_float_50& exact) {
            return abs(cpp_bin_float_50(got) - exact) <= cpp_bin_float_50(0.5);
        };
        for (std::size_t i = 0; i < n; ++i) {
            const cpp_bin_float_50 g = ldexp(cpp_bin_float_50(gamma[i]) / out_scale, shift - p.plan.fraction());
            const cpp_bin_float_50 b = ldexp(cpp_bin_float_50(beta[i]) / out_scale, shift);
            cases.check(near(p.gains[i], g) || p.gains[i] == 0x7fff'ffff, "gain ", p.gains[i]);
            cases.check(near(p.offsets[i] - half, b), "offset ", p.offsets[i]);
        }
        const auto count = static_cast<double>(n);
        const cpp_bin_float_50 e = ldexp(cpp_bin_float_50(epsilon) / in_scale / in_scale * count * count, 64);
        cases.check(abs(wide(p.plan.epsilon()) - e) <= e * 0x1p-59 + 0.5, "epsilon");
    }
}

TEST_CASE("integer norms: a large beta gives the codes' end, whatever the gain; none is too large") {
    tally cases("large offsets");
    const std::vector<integer<16>> row{integer<16>::from_raw(-32768), integer<16>::from_raw(32767)};
    for (int e = 10; e < 128; ++e) {
        for (const float gamma : {0.0f, 1.0f, 0x1p10f, -0x1p20f, 0x1.fp26f}) {
            for (const float sign : {1.0f, -1.0f}) {
                const float beta = std::ldexp(sign, e);
                const planned<norm_kind::layer, integer<16>, uinteger<16>> p({gamma, gamma}, {beta, 0.0f}, 0, 1, 1);
                std::vector<uinteger<16>> y(2);
                REQUIRE(p.plan.run(input(row), output(y)) == status::ok);
                // x' is -1 and 1.
                const double exact[] = {-static_cast<double>(gamma) + beta, static_cast<double>(gamma)};
                for (std::size_t i = 0; i < 2; ++i) {
                    const double bound = 0.5 + 1.26 * std::ldexp(std::fabs(gamma), -p.plan.fraction());
                    const double expected = std::clamp(exact[i], 0.0, 65535.0);
                    cases.check(std::fabs(y[i].raw() - expected) <= bound, "beta ", beta, ", gamma ", gamma, ": ",
                                y[i].raw());
                }
            }
        }
    }
}

/// Copies one plan's parameters into another that has its shape.
struct copier {
    std::vector<std::byte>* bytes;
    bool is_writing;
    std::size_t used = 0;

    template <class T>
    status copy(T* data, std::size_t count) {
        if (is_writing) bytes->resize(used + count * sizeof(T));
        void* const there = bytes->data() + used;
        if (is_writing) std::memcpy(there, data, count * sizeof(T));
        else std::memcpy(data, there, count * sizeof(T));
        used += count * sizeof(T);
        return status::ok;
    }
    template <class T, int Rank>
    status array(dyad::view<T, Rank> v) {
        return copy(v.data, static_cast<std::size_t>(v.size()));
    }
    template <class T>
    status scalar(T& x) {
        return copy(&x, 1);
    }
};

TEST_CASE("integer norms: shaped in an arena, shown to a visitor, read back") {
    constexpr index n = 37;
    using plan_type = dyad::integer_rms_norm<integer<8>, uinteger<8>>;
    dyad::arena measuring = dyad::arena::measuring();
    plan_type first;
    REQUIRE(first.shape(measuring, n) == status::ok);
    std::vector<std::byte> memory(2 * measuring.peak());
    dyad::arena real(memory);
    plan_type second;
    REQUIRE(first.shape(real, n) == status::ok);
    REQUIRE(second.shape(real, n) == status::ok);
    CHECK(first.channels() == n);
    std::vector<float> gamma(n);
    for (std::size_t i = 0; i < gamma.size(); ++i) gamma[i] = static_cast<float>(i) * 0.125f;
    REQUIRE(first.set(input(gamma), input(gamma), 1e-3, 0.1, 0.04) == status::ok);
    std::vector<std::byte> bytes;
    copier write{&bytes, true};
    REQUIRE(first.visit(write) == status::ok);
    copier read{&bytes, false};
    REQUIRE(second.visit(read) == status::ok);
    CHECK(read.used == bytes.size());
    CHECK(second.epsilon() == first.epsilon());
    std::vector<integer<8>> x(n);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = integer<8>::from_raw(static_cast<std::int8_t>(i * 5 % 100));
    std::vector<uinteger<8>> y(n);
    std::vector<uinteger<8>> z(n);
    REQUIRE(first.run(input(x), output(y)) == status::ok);
    REQUIRE(second.run(input(x), output(z)) == status::ok);
    CHECK(y == z);
    CHECK(std::any_of(y.begin(), y.end(), [](uinteger<8> e) { return e.raw() > 50; }));
}

TEST_CASE("integer norms: a plan with new memory runs only once it is set again") {
    using plan_type = dyad::integer_layer_norm<integer<8>, integer<8>>;
    const std::vector<float> gamma(4, 1.0f);
    std::vector<std::int32_t> gains(8, -7);
    std::vector<std::int64_t> offsets(8, -7);
    plan_type plan;
    REQUIRE(plan.shape(dyad::make_vector(gains.data(), 4), dyad::make_vector(offsets.data(), 4)) == status::ok);
    REQUIRE(plan.set(input(gamma), {}, 0, 1, 1) == status::ok);
    const std::vector<integer<8>> x(8);
    std::vector<integer<8>> y(8, integer<8>::from_raw(5));
    // 1. An arena with room for the gains only leaves the plan as it is.
    alignas(64) std::byte memory[128];
    dyad::arena small(memory);
    REQUIRE(plan.shape(small, 8) == status::arena_too_small);
    CHECK(plan.channels() == 4);
    CHECK(plan.run(dyad::make_vector(x.data(), 4), dyad::make_vector(y.data(), 4)) == status::ok);
    CHECK(y[0].raw() == 0);
    // 2. Memory that holds no parameters yet.
    REQUIRE(plan.shape(output(gains), output(offsets)) == status::ok);
    CHECK(plan.run(input(x), output(y)) == status::parameter_missing);
    CHECK(y[4].raw() == 5);
}

/// Replaces the scalar number `change` by 99, as a damaged archive would.
struct damaging_visitor {
    int scalars = 0;
    int change = 0;

    template <class View>
    status array(View) noexcept {
        return status::ok;
    }
    template <class T>
    status scalar(T& x) noexcept {
        if (++scalars == change) x = static_cast<T>(99);
        return status::ok;
    }
};

TEST_CASE("integer norms: bad input is refused before anything is written") {
    using plan_type = dyad::integer_layer_norm<integer<8>, integer<8>>;
    const std::vector<float> gamma(8, 1.0f);
    std::vector<std::int32_t> gains(8, -7);
    std::vector<std::int64_t> offsets(8, -7);
    plan_type plan;
    const auto set = [&](const std::vector<float>& g, const std::vector<float>& b, double epsilon, double in,
                         double out) {
        return plan.set(input(g), input(b), epsilon, in, out, output(gains), output(offsets));
    };
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    CHECK(set(std::vector<float>(7, 1.0f), gamma, 0, 1, 1) == status::extents_differ);
    CHECK(set(gamma, std::vector<float>(9, 1.0f), 0, 1, 1) == status::extents_differ);
    for (const double bad : {0.0, -1.0, nan, infinity}) {
        CHECK(set(gamma, gamma, 0, bad, 1) == status::scale_not_positive);
        CHECK(set(gamma, gamma, 0, 1, bad) == status::scale_not_positive);
    }
    CHECK(set(gamma, gamma, nan, 1, 1) == status::parameter_not_finite);
    CHECK(set(gamma, gamma, infinity, 1, 1) == status::parameter_not_finite);
    CHECK(set(gamma, gamma, -1, 1, 1) == status::parameter_out_of_range);
    CHECK(set(gamma, gamma, 1e30, 1, 1) == status::parameter_out_of_range);
    CHECK(set(gamma, gamma, 1, 1e-200, 1) == status::parameter_out_of_range);
    CHECK(set(gamma, gamma, 0, 1, 1e-30) == status::parameter_out_of_range);
    std::fill(gains.begin(), gains.end(), -7);
    // f = 28 for 8 channels
    CHECK(dyad::norm_fraction(norm_kind::layer, 8) == 28);
    CHECK(set(std::vector<float>(8, 0x1p27f), gamma, 0, 1, 1) == status::parameter_out_of_range);
    std::vector<float> not_finite = gamma;
    not_finite[3] = std::numeric_limits<float>::quiet_NaN();
    CHECK(set(not_finite, gamma, 0, 1, 1) == status::parameter_not_finite);
    CHECK(set(gamma, not_finite, 0, 1, 1) == status::parameter_not_finite);
    CHECK(std::all_of(gains.begin(), gains.end(), [](std::int32_t g) { return g == -7; }));
    CHECK(set(std::vector<float>(8, 0x1.fp26f), gamma, 0, 1, 1) == status::ok);
    const dyad::vector_view<std::int32_t> none{nullptr, {8}, {1}};
    const dyad::vector_view<std::int32_t> gaps{gains.data(), {4}, {2}};
    const dyad::vector_view<std::int64_t> four{offsets.data(), {4}, {1}};
    CHECK(plan_type{}.shape(none, output(offsets)) == status::ok);
    CHECK(plan_type{}.shape(gaps, four) == status::parameter_shape_differs);
    // An archive's integers that no set leaves.
    damaging_visitor visitor;
    CHECK(plan.visit(visitor) == status::ok);
    for (const int change : {3, 4}) {
        auto changed = plan;
        visitor.scalars = 0;
        visitor.change = change;
        CHECK(changed.visit(visitor) == status::parameter_out_of_range);
    }
    // Gains that would be overwritten by offsets.
    alignas(8) std::byte shared[64];
    CHECK(plan_type{}.shape(dyad::make_vector(reinterpret_cast<std::int32_t*>(shared), 4),
                            dyad::make_vector(reinterpret_cast<std::int64_t*>(shared + 8), 4)) ==
          status::workspace_overlaps_operand);
    CHECK(plan_type{}.shape(output(gains), four) == status::extents_differ);
    CHECK(plan.set(input(gamma), input(gamma), 0, 1, 1, none, output(offsets)) == status::parameter_missing);
    const index too_long = dyad::most_norm_channels + 1;
    CHECK(plan_type{}.shape({gains.data(), {too_long}, {1}}, {offsets.data(), {too_long}, {1}}) ==
          status::row_too_long);
    dyad::arena measuring = dyad::arena::measuring();
    CHECK(plan_type{}.shape(measuring, too_long) == status::row_too_long);
    CHECK(plan_type{}.shape(measuring, -1) == status::negative_extent);

    REQUIRE(set(gamma, gamma, 0, 1, 1) == status::ok);
    std::vector<integer<8>> x(16, integer<8>::from_raw(5));
    std::vector<integer<8>> y(16, integer<8>::from_raw(9));
    const auto src = dyad::make_matrix(std::as_const(x).data(), 2, 8);
    const auto dst = dyad::make_matrix(y.data(), 2, 8);
    using in_view = dyad::matrix_view<const integer<8>>;
    using out_view = dyad::matrix_view<integer<8>>;
    CHECK(plan.run(src, dyad::make_matrix(y.data(), 1, 8)) == status::extents_differ);
    CHECK(plan.run(dyad::make_matrix(std::as_const(x).data(), 2, 7), dyad::make_matrix(y.data(), 2, 7)) ==
          status::extents_differ);
    CHECK(plan.run(in_view{x.data(), {-1, 8}, {8, 1}}, out_view{y.data(), {-1, 8}, {8, 1}}) == status::negative_extent);
    CHECK(plan.run(in_view{nullptr, {2, 8}, {8, 1}}, dst) == status::src_null);
    CHECK(plan.run(src, out_view{nullptr, {2, 8}, {8, 1}}) == status::dst_null);
    CHECK(plan.run(src, out_view{y.data(), {2, 8}, {0, 1}}) == status::dst_overlaps_itself);
    CHECK(plan.run(in_view{y.data() + 1, {1, 8}, {8, 1}}, out_view{y.data(), {1, 8}, {8, 1}}) ==
          status::dst_overlaps_src);
    CHECK(plan.run(in_view{y.data(), {2, 8}, {1, 2}}, dst) == status::dst_overlaps_src);
    CHECK(plan.run(in_view{x.data(), {1, 8}, {8, 1}},
                   out_view{reinterpret_cast<integer<8>*>(gains.data()), {1, 8}, {8, 1}}) ==
          status::workspace_overlaps_operand);
    CHECK(plan_type{}.run(in_view{}, out_view{}) == status::ok);
    plan_type unset;
    REQUIRE(unset.shape(output(gains), output(offsets)) == status::ok);
    CHECK(unset.run(src, dst) == status::parameter_missing);
    CHECK(std::all_of(y.begin(), y.end(), [](integer<8> e) { return e.raw() == 9; }));
    CHECK(plan.run(src, dst) == status::ok);
    CHECK(y[15].raw() == 1);  // all equal: beta
    CHECK(plan.run(in_view{x.data(), {0, 8}, {8, 1}}, out_view{y.data(), {0, 8}, {8, 1}}) == status::ok);
}

}  // namespace
