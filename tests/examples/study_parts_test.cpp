// SPDX-License-Identifier: Apache-2.0
// Parts of the study on models made by hand: diff, mixtures of segments, histograms, numbers as the reports write them.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "../../examples/study/diff.hpp"
#include "../../examples/study/report_layers.hpp"
#include "../../examples/study/sensitivity.hpp"
#include "../../examples/study/summary.hpp"

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// A network of three tensors, in = pixel 0, mid = in + add, logits = (mid, factor * mid), in codes of 1 / 4.
class toy final : public study::runner {
public:
    toy(double add, double factor, study::output_format format = {16, -8192, 8191.75, 0.25})
        : add_(add), factor_(factor), format_(format) {}

    std::vector<double> run(const std::vector<double>& image, digits::scratch_memory&, study::observer& seen,
                            study::sums reported) const override {
        const double in = image.front();
        const double mid = in + add_;
        const std::vector<double> logits{mid, factor_ * mid};
        show(seen, 0, {in});
        if (reported == study::sums::seen) seen.sums({3, 17, std::fabs(mid)});
        if (reported == study::sums::seen) seen.sums({5, 16, 1});
        show(seen, 1, {mid});
        show(seen, 2, logits);
        return logits;
    }
    /// Segment s adds add to what is there; the first takes pixel 0, the last makes logits.
    std::vector<double> segment(int number, const std::vector<double>& in, digits::scratch_memory&) const override {
        const double x = in.front() + add_;
        if (number + 1 == digits::segments) return {x, factor_ * x};
        return {x};
    }
    double time(const std::vector<double>&, digits::scratch_memory&) const override { return 1; }
    const std::vector<std::string>& edge_names() const override { return names_; }
    study::output_format output() const override { return format_; }
    std::uint64_t weight_bytes() const override { return 1; }

private:
    static void show(study::observer& seen, std::size_t edge, const std::vector<double>& values) {
        const std::vector<dyad::study::code_end> ends(values.size(), dyad::study::code_end::none);
        seen.tensor(edge, values, ends);
    }
    double add_;
    double factor_;
    study::output_format format_;
    std::vector<std::string> names_{"in", "mid", "logits"};
};

const study::recipe_entry entry_a{"a", "first", 8, nullptr};
const study::recipe_entry entry_b{"b", "second", 8, nullptr};

TEST_CASE("diff: counts, sizes, codes, and the first tensor that differs") {
    // Image 0 has pixel 0: b's mid is 1 higher, so is logit 0; logit 1 is 2 * 0 = 0 against -1 * 1.
    const toy a(0, 2);
    const toy b(1, -1);
    const std::vector<std::vector<double>> images{{0}, {1}};
    const study::diff_result r = study::diff(entry_a, a, entry_b, b, images, {1, 1});
    CHECK(r.a == "a");
    CHECK(r.summary_b == "second");
    CHECK(r.images == 2);
    CHECK(r.logits == 4);
    CHECK(r.different_images == 2);
    CHECK(r.different_logits == 4);
    // a: (0, 0) and (1, 2), classes 0 and 1; b: (1, -1) and (2, -2), classes 0 and 0.
    CHECK(r.different_classes == 1);
    CHECK(r.only_a_right == 1);
    CHECK(r.only_b_right == 0);
    CHECK(r.rms == std::sqrt(5.0 / 4));
    CHECK(r.largest == 4);
    CHECK(r.mean == (1 + 1 + 1 + 4) / 4.0);
    CHECK(r.same_format);
    CHECK(r.largest_codes == 16);
    CHECK(r.mean_codes == 7);
    CHECK(r.codes.counts[3] == 3);  // 3 to 4 codes apart
    CHECK(r.codes.counts[5] == 1);  // 9 to 16
    CHECK(r.errors.exact == 0);
    REQUIRE(r.layers.size() == 3);
    CHECK(r.layers[0].different == 0);
    CHECK(r.layers[0].first == 0);
    CHECK(r.layers[0].sqnr_db == infinity);
    CHECK(r.layers[1].first == 2);
    CHECK(r.layers[1].images == 2);
    CHECK(r.layers[1].values == 2);
    CHECK(r.layers[1].largest == 1);
    CHECK(r.layers[2].first == 0);
    CHECK(r.layers[2].different == 4);
}

TEST_CASE("diff: of one with itself nothing; of other formats no codes; of floats their numbers in between") {
    const toy a(0, 2);
    const study::diff_result same = study::diff(entry_a, a, entry_a, a, {{1}, {2}}, {0, 0});
    CHECK(same.different_logits == 0);
    CHECK(same.different_images == 0);
    CHECK(same.different_classes == 0);
    CHECK(same.largest == 0);
    CHECK(same.errors.exact == 4);
    CHECK(same.codes.counts[0] == 4);
    for (const auto& layer : same.layers) CHECK(layer.first == 0);
    const toy finer(0, 2, {16, -4096, 4095.875, 0.125});
    CHECK_FALSE(study::diff(entry_a, a, entry_b, finer, {{1}}, {0}).same_format);
    const study::output_format floats{32, -3.4e38, 3.4e38, 0};
    const toy one(0, 1, floats);
    const toy next(0, 1 + 3 * 0x1p-23, floats);
    const study::diff_result close = study::diff(entry_a, one, entry_b, next, {{1}}, {0});
    CHECK(close.same_format);
    CHECK(close.largest_codes == 3);
    const study::diff_result across =
        study::diff(entry_a, toy(0, 0x1p-149, floats), entry_b, toy(0, -0x1p-149, floats), {{1}}, {0});
    CHECK(across.largest_codes == 2);
    // NaN on one side only is a difference, and no number.
    const study::diff_result broken = study::diff(entry_a, a, entry_b, toy(nan, 1), {{1}}, {0});
    CHECK(broken.different_logits == 2);
    CHECK(std::isnan(broken.largest));
    CHECK(study::diff(entry_a, toy(nan, 1), entry_b, toy(nan, 1), {{1}}, {0}).different_logits == 0);
}

TEST_CASE("codes apart: bins 0, 1, 2, 3 to 4, 5 to 8 ...") {
    using histogram = study::code_histogram;
    CHECK(histogram::bin_of(0) == 0);
    for (std::size_t bin = 1; bin + 1 < histogram::bins; ++bin) {
        const double last = std::ldexp(1.0, static_cast<int>(bin) - 1);
        CHECK(histogram::bin_of(last) == bin);
        CHECK(histogram::bin_of(last + 1) == bin + 1);
    }
    CHECK(histogram::bin_of(1e300) == histogram::bins - 1);
    CHECK(histogram::bin_of(nan) == histogram::bins - 1);
    CHECK(histogram::label(0) == "0");
    CHECK(histogram::label(1) == "1");
    CHECK(histogram::label(2) == "2");
    CHECK(histogram::label(3) == "3 to 4");
    CHECK(histogram::label(8) == "65 to 128");
    CHECK(histogram::label(histogram::bins - 1) == "2147483649 and more");
}

TEST_CASE("mixtures: one segment under the recipe, and all but one") {
    // Every segment adds 0 in float32, 1 under the recipe: only one low adds 1, all but one 9, all 10.
    const toy float32(0, 1);
    const toy low(1, 1);
    digits::scratch_memory scratch;
    const auto of_float32 = study::borders(float32, {7}, scratch);
    CHECK(of_float32.size() == 11);
    CHECK(of_float32.back() == std::vector<double>{7, 7});
    const study::mixed_logits mixed = study::mix(float32, low, of_float32, scratch);
    REQUIRE(mixed.only.size() == 10);
    REQUIRE(mixed.rest.size() == 10);
    for (const auto& logits : mixed.only) CHECK(logits == std::vector<double>{8, 8});
    for (const auto& logits : mixed.rest) CHECK(logits == std::vector<double>{16, 16});

    study::mixture_sums sums;
    sums.add({8, 9}, {7, 7}, 1);   // right, but float32 chooses 0
    sums.add({8, 7}, {10, 7}, 0);  // right, as float32
    const study::mixture_result result = sums.result();
    CHECK(result.sqnr_db == doctest::Approx(10 * std::log10((49 + 49 + 100 + 49) / (1.0 + 4 + 4))));
    CHECK(result.accuracy == 1);
    CHECK(result.agreement == 0.5);
}

TEST_CASE("comparison: sums belong to the next tensor, the largest of several") {
    const toy reference(0, 1);
    const toy other(1, 1);
    digits::scratch_memory scratch;
    const study::tensors expected = study::capture(reference, {2}, scratch);
    CHECK(expected == study::tensors{{2}, {2}, {2, 2}});
    const auto result = study::compare(other, {2}, expected, scratch, study::sums::seen);
    CHECK(result.logits == std::vector<double>{3, 3});
    CHECK(result.edges[0].sums.k == 0);
    CHECK(result.edges[1].sums.k == 5);
    CHECK(result.edges[1].sums.proven_bits == 17);
    CHECK(result.edges[1].sums.largest == 3);
    CHECK(result.edges[2].sums.k == 0);
    CHECK(result.edges[1].energy.noise == 1);
    const study::layer_result layer = study::layer_of("mid", result.edges[1]);
    CHECK(layer.sum_terms == 5);
    CHECK(layer.sum_bits_proven == 17);
    CHECK(layer.sum_bits_observed == 3);  // 3 = 0b011
    CHECK(layer.cosine == 1);
    CHECK(study::compare(other, {2}, expected, scratch, study::sums::unseen).edges[1].sums.k == 0);
}

TEST_CASE("bits of a magnitude, sign included") {
    CHECK(study::bits_of(0) == 1);
    CHECK(study::bits_of(1) == 2);
    CHECK(study::bits_of(127) == 8);
    CHECK(study::bits_of(128) == 9);
    CHECK(study::bits_of(0x1p30 - 1) == 31);
}

TEST_CASE("numbers as the tables write them") {
    using namespace study;
    CHECK(small_percent(0) == "0");
    CHECK(small_percent(0.00001) == "<0.01");
    CHECK(small_percent(0.0003) == "0.03");
    CHECK(small_percent(0.012) == "1.2");
    CHECK(small_percent(0.43) == "43");
    CHECK(small_percent(1) == "100");
    CHECK(cosine_text(1) == "1");
    CHECK(cosine_text(0.5) == "0.5000");
    CHECK(cosine_text(0.99987654) == "0.999877");
    CHECK(cosine_text(-1) == "-1.0000");
    CHECK(points(0) == "0");
    CHECK(points(0.0022) == "+0.22");
    CHECK(points(-0.0133) == "-1.33");
    CHECK(points(-0.00001) == "0");
    CHECK(gain_text(infinity) == "exact");
    CHECK(gain_text(1.26) == "+1.3");
    CHECK(gain_text(-0.3) == "-0.3");
    CHECK(gain_text(0.04) == "0");
    recipe_result recipe;
    recipe.sqnr_db = 30;
    segment_result segment;
    segment.only.sqnr_db = 40;
    segment.rest.sqnr_db = 31.5;
    CHECK(noise_share(recipe, segment) == doctest::Approx(0.1));
    CHECK(gain_db(recipe, segment) == 1.5);
    segment.only.sqnr_db = infinity;
    CHECK(noise_share(recipe, segment) == 0);
    recipe.sqnr_db = infinity;
    CHECK(std::isnan(noise_share(recipe, segment)));
}

}  // namespace

// The two files of the program that are tried here.
#include "../../examples/study/diff.cpp"       // NOLINT
#include "../../examples/study/diff_text.cpp"  // NOLINT
