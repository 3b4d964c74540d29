// SPDX-License-Identifier: Apache-2.0
// gemm: plain triple loops from the definition, for every carrier, accumulator and product; layouts, tasks, bad input.
#include <dyad/linalg/gemm.hpp>

#include <doctest/doctest.h>

#include "support/amx_emulator.hpp"
#include "support/drive_kernel.hpp"
#include "support/instruction_sets.hpp"
#include "support/number_types.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <dyad/linalg/epilogue.hpp>

namespace {

using dyad::bfloat16;
using dyad::carrier;
using dyad::chained;
using dyad::fixed;
using dyad::float16;
using dyad::float8_e4m3fn;
using dyad::float8_e5m2;
using dyad::float_ordered;
using dyad::gemm_plan;
using dyad::index;
using dyad::int128_t;
using dyad::integer;
using dyad::matrix_view;
using dyad::product_rule;
using dyad::proven;
using dyad::status;
using dyad::uinteger;
using dyad_test::cpp_int;
using dyad_test::tally;
using reference::name_of;

// --- matrices in every layout ---

enum class layout { row_major, column_major, odd_strides, backwards, equal_rows, equal_columns };
constexpr std::array input_layouts{layout::row_major, layout::column_major, layout::odd_strides,
                                   layout::backwards, layout::equal_rows,   layout::equal_columns};
constexpr std::array output_layouts{layout::row_major, layout::column_major, layout::odd_strides, layout::backwards};

/// Memory, and a view of rows x columns in it. The view is taken afresh, for the memory may have moved.
template <class T>
struct matrix {
    std::vector<T> memory;
    index offset = 0;
    std::array<index, 2> extent{};
    std::array<index, 2> stride{};

    matrix(index rows, index columns, layout l) : extent{rows, columns} {
        switch (l) {
            case layout::row_major: stride = {columns, 1}; break;
            case layout::column_major: stride = {1, rows}; break;
            case layout::odd_strides: stride = {3 * columns + 5, 3}; break;
            case layout::backwards: stride = {-1, -(rows + 2)}; break;
            case layout::equal_rows: stride = {0, 1}; break;
            case layout::equal_columns: stride = {1, 0}; break;
        }
        index reach = 1;
        for (std::size_t r = 0; r < 2; ++r) {
            const index last = extent[r] == 0 ? 0 : (extent[r] - 1) * stride[r];
            reach += last < 0 ? -last : last;
            offset += last < 0 ? -last : 0;
        }
        memory.resize(static_cast<std::size_t>(reach));
    }
    [[nodiscard]] matrix_view<T> view() { return {memory.data() + offset, extent, stride}; }
    [[nodiscard]] matrix_view<const T> view() const { return {memory.data() + offset, extent, stride}; }
};

// --- codes to multiply ---

enum class contents { random, extremes, any_code };

template <class T>
T code_of(std::uint64_t bits) {
    return T::from_bits(static_cast<typename T::bits_type>(bits & dyad::low_mask<std::uint64_t>(T::width)));
}

template <class T>
T make_code(std::mt19937_64& random, contents c) {
    if constexpr (requires { T::max_raw; }) {
        const auto lowest = std::numeric_limits<T>::lowest().raw();
        if (c == contents::extremes) return T::from_raw(random() % 4 == 0 ? T::max_raw : lowest);
        return code_of<T>(random());
    } else {
        if (c == contents::any_code) {  // NaN, infinities, subnormals and all
            if constexpr (std::same_as<T, float>) return std::bit_cast<float>(static_cast<std::uint32_t>(random()));
            else return code_of<T>(random());
        }
        const double x = static_cast<double>(static_cast<std::int64_t>(random()) >> 11) * 0x1p-52;
        if (c == contents::extremes) {
            // 0, the smallest, the largest number of a sign, and numbers far apart
            const std::array<double, 4> all{0, x < 0 ? -1e-300 : 1e-300, x < 0 ? -1e300 : 1e300, x};
            const auto rule = random() % 2 != 0 ? dyad::rounding::to_odd : dyad::rounding::nearest_even;
            const double value = all[random() % 4];
            if constexpr (std::same_as<T, float>) {
                return std::fabs(value) > 1e38 ? std::copysign(std::numeric_limits<float>::max(), static_cast<float>(x))
                                               : dyad::convert<float>(value, rule);
            } else {
                return dyad::convert<T>(value, rule, dyad::saturation::finite);
            }
        }
        return dyad::convert<T>(std::ldexp(x, static_cast<int>(random() % 7)), dyad::rounding::nearest_even,
                                dyad::saturation::finite);
    }
}

template <class T>
void fill(matrix<T>& m, std::mt19937_64& random, contents c) {
    for (T& x : m.memory) x = make_code<T>(random, c);
}

// --- the definition ---

/// x as the number that goes into a float sum. Exact, by the formats' definitions.
template <class T>
float value_of(T x) {
    return static_cast<float>(dyad::convert<double>(x));
}

/// P(y), and y - (1 - 2^-l) P(y), of L-Mul.
float power_part(float y) {
    if (y == 0 || !std::isfinite(y)) return y;
    return std::copysign(std::ldexp(1.0f, std::ilogb(y)), y);
}
float rest_part(float y, int significand_bits) {
    if (y == 0 || !std::isfinite(y)) return y;
    const int l = significand_bits < 4 ? significand_bits : significand_bits == 4 ? 3 : 4;
    const double power = static_cast<double>(power_part(y));
    return static_cast<float>(static_cast<double>(y) - (1 - std::ldexp(1.0, -l)) * power);
}

/// One fused multiply-add after the other.
float in_f32_order(const std::vector<float>& lhs, const std::vector<float>& rhs) {
    float sum = 0;
    for (std::size_t i = 0; i < lhs.size(); ++i) sum = std::fma(lhs[i], rhs[i], sum);
    return sum;
}

/// Steps of 32: the even and the odd places are a chain each; their sum is added to the total.
float in_bf16_order(const std::vector<float>& lhs, const std::vector<float>& rhs) {
    float total = 0;
    for (std::size_t first = 0; first < lhs.size(); first += 32) {
        std::array<float, 2> chains{0, 0};
        for (std::size_t i = first; i < std::min(first + 32, lhs.size()); ++i)
            chains[i % 2] = std::fma(lhs[i], rhs[i], chains[i % 2]);
        total += chains[0] + chains[1];
    }
    return total;
}

template <class A, class B, class Accumulator, product_rule Product>
struct definition {
    // The rests of L-Mul have more digits than bfloat16's subnormals.
    static constexpr bool in_f32 =
        dyad::carrier_of<A, B>() == carrier::f32 || (Product == product_rule::lmul && std::same_as<B, bfloat16>);

    static float sum(matrix_view<const A> lhs, matrix_view<const B> rhs, index i, index j) {
        if constexpr (Product == product_rule::exact && (dyad::carrier_of<A, B>() == carrier::integer8 ||
                                                         dyad::carrier_of<A, B>() == carrier::integer16)) {
            // The exact sum, which a double holds at these sizes, rounded once.
            double exact = 0;
            for (index k = 0; k < lhs.extent[1]; ++k)
                exact += dyad::convert<double>(lhs(i, k)) * dyad::convert<double>(rhs(k, j));
            return static_cast<float>(exact);
        }
        if constexpr (Product == product_rule::lmul_adder) {
            float added = 0;
            for (index k = 0; k < lhs.extent[1]; ++k)
                added += dyad::lmul_adder(value_of(lhs(i, k)), value_of(rhs(k, j)),
                                          dyad::lmul_constant::rule(dyad::stored_significand_bits<B>));
            return added;
        }
        std::vector<float> a;
        std::vector<float> b;
        for (index k = 0; k < lhs.extent[1]; ++k) {
            const float x = value_of(lhs(i, k));
            const float y = value_of(rhs(k, j));
            if constexpr (Product == product_rule::lmul) {
                a.insert(a.end(), {x, power_part(x)});
                b.insert(b.end(), {power_part(y), rest_part(y, B::format.significand_bits)});
            } else {
                a.push_back(x);
                b.push_back(y);
            }
        }
        return in_f32 ? in_f32_order(a, b) : in_bf16_order(a, b);
    }
};

template <class A, class B, class Sum>
struct definition<A, B, proven<Sum>, product_rule::exact> {
    static cpp_int sum(matrix_view<const A> lhs, matrix_view<const B> rhs, index i, index j) {
        cpp_int total = 0;
        for (index k = 0; k < lhs.extent[1]; ++k) total += cpp_int(lhs(i, k).raw()) * rhs(k, j).raw();
        return total;
    }
};

template <class A, class B, class Chain, int Length, class Flush>
struct definition<A, B, chained<Chain, Length, Flush>, product_rule::exact> {
    static Flush sum(matrix_view<const A> lhs, matrix_view<const B> rhs, index i, index j) {
        Flush total = 0;
        std::int64_t chain = 0;
        for (index k = 0; k < lhs.extent[1]; ++k) {
            chain += std::int64_t{lhs(i, k).raw()} * rhs(k, j).raw();
            if ((k + 1) % Length != 0 && k + 1 != lhs.extent[1]) continue;
            total += static_cast<Flush>(chain);
            chain = 0;
        }
        return total;
    }
};

/// Equal bits; any NaN is as good as another.
template <class Sum, class Expected>
bool equal(Sum got, const Expected& expected) {
    if constexpr (std::same_as<Sum, float>) {
        if (std::isnan(got) || std::isnan(expected)) return std::isnan(got) && std::isnan(expected);
        return std::bit_cast<std::uint32_t>(got) == std::bit_cast<std::uint32_t>(expected);
    } else {
        return dyad_test::to_integer(got) == cpp_int(expected);
    }
}

// --- executors ---

enum class order { in_order, shuffled, threads };

/// `tasks` workers, each with a share of the indices: one after the other, in shuffled order, or as threads.
struct workers {
    order how;
    index tasks;
    std::uint64_t seed;

    void operator()(index n, const std::function<void(index)>& task) const {
        const auto work = [&](index worker) {
            for (index i = n - 1; i >= 0; --i)
                if (how == order::in_order || i % tasks == worker) task(how == order::in_order ? n - 1 - i : i);
        };
        if (how == order::in_order) return work(0);
        std::vector<index> all(static_cast<std::size_t>(tasks));
        std::iota(all.begin(), all.end(), index{0});
        std::mt19937_64 random(seed);
        std::shuffle(all.begin(), all.end(), random);
        std::vector<std::thread> running;
        for (const index worker : all) {
            if (how == order::threads) running.emplace_back(work, worker);
            else work(worker);
        }
        for (std::thread& thread : running) thread.join();
    }
};

// --- one product of one shape ---

template <class A, class B, class Accumulator, product_rule Product = product_rule::exact>
struct subject {
    using plan_type = gemm_plan<A, B, Accumulator, Product>;
    using sum_type = typename plan_type::sum_type;

    std::string name;
    tally cases{name};

    explicit subject(std::string what) : name(std::move(what)) {}

    void check(std::mt19937_64& random, std::array<index, 3> size, std::array<layout, 3> layouts, contents c,
               dyad::instruction_set cap, const workers& execute) {
        const auto [m, k, n] = size;
        matrix<A> lhs(m, k, layouts[0]);
        matrix<B> rhs(k, n, layouts[1]);
        matrix<sum_type> dst(m, n, layouts[2]);
        fill(lhs, random, c);
        fill(rhs, random, c);
        std::fill(dst.memory.begin(), dst.memory.end(), sum_type{77});
        plan_type plan;
        REQUIRE(plan_type::make(m, k, n, {.cap = cap}, plan) == status::ok);
        // Not aligned, and not a byte more than asked for.
        std::vector<std::byte> workspace(plan.workspace_bytes() + 3, std::byte{0xa5});
        bool packed = false;
        if constexpr (plan_type::has_kernel) {
            packed = execute.seed % 2 == 0;
            if (packed) {
                dyad_test::panel_memory memory(static_cast<std::ptrdiff_t>(plan.packed_bytes()));
                const std::span<std::byte> panels(memory.data(), plan.packed_bytes());
                REQUIRE(plan.pack(std::as_const(rhs).view(), panels, execute) == status::ok);
                REQUIRE(plan.run(std::as_const(lhs).view(), dyad::packed_operand{panels}, dst.view(), dyad::keep_sum{},
                                 std::span(workspace).subspan(3), execute) == status::ok);
            }
        }
        if (!packed) {
            REQUIRE(plan.run(std::as_const(lhs).view(), std::as_const(rhs).view(), dst.view(), dyad::keep_sum{},
                             std::span(workspace).subspan(3), execute) == status::ok);
        }
        for (index i = 0; i < m; ++i) {
            for (index j = 0; j < n; ++j) {
                sum_type& got = dst.view()(i, j);
                const auto expected = definition<A, B, Accumulator, Product>::sum(std::as_const(lhs).view(),
                                                                                  std::as_const(rhs).view(), i, j);
                cases.check(equal(got, expected), name, " ", m, " x ", k, " x ", n, ", layouts ",
                            static_cast<int>(layouts[0]), " ", static_cast<int>(layouts[1]), " ",
                            static_cast<int>(layouts[2]), ", at ", i, " ", j, ": ", got);
                got = sum_type{77};
            }
        }
        // Between and beyond the elements nothing was written.
        cases.check(std::all_of(dst.memory.begin(), dst.memory.end(), [](sum_type x) { return x == sum_type{77}; }),
                    "gaps of dst");
    }

    /// Sampled sizes from 0 to 33, some longer k; every layout, contents, instruction set and number of tasks in turn.
    void run(bool any_code = false) {
        std::mt19937_64 random(1);
        constexpr std::array<index, 18> sizes{0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 49, 65};
        const auto any = [&random](const auto& from) { return from[random() % from.size()]; };
        for (int round = 0; round < 90; ++round) {
            std::array<index, 3> size{any(sizes), any(sizes), any(sizes)};
            if (round % 9 == 4) size = {3, std::array<index, 5>{63, 64, 65, 97, 130}[random() % 5], 5};
            const std::array<layout, 3> layouts{any(input_layouts), any(input_layouts), any(output_layouts)};
            const auto c = round % 3 == 0               ? contents::extremes
                           : any_code && round % 3 == 1 ? contents::any_code
                                                        : contents::random;
            // A cap above what the machine has means what the machine has.
            for (const auto cap : dyad_test::instruction_sets()) {
                const auto how = round % 10 == 7 ? order::threads : round % 2 == 0 ? order::shuffled : order::in_order;
                check(random, size, layouts, c, cap, {how, 1 + round / 2 % 8, random()});
            }
        }
    }
};

TEST_CASE("gemm: exact integer sums, signed and unsigned, up to 128 bits") {
    subject<integer<8>, integer<8>, proven<std::int32_t>>("int8 x int8").run();
    subject<uinteger<8>, integer<8>, proven<std::int32_t>>("uint8 x int8").run();
    subject<integer<8>, uinteger<8>, proven<std::int64_t>>("int8 x uint8 in 64 bits").run();
    subject<fixed<4, 2>, fixed<7, 9>, proven<std::int32_t>>("fixed<4, 2> x fixed<7, 9>").run();
    subject<integer<8>, dyad::ternary, proven<std::int32_t>>("int8 x ternary").run();
    subject<integer<16>, integer<16>, proven<std::int64_t>>("int16 x int16").run();
    subject<uinteger<16>, integer<8>, proven<std::int64_t>>("uint16 x int8").run();
    subject<uinteger<16>, uinteger<16>, proven<std::int64_t>>("uint16 x uint16").run();
    subject<integer<32>, uinteger<24>, proven<int128_t>>("int32 x uint24").run();
}

TEST_CASE("gemm: chains of integer products, flushed to float and to 64 bits") {
    subject<integer<8>, integer<8>, chained<std::int32_t, 16, float>>("int8 in chains of 16 to float").run();
    subject<integer<16>, integer<8>, chained<std::int32_t, 32, float>>("int16 x int8 in chains of 32 to float").run();
    subject<integer<16>, integer<16>, chained<std::int32_t, 1, std::int64_t>>("int16 one by one to 64 bits").run();
    subject<uinteger<8>, integer<8>, chained<std::int32_t, 5, std::int64_t>>("uint8 x int8 in chains of 5").run();
}

TEST_CASE("gemm: float sums in the order of bfloat16's carrier") {
    subject<bfloat16, bfloat16, float_ordered>("bfloat16 x bfloat16").run(true);
    subject<float8_e4m3fn, float8_e5m2, float_ordered>("e4m3fn x e5m2").run(true);
    subject<integer<8>, bfloat16, float_ordered>("int8 x bfloat16").run(true);
    subject<float8_e4m3fn, uinteger<8>, float_ordered>("e4m3fn x uint8").run(true);
}

TEST_CASE("gemm: float sums in the order of float's carrier") {
    subject<float, float, float_ordered>("float x float").run(true);
    subject<float16, bfloat16, float_ordered>("float16 x bfloat16").run(true);
    subject<fixed<16, 8>, float, float_ordered>("fixed<16, 8> x float").run(true);
}

TEST_CASE("gemm: formats of small integers, summed exactly and rounded once to float") {
    subject<dyad::float4_e2m1fn, dyad::float4_e2m1fn, float_ordered>("e2m1 x e2m1").run(true);
    subject<dyad::float6_e2m3fn, integer<8>, float_ordered>("e2m3 x int8").run(true);
    subject<dyad::power<4, 2>, uinteger<8>, float_ordered>("4-bit squares x uint8").run(true);
    subject<dyad::power<8, 2>, dyad::float4_e2m1fn, float_ordered>("8-bit squares x e2m1").run(true);
}

TEST_CASE("gemm: L-Mul by integer addition") {
    subject<float, float, float_ordered, product_rule::lmul_adder>("L-Mul's adder, float").run(true);
    subject<float8_e4m3fn, bfloat16, float_ordered, product_rule::lmul_adder>("L-Mul's adder, e4m3fn x bfloat16")
        .run(true);
}

TEST_CASE("gemm: L-Mul as a product with k doubled, interleaved") {
    subject<float8_e4m3fn, float8_e4m3fn, float_ordered, product_rule::lmul>("L-Mul e4m3fn").run(true);
    subject<bfloat16, bfloat16, float_ordered, product_rule::lmul>("L-Mul bfloat16").run(true);
    subject<float16, float16, float_ordered, product_rule::lmul>("L-Mul float16").run(true);
    subject<float8_e5m2, float8_e4m3fn, float_ordered, product_rule::lmul>("L-Mul e5m2 x e4m3fn").run(true);
}

TEST_CASE("gemm: the kernels of AMX, by an emulator of its instructions where the machine has none") {
    if (!dyad_test::amx_emulator::possible()) {
        MESSAGE("not run: the kernels of AMX need AVX-512 as well");
        return;
    }
    const dyad_test::amx_emulator emulator;
    const dyad_test::assumed_instruction_set assumed(dyad::instruction_set::amx);
    const auto run = [](auto&& product, std::initializer_list<std::array<index, 3>> sizes) {
        std::mt19937_64 random(3);
        for (const std::array<index, 3> size : sizes) {
            for (const auto c : {contents::random, contents::extremes})
                product.check(random, size, {layout::row_major, layout::column_major, layout::row_major}, c,
                              dyad::instruction_set::amx, {order::shuffled, 3, random()});
        }
    };
    run(subject<integer<8>, integer<8>, proven<std::int32_t>>("int8 by AMX"),
        {{1, 5, 3}, {33, 130, 65}, {130, 64, 33}});
    run(subject<uinteger<8>, integer<8>, proven<std::int64_t>>("uint8 x int8 by AMX"), {{40, 2100, 35}});
    run(subject<integer<16>, integer<16>, proven<std::int64_t>>("int16 by AMX"), {{33, 70, 34}});
    run(subject<float8_e4m3fn, float8_e5m2, float_ordered>("e4m3fn x e5m2 by AMX"), {{33, 70, 34}, {5, 1100, 3}});
    run(subject<bfloat16, bfloat16, float_ordered>("bfloat16 by AMX"), {{33, 70, 34}});
    run(subject<integer<8>, integer<8>, chained<std::int32_t, 16, float>>("int8 in chains by AMX"), {{7, 40, 9}});
    if (!dyad_test::amx_emulator::native()) CHECK(emulator.executed() > 1000);
}

TEST_CASE("gemm: one L-Mul product is lmul_exact, rounded to float") {
    const auto check = []<class T>(T) {
        tally cases("L-Mul, k = 1, " + name_of<T>());
        using plan_type = gemm_plan<T, T, float_ordered, product_rule::lmul>;
        const std::vector<T> codes = reference::all_codes<T>();
        const auto n = static_cast<index>(codes.size());
        std::vector<float> out(codes.size() * codes.size());
        plan_type plan;
        REQUIRE(plan_type::make(n, 1, n, {}, plan) == status::ok);
        std::vector<std::byte> workspace(plan.workspace_bytes());
        REQUIRE(plan.run(dyad::make_matrix(codes.data(), n, 1), dyad::make_matrix(codes.data(), 1, n),
                         dyad::make_matrix(out.data(), n, n), dyad::keep_sum{}, workspace) == status::ok);
        for (std::size_t i = 0; i < codes.size(); ++i) {
            for (std::size_t j = 0; j < codes.size(); ++j) {
                const auto exact = lmul_exact(codes[i].unpack(), codes[j].unpack(),
                                              dyad::lmul_constant::rule(T::format.significand_bits));
                const auto expected = dyad::pack_as<float>(exact, dyad::rounding::nearest_even, dyad::saturation::none);
                const float got = out[i * codes.size() + j];
                // A sum begins with +0, so that -0 becomes +0.
                cases.check(equal(got, expected) || (got == 0 && expected == 0 && !std::signbit(got)), codes[i].bits(),
                            " ", codes[j].bits(), ": ", got, ", expected ", expected);
            }
        }
    };
    check(float8_e4m3fn{});
    check(float8_e5m2{});
}

// --- the epilogue, the plan, its description ---

TEST_CASE("gemm: the epilogue gets each sum once, with its row and column") {
    using plan_type = gemm_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    plan_type plan;
    REQUIRE(plan_type::make(3, 2, 4, {}, plan) == status::ok);
    std::vector<integer<8>> lhs;
    std::vector<integer<8>> rhs;
    for (int i = 0; i < 6; ++i) lhs.push_back(integer<8>(i - 3));
    for (int i = 0; i < 8; ++i) rhs.push_back(integer<8>(2 * i - 5));
    std::vector<std::byte> workspace(plan.workspace_bytes());
    std::vector<std::int64_t> out(12);
    int calls = 0;
    const auto epilogue = [&calls](std::int32_t sum, index i, index j) {
        ++calls;
        return std::int64_t{sum} * 10'000 + i * 100 + j;
    };
    REQUIRE(plan.run(dyad::make_matrix(lhs.data(), 3, 2), dyad::make_matrix(rhs.data(), 2, 4),
                     dyad::make_matrix(out.data(), 3, 4), epilogue, workspace) == status::ok);
    CHECK(calls == 12);
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 4; ++j) {
            const int sum = lhs[2 * i].raw() * rhs[j].raw() + lhs[2 * i + 1].raw() * rhs[4 + j].raw();
            CHECK(out[4 * i + j] == std::int64_t{sum} * 10'000 + static_cast<std::int64_t>(100 * i + j));
        }
    }
}

TEST_CASE("gemm: without products every sum is 0; without elements nothing is written") {
    using plan_type = gemm_plan<bfloat16, bfloat16, float_ordered>;
    std::vector<float> out(6, 5.0f);
    for (const auto& [m, k, n] : {std::array<index, 3>{2, 0, 3}, {0, 4, 3}, {2, 4, 0}, {0, 0, 0}}) {
        plan_type plan;
        REQUIRE(plan_type::make(m, k, n, {}, plan) == status::ok);
        std::vector<std::byte> workspace(plan.workspace_bytes());
        // Empty operands may be null.
        const std::vector<bfloat16> memory(12, bfloat16(1.0f));
        const auto lhs = dyad::make_matrix(m * k == 0 ? nullptr : memory.data(), m, k);
        const auto rhs = dyad::make_matrix(k * n == 0 ? nullptr : memory.data(), k, n);
        const auto dst = dyad::make_matrix(m * n == 0 ? nullptr : out.data(), m, n);
        CHECK(plan.run(lhs, rhs, dst, dyad::keep_sum{}, workspace) == status::ok);
        for (const float x : out) CHECK(x == (m * n == 0 ? 5.0f : 0.0f));
        std::fill(out.begin(), out.end(), 5.0f);
    }
}

/// The largest k for which no sum of k products and a bias leaves T, by trying all pairs of codes and counting up.
template <class T, class A, class B>
std::uint64_t counted_max_k(std::int64_t bias) {
    std::int64_t most = 0;
    for (const A x : reference::all_codes<A>())
        for (const B y : reference::all_codes<B>()) most = std::max(most, std::abs(std::int64_t{x.raw()} * y.raw()));
    std::uint64_t k = 0;
    for (std::int64_t sum = bias + most; sum <= dyad::word_max<T>(); sum += most) ++k;
    return k;
}

template <class A, class B, class T>
void check_max_k() {
    using plan_type = gemm_plan<A, B, proven<T>>;
    plan_type plan;
    for (const std::int64_t bias : {0, 1, 1000, 1 << 20, 0x7fff'0000}) {
        const std::uint64_t most = counted_max_k<T, A, B>(bias);
        const auto max_bias = static_cast<std::uint64_t>(bias);
        CHECK(plan_type::max_k(max_bias) == most);
        CHECK(plan_type::make(1, static_cast<index>(most), 1, {.max_bias = max_bias}, plan) == status::ok);
        CHECK(plan_type::make(1, static_cast<index>(most) + 1, 1, {.max_bias = max_bias}, plan) ==
              (most == 0 ? status::bias_exceeds_accumulator : status::k_exceeds_accumulator));
    }
}

TEST_CASE("gemm_plan: max_k against all pairs of codes") {
    check_max_k<integer<8>, integer<8>, std::int32_t>();
    check_max_k<uinteger<8>, integer<8>, std::int32_t>();
    check_max_k<uinteger<8>, uinteger<8>, std::int32_t>();
    check_max_k<integer<8>, integer<4>, std::int32_t>();
}

TEST_CASE("gemm_plan: the largest k runs, with the worst codes") {
    using plan_type = gemm_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    const auto k = static_cast<index>(plan_type::max_k(0));
    plan_type plan;
    REQUIRE(plan_type::make(1, k, 1, {}, plan) == status::ok);
    const integer<8> lowest = integer<8>::from_raw(-128);
    std::int32_t sum = 0;
    std::vector<std::byte> workspace(plan.workspace_bytes());
    REQUIRE(plan.run(matrix_view<const integer<8>>{&lowest, {1, k}, {0, 0}},
                     matrix_view<const integer<8>>{&lowest, {k, 1}, {0, 0}}, dyad::make_matrix(&sum, 1, 1),
                     dyad::keep_sum{}, workspace) == status::ok);
    CHECK(sum == k * 16384);
}

TEST_CASE("gemm_plan: bad extents, k and bias leave the plan as it was") {
    using plan_type = gemm_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    plan_type plan;
    REQUIRE(plan_type::make(2, 3, 4, {}, plan) == status::ok);
    const std::size_t bytes = plan.workspace_bytes();
    CHECK(plan_type::make(-1, 3, 4, {}, plan) == status::negative_extent);
    CHECK(plan_type::make(2, -1, 4, {}, plan) == status::negative_extent);
    CHECK(plan_type::make(2, 3, -1, {}, plan) == status::negative_extent);
    CHECK(plan_type::make(2, 131072, 4, {}, plan) == status::k_exceeds_accumulator);
    CHECK(plan_type::make(2, 1, 4, {.max_bias = 0x7fff'ffff}, plan) == status::bias_exceeds_accumulator);
    CHECK(plan_type::make(2, 1, 4, {.max_bias = ~std::uint64_t{0}}, plan) == status::bias_exceeds_accumulator);
    CHECK(plan.workspace_bytes() == bytes);
}

TEST_CASE("gemm_plan: formats whose one product overflows are at fault, not a bias of 0") {
    using plan_type = gemm_plan<uinteger<16>, uinteger<16>, proven<std::int32_t>>;
    plan_type plan;
    CHECK(plan_type::max_k(0) == 0);
    CHECK(plan_type::make(1, 1, 1, {}, plan) == status::k_exceeds_accumulator);
}

TEST_CASE("gemm_plan: a workspace beyond all memory") {
    using plan_type = gemm_plan<integer<8>, integer<8>, chained<std::int32_t, 16, float>>;
    constexpr index most = std::numeric_limits<index>::max();
    plan_type plan;
    REQUIRE(plan_type::make(most / 2, most / 2, 1, {}, plan) == status::ok);
    CHECK(plan.workspace_bytes() == std::numeric_limits<std::size_t>::max());
    // The largest k that make accepts must not overflow an index.
    REQUIRE(plan_type::make(1, static_cast<index>(plan_type::max_k(0)), 1, {}, plan) == status::ok);
    CHECK(plan.workspace_bytes() == std::numeric_limits<std::size_t>::max());
    // Nor may the tiles of the widest dst.
    for (const index n : {most, most - 1, most - 63}) {
        REQUIRE(plan_type::make(1, 0, n, {}, plan) == status::ok);
        CHECK(plan.describe().tasks == 1);
    }
}
TEST_CASE("gemm: operands that are null although they have more elements than an index counts") {
    using plan_type = gemm_plan<float, float, float_ordered>;
    constexpr index half = index{1} << 32;
    plan_type plan;
    REQUIRE(plan_type::make(half, half, 0, {}, plan) == status::ok);
    CHECK(plan.run(matrix_view<const float>{nullptr, {half, half}, {half, 1}},
                   matrix_view<const float>{nullptr, {half, 0}, {0, 1}}, matrix_view<float>{nullptr, {half, 0}, {0, 1}},
                   dyad::keep_sum{}, {}) == status::lhs_null);
    REQUIRE(plan_type::make(0, half, half, {}, plan) == status::ok);
    CHECK(plan.run(matrix_view<const float>{nullptr, {0, half}, {half, 1}},
                   matrix_view<const float>{nullptr, {half, half}, {half, 1}},
                   matrix_view<float>{nullptr, {0, half}, {half, 1}}, dyad::keep_sum{}, {}) != status::ok);
}

TEST_CASE("gemm: without products, operands may be null with any strides") {
    using plan_type = gemm_plan<integer<12>, integer<8>, proven<std::int32_t>>;
    plan_type plan;
    REQUIRE(plan_type::make(3, 0, 5, {}, plan) == status::ok);
    std::vector<std::byte> workspace(plan.workspace_bytes());
    std::vector<std::int32_t> out(15, 42);
    CHECK(plan.run(matrix_view<const integer<12>>{nullptr, {3, 0}, {7, 2}},
                   matrix_view<const integer<8>>{nullptr, {0, 5}, {9, -3}},
                   matrix_view<std::int32_t>{out.data(), {3, 5}, {5, 1}}, dyad::keep_sum{}, workspace) == status::ok);
    CHECK(std::all_of(out.begin(), out.end(), [](std::int32_t x) { return x == 0; }));
}

TEST_CASE("gemm_plan: one that is not made is that of empty matrices") {
    const gemm_plan<float, float, float_ordered> plan;
    std::vector<std::byte> workspace(plan.workspace_bytes());
    float x = 42;
    CHECK(plan.describe().tasks == 0);
    CHECK(plan.run(matrix_view<const float>{}, matrix_view<const float>{}, matrix_view<float>{}, dyad::keep_sum{},
                   workspace) == status::ok);
    CHECK(plan.run(dyad::make_matrix<const float>(&x, 1, 1), matrix_view<const float>{}, matrix_view<float>{},
                   dyad::keep_sum{}, workspace) == status::lhs_rows_differ);
}

TEST_CASE("gemm_plan: describe") {
    const auto describe = []<class Plan>(Plan plan) {
        REQUIRE(Plan::make(3, 5, 7, {}, plan) == status::ok);
        const dyad::gemm_description d = plan.describe();
        CHECK(d.workspace_bytes == plan.workspace_bytes());
        CHECK(d.max_k == Plan::max_k(0));
        Plan capped;
        REQUIRE(Plan::make(3, 5, 7, {.cap = dyad::instruction_set::scalar}, capped) == status::ok);
        CHECK(capped.describe().isa == dyad::instruction_set::scalar);
        return d;
    };
    const auto integers = describe(gemm_plan<integer<8>, uinteger<8>, proven<std::int32_t>>{});
    CHECK(integers.carrier == carrier::integer8);
    CHECK(integers.product == product_rule::exact);
    CHECK(integers.max_k == 65793);
    CHECK(integers.flush_length == 0);
    CHECK(integers.isa <= dyad::best_instruction_set());
    CHECK(integers.block >= 5);
    CHECK(integers.tasks == 1);
    const auto chains = describe(gemm_plan<integer<16>, integer<8>, chained<std::int32_t, 32, float>>{});
    CHECK(chains.carrier == carrier::integer16);
    CHECK(chains.flush_length == 32);
    CHECK(chains.max_k == std::numeric_limits<std::int64_t>::max());
    const auto floats = describe(gemm_plan<float16, bfloat16, float_ordered>{});
    CHECK(floats.carrier == carrier::f32);
    CHECK(floats.flush_length == 0);
    CHECK(floats.isa <= dyad::best_instruction_set());
    CHECK(floats.max_k == std::numeric_limits<std::int64_t>::max());
    const auto lmul = describe(gemm_plan<float8_e5m2, float8_e4m3fn, float_ordered, product_rule::lmul>{});
    CHECK(lmul.carrier == carrier::bf16);
    CHECK(lmul.product == product_rule::lmul);
    CHECK(lmul.max_k == std::numeric_limits<std::int64_t>::max() / 2);
}

// --- bad input to run ---

/// A run that is right, whose parts the cases below spoil one at a time.
struct good_run {
    using plan_type = gemm_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    plan_type plan;
    std::vector<integer<8>> codes = std::vector<integer<8>>(9000, integer<8>::from_raw(1));
    std::vector<std::int32_t> out = std::vector<std::int32_t>(4000, 42);
    std::vector<std::byte> memory;
    matrix_view<const integer<8>> lhs{codes.data(), {2, 3}, {3, 1}};
    matrix_view<const integer<8>> rhs{codes.data() + 100, {3, 4}, {4, 1}};
    matrix_view<std::int32_t> dst{out.data(), {2, 4}, {4, 1}};
    std::span<std::byte> workspace;

    good_run() {
        REQUIRE(plan_type::make(2, 3, 4, {}, plan) == status::ok);
        memory.resize(plan.workspace_bytes());
        workspace = memory;
    }
    [[nodiscard]] status run() const { return plan.run(lhs, rhs, dst, dyad::keep_sum{}, workspace); }
};

/// Spoils one part, expects the status, and dst as it was.
template <class Spoil>
void expect(status s, const Spoil& spoil) {
    good_run r;
    spoil(r);
    CAPTURE(std::string(dyad::to_string(s)));
    CHECK(r.run() == s);
    REQUIRE(std::all_of(r.out.begin(), r.out.end(), [](std::int32_t x) { return x == 42; }));
    REQUIRE(std::all_of(r.codes.begin(), r.codes.end(), [](integer<8> x) { return x.raw() == 1; }));
}

TEST_CASE("gemm: each fault has its status, and nothing is written") {
    good_run r;
    REQUIRE(r.run() == status::ok);
    for (std::size_t i = 0; i < r.out.size(); ++i) REQUIRE(r.out[i] == (i < 8 ? 3 : 42));

    expect(status::lhs_rows_differ, [](good_run& g) { g.lhs.extent[0] = 3; });
    expect(status::lhs_columns_differ, [](good_run& g) { g.lhs.extent[1] = 2; });
    expect(status::rhs_rows_differ, [](good_run& g) { g.rhs.extent[0] = 4; });
    expect(status::rhs_columns_differ, [](good_run& g) { g.rhs.extent[1] = 3; });
    expect(status::dst_rows_differ, [](good_run& g) { g.dst.extent[0] = 1; });
    expect(status::dst_columns_differ, [](good_run& g) { g.dst.extent[1] = 5; });
    expect(status::lhs_null, [](good_run& g) { g.lhs.data = nullptr; });
    expect(status::rhs_null, [](good_run& g) { g.rhs.data = nullptr; });
    expect(status::dst_null, [](good_run& g) { g.dst.data = nullptr; });
    expect(status::dst_overlaps_itself, [](good_run& g) { g.dst.stride = {0, 1}; });
    expect(status::dst_overlaps_itself, [](good_run& g) { g.dst.stride = {3, 1}; });
    expect(status::workspace_too_small, [](good_run& g) { g.workspace = g.workspace.first(g.workspace.size() - 1); });
    expect(status::workspace_too_small, [](good_run& g) { g.workspace = {}; });
    expect(status::workspace_overlaps_operand,
           [](good_run& g) { g.workspace = std::as_writable_bytes(std::span(g.codes)); });
    expect(status::workspace_overlaps_operand,
           [](good_run& g) { g.workspace = std::as_writable_bytes(std::span(g.codes).subspan(105)); });
    expect(status::workspace_overlaps_operand,
           [](good_run& g) { g.workspace = std::as_writable_bytes(std::span(g.out).subspan(7)); });
}

TEST_CASE("gemm: dst in the memory of an operand") {
    // The sums are 8-bit codes here, so that dst can lie among the operands.
    using plan_type = gemm_plan<integer<8>, integer<8>, proven<std::int32_t>>;
    plan_type plan;
    REQUIRE(plan_type::make(2, 3, 4, {}, plan) == status::ok);
    std::vector<std::byte> workspace(plan.workspace_bytes());
    std::vector<integer<8>> codes(100, integer<8>::from_raw(1));
    const auto epilogue = [](std::int32_t, index, index) { return integer<8>::from_raw(9); };
    const auto run = [&](index lhs, index rhs, index dst) {
        return plan.run(matrix_view<const integer<8>>{codes.data() + lhs, {2, 3}, {3, 1}},
                        matrix_view<const integer<8>>{codes.data() + rhs, {3, 4}, {4, 1}},
                        matrix_view<integer<8>>{codes.data() + dst, {2, 4}, {4, 1}}, epilogue, workspace);
    };
    CHECK(run(10, 30, 10) == status::dst_overlaps_lhs);
    CHECK(run(10, 30, 15) == status::dst_overlaps_lhs);
    CHECK(run(10, 30, 3) == status::dst_overlaps_lhs);
    CHECK(run(10, 30, 41) == status::dst_overlaps_rhs);
    CHECK(run(10, 30, 23) == status::dst_overlaps_rhs);
    for (const auto x : codes) REQUIRE(x.raw() == 1);
    CHECK(run(10, 30, 22) == status::ok);  // the eight elements before rhs
    for (std::size_t i = 0; i < codes.size(); ++i) CHECK(codes[i].raw() == (i >= 22 && i < 30 ? 9 : 1));
    CHECK(run(10, 30, 2) == status::ok);
    CHECK(run(10, 10, 50) == status::ok);  // operands may share memory
}

TEST_CASE("gemm: one plan, many runs, from several threads at once") {
    using plan_type = gemm_plan<bfloat16, bfloat16, float_ordered>;
    std::mt19937_64 random(9);
    matrix<bfloat16> lhs(9, 70, layout::row_major);
    matrix<bfloat16> rhs(70, 11, layout::column_major);
    fill(lhs, random, contents::random);
    fill(rhs, random, contents::random);
    plan_type plan;
    REQUIRE(plan_type::make(9, 70, 11, {}, plan) == status::ok);
    std::array<std::vector<float>, 4> results;
    std::array<status, 4> statuses{};
    workers{order::threads, 4, 1}(4, [&](index i) {
        const auto at = static_cast<std::size_t>(i);
        std::vector<std::byte> workspace(plan.workspace_bytes());
        results[at].assign(99, 0.0f);
        statuses[at] = plan.run(std::as_const(lhs).view(), std::as_const(rhs).view(),
                                dyad::make_matrix(results[at].data(), 9, 11), dyad::keep_sum{}, workspace);
    });
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(statuses[i] == status::ok);
        CHECK(results[i] == results[0]);
    }
    CHECK(results[0][0] != 0);
}

}  // namespace
