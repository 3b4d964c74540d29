// SPDX-License-Identifier: Apache-2.0
// Ratios beside Google Benchmark's table: speeds relative to a peer in the same run, medians of repetitions that are
// interleaved at random, written to <name>.ratios.json in the build folder.
#pragma once

#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace bench {

/// "float32 to float8_e4m3fn" against "memcpy", by the names of two benchmarks that count items. Comparisons of one
/// group also give their geometric mean.
struct comparison {
    std::string work;
    std::string against;
    std::string work_benchmark;
    std::string against_benchmark;
    std::string group = {};
};

/// The console's table, and the median items per second of each benchmark's repetitions.
class recorder final : public benchmark::ConsoleReporter {
public:
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            const auto items = run.counters.find("items_per_second");
            if (run.aggregate_name == "median" && !run.error_occurred && items != run.counters.end())
                speeds_[run.run_name.function_name] = items->second.value;
        }
        ConsoleReporter::ReportRuns(runs);
    }
    /// 0 for what did not run.
    [[nodiscard]] double speed(const std::string& name) const {
        const auto found = speeds_.find(name);
        return found == speeds_.end() ? 0 : found->second;
    }

private:
    std::map<std::string, double> speeds_;
};

/// Logarithms of ratios, added up.
struct mean {
    std::string against;
    double logarithms = 0;
    int count = 0;
};

/// `[{"work": ..., "against": ..., "ratio": ..., "value": "3.6 G/s"}, ...]`, one line each; what was filtered out
/// is left out.
inline std::string to_json(const recorder& results, const std::vector<comparison>& comparisons,
                           const std::vector<std::string>& not_measured) {
    std::string json = "[";
    const auto add = [&json](const std::string& work, const std::string& against, const std::string& numbers) {
        json += json.size() == 1 ? "\n" : ",\n";
        json += "{\"work\": \"" + work + "\", \"against\": \"" + against + "\", " + numbers;
    };
    std::map<std::string, mean> groups;
    char numbers[80];
    for (const comparison& c : comparisons) {
        const double work = results.speed(c.work_benchmark);
        const double against = results.speed(c.against_benchmark);
        if (work == 0 || against == 0) continue;
        std::snprintf(numbers, sizeof numbers, "\"ratio\": %.3f, \"value\": \"%.2f G/s\"}", work / against,
                      work * 1e-9);
        add(c.work, c.against, numbers);
        if (c.group.empty()) continue;
        mean& m = groups[c.group];
        m.against = c.against;
        m.logarithms += std::log(work / against);
        ++m.count;
    }
    for (const auto& [group, m] : groups) {
        std::snprintf(numbers, sizeof numbers, "\"ratio\": %.3f, \"value\": \"geometric mean of %d\"}",
                      std::exp(m.logarithms / m.count), m.count);
        add(group, m.against, numbers);
    }
    for (const std::string& work : not_measured) add(work, "-", "\"ratio\": null, \"value\": \"not measured\"}");
    return json + "\n]\n";
}

/// The main function of a benchmark program: arguments as Google Benchmark's. Short repetitions, many and interleaved,
/// unless the arguments say otherwise. `not_measured`: work for which this machine lacks something.
inline int run(int argc, char** argv, const std::string& file, const std::vector<comparison>& comparisons,
               const std::vector<std::string>& not_measured = {}) {
    std::vector<std::string> words{argv[0],
                                   "--benchmark_repetitions=7",
                                   "--benchmark_min_time=0.005",
                                   "--benchmark_enable_random_interleaving=true",
                                   "--benchmark_report_aggregates_only=true",
                                   "--benchmark_color=false"};
    words.insert(words.end(), argv + 1, argv + argc);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
    recorder results;
    benchmark::RunSpecifiedBenchmarks(&results);
    benchmark::Shutdown();
    const std::string json = to_json(results, comparisons, not_measured);
    std::ofstream out(file);
    out << json;
    std::printf("%sratios: %s\n", json.c_str(), file.c_str());
    return out ? 0 : 1;
}

}  // namespace bench
