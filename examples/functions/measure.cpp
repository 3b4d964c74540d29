// SPDX-License-Identifier: Apache-2.0
// Sweeps, shards of them, curves and times.

#include "measure.hpp"
#include "../study/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <unistd.h>

#include <dyad/study/sweep.hpp>
#include <dyad/study/sweep_file.hpp>

namespace functions {
namespace {

using dyad::study::sweep_shard;

/// What a sweep is of; its name in shard files is "FUNCTION/VARIANT scale=SCALE".
struct subject {
    const function_entry* function = nullptr;
    const variant* of = nullptr;
    double scale = 1;

    [[nodiscard]] std::string name() const {
        return function->name + "/" + of->name + " scale=" + study::shortest(scale);
    }
};

bool holds(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<subject> chosen_subjects(const options& chosen) {
    std::vector<subject> subjects;
    for (const function_entry& f : all_functions()) {
        if (chosen.functions.empty() ? f.by_name_only : !holds(chosen.functions, f.name)) continue;
        const auto& scales = f.fixed_scale || chosen.scales.empty() ? f.scales : chosen.scales;
        for (const variant& v : all_variants()) {
            if (v.function != f.name || (!chosen.variants.empty() && !holds(chosen.variants, v.name))) continue;
            for (const double scale : scales) subjects.push_back({&f, &v, scale});
        }
    }
    return subjects;
}

/// References are made once for all variants of a function, and kept until another function comes.
class reference_cache {
public:
    const reference& of(const subject& s) {
        if (function_ != s.function) made_.clear();
        function_ = s.function;
        const auto found = made_.find(s.scale);
        return found != made_.end() ? found->second
                                    : made_.emplace(s.scale, s.function->make_reference(s.scale)).first->second;
    }

private:
    const function_entry* function_ = nullptr;
    std::map<double, reference> made_;
};

std::string read_file(const std::string& name) {
    std::ifstream in(name, std::ios::binary);
    if (!in || std::filesystem::is_directory(name)) throw std::runtime_error(name + ": cannot be opened");
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (in.bad()) throw std::runtime_error(name + ": cannot be read");
    return text;
}

subject subject_of(const std::string& name) {
    const std::size_t slash = std::min(name.find('/'), name.size());
    const std::size_t mark = std::min(name.rfind(" scale="), name.size());
    const std::string scale = name.substr(std::min(mark + 7, name.size()));
    for (const function_entry& f : all_functions()) {
        if (name.compare(0, slash, f.name) != 0) continue;
        for (const variant& v : all_variants()) {
            if (v.function != f.name || mark <= slash || name.substr(slash + 1, mark - slash - 1) != v.name) continue;
            const subject found{&f, &v, std::strtod(scale.c_str(), nullptr)};
            const bool own = std::find(f.scales.begin(), f.scales.end(), found.scale) != f.scales.end();
            const bool usable = own || (!f.fixed_scale && is_scale(found.scale));
            if (usable && found.name() == name) return found;
        }
    }
    throw std::runtime_error("the sweep '" + name + "' is not known to this program");
}

/// Where a subject stands in the report.
std::pair<std::ptrdiff_t, std::ptrdiff_t> place(const subject& s) {
    return {s.function - all_functions().data(), s.of - all_variants().data()};
}

/// The real input that a point of a curve is drawn at.
double drawn_at(const subject& s, std::int64_t code) {
    return static_cast<double>(code) * (s.function->kind == shape::curve ? s.scale : 1);
}

/// Of every stretch of inputs the lowest and the highest error; of very many inputs only some are looked at. Elements
/// of rows are all taken, in the order of their inputs.
std::vector<curve_point> curve_of(const subject& s, const prepared& p, const reference& exact) {
    constexpr std::uint64_t stretches = 160;
    constexpr std::uint64_t most_looks = 1 << 16;
    const codes inputs = s.function->inputs(s.scale);
    const std::uint64_t step = std::max<std::uint64_t>(1, inputs.size() / most_looks);
    std::vector<curve_point> all;
    for (std::uint64_t i = 0; i < inputs.size(); i += step) {
        const auto code = inputs.first + static_cast<std::int64_t>(i);
        all.push_back({drawn_at(s, code), dyad::study::difference(p.value(code), exact(code))});
    }
    if (s.function->kind == shape::element || all.size() <= 2 * stretches) return all;
    std::vector<curve_point> extremes;
    for (std::uint64_t i = 0; i < stretches; ++i) {
        const auto from = all.begin() + static_cast<std::ptrdiff_t>(all.size() * i / stretches);
        const auto to = all.begin() + static_cast<std::ptrdiff_t>(all.size() * (i + 1) / stretches);
        auto [low, high] = std::minmax_element(from, to, [](auto& a, auto& b) { return a.error < b.error; });
        if (high < low) std::swap(low, high);
        extremes.push_back(*low);
        if (high != low) extremes.push_back(*high);
    }
    return extremes;
}

}  // namespace

std::vector<sweep_shard> measure(const options& chosen) {
    const std::vector<subject> subjects = chosen_subjects(chosen);
    if (subjects.empty()) throw std::invalid_argument("nothing to measure: no variant of these functions");
    std::vector<sweep_shard> shards;
    reference_cache references;
    std::size_t done = 0;
    const bool shown = isatty(STDERR_FILENO) != 0;
    for (const subject& s : subjects) {
        if (shown) std::fprintf(stderr, "\rmeasure %zu of %zu", ++done, subjects.size());
        const codes inputs = s.function->inputs(s.scale);
        const codes part = dyad::study::part_of(inputs, chosen.shard, chosen.shards);
        const prepared p = s.of->make(s.scale);
        if (!p.value) continue;
        shards.push_back(
            {s.name(), inputs.first, inputs.last, dyad::study::sweep(p.value, references.of(s), part, p.ulp)});
    }
    if (shown) std::fprintf(stderr, "\n");
    if (shards.empty()) throw std::invalid_argument("nothing to measure: no variant has parameters for these scales");
    return shards;
}

std::vector<sweep_shard> merge_files(const std::vector<std::string>& files) {
    std::map<std::string, std::vector<sweep_shard>> by_name;
    for (const std::string& file : files) {
        for (sweep_shard& shard : dyad::study::from_text(read_file(file), file))
            by_name[shard.name].push_back(std::move(shard));
    }
    if (by_name.empty()) throw std::runtime_error("the files hold no sweeps");
    std::vector<std::pair<subject, sweep_shard>> merged;
    for (auto& [name, shards] : by_name) {
        const subject s = subject_of(name);
        sweep_shard whole = dyad::study::merge(std::move(shards));
        const codes inputs = s.function->inputs(s.scale);
        if (inputs.first != whole.first || inputs.last != whole.last)
            throw std::runtime_error(name + ": is of other inputs than this program's");
        merged.emplace_back(s, std::move(whole));
    }
    // The scales in the order of a run with the defaults, others behind them from large to small.
    const auto rank = [](const subject& s) {
        const auto& usual = s.function->scales;
        return std::find(usual.begin(), usual.end(), s.scale) - usual.begin();
    };
    std::stable_sort(merged.begin(), merged.end(), [&](const auto& a, const auto& b) {
        const auto key = [&](const subject& s) { return std::make_tuple(place(s), rank(s), -s.scale); };
        return key(a.first) < key(b.first);
    });
    std::vector<sweep_shard> sweeps;
    for (auto& [s, whole] : merged) sweeps.push_back(std::move(whole));
    return sweeps;
}

std::vector<outcome> complete(const std::vector<sweep_shard>& sweeps) {
    std::vector<outcome> outcomes;
    reference_cache references;
    for (const sweep_shard& sweep : sweeps) {
        const subject s = subject_of(sweep.name);
        const prepared p = s.of->make(s.scale);
        if (!p.value) throw std::runtime_error(sweep.name + ": the variant has no parameters for this scale");
        outcome o;
        o.function = s.function;
        o.subject = s.of;
        o.scale = s.scale;
        o.state = sweep.state;
        o.curve = curve_of(s, p, references.of(s));
        if (p.nanoseconds) o.nanoseconds = p.nanoseconds(s.function->inputs(s.scale));
        outcomes.push_back(std::move(o));
    }
    return outcomes;
}

}  // namespace functions
