// SPDX-License-Identifier: Apache-2.0
// Archives: what a writer wrote makes a model of the same shape, never prepared, compute the same bits.
#include <dyad/nn/archive.hpp>

#include <doctest/doctest.h>

#include "nn/reference_layers.hpp"

#include <dyad/nn/elementwise.hpp>
#include <dyad/nn/linear.hpp>
#include <dyad/nn/transformer.hpp>

#include <cstddef>
#include <vector>

namespace dyad_test {
namespace {

using dyad::nn::archive_reader;
using dyad::nn::archive_size;
using dyad::nn::archive_writer;
using dyad::nn::packed_size;
using dyad::nn::path;

constexpr index tokens = 6;
constexpr index width = 8;
constexpr index heads = 2;
constexpr index hidden = 12;

/// A model with every kind of layer: positions, a block, a mean, a head.
template <class R>
struct small_model {
    using stream = typename R::stream;
    using operand = typename R::operand;
    using made = dyad::nn::produced<R, operand>;

    dyad::nn::add_constant<R> position;
    dyad::nn::transformer_block<R> block;
    dyad::nn::layer_norm<R, stream, made> norm;
    dyad::nn::mean_rows<R, made> mean;
    dyad::nn::linear<R, stream> head;

    status shape(dyad::arena& memory) noexcept {
        if (const status s = position.shape(memory, tokens, width); s != status::ok) return s;
        if (const status s = block.shape(memory, tokens, width, heads, hidden); s != status::ok) return s;
        if (const status s = norm.shape(memory, width); s != status::ok) return s;
        if (const status s = mean.shape(memory, tokens, width); s != status::ok) return s;
        return head.shape(memory, 3, width);
    }
    status prepare(parameters& source) noexcept {
        const double stream_scale = R::scaling::template scale<stream>(8);
        const double made_scale = R::scaling::template scale<made>(4);
        dyad::nn::affine scale = stream_scale;
        if (const status s = position.prepare(source, path("pos"), scale, scale); s != status::ok) return s;
        if (const status s = block.prepare(source, path("block"), path("b"), 1e-5, scale); s != status::ok) return s;
        if (const status s = norm.prepare(source, path("norm"), 1e-5, scale, made_scale); s != status::ok) return s;
        if (const status s = mean.prepare(made_scale, made_scale); s != status::ok) return s;
        return head.prepare(source, path("head"), made_scale, [=](index) { return stream_scale; });
    }
    template <class Context>
    status run(matrix_view<const stream> in, matrix_view<stream> out, const Context& context) const noexcept {
        using dyad::nn::as_operand;
        matrix_view<stream> x;
        matrix_view<made> n;
        matrix_view<made> m;
        dyad::nn::tensor_of<R, operand> t;
        if (const status s = context.scratch.take(tokens, width, x); s != status::ok) return s;
        if (const status s = context.scratch.take(tokens, width, n); s != status::ok) return s;
        if (const status s = context.scratch.take(1, width, m); s != status::ok) return s;
        if (const status s = position.run(in, x, context); s != status::ok) return s;
        if (const status s = block.run(x, context); s != status::ok) return s;
        if (const status s = norm.run(as_const(x), n, context); s != status::ok) return s;
        if (const status s = as_operand<R, operand>(as_const(n), t, 0, context); s != status::ok) return s;
        if (const status s = mean.run(t, m, context); s != status::ok) return s;
        if (const status s = as_operand<R, operand>(as_const(m), t, 0, context); s != status::ok) return s;
        return head.run(t, out, context);
    }
    template <class Visitor>
    status visit(Visitor& v) noexcept {
        if (const status s = position.visit(v); s != status::ok) return s;
        if (const status s = block.visit(v); s != status::ok) return s;
        if (const status s = norm.visit(v); s != status::ok) return s;
        if (const status s = mean.visit(v); s != status::ok) return s;
        return head.visit(v);
    }
};

constexpr const char* edges_of_block[] = {"b.ln1",  "b.q",   "b.k",   "b.v",    "b.scores", "b.context", "b.proj",
                                          "b.sum1", "b.ln2", "b.fc1", "b.gelu", "b.fc2",    "b.sum2"};

parameters parameters_of_model() {
    parameters source;
    source.add("pos", random_matrix(tokens, width, 1, 60));
    add_block(source, "block", width, hidden, 61);
    add_norm(source, "norm", width, 62);
    add_linear(source, "head", 3, width, 63);
    for (const char* const edge : edges_of_block) source.set_range(edge, 8);
    return source;
}
template <class R>
with_memory<small_model<R>> shaped_model() {
    return shaped<small_model<R>>([](auto& model, dyad::arena& a) { return model.shape(a); });
}
template <class R>
auto run_model(const small_model<R>& model) {
    const auto in = encode<typename R::stream>(random_matrix(tokens, width, 6, 70),
                                               R::scaling::template scale<typename R::stream>(8));
    std::vector<typename R::stream> out(3);
    CHECK(run_in(std::size_t{1} << 18, [&](const auto& context) {
              return model.run(dyad::make_matrix(in.data(), tokens, width), dyad::make_matrix(out.data(), 1, 3),
                               context);
          }) == status::ok);
    return out;
}

TEST_CASE("archive: a model that reads what another wrote gives the same bits") {
    for_each_recipe([]<class R>() {
        INFO(R::name());
        parameters source = parameters_of_model();
        auto written = shaped_model<R>();
        REQUIRE(written.layer.prepare(source) == status::ok);
        archive_size size;
        REQUIRE(written.layer.visit(size) == status::ok);
        std::vector<std::byte> bytes(size.bytes());
        archive_writer writer(bytes);
        REQUIRE(written.layer.visit(writer) == status::ok);
        CHECK(writer.used() == bytes.size());

        auto read = shaped_model<R>();
        archive_reader reader(bytes);
        REQUIRE(read.layer.visit(reader) == status::ok);
        CHECK(reader.used() == bytes.size());
        const auto out = run_model(written.layer);
        CHECK(equal_bits(run_model(read.layer), out));
        CHECK(sqnr(decode(out, 1, 3, 1), real_matrix(1, 3)) == 0);  // no row of zeros: noise and signal are the same

        // A second archive of the model that was read is the first one.
        std::vector<std::byte> again(bytes.size());
        archive_writer second(again);
        REQUIRE(read.layer.visit(second) == status::ok);
        CHECK(again == bytes);

        // More bytes than needed are left alone; the reader tells how many it used.
        bytes.resize(bytes.size() + 5);
        archive_reader longer(bytes);
        CHECK(read.layer.visit(longer) == status::ok);
        CHECK(longer.used() == size.bytes());
    });
}

template <class R>
std::vector<std::byte> bytes_of(small_model<R>& model) {
    archive_size size;
    REQUIRE(model.visit(size) == status::ok);
    std::vector<std::byte> bytes(size.bytes());
    archive_writer writer(bytes);
    REQUIRE(model.visit(writer) == status::ok);
    return bytes;
}

TEST_CASE("archive: every parameter and every range leaves a trace") {
    parameters source = parameters_of_model();
    const auto fresh = [&] {
        auto model = shaped_model<in_int8>();
        REQUIRE(model.layer.prepare(source) == status::ok);
        return bytes_of(model.layer);
    };
    const auto first = fresh();
    for (const std::string& name : source.names()) {
        CAPTURE(name);
        const real_matrix kept = source.get(name);
        real_matrix changed = kept;
        for (double& x : changed.values) x = -x;
        source.add(name, changed);
        CHECK(fresh() != first);
        source.add(name, kept);
    }
    for (const char* const edge : edges_of_block) {
        CAPTURE(std::string(edge));
        source.set_range(edge, 7);
        CHECK(fresh() != first);
        source.set_range(edge, 8);
    }
    CHECK(fresh() == first);
}

TEST_CASE("archive: a model that is prepared again is as if it were new") {
    for_each_recipe([]<class R>() {
        INFO(R::name());
        parameters source = parameters_of_model();
        auto model = shaped_model<R>();
        REQUIRE(model.layer.prepare(source) == status::ok);
        const auto first = bytes_of(model.layer);
        for (const char* const edge : edges_of_block) source.set_range(edge, 1);
        REQUIRE(model.layer.prepare(source) == status::ok);
        for (const char* const edge : edges_of_block) source.set_range(edge, 8);
        REQUIRE(model.layer.prepare(source) == status::ok);
        CHECK(bytes_of(model.layer) == first);
    });
}

TEST_CASE("archive: too few bytes, to write or to read, are told, whatever their number") {
    for_each_recipe([]<class R>() {
        INFO(R::name());
        parameters source = parameters_of_model();
        auto model = shaped_model<R>();
        REQUIRE(model.layer.prepare(source) == status::ok);
        archive_size size;
        REQUIRE(model.layer.visit(size) == status::ok);
        std::vector<std::byte> bytes(size.bytes());
        archive_writer whole(bytes);
        REQUIRE(model.layer.visit(whole) == status::ok);
        auto other = shaped_model<R>();
        int accepted = 0;
        for (std::size_t n = 0; n < bytes.size(); ++n) {
            // Memory of exactly n bytes: an address sanitizer sees one byte more.
            std::vector<std::byte> part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
            archive_reader reader(part);
            archive_writer writer(part);
            accepted += other.layer.visit(reader) != status::archive_too_short ? 1 : 0;
            accepted += model.layer.visit(writer) != status::archive_too_short ? 1 : 0;
            accepted += reader.used() > n || writer.used() > n ? 1 : 0;
        }
        CHECK(accepted == 0);
    });
}

template <class T>
status show(auto& visitor, index rows, index columns) {
    return visitor.array(dyad::make_matrix<T>(nullptr, rows, columns));
}

TEST_CASE("packed_size: codes take their width, every array starts at a byte, scalars take their memory") {
    packed_size size;
    CHECK(size.bytes() == 0);
    CHECK(show<dyad::integer<4>>(size, 3, 10) == status::ok);
    CHECK(size.bytes() == 15);
    CHECK(show<dyad::integer<4>>(size, 1, 3) == status::ok);  // 12 bits
    CHECK(size.bytes() == 17);
    CHECK(show<dyad::integer<5>>(size, 1, 3) == status::ok);  // 15 bits
    CHECK(size.bytes() == 19);
    CHECK(show<dyad::uinteger<1>>(size, 1, 9) == status::ok);
    CHECK(size.bytes() == 21);
    CHECK(show<dyad::integer<8>>(size, 0, 9) == status::ok);
    CHECK(size.bytes() == 21);
    CHECK(show<float>(size, 2, 2) == status::ok);
    CHECK(size.bytes() == 37);
    CHECK(show<dyad::multiplier>(size, 1, 2) == status::ok);
    CHECK(size.bytes() == 53);
    CHECK(size.scalar(1.0F) == status::ok);
    CHECK(size.bytes() == 57);
    CHECK(size.scalar(std::uint64_t{1}) == status::ok);
    CHECK(size.bytes() == 65);
    static_assert(dyad::nn::width_of<dyad::integer<4>> == 4 && dyad::nn::width_of<dyad::float8_e5m2> == 8 &&
                  dyad::nn::width_of<float> == 32 && dyad::nn::width_of<dyad::multiplier> == 64);
}

TEST_CASE("archive: one factor for all columns is stored once") {
    auto held = shaped<dyad::nn::mean_rows<in_int8, dyad::integer<8>>>(
        [](auto& layer, dyad::arena& a) { return layer.shape(a, 4, 1000); });
    archive_size stored;
    packed_size packed;
    CHECK(held.layer.visit(stored) == status::ok);
    CHECK(held.layer.visit(packed) == status::ok);
    CHECK(stored.bytes() == 28);  // a bias, a multiplier, the largest bias, the zero point, two bounds
    CHECK(packed.bytes() == 28);
}

TEST_CASE("archive: bytes of another model are refused, and the layer stays without parameters") {
    auto held = shaped<dyad::nn::linear<in_int8, dyad::integer<8>>>(
        [](auto& layer, dyad::arena& a) { return layer.shape(a, 3, 4); });
    const std::vector<dyad::integer<8>> x(4);
    std::vector<dyad::integer<8>> y(3, dyad::integer<8>::from_raw(7));
    const auto run = [&] {
        return run_in(std::size_t{1} << 16, [&](const auto& context) {
            return held.layer.run({dyad::make_matrix(x.data(), 1, 4), {}}, dyad::make_matrix(y.data(), 1, 3), context);
        });
    };
    CHECK(run() == status::not_prepared);
    for (const std::byte fill : {std::byte{0xff}, std::byte{0x80}}) {
        const std::vector<std::byte> bytes(100, fill);
        archive_reader reader(bytes);
        CHECK(held.layer.visit(reader) == status::parameter_out_of_range);  // negative multipliers
        CHECK(run() == status::not_prepared);
    }
    const std::vector<std::byte> zeros(48);
    archive_reader shorter(zeros);
    CHECK(held.layer.visit(shorter) == status::archive_too_short);
    CHECK(run() == status::not_prepared);
    CHECK(y[0].raw() == 7);
}

struct in_int4 : in_int8 {
    using weight = dyad::integer<4>;
};

TEST_CASE("packed_size: weights of 4 bits take half a byte") {
    const auto sizes_of = []<class R>(R) {
        auto held = shaped<dyad::nn::linear<R, dyad::integer<16>>>(
            [](auto& layer, dyad::arena& a) { return layer.shape(a, 10, 7); });
        packed_size packed;
        archive_size stored;
        CHECK(held.layer.visit(packed) == status::ok);
        CHECK(held.layer.visit(stored) == status::ok);
        return std::pair(packed.bytes(), stored.bytes());
    };
    // Beside the weights: 10 biases of 4 bytes, 10 multipliers of 8, the largest bias, zero point, bounds.
    CHECK(sizes_of(in_int4{}) == std::pair<std::uint64_t, std::size_t>(35 + 136, 70 + 136));
    CHECK(sizes_of(in_int8{}) == std::pair<std::uint64_t, std::size_t>(70 + 136, 70 + 136));
}

}  // namespace
}  // namespace dyad_test
