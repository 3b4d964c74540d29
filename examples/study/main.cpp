// SPDX-License-Identifier: Apache-2.0
// dyad-study: one vision transformer under every recipe; which number formats can it live in, and what does each cost?
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "calibrate.hpp"
#include "options.hpp"
#include "provenance.hpp"
#include "report.hpp"
#include "runner.hpp"

namespace study {

std::vector<recipe_entry> all_recipes() {
    std::vector<recipe_entry> all = plain_recipes();
    for (const auto& group :
         {float8_recipes(), integer_recipes(), published_recipes(), block_recipes(), group_recipes()})
        all.insert(all.end(), group.begin(), group.end());
    return all;
}

namespace {

/// Root mean square of all logits of float32.
double rms(const std::vector<image_result>& results) {
    double sum = 0;
    std::size_t n = 0;
    for (const image_result& r : results) {
        for (const double x : r.logits) sum += x * x;
        n += r.logits.size();
    }
    return n == 0 ? 1 : std::sqrt(sum / static_cast<double>(n));
}

void add_error(error_histogram& histogram, double error, double unit) {
    if (error == 0) {
        ++histogram.exact;
        return;
    }
    const double relative = std::fabs(error) / unit;
    int bin = error_histogram::bins - 1;  // NaN and infinity count as the largest errors
    if (std::isfinite(relative)) bin = std::clamp(std::ilogb(relative) + error_histogram::offset, 0, bin);
    ++histogram.counts[static_cast<std::size_t>(bin)];
}

/// Everything that is counted per image, added up in the order of the images.
recipe_result summarize(const recipe_entry& entry, const runner& subject, const std::vector<image_result>& results,
                        const std::vector<image_result>& reference, const std::vector<std::size_t>& labels) {
    recipe_result out;
    out.name = entry.name;
    out.summary = entry.summary;
    out.bits_per_weight = entry.bits_per_weight;
    out.images = results.size();
    out.weight_bytes = subject.weight_bytes();
    const double unit = rms(reference);
    std::vector<dyad::study::error_energy> edges(subject.edge_names().size());
    std::size_t agreeing = 0;
    double kl = 0;
    for (std::size_t i = 0; i < results.size(); ++i) {
        const std::size_t top = dyad::study::argmax(results[i].logits);
        out.correct += top == labels[i] ? 1U : 0U;
        agreeing += top == dyad::study::argmax(reference[i].logits) ? 1U : 0U;
        kl += dyad::study::kl_divergence(reference[i].logits, results[i].logits);
        for (std::size_t e = 0; e < edges.size(); ++e) edges[e].merge(results[i].edges[e]);
        for (std::size_t c = 0; c < results[i].logits.size(); ++c) {
            add_error(out.errors, results[i].logits[c] - reference[i].logits[c], unit);
        }
    }
    const auto n = static_cast<double>(results.size());
    const auto [low, high] = dyad::study::wilson_interval(out.correct, out.images);
    out.accuracy = static_cast<double>(out.correct) / n;
    out.accuracy_low = low;
    out.accuracy_high = high;
    out.agreement = static_cast<double>(agreeing) / n;
    out.kl = kl / n;
    out.sqnr_db = edges.back().sqnr_db();
    out.worst_layer_sqnr_db = std::numeric_limits<double>::infinity();
    for (std::size_t e = 0; e < edges.size(); ++e) {
        const double sqnr = edges[e].sqnr_db();
        out.layers.push_back({subject.edge_names()[e], sqnr});
        if (!(sqnr >= out.worst_layer_sqnr_db)) {
            out.worst_layer = subject.edge_names()[e];
            out.worst_layer_sqnr_db = sqnr;
        }
    }
    return out;
}

/// Median time of one forward pass, recipes interleaved, on this thread alone.
std::vector<double> time_recipes(const std::vector<std::unique_ptr<runner>>& runners,
                                 const std::vector<std::vector<double>>& images) {
    const std::size_t n = std::min<std::size_t>(images.size(), 31);
    std::vector<std::vector<double>> times(runners.size());
    digits::scratch_memory scratch;
    progress shown("time images", n);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t r = 0; r < runners.size(); ++r) times[r].push_back(runners[r]->time(images[i], scratch));
        shown.step();
    }
    std::vector<double> medians;
    for (auto& t : times) {
        std::nth_element(t.begin(), t.begin() + static_cast<std::ptrdiff_t>(n / 2), t.end());
        medians.push_back(t[n / 2]);
    }
    return medians;
}

study_result run(const options& chosen) {
    const digits::image_set data = digits::read_images(chosen.images, chosen.labels);
    const dyad::io::safetensors weights = dyad::io::read_safetensors(chosen.model);
    const split_images split = split_by_use(data);
    const std::vector<std::vector<double>>& images = split.test;

    // The models. float32 comes first: it gives the ranges and the reference.
    std::vector<recipe_entry> entries;
    for (const recipe_entry& e : all_recipes()) {
        if (chosen.wants(e.name)) entries.push_back(e);
    }
    std::vector<std::unique_ptr<runner>> runners;
    runners.push_back(entries.front().make(weights, {}));
    const std::vector<double> absmax = calibrate(*runners.front(), split.calibration);
    for (std::size_t r = 1; r < entries.size(); ++r) runners.push_back(entries[r].make(weights, absmax));

    std::vector<std::vector<image_result>> results(entries.size(), std::vector<image_result>(images.size()));
    for_each_image("run " + std::to_string(entries.size()) + " recipes on images", images.size(),
                   [&](std::size_t i, digits::scratch_memory& scratch) {
                       const tensors reference = runners.front()->capture(images[i], scratch);
                       for (std::size_t r = 0; r < runners.size(); ++r) {
                           results[r][i] = runners[r]->compare(images[i], reference, scratch);
                       }
                   });
    const std::vector<double> times = time_recipes(runners, images);

    study_result out;
    out.provenance = provenance(chosen, split.calibration.size(), images.size());
    for (std::size_t r = 0; r < entries.size(); ++r) {
        out.recipes.push_back(summarize(entries[r], *runners[r], results[r], results.front(), split.labels));
        out.recipes.back().ns_per_image = times[r];
    }
    return out;
}

template <class Write>
void write_file(const std::filesystem::path& name, Write&& write) {
    std::ofstream out(name, std::ios::binary);
    write(out);
    out.flush();
    if (!out) throw std::runtime_error(name.string() + ": cannot be written");
}

}  // namespace
}  // namespace study

int main(int argc, char** argv) {
    try {
        const study::options chosen = study::parse_options(argc, argv, study::all_recipes());
        if (chosen.help) {
            std::cout << study::usage(study::all_recipes());
            return 0;
        }
        const std::filesystem::path folder = chosen.out;
        std::filesystem::create_directories(folder);
        const study::study_result result = study::run(chosen);
        study::write_file(folder / "report.html", [&](std::ostream& out) { study::write_html(out, result); });
        study::write_file(folder / "report.csv", [&](std::ostream& out) { study::write_csv(out, result); });
        study::write_file(folder / "report.json", [&](std::ostream& out) { study::write_json(out, result); });
        study::print_table(std::cout, result);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "dyad-study: %s\n", e.what());
        return 2;
    }
}
