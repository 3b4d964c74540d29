// SPDX-License-Identifier: Apache-2.0
// AMX on processors that lack it: its instructions raise SIGILL there, and the handler does what they do, on tiles in
// memory, then goes on behind them. So the kernels' own machine code is tested everywhere. Encodings and operations are
// those of Intel's Architectures Software Developer's Manual, volume 2 (LDTILECFG, TILELOADD, TDPBSSD, TDPBF16PS).
//     amx_emulator emulator;                                             // as long as it lives
//     const assumed_instruction_set amx(dyad::instruction_set::amx);     // and whole plans choose AMX
// In a TEST_CASE: doctest sets its own handlers at the start of each. A signal costs a few microseconds. Where the
// processor has AMX, the instructions run by themselves.
#pragma once

#if defined(__x86_64__) && defined(__linux__)

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <ucontext.h>
#include <unistd.h>

#include <dyad/kernels/avx512/float_vectors.hpp>
#include <dyad/kernels/avx512/vectors.hpp>
#include <dyad/kernels/cpu.hpp>

namespace dyad_test {

enum class amx_instruction : std::uint8_t {
    ldtilecfg,
    tilerelease,
    tilezero,
    tileloadd,
    tileloaddt1,
    tilestored,
    tdpbssd,
    tdpbsud,
    tdpbusd,
    tdpbuud,
    tdpbf16ps,
    count
};

/// The tiles of one thread, as the configuration shapes them.
struct amx_tiles {
    static constexpr std::size_t number = 8;
    static constexpr std::size_t most_rows = 16;
    static constexpr std::size_t most_bytes = 64;

    struct alignas(64) tile {
        std::uint8_t bytes[most_rows][most_bytes];
        std::size_t rows;  ///< 0: not configured
        std::size_t row_bytes;
    };
    tile tiles[number];
    bool configured;
};
inline thread_local constinit amx_tiles amx_of_this_thread{};

/// An instruction taken apart, its registers read.
struct amx_decoded {
    amx_instruction what = amx_instruction::count;
    std::size_t length = 0;
    std::size_t destination = 0;  ///< ModRM.reg
    std::size_t lhs = 0;          ///< ModRM.rm
    std::size_t rhs = 0;          ///< VEX.vvvv
    std::uintptr_t address = 0;   ///< base + displacement; of all of it but the index
    std::uintptr_t stride = 0;    ///< index * scale
};

class amx_emulator {
public:
    amx_emulator() {
        for (auto& count : counts_) count = 0;
        struct sigaction handler {};
        handler.sa_sigaction = &handle;
        handler.sa_flags = SA_SIGINFO;
        sigemptyset(&handler.sa_mask);
        sigaction(SIGILL, &handler, &before_);
    }
    ~amx_emulator() { sigaction(SIGILL, &before_, nullptr); }
    amx_emulator(const amx_emulator&) = delete;
    amx_emulator& operator=(const amx_emulator&) = delete;

    /// The processor runs AMX itself, so that nothing is counted.
    [[nodiscard]] static bool native() { return dyad::detect_instruction_set() == dyad::instruction_set::amx; }
    /// The kernels' other instructions are there (they need AVX-512 besides AMX).
    [[nodiscard]] static bool possible() { return dyad::detect_instruction_set() >= dyad::instruction_set::avx512; }

    /// Emulated instructions of one kind since the emulator began, in all threads.
    [[nodiscard]] std::uint64_t executed(amx_instruction what) const { return counts_[static_cast<std::size_t>(what)]; }
    [[nodiscard]] std::uint64_t executed() const {
        std::uint64_t all = 0;
        for (const auto& count : counts_) all += count;
        return all;
    }

private:
    using registers = greg_t*;

    static void handle(int, siginfo_t*, void* context) {
        const registers r = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
        const amx_decoded x = decode(r);
        execute(x);
        counts_[static_cast<std::size_t>(x.what)].fetch_add(1, std::memory_order_relaxed);
        r[REG_RIP] += static_cast<greg_t>(x.length);
    }

    [[noreturn]] static void fail(const char* what) {
        const char* const parts[] = {"AMX emulator: ", what, "\n"};
        for (const char* part : parts) {
            if (write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
        }
        std::abort();
    }
    static void require(bool holds, const char* what) {
        if (!holds) fail(what);
    }

    /// Register `number` of an instruction.
    [[nodiscard]] static std::uintptr_t general(registers r, std::size_t number) {
        constexpr int places[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
        return static_cast<std::uintptr_t>(r[places[number]]);
    }

    /// C4, RXB (inverted) and map, W vvvv (inverted) L pp, opcode, ModRM, SIB, displacement.
    [[nodiscard]] static amx_decoded decode(registers r) {
        const auto* const code = reinterpret_cast<const std::uint8_t*>(r[REG_RIP]);
        constexpr const char* unknown = "an illegal instruction that is not one of AMX";
        require(code[0] == 0xc4 && (code[1] & 0x1f) == 2 && (code[2] & 0x84) == 0, unknown);
        const std::size_t prefix = code[2] & 3U;  // none, 66, F3, F2
        const std::uint8_t mod = code[4] >> 6;
        amx_decoded x;
        x.destination = (code[4] >> 3) & 7U;
        x.lhs = code[4] & 7U;
        x.rhs = ((code[2] >> 3) & 15U) ^ 15U;
        x.length = 5;
        x.what = mod == 3 ? of_registers(code[3], prefix, code[4]) : of_memory(code[3], prefix);
        require(x.what != amx_instruction::count, unknown);
        require((code[1] & 0x80) != 0 && x.rhs < amx_tiles::number, "no such tile");
        if (mod != 3) find_memory(x, r, code);
        return x;
    }
    [[nodiscard]] static amx_instruction of_registers(std::uint8_t opcode, std::size_t prefix, std::uint8_t modrm) {
        using enum amx_instruction;
        constexpr amx_instruction products[] = {tdpbuud, tdpbusd, tdpbsud, tdpbssd};
        if (opcode == 0x5e) return products[prefix];
        if (opcode == 0x5c && prefix == 2) return tdpbf16ps;
        if (opcode == 0x49 && prefix == 0 && modrm == 0xc0) return tilerelease;
        if (opcode == 0x49 && prefix == 3 && (modrm & 7) == 0) return tilezero;
        return count;
    }
    [[nodiscard]] static amx_instruction of_memory(std::uint8_t opcode, std::size_t prefix) {
        using enum amx_instruction;
        constexpr amx_instruction moves[] = {count, tileloaddt1, tilestored, tileloadd};
        if (opcode == 0x4b) return moves[prefix];
        if (opcode == 0x49 && prefix == 0) return ldtilecfg;
        return count;
    }
    static void find_memory(amx_decoded& x, registers r, const std::uint8_t* code) {
        const std::uint8_t mod = code[4] >> 6;
        const bool has_sib = x.lhs == 4;
        std::size_t base = x.lhs;
        if (has_sib) {
            const std::uint8_t sib = code[5];
            const std::size_t index = ((sib >> 3) & 7U) | ((code[1] & 0x40) == 0 ? 8U : 0U);
            if (index != 4) x.stride = general(r, index) << (sib >> 6);
            base = sib & 7U;
            ++x.length;
        }
        require(has_sib || x.what == amx_instruction::ldtilecfg, "a tile's memory without a SIB byte");
        const bool no_base = mod == 0 && base == 5;
        const std::size_t displaced = mod == 1 ? 1 : mod == 2 || no_base ? 4 : 0;
        std::int8_t one = 0;
        std::int32_t four = 0;
        if (displaced == 1) std::memcpy(&one, code + x.length, 1);
        if (displaced == 4) std::memcpy(&four, code + x.length, 4);
        x.length += displaced;
        if (!no_base) x.address = general(r, base | ((code[1] & 0x20) == 0 ? 8U : 0U));
        else if (!has_sib) x.address = reinterpret_cast<std::uintptr_t>(code) + x.length;
        x.address += static_cast<std::uintptr_t>(std::intptr_t{one} + four);
    }

    static void execute(const amx_decoded& x) {
        using enum amx_instruction;
        amx_tiles& t = amx_of_this_thread;
        if (x.what == ldtilecfg) return configure(t, reinterpret_cast<const std::uint8_t*>(x.address + x.stride));
        require(x.what == tilerelease || t.configured, "tiles that are not configured");
        amx_tiles::tile& tile = t.tiles[x.destination];
        switch (x.what) {
            case tilerelease: std::memset(&t, 0, sizeof t); break;
            case tilezero:
                require_shape(tile);
                std::memset(tile.bytes, 0, sizeof tile.bytes);
                break;
            case tileloadd:
            case tileloaddt1: load(tile, x); break;
            case tilestored: store(tile, x); break;
            case tdpbf16ps: multiply(tile, t.tiles[x.lhs], t.tiles[x.rhs], x, &add_bf16); break;
            case tdpbssd:
                multiply(tile, t.tiles[x.lhs], t.tiles[x.rhs], x, &add_bytes<signed_byte, signed_byte>);
                break;
            case tdpbsud:
                multiply(tile, t.tiles[x.lhs], t.tiles[x.rhs], x, &add_bytes<signed_byte, unsigned_byte>);
                break;
            case tdpbusd:
                multiply(tile, t.tiles[x.lhs], t.tiles[x.rhs], x, &add_bytes<unsigned_byte, signed_byte>);
                break;
            case tdpbuud:
                multiply(tile, t.tiles[x.lhs], t.tiles[x.rhs], x, &add_bytes<unsigned_byte, unsigned_byte>);
                break;
            default: fail("no such instruction");
        }
    }

    /// Palette 1: eight tiles of at most 16 rows of 64 bytes. Everything else is zero.
    static void configure(amx_tiles& t, const std::uint8_t* from) {
        std::memset(&t, 0, sizeof t);
        if (from[0] == 0) return;
        require(from[0] == 1, "configuration: palette 1 is the only one");
        require(from[1] == 0, "configuration: a start row, which only an interrupted load leaves");
        for (std::size_t i = 2; i < 64; ++i) {
            const bool reserved = i < 16 || (i >= 32 && i < 48) || i >= 56;
            require(!reserved || from[i] == 0, "configuration: a reserved byte is not 0");
        }
        for (std::size_t i = 0; i < amx_tiles::number; ++i) {
            amx_tiles::tile& tile = t.tiles[i];
            tile.row_bytes = from[16 + 2 * i] + 256U * from[17 + 2 * i];
            tile.rows = from[48 + i];
            require(tile.rows <= amx_tiles::most_rows, "configuration: more than 16 rows");
            require(tile.row_bytes <= amx_tiles::most_bytes, "configuration: rows of more than 64 bytes");
            require((tile.rows == 0) == (tile.row_bytes == 0), "configuration: rows without bytes");
        }
        t.configured = true;
    }
    static void require_shape(const amx_tiles::tile& tile) { require(tile.rows != 0, "a tile without a shape"); }

    static void load(amx_tiles::tile& tile, const amx_decoded& x) {
        require_shape(tile);
        std::memset(tile.bytes, 0, sizeof tile.bytes);
        for (std::size_t i = 0; i < tile.rows; ++i)
            std::memcpy(tile.bytes[i], reinterpret_cast<const void*>(x.address + i * x.stride), tile.row_bytes);
    }
    static void store(const amx_tiles::tile& tile, const amx_decoded& x) {
        require_shape(tile);
        for (std::size_t i = 0; i < tile.rows; ++i)
            std::memcpy(reinterpret_cast<void*>(x.address + i * x.stride), tile.bytes[i], tile.row_bytes);
    }

    /// Rows m of sum and lhs, depth k in dwords, columns n in dwords of sum and rhs.
    template <class Product>
    static void multiply(amx_tiles::tile& sum, const amx_tiles::tile& lhs, const amx_tiles::tile& rhs,
                         const amx_decoded& x, Product product) {
        require(x.destination != x.lhs && x.lhs != x.rhs && x.destination != x.rhs, "a product of a tile with itself");
        require_shape(sum);
        require_shape(lhs);
        require_shape(rhs);
        require(sum.rows == lhs.rows && sum.row_bytes == rhs.row_bytes, "a product of tiles whose shapes do not fit");
        require(lhs.row_bytes == 4 * rhs.rows && sum.row_bytes % 4 == 0, "a product of tiles whose depths do not fit");
        for (std::size_t i = 0; i < sum.rows; ++i) {
            product(sum.bytes[i], lhs.bytes[i], rhs);
            std::memset(sum.bytes[i] + sum.row_bytes, 0, amx_tiles::most_bytes - sum.row_bytes);
        }
        for (std::size_t i = sum.rows; i < amx_tiles::most_rows; ++i)
            std::memset(sum.bytes[i], 0, amx_tiles::most_bytes);
    }

    struct signed_byte {
        [[gnu::target("avx512f"), gnu::always_inline]] static dyad::avx512::words of(dyad::avx512::words x, int byte) {
            using dyad::avx512::signed_words;
            return reinterpret_cast<dyad::avx512::words>(reinterpret_cast<signed_words>(x << (24 - 8 * byte)) >> 24);
        }
    };
    struct unsigned_byte {
        [[gnu::target("avx512f"), gnu::always_inline]] static dyad::avx512::words of(dyad::avx512::words x, int byte) {
            return (x >> (8 * byte)) & 0xffU;
        }
    };
    [[gnu::target("avx512f"), gnu::always_inline]] static dyad::avx512::words broadcast(const std::uint8_t* from) {
        std::uint32_t x;
        std::memcpy(&x, from, 4);
        return dyad::avx512::words{} + x;
    }

    /// One row of sums += a row of lhs times the tile rhs, modulo 2^32.
    template <class Lhs, class Rhs>
    [[gnu::target("avx512f"), gnu::noinline]] static void add_bytes(std::uint8_t* sums, const std::uint8_t* lhs,
                                                                    const amx_tiles::tile& rhs) {
        using namespace dyad::avx512;
        words sum = dyad::avx512::load(sums);
        for (std::size_t k = 0; k < rhs.rows; ++k) {
            const words x = broadcast(lhs + 4 * k);
            const words y = dyad::avx512::load(rhs.bytes[k]);
            for (int byte = 0; byte < 4; ++byte) sum += Lhs::of(x, byte) * Rhs::of(y, byte);
        }
        std::memcpy(sums, &sum, sizeof sum);
    }

    /// The even and the odd products in two fused chains from +0, their sum added to the row; subnormal numbers are
    /// zeros, rounding is to nearest even, whatever the caller's modes are.
    [[gnu::target("avx512f"), gnu::noinline]] static void add_bf16(std::uint8_t* sums, const std::uint8_t* lhs,
                                                                   const amx_tiles::tile& rhs) {
        using namespace dyad::avx512;
        constexpr std::uint32_t subnormals_are_zeros = 0x9fc0;  // FTZ, DAZ, every exception masked
        std::uint32_t modes = 0;
        __asm__ volatile("stmxcsr %0" : "=m"(modes) : : "memory");
        __asm__ volatile("ldmxcsr %0" : : "m"(subnormals_are_zeros) : "memory");
        floats even{};
        floats odd{};
        for (std::size_t k = 0; k < rhs.rows; ++k) {
            const words x = broadcast(lhs + 4 * k);
            const words y = dyad::avx512::load(rhs.bytes[k]);
            fuse(even, x << 16, y << 16);
            fuse(odd, x & 0xffff'0000U, y & 0xffff'0000U);
        }
        floats sum = reinterpret_cast<floats>(dyad::avx512::load(sums));
        __asm__ volatile("vaddps %1, %0, %0" : "+v"(even) : "v"(odd));
        __asm__ volatile("vaddps %1, %0, %0" : "+v"(sum) : "v"(even));
        std::memcpy(sums, &sum, sizeof sum);
        __asm__ volatile("ldmxcsr %0" : : "m"(modes) : "memory");
    }
    /// Volatile: it stays between the changes of modes.
    [[gnu::target("avx512f"), gnu::always_inline]] static void fuse(dyad::avx512::floats& sum, dyad::avx512::words x,
                                                                    dyad::avx512::words y) {
        __asm__ volatile("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(y));
    }

    static inline std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(amx_instruction::count)> counts_{};
    struct sigaction before_ {};
};

}  // namespace dyad_test

#endif
