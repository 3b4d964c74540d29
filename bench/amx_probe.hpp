// SPDX-License-Identifier: Apache-2.0
// The state of AMX: on some virtual machines products of tiles run at two speeds, which change within seconds. Cycles
// of one product in a loop of four loads and four products from the first cache: about 17 in the fast state, 70 in the
// slow one. Only ratios within one run and one state mean anything.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include <dyad/kernels/amx/tiles.hpp>
#include <dyad/kernels/cpu.hpp>

namespace bench {

#if defined(__x86_64__) && defined(__SSE2__)
[[gnu::noinline]] inline void amx_steps(const std::byte* tiles, int count) noexcept {
    using dyad::amx::tile_product;
    for (int i = 0; i < count; ++i) {
        dyad::amx::load_tile<6>(tiles, 64);
        dyad::amx::load_tile<4>(tiles + 2048, 64);
        dyad::amx::add_tile_product<tile_product::s8s8, 0, 4, 6>();
        dyad::amx::load_tile<7>(tiles + 1024, 64);
        dyad::amx::add_tile_product<tile_product::s8s8, 1, 4, 7>();
        dyad::amx::load_tile<5>(tiles + 3072, 64);
        dyad::amx::add_tile_product<tile_product::s8s8, 2, 5, 6>();
        dyad::amx::add_tile_product<tile_product::s8s8, 3, 5, 7>();
    }
}
#endif

/// Nanoseconds of one product of tiles; 0 where there is no AMX.
inline double amx_product_nanoseconds() {
#if defined(__x86_64__) && defined(__SSE2__)
    if (dyad::best_instruction_set() >= dyad::instruction_set::amx) {
        alignas(64) static const std::byte tiles[4096] = {};
        constexpr int steps = 20000;
        dyad::amx::configure_tiles();
        const auto begin = std::chrono::steady_clock::now();
        amx_steps(tiles, steps);
        const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
        dyad::amx::release_tiles();
        return time.count() / (4.0 * steps);
    }
#endif
    return 0;
}

/// A sentence for the log.
inline std::string amx_state() {
    const double ns = amx_product_nanoseconds();
    if (ns == 0) return "AMX state: none here";
    char text[80];
    std::snprintf(text, sizeof text, "AMX state: %.1f ns for a product of tiles (%s)", ns,
                  ns < 12 ? "fast" : "slow or between");
    return text;
}

}  // namespace bench
