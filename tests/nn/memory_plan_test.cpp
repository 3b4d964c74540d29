// SPDX-License-Identifier: Apache-2.0
// plan_memory: values that meet lie apart, chains take what two neighbours need, others no more than all together.
#include <dyad/nn/memory_plan.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <random>

namespace {

using dyad::nn::value_life;

[[nodiscard]] std::size_t lines_of(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

/// Checks that no two values that live at one time share memory; gives the most that is alive at any time.
template <std::size_t N>
std::size_t check_apart(const std::array<value_life, N>& lives, const dyad::nn::memory_plan<N>& plan) {
    std::size_t most = 0;
    for (std::size_t i = 0; i < N; ++i) {
        CHECK(plan.place[i] % 64 == 0);
        CHECK(plan.place[i] + lives[i].bytes <= plan.bytes);
        std::size_t alive = 0;
        for (std::size_t j = 0; j < N; ++j) {
            const bool meets = lives[i].first <= lives[j].last && lives[j].first <= lives[i].last;
            if (j != i && meets)
                CHECK((plan.place[i] + lives[i].bytes <= plan.place[j] ||
                       plan.place[j] + lives[j].bytes <= plan.place[i]));
            if (lives[j].first <= lives[i].first && lives[i].first <= lives[j].last) alive += lines_of(lives[j].bytes);
        }
        most = std::max(most, alive);
    }
    return most;
}

TEST_CASE("plan_memory: a chain takes what its largest pair of neighbours does") {
    std::mt19937_64 random(1);
    for (int round = 0; round < 300; ++round) {
        std::array<value_life, 9> lives;
        for (int i = 0; i < 9; ++i) lives[static_cast<std::size_t>(i)] = {random() % 5000, i, i + 1};
        const auto plan = plan_memory(lives);
        CHECK(plan.bytes == check_apart(lives, plan));
    }
    CHECK(dyad::nn::plan_memory(std::array<value_life, 0>{}).bytes == 0);
    CHECK(dyad::nn::plan_memory(std::array<value_life, 1>{{{65, 0, 1}}}).bytes == 128);
}

TEST_CASE("plan_memory: any graph") {
    std::mt19937_64 random(2);
    double worst = 0;
    for (int round = 0; round < 2000; ++round) {
        std::array<value_life, 12> lives;
        std::size_t all = 0;
        for (int i = 0; i < 12; ++i) {
            lives[static_cast<std::size_t>(i)] = {random() % 5000, i, i + 1 + static_cast<int>(random() % 3)};
            all += lines_of(lives[static_cast<std::size_t>(i)].bytes);
        }
        const auto plan = plan_memory(lives);
        const std::size_t least = check_apart(lives, plan);
        CHECK(plan.bytes >= least);
        CHECK(plan.bytes <= all);
        worst = std::max(worst, static_cast<double>(plan.bytes) / static_cast<double>(least));
    }
    MESSAGE("at worst " << worst << " times what is alive at once");
    CHECK(worst < 1.6);
}

TEST_CASE("plan_memory: sizes beyond all memory stay beyond it") {
    constexpr std::size_t huge = std::numeric_limits<std::size_t>::max();
    CHECK(dyad::nn::plan_memory(std::array<value_life, 2>{{{huge, 0, 1}, {64, 1, 2}}}).bytes == huge);
    CHECK(dyad::nn::plan_memory(std::array<value_life, 3>{{{huge - 100, 0, 2}, {huge, 1, 2}, {1, 2, 2}}}).bytes ==
          huge);
}

}  // namespace
