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

using signed_zeros = zero_points<std::int8_t>;
using unsigned_zeros = zero_points<std::uint8_t>;

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
    std::vector<std::uint8_t> zeros;

    problem(index m_, index k_, index n_, contents c, std::mt19937_64& random) : m(m_), k(k_), n(n_) {
        const auto size = [](index a) { return static_cast<std::size_t>(a); };
        for (index i = 0; i < m * k; ++i) {
            const auto r = static_cast<std::int8_t>(random());
            x.push_back(integer<8>::from_raw(c == contents::random ? r
                                             : r % 4 == 0          ? std::int8_t{127}
                                                                   : std::int8_t{-128}));
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
            s = plan.run(p.x_view(), packed.span(), dyad::make_matrix(sums.data(), m, n), workspace.span(),
                         backwards{tasks});
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
    for (const index k : {499, 500, 501, 511, 512, 513, 1023, 1025, 2100, 20481})  // (20480: 16 blocks of trits)
        compare<Format>(t, name, 1, k, 2, contents::extremes, random);
    for (index m = 1; m <= 8; ++m) compare<Format>(t, name, m, 140, 66, contents::random, random);
    for (const index m : {9, 16, 19}) compare<Format>(t, name, m, 70, 5, contents::random, random);
    compare<Format>(t, name, 3, 0, 5, contents::random, random);
    compare<Format>(t, name, 0, 7, 5, contents::random, random);
    compare<Format>(t, name, 3, 7, 0, contents::random, random);
}

TEST_CASE("weights without scales") {
    compare_all<packed_weights<integer<8>>>("int8");
    compare_all<packed_weights<integer<6>>>("int6");
    compare_all<packed_weights<integer<4>>>("int4");
    compare_all<packed_weights<integer<3>>>("int3");
    compare_all<packed_weights<ternary>>("ternary");
    compare_all<packed_weights<ternary, 0, no_scales, no_zero_points, weight_storage::trits>>("trits");
    compare_all<packed_weights<integer<5>>>("int5");
}

TEST_CASE("weights with a scale for each column") {
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
    compare_all<packed_weights<ternary, 128, float16, no_zero_points, weight_storage::trits>>("trits, 128, float16");
    compare_all<packed_weights<uinteger<8>, 128, power_of_two<5>, signed_zeros>>("uint8, 128, 2^e, zeros");
}

TEST_CASE("groups of one value: the sums of the definition, by hand") {
    // x = 1, -2, 3 against w = 2, 5, -7 with zero point 1: 1 * 1 - 2 * 4 + 3 * -8 = -31; times 0.5 times 2.
    using format = packed_weights<integer<4>, 32, float, signed_zeros>;
    const integer<8> x[] = {integer<8>::from_raw(1), integer<8>::from_raw(-2), integer<8>::from_raw(3)};
    const integer<4> w[] = {integer<4>::from_raw(2), integer<4>::from_raw(5), integer<4>::from_raw(-7)};
    const float scale = 0.5F;
    const std::int8_t zero = 1;
    const float x_scale = 2;
    float y = 0;
    gemv_plan<format> plan;
    REQUIRE(gemv_plan<format>::make(1, 3, 1, {}, plan) == status::ok);
    memory packed(plan.packed_bytes());
    memory workspace(plan.workspace_bytes());
    const dyad::quantized_view weights{dyad::make_matrix(w, 3, 1),
                                       dyad::scale_map<const float>{&scale, {32, 1}, {1, 1}},
                                       zero_points<const std::int8_t>{&zero}};
    REQUIRE(plan.pack(weights, packed.span()) == status::ok);
    const auto lhs = dyad::make_matrix(x, 1, 3);
    REQUIRE(plan.run(lhs, dyad::make_vector(&x_scale, 1), packed.span(), dyad::make_matrix(&y, 1, 1),
                     workspace.span()) == status::ok);
    CHECK(y == -31.0F);
}

TEST_CASE("tasks on threads, strides, bytes at odd addresses") {
    tally t("gemv by threads");
    using format = packed_weights<integer<4>, 32, float16>;
    std::mt19937_64 random(3);
    const index m = 5;
    const index k = 150;
    const index n = 500;
    const problem<format> p(m, k, n, contents::random, random);
    std::vector<float> expected(static_cast<std::size_t>(m * n));
    dyad::gemv_plain(p.x_view(), p.x_scale_view(), p.view(), 32, dyad::make_matrix(expected.data(), m, n));
    gemv_plan<format> plan;
    REQUIRE(gemv_plan<format>::make(m, k, n, {}, plan) == status::ok);
    memory packed(plan.packed_bytes());
    REQUIRE(plan.pack(p.view(), packed.span()) == status::ok);
    std::vector<std::byte> odd(packed.size + 1);
    std::copy(packed.span().begin(), packed.span().end(), odd.begin() + 1);
    // x backwards by columns and dst transposed with gaps.
    std::vector<integer<8>> reversed(p.x.rbegin(), p.x.rend());
    const matrix_view<const integer<8>> x{reversed.data() + m * k - 1, {m, k}, {-k, -1}};
    for (index tasks = 1; tasks <= 8; ++tasks) {
        std::vector<float> dst(static_cast<std::size_t>(2 * m * n), -7.0F);
        std::vector<std::byte> workspace(plan.workspace_bytes());
        const auto s = plan.run(x, p.x_scale_view(), std::span<const std::byte>(odd).subspan(1),
                                {dst.data(), {m, n}, {2, 2 * m}}, workspace, threads{tasks});
        bool same = s == status::ok;
        for (index i = 0; i < m; ++i) {
            for (index j = 0; j < n; ++j) {
                const auto place = static_cast<std::size_t>(2 * (j * m + i));
                same &= std::bit_cast<std::uint32_t>(dst[place]) ==
                            std::bit_cast<std::uint32_t>(expected[static_cast<std::size_t>(i * n + j)]) &&
                        dst[place + 1] == -7.0F;
            }
        }
        t.check(same, "tasks ", tasks, " ", dyad::to_string(s));
    }
}

#if defined(__x86_64__)
TEST_CASE("the caller's rounding and subnormals do not matter") {
    tally t("gemv in other float environments");
    using format = packed_weights<integer<4>, 32, float>;
    std::mt19937_64 random(4);
    problem<format> p(2, 128, 70, contents::random, random);
    for (std::size_t i = 0; i < p.scales.size(); i += 2) p.scales[i] = 0x1p-140F * static_cast<float>(1 + i % 7);
    p.x_scales = {1.0F / 3, 1.0F};
    std::vector<float> expected(140);
    dyad::gemv_plain(p.x_view(), p.x_scale_view(), p.view(), 32, dyad::make_matrix(expected.data(), 2, 70));
    for (const auto isa : dyad_test::instruction_sets()) {
        gemv_plan<format> plan;
        REQUIRE(gemv_plan<format>::make(2, 128, 70, {isa}, plan) == status::ok);
        memory packed(plan.packed_bytes());
        memory workspace(plan.workspace_bytes());
        REQUIRE(plan.pack(p.view(), packed.span()) == status::ok);
        for (const std::uint32_t mode : {0x1f80U, 0x3f80U, 0x5f80U, 0x7f80U, 0x9fc0U}) {  // down, up, zero; flushing
            std::vector<float> dst(140);
            const std::uint32_t before = __builtin_ia32_stmxcsr();
            __builtin_ia32_ldmxcsr(mode);
            const auto s = plan.run(p.x_view(), p.x_scale_view(), packed.span(), dyad::make_matrix(dst.data(), 2, 70),
                                    workspace.span());
            const bool kept = (__builtin_ia32_stmxcsr() & 0xffc0U) == mode;
            __builtin_ia32_ldmxcsr(before);
            const bool same = std::equal(dst.begin(), dst.end(), expected.begin(), [](float a, float b) {
                return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
            });
            t.check(s == status::ok && same && kept, dyad::to_string(isa), " mode ", mode);
        }
    }
}
#endif

TEST_CASE("the largest k without overflow") {
    using plan_type = gemv_plan<packed_weights<integer<8>>>;
    CHECK(plan_type::max_k() == 131071);  // 131072 * 128 * 128 = 2^31
    using trits = gemv_plan<packed_weights<ternary, 0, no_scales, no_zero_points, weight_storage::trits>>;
    CHECK(trits::max_k() == 0x7fff'ffff / 128);
    using zeros = gemv_plan<packed_weights<uinteger<8>, 0, float, signed_zeros>>;
    CHECK(zeros::max_k() == 0x7fff'ffff / (128 * (255 + 128)));
    plan_type plan;
    CHECK(plan_type::make(1, 131072, 1, {}, plan) == status::k_exceeds_accumulator);
    CHECK(plan.weights().k() == 0);  // as it was
    const index k = 131071;
    const std::vector<integer<8>> codes(static_cast<std::size_t>(k), integer<8>::from_raw(-128));
    for (const auto isa : dyad_test::instruction_sets()) {
        REQUIRE(plan_type::make(1, k, 1, {isa}, plan) == status::ok);
        memory packed(plan.packed_bytes());
        memory workspace(plan.workspace_bytes());
        std::int32_t sum = 0;
        REQUIRE(plan.pack(dyad::make_matrix(codes.data(), k, 1), packed.span()) == status::ok);
        REQUIRE(plan.run(dyad::make_matrix(codes.data(), 1, k), packed.span(), dyad::make_matrix(&sum, 1, 1),
                         workspace.span()) == status::ok);
        CHECK(sum == 131071 * 16384);
    }
}

TEST_CASE("any bytes behind a good header") {
    tally t("damaged weights");
    std::mt19937_64 random(5);
    const auto damaged = [&]<class Format>(Format) {
        const problem<Format> p(3, 200, 70, contents::random, random);
        std::vector<std::vector<std::uint32_t>> results;
        memory packed(0);
        for (const auto isa : dyad_test::instruction_sets()) {
            gemv_plan<Format> plan;
            auto s = gemv_plan<Format>::make(3, 200, 70, {isa}, plan);
            if (packed.size == 0) {
                packed = memory(plan.packed_bytes());
                s = plan.pack(p.view(), packed.span());
                for (auto& byte : packed.span().subspan(64)) byte = static_cast<std::byte>(random());
            }
            memory workspace(plan.workspace_bytes());
            std::vector<float> dst(210);
            if (s == status::ok)
                s = plan.run(p.x_view(), p.x_scale_view(), packed.span(), dyad::make_matrix(dst.data(), 3, 70),
                             workspace.span());
            std::vector<std::uint32_t> bits;
            for (const float y : dst) bits.push_back(std::bit_cast<std::uint32_t>(y));
            results.push_back(bits);
            t.check(s == status::ok && bits == results.front(), dyad::to_string(isa), " ", dyad::to_string(s));
        }
    };
    damaged(packed_weights<ternary, 32, float>{});
    damaged(packed_weights<ternary, 128, float16, no_zero_points, weight_storage::trits>{});
    damaged(packed_weights<integer<3>, 32, power_of_two<8>>{});
    damaged(packed_weights<uinteger<8>, 128, power_of_two<5>, signed_zeros>{});
    damaged(packed_weights<integer<8>, 32, float8_e8m0fnu>{});
}

TEST_CASE("bad calls") {
    using format = packed_weights<integer<4>, 32, float, signed_zeros>;
    using plan_type = gemv_plan<format>;
    plan_type plan;
    CHECK(plan_type::make(-1, 1, 1, {}, plan) == status::negative_extent);
    CHECK(plan_type::make(1, -1, 1, {}, plan) == status::negative_extent);
    CHECK(plan_type::make(1, 1, -1, {}, plan) == status::negative_extent);
    constexpr index huge = std::numeric_limits<index>::max();
    REQUIRE(plan_type::make(1, huge / 4, huge, {}, plan) == status::ok);
    CHECK(plan.packed_bytes() == std::numeric_limits<std::size_t>::max());

    std::mt19937_64 random(6);
    const problem<format> p(2, 40, 3, contents::random, random);
    REQUIRE(plan_type::make(2, 40, 3, {}, plan) == status::ok);
    memory packed(plan.packed_bytes());
    memory workspace(plan.workspace_bytes());
    auto weights = p.view();
    const auto packs = [&](auto change) {
        auto other = weights;
        change(other);
        return plan.pack(other, packed.span());
    };
    CHECK(packs([](auto& w) { w.codes.extent[0] = 39; }) == status::rhs_rows_differ);
    CHECK(packs([](auto& w) { w.codes.extent[1] = 4; }) == status::rhs_columns_differ);
    CHECK(packs([](auto& w) { w.codes.data = nullptr; }) == status::rhs_null);
    CHECK(packs([](auto& w) { w.scales.data = nullptr; }) == status::scales_null);
    CHECK(packs([](auto& w) { w.zero.data = nullptr; }) == status::zero_points_null);
    CHECK(packs([](auto& w) { w.scales.tile[0] = 64; }) == status::block_size_differs);
    CHECK(packs([](auto& w) { w.scales.tile[1] = 2; }) == status::rhs_scales_differ);
    CHECK(packs([](auto& w) { w.scales.tensor_scale = 2; }) == status::tensor_scale_not_one);
    const auto bytes = packed.span();
    CHECK(packs([&](auto& w) { w.codes.data = reinterpret_cast<const integer<4>*>(bytes.data()); }) ==
          status::dst_overlaps_rhs);
    CHECK(packs([&](auto& w) { w.scales.data = reinterpret_cast<const float*>(bytes.data()); }) ==
          status::scales_overlap_operand);
    CHECK(packs([&](auto& w) { w.zero.data = reinterpret_cast<const std::int8_t*>(bytes.data()); }) ==
          status::scales_overlap_operand);
    CHECK(plan.pack(weights, bytes.first(bytes.size() - 1)) == status::packed_memory_too_small);
    std::vector<std::byte> larger(packed.size + 128);
    const auto skew = (65 - reinterpret_cast<std::uintptr_t>(larger.data()) % 64) % 64;
    CHECK(plan.pack(weights, std::span(larger).subspan(skew)) == status::packed_memory_too_small);
    for (const auto byte : packed.bytes) CHECK(byte == std::byte{0});
    REQUIRE(plan.pack(weights, bytes) == status::ok);

    std::vector<float> y(6, -7.0F);
    const auto dst = dyad::make_matrix(y.data(), 2, 3);
    const auto x = p.x_view();
    const auto scales = p.x_scale_view();
    const auto work = workspace.span();
    CHECK(plan.run(dyad::row_block(x, 0, 1), scales, bytes, dst, work) == status::lhs_rows_differ);
    CHECK(plan.run(dyad::column_block(x, 0, 39), scales, bytes, dst, work) == status::lhs_columns_differ);
    CHECK(plan.run({nullptr, {2, 40}, {40, 1}}, scales, bytes, dst, work) == status::lhs_null);
    CHECK(plan.run(x, dyad::make_vector(scales.data, 1), bytes, dst, work) == status::lhs_scales_differ);
    CHECK(plan.run(x, {nullptr, {2}, {1}}, bytes, dst, work) == status::scales_null);
    CHECK(plan.run(x, scales, {}, dst, work) == status::rhs_null);
    CHECK(plan.run(x, scales, bytes.first(63), dst, work) == status::rhs_packed_too_short);
    CHECK(plan.run(x, scales, bytes.first(bytes.size() - 1), dst, work) == status::rhs_packed_too_short);
    CHECK(plan.run(x, scales, bytes, dyad::row_block(dst, 0, 1), work) == status::dst_rows_differ);
    CHECK(plan.run(x, scales, bytes, dyad::column_block(dst, 0, 2), work) == status::dst_columns_differ);
    CHECK(plan.run(x, scales, bytes, {nullptr, {2, 3}, {3, 1}}, work) == status::dst_null);
    CHECK(plan.run(x, scales, bytes, {y.data(), {2, 3}, {0, 1}}, work) == status::dst_overlaps_itself);
    auto* const on_x = reinterpret_cast<float*>(const_cast<integer<8>*>(x.data));
    CHECK(plan.run(x, scales, bytes, dyad::make_matrix(on_x, 2, 3), work) == status::dst_overlaps_lhs);
    auto* const on_packed = reinterpret_cast<float*>(bytes.data());
    CHECK(plan.run(x, scales, bytes, dyad::make_matrix(on_packed, 2, 3), work) == status::dst_overlaps_rhs);
    CHECK(plan.run(x, dyad::make_vector(static_cast<const float*>(y.data()), 2), bytes, dst, work) ==
          status::scales_overlap_operand);
    CHECK(plan.run(x, scales, bytes, dst, work.first(work.size() - 1)) == status::workspace_too_small);
    CHECK(plan.run(x, scales, bytes, dst, std::span(bytes)) == status::workspace_overlaps_operand);
    // A header of other weights: another k, format, group.
    for (const std::size_t place : {0U, 8U, 12U, 13U, 14U, 16U, 24U, 32U, 40U, 44U, 48U, 56U}) {
        bytes[place] ^= std::byte{1};
        CHECK(plan.run(x, scales, bytes, dst, work) == status::rhs_packed_differently);
        bytes[place] ^= std::byte{1};
    }
    for (const float value : y) CHECK(value == -7.0F);
    CHECK(plan.run(x, scales, bytes, dst, work) == status::ok);
    CHECK(plan.describe().packed_bytes == packed.size);
    CHECK(plan.describe().workspace_bytes == workspace.size);
}

}  // namespace
