// SPDX-License-Identifier: Apache-2.0
// What a sweep knows of a contiguous range of inputs: error = value - reference, input by input. All sums are exact, so
// that any partition of the inputs, merged, gives the same state bit for bit.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <dyad/number/exact_accumulator.hpp>
#include <dyad/study/real.hpp>

namespace dyad::inline v1::study {

/// |error| in ulps, parted at powers of two: bin i counts 2^(i - 9) < |error| / ulp <= 2^(i - 8); bin 0 all that is
/// smaller, the last all that is larger.
struct ulp_histogram {
    static constexpr int bins = 40;
    static constexpr int offset = 8;
    std::uint64_t exact = 0;  ///< errors of 0, in no bin
    std::array<std::uint64_t, bins> counts = {};

    /// The bin of a positive |error| / ulp.
    [[nodiscard]] static int bin_of(double ulps) noexcept {
        if (ulps == 0) return 0;  // a quotient below all doubles
        int power = 0;
        if (std::frexp(ulps, &power) == 0.5) --power;  // 2^(power - 1) < ulps <= 2^power
        return std::isfinite(ulps) ? std::clamp(power + offset, 0, bins - 1) : bins - 1;
    }
    /// The largest |error| / ulp that bin i counts (the last one counts larger ones too).
    [[nodiscard]] static double upper_edge(int bin) noexcept { return std::ldexp(1.0, bin - offset); }

    [[nodiscard]] friend bool operator==(const ulp_histogram&, const ulp_histogram&) = default;
};

/// What a function and its reference gave for one input.
struct sample {
    std::int64_t input = 0;
    real value;
    real reference;

    [[nodiscard]] friend bool operator==(const sample&, const sample&) = default;
};

/// Neighbouring inputs where the function moves against its reference: one rises while the other falls. Where either
/// stands still nothing is broken.
struct monotonicity {
    std::uint64_t breaks = 0;
    std::int64_t first_input = 0;  ///< the upper input of the first such pair, if there is one
    double largest_step = 0;       ///< the longest step that the function makes the wrong way

    [[nodiscard]] friend bool operator==(const monotonicity&, const monotonicity&) = default;
};

/// The exact sum of doubles, and of their squares.
using sum_of_errors = exact_accumulator<-1074, 1024>;
using sum_of_squares = exact_accumulator<-2148, 2048>;

/// Statistics of inputs first to last, one after the other; empty at the start. Errors are doubles (see difference());
/// one that is NaN or infinite is counted in not_finite and in nothing else but the largest error, which is then
/// infinite. Means are NaN as long as there is one.
class sweep_state {
public:
    explicit sweep_state(double ulp = 1) noexcept : ulp_(ulp) {}

    /// The next input: one more than the last.
    void add(std::int64_t input, const real& value, const real& reference) noexcept {
        const sample next{input, value, reference};
        const double error = difference(value, reference);
        if (count_ == 0) first_ = next;
        else add_step(last_, next);
        last_ = next;
        ++count_;
        const double size = std::isfinite(error) ? std::fabs(error) : std::numeric_limits<double>::infinity();
        if (size > largest_ || count_ == 1) {
            largest_ = size;
            worst_ = next;
        }
        if (!std::isfinite(error)) {
            ++not_finite_;
            return;
        }
        if (error == 0) {
            ++histogram_.exact;
            return;
        }
        ++histogram_.counts[static_cast<std::size_t>(ulp_histogram::bin_of(size / ulp_))];
        errors_.add(error);
        sizes_.add(size);
        squares_.add_product(size, size);
    }

    /// Adds the statistics of the inputs that follow these.
    void append(const sweep_state& next) noexcept {
        if (next.count_ == 0) return;
        if (count_ == 0) {
            *this = next;
            return;
        }
        // 1. The step across the border comes before those of `next`.
        add_step(last_, next.first_);
        if (breaks_.breaks == 0) breaks_.first_input = next.breaks_.first_input;
        breaks_.breaks += next.breaks_.breaks;
        breaks_.largest_step = std::max(breaks_.largest_step, next.breaks_.largest_step);
        last_ = next.last_;
        // 2. The lower input of equals stays the worst.
        if (next.largest_ > largest_) {
            largest_ = next.largest_;
            worst_ = next.worst_;
        }
        // 3. Counts and sums.
        count_ += next.count_;
        not_finite_ += next.not_finite_;
        histogram_.exact += next.histogram_.exact;
        for (std::size_t i = 0; i < histogram_.counts.size(); ++i) histogram_.counts[i] += next.histogram_.counts[i];
        errors_.merge(next.errors_);
        sizes_.merge(next.sizes_);
        squares_.merge(next.squares_);
    }

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] double ulp() const noexcept { return ulp_; }
    [[nodiscard]] std::uint64_t not_finite() const noexcept { return not_finite_; }
    /// The largest |error|, and the lowest input that has it.
    [[nodiscard]] double max() const noexcept { return largest_; }
    [[nodiscard]] double max_ulps() const noexcept { return largest_ / ulp_; }
    [[nodiscard]] const sample& worst() const noexcept { return worst_; }
    /// Means of |error| and of error, and the root of the mean square: each sum is rounded once, then divided.
    [[nodiscard]] double mean() const noexcept { return average(sizes_.result<double>()); }
    [[nodiscard]] double bias() const noexcept { return average(errors_.result<double>()); }
    [[nodiscard]] double rms() const noexcept { return std::sqrt(average(squares_.result<double>())); }
    [[nodiscard]] const ulp_histogram& histogram() const noexcept { return histogram_; }
    [[nodiscard]] const monotonicity& steps() const noexcept { return breaks_; }
    [[nodiscard]] const sample& first() const noexcept { return first_; }
    [[nodiscard]] const sample& last() const noexcept { return last_; }

private:
    friend struct sweep_state_access;

    void add_step(const sample& from, const sample& to) noexcept {
        const bool rises = from.value < to.value && to.reference < from.reference;
        const bool falls = to.value < from.value && from.reference < to.reference;
        if (!rises && !falls) return;
        if (breaks_.breaks++ == 0) breaks_.first_input = to.input;
        breaks_.largest_step = std::max(breaks_.largest_step, std::fabs(difference(to.value, from.value)));
    }
    [[nodiscard]] double average(double sum) const noexcept {
        if (not_finite_ != 0) return std::numeric_limits<double>::quiet_NaN();
        return count_ == 0 ? 0 : sum / static_cast<double>(count_);
    }

    double ulp_;
    std::uint64_t count_ = 0;
    std::uint64_t not_finite_ = 0;
    double largest_ = 0;
    sample worst_;
    sample first_;
    sample last_;
    monotonicity breaks_;
    ulp_histogram histogram_;
    sum_of_errors errors_;
    sum_of_errors sizes_;
    sum_of_squares squares_;
};

}  // namespace dyad::inline v1::study
