// SPDX-License-Identifier: Apache-2.0
// Folding of batch norm: the law in exact rationals, the rounding of its numbers, what cannot be folded.
#include <dyad/nn/batch_norm.hpp>

#include <doctest/doctest.h>

#include <boost/multiprecision/cpp_int.hpp>

#include <dyad/linalg/conv2d_shape.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using dyad::index;
using dyad::status;
using dyad::nn::batch_norm;
using dyad::nn::layer_status;
using dyad::nn::operand_kind;
using rational = boost::multiprecision::cpp_rational;

TEST_CASE("batch_norm: folding is exact: the folded sum is the sum, normalized") {
    std::mt19937_64 random(1);
    const auto any = [&] {
        const auto numerator = static_cast<std::int64_t>(random() % 2001) - 1000;
        return rational(numerator, static_cast<std::int64_t>(random() % 999 + 1));
    };
    for (int round = 0; round < 50; ++round) {
        const rational gain = any();
        const rational offset = any();
        const rational mean = any();
        const rational root = rational(static_cast<std::int64_t>(random() % 1000 + 1), 37);
        const auto line = dyad::nn::folded_channel<rational>::make(gain, offset, mean, root);
        // A 3 x 3 convolution of two channels at one pixel: 18 products and a bias.
        const rational bias = any();
        rational sum = bias;
        rational folded = line.bias(bias);
        for (int k = 0; k < 18; ++k) {
            const rational x = any();
            const rational w = any();
            sum += x * w;
            folded += x * line.weight(w);
        }
        CHECK(folded == gain * (sum - mean) / root + offset);
    }
}

/// Random statistics of `n` channels.
struct channels {
    std::vector<float> gain, offset, mean, variance;

    channels(index n, std::uint64_t seed) {
        std::mt19937_64 random(seed);
        const auto any = [&] { return static_cast<float>(static_cast<double>(random() >> 40) * 0x1p-23 - 1); };
        for (index j = 0; j < n; ++j) {
            gain.push_back(any() * 3);
            offset.push_back(any());
            mean.push_back(any() * 2);
            variance.push_back((any() + 1.0F) * 0.5F);
        }
    }
    [[nodiscard]] batch_norm norm(double epsilon) const {
        const auto view = [](const std::vector<float>& v) { return dyad::make_vector(v.data(), std::ssize(v)); };
        return {view(gain), view(offset), view(mean), view(variance), epsilon};
    }
};

std::vector<float> random_floats(std::size_t n, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<float> v(n);
    for (float& x : v) x = static_cast<float>(static_cast<double>(random() >> 40) * 0x1p-23 - 1);
    return v;
}

/// Is `got` exact, rounded to a float?
bool is_nearly(float got, long double exact) {
    const long double ulp = std::ldexp(1.0L, std::ilogb(exact) - 23);
    // Half a unit for the float; the doubles before it add 2^-28 of one or less.
    return std::fabs(static_cast<long double>(got) - exact) <= ulp * (0.5L + 0x1p-25L);
}

TEST_CASE("batch_norm: weights and biases are off by the rounding of a float") {
    constexpr index outputs = 17;
    constexpr index inputs = 6;
    const channels c(outputs, 3);
    const batch_norm norm = c.norm(1e-3);
    const auto w = random_floats(outputs * inputs, 4);
    const auto b = random_floats(outputs, 5);
    std::vector<float> folded_w(w.size());
    std::vector<float> folded_b(b.size());
    REQUIRE(fold_batch_norm(norm, dyad::make_matrix(w.data(), outputs, inputs),
                            dyad::make_matrix(folded_w.data(), outputs, inputs)) == status::ok);
    REQUIRE(fold_batch_norm(norm, dyad::make_vector(b.data(), outputs), dyad::make_vector(folded_b.data(), outputs)) ==
            status::ok);
    for (index i = 0; i < outputs; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const long double factor =
            static_cast<long double>(c.gain[at]) / std::sqrt(static_cast<long double>(c.variance[at]) + 1e-3L);
        for (index j = 0; j < inputs; ++j) {
            const auto k = static_cast<std::size_t>(i * inputs + j);
            CHECK(is_nearly(folded_w[k], static_cast<long double>(w[k]) * factor));
        }
        const long double exact = (static_cast<long double>(b[at]) - static_cast<long double>(c.mean[at])) * factor +
                                  static_cast<long double>(c.offset[at]);
        // The sum may cancel: the error is one of its terms.
        CHECK(std::fabs(static_cast<long double>(folded_b[at]) - exact) <=
              std::fabs(exact) * 0x1p-24L + (std::fabs(exact) + 4) * 0x1p-50L);
    }
    // Depthwise weights, channels last, come transposed; in place is allowed.
    std::vector<float> turned(w.size());
    for (index i = 0; i < outputs; ++i) {
        for (index j = 0; j < inputs; ++j)
            turned[static_cast<std::size_t>(j * outputs + i)] = w[static_cast<std::size_t>(i * inputs + j)];
    }
    const auto m = transposed(dyad::make_matrix(turned.data(), inputs, outputs));
    REQUIRE(fold_batch_norm(norm, as_const(m), m) == status::ok);
    for (index i = 0; i < outputs; ++i) {
        for (index j = 0; j < inputs; ++j) CHECK(m(i, j) == folded_w[static_cast<std::size_t>(i * inputs + j)]);
    }
    // No gain is 1, no offset and no bias are 0.
    batch_norm bare = norm;
    bare.gain = {};
    bare.offset = {};
    REQUIRE(fold_batch_norm(bare, dyad::vector_view<const float>{}, dyad::make_vector(folded_b.data(), outputs)) ==
            status::ok);
    for (std::size_t i = 0; i < b.size(); ++i) {
        const long double root = std::sqrt(static_cast<long double>(c.variance[i]) + 1e-3L);
        CHECK(is_nearly(folded_b[i], -static_cast<long double>(c.mean[i]) / root));
    }
}

TEST_CASE("batch_norm: roots are rounded once") {
    std::mt19937_64 random(9);
    for (int i = 0; i < 20000; ++i) {
        const double x = std::ldexp(static_cast<double>(random() >> 11) + 1, static_cast<int>(random() % 200) - 150);
        CHECK(dyad::nn::root_of(x) == std::sqrt(x));
    }
}

TEST_CASE("batch_norm: what cannot be folded is told by operand, and nothing is written") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    const auto fold = [](const batch_norm& n, const std::vector<float>& w) {
        std::vector<float> folded(6, 7.0F);
        const layer_status s =
            fold_batch_norm(n, dyad::make_matrix(w.data(), 3, 2), dyad::make_matrix(folded.data(), 3, 2));
        if (s != status::ok) CHECK(folded == std::vector<float>(6, 7.0F));
        std::vector<float> bias(3, 7.0F);
        const layer_status b = fold_batch_norm(n, dyad::make_vector(w.data(), 3), dyad::make_vector(bias.data(), 3));
        if (b != status::ok) CHECK(bias == std::vector<float>(3, 7.0F));
        if (s.operand() != operand_kind::weight) CHECK(b == s);
        return s;
    };
    const auto check = [](const layer_status& s, status code, operand_kind operand) {
        CHECK_MESSAGE((s == layer_status(code, dyad::nn::layer_kind::batch_norm, operand)),
                      std::string(to_string(s).text()));
    };
    const std::vector<float> w(6, 0.5F);
    const channels good(3, 1);
    CHECK(fold(good.norm(0), w) == status::ok);
    for (const float bad : {-1.0F, -0x1p-149F}) {
        channels c = good;
        c.variance[1] = bad;
        check(fold(c.norm(1), w), status::variance_not_positive, operand_kind::state);
    }
    channels zero = good;
    zero.variance[2] = 0;
    check(fold(zero.norm(0), w), status::variance_not_positive, operand_kind::state);
    CHECK(fold(zero.norm(1e-5), w) == status::ok);
    check(fold(good.norm(-1e-5), w), status::variance_not_positive, operand_kind::state);
    check(fold(good.norm(static_cast<double>(nan)), w), status::variance_not_positive, operand_kind::state);
    for (const float bad : {nan, infinity, -infinity}) {
        for (const auto& [member, operand] : {std::pair{&channels::gain, operand_kind::gain},
                                              {&channels::offset, operand_kind::offset},
                                              {&channels::mean, operand_kind::state},
                                              {&channels::variance, operand_kind::state}}) {
            channels c = good;
            (c.*member)[2] = bad;
            check(fold(c.norm(1e-5), w), status::parameter_not_finite, operand);
        }
        std::vector<float> bad_w = w;
        bad_w[5] = bad;
        check(fold(good.norm(1e-5), bad_w), status::parameter_not_finite, operand_kind::weight);
    }
    // A result beyond the largest float.
    channels steep = good;
    steep.gain[0] = 0x1p127F;
    steep.variance[0] = 0x1p-20F;
    check(fold(steep.norm(0), w), status::parameter_not_finite, operand_kind::weight);

    batch_norm n = good.norm(1e-5);
    n.mean = {};
    check(fold(n, w), status::parameter_missing, operand_kind::state);
    n = good.norm(1e-5);
    n.gain.extent = {2};
    check(fold(n, w), status::parameter_shape_differs, operand_kind::gain);
    std::vector<float> memory(12);
    const auto m = dyad::make_matrix(memory.data(), 3, 2);
    const auto shifted = dyad::make_matrix(memory.data() + 1, 3, 2);
    n = good.norm(1e-5);
    check(fold_batch_norm(n, as_const(m), shifted), status::dst_overlaps_src, operand_kind::output);
    check(fold_batch_norm(n, as_const(m), dyad::make_matrix<float>(nullptr, 3, 2)), status::dst_null,
          operand_kind::output);
    check(fold_batch_norm(n, as_const(m), dyad::make_matrix(memory.data() + 6, 2, 3)), status::extents_differ,
          operand_kind::output);
    check(fold_batch_norm(n, dyad::make_matrix<const float>(nullptr, 3, 2), m), status::parameter_missing,
          operand_kind::weight);
    check(fold_batch_norm(n, dyad::make_matrix<const float>(nullptr, -3, 2), m), status::negative_extent,
          operand_kind::geometry);
}

}  // namespace
