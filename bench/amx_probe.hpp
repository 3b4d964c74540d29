// SPDX-License-Identifier: Apache-2.0
// How fast AMX runs at this moment: cycles of one step of 2 x 2 tiles, four loads from the first-level cache and four
// products. 64 cycles are the limit; virtual machines were seen to change between about 70 and 290 within
// milliseconds, so a speed by AMX means something only beside a probe of the same moment.
//     cycles = time of the steps / time of a chain of multiplications, which take three cycles each
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include <dyad/kernels/amx/blocks.hpp>
#include <dyad/kernels/amx/tiles.hpp>
#include <dyad/kernels/cpu.hpp>

namespace bench {

/// Nanoseconds of f, the median of nine runs.
template <class Function>
[[nodiscard]] double median_nanoseconds(Function f) {
    std::array<double, 9> times{};
    for (double& time : times) {
        const auto begin = std::chrono::steady_clock::now();
        f();
        time = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
    }
    std::nth_element(times.begin(), times.begin() + 4, times.end());
    return times[4];
}

#if defined(__x86_64__)
/// Nanoseconds of a cycle.
[[nodiscard]] inline double nanoseconds_per_cycle() {
    constexpr int links = 100000;
    const double time = median_nanoseconds([] {
        std::uint64_t x = 3;
        for (int i = 0; i < links; i += 4) {
            __asm__ volatile("imul %0, %0\n\timul %0, %0\n\timul %0, %0\n\timul %0, %0" : "+r"(x) : : "cc");
        }
    });
    return time / (3.0 * links);
}
#endif

/// 0 where this process cannot use AMX.
[[nodiscard]] inline double amx_cycles_per_step() {
#if defined(__x86_64__) && defined(__SSE2__)
    namespace amx = dyad::amx;
    if (dyad::best_instruction_set() < dyad::instruction_set::amx) return 0;
    constexpr std::ptrdiff_t steps = 4;  // 2 x 8 KiB
    constexpr int rounds = 500;
    alignas(64) static std::byte panels[2][static_cast<std::size_t>(2 * steps * amx::tile_bytes)] = {};
    amx::configure_tiles();
    const double time = median_nanoseconds([] {
        for (int i = 0; i < rounds; ++i) amx::add_steps<amx::tile_product::s8s8, 2, 2>(panels[0], panels[1], steps);
    });
    amx::release_tiles();
    return time / (rounds * steps) / nanoseconds_per_cycle();
#else
    return 0;
#endif
}

/// "AMX: 71 cycles a step of 2 x 2 tiles (limit 64)" or "no AMX".
[[nodiscard]] inline std::string amx_state() {
    const double cycles = amx_cycles_per_step();
    if (cycles == 0) return "no AMX";
    char text[80];
    std::snprintf(text, sizeof text, "AMX: %.0f cycles a step of 2 x 2 tiles (limit 64)", cycles);
    return text;
}

}  // namespace bench
