// SPDX-License-Identifier: Apache-2.0
// status: every enumerator has a sentence of its own.
#include <dyad/array/status.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <string>

namespace {

using dyad::status;

static_assert(static_cast<int>(status::ok) == 0 && sizeof(status) == 1);

constexpr int count = static_cast<int>(status::not_prepared) + 1;

TEST_CASE("status: as many different sentences as enumerators") {
    std::set<std::string> sentences;
    for (int i = 0; i < count; ++i) {
        const std::string text = dyad::to_string(static_cast<status>(i));
        CHECK(text.size() >= 2);
        CHECK(text != "unknown status");
        CHECK(text.back() != '.');
        sentences.insert(text);
    }
    CHECK(sentences.size() == count);
    // The first number without an enumerator: the count above is not behind the header.
    CHECK(std::string(dyad::to_string(static_cast<status>(count))) == "unknown status");
    CHECK(std::string(dyad::to_string(static_cast<status>(255))) == "unknown status");
}

TEST_CASE("status: sentences name the operand at fault") {
    const auto names = [](status s, const char* word) {
        return std::string(dyad::to_string(s)).find(word) != std::string::npos;
    };
    CHECK(std::string(dyad::to_string(status::ok)) == "ok");
    for (const status s :
         {status::lhs_null, status::lhs_rows_differ, status::lhs_columns_differ, status::dst_overlaps_lhs})
        CHECK(names(s, "lhs"));
    for (const status s :
         {status::rhs_null, status::rhs_rows_differ, status::rhs_columns_differ, status::dst_overlaps_rhs})
        CHECK(names(s, "rhs"));
    for (const status s :
         {status::dst_null, status::dst_rows_differ, status::dst_columns_differ, status::dst_overlaps_itself,
          status::dst_overlaps_lhs, status::dst_overlaps_rhs, status::dst_overlaps_src})
        CHECK(names(s, "dst"));
    CHECK(names(status::workspace_too_small, "workspace"));
    CHECK(names(status::arena_too_small, "arena"));
    CHECK(names(status::scale_not_positive, "scale"));
    CHECK(names(status::block_incomplete, "src"));
    CHECK(names(status::code_invalid, "src"));
    CHECK(names(status::planes_out_of_range, "planes"));
}

}  // namespace
