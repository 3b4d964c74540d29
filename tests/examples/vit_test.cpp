// SPDX-License-Identifier: Apache-2.0
// The digits transformer: logits of another framework, a recipe that only this file knows, integer-only against
// float32.
#include <dyad/nn.hpp>
#include <dyad/number.hpp>

#include <cstdint>

namespace {

/// Five bits for weights and operands, integers throughout: what a new arithmetic costs.
struct int5 {
    using weight = dyad::integer<5>;
    using operand = dyad::integer<5>;
    using probability = dyad::uinteger<5>;
    using value = dyad::integer<16>;
    using stream = dyad::integer<16>;
    using accumulator = dyad::proven<std::int32_t>;
    using scaling = dyad::nn::dyadic_scaling;
    using functions = dyad::nn::integer_functions;
    static constexpr auto product = dyad::product_rule::exact;
};

}  // namespace

#include <doctest/doctest.h>

#include "../../examples/digits/model.hpp"
#include "../../examples/study/calibrate.hpp"
#include "../../examples/study/recipe_runner.hpp"
#include "../../examples/study/recipes.hpp"
#include "../../examples/study/sensitivity.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

const std::string digits_folder = DYAD_SOURCE_FOLDER "/examples/digits/";

/// What all test cases need, computed once: images, weights, the ranges of float32's tensors, float32's logits.
struct shared {
    study::split_images split = study::split_by_use(
        digits::read_images(digits_folder + "digits_images.npy", digits_folder + "digits_labels.npy"));
    dyad::io::safetensors weights = dyad::io::read_safetensors(digits_folder + "vit_digits.safetensors");
    std::vector<dyad::nn::value_interval> ranges =
        study::calibrate(*study::make_runner<study::float32>(weights, {}), split.calibration);
    std::vector<std::vector<double>> float32 = logits<study::float32>();

    template <class R>
    [[nodiscard]] std::vector<std::vector<double>> logits() const {
        const digits::model<R> model(weights, ranges);
        std::vector<std::vector<double>> all(split.test.size());
        study::for_each_image("run on images", all.size(), [&](std::size_t i, digits::scratch_memory& scratch) {
            all[i] = model.logits(model.encode(split.test[i]), scratch);
        });
        return all;
    }
};
const shared& data() {
    static const shared once;
    return once;
}

/// How many images have the class that `expected` says.
std::size_t count_equal(const std::vector<std::vector<double>>& logits, const std::vector<std::size_t>& expected) {
    std::size_t equal = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) equal += dyad::study::argmax(logits[i]) == expected[i] ? 1U : 0U;
    return equal;
}
std::vector<std::size_t> classes_of(const std::vector<std::vector<double>>& logits) {
    std::vector<std::size_t> classes;
    for (const auto& row : logits) classes.push_back(dyad::study::argmax(row));
    return classes;
}

TEST_CASE("float32: the logits of the framework that trained the model, within 1e-4, and its classes") {
    const std::vector<double> reference =
        dyad::io::to_doubles(dyad::io::read_npy(digits_folder + "reference_logits.npy"));
    const auto& got = data().float32;
    REQUIRE(got.size() == 450);
    REQUIRE(reference.size() == 4500);
    double worst = 0;
    std::size_t where = 0;
    for (std::size_t i = 0; i < reference.size(); ++i) {
        const double error = std::fabs(got[i / 10][i % 10] - reference[i]);
        if (!(error <= worst)) {
            worst = error;
            where = i;
        }
    }
    MESSAGE("largest difference " << worst << " at logit " << where % 10 << " of image " << where / 10);
    CHECK(worst <= 1e-4);
    std::vector<std::size_t> expected;
    for (std::size_t i = 0; i < 450; ++i)
        expected.push_back(dyad::study::argmax(std::span(reference).subspan(10 * i, 10)));
    CHECK(count_equal(got, expected) == 450);
    CHECK(count_equal(got, data().split.labels) == 449);  // examples/digits/README.md
}

TEST_CASE("int8 integer-only agrees with float32 on 98.9 % of the images, and loses at most one") {
    const auto logits = data().logits<study::int8_integer_only>();
    const std::size_t agreeing = count_equal(logits, classes_of(data().float32));
    const std::size_t right = count_equal(logits, data().split.labels);
    MESSAGE(agreeing << " of 450 as float32, " << right << " right");
    CHECK(agreeing >= 446);  // 99.1 %; 445 would be 98.89 %
    CHECK(right + 1 >= count_equal(data().float32, data().split.labels));
}

TEST_CASE("a recipe of this file runs the same model: 5-bit integers") {
    const std::size_t right = count_equal(data().logits<int5>(), data().split.labels);
    MESSAGE("int5: " << right << " of 450 right, " << static_cast<double>(right) / 4.5 << " %");
    CHECK(right >= 428);  // 95.1 %
    digits::model<int5> model(data().weights, data().ranges);
    digits::model<study::int8_integer_only> wider(data().weights, data().ranges);
    CHECK(model.weight_bytes() < wider.weight_bytes());
}

TEST_CASE("the model needs the scratch memory that it asks for, and tells when there is less") {
    digits::model<int5> model(data().weights, data().ranges);
    const std::size_t need = model.net().scratch_bytes();
    const auto patches = model.encode(data().split.test.front());
    int5::stream codes[digits::classes];
    for (const std::size_t bytes :
         {need, need + 100, need - 1, need / 2, std::size_t{64}, std::size_t{1}, std::size_t{0}}) {
        CAPTURE(bytes);
        std::vector<std::byte> memory(bytes);
        dyad::arena arena(memory);
        const dyad::nn::layer_status s =
            model.net().run(dyad::make_matrix(patches.data(), digits::tokens, digits::patch_pixels),
                            dyad::make_matrix(codes, 1, digits::classes), arena);
        CHECK(s == (bytes >= need ? dyad::status::ok : dyad::status::arena_too_small));
        CHECK(arena.used() == 0);
    }
}

// --- segments

/// The segments in a row, each under one of two recipes.
std::vector<double> by_segments(const std::vector<const study::runner*>& each, const std::vector<double>& image) {
    digits::scratch_memory scratch;
    std::vector<double> values = image;
    for (int s = 0; s < digits::segments; ++s) values = each[static_cast<std::size_t>(s)]->segment(s, values, scratch);
    return values;
}

TEST_CASE("segments in a row give the bits of the whole model; mixtures give neither recipe's") {
    const auto low = study::make_runner<int5>(data().weights, data().ranges);
    const auto high = study::make_runner<study::float32>(data().weights, data().ranges);
    const auto logits = data().logits<int5>();
    const std::vector<const study::runner*> all_low(digits::segments, low.get());
    const std::vector<const study::runner*> all_high(digits::segments, high.get());
    for (std::size_t i = 0; i < data().split.test.size(); i += 30) {
        CAPTURE(i);
        const std::vector<double>& image = data().split.test[i];
        CHECK(by_segments(all_low, image) == logits[i]);
        CHECK(by_segments(all_high, image) == data().float32[i]);
        for (std::size_t s = 0; s < all_low.size(); ++s) {
            CAPTURE(s);
            auto only = all_high;
            auto rest = all_low;
            only[s] = low.get();
            rest[s] = high.get();
            CHECK(by_segments(only, image) != data().float32[i]);
            CHECK(by_segments(rest, image) != logits[i]);
        }
    }
}

TEST_CASE("the study's mixtures: one segment under the recipe has less noise than all of them") {
    const auto low = study::make_runner<int5>(data().weights, data().ranges);
    const auto high = study::make_runner<study::float32>(data().weights, data().ranges);
    digits::scratch_memory scratch;
    const std::vector<double>& image = data().split.test[3];
    const auto of_float32 = study::borders(*high, image, scratch);
    REQUIRE(of_float32.size() == static_cast<std::size_t>(digits::segments) + 1);
    CHECK(of_float32.back() == data().float32[3]);
    const study::mixed_logits mixed = study::mix(*high, *low, of_float32, scratch);
    for (std::size_t s = 0; s < static_cast<std::size_t>(digits::segments); ++s) {
        CAPTURE(s);
        std::vector<const study::runner*> only(digits::segments, high.get());
        std::vector<const study::runner*> rest(digits::segments, low.get());
        only[s] = low.get();
        rest[s] = high.get();
        CHECK(mixed.only[s] == by_segments(only, image));
        CHECK(mixed.rest[s] == by_segments(rest, image));
    }
    // float32 mixed with itself is float32.
    const study::mixed_logits same = study::mix(*high, *high, of_float32, scratch);
    for (const auto& logits : same.only) CHECK(logits == data().float32[3]);
    for (const auto& logits : same.rest) CHECK(logits == data().float32[3]);
}

// --- what the study counts at each layer

/// Keeps what it is shown.
class tally final : public study::observer {
public:
    void sums(const dyad::nn::sum_report& report) override { reports.push_back(report); }
    void tensor(std::size_t edge, std::span<const double>, std::span<const dyad::study::code_end>) override {
        edges.push_back(edge);
        products.push_back(reports.size());
    }
    std::vector<std::size_t> edges;
    std::vector<std::size_t> products;  ///< reported before that edge
    std::vector<dyad::nn::sum_report> reports;
};

TEST_CASE("a pass shows every edge once, in order, and with sums every product before its result") {
    const auto low = study::make_runner<int5>(data().weights, data().ranges);
    digits::scratch_memory scratch;
    tally plain;
    tally watched;
    const std::vector<double>& image = data().split.test[5];
    const auto logits = low->run(image, scratch, plain);
    CHECK(low->run(image, scratch, watched, study::sums::seen) == logits);
    CHECK(plain.reports.empty());
    CHECK(plain.edges == watched.edges);
    REQUIRE(watched.edges.size() == low->edge_names().size());
    for (std::size_t i = 0; i < watched.edges.size(); ++i) CHECK(watched.edges[i] == i);
    // embed, head, and in each block: q k v in one, scores and mixture of each head, projection, fc1, fc2.
    CHECK(watched.reports.size() == 2 + digits::depth * (4 + 2 * static_cast<std::size_t>(digits::heads)));
    CHECK(watched.products.front() == 0);
    CHECK(watched.products[1] == 1);  // embed
    CHECK(watched.products.back() == watched.reports.size());
    for (const auto& report : watched.reports) {
        CAPTURE(report.k);
        CHECK(report.k >= 4);
        CHECK(report.k <= 128);
        CHECK(report.largest > 0);
        CHECK(std::ilogb(report.largest) + 2 <= report.proven_bits);
        // int5 times int5: at most 2^8 K, and the bias.
        CHECK(report.largest <= 256.0 * static_cast<double>(report.k));
    }
}

TEST_CASE("comparison of a recipe with itself: nothing differs, nothing is lost") {
    const auto low = study::make_runner<int5>(data().weights, data().ranges);
    digits::scratch_memory scratch;
    const std::vector<double>& image = data().split.test[7];
    const study::tensors own = study::capture(*low, image, scratch);
    const auto result = study::compare(*low, image, own, scratch, study::sums::seen);
    for (const auto& edge : result.edges) {
        CHECK(edge.energy.noise == 0);
        CHECK(edge.direction.cosine() == doctest::Approx(1).epsilon(1e-12));
        CHECK(edge.losses.codes > 0);
        CHECK(edge.losses.clipped == 0);
        CHECK(edge.losses.zeroed == 0);
    }
    // Against values twice as large: what stood at an end is clipped, but no zero appears.
    study::tensors larger = own;
    for (auto& edge : larger) {
        for (double& x : edge) x *= 2;
    }
    std::uint64_t clipped = 0;
    for (const auto& edge : study::compare(*low, image, larger, scratch, study::sums::unseen).edges) {
        clipped += edge.losses.clipped;
        CHECK(edge.losses.zeroed == 0);
        CHECK(edge.sums.k == 0);
    }
    CHECK(clipped > 0);
}

// --- no layer and no model names a recipe

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    REQUIRE(in.good());
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}
/// The identifiers of a source file, without those of comments.
std::vector<std::string> words_of(const std::string& source) {
    std::vector<std::string> words;
    std::istringstream lines(source);
    for (std::string line; std::getline(lines, line);) {
        line.resize(std::min(line.size(), line.find("//")));
        std::string word;
        for (const char c : line + " ") {
            if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') word += c;
            else if (!word.empty()) words.push_back(std::exchange(word, {}));
        }
    }
    return words;
}
/// The names of nn/recipes.hpp: what follows `struct`, and what a `using` at the start of a line names. A name that the
/// library has for a type of numbers, an algorithm or a folder of functions (bfloat16, lmul, ivit) is no recipe's
/// alone.
std::set<std::string> recipe_names() {
    const std::string source = text_of(DYAD_SOURCE_FOLDER "/include/dyad/nn/recipes.hpp");
    std::set<std::string> names;
    std::istringstream lines(source);
    for (std::string line; std::getline(lines, line);) {
        const auto words = words_of(line);
        if (words.size() >= 2 && (line.starts_with("struct ") || line.starts_with("using "))) names.insert(words[1]);
    }
    for (const char* const of_library :
         {"bfloat16", "float16", "float8_e4m3fn", "float8_e5m2", "lmul", "ivit", "ibert", "integers", "namespace"})
        names.erase(of_library);
    return names;
}

TEST_CASE("neither the model nor a layer names a recipe") {
    const std::set<std::string> names = recipe_names();
    constexpr std::string_view expected =
        "plain_float float_between with_parts float32 int8_float_functions int8_integer_only int6 int4_weights "
        "int8_dyadic "
        "dfp16 block_scaled mxfp8 mxfp6 mxfp4 mxint8 nvfp4 ternary_weights power_quant w4a8_group32";
    for (const std::string& name : words_of(std::string(expected))) {
        CAPTURE(name);
        CHECK(names.count(name) == 1);
    }
    std::vector<std::filesystem::path> files{DYAD_SOURCE_FOLDER "/examples/digits/vit.hpp"};
    for (const auto& entry : std::filesystem::directory_iterator(DYAD_SOURCE_FOLDER "/include/dyad/nn")) {
        // (Where recipes are defined.)
        const auto name = entry.path().filename();
        if (name != "recipes.hpp" && name != "tflite_scaling.hpp") files.push_back(entry.path());
    }
    CHECK(files.size() >= 11);
    for (const auto& file : files) {
        CAPTURE(file.string());
        const auto words = words_of(text_of(file));
        CHECK(words.size() > 3);
        for (const std::string& word : words) {
            if (names.count(word) != 0) FAIL_CHECK(file.string(), " names the recipe ", word);
        }
    }
    // The search finds what is there.
    CHECK(words_of("x = study::int8_integer_only(); // dfp16") ==
          std::vector<std::string>{"x", "study", "int8_integer_only"});
}

}  // namespace
