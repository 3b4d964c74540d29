// SPDX-License-Identifier: Apache-2.0
// ONNX's own tests of MatMulInteger, QLinearMatMul, ConvInteger and QLinearConv: zero points, scales and rounding by
// epilogues on the products of gemm, batched_gemm and conv2d.
#include <doctest/doctest.h>

#include "support/shared_data.hpp"
#include "support/tally.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <dyad/io/npy.hpp>
#include <dyad/linalg/batched_gemm.hpp>
#include <dyad/linalg/conv2d.hpp>
#include <dyad/linalg/gemm.hpp>
#include <dyad/linalg/zero_points.hpp>

namespace {

using dyad::index;
using dyad::integer;
using dyad::make_vector;
using dyad::proven;
using dyad::status;
using dyad::uinteger;
using dyad::vector_view;
using dyad::zero_point_terms;
using dyad_test::tally;

std::size_t onnx_tests_run = 0;

/// The inputs and the output of one single-node test.
struct onnx_case {
    std::string folder;

    [[nodiscard]] dyad::io::npy_array array(const std::string& name) const {
        return dyad::io::read_npy(shared_data(folder + "/" + name + ".npy"));
    }
    template <class T>
    [[nodiscard]] std::vector<T> numbers(const std::string& name) const {
        const auto a = array(name);
        std::vector<T> all(a.size());
        REQUIRE(a.data.size() == all.size() * sizeof(T));
        std::memcpy(static_cast<void*>(all.data()), a.data.data(), a.data.size());
        return all;
    }
    [[nodiscard]] std::vector<index> shape(const std::string& name) const {
        std::vector<index> extents;
        for (const std::size_t e : array(name).shape) extents.push_back(static_cast<index>(e));
        return extents;
    }
    /// Codes as 32-bit integers.
    template <class T>
    [[nodiscard]] std::vector<std::int32_t> raws(const std::string& name) const {
        std::vector<std::int32_t> all;
        for (const T x : numbers<T>(name)) all.push_back(x.raw());
        return all;
    }
    /// The quotient of scales with which ONNX multiplies, each step rounded in the scales' type.
    [[nodiscard]] double scale(const std::string& a, const std::string& b, const std::string& y) const {
        if (array(a).descr == "<f2") {
            using dyad::float16;
            const float16 s = numbers<float16>(a)[0] * numbers<float16>(b)[0] / numbers<float16>(y)[0];
            return dyad::convert<double>(s);
        }
        const float s = numbers<float>(a)[0] * numbers<float>(b)[0];
        return static_cast<double>(s / numbers<float>(y)[0]);
    }
};

/// One number for all rows or columns, or one for each.
vector_view<const std::int32_t> spread(const std::vector<std::int32_t>& v, index n) {
    return {v.data(), {n}, {v.size() == 1 ? 0 : 1}};
}

/// y = saturate(round_even(sum * scale) + y_zero).
template <class Out>
struct quantize_linear {
    double scale;
    std::int32_t zero;
    [[nodiscard]] Out operator()(std::int32_t sum, index, index) const noexcept {
        return Out::saturating_from_raw(static_cast<std::int64_t>(std::nearbyint(sum * scale)) + zero);
    }
};

template <class Out>
void compare(tally& cases, const std::string& test, const std::vector<Out>& got, const std::vector<Out>& expected) {
    cases.check(got.size() == expected.size(), test, ": ", got.size(), " elements");
    for (std::size_t i = 0; i < got.size() && i < expected.size(); ++i)
        cases.check(got[i] == expected[i], test, ", element ", i);
}

/// A batch of products of codes with one zero point on each side.
template <class A, class B, class Out, class Epilogue>
void check_product(tally& cases, const onnx_case& test, const std::string& b_name, std::int32_t a_zero,
                   std::int32_t b_zero, const Epilogue& epilogue) {
    ++onnx_tests_run;
    const auto a = test.numbers<A>("input0");
    const auto b = test.numbers<B>(b_name);
    const auto extents = test.shape("input0");
    const index batch = extents.size() == 3 ? extents[0] : 1;
    const index m = extents[extents.size() - 2];
    const index k = extents.back();
    const index n = test.shape(b_name).back();
    const auto lhs = dyad::make_batch(a.data(), batch, m, k);
    const auto rhs = dyad::make_batch(b.data(), batch, k, n);
    const auto expected = test.numbers<Out>("output0");
    std::vector<Out> got(expected.size());

    using batch_plan = dyad::batched_gemm_plan<A, B, proven<std::int32_t>>;
    using matrix_plan = dyad::gemm_plan<A, B, proven<std::int32_t>>;
    batch_plan all;
    matrix_plan one;
    REQUIRE(batch_plan::make(batch, m, k, n, {}, all) == status::ok);
    REQUIRE(matrix_plan::make(m, k, n, {}, one) == status::ok);
    std::vector<std::byte> workspace(std::max(all.workspace_bytes(), one.workspace_bytes()));
    // Matrix by matrix, by the general correction.
    const std::vector<std::int32_t> zeros{a_zero, b_zero};
    std::vector<std::int32_t> row_sums(static_cast<std::size_t>(batch * m));
    std::vector<std::int32_t> column_sums(static_cast<std::size_t>(batch * n));
    for (index i = 0; i < batch; ++i) {
        const auto rows = make_vector(row_sums.data() + i * m, m);
        const auto columns = make_vector(column_sums.data() + i * n, n);
        REQUIRE(dyad::sum_rows(dyad::matrix_of(lhs, i), rows) == status::ok);
        REQUIRE(dyad::sum_rows(dyad::transposed(dyad::matrix_of(rhs, i)), columns) == status::ok);
        const zero_point_terms terms{k, {&zeros[0], {m}, {0}}, rows, {&zeros[1], {n}, {0}}, columns};
        REQUIRE(one.run(dyad::matrix_of(lhs, i), dyad::matrix_of(rhs, i),
                        dyad::make_matrix(got.data() + i * m * n, m, n),
                        dyad::with_zero_points<Epilogue>{terms, epilogue}, workspace) == status::ok);
    }
    compare(cases, test.folder, got, expected);
    // All at once, by a vector for the rows and one for the columns.
    std::fill(got.begin(), got.end(), Out{});
    const auto rows = make_vector(row_sums.data(), batch * m);
    const auto columns = make_vector(column_sums.data(), batch * n);
    dyad::zero_point_rows(rows, b_zero, rows);
    dyad::zero_point_columns(columns, a_zero, {&zeros[1], {batch * n}, {0}}, k, columns);
    const auto corrected = [&](std::int32_t sum, index i, index j) {
        return epilogue(sum + rows(i) + columns(i / m * n + j), i, j);
    };
    REQUIRE(all.run(lhs, rhs, dyad::make_batch(got.data(), batch, m, n), corrected, workspace) == status::ok);
    compare(cases, test.folder, got, expected);
}

TEST_CASE("ONNX MatMulInteger") {
    if (shared_data("onnx/index.json").empty()) return;
    tally cases("MatMulInteger");
    const onnx_case test{"onnx/test_matmulinteger"};
    check_product<uinteger<8>, uinteger<8>, std::int32_t>(cases, test, "input1", test.raws<uinteger<8>>("input2")[0],
                                                          test.raws<uinteger<8>>("input3")[0], dyad::keep_sum{});
}

template <class T>
void check_qlinear_matmul(tally& cases, const std::string& name) {
    const onnx_case test{"onnx/test_qlinearmatmul_" + name};
    const quantize_linear<T> epilogue{test.scale("input1", "input4", "input6"), test.raws<T>("input7")[0]};
    check_product<T, T, T>(cases, test, "input3", test.raws<T>("input2")[0], test.raws<T>("input5")[0], epilogue);
}

TEST_CASE("ONNX QLinearMatMul") {
    if (shared_data("onnx/index.json").empty()) return;
    tally cases("QLinearMatMul");
    for (const std::string rank : {"2D", "3D"}) {
        for (const std::string scales : {"float16", "float32"}) {
            check_qlinear_matmul<integer<8>>(cases, rank + "_int8_" + scales);
            check_qlinear_matmul<uinteger<8>>(cases, rank + "_uint8_" + scales);
        }
    }
}

/// uint8 images and weights in ONNX's layout, one zero point for the image, one or one for each output of the weights.
template <class Out, class Epilogue>
void check_convolution(tally& cases, const onnx_case& test, const std::string& w_name, std::int32_t x_zero,
                       const std::vector<std::int32_t>& w_zeros, index padding, const Epilogue& epilogue) {
    ++onnx_tests_run;
    using T = uinteger<8>;
    using plan_type = dyad::conv2d_plan<T, T, proven<std::int32_t>>;
    const auto x = test.numbers<T>("input0");
    const auto w = test.numbers<T>(w_name);
    const auto in = test.shape("input0");
    const auto out = test.shape(w_name);
    const dyad::conv2d_shape s{.batch = in[0],
                               .height = in[2],
                               .width = in[3],
                               .channels = in[1],
                               .out_channels = out[0],
                               .kernel_height = out[2],
                               .kernel_width = out[3],
                               .padding_top = padding,
                               .padding_bottom = padding,
                               .padding_left = padding,
                               .padding_right = padding};
    plan_type plan;
    REQUIRE(plan_type::make(s, {.padding = T::from_raw(static_cast<std::uint8_t>(x_zero))}, plan) == status::ok);
    const auto image = dyad::make_image_nchw(x.data(), in[0], in[2], in[3], in[1]);
    const auto weights = dyad::make_weights_oihw(w.data(), out[0], out[2], out[3], out[1]);
    const std::vector<std::int32_t> x_zeros{x_zero};
    std::vector<std::int32_t> row_sums(static_cast<std::size_t>(s.pixels()));
    std::vector<std::int32_t> column_sums(static_cast<std::size_t>(s.out_channels));
    const auto rows = make_vector(row_sums.data(), s.pixels());
    const auto columns = make_vector(column_sums.data(), s.out_channels);
    REQUIRE(plan.sum_windows(image, dyad::make_matrix(row_sums.data(), s.pixels(), 1)) == status::ok);
    REQUIRE(plan.sum_weights(weights, columns) == status::ok);
    const zero_point_terms terms{s.depth(), spread(x_zeros, s.pixels()), rows, spread(w_zeros, s.out_channels),
                                 columns};
    const auto expected = test.numbers<Out>("output0");
    std::vector<Out> got(expected.size());
    const auto dst = dyad::make_image_nchw(got.data(), s.batch, s.out_height(), s.out_width(), s.out_channels);
    REQUIRE(static_cast<std::size_t>(dst.size()) == got.size());
    std::vector<std::byte> workspace(plan.workspace_bytes());
    REQUIRE(plan.run(image, weights, dst, dyad::with_zero_points<Epilogue>{terms, epilogue}, workspace) == status::ok);
    compare(cases, test.folder, got, expected);
}

TEST_CASE("ONNX ConvInteger") {
    if (shared_data("onnx/index.json").empty()) return;
    tally cases("ConvInteger");
    const onnx_case padded{"onnx/test_convinteger_with_padding"};
    check_convolution<std::int32_t>(cases, padded, "input1", padded.raws<uinteger<8>>("input2")[0],
                                    padded.raws<uinteger<8>>("input3"), 1, dyad::keep_sum{});
    const onnx_case plain{"onnx/test_convinteger_without_padding"};
    check_convolution<std::int32_t>(cases, plain, "input1", plain.raws<uinteger<8>>("input2")[0], {0}, 0,
                                    dyad::keep_sum{});
}

TEST_CASE("ONNX QLinearConv") {
    if (shared_data("onnx/index.json").empty()) return;
    tally cases("QLinearConv");
    const onnx_case test{"onnx/test_qlinearconv"};
    const quantize_linear<uinteger<8>> epilogue{test.scale("input1", "input4", "input6"),
                                                test.raws<uinteger<8>>("input7")[0]};
    check_convolution<uinteger<8>>(cases, test, "input3", test.raws<uinteger<8>>("input2")[0],
                                   test.raws<uinteger<8>>("input5"), 0, epilogue);
}

TEST_CASE("ONNX: no product of the index is left out") {
    const std::string path = shared_data("onnx/index.json");
    if (path.empty()) return;
    std::ifstream file(path);
    const std::string names((std::istreambuf_iterator<char>(file)), {});
    std::size_t listed = 0;
    for (const std::string kind : {"\"test_matmul", "\"test_qlinearmatmul", "\"test_conv", "\"test_qlinearconv"})
        for (auto at = names.find(kind); at != std::string::npos; at = names.find(kind, at + 1)) ++listed;
    CHECK(onnx_tests_run == listed);
    CHECK(listed == 12);
}

}  // namespace
