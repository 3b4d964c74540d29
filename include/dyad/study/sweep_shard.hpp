// SPDX-License-Identifier: Apache-2.0
// Shards of a sweep, and the whole that they make up. sweep_file.hpp writes and reads them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <dyad/study/sweep_state.hpp>

namespace dyad::inline v1::study {

/// A contiguous part of a sweep. An empty one has a piece too: where it would be.
struct sweep_shard {
    std::string name;
    std::int64_t first = 0;  ///< all inputs of the sweep
    std::int64_t last = -1;
    sweep_state state;
};

/// The sweep that shards of one name are parts of, given in any order. std::runtime_error with a sentence where they do
/// not fit: other inputs or ulps, inputs that are in two shards or in none.
[[nodiscard]] inline sweep_shard merge(std::vector<sweep_shard> shards) {
    if (shards.empty()) throw std::runtime_error("nothing to merge");
    const auto span = [](std::int64_t first, std::int64_t last) {
        return first == last ? "input " + std::to_string(first)
                             : "inputs " + std::to_string(first) + " to " + std::to_string(last);
    };
    sweep_shard whole = shards.front();
    const auto fail = [&](const std::string& sentence) { throw std::runtime_error(whole.name + ": " + sentence); };
    whole.state = sweep_state(shards.front().state.ulp());
    for (const sweep_shard& s : shards) {
        if (s.name != whole.name) fail("is not the same sweep as " + s.name);
        if (s.first != whole.first || s.last != whole.last)
            fail("one shard is of " + span(whole.first, whole.last) + ", another of " + span(s.first, s.last));
        if (s.state.ulp() != whole.state.ulp()) fail("shards have different ulps");
    }
    std::erase_if(shards, [](const sweep_shard& s) { return s.state.count() == 0; });
    std::sort(shards.begin(), shards.end(),
              [](const sweep_shard& a, const sweep_shard& b) { return a.state.first().input < b.state.first().input; });
    std::int64_t next = whole.first;  // the first input that no shard has held yet
    bool done = whole.first > whole.last;
    for (const sweep_shard& s : shards) {
        const std::int64_t first = s.state.first().input;
        const std::int64_t last = s.state.last().input;
        if (done || first < next) fail(span(first, done ? last : std::min(last, next - 1)) + " in more than one shard");
        if (first > next) fail(span(next, first - 1) + " in no shard");
        whole.state.append(s.state);
        done = last == whole.last;
        if (!done) next = last + 1;
    }
    if (!done) fail(span(next, whole.last) + " in no shard");
    return whole;
}

}  // namespace dyad::inline v1::study
