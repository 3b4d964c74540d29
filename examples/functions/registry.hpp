// SPDX-License-Identifier: Apache-2.0
// What dyad-functions knows: functions, and for each the variants of its arithmetic. One entry a line, in the files
// functions.cpp and variants_*.cpp.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <dyad/study/sweep.hpp>

namespace functions {

using dyad::study::real;
using codes = dyad::study::domain<>;

/// The reference of all inputs of a function at a scale.
using reference = std::function<real(std::int64_t code)>;

enum class shape {
    curve,    ///< a function of one number: inputs are codes, real = code * scale
    element,  ///< the elements of random rows: inputs count them, row by row
    row       ///< one figure of each random row: inputs count the rows
};

struct function_entry {
    std::string name;
    std::string title;
    std::string definition;  ///< for a reader, with the inputs and the unit of the error
    shape kind = shape::curve;
    std::vector<double> scales;  ///< measured when --scale is not given
    bool fixed_scale = false;    ///< --scale does not apply
    bool by_name_only = false;   ///< too long for a run that does not name it
    codes (*inputs)(double scale) = nullptr;
    reference (*make_reference)(double scale) = nullptr;
};

/// A variant at one scale, ready to be called, from several threads.
struct prepared {
    double ulp = 1;                                ///< step of the results
    std::function<real(std::int64_t code)> value;  ///< the result as a real number
    std::function<double(codes)> nanoseconds;      ///< per element, measured now; empty: not measured
};

/// code * ulp, to 106 digits; exactly code / n where the ulp stands for 1 / n.
[[nodiscard]] inline real value_of(double code, double ulp) noexcept {
    const double parts = std::round(1 / ulp);
    if (!(1 / parts == ulp)) return dyad::study::scaled(code, ulp);
    const double high = code / parts;
    return {high, std::fma(-high, parts, code) / parts};
}

struct variant {
    std::string function;
    std::string name;
    std::string summary;                         ///< one phrase: what the arithmetic is, and its source
    std::function<prepared(double scale)> make;  ///< without a value where the arithmetic has no such scale
};

[[nodiscard]] const std::vector<function_entry>& all_functions();
/// In the order of the report.
[[nodiscard]] const std::vector<variant>& all_variants();

// One file each: variants_dyad.cpp, ...
[[nodiscard]] std::vector<variant> dyad_variants();
[[nodiscard]] std::vector<variant> shift_variants();
[[nodiscard]] std::vector<variant> ivit_variants();
[[nodiscard]] std::vector<variant> ibert_variants();
[[nodiscard]] std::vector<variant> gemmlowp_variants();
[[nodiscard]] std::vector<variant> root_variants();
[[nodiscard]] std::vector<variant> float_variants();
[[nodiscard]] std::vector<variant> softmax_variants();
[[nodiscard]] std::vector<variant> norm_variants();

}  // namespace functions
