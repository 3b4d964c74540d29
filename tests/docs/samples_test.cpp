// SPDX-License-Identifier: Apache-2.0
// Every sample of C++ in the documentation stands here (or in another test of this folder) word for word, and so
// compiles and runs; the last test compares. README.md's is a program of its own, see tests/readme.
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <dyad/array.hpp>
#include <dyad/linalg/epilogue_scale_float.hpp>
#include <dyad/linalg/epilogue_stages.hpp>
#include <dyad/linalg/epilogue_words.hpp>
#include <dyad/linalg/gemm.hpp>
#include <dyad/math/integer_functions.hpp>
#include <dyad/number.hpp>
#include <dyad/study/sweep.hpp>

// clang-format off

TEST_CASE("blocks.md") {
    using namespace dyad;
    {
std::vector<float> x(1000, 0.3f);                                  // n numbers
std::vector<mxfp4> blocks((x.size() + 31) / 32);                   // 17 bytes for 32 of them
status s = quantize(std::span<const float>(x), std::span<mxfp4>(blocks), scale_rule::floor, rounding::nearest_even);
s = dequantize(std::span<const mxfp4>(blocks), std::span<float>(x));

float tensor_scale = 1;                                              // NVFP4 has two levels of scales
std::vector<nvfp4> fine((x.size() + 15) / 16);
s = quantize(std::span<const float>(x), std::span<nvfp4>(fine), &tensor_scale, scale_rule::nearest);   // computed
s = quantize(std::span<const float>(x), std::span<nvfp4>(fine), 0.01f, scale_rule::nearest);           // or given
s = dequantize(std::span<const nvfp4>(fine), tensor_scale, std::span<float>(x));
        CHECK(s == status::ok);
        CHECK(sizeof(mxfp4) == 17);
    }
    {
        status s = status::ok;
        std::vector<float> many(64 * 64, 0.25F);
        const float* const w = many.data();
std::vector<std::uint8_t> codes(packed_size<float4_e2m1fn>(64 * 64));
std::vector<float8_e4m3fn> scales(4 * 4);
quantized_view weights{make_packed_matrix<float4_e2m1fn>(std::span(codes), 64, 64), per_tile(scales.data(), 16, 16, 64)};
s = quantize(make_matrix(w, 64, 64), weights, &weights.scales.tensor_scale, scale_rule::nearest);
float x = weights.value_as<float>(3, 5);       // one number, exactly, rounded once
        CHECK(s == status::ok);
        CHECK(x == doctest::Approx(0.25));

        const auto source = make_matrix(w, 64, 64);
        const auto view = weights;
        const auto rule = scale_rule::nearest;
        const serial my_thread_pool;
s = quantize(source, view, rule, rounding::nearest_even, saturation::propagate, my_thread_pool);
        CHECK(s == status::ok);
    }
    {
        status s = status::ok;
        constexpr dyad::index rows = 4, columns = 8;
        const std::size_t n = 32;
        const std::vector<float> numbers(n, 1.5F);
        const auto source = make_matrix(numbers.data(), rows, columns);
std::vector<integer<16>> raw(n);
power_of_two<> exponent;
const dfp<16> x{make_matrix(raw.data(), rows, columns), per_tensor(&exponent), {}};
s = quantize(source, x, scale_choice(scale_rule::floor, 2));               // two bits of headroom
        CHECK(s == status::ok);
    }
}

TEST_CASE("blocks.md, exact dot products") {
    using namespace dyad;
    status s = status::ok;
    const std::vector<float> numbers(64 * 64, 0.25F);
    std::vector<std::uint8_t> codes(packed_size<float4_e2m1fn>(64 * 64));
    std::vector<float8_e4m3fn> scales(4 * 4);
    quantized_view weights{make_packed_matrix<float4_e2m1fn>(std::span(codes), 64, 64), per_tile(scales.data(), 16, 16, 64)};
    REQUIRE(quantize(make_matrix(numbers.data(), 64, 64), weights, &weights.scales.tensor_scale, scale_rule::nearest) == status::ok);
    const auto activations = weights;
    const std::vector<mxfp4> a(2);
    const std::vector<mxfp8_e4m3> b(2);
    const std::vector<nvfp4> c(4);
    const float tensor_scale_of_c = 2;
float sum = 0;
s = dot_product(std::span<const mxfp4>(a), std::span<const mxfp8_e4m3>(b), sum);
s = dot_product(std::span<const nvfp4>(c), tensor_scale_of_c, std::span<const mxfp4>(a), sum);
s = dot_product(weights, 3, activations, 0, sum);                          // row 3 of a view with row 0 of another
    CHECK(s == status::ok);
    CHECK(sum == doctest::Approx(4));
}

TEST_CASE("matrices.md") {
    using namespace dyad;
    constexpr dyad::index m = 3, k = 40, n = 5;
    const std::vector<integer<8>> lhs(m * k, integer<8>(2)), rhs(k * n, integer<8>(3));
    const std::vector<float> some(n, 0.25F);
    std::vector<integer<8>> result(m * n);
    const auto* const x = lhs.data();
    const auto* const w = rhs.data();
    const auto* const factors = some.data();
    auto* const y = result.data();
    {
using product = gemm_plan<integer<8>, integer<8>, proven<std::int32_t>>;
product plan;
status s = product::make(m, k, n, {}, plan);                       // checks extents and the accumulator's bound

// A constant rhs is packed once, into memory at a multiple of 64.
std::span weights(static_cast<std::byte*>(std::aligned_alloc(64, plan.packed_bytes())), plan.packed_bytes());
s = plan.pack(make_matrix(w, k, n), weights);                      // any strides: transposed(...) of an out x in matrix

std::vector<std::byte> workspace(plan.packed_workspace_bytes());
const scale_columns_float<integer<8>> scale{make_vector(factors, n)};
s = plan.run(make_matrix(x, m, k), packed_operand{weights}, make_matrix(y, m, n), scale, workspace);
        CHECK(s == status::ok);
        CHECK(result[7].raw() == 60);  // 40 * 6 / 4
        std::free(weights.data());
    }
    {
        const std::vector<std::int32_t> biases(1, 10);
        const std::vector<multiplier> factors_of(1, multiplier::from_scale(0.5));
        const vector_view<const std::int32_t> bias{biases.data(), {n}, {0}};
        const vector_view<const multiplier> multipliers{factors_of.data(), {n}, {0}};
const auto layer = in_stages(add_bias{bias}, scale_dyadic{multipliers}, clamp_words_between{0, 255}, to_codes<uinteger<8>>{});
        CHECK(layer(std::int32_t{100}, 0, 0).raw() == 55);
    }
}

TEST_CASE("conversion.md") {
    using namespace dyad;
    const float x = 0.3F;
const auto clamped = convert<float8_e4m3fn>(x, dyad::presets::cuda_satfinite);
auto rule = dyad::presets::onnx_cast_saturating;       // round_mode "up"
rule.zeroless_rounding = dyad::rounding::toward_zero;  // round_mode "down"
const auto down = convert<float8_e8m0fnu>(x, rule);
    CHECK(float(clamped) == 0.3125F);
    CHECK(float(down) == 0.25F);
}

TEST_CASE("integer_functions.md") {
// x stands for x * 0.05; the result's codes are worth 1/64. Scales become 31-bit integers here, once.
constexpr dyad::function_scales s = dyad::function_scales::from(0.05, 1.0 / 64);
const auto y = dyad::gelu<dyad::integer<8>>(dyad::integer<8>(-20), s);
    CHECK(y.raw() == -10);  // gelu(-1) = -0.1587
// |x| with and without a branch, over all of 16 bits; the last number is the step of the results.
const auto mine = [](std::int64_t x) { return (x ^ (x >> 15)) - (x >> 15); };
const auto reference = [](std::int64_t x) { return x < 0 ? -x : x; };
const auto error = dyad::study::sweep(mine, reference, dyad::study::domain{-0x8000, 0x7fff}, 1.0);
    CHECK(error.max_ulps() == 0);
}

// clang-format on

namespace {

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    REQUIRE_MESSAGE(in, file.string());
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Runs of blanks and line ends as one blank.
std::string words_of(const std::string& text) {
    std::string words;
    for (const char c : text) {
        const bool blank = std::isspace(static_cast<unsigned char>(c)) != 0;
        if (!blank) words += c;
        else if (!words.empty() && words.back() != ' ') words += ' ';
    }
    while (!words.empty() && words.back() == ' ') words.pop_back();
    return words;
}

/// The blocks of C++ of a page, without lines that include headers.
std::vector<std::string> samples_of(const std::string& page) {
    std::vector<std::string> samples;
    const std::string fence = "```cpp\n";
    for (std::size_t at = page.find(fence); at != std::string::npos; at = page.find(fence, at)) {
        const std::size_t end = page.find("```", at + fence.size());
        std::string kept;
        std::istringstream lines(page.substr(at + fence.size(), end - at - fence.size()));
        for (std::string line; std::getline(lines, line);) {
            if (!line.starts_with("#include") && !line.starts_with("using namespace")) kept += line + "\n";
        }
        samples.push_back(words_of(kept));
        at = end;
    }
    return samples;
}

}  // namespace

TEST_CASE("every sample of the documentation is compiled") {
    const std::filesystem::path root = DYAD_SOURCE_FOLDER;
    std::string compiled;
    for (const auto& file : std::filesystem::directory_iterator(root / "tests/docs")) {
        if (file.path().extension() == ".cpp") compiled += text_of(file.path());
    }
    const std::string words = words_of(compiled);
    std::size_t count = 0;
    for (const auto& page : std::filesystem::directory_iterator(root / "docs")) {
        if (page.path().extension() != ".md") continue;
        for (const std::string& sample : samples_of(text_of(page.path()))) {
            INFO(page.path().filename().string() << ":\n" << sample);
            CHECK(words.find(sample) != std::string::npos);
            ++count;
        }
    }
    CHECK(count >= 10);
}
