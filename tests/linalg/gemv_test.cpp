// SPDX-License-Identifier: Apache-2.0
// gemv: packed weights of every format against the plain loops of the definition, for every instruction set, number of
// rows, ragged extents and tasks; what the definition itself gives; bad calls and damaged bytes.
#include <dyad/linalg/gemv.hpp>

#include <doctest/doctest.h>

#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using dyad::bfloat16;
using dyad::constant_zero_point;
using dyad::float16;
using dyad::float8_e8m0fnu;
using dyad::gemv_plan;
using dyad::index;
using dyad::integer;
using dyad::matrix_view;
using dyad::no_scales;
using dyad::no_zero_points;
using dyad::packed_weights;
using dyad::power_of_two;
using dyad::status;
using dyad::ternary;
using dyad::uinteger;
using dyad::vector_view;
using dyad::weight_storage;
using dyad::zero_points;
using dyad_test::tally;

/// Bytes at a multiple of 64.
struct memory {
    std::vector<std::byte> bytes;
    std::size_t size;
    explicit memory(std::size_t n) : bytes(n + 64), size(n) {}
    [[nodiscard]] std::span<std::byte> span() {
        const auto at = reinterpret_cast<std::uintptr_t>(bytes.data());
        return {bytes.data() + (64 - at % 64) % 64, size};
    }
};

/// `tasks` threads' worth of calls, last one first.
struct backwards {
    index tasks;
    template <class F>
    void operator()(index n, F&& f) const {
        for (index t = tasks - 1; t >= 0; --t) {
            for (index i = n * t / tasks; i < n * (t + 1) / tasks; ++i) f(i);
        }
    }
};
struct threads {
    index tasks;
    template <class F>
    void operator()(index n, F&& f) const {
        std::vector<std::thread> all;
        for (index t = 0; t < tasks; ++t) {
            all.emplace_back([t, n, count = tasks, &f] {
                for (index i = n * t / count; i < n * (t + 1) / count; ++i) f(i);
            });
        }
        for (auto& one : all) one.join();
    }
};

enum class contents { random, extremes };

template <class W>
W make_weight(std::mt19937_64& random, contents c) {
    const auto low = std::numeric_limits<W>::lowest().raw();
    const auto high = std::numeric_limits<W>::max().raw();
    if (c == contents::extremes) return W::from_raw(random() % 4 == 0 ? high : low);
    const auto count = static_cast<std::uint64_t>(high - low + 1);
    return W::from_raw(static_cast<typename W::raw_type>(low + static_cast<int>(random() % count)));
}

/// Near 1, and in one of eight groups anything: NaN, infinities, zeros, subnormals.
template <class S>
S make_scale(std::mt19937_64& random) {
    const bool any = random() % 8 == 0;
    if constexpr (std::same_as<S, float>) {
        if (any) return std::bit_cast<float>(static_cast<std::uint32_t>(random()));
        return std::ldexp(1.0F + static_cast<float>(random() % 4096) / 4096, static_cast<int>(random() % 5) - 9);
    } else if constexpr (dyad::weight_rules::is_power<S>) {
        return any ? S::from_bits(static_cast<typename S::bits_type>(random() % (1U << S::width)))
                   : S::from_exponent(static_cast<int>(random() % 9) - 4);
    } else {
        if (any) return S::from_bits(static_cast<typename S::bits_type>(random()));
        return dyad::convert<S>(make_scale<float>(random));
    }
}

template <class Format>
struct problem {
    using W = typename Format::element;
    using S = std::conditional_t<Format::has_scales, typename Format::scale, float>;
    using Zero = typename Format::zero;

    index m, k, n;
    std::vector<integer<8>> x;
    std::vector<float> x_scales;
    std::vector<W> weights;
    std::vector<S> scales;
    std::vector<std::int8_t> signed_zeros;
    std::vector<std::uint8_t> zeros;

    problem(index m_, index k_, index n_, contents c, std::mt19937_64& random) : m(m_), k(k_), n(n_) {
        const auto size = [](index a) { return static_cast<std::size_t>(a); };
        for (index i = 0; i < m * k; ++i) {
            const auto r = static_cast<std::int8_t>(random());
            x.push_back(integer<8>::from_raw(c == contents::random ? r : r % 4 == 0 ? std::int8_t{127} : std::int8_t{-128}));
        }
        for (index i = 0; i < m; ++i)
            x_scales.push_back(random() % 8 == 0 ? std::bit_cast<float>(static_cast<std::uint32_t>(random()))
                                                 : 0.01F * static_cast<float>(1 + random() % 100));
        for (index i = 0; i < k * n; ++i) weights.push_back(make_weight<W>(random, c));
        const index groups = Format::group == 0 ? 1 : (k + 127) / Format::group + 1;
        scales.resize(size(groups * n), S{});
        for (auto& s : scales) s = Format::has_scales ? make_scale<S>(random) : S{};
        if constexpr (!Format::has_scales) std::fill(scales.begin(), scales.end(), 1.0F);
        zeros.resize(scales.size());
        for (auto& z : zeros) z = static_cast<std::uint8_t>(c == contents::random ? random() : random() % 2 * 255);
    }
    [[nodiscard]] matrix_view<const integer<8>> x_view() const { return dyad::make_matrix(x.data(), m, k); }
    [[nodiscard]] matrix_view<const W> w_view() const { return dyad::make_matrix(weights.data(), k, n); }
    [[nodiscard]] vector_view<const float> x_scale_view() const { return dyad::make_vector(x_scales.data(), m); }
    [[nodiscard]] dyad::scale_map<const S> scale_view() const {
        return {scales.data(), {Format::group == 0 ? dyad::whole_extent : Format::group, 1}, {n, 1}};
    }
    [[nodiscard]] auto view() const {
        if constexpr (dyad::stores_zero_points<Zero>) {
            using Z = typename Zero::value_type;
            return dyad::quantized_view{w_view(), scale_view(),
                                        zero_points<const Z>{reinterpret_cast<const Z*>(zeros.data())}};
        } else {
            return dyad::quantized_view<matrix_view<const W>, const S, Zero>{w_view(), scale_view(), {}};
        }
    }
};

/// Does a plan give the definition's bits, with every instruction set?
template <class Format>
void compare(tally& t, const char* name, index m, index k, index n, contents c, std::mt19937_64& random) {
    const problem<Format> p(m, k, n, c, random);
    std::vector<float> expected(static_cast<std::size_t>(m * n));
    dyad::gemv_plain(p.x_view(), p.x_scale_view(), p.view(), Format::group, dyad::make_matrix(expected.data(), m, n));
    static const auto sets = dyad_test::instruction_sets();
    memory packed(0);
    for (const auto isa : sets) {
        gemv_plan<Format> plan;
        auto s = gemv_plan<Format>::make(m, k, n, {isa}, plan);
        if (packed.size == 0) {
            packed = memory(plan.packed_bytes());
            if constexpr (Format::has_scales) s = s == status::ok ? plan.pack(p.view(), packed.span()) : s;
            else s = s == status::ok ? plan.pack(p.w_view(), packed.span()) : s;
        }
        memory workspace(plan.workspace_bytes());
        std::vector<float> dst(expected.size(), -7.0F);
        const index tasks = 1 + static_cast<index>(random() % 8);
        if (s == status::ok)
            s = plan.run(p.x_view(), p.x_scale_view(), packed.span(), dyad::make_matrix(dst.data(), m, n),
                         workspace.span(), backwards{tasks});
        bool same = s == status::ok;
        std::size_t place = 0;
        for (std::size_t i = 0; i < dst.size() && same; ++i) {
            same = std::bit_cast<std::uint32_t>(dst[i]) == std::bit_cast<std::uint32_t>(expected[i]);
            place = i;
        }
        t.check(same, name, " ", dyad::to_string(isa), " ", dyad::to_string(s), " m ", m, " k ", k, " n ", n, " at ",
                place, " is ", dst.empty() ? 0 : dst[place], " for ", dst.empty() ? 0 : expected[place]);
        if constexpr (!Format::has_scales) {
            std::vector<std::int32_t> sums(dst.size(), -7);
            s = plan.run(p.x_view(), packed.span(), dyad::make_matrix(sums.data(), m, n), workspace.span());
            bool right = s == status::ok;
            for (index i = 0; i < m; ++i) {
                for (index j = 0; j < n; ++j)
                    right &= dyad::gemv_definition::exact_sum(p.x_view(), p.view(), i, j, 0, k) ==
                             sums[static_cast<std::size_t>(i * n + j)];
            }
            t.check(right, name, " sums ", dyad::to_string(isa), " m ", m, " k ", k, " n ", n);
        }
    }
}

/// Every M, every k and n to 70, the borders of groups, blocks and panels.
template <class Format>
void compare_all(const char* name) {
    tally t(name);
    std::mt19937_64 random(1);
    for (index i = 1; i <= 70; ++i) {
        const auto c = i % 3 == 0 ? contents::extremes : contents::random;
        compare<Format>(t, name, 1 + i % 8, i, 1 + i * 37 % 70, c, random);
        compare<Format>(t, name, 1 + (i + 3) % 8, 1 + i * 29 % 70, i, c, random);
    }
    for (const index k : {1, 31, 32, 33, 64, 127, 128, 129, 130, 160, 256, 257})
        compare<Format>(t, name, 1 + k % 8, k, 3, contents::extremes, random);
    for (const index n : {63, 64, 65, 127, 128, 129, 130}) compare<Format>(t, name, 2, 40, n, contents::random, random);
    for (const index k : {499, 500, 501, 511, 512, 513, 1023, 1025, 2100})
        compare<Format>(t, name, 1, k, 2, contents::extremes, random);
    for (index m = 1; m <= 8; ++m) compare<Format>(t, name, m, 140, 66, contents::random, random);
    for (const index m : {9, 16, 19}) compare<Format>(t, name, m, 70, 5, contents::random, random);
    compare<Format>(t, name, 3, 0, 5, contents::random, random);
    compare<Format>(t, name, 0, 7, 5, contents::random, random);
    compare<Format>(t, name, 3, 7, 0, contents::random, random);
}

using signed_zeros = zero_points<std::int8_t>;
using unsigned_zeros = zero_points<std::uint8_t>;

}  // namespace

TEST_CASE("weights without scales") {
    compare_all<packed_weights<integer<8>>>("int8");
    compare_all<packed_weights<integer<6>>>("int6");
    compare_all<packed_weights<integer<4>>>("int4");
    compare_all<packed_weights<integer<3>>>("int3");
    compare_all<packed_weights<integer<2>>>("int2");
    compare_all<packed_weights<ternary>>("ternary");
    compare_all<packed_weights<ternary, 0, no_scales, no_zero_points, weight_storage::trits>>("trits");
    compare_all<packed_weights<uinteger<8>>>("uint8");
    compare_all<packed_weights<uinteger<4>, 0, no_scales, constant_zero_point<8>>>("uint4 less 8");
    compare_all<packed_weights<integer<5>>>("int5");
}

TEST_CASE("weights with a scale for each column") {
    compare_all<packed_weights<integer<8>, 0, float>>("int8, float");
    compare_all<packed_weights<ternary, 0, bfloat16>>("ternary, bfloat16");
    compare_all<packed_weights<integer<6>, 0, float16, signed_zeros>>("int6, float16, zeros");
    compare_all<packed_weights<ternary, 0, float8_e8m0fnu, no_zero_points, weight_storage::trits>>("trits, e8m0");
}

TEST_CASE("weights with a scale for each group") {
    compare_all<packed_weights<integer<4>, 32, float16>>("int4, 32, float16");
    compare_all<packed_weights<uinteger<4>, 32, float16, constant_zero_point<8>>>("uint4 less 8, 32, float16");
    compare_all<packed_weights<uinteger<4>, 128, float, unsigned_zeros>>("uint4, 128, float, zeros");
    compare_all<packed_weights<integer<8>, 32, float8_e8m0fnu>>("int8, 32, e8m0");
    compare_all<packed_weights<integer<6>, 128, bfloat16>>("int6, 128, bfloat16");
    compare_all<packed_weights<integer<3>, 32, power_of_two<8>>>("int3, 32, powers of two");
    compare_all<packed_weights<uinteger<2>, 128, float16, unsigned_zeros>>("uint2, 128, float16, zeros");
    compare_all<packed_weights<ternary, 32, float>>("ternary, 32, float");
    compare_all<packed_weights<ternary, 128, float16, no_zero_points, weight_storage::trits>>("trits, 128, float16");
    compare_all<packed_weights<uinteger<8>, 128, power_of_two<5>, signed_zeros>>("uint8, 128, 2^e, zeros");
}
