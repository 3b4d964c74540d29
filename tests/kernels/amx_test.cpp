// SPDX-License-Identifier: Apache-2.0
// The AMX kernels against the plain ones, bit for bit. Where the processor has no AMX their machine code runs under an
// emulator, whose own instructions are tested first.
#include <dyad/kernels/amx/matrix_bf16.hpp>
#include <dyad/kernels/amx/matrix_integer16.hpp>
#include <dyad/kernels/amx/matrix_integer8.hpp>

#include <doctest/doctest.h>

#if defined(__x86_64__) && defined(__linux__)

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <dyad/kernels/scalar/matrix.hpp>

#include "support/amx_emulator.hpp"
#include "support/drive_kernel.hpp"
#include "support/guarded_memory.hpp"
#include "support/instruction_sets.hpp"
#include "support/tally.hpp"

namespace {

using dyad::bfloat16;
using dyad::lines_view;
using dyad_test::amx_emulator;
using dyad_test::amx_instruction;
using dyad_test::drive_kernel;
using dyad_test::tally;
namespace amx = dyad::amx;
namespace scalar = dyad::scalar;

[[nodiscard]] bool can_run() {
    if (!amx_emulator::possible()) MESSAGE("not run: these kernels need AVX-512 besides AMX, this machine has none");
    return amx_emulator::possible();
}

std::mt19937_64 engine(6);
[[nodiscard]] std::ptrdiff_t random_up_to(std::ptrdiff_t most) {
    return static_cast<std::ptrdiff_t>(engine() % static_cast<std::uint64_t>(most + 1));
}

// 1. The emulator.

using tile_memory = std::array<std::uint8_t, 1024>;

/// `rows` x `bytes` for every tile named.
[[nodiscard]] amx::tile_configuration shapes(std::initializer_list<std::array<int, 3>> tiles) {
    amx::tile_configuration c;
    for (const auto& [tile, rows, bytes] : tiles) {
        c.rows[static_cast<std::size_t>(tile)] = static_cast<std::uint8_t>(rows);
        c.row_bytes[static_cast<std::size_t>(tile)] = static_cast<std::uint16_t>(bytes);
    }
    return c;
}
void configure(const amx::tile_configuration& c) { __asm__ volatile("ldtilecfg %0" : : "m"(c)); }

[[nodiscard]] tile_memory random_bytes() {
    tile_memory x;
    for (auto& byte : x) byte = static_cast<std::uint8_t>(engine());
    return x;
}

/// Sums of 5 rows by 3 columns over 2 dwords, by their definition.
template <amx::tile_product Product, class Lhs, class Rhs>
void check_small_product() {
    const tile_memory a = random_bytes();
    const tile_memory b = random_bytes();
    const tile_memory c = random_bytes();
    configure(shapes({{0, 5, 12}, {1, 5, 8}, {2, 2, 12}}));
    amx::load_tile<0>(c.data(), 12);
    amx::load_passing_tile<1, 4>(a.data(), 16);  // the rows begin 4 bytes on
    amx::load_tile<2>(b.data(), 20);
    amx::add_tile_product<Product, 0, 1, 2>();
    tile_memory sums{};
    amx::store_tile<0>(sums.data(), 12);
    amx::release_tiles();
    for (std::size_t m = 0; m < 5; ++m) {
        for (std::size_t n = 0; n < 3; ++n) {
            std::uint32_t sum = 0;
            std::memcpy(&sum, c.data() + 12 * m + 4 * n, 4);
            for (std::size_t k = 0; k < 2; ++k) {
                for (std::size_t q = 0; q < 4; ++q) {
                    const int x = static_cast<Lhs>(a[4 + 16 * m + 4 * k + q]);
                    const int y = static_cast<Rhs>(b[20 * k + 4 * n + q]);
                    sum += static_cast<std::uint32_t>(x * y);
                }
            }
            std::uint32_t got = 0;
            std::memcpy(&got, sums.data() + 12 * m + 4 * n, 4);
            CHECK(got == sum);
        }
    }
    for (std::size_t i = 60; i < sums.size(); ++i) CHECK(sums[i] == 0);  // nothing beyond the tile
}

TEST_CASE("amx_emulator: integer products of tiles of odd shapes") {
    if (!can_run()) return;
    const amx_emulator emulator;
    check_small_product<amx::tile_product::s8s8, std::int8_t, std::int8_t>();
    check_small_product<amx::tile_product::s8u8, std::int8_t, std::uint8_t>();
    check_small_product<amx::tile_product::u8s8, std::uint8_t, std::int8_t>();
    check_small_product<amx::tile_product::u8u8, std::uint8_t, std::uint8_t>();
    if (amx_emulator::native()) return;
    using enum amx_instruction;
    for (const amx_instruction one : {tdpbssd, tdpbsud, tdpbusd, tdpbuud}) CHECK(emulator.executed(one) == 1);
    for (const amx_instruction each : {ldtilecfg, tilerelease, tileloaddt1, tilestored})
        CHECK(emulator.executed(each) == 4);
    CHECK(emulator.executed(tileloadd) == 8);
    CHECK(emulator.executed() == 28);
}

TEST_CASE("amx_emulator: rows beyond a shape, and bytes beyond a row, are zeros") {
    if (!can_run()) return;
    const amx_emulator emulator;
    const tile_memory x = random_bytes();
    configure(shapes({{3, 2, 8}}));
    amx::load_tile<3>(x.data(), 64);
    tile_memory y{};
    amx::store_tile<3>(y.data(), 64);
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == (i / 64 < 2 && i % 64 < 8 ? x[i] : 0));
    amx::zero_tile<3>();
    amx::store_tile<3>(y.data(), 64);
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == 0);
    amx::release_tiles();
}

/// Two chains over 2 pairs: even (1 * 2^127) 2 is infinite only without the next one, so the order shows.
TEST_CASE("amx_emulator: bfloat16 products in two chains, subnormal numbers as zeros") {
    if (!can_run()) return;
    const amx_emulator emulator;
    const auto pair = [](float even, float odd) {
        return std::array<bfloat16, 2>{static_cast<bfloat16>(even), static_cast<bfloat16>(odd)};
    };
    const auto product = [](std::array<std::array<bfloat16, 2>, 3> a, std::array<std::array<bfloat16, 2>, 3> b,
                            float sum) {
        configure(shapes({{0, 1, 4}, {1, 1, 12}, {2, 3, 4}}));
        amx::load_tile<0>(&sum, 4);
        amx::load_tile<1>(a.data(), 12);
        amx::load_tile<2>(b.data(), 4);
        amx::add_tile_product<amx::tile_product::bf16, 0, 1, 2>();
        amx::store_tile<0>(&sum, 4);
        amx::release_tiles();
        return sum;
    };
    const auto one = pair(1, 1);
    const auto none = pair(0, 0);
    // even: 2^24 + 1 - 2^24 = 0 (the one is lost), odd: 3; then 2^24 + 3 in one rounding, to even.
    CHECK(product({pair(0x1p24f, 3), pair(1, 0), pair(-0x1p24f, 0)}, {one, one, one}, 0x1p24f) == 0x1p24f + 4);
    // Fused: 1.0078125^2 - 1.015625 = 2^-14.
    CHECK(product({pair(-1.015625f, 0), pair(1.0078125f, 0), none}, {one, pair(1.0078125f, 0), one}, 0) == 0x1p-14f);
    CHECK(product({pair(0x1p-127f, 0), none, none}, {pair(0x1p100f, 0), one, one}, 0) == 0);  // an operand
    CHECK(product({pair(0x1p-70f, 0), none, none}, {pair(0x1p-60f, 0), one, one}, 0) == 0);   // a product
    CHECK(product({pair(0x1p-126f, -0x1.8p-126f), none, none}, {one, one, one}, 0) == 0);     // a sum of chains
    CHECK(product({pair(0x1p-126f, 0), none, none}, {one, one, one}, -0x1.8p-126f) == 0);     // the sum
    CHECK(product({none, none, none}, {one, one, one}, 0x1p-127f) == 0);                      // an accumulator
    CHECK(product({pair(0x1p-126f, 0), none, none}, {one, one, one}, 0x1p-126f) == 0x1p-125f);
}

/// What a child process that runs f writes to stderr before it aborts; "" if it ends otherwise.
[[nodiscard]] std::string last_words(const std::function<void()>& f) {
    int ends[2] = {};
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        f();
        _exit(0);
    }
    close(ends[1]);
    std::string text;
    char part[256];
    for (ssize_t n = 0; (n = read(ends[0], part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(n));
    close(ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? text : std::string();
}

TEST_CASE("amx_emulator: what AMX refuses ends the program with a sentence") {
    if (!can_run() || amx_emulator::native()) return;
    const amx_emulator emulator;
    const auto refused = [](const amx::tile_configuration& c) { return last_words([&c] { configure(c); }); };
    CHECK(refused(shapes({{0, 17, 64}})) == "AMX emulator: configuration: more than 16 rows\n");
    CHECK(refused(shapes({{7, 16, 68}})) == "AMX emulator: configuration: rows of more than 64 bytes\n");
    CHECK(refused(shapes({{2, 3, 0}})) == "AMX emulator: configuration: rows without bytes\n");
    CHECK(refused(shapes({{8, 1, 4}})) == "AMX emulator: configuration: a reserved byte is not 0\n");
    amx::tile_configuration other;
    other.palette = 2;
    CHECK(refused(other) == "AMX emulator: configuration: palette 1 is the only one\n");
    other.palette = 1;
    other.start_row = 1;
    CHECK(refused(other) == "AMX emulator: configuration: a start row, which only an interrupted load leaves\n");

    CHECK(last_words([] { amx::zero_tile<0>(); }) == "AMX emulator: tiles that are not configured\n");
    CHECK(last_words([] {
              configure(shapes({{0, 1, 4}}));
              amx::zero_tile<1>();
          }) == "AMX emulator: a tile without a shape\n");
    CHECK(last_words([] {
              configure(shapes({{0, 2, 4}, {1, 1, 4}, {2, 1, 4}}));
              amx::add_tile_product<amx::tile_product::s8s8, 0, 1, 2>();
          }) == "AMX emulator: a product of tiles whose shapes do not fit\n");
    CHECK(last_words([] {
              configure(shapes({{0, 1, 4}, {1, 1, 4}, {2, 2, 4}}));
              amx::add_tile_product<amx::tile_product::s8s8, 0, 1, 2>();
          }) == "AMX emulator: a product of tiles whose depths do not fit\n");
    CHECK(last_words([] { __asm__ volatile("ud2"); }) ==
          "AMX emulator: an illegal instruction that is not one of AMX\n");
    CHECK(last_words([] {
              amx::configure_tiles();
              amx::release_tiles();
              amx::zero_tile<0>();
          }) == "AMX emulator: tiles that are not configured\n");
}

// 2. The kernels.

/// How the k and the lines of an operand lie.
enum class layout { lines, columns, scattered };

template <class T>
struct operand {
    dyad_test::guarded_memory<T> memory;
    lines_view<T> view;
};

/// `lines` x k elements from `make`, in one of the layouts; where a view has gaps, elements that would show are there.
template <class T, class Make>
[[nodiscard]] operand<T> make_operand(std::ptrdiff_t lines, std::ptrdiff_t k, layout how, Make make) {
    const std::ptrdiff_t gap = random_up_to(5);
    lines_view<T> view;
    view.line_stride = how == layout::columns ? 1 : how == layout::lines ? k + gap : 2 * k + 3;
    view.k_stride = how == layout::columns ? lines + gap + 1 : how == layout::lines ? 1 : 2;
    const std::ptrdiff_t last = (lines - 1) * view.line_stride + (k > 0 ? k - 1 : 0) * view.k_stride;
    dyad_test::guarded_memory<T> memory(static_cast<std::size_t>(k > 0 ? last + 1 : 0));
    for (T& element : memory) element = make();
    view.data = memory.data();
    return {std::move(memory), view};
}
[[nodiscard]] layout any_layout() { return static_cast<layout>(engine() % 3); }

template <class T>
[[nodiscard]] bool same_bits(const std::vector<T>& x, const std::vector<T>& y) {
    return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0);
}

/// One product by two kernels, elements between the rows included.
template <class L, class R, class S, class MakeLhs, class MakeRhs>
struct comparison {
    const dyad::matrix_kernel<L, R, S>& kernel;
    const dyad::matrix_kernel<L, R, S>& plain;
    MakeLhs make_lhs;
    MakeRhs make_rhs;
    typename dyad::matrix_kernel<L, R, S>::multiply_function multiply;
    tally cases;

    void check(std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, std::ptrdiff_t block = 0) {
        check(m, n, k, block, any_layout(), any_layout());
    }
    void check(std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, std::ptrdiff_t block, layout left, layout right) {
        const auto lhs = make_operand<L>(m, k, left, make_lhs);
        const auto rhs = make_operand<R>(n, k, right, make_rhs);
        const std::ptrdiff_t stride = n + random_up_to(3);
        const S untouched = S(77);
        const auto expected = drive_kernel(plain, lhs.view, rhs.view, m, n, k, block, stride, untouched);
        const auto got = drive_kernel(kernel, lhs.view, rhs.view, m, n, k, block, stride, untouched, multiply);
        cases.check(same_bits(got, expected), kernel.name, ": ", m, " x ", n, ", k ", k, " in blocks of ", block,
                    ", layouts ", static_cast<int>(left), " ", static_cast<int>(right), ", first difference at ",
                    std::mismatch(got.begin(), got.end(), expected.begin()).first - got.begin());
    }

    /// All extents of one block, all k to 200, several blocks and panels.
    void check_all() {
        for (std::ptrdiff_t m = 1; m <= 32; ++m)
            for (std::ptrdiff_t n = 1 + m % 5; n <= 33; n += 5) check(m, n, random_up_to(70));
        for (std::ptrdiff_t k = 0; k <= 200; ++k) check(1 + random_up_to(32), 1 + random_up_to(32), k);
        for (int i = 0; i < 12; ++i) {
            check(1 + random_up_to(69), 1 + random_up_to(139), random_up_to(260), 64 * (1 + random_up_to(2)));
        }
        for (const layout left : {layout::lines, layout::columns, layout::scattered}) {
            for (const layout right : {layout::lines, layout::columns, layout::scattered}) {
                check(32, 32, 192, 64, left, right);
                check(64, 128, 64, 0, left, right);
                check(1, 1, 64, 0, left, right);
            }
        }
    }
};

template <class L, class R, class S, class MakeLhs, class MakeRhs>
void compare(const dyad::matrix_kernel<L, R, S>& kernel, const dyad::matrix_kernel<L, R, S>& plain, MakeLhs make_lhs,
             MakeRhs make_rhs, typename dyad::matrix_kernel<L, R, S>::multiply_function multiply = nullptr) {
    comparison<L, R, S, MakeLhs, MakeRhs> c{kernel, plain, make_lhs, make_rhs, multiply, tally(kernel.name)};
    c.check_all();
}

/// Any value, the extremes often.
template <class T>
[[nodiscard]] T any_integer() {
    const std::uint64_t bits = engine();
    if (bits % 8 == 0) return std::numeric_limits<T>::min();
    if (bits % 8 == 1) return std::numeric_limits<T>::max();
    return static_cast<T>(bits >> 32);
}

TEST_CASE("amx 8-bit kernels: the plain kernels' sums") {
    if (!can_run()) return;
    const amx_emulator emulator;
    compare(amx::s8s8, scalar::s8s8, any_integer<std::int8_t>, any_integer<std::int8_t>);
    compare(amx::u8s8, scalar::u8s8, any_integer<std::uint8_t>, any_integer<std::int8_t>);
    compare(amx::s8u8, scalar::s8u8, any_integer<std::int8_t>, any_integer<std::uint8_t>);
    compare(amx::u8u8, scalar::u8u8, any_integer<std::uint8_t>, any_integer<std::uint8_t>);
    if (amx_emulator::native()) return;
    using enum amx_instruction;
    for (const amx_instruction each : {tdpbssd, tdpbsud, tdpbusd, tdpbuud}) CHECK(emulator.executed(each) > 1000);
}

TEST_CASE("amx 16-bit kernels: the plain kernels' sums") {
    if (!can_run()) return;
    const amx_emulator emulator;
    compare(amx::s16_wide, scalar::s16_wide, any_integer<std::int16_t>, any_integer<std::int16_t>);
    CHECK((amx::s16_short.multiply == amx::s16_wide.multiply));
    compare(amx::s16s16_32, scalar::s16s16_32, any_integer<std::int16_t>, any_integer<std::int16_t>);
}

/// All elements one value, so that every sum within is as large as it can be.
template <class L, class R, class S>
void check_constant(const dyad::matrix_kernel<L, R, S>& kernel, const dyad::matrix_kernel<L, R, S>& plain, L x, R y,
                    std::ptrdiff_t k, std::ptrdiff_t block = 0) {
    const std::vector<L> lhs(static_cast<std::size_t>(k), x);
    const std::vector<R> rhs(static_cast<std::size_t>(k), y);
    const lines_view<L> left{lhs.data(), k, 1};
    const lines_view<R> right{rhs.data(), k, 1};
    CHECK(drive_kernel(kernel, left, right, 1, 1, k, block) == drive_kernel(plain, left, right, 1, 1, k));
}

TEST_CASE("amx integer kernels: extremes over long k") {
    if (!can_run()) return;
    const amx_emulator emulator;
    check_constant<std::int8_t, std::int8_t>(amx::s8s8, scalar::s8s8, -128, -128, 4096);
    check_constant<std::uint8_t, std::uint8_t>(amx::u8u8, scalar::u8u8, 255, 255, 40000);  // wraps
    check_constant<std::uint8_t, std::int8_t>(amx::u8s8, scalar::u8s8, 255, -128, 4096);
    check_constant<std::int8_t, std::uint8_t>(amx::s8u8, scalar::s8u8, -128, 255, 4096);
    constexpr std::int16_t extremes[] = {-32768, 32767, -1, 255, -32513};  // the last is 0x80ff
    for (const std::int16_t x : extremes) {
        for (const std::int16_t y : extremes) {
            check_constant<std::int16_t, std::int16_t>(amx::s16_wide, scalar::s16_wide, x, y, 700, 64);
            check_constant<std::int16_t, std::int16_t>(amx::s16s16_32, scalar::s16s16_32, x, y, 700);
        }
    }
    // Past the k that the tiles hold exactly: 255 * 255 * 66136 > 2^32, 128 * 255 * 66136 > 2^31.
    constexpr std::ptrdiff_t past = 64 * amx::exact_steps16 + 600;
    check_constant<std::int16_t, std::int16_t>(amx::s16_wide, scalar::s16_wide, -32768, -32768, 32768);
    check_constant<std::int16_t, std::int16_t>(amx::s16_wide, scalar::s16_wide, -32768, -32768, past);
    check_constant<std::int16_t, std::int16_t>(amx::s16_wide, scalar::s16_wide, -32513, -32513, past);
    check_constant<std::int16_t, std::int16_t>(amx::s16_wide, scalar::s16_wide, -1, -1, past);
    check_constant<std::int16_t, std::int16_t>(amx::s16s16_32, scalar::s16s16_32, -32513, 32767, past);
}

/// A sign, an exponent from `first` to `last` and a significand.
[[nodiscard]] bfloat16 random_bfloat16(int first, int last) {
    const auto exponent = static_cast<std::uint16_t>(127 + first + random_up_to(last - first));
    return bfloat16::from_bits(static_cast<std::uint16_t>((engine() & 0x807fU) | static_cast<unsigned>(exponent << 7)));
}

/// Whole multiples of 2^-118 below 2^127: nothing on the way is subnormal, so nothing is flushed.
[[nodiscard]] bfloat16 wide_number() { return random_bfloat16(-52, 52); }
[[nodiscard]] bfloat16 close_number() { return engine() % 16 == 0 ? bfloat16{} : random_bfloat16(-3, 3); }
/// Infinities, NaN of all kinds, the largest numbers, zeros.
[[nodiscard]] bfloat16 rough_number() {
    constexpr std::uint16_t rough[] = {0x7f80, 0xff80, 0x7fc0, 0xffc1, 0x7f81, 0xffff, 0x7f7f, 0xff7f, 0x8000, 0x0000};
    const std::uint64_t choice = engine() % 2000;
    return choice < 10 ? bfloat16::from_bits(rough[choice]) : random_bfloat16(-40, choice < 200 ? 63 : 0);
}
/// Every exponent; the products of such numbers are often subnormal.
[[nodiscard]] bfloat16 small_number() { return random_bfloat16(-127, engine() % 4 == 0 ? 1 : -100); }
[[nodiscard]] bfloat16 middle_number() { return random_bfloat16(-40, 2); }

TEST_CASE("amx bf16 kernel: the plain kernel's sums where nothing is subnormal") {
    if (!can_run()) return;
    const amx_emulator emulator;
    compare(amx::bf16, scalar::bf16, wide_number, wide_number);
    compare(amx::bf16, scalar::bf16, close_number, close_number);
    compare(amx::bf16, scalar::bf16, rough_number, rough_number);
    if (!amx_emulator::native()) CHECK(emulator.executed(amx_instruction::tdpbf16ps) > 1000);
}

TEST_CASE("amx bf16 kernel, gradual: the plain kernel's sums, subnormal numbers too") {
    if (!can_run()) return;
    const amx_emulator emulator;
    constexpr auto gradual = amx::bf16.multiply_gradual;
    compare(amx::bf16, scalar::bf16, small_number, small_number, gradual);
    compare(amx::bf16, scalar::bf16, small_number, middle_number, gradual);
    compare(amx::bf16, scalar::bf16, wide_number, wide_number, gradual);
    compare(amx::bf16, scalar::bf16, rough_number, rough_number, gradual);
    CHECK(emulator.executed(amx_instruction::tdpbf16ps) == 0);

    // The one flushes, the other does not.
    const bfloat16 x = bfloat16::from_bits(1);
    const bfloat16 y = static_cast<bfloat16>(1.0f);
    CHECK(drive_kernel(amx::bf16, {&x, 1, 1}, {&y, 1, 1}, 1, 1, 1)[0] == 0);
    CHECK(drive_kernel(amx::bf16, {&x, 1, 1}, {&y, 1, 1}, 1, 1, 1, 0, 0, 0.0f, gradual)[0] == 0x1p-133f);
}

/// Few lines packed into memory that is not zero, and the same among 32 lines of zeros: the same bytes.
template <class T, class Pack>
void check_padding(T element, Pack pack, std::ptrdiff_t (*bytes)(std::ptrdiff_t) noexcept, tally& cases) {
    constexpr std::ptrdiff_t most = amx::panel_lines;
    for (std::ptrdiff_t lines = 1; lines < most; ++lines) {
        const std::ptrdiff_t k = 1 + random_up_to(140);
        const layout how = any_layout();
        const auto few = make_operand<T>(lines, k, how, [element] { return element; });
        std::vector<T> all(static_cast<std::size_t>(most * k));
        for (std::ptrdiff_t i = 0; i < lines * k; ++i) all[static_cast<std::size_t>(i)] = element;
        dyad_test::panel_memory x(bytes(k));
        dyad_test::panel_memory y(bytes(k));
        std::memset(x.data(), 0x77, static_cast<std::size_t>(bytes(k)));
        std::memset(y.data(), 0x33, static_cast<std::size_t>(bytes(k)));
        pack(few.view, lines, k, x.data());
        pack(lines_view<T>{all.data(), k, 1}, most, k, y.data());
        cases.check(std::memcmp(x.data(), y.data(), static_cast<std::size_t>(bytes(k))) == 0, lines, " lines, k ", k,
                    ", layout ", static_cast<int>(how));
    }
}

TEST_CASE("amx packing: what is missing becomes zeros") {
    if (!can_run()) return;
    tally cases("padding");
    const auto check = [&cases](const auto& kernel, auto element) {
        check_padding(element, kernel.pack_lhs, kernel.lhs_bytes, cases);
        check_padding(element, kernel.pack_rhs, kernel.rhs_bytes, cases);
    };
    check(amx::s8s8, std::int8_t{0x55});
    check(amx::s16_wide, std::int16_t{0x5566});
    check(amx::bf16, bfloat16::from_bits(0x5566));
}

TEST_CASE("amx kernels: no more tiles than rows and columns need") {
    if (!can_run() || amx_emulator::native()) return;
    const std::vector<std::int8_t> x(128 * 64);
    const auto products = [&x](std::ptrdiff_t m, std::ptrdiff_t n) {
        const amx_emulator emulator;
        (void)drive_kernel(amx::s8s8, {x.data(), 64, 1}, {x.data(), 64, 1}, m, n, 64);
        CHECK(emulator.executed(amx_instruction::ldtilecfg) == 1);
        CHECK(emulator.executed(amx_instruction::tilerelease) == 1);
        CHECK(emulator.executed(amx_instruction::tilestored) == emulator.executed(amx_instruction::tdpbssd));
        return emulator.executed(amx_instruction::tdpbssd);
    };
    CHECK(products(16, 16) == 1);
    CHECK(products(17, 16) == 2);
    CHECK(products(16, 17) == 2);
    CHECK(products(17, 17) == 4);
    CHECK(products(33, 64) == 12);
}

TEST_CASE("amx kernels: every thread has tiles of its own") {
    if (!can_run()) return;
    const amx_emulator emulator;
    const auto lhs = make_operand<std::int8_t>(32, 256, layout::lines, any_integer<std::int8_t>);
    const auto rhs = make_operand<std::int8_t>(32, 256, layout::columns, any_integer<std::int8_t>);
    const auto expected = drive_kernel(scalar::s8s8, lhs.view, rhs.view, 32, 32, 256);
    std::vector<int> right(3);
    std::vector<std::thread> threads;
    for (int& count : right) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) {
                count += drive_kernel(amx::s8s8, lhs.view, rhs.view, 32, 32, 256) == expected ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const int count : right) CHECK(count == 20);
}

TEST_CASE("assumed_instruction_set: as long as it lives") {
    const dyad::instruction_set before = dyad::best_instruction_set();
    {
        const dyad_test::assumed_instruction_set amx(dyad::instruction_set::amx);
        CHECK(dyad::best_instruction_set() == dyad::instruction_set::amx);
    }
    CHECK(dyad::best_instruction_set() == before);
}

}  // namespace

#else

TEST_CASE("amx kernels") { MESSAGE("not run: AMX is part of x86-64, and its test of Linux"); }

#endif
