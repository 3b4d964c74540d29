// SPDX-License-Identifier: Apache-2.0
// attention of every geometry: grouped queries, causal, masked, biased, with rotary positions; against double, and
// edge by edge against exact integers.
#include <dyad/nn/attention.hpp>

#include <doctest/doctest.h>

#include "nn/reference_attention.hpp"
#include "support/instruction_sets.hpp"

#include <limits>
#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::attention_mask;
using dyad::nn::affine;
using dyad::nn::layer_kind;
using dyad::nn::layer_status;
using dyad::nn::operand_kind;
using dyad::nn::path;

constexpr index tokens = 9;
constexpr index width = 24;

enum class extras : std::uint8_t { none, mask, bias, both };
struct named_geometry {
    const char* name;
    attention_geometry geometry;
    extras more = extras::none;
};

std::vector<named_geometry> all_geometries() {
    using enum attention_mask;
    constexpr dyad::nn::rotary_positions halves{10000, 0, dyad::rotary_layout::halves};
    constexpr dyad::nn::rotary_positions interleaved{500, 20, dyad::rotary_layout::interleaved};
    return {
        {"multi-head", {.tokens = tokens, .width = width, .heads = 4}},
        {"grouped queries", {.tokens = tokens, .width = width, .heads = 4, .key_heads = 2}},
        {"multi-query, wide heads", {.tokens = tokens, .width = width, .heads = 3, .key_heads = 1, .head_width = 10}},
        {"causal", {.tokens = tokens, .width = width, .heads = 2, .mask = causal}},
        {"masked", {.tokens = tokens, .width = width, .heads = 2}, extras::mask},
        {"causal, masked",
         {.tokens = tokens, .width = width, .heads = 4, .key_heads = 2, .mask = causal},
         extras::mask},
        {"biased", {.tokens = tokens, .width = width, .heads = 2}, extras::bias},
        {"rotary", {.tokens = tokens, .width = width, .heads = 2, .rotary = halves}},
        {"all of it",
         {.tokens = tokens, .width = width, .heads = 4, .key_heads = 2, .mask = causal, .rotary = interleaved},
         extras::both},
    };
}

template <class R>
struct example {
    using layer_type = dyad::nn::attention<R>;
    using operand = typename layer_type::cached;
    using value = typename layer_type::value;
    using stream = typename layer_type::stream;

    attention_geometry g;
    attention_extras more;
    std::vector<value> bias_codes;
    parameters source;
    std::vector<operand> in;
    attention_edges expected;
    affine out_scale;
    with_memory<layer_type> held;

    explicit example(const named_geometry& n) : g(completed(n.geometry)) {
        if (n.more == extras::mask || n.more == extras::both) {
            // A row that sees nothing is among them.
            for (index i = 0; i < tokens * tokens; ++i)
                more.mask.push_back(i % 7 != 3 && i / tokens != 4 ? std::uint8_t{255} : std::uint8_t{0});
        }
        if (n.more == extras::bias || n.more == extras::both) more.bias = random_matrix(tokens, tokens, 3, 77);
        add_attention(source, "a", g, 31);
        const real_matrix x = random_matrix(tokens, width, 2, 32);
        const double in_scale = R::scaling::template scale<operand>(x.absmax());
        in = encode<operand>(x, in_scale);
        expected = reference_attention(source, "a", decode(in, tokens, width, in_scale), g, more);
        calibrate(source, "e", expected);
        held = shaped<layer_type>([&](auto& layer, dyad::arena& a) { return status(layer.shape(a, n.geometry)); });
        REQUIRE(held.layer.prepare(source, path("a"), path("e"), in_scale, out_scale) == status::ok);
        if (more.bias.rows != 0) bias_codes = encode<value>(more.bias, scale_of("e.scores"));
    }
    [[nodiscard]] double scale_of(const std::string& edge) const {
        for (std::size_t i = 0; i < source.edges.size(); ++i) {
            if (source.edges[i] == edge) return source.scales[i];
        }
        return 0;
    }
    [[nodiscard]] typename layer_type::inputs inputs() const {
        typename layer_type::inputs given;
        if (!more.mask.empty()) given.mask = dyad::make_matrix(more.mask.data(), tokens, tokens);
        if (!bias_codes.empty()) given.bias = dyad::make_matrix(bias_codes.data(), tokens, tokens);
        return given;
    }
    [[nodiscard]] auto runner() const {
        return [this](auto x, auto y, const auto& context) -> layer_status {
            return held.layer.run({dyad::as_const(x), {}}, inputs(), y, context);
        };
    }
    [[nodiscard]] std::vector<stream> checked() const {
        return run_checked<stream>(in, tokens, width, tokens, width, runner());
    }
};

template <class R>
void check_geometries(double least_decibels) {
    double worst = 1e9;
    std::string where;
    for (const named_geometry& n : all_geometries()) {
        CAPTURE(n.name);
        const example<R> e(n);
        const auto out = e.checked();
        const double decibels = sqnr(e.expected.at("proj"), decode(out, tokens, width, e.out_scale.scale));
        CHECK(decibels >= least_decibels);
        if (decibels < worst) where = n.name;
        worst = decibels < worst ? decibels : worst;
    }
    MESSAGE(R::name() << ": " << worst << " dB, " << where);
    CHECK(worst < least_decibels + 3);
}

TEST_CASE("attention: heads and channels whose product is no index are refused") {
    constexpr index large = index{1} << 31;
    dyad::arena counts = dyad::arena::measuring();
    dyad::nn::attention<in_float32> layer;
    for (const dyad::nn::attention_geometry& g :
         {dyad::nn::attention_geometry{.tokens = 1, .width = 4, .heads = large},
          dyad::nn::attention_geometry{.tokens = 1, .width = 4, .heads = 1, .head_width = large},
          dyad::nn::attention_geometry{.tokens = 1, .width = std::numeric_limits<index>::max(), .heads = 1}}) {
        CHECK(layer.shape(counts, g) ==
              layer_status(status::heads_do_not_divide_width, layer_kind::attention, operand_kind::geometry));
    }
}

TEST_CASE("attention: every geometry against double") {
    check_geometries<in_float32>(134);
    check_geometries<in_int8>(33);
}

/// A sum as the integer-only recipe turns it into a code.
template <class Out>
[[nodiscard]] double requantized(std::int64_t sum, double sum_scale, double out_scale) {
    const auto m = dyad::multiplier::from_ratio(sum_scale, out_scale);
    const auto y = dyad::requantize(static_cast<std::int32_t>(sum), m, dyad::requantization::single_half_up);
    return static_cast<double>(Out::saturating_from_raw(std::int64_t{y}).raw());
}

TEST_CASE("attention: the integer-only recipe edge by edge, in exact integers") {
    for (const named_geometry& n : all_geometries()) {
        CAPTURE(n.name);
        const example<in_int8> e(n);
        const attention_geometry& g = e.g;
        std::vector<dyad::integer<16>> out(static_cast<std::size_t>(tokens * width));
        recorder seen;
        REQUIRE(run_in(
                    std::size_t{1} << 20,
                    [&](const auto& context) {
                        return status(e.runner()(dyad::make_matrix(e.in.data(), tokens, width),
                                                 dyad::make_matrix(out.data(), tokens, width), context));
                    },
                    one_after_another, seen) == status::ok);
        CHECK(equal_bits(out, e.checked()));
        std::map<std::string, real_matrix> codes;
        for (const recorder::tensor& t : seen.seen) codes[e.source.edges[static_cast<std::size_t>(t.edge)]] = t.codes;
        const bool turns = g.rotary.base != 0;
        CHECK(codes.size() == (turns ? 9 : 7));
        const real_matrix& q = codes.at(turns ? "e.q_rotary" : "e.q");
        const real_matrix& k = codes.at(turns ? "e.k_rotary" : "e.k");
        const real_matrix& v = codes.at("e.v");
        const real_matrix& scores = codes.at("e.scores");
        const real_matrix& shares = codes.at("e.softmax");
        const real_matrix& context = codes.at("e.context");
        if (turns) {
            CHECK(e.scale_of("e.q") == e.scale_of("e.q_rotary"));
            const real_matrix exact = rotated(codes.at("e.q"), g.head_width, g.rotary.base, 0, g.rotary.layout);
            for (std::size_t i = 0; i < exact.values.size(); ++i)
                CHECK(std::fabs(exact.values[i] - q.values[i]) <= 0.5 + 0x1p-7);
        }
        const index d = g.head_width;
        const double score_sum = e.scale_of("e.q") * e.scale_of("e.k") / std::sqrt(static_cast<double>(d));
        dyad::nn::integer_functions::softmax<dyad::integer<16>, dyad::uinteger<8>> plain;
        REQUIRE(plain.set(e.scale_of("e.scores"), 1 / 255.0) == status::ok);
        for (index r = 0; r < g.heads * tokens; ++r) {
            const index h = r / tokens;
            const index i = r % tokens;
            const index group = h / (g.heads / g.key_heads);
            // 1. Scores; those that are not seen are shown as 0.
            std::vector<dyad::integer<16>> row;
            for (index j = 0; j < tokens; ++j) {
                double expected = 0;
                if (sees(g, e.more, tokens, i, j)) {
                    std::int64_t sum = 0;
                    for (index c = 0; c < d; ++c)
                        sum +=
                            static_cast<std::int64_t>(q(i, h * d + c)) * static_cast<std::int64_t>(k(j, group * d + c));
                    expected = requantized<dyad::integer<16>>(sum, score_sum, e.scale_of("e.scores"));
                    if (!e.bias_codes.empty())
                        expected += static_cast<double>(e.bias_codes[static_cast<std::size_t>(i * tokens + j)].raw());
                    row.push_back(dyad::integer<16>::saturating_from_raw(static_cast<std::int64_t>(expected)));
                    expected = static_cast<double>(row.back().raw());
                }
                CHECK(scores(r, j) == expected);
            }
            // 2. Shares: the softmax of what is seen alone.
            std::vector<dyad::uinteger<8>> p(row.size());
            const auto n_seen = static_cast<index>(row.size());
            REQUIRE(plain.run(dyad::make_matrix<const dyad::integer<16>>(row.data(), 1, n_seen),
                              dyad::make_matrix(p.data(), 1, n_seen)) == status::ok);
            std::size_t next = 0;
            for (index j = 0; j < tokens; ++j)
                CHECK(shares(r, j) == (sees(g, e.more, tokens, i, j) ? static_cast<double>(p[next++].raw()) : 0.0));
            // 3. Their mixture of values.
            for (index c = 0; c < d; ++c) {
                std::int64_t sum = 0;
                for (index j = 0; j < tokens; ++j)
                    sum += static_cast<std::int64_t>(shares(r, j)) * static_cast<std::int64_t>(v(j, group * d + c));
                const double mixed = requantized<dyad::integer<8>>(sum, e.scale_of("e.softmax") * e.scale_of("e.v"),
                                                                   e.scale_of("e.context"));
                CHECK(context(i, h * d + c) == mixed);
            }
        }
    }
}

/// Weights are packed for the machine's instruction set: the layer is made anew for each.
template <class R>
void check_instruction_sets() {
    for (const named_geometry& n : all_geometries()) {
        CAPTURE(n.name);
        using stream = typename R::stream;
        const auto once = [&](const example<R>& e, const shuffling& execute) {
            std::vector<stream> out(static_cast<std::size_t>(tokens * width));
            REQUIRE(run_in(
                        std::size_t{1} << 20,
                        [&](const auto& context) {
                            return status(e.runner()(dyad::make_matrix(e.in.data(), tokens, width),
                                                     dyad::make_matrix(out.data(), tokens, width), context));
                        },
                        execute) == status::ok);
            return out;
        };
        const example<R> usual(n);
        const auto expected = once(usual, one_after_another);
        for (const dyad::instruction_set isa : instruction_sets()) {
            const assumed_instruction_set machine(isa);
            CHECK(equal_bits(once(example<R>(n), {3, 5}), expected));
        }
        for (unsigned threads = 1; threads <= 8; ++threads)
            CHECK(equal_bits(once(usual, {threads, threads}), expected));
    }
}
TEST_CASE("attention: the same bits on every instruction set, with 1 to 8 tasks") {
    check_instruction_sets<in_float32>();
    check_instruction_sets<in_int8>();
}

TEST_CASE("attention: long causal rows leave blocks out and give the bits of a mask") {
    const named_geometry causal{"", {.tokens = 150, .width = 16, .heads = 2, .mask = attention_mask::causal}};
    const named_geometry open{"", {.tokens = 150, .width = 16, .heads = 2}};
    const auto run = [&]<class R>(R, const named_geometry& n, const std::vector<std::uint8_t>& mask) {
        parameters source;
        add_attention(source, "a", completed(n.geometry), 41);
        for (const char* const edge : {"e.q", "e.k", "e.v", "e.scores", "e.context", "e.proj"})
            source.set_range(edge, 2);
        const auto held = shaped<dyad::nn::attention<R>>(
            [&](auto& layer, dyad::arena& a) { return status(layer.shape(a, n.geometry)); });
        auto layer = held.layer;
        affine out_scale;
        using operand = typename R::operand;
        const real_matrix x = random_matrix(150, 16, 1, 42);
        const double in_scale = R::scaling::template scale<operand>(1);
        REQUIRE(layer.prepare(source, path("a"), path("e"), in_scale, out_scale) == status::ok);
        const auto in = encode<operand>(x, in_scale);
        std::vector<typename R::stream> out(150 * 16);
        typename dyad::nn::attention<R>::inputs more;
        if (!mask.empty()) more.mask = dyad::make_matrix(mask.data(), 150, 150);
        REQUIRE(run_in(std::size_t{1} << 22, [&](const auto& context) {
                    return status(layer.run({dyad::make_matrix(in.data(), 150, 16), {}}, more,
                                            dyad::make_matrix(out.data(), 150, 16), context));
                }) == status::ok);
        return out;
    };
    std::vector<std::uint8_t> lower;
    for (index i = 0; i < 150 * 150; ++i) lower.push_back(i % 150 <= i / 150 ? std::uint8_t{1} : std::uint8_t{0});
    CHECK(equal_bits(run(in_float32{}, causal, {}), run(in_float32{}, open, lower)));
    CHECK(equal_bits(run(in_int8{}, causal, {}), run(in_int8{}, open, lower)));
    CHECK(!equal_bits(run(in_int8{}, causal, {}), run(in_int8{}, open, {})));
}

TEST_CASE("attention: faults name the layer and the operand") {
    const auto shape = [](const attention_geometry& g) {
        dyad::nn::attention<in_int8> layer;
        dyad::arena arena = dyad::arena::measuring();
        return layer.shape(arena, g);
    };
    using enum status;
    const auto fault = [](status s, operand_kind operand) { return layer_status(s, layer_kind::attention, operand); };
    CHECK(shape({.tokens = 3, .width = 8, .heads = 3}) == fault(heads_do_not_divide_width, operand_kind::geometry));
    CHECK(shape({.tokens = 3, .width = 8, .heads = 4, .key_heads = 3}) ==
          fault(groups_do_not_divide, operand_kind::geometry));
    CHECK(shape({.tokens = -3, .width = 8, .heads = 4}) == fault(negative_extent, operand_kind::geometry));
    CHECK(shape({.tokens = 3, .width = 12, .heads = 4, .rotary = {10000}}) ==
          layer_status(width_odd, layer_kind::rotary, operand_kind::geometry));

    example<in_int8> e(
        {"", {.tokens = tokens, .width = width, .heads = 2, .rotary = {.base = 100, .positions = 5}}, extras::mask});
    std::vector<dyad::integer<16>> out(static_cast<std::size_t>(tokens * width));
    const auto x = dyad::make_matrix<const dyad::integer<8>>(e.in.data(), tokens, width);
    const auto y = dyad::make_matrix(out.data(), tokens, width);
    const auto run = [&](auto in, const auto& more, auto to) {
        layer_status told;
        static_cast<void>(run_in(std::size_t{1} << 16, [&](const auto& context) {
            const std::size_t mark = context.scratch.used();
            told = e.held.layer.run({in, {}}, more, to, context);
            CHECK(context.scratch.used() == mark);
            return told.code();
        }));
        return told;
    };
    auto more = e.inputs();
    CHECK(run(x, more, y) == layer_status(position_out_of_range, layer_kind::rotary, operand_kind::position));
    more.mask.extent = {tokens, tokens - 1};
    CHECK(run(x, more, y) == fault(extents_differ, operand_kind::mask));
    more.mask = {nullptr, {tokens, tokens}, {tokens, 1}};
    CHECK(run(x, more, y) == fault(mask_null, operand_kind::mask));
    more.mask = {};
    more.bias = {nullptr, {tokens, tokens}, {tokens, 1}};
    CHECK(run(x, more, y) == fault(bias_null, operand_kind::bias));
    more.bias.extent = {1, 1};
    CHECK(run(x, more, y) == fault(extents_differ, operand_kind::bias));
    more.bias = {};
    CHECK(run(row_block(x, 0, 5), more, row_block(y, 0, 5)) == layer_status(ok));
    CHECK(run(row_block(x, 0, 4), more, row_block(y, 0, 5)) == fault(dst_rows_differ, operand_kind::output));
    CHECK(run(row_block(x, 0, 5), more, column_block(row_block(y, 0, 5), 0, 5)) ==
          fault(dst_columns_differ, operand_kind::output));
    CHECK(run(column_block(row_block(x, 0, 5), 0, 3), more, row_block(y, 0, 5)) ==
          layer_status(lhs_columns_differ, layer_kind::linear, operand_kind::input));
    const std::vector<dyad::integer<8>> many(static_cast<std::size_t>((tokens + 1) * width));
    std::vector<dyad::integer<16>> more_out(many.size());
    CHECK(run(dyad::make_matrix(many.data(), tokens + 1, width), more,
              dyad::make_matrix(more_out.data(), tokens + 1, width)) == fault(lhs_rows_differ, operand_kind::input));
    CHECK(std::string(to_string(run(row_block(x, 0, 4), more, row_block(y, 0, 5))).c_str()) ==
          "attention, output: dst must have m rows, as planned");
}

}  // namespace
}  // namespace dyad_test
