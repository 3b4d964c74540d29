// SPDX-License-Identifier: Apache-2.0
// attention over a cache of keys and values: token by token as all at once, and over caches of other formats.
#include <dyad/nn/attention.hpp>

#include <doctest/doctest.h>

#include <dyad/number/named_formats.hpp>

#include "nn/reference_attention.hpp"

#include <string>
#include <vector>

namespace dyad_test {
namespace {

using dyad::attention_mask;
using dyad::nn::affine;
using dyad::nn::kept_as;
using dyad::nn::kept_by_token;
using dyad::nn::kept_in_blocks;
using dyad::nn::key_value_cache;
using dyad::nn::layer_kind;
using dyad::nn::layer_status;
using dyad::nn::operand_kind;
using dyad::nn::path;
using int4 = dyad::integer<4>;
using int8 = dyad::integer<8>;

template <class Cache>
with_memory<Cache> cache_of(const attention_geometry& g) {
    return shaped<Cache>(
        [&](auto& cache, dyad::arena& a) { return status(cache.shape(a, g.capacity, g.key_heads, g.head_width)); });
}

constexpr index tokens = 9;
constexpr index width = 24;

template <class R>
struct decoder {
    using layer_type = dyad::nn::attention<R>;
    using operand = typename layer_type::cached;
    using stream = typename R::stream;

    attention_geometry g = completed({.tokens = tokens,
                                      .width = width,
                                      .heads = 4,
                                      .key_heads = 2,
                                      .mask = attention_mask::causal,
                                      .rotary = {.base = 10000},
                                      .capacity = tokens + 2});
    parameters source;
    std::vector<operand> in;
    real_matrix expected;
    affine out_scale;
    with_memory<layer_type> held;

    decoder() {
        add_attention(source, "a", g, 51);
        const real_matrix x = random_matrix(tokens, width, 2, 52);
        const double in_scale = R::scaling::template scale<operand>(x.absmax());
        in = encode<operand>(x, in_scale);
        const attention_edges edges = reference_attention(source, "a", decode(in, tokens, width, in_scale), g);
        expected = edges.at("proj");
        calibrate(source, "e", edges);
        held = shaped<layer_type>([&](auto& layer, dyad::arena& a) { return status(layer.shape(a, g)); });
        REQUIRE(held.layer.prepare(source, path("a"), path("e"), in_scale, out_scale) == status::ok);
    }
    template <class Format>
    [[nodiscard]] with_memory<key_value_cache<operand, Format>> cache() const {
        auto made = cache_of<key_value_cache<operand, Format>>(g);
        REQUIRE(made.layer.set_ranges(held.layer.key_range(), held.layer.value_range()) == status::ok);
        return made;
    }
    [[nodiscard]] auto part(index first, index n) const {
        return dyad::make_matrix(in.data() + first * width, n, width);
    }
    /// All rows at once, without a cache.
    [[nodiscard]] std::vector<stream> whole() const {
        return run_checked<stream>(in, tokens, width, tokens, width, [&](auto x, auto y, const auto& context) {
            return status(held.layer.run({dyad::as_const(x), {}}, y, context));
        });
    }
    /// By pieces, with exactly the memory that a measuring pass counts for the largest of them.
    template <class Format>
    [[nodiscard]] std::vector<stream> pieces(const std::vector<index>& sizes, unsigned threads = 1) const {
        auto kept = cache<Format>();
        index most = 0;
        for (const index n : sizes) most = n > most ? n : most;
        const std::size_t need = scratch_needed([&](const auto& context) {
            return status(held.layer.run({{nullptr, {most, width}, {width, 1}}, {}}, kept.layer,
                                         dyad::make_matrix<stream>(nullptr, most, width), context));
        });
        CHECK(kept.layer.length() == 0);
        std::vector<stream> out(static_cast<std::size_t>(tokens * width));
        index at = 0;
        for (const index n : sizes) {
            const auto y = dyad::make_matrix(out.data() + at * width, n, width);
            const auto run = [&](const auto& context) {
                return status(held.layer.run({part(at, n), {}}, kept.layer, y, context));
            };
            CHECK(run_in(std::size_t{64}, run) == status::arena_too_small);
            CHECK(kept.layer.length() == at);     // what failed left nothing behind
            const shuffling several{threads, 3};  // (const, as elsewhere: one type of context)
            REQUIRE(run_in(need, run, several) == status::ok);
            at += n;
            CHECK(kept.layer.length() == at);
        }
        return out;
    }
};

template <class R>
void check_decoding() {
    INFO(R::name());
    const decoder<R> d;
    using operand = typename decoder<R>::operand;
    const auto whole = d.whole();
    CHECK(equal_bits(d.template pieces<kept_as<operand>>({1, 1, 1, 1, 1, 1, 1, 1, 1}), whole));
    CHECK(equal_bits(d.template pieces<kept_as<operand>>({9}, 4), whole));
    CHECK(equal_bits(d.template pieces<kept_as<operand>>({4, 1, 3, 1}, 2), whole));
}
TEST_CASE("cache: decoding token by token gives the bits of the whole prefix") {
    check_decoding<in_float32>();
    check_decoding<in_int8>();
}

TEST_CASE("cache: attention over keys and values in other formats") {
    const auto check = [&]<class Format, class R>(const std::string& name, Format, const decoder<R>& d,
                                                  double decibels) {
        const auto out = d.template pieces<Format>({3, 1, 1, 1, 1, 1, 1});
        const double got = sqnr(d.expected, decode(out, tokens, width, d.out_scale.scale));
        MESSAGE(R::name() << ", " << name << ": " << got << " dB");
        CHECK(got >= decibels);
        CHECK(got < decibels + 3);
    };
    const decoder<in_float32> in_floats;
    check("bfloat16", kept_as<dyad::bfloat16>{}, in_floats, 52);
    check("int8", kept_as<int8>{}, in_floats, 38);
    check("int4 by token", kept_by_token<int4>{}, in_floats, 21);
    check("MXFP8", kept_in_blocks<dyad::mxfp8_e4m3>{}, in_floats, 24);
    const decoder<in_int8> in_integers;
    check("int4, integers only", kept_as<int4>{}, in_integers, 15);
}

TEST_CASE("cache: a full one, and one of another shape") {
    const decoder<in_int8> d;
    std::vector<dyad::integer<16>> out(static_cast<std::size_t>(tokens * width));
    auto kept = d.cache<kept_as<int8>>();
    auto other = cache_of<key_value_cache<int8>>(completed({.tokens = tokens, .width = width, .heads = 4}));
    const auto run = [&](auto& cache, index n) {
        layer_status told;
        static_cast<void>(run_in(std::size_t{1} << 16, [&](const auto& context) {
            told = d.held.layer.run({d.part(0, n), {}}, cache, dyad::make_matrix(out.data(), n, width), context);
            return told.code();
        }));
        return told;
    };
    CHECK(run(other.layer, 1) == layer_status(status::extents_differ, layer_kind::attention, operand_kind::state));
    CHECK(run(kept.layer, 9) == status::ok);
    CHECK(run(kept.layer, 2) == status::ok);
    // All positions of the tables and all rows of the cache are taken.
    CHECK(run(kept.layer, 1) == layer_status(status::cache_full, layer_kind::key_value_cache, operand_kind::state));
    CHECK(kept.layer.length() == 11);
}

}  // namespace
}  // namespace dyad_test
