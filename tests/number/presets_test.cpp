// SPDX-License-Identifier: Apache-2.0
// The conversion presets: against ml_dtypes' results (as hashes), ONNX's cast tests, and the tables of OCP, CUDA,
// P3109.
#include <dyad/number/presets.hpp>

#include <dyad/io/npy.hpp>
#include <dyad/number/named_formats.hpp>
#include <dyad/number/p3109.hpp>

#include <doctest/doctest.h>

#include "support/ml_dtypes_hashes.hpp"
#include "support/number_types.hpp"
#include "support/shared_data.hpp"
#include "support/tally.hpp"

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using namespace dyad::presets;
using dyad::conversion_rule;
using dyad::convert;
using dyad::float4_e2m1fn;
using dyad::float6_e2m3fn;
using dyad::float6_e3m2fn;
using dyad::float8_e4m3fn;
using dyad::float8_e4m3fnuz;
using dyad::float8_e5m2;
using dyad::float8_e5m2fnuz;
using dyad::float8_e8m0fnu;
using dyad::rounding;
using dyad_test::tally;

using int2 = dyad::integer<2>;
using int4 = dyad::integer<4>;
using uint2 = dyad::uinteger<2>;
using uint4 = dyad::uinteger<4>;

// --- ml_dtypes ---

using ml_floats = std::tuple<float8_e5m2, float8_e4m3fn, dyad::float8_e4m3, dyad::float8_e3m4, float8_e4m3fnuz,
                             float8_e5m2fnuz, dyad::float8_e4m3b11fnuz, float8_e8m0fnu, float6_e2m3fn, float6_e3m2fn,
                             float4_e2m1fn, dyad::bfloat16, dyad::float16, float>;
constexpr std::string_view ml_float_names[]{
    "float8_e5m2",     "float8_e4m3fn",      "float8_e4m3",    "float8_e3m4",   "float8_e4m3fnuz",
    "float8_e5m2fnuz", "float8_e4m3b11fnuz", "float8_e8m0fnu", "float6_e2m3fn", "float6_e3m2fn",
    "float4_e2m1fn",   "bfloat16",           "float16",        "float"};
using ml_targets = decltype(std::tuple_cat(ml_floats{}, std::tuple<int2, int4, uint2, uint4>{}));
constexpr std::string_view ml_target_names[]{"float8_e5m2",
                                             "float8_e4m3fn",
                                             "float8_e4m3",
                                             "float8_e3m4",
                                             "float8_e4m3fnuz",
                                             "float8_e5m2fnuz",
                                             "float8_e4m3b11fnuz",
                                             "float8_e8m0fnu",
                                             "float6_e2m3fn",
                                             "float6_e3m2fn",
                                             "float4_e2m1fn",
                                             "bfloat16",
                                             "float16",
                                             "float",
                                             "int2",
                                             "int4",
                                             "uint2",
                                             "uint4"};

/// The finalizer of SplitMix64, as in ml_dtypes_hashes.py.
constexpr std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9;
    x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11eb;
    return x ^ (x >> 31);
}

template <class T>
T from_word(std::uint64_t code) {
    if constexpr (dyad::format<T>) return T::from_bits(static_cast<typename T::bits_type>(code));
    else return std::bit_cast<T>(static_cast<dyad::least_uint<dyad::word_width<T>>>(code));
}
template <class T>
std::uint64_t word_of(T x) {
    if constexpr (dyad::format<T>) return x.bits();
    else return std::bit_cast<dyad::least_uint<dyad::word_width<T>>>(x);
}

/// The inputs of ml_dtypes_hashes.py.
template <class T>
std::vector<T> ml_inputs() {
    std::vector<T> all;
    if constexpr (std::same_as<T, float>) {
        constexpr std::uint32_t count = 1u << 20;
        for (const std::uint32_t step : {0u, 1u, ~0u})
            for (std::uint32_t k = 0; k < count; ++k) all.push_back(from_word<T>((k << 12) + step));
        for (std::uint32_t k = 0; k < count; ++k) all.push_back(from_word<T>((k << 12) | (mixed(k) & 0xfff)));
    } else {
        for (std::uint32_t code = 0; code >> T::width == 0; ++code) all.push_back(from_word<T>(code));
    }
    return all;
}

template <class To, class From>
bool is_left_out(From x) {
    const auto wide = static_cast<double>(x);
    if constexpr (std::same_as<To, float8_e8m0fnu>) return wide > 0x1p-127 && wide < 0x1.8p-127;
    if constexpr (dyad::integer_number<To>) return !(std::fabs(wide) < 0x1p31);
    if constexpr (std::same_as<To, float> && std::same_as<From, dyad::bfloat16>) return std::isnan(wide);
    return false;
}

template <class To, class From>
std::uint64_t ml_hash(const std::vector<From>& inputs) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (is_left_out<To>(inputs[i])) continue;
        sum += mixed(word_of(convert<To>(inputs[i], ml_dtypes)) + i * 0x9e37'79b9'7f4a'7c15);
    }
    return sum;
}

template <class From>
void check_ml_source(tally& cases, std::string_view source) {
    const std::vector<From> inputs = ml_inputs<From>();
    for (const reference::ml_dtypes_row& row : reference::ml_dtypes_rows) {
        if (row.source != source) continue;
        std::uint64_t got = 0;
        const auto try_target = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            if (ml_target_names[I] == row.target) got = ml_hash<std::tuple_element_t<I, ml_targets>>(inputs);
        };
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (try_target(std::integral_constant<std::size_t, I>{}), ...);
        }
        (std::make_index_sequence<std::tuple_size_v<ml_targets>>{});
        cases.check(got == row.hash, row.source, " -> ", row.target, ": ", got, ", expected ", row.hash);
    }
}

TEST_CASE("presets::ml_dtypes: every cast between its types, all codes and four million floats") {
    tally cases("ml_dtypes' casts");
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (check_ml_source<std::tuple_element_t<I, ml_floats>>(cases, ml_float_names[I]), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<ml_floats>>{});
    CHECK(std::size(reference::ml_dtypes_rows) > 200);
}

// --- ONNX ---

template <class T>
int npy_code(const dyad::io::npy_array& array, std::size_t i) {
    // Codes of less than 8 bits are packed, the first one lowest.
    constexpr int width = reference::width_of<T>();
    if constexpr (width < 8) {
        constexpr std::size_t per_byte = 8 / width;
        const int byte = std::to_integer<int>(array.data[i / per_byte]);
        return (byte >> (static_cast<int>(i % per_byte) * width)) & ((1 << width) - 1);
    } else {
        return 0;
    }
}
/// Element i of a tensor.
template <class T>
T npy_at(const dyad::io::npy_array& array, std::size_t i) {
    if constexpr (reference::width_of<T>() < 8) {
        return T::from_bits(static_cast<typename T::bits_type>(npy_code<T>(array, i)));
    } else {
        T x{};
        std::memcpy(&x, &array.data[i * sizeof(T)], sizeof(T));
        return x;
    }
}
/// Same code; a NaN of C++'s float, which NumPy and not ONNX made, by class.
template <class T>
bool same(T x, T y) {
    if constexpr (std::same_as<T, float>) return std::isnan(x) ? std::isnan(y) : word_of(x) == word_of(y);
    else if constexpr (std::integral<T>) return x == y;
    else return x.bits() == y.bits();
}

std::size_t onnx_tests_run = 0;

/// One of ONNX's single-node tests; `element_count` because packed tensors lose their shape.
template <class To, class From>
void check_onnx(tally& cases, const std::string& test, std::size_t element_count, const conversion_rule& rule) {
    ++onnx_tests_run;
    const auto input = dyad::io::read_npy(shared_data("onnx/" + test + "/input0.npy"));
    const auto output = dyad::io::read_npy(shared_data("onnx/" + test + "/output0.npy"));
    const auto bytes_of = [element_count](int width) {
        return (element_count * static_cast<std::size_t>(width) + 7) / 8;
    };
    cases.check(input.data.size() == bytes_of(reference::width_of<From>()), test, " input of ", input.data.size());
    cases.check(output.data.size() == bytes_of(reference::width_of<To>()), test, " output of ", output.data.size());
    for (std::size_t i = 0; i < element_count; ++i) {
        const From x = npy_at<From>(input, i);
        const To expected = npy_at<To>(output, i);
        cases.check(same(convert<To>(x, rule), expected), test, " ", i);
    }
}

/// float16 and float into one type, and back.
template <class T>
void check_onnx_type(tally& cases, const std::string& name, std::size_t count) {
    check_onnx<T, dyad::float16>(cases, "test_cast_FLOAT16_to_" + name, count, onnx_cast_saturating);
    check_onnx<T, float>(cases, "test_cast_FLOAT_to_" + name, count, onnx_cast_saturating);
    check_onnx<dyad::float16, T>(cases, "test_cast_" + name + "_to_FLOAT16", count, onnx_cast_saturating);
    check_onnx<float, T>(cases, "test_cast_" + name + "_to_FLOAT", count, onnx_cast_saturating);
    if constexpr (reference::width_of<T>() == 8) {
        check_onnx<T, dyad::float16>(cases, "test_cast_no_saturate_FLOAT16_to_" + name, count,
                                     onnx_cast_non_saturating);
        check_onnx<T, float>(cases, "test_cast_no_saturate_FLOAT_to_" + name, count, onnx_cast_non_saturating);
    }
}

TEST_CASE("presets::onnx_cast: ONNX's cast tests") {
    const std::string index_path = shared_data("onnx/index.json");
    if (index_path.empty()) return;
    tally cases("ONNX's cast tests");
    check_onnx_type<float8_e4m3fn>(cases, "FLOAT8E4M3FN", 15);
    check_onnx_type<float8_e4m3fnuz>(cases, "FLOAT8E4M3FNUZ", 15);
    check_onnx_type<float8_e5m2>(cases, "FLOAT8E5M2", 15);
    check_onnx_type<float8_e5m2fnuz>(cases, "FLOAT8E5M2FNUZ", 15);
    check_onnx_type<float4_e2m1fn>(cases, "FLOAT4E2M1", 15);
    check_onnx_type<int4>(cases, "INT4", 25);
    check_onnx_type<uint4>(cases, "UINT4", 25);
    check_onnx_type<int2>(cases, "INT2", 7);
    check_onnx_type<uint2>(cases, "UINT2", 7);
    check_onnx<std::int8_t, int4>(cases, "test_cast_INT4_to_INT8", 25, onnx_cast_saturating);
    check_onnx<std::int8_t, int2>(cases, "test_cast_INT2_to_INT8", 7, onnx_cast_saturating);
    check_onnx<std::uint8_t, uint4>(cases, "test_cast_UINT4_to_UINT8", 25, onnx_cast_saturating);
    check_onnx<std::uint8_t, uint2>(cases, "test_cast_UINT2_to_UINT8", 7, onnx_cast_saturating);
    check_onnx<dyad::bfloat16, float>(cases, "test_cast_FLOAT_to_BFLOAT16", 12, onnx_cast_saturating);
    check_onnx<float, dyad::bfloat16>(cases, "test_cast_BFLOAT16_to_FLOAT", 12, onnx_cast_saturating);
    // Those whose node says round_mode = "up", saturate = 1.
    check_onnx<float8_e8m0fnu, dyad::float16>(cases, "test_cast_e8m0_FLOAT16_to_FLOAT8E8M0", 8, onnx_cast_saturating);
    check_onnx<float8_e8m0fnu, float>(cases, "test_cast_e8m0_FLOAT_to_FLOAT8E8M0", 8, onnx_cast_saturating);
    check_onnx<float, float8_e8m0fnu>(cases, "test_cast_e8m0_FLOAT8E8M0_to_FLOAT", 8, onnx_cast_saturating);
    check_onnx<dyad::float16, float8_e8m0fnu>(cases, "test_cast_e8m0_FLOAT8E8M0_to_FLOAT16", 8, onnx_cast_saturating);
    // No cast test of the index is left out.
    std::ifstream file(index_path);
    const std::string index((std::istreambuf_iterator<char>(file)), {});
    std::size_t listed = 0;
    for (auto at = index.find("\"test_cast_"); at != std::string::npos; at = index.find("\"test_cast_", at + 1))
        ++listed;
    CHECK(onnx_tests_run == listed);
}

// --- the tables of the others ---

/// The codes that one rule gives for NaN, -NaN, infinity, -infinity, an overflow, the last value that does not
/// overflow.
template <class T>
void check_specials(const conversion_rule& rule, double overflow, double last, const std::vector<unsigned>& codes) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    std::vector<unsigned> got;
    for (const double x : {nan, -nan, HUGE_VAL, -HUGE_VAL, overflow, last}) got.push_back(convert<T>(x, rule).bits());
    CHECK(got == codes);
}

TEST_CASE("presets: NaN, infinities, overflow") {
    // OCP OFP8 v1.0, table 3: saturating, both formats clamp; otherwise E4M3 gives NaN and E5M2 infinity.
    check_specials<float8_e4m3fn>(ocp_saturating, 464.5, 464, {0x7f, 0xff, 0x7e, 0xfe, 0x7e, 0x7e});
    check_specials<float8_e4m3fn>(ocp_non_saturating, 464.5, 464, {0x7f, 0xff, 0x7f, 0xff, 0x7f, 0x7e});
    check_specials<float8_e5m2>(ocp_saturating, 61440, 61439, {0x7e, 0xfe, 0x7b, 0xfb, 0x7b, 0x7b});
    check_specials<float8_e5m2>(ocp_non_saturating, 61440, 61439, {0x7e, 0xfe, 0x7c, 0xfc, 0x7c, 0x7b});
    // ml_dtypes' kSaturate keeps infinities.
    check_specials<float8_e5m2>(ml_dtypes_saturating, 61440, 61439, {0x7e, 0xfe, 0x7c, 0xfc, 0x7b, 0x7b});
    check_specials<float8_e4m3fn>(ml_dtypes_saturating, 464.5, 464, {0x7f, 0xff, 0x7f, 0xff, 0x7e, 0x7e});
    check_specials<float6_e2m3fn>(ml_dtypes_saturating, 7.75, 7.5, {0x20, 0x00, 0x1f, 0x3f, 0x1f, 0x1f});
    // CUDA: __nv_cvt_float_to_fp8 and _fp6 have one NaN code, and none.
    check_specials<float8_e4m3fn>(cuda_satfinite, 464.5, 464, {0x7f, 0x7f, 0x7e, 0xfe, 0x7e, 0x7e});
    check_specials<float8_e4m3fn>(cuda_nosat, 464.5, 464, {0x7f, 0x7f, 0x7f, 0xff, 0x7f, 0x7e});
    check_specials<float8_e5m2>(cuda_satfinite, 61440, 61439, {0x7f, 0x7f, 0x7b, 0xfb, 0x7b, 0x7b});
    check_specials<float8_e5m2>(cuda_nosat, 61440, 61439, {0x7f, 0x7f, 0x7c, 0xfc, 0x7c, 0x7b});
    check_specials<float6_e3m2fn>(cuda_satfinite, 30, 28, {0x1f, 0x1f, 0x1f, 0x3f, 0x1f, 0x1f});
    check_specials<float4_e2m1fn>(cuda_satfinite, 7, 6, {0x7, 0x7, 0x7, 0xf, 0x7, 0x7});
    // The presets of deep learning leave formats wider than 8 bits alone.
    for (const conversion_rule& rule : {ocp_saturating, ml_dtypes, onnx_cast_saturating})
        check_specials<dyad::float16>(rule, 65520, 65519, {0x7e00, 0xfe00, 0x7c00, 0xfc00, 0x7c00, 0x7bff});
    check_specials<dyad::float16>(cuda_satfinite, 65520, 65519, {0x7fff, 0x7fff, 0x7c00, 0xfc00, 0x7c00, 0x7bff});
    // P3109 v4.0: NaN at 0x80, infinities 0x7f and 0xff; 232 is the tie between 224 = 0x7e, even, and what follows.
    check_specials<dyad::binary8p4se>(p3109_sat_none, 232.5, 232, {0x80, 0x80, 0x7f, 0xff, 0x7f, 0x7e});
    check_specials<dyad::binary8p4se>(p3109_sat_propagate, 232.5, 232, {0x80, 0x80, 0x7f, 0xff, 0x7e, 0x7e});
    check_specials<dyad::binary8p4se>(p3109_sat_finite, 232.5, 232, {0x80, 0x80, 0x7e, 0xfe, 0x7e, 0x7e});
    check_specials<dyad::binary<12, 5>>(p3109_sat_finite, 1e30, 1e30, {0x800, 0x800, 0x7fe, 0xffe, 0x7fe, 0x7fe});
}

TEST_CASE("presets: scales without zero") {
    const auto scale = [](double x, const conversion_rule& rule) { return convert<float8_e8m0fnu>(x, rule).bits(); };
    const double nan = std::numeric_limits<double>::quiet_NaN();
    // value, ml_dtypes, ONNX saturating and not, CUDA satfinite and not
    const struct {
        double x;
        unsigned codes[5];
    } rows[]{{0.0, {255, 0, 255, 0, 0}},           {-3.0, {255, 0, 255, 129, 129}},
             {3.0, {129, 129, 129, 129, 129}},     {2.5, {128, 129, 129, 129, 129}},
             {0x1p127, {254, 254, 254, 254, 254}}, {0x1.4p127, {254, 254, 255, 254, 255}},
             {0x1p200, {255, 254, 255, 254, 255}}, {HUGE_VAL, {255, 254, 255, 254, 255}},
             {nan, {255, 255, 255, 255, 255}},     {0x1p-127, {0, 0, 0, 0, 0}},
             {0x1p-128, {0, 0, 0, 0, 0}}};
    for (const auto& row : rows) {
        CAPTURE(row.x);
        CHECK(scale(row.x, ml_dtypes) == row.codes[0]);
        CHECK(scale(row.x, onnx_cast_saturating) == row.codes[1]);
        CHECK(scale(row.x, onnx_cast_non_saturating) == row.codes[2]);
        CHECK(scale(row.x, cuda_satfinite) == row.codes[3]);
        CHECK(scale(row.x, cuda_nosat) == row.codes[4]);
    }
    auto down = cuda_satfinite;
    down.zeroless_rounding = rounding::toward_zero;
    CHECK(scale(3.9, down) == 128);
}

TEST_CASE("presets: integers truncate, and wrap or clamp") {
    CHECK(convert<int4>(8.9, ml_dtypes).raw() == -8);
    CHECK(convert<int4>(-9.9, onnx_cast_saturating).raw() == 7);
    CHECK(convert<uint4>(-1.0, ml_dtypes).raw() == 15);
    CHECK(convert<int4>(HUGE_VAL, ml_dtypes).raw() == 0);
    CHECK(convert<int4>(std::numeric_limits<double>::quiet_NaN(), ml_dtypes).raw() == 0);
    CHECK(convert<int4>(0x1p130, ml_dtypes).raw() == 0);
    CHECK(convert<std::int8_t>(-129.5, ml_dtypes) == 127);
    CHECK(convert<std::uint8_t>(std::int64_t{-1}, ml_dtypes) == 255);
    CHECK(convert<std::int64_t>(0x1.8p63, ml_dtypes) == -(std::int64_t{1} << 62));
    CHECK(convert<std::int8_t>(-129.5, cuda_satfinite) == -128);
    CHECK(convert<std::int8_t>(1.9, cuda_satfinite) == 1);
    CHECK(convert<std::int8_t>(1.5, ocp_saturating) == 2);
    // Fixed-point types with a fraction round and overflow as ever.
    using q3 = dyad::fixed<8, 3>;
    CHECK(convert<q3>(100.0, ml_dtypes).raw() == 127);
    CHECK(convert<q3>(1.0625, ml_dtypes).raw() == 8);
}

TEST_CASE("presets: the default rule is convert, for all codes of 16 bits into every kind of type") {
    const conversion_rule plain{};
    CHECK(plain == ocp_non_saturating);
    tally cases("the default rule");
    const auto check = [&]<class To>(std::type_identity<To>) {
        for (const auto x : reference::all_codes<dyad::float16>())
            cases.check(word_of(convert<To>(x, plain)) == word_of(convert<To>(x)), reference::name_of<To>(), x.bits());
        for (const auto x : reference::all_codes<float8_e4m3fnuz>())
            cases.check(word_of(convert<To>(x, plain)) == word_of(convert<To>(x)), reference::name_of<To>(), x.bits());
    };
    check(std::type_identity<float8_e4m3fn>{});
    check(std::type_identity<float8_e5m2>{});
    check(std::type_identity<float8_e8m0fnu>{});
    check(std::type_identity<float6_e3m2fn>{});
    check(std::type_identity<dyad::bfloat16>{});
    check(std::type_identity<float>{});
    check(std::type_identity<double>{});
    check(std::type_identity<std::int8_t>{});
    check(std::type_identity<std::uint64_t>{});
    check(std::type_identity<int4>{});
    check(std::type_identity<dyad::fixed<12, 3>>{});
    static_assert(convert<float8_e4m3fn>(1e9f, cuda_satfinite).bits() == 0b0'1111'110);
}

}  // namespace
