// SPDX-License-Identifier: Apache-2.0
// dyad-functions: how wrong is each integer form of each function, over all of its inputs, and how fast?
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <dyad/kernels/cpu.hpp>
#include <dyad/study/sweep_file.hpp>

#include "commit.hpp"  // generated when the program is built

#include "../study/machine.hpp"
#include "measure.hpp"
#include "options.hpp"
#include "report.hpp"

namespace functions {
namespace {

std::vector<std::pair<std::string, std::string>> provenance(const options& chosen) {
    return {
        {"dyad", study::library_version()},
        {"commit", study::commit},
        {"compiler", study::compiler_name()},
        {"flags", DYAD_FUNCTIONS_FLAGS},
        {"cpu", study::cpu_text()},
        {"instruction set", dyad::to_string(dyad::best_instruction_set())},
        {"references", "Boost.Multiprecision, 50 digits or more, rounded once to 106 binary digits"},
        {"errors", "value - reference as a double, its own error at most 2^-52 of it; sums are exact"},
        {"command", chosen.command},
    };
}

template <class Write>
void write_file(const std::filesystem::path& name, Write&& write) {
    std::ofstream out(name, std::ios::binary);
    write(out);
    out.flush();
    if (!out) throw std::runtime_error(name.string() + ": cannot be written");
}

void save_shard(const options& chosen) {
    const auto shards = measure(chosen);
    const std::filesystem::path file = chosen.save;
    if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
    write_file(file, [&](std::ostream& out) { out << dyad::study::to_text(shards); });
    std::cout << chosen.save << ": part " << chosen.shard + 1 << " of " << chosen.shards << ", " << shards.size()
              << " sweeps\n";
}

void write_report(const options& chosen) {
    const std::filesystem::path folder = chosen.out;
    std::filesystem::create_directories(folder);
    study_result result;
    result.outcomes = complete(chosen.merge.empty() ? measure(chosen) : merge_files(chosen.merge));
    result.provenance = provenance(chosen);
    write_file(folder / "report.html", [&](std::ostream& out) { write_html(out, result); });
    write_file(folder / "report.csv", [&](std::ostream& out) { write_csv(out, result); });
    write_file(folder / "report.json", [&](std::ostream& out) { write_json(out, result); });
    print_table(std::cout, result);
}

}  // namespace
}  // namespace functions

int main(int argc, char** argv) {
    try {
        const functions::options chosen = functions::parse_options(argc, argv);
        if (chosen.help) std::cout << functions::usage();
        else if (chosen.list) std::cout << functions::list_text();
        else if (!chosen.save.empty()) functions::save_shard(chosen);
        else functions::write_report(chosen);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "dyad-functions: %s\n", e.what());
        return 2;
    }
}
