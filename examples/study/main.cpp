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
#include "diff.hpp"
#include "options.hpp"
#include "provenance.hpp"
#include "report.hpp"
#include "runner.hpp"
#include "sensitivity.hpp"
#include "summary.hpp"

namespace study {

std::vector<recipe_entry> all_recipes() {
    std::vector<recipe_entry> all = plain_recipes();
    for (const auto& group : {float8_recipes(), integer_recipes(), published_recipes(), block_recipes(),
                              group_recipes(), mixed_recipes(), mixed_integer_recipes()})
        all.insert(all.end(), group.begin(), group.end());
    return all;
}

namespace {

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
    const auto ranges = calibrate(*runners.front(), split.calibration);
    for (std::size_t r = 1; r < entries.size(); ++r) runners.push_back(entries[r].make(weights, ranges));

    const sums reported = chosen.layers == detail::everything ? sums::seen : sums::unseen;
    std::vector<std::vector<image_result>> results(entries.size(), std::vector<image_result>(images.size()));
    for_each_image("run " + std::to_string(entries.size()) + " recipes on images", images.size(),
                   [&](std::size_t i, digits::scratch_memory& scratch) {
                       const tensors reference = capture(*runners.front(), images[i], scratch);
                       for (std::size_t r = 0; r < runners.size(); ++r) {
                           results[r][i] = compare(*runners[r], images[i], reference, scratch, reported);
                       }
                   });
    const std::vector<double> times = time_recipes(runners, images);

    study_result out;
    out.layers = chosen.layers;
    out.provenance = provenance(chosen, split.calibration.size(), images.size());
    for (std::size_t r = 0; r < entries.size(); ++r) {
        out.recipes.push_back(summarize(entries[r], *runners[r], results[r], results.front(), split.labels));
        out.recipes.back().ns_per_image = times[r];
    }
    if (chosen.layers == detail::everything) {
        auto segments = sensitivities(runners, images, split.labels);
        for (std::size_t r = 0; r < entries.size(); ++r) out.recipes[r].segments = std::move(segments[r]);
    }
    return out;
}

/// Two recipes, prepared with the ranges of a third: float32.
diff_result run_diff(const options& chosen) {
    const digits::image_set data = digits::read_images(chosen.images, chosen.labels);
    const dyad::io::safetensors weights = dyad::io::read_safetensors(chosen.model);
    const split_images split = split_by_use(data);
    const std::vector<recipe_entry> known = all_recipes();
    const auto ranges = calibrate(*known.front().make(weights, {}), split.calibration);
    const auto entry_of = [&](const std::string& name) {
        return *std::find_if(known.begin(), known.end(), [&](const recipe_entry& e) { return name == e.name; });
    };
    const recipe_entry a = entry_of(chosen.a);
    const recipe_entry b = entry_of(chosen.b);
    diff_result out = diff(a, *a.make(weights, ranges), b, *b.make(weights, ranges), split.test, split.labels);
    out.provenance = provenance(chosen, split.calibration.size(), split.test.size());
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
        if (chosen.wanted == study::task::diff) {
            const study::diff_result result = study::run_diff(chosen);
            study::write_file(folder / "diff.html", [&](std::ostream& out) { study::write_diff_html(out, result); });
            study::write_file(folder / "diff.json", [&](std::ostream& out) { study::write_diff_json(out, result); });
            study::print_diff(std::cout, result);
            return 0;
        }
        const study::study_result result = study::run(chosen);
        study::write_file(folder / "report.html", [&](std::ostream& out) { study::write_html(out, result); });
        study::write_file(folder / "report.csv", [&](std::ostream& out) { study::write_csv(out, result); });
        study::write_file(folder / "report.json", [&](std::ostream& out) { study::write_json(out, result); });
        study::print_table(std::cout, result);
        if (result.layers == study::detail::everything) study::print_layers(std::cout, result);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "dyad-study: %s\n", e.what());
        return 2;
    }
}
