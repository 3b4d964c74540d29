// SPDX-License-Identifier: Apache-2.0
// ViT-S blocks (197 tokens, width 384, 6 heads, MLP 1536): nn's transformer_block under recipes beside the same blocks
// in float32 by OpenBLAS and oneDNN (float_blocks.hpp). 12 blocks with weights of their own in turn, so that weights
// come from beyond level 2; biases on both sides; x is written anew before each repetition, untimed. One thread. Items
// are operations of the matrix products, 2 m n k, of all 12 blocks. Every result is compared with float32 before
// anything is timed. After the ratios: the share of each step, by clocks that a probe reads as each tensor is made.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <dyad/array/thread_executor.hpp>
#include <dyad/core/random.hpp>
#include <dyad/nn.hpp>
#include <dyad/nn/recipes.hpp>
#include <dyad/number.hpp>

#include "amx_probe.hpp"
#include "float_blocks.hpp"
#include "one_thread.hpp"
#include "ratios.hpp"

namespace {

namespace nn = dyad::nn;
using bench::depth;
using bench::parameters;
using bench::step;
using bench::step_times;
using bench::tokens;
using bench::width;
using dyad::index;
using dyad::status;

constexpr auto elements = static_cast<std::size_t>(tokens * width);

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "block_bench: %s\n", what.c_str());
    std::exit(1);
}
void require(status s, const std::string& what) {
    if (s != status::ok) fail(what + ": " + to_string(s));
}

// --- parameters ---

/// Normal numbers, by Box and Muller.
std::vector<float> normal(std::size_t n, std::uint64_t id, double mean, double deviation) {
    std::vector<float> x(n);
    for (std::size_t i = 0; i < n; ++i) {
        const double u = (static_cast<double>(dyad::random_bits(11, 2 * id, i)) + 0.5) * 0x1p-32;
        const double v = static_cast<double>(dyad::random_bits(11, 2 * id + 1, i)) * 0x1p-32;
        x[i] = static_cast<float>(mean + deviation * std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v));
    }
    return x;
}
/// Deviations that keep the scores' at about 1.4 and the stream's growth slow.
parameters make_parameters() {
    parameters all;
    std::uint64_t id = 1;
    const auto add = [&](const std::string& name, index rows, index columns, double mean, double deviation) {
        all[name] = {rows, columns, normal(static_cast<std::size_t>(rows * columns), id++, mean, deviation)};
    };
    const auto dense = [&](const std::string& name, index out, index in, double deviation) {
        add(name + ".weight", out, in, 0, deviation);
        add(name + ".bias", 1, out, 0, 0.1);
    };
    for (int i = 0; i < depth; ++i) {
        const std::string name = "blocks." + std::to_string(i);
        for (const char* norm : {".ln1", ".ln2"}) {
            add(name + norm + ".weight", 1, width, 1, 0.1);
            add(name + norm + ".bias", 1, width, 0, 0.1);
        }
        dense(name + ".attn.qkv", 3 * width, width, 0.06);
        dense(name + ".attn.proj", width, width, 0.04);
        dense(name + ".mlp.fc1", bench::hidden, width, 0.04);
        dense(name + ".mlp.fc2", width, bench::hidden, 0.02);
    }
    return all;
}

/// Largest magnitudes of the tensors between the steps, by name.
using ranges = std::map<std::string, double>;

/// Where nn's layers find their parameters, and the tensors' names and scales.
class source {
public:
    source(const parameters& all, const ranges& seen) : all_(all), seen_(seen) {}
    status parameter(std::string_view name, index rows, index columns, dyad::matrix_view<const float>& m) const {
        const auto found = all_.find(std::string(name));
        if (found == all_.end()) return status::parameter_missing;
        if (found->second.rows != rows || found->second.columns != columns) return status::extents_differ;
        m = dyad::make_matrix(found->second.values.data(), rows, columns);
        return status::ok;
    }
    int edge(std::string_view name) {
        names_.emplace_back(name);
        return static_cast<int>(names_.size()) - 1;
    }
    [[nodiscard]] double absmax(int edge) const {
        const auto found = seen_.find(names_[static_cast<std::size_t>(edge)]);
        return found == seen_.end() ? 1 : found->second;
    }
    void set_scale(int, nn::affine) {}
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

private:
    const parameters& all_;
    const ranges& seen_;
    std::vector<std::string> names_;
};

// --- nn's blocks ---

/// Memory on a page's border.
class bytes {
public:
    explicit bytes(std::size_t n)
        : size_((n + 4095) / 4096 * 4096), memory_(std::aligned_alloc(4096, size_), std::free) {
        std::memset(memory_.get(), 0, size_);
    }
    [[nodiscard]] std::span<std::byte> span() const { return {static_cast<std::byte*>(memory_.get()), size_}; }

private:
    std::size_t size_;
    std::unique_ptr<void, void (*)(void*)> memory_;
};

template <nn::recipe R>
class nn_blocks {
public:
    using stream = typename R::stream;

    nn_blocks(const parameters& all, const ranges& seen) : memory_(bytes_needed()), scratch_(0) {
        dyad::arena arena(memory_.span());
        source from(all, seen);
        require(shape(blocks_, arena), "shape");
        nn::affine scale = input_.prepare(from, nn::path("input"));
        in_scale_ = scale.scale;
        for (int i = 0; i < depth; ++i) {
            auto& block = blocks_[static_cast<std::size_t>(i)];
            require(block.prepare(from, nn::path("blocks") / i, nn::path("block") / i, bench::norm_epsilon, scale),
                    "prepare");
        }
        out_scale_ = scale.scale;
        names_ = from.names();
        dyad::arena need = dyad::arena::measuring();
        const nn::no_probe nobody;
        const dyad::serial one;
        require(forward(dyad::make_matrix<stream>(nullptr, tokens, width), need, nobody, one), "measure");
        scratch_ = bytes(need.peak());
    }
    [[nodiscard]] std::vector<stream> encode(const std::vector<float>& x) const {
        std::vector<stream> codes(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            codes[i] = dyad::convert<stream>(static_cast<double>(x[i]) / in_scale_, dyad::rounding::nearest_even,
                                             dyad::saturation::finite);
        }
        return codes;
    }
    [[nodiscard]] std::vector<float> decode(const std::vector<stream>& codes) const {
        std::vector<float> x(codes.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            x[i] = static_cast<float>(dyad::convert<double>(codes[i]) * out_scale_);
        }
        return x;
    }
    template <class Probe, class Executor>
    void run(std::vector<stream>& x, const Probe& probe, Executor& execute) {
        dyad::arena arena(scratch_.span());
        require(forward(dyad::make_matrix(x.data(), tokens, width), arena, probe, execute), "run");
    }
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

private:
    using block_list = std::array<nn::transformer_block<R>, depth>;

    static status shape(block_list& blocks, dyad::arena& arena) {
        for (auto& block : blocks) {
            if (const status s = block.shape(arena, tokens, width, bench::heads, bench::hidden); s != status::ok)
                return s;
        }
        return status::ok;
    }
    static std::size_t bytes_needed() {
        dyad::arena arena = dyad::arena::measuring();
        const auto blocks = std::make_unique<block_list>();
        require(shape(*blocks, arena), "shape");
        return arena.peak();
    }
    template <class Probe, class Executor>
    status forward(dyad::matrix_view<stream> x, dyad::arena& scratch, const Probe& probe, Executor& execute) {
        const nn::context<const Probe, Executor> context{scratch, probe, execute};
        for (const auto& block : blocks_) {
            if (const status s = block.run(x, context); s != status::ok) return s;
        }
        return status::ok;
    }

    bytes memory_;
    bytes scratch_;
    block_list blocks_;
    nn::edge<R, stream> input_;
    double in_scale_ = 1;
    double out_scale_ = 1;
    std::vector<std::string> names_;
};

/// The step that ends where a tensor is shown, by the last part of its name.
std::vector<step> steps_of(const std::vector<std::string>& names) {
    static const std::map<std::string, step> all{
        {"ln1", step::norms},       {"ln2", step::norms},      {"q", step::qkv},           {"k", step::qkv},
        {"v", step::qkv},           {"scores", step::scores},  {"softmax", step::softmax}, {"context", step::mixture},
        {"proj", step::projection}, {"sum1", step::residuals}, {"sum2", step::residuals},  {"fc1", step::first},
        {"gelu", step::gelu},       {"fc2", step::second},     {"input", step::norms}};
    std::vector<step> found;
    for (const std::string& name : names) {
        const auto known = all.find(name.substr(name.rfind('.') + 1));
        if (known == all.end()) fail("no step for the tensor " + name);
        found.push_back(known->second);
    }
    return found;
}

/// Reads the clock as tensors are made.
struct clock_probe {
    step_times& times;
    const std::vector<step>& steps;
    template <class T, class Token>
    void operator()(int edge, dyad::matrix_view<const T>, Token) const {
        times.end(steps[static_cast<std::size_t>(edge)]);
    }
};
/// Keeps the largest magnitudes.
struct range_probe {
    ranges& seen;
    const std::vector<std::string>& names;
    template <class T, class Token>
    void operator()(int edge, dyad::matrix_view<const T> codes, Token) const {
        double& largest = seen[names[static_cast<std::size_t>(edge)]];
        for (index i = 0; i < codes.extent[0]; ++i) {
            for (index j = 0; j < codes.extent[1]; ++j) {
                largest = std::max(largest, std::fabs(dyad::convert<double>(codes(i, j))));
            }
        }
    }
};

// --- candidates ---

/// Runs all blocks on a fresh x.
struct candidate {
    std::string name;
    std::function<void()> refresh;
    std::function<void(step_times&)> run;        ///< as fast as it goes
    std::function<void(step_times&)> stepwise;   ///< the same, timed step by step
    std::function<std::vector<float>()> result;  ///< what the last run gave
};

candidate float_candidate(const std::string& name, std::unique_ptr<bench::float_blocks> blocks,
                          const std::vector<float>& input) {
    const std::shared_ptr<bench::float_blocks> all = std::move(blocks);
    const auto x = std::make_shared<std::vector<float>>(elements);
    const auto run = [=](step_times& times) { all->run(x->data(), times); };
    return {name, [=, &input] { *x = input; }, run, run, [=] { return *x; }};
}

template <nn::recipe R>
candidate nn_candidate(const std::string& name, const parameters& all, const ranges& seen,
                       const std::vector<float>& input) {
    const auto blocks = std::make_shared<nn_blocks<R>>(all, seen);
    const auto codes = blocks->encode(input);
    const auto x = std::make_shared<std::vector<typename R::stream>>(codes);
    const auto steps = std::make_shared<std::vector<step>>(steps_of(blocks->names()));
    static const dyad::serial one;
    // Two tasks give the bits of one.
    blocks->run(*x, nn::no_probe{}, one);
    auto by_two = codes;
    dyad::thread_executor two(2);
    blocks->run(by_two, nn::no_probe{}, two);
    if (std::memcmp(by_two.data(), x->data(), by_two.size() * sizeof by_two[0]) != 0)
        fail(name + ": two tasks differ from one");
    return {name, [=] { *x = codes; }, [=](step_times&) { blocks->run(*x, nn::no_probe{}, one); },
            [=](step_times& times) {
                times.start();
                blocks->run(*x, clock_probe{times, *steps}, one);
            },
            [=] { return blocks->decode(*x); }};
}

/// Decibels of the signal over the difference.
double sqnr(const std::vector<float>& expected, const std::vector<float>& x) {
    double signal = 0;
    double noise = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const auto e = static_cast<double>(expected[i]);
        signal += e * e;
        noise += (e - static_cast<double>(x[i])) * (e - static_cast<double>(x[i]));
    }
    return 10 * std::log10(signal / noise);
}

/// Runs it once; ends the program where the result is further from float32's than `decibels`.
void check(const candidate& c, const std::vector<float>& expected, double decibels) {
    step_times unused;
    c.refresh();
    c.run(unused);
    const double measured = sqnr(expected, c.result());
    std::printf("%-28s SQNR after %d blocks %.1f dB\n", c.name.c_str(), depth, measured);
    if (!(measured >= decibels)) fail(c.name + " is too far from float32");
}

/// Of one block: operations of a step's products, 0 where it has none.
constexpr double operations(step s) {
    const auto of = [](index k, index n) { return 2.0 * static_cast<double>(tokens * k * n); };
    switch (s) {
        case step::qkv: return of(width, 3 * width);
        case step::scores:
        case step::mixture: return of(width, tokens);
        case step::projection: return of(width, width);
        case step::first:
        case step::second: return of(width, bench::hidden);
        default: return 0;
    }
}
constexpr double operations() {
    double all = 0;
    for (std::size_t s = 0; s < bench::steps; ++s) all += operations(static_cast<step>(s));
    return all * depth;
}

void add(const candidate& c) {
    benchmark::RegisterBenchmark(
        c.name.c_str(),
        [&c](benchmark::State& state) {
            step_times unused;
            for (auto _ : state) {
                c.refresh();
                const double begin = bench::thread_seconds();
                c.run(unused);
                state.SetIterationTime(bench::thread_seconds() - begin);
            }
            state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(operations()));
        })
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
}

/// Microseconds of each step of one block, medians of interleaved rounds, and their shares.
void print_steps(const std::vector<candidate>& all) {
    constexpr std::size_t rounds = 5;
    std::vector<std::vector<step_times>> measured(all.size());
    for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t c = 0; c < all.size(); ++c) {
            all[c].refresh();
            all[c].stepwise(measured[c].emplace_back());
        }
    }
    std::vector<std::array<double, bench::steps>> medians(all.size());
    std::vector<double> totals(all.size());
    for (std::size_t c = 0; c < all.size(); ++c) {
        for (std::size_t s = 0; s < bench::steps; ++s) {
            std::array<double, rounds> times;
            for (std::size_t r = 0; r < rounds; ++r) times[r] = measured[c][r].seconds[s] * 1e6 / depth;
            std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
            medians[c][s] = times[rounds / 2];
            totals[c] += medians[c][s];
        }
    }
    std::printf("\nOne block's steps: microseconds, share, G operations/s\n%-11s", "");
    for (const candidate& c : all) std::printf(" %21s", c.name.c_str());
    for (std::size_t s = 0; s < bench::steps; ++s) {
        std::printf("\n%-11s", bench::step_names[s]);
        for (std::size_t c = 0; c < all.size(); ++c) {
            std::printf(" %8.0f %5.1f %%", medians[c][s], 100 * medians[c][s] / totals[c]);
            const double work = operations(static_cast<step>(s));
            if (work > 0) std::printf(" %4.0f", work / medians[c][s] * 1e-3);
            else std::printf("     ");
        }
    }
    std::printf("\n%-11s", "all");
    for (const double total : totals) std::printf(" %8.0f  100 %%  %4.0f", total, operations() / depth / total * 1e-3);
    std::printf("\n");
}

/// Float32 by nn's own recipe: ranges of all tensors, and what the last block gives.
ranges calibrate(const parameters& all, const std::vector<float>& input, std::vector<float>& output) {
    ranges seen;
    for (const float x : input) seen["input"] = std::max(seen["input"], std::fabs(static_cast<double>(x)));
    nn_blocks<nn::recipes::float32> reference(all, seen);
    std::vector<float> x = input;
    const dyad::serial one;
    reference.run(x, range_probe{seen, reference.names()}, one);
    output = x;
    return seen;
}

}  // namespace

int main(int argc, char** argv) {
    bench::use_one_thread(argv);
    std::printf("%s\n", bench::amx_state().c_str());
    std::vector<std::string> not_measured;
    if (dyad::best_instruction_set() < dyad::instruction_set::amx) not_measured.emplace_back("all by AMX");
    const parameters all = make_parameters();
    const std::vector<float> input = normal(elements, 0, 0, 1);
    std::vector<float> expected;
    const ranges seen = calibrate(all, input, expected);

    std::vector<candidate> candidates;
    for (const auto& [p, name] : {std::pair{bench::peer::openblas, "OpenBLAS"},
                                  {bench::peer::onednn_sgemm, "oneDNN sgemm"},
                                  {bench::peer::onednn_matmul, "oneDNN matmul"}}) {
        auto blocks = bench::make_float_blocks(p, all);
        if (blocks == nullptr) {
            not_measured.push_back(std::string("against ") + name + " (not installed)");
            continue;
        }
        candidates.push_back(float_candidate(name, std::move(blocks), input));
        check(candidates.back(), expected, 100);
    }
    const std::size_t peers = candidates.size();
    const auto add_nn = [&](candidate c, double decibels) {
        check(c, expected, decibels);
        candidates.push_back(std::move(c));
    };
    using namespace nn::recipes;
    add_nn(nn_candidate<int8_dyadic_stream8>("int8, stream int8", all, seen, input), 18);
    add_nn(nn_candidate<int8_dyadic>("int8, stream int16", all, seen, input), 18);
    add_nn(nn_candidate<int8_integer_only>("int8, values int16", all, seen, input), 20);
    add_nn(nn_candidate<ivit>("I-ViT", all, seen, input), 10);
    add_nn(nn_candidate<float8_e4m3fn>("FP8", all, seen, input), 20);
    add_nn(nn_candidate<mxfp4>("MXFP4", all, seen, input), 8);

    std::vector<bench::comparison> comparisons;
    for (const candidate& c : candidates) add(c);
    for (std::size_t c = peers; c < candidates.size(); ++c) {
        for (std::size_t p = 0; p < peers; ++p) {
            comparisons.push_back(
                {"ViT-S blocks, " + candidates[c].name, candidates[p].name, candidates[c].name, candidates[p].name});
        }
    }
    const int done = bench::run(argc, argv, DYAD_BENCH_FOLDER "/block.ratios.json", comparisons, not_measured);
    print_steps(candidates);
    std::printf("%s\n", bench::amx_state().c_str());
    return done;
}
