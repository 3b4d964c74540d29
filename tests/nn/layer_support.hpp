// SPDX-License-Identifier: Apache-2.0
// What one layer needs to run alone: parameters by name, memory of exactly the right size, executors, and a measure of
// the error against doubles.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <dyad/array/arena.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/number/convert.hpp>

#include "nn/test_recipes.hpp"

namespace dyad_test {

using dyad::index;
using dyad::matrix_view;
using dyad::status;

/// Row-major doubles.
struct real_matrix {
    index rows = 0;
    index columns = 0;
    std::vector<double> values;

    real_matrix() = default;
    real_matrix(index r, index c) : rows(r), columns(c), values(static_cast<std::size_t>(r * c)) {}
    [[nodiscard]] double& operator()(index i, index j) { return values[static_cast<std::size_t>(i * columns + j)]; }
    [[nodiscard]] double operator()(index i, index j) const {
        return values[static_cast<std::size_t>(i * columns + j)];
    }
    [[nodiscard]] double absmax() const {
        double largest = 0;
        for (const double x : values) largest = std::max(largest, std::fabs(x));
        return largest;
    }
};

/// Sums of four uniform numbers, between -absmax and absmax, each exactly a float; the same on every machine.
[[nodiscard]] inline real_matrix random_matrix(index rows, index columns, double absmax, std::uint64_t seed) {
    std::mt19937_64 engine(seed);
    real_matrix m(rows, columns);
    for (double& x : m.values) {
        double sum = 0;
        for (int i = 0; i < 4; ++i) sum += static_cast<double>(engine() >> 11) * 0x1p-53 - 0.5;
        x = static_cast<double>(static_cast<float>(sum / 2 * absmax));
    }
    return m;
}
[[nodiscard]] inline real_matrix constant_matrix(index rows, index columns, double x) {
    real_matrix m(rows, columns);
    std::fill(m.values.begin(), m.values.end(), x);
    return m;
}

/// A preparation_source: float parameters and ranges by name. Remembers what it was asked and told.
class parameters {
public:
    void add(const std::string& name, const real_matrix& m) {
        entry& e = tensors_[name];
        e = {m.rows, m.columns, {}};
        for (const double x : m.values) e.values.push_back(static_cast<float>(x));
    }
    void remove(const std::string& name) { tensors_.erase(name); }
    void set_range(const std::string& edge_name, double absmax) { ranges_[edge_name] = absmax; }
    [[nodiscard]] real_matrix get(const std::string& name) const {
        const entry& e = tensors_.at(name);
        real_matrix m(e.rows, e.columns);
        for (std::size_t i = 0; i < e.values.size(); ++i) m.values[i] = static_cast<double>(e.values[i]);
        return m;
    }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& [name, tensor] : tensors_) all.push_back(name);
        return all;
    }

    status parameter(std::string_view name, index rows, index columns, matrix_view<const float>& m) {
        const auto found = tensors_.find(std::string(name));
        if (found == tensors_.end()) return status::parameter_missing;
        const entry& e = found->second;
        if (e.rows != rows || e.columns != columns) return status::parameter_shape_differs;
        m = dyad::make_matrix(e.values.data(), rows, columns);
        return status::ok;
    }
    int edge(std::string_view name) {
        edges.emplace_back(name);
        scales.push_back(0);
        return static_cast<int>(edges.size()) - 1;
    }
    [[nodiscard]] double absmax(int number) const {
        const auto found = ranges_.find(edges[static_cast<std::size_t>(number)]);
        return found == ranges_.end() ? 1 : found->second;
    }
    void set_scale(int number, const dyad::nn::affine& q) { scales[static_cast<std::size_t>(number)] = q.scale; }

    std::vector<std::string> edges;
    std::vector<double> scales;

private:
    struct entry {
        index rows = 0;
        index columns = 0;
        std::vector<float> values;
    };
    std::map<std::string, entry> tensors_;
    std::map<std::string, double> ranges_;
};

static_assert(dyad::nn::preparation_source<parameters>);

/// Tasks on several threads, in an order that the seed shuffles.
struct shuffling {
    unsigned threads = 1;
    std::uint64_t seed = 1;

    template <class Task>
    void operator()(index n, Task&& task) const {
        std::vector<index> order(static_cast<std::size_t>(n));
        std::iota(order.begin(), order.end(), index{0});
        std::mt19937_64 engine(seed);
        for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[engine() % i]);
        const auto share = [&](std::size_t first) {
            for (std::size_t i = first; i < order.size(); i += threads) task(order[i]);
        };
        std::vector<std::thread> others;
        for (unsigned t = 1; t < threads; ++t) others.emplace_back(share, t);
        share(0);
        for (std::thread& t : others) t.join();
    }
};

static_assert(dyad::executor<const shuffling>);

inline constexpr shuffling one_after_another;

/// Calls run(context) with a context over `bytes` bytes of memory that is aligned to `skew` modulo 64.
template <class Run, class Probe = const dyad::nn::no_probe, class Executor = const shuffling>
status run_in(std::size_t bytes, Run&& run, Executor&& execute = {}, Probe&& probe = {}, std::size_t skew = 0) {
    std::vector<std::byte> memory(bytes + 2 * dyad::arena::alignment);
    const std::size_t past = reinterpret_cast<std::uintptr_t>(memory.data()) % dyad::arena::alignment;
    dyad::arena arena(std::span<std::byte>(memory).subspan(dyad::arena::alignment - past + skew, bytes));
    return run(
        dyad::nn::context<std::remove_reference_t<Probe>, std::remove_reference_t<Executor>>{arena, probe, execute});
}
/// The scratch memory that run(context) asks for, in bytes.
template <class Run>
[[nodiscard]] std::size_t scratch_needed(Run&& run) {
    dyad::arena arena = dyad::arena::measuring();
    const dyad::nn::no_probe nobody;
    const shuffling one_thread;
    const status s = run(dyad::nn::context<const dyad::nn::no_probe, const shuffling>{arena, nobody, one_thread});
    CHECK(s == status::ok);
    return arena.peak();
}

/// A layer and its memory.
template <class Layer>
struct with_memory {
    Layer layer;
    std::vector<std::byte> memory;
};
/// shape(layer, arena) in exactly the memory that a measuring pass counts; with less it must fail.
template <class Layer, class Shape>
[[nodiscard]] with_memory<Layer> shaped(Shape&& shape) {
    dyad::arena need = dyad::arena::measuring();
    Layer measured;
    REQUIRE(shape(measured, need) == status::ok);
    for (std::size_t less = need.used(); less > 0; less -= dyad::arena::alignment) {
        std::vector<std::byte> memory(less - 1);
        dyad::arena arena(memory);
        Layer layer;
        CHECK(shape(layer, arena) == status::arena_too_small);
    }
    with_memory<Layer> result{{}, std::vector<std::byte>(need.used())};
    dyad::arena arena(result.memory);
    REQUIRE(shape(result.layer, arena) == status::ok);
    return result;
}

template <class T>
[[nodiscard]] bool equal_bits(const std::vector<T>& x, const std::vector<T>& y) {
    return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0);
}

/// The codes that run(in, out, context) writes, rows x columns. Checks what holds for every layer: a measuring pass on
/// null views counts exactly the scratch memory that is needed; less gives arena_too_small; where the memory lies, how
/// many tasks run at once and in which order changes no bit.
template <class Out, class In, class Run>
[[nodiscard]] std::vector<Out> run_checked(const std::vector<In>& in, index in_rows, index in_columns, index rows,
                                           index columns, Run&& run) {
    const auto in_view = dyad::make_matrix(in.data(), in_rows, in_columns);
    const std::size_t need = scratch_needed([&](const auto& context) {
        return run(dyad::make_matrix<const In>(nullptr, in_rows, in_columns),
                   dyad::make_matrix<Out>(nullptr, rows, columns), context);
    });
    const dyad::nn::no_probe nobody;
    const auto once = [&](std::size_t bytes, status expected, const shuffling& execute, std::size_t skew) {
        std::vector<Out> out(static_cast<std::size_t>(rows * columns));
        const auto out_view = dyad::make_matrix(out.data(), rows, columns);
        const status s = run_in(
            bytes, [&](const auto& context) { return run(in_view, out_view, context); }, execute, nobody, skew);
        CHECK_MESSAGE(s == expected, to_string(s), " with ", bytes, " bytes of ", need);
        return out;
    };
    std::vector<Out> out(static_cast<std::size_t>(rows * columns));
    REQUIRE(run_in(need, [&](const auto& context) {
                return run(in_view, dyad::make_matrix(out.data(), rows, columns), context);
            }) == status::ok);
    for (unsigned threads = 1; threads <= 4; ++threads) {
        CHECK(equal_bits(out,
                         once(need, status::ok, {threads, 7 + threads}, 16 * (threads - 1) + (threads == 4 ? 15 : 0))));
    }
    for (std::size_t less = need; less > 0; less -= std::min(less, std::max(need / 640 * 64, dyad::arena::alignment))) {
        static_cast<void>(once(less - 1, status::arena_too_small, {}, 0));
    }
    return out;
}

template <class T>
[[nodiscard]] std::vector<T> encode(const real_matrix& m, double scale) {
    std::vector<T> codes;
    for (const double x : m.values) {
        codes.push_back(dyad::convert<T>(x / scale, dyad::rounding::nearest_even, dyad::saturation::finite));
    }
    return codes;
}
template <class T>
[[nodiscard]] real_matrix decode(const std::vector<T>& codes, index rows, index columns, double scale) {
    real_matrix m(rows, columns);
    for (std::size_t i = 0; i < codes.size(); ++i) m.values[i] = dyad::convert<double>(codes[i]) * scale;
    return m;
}

/// Signal to noise ratio in dB.
[[nodiscard]] inline double sqnr(const real_matrix& expected, const real_matrix& got) {
    double signal = 0;
    double noise = 0;
    for (std::size_t i = 0; i < expected.values.size(); ++i) {
        const double e = got.values[i] - expected.values[i];
        signal += expected.values[i] * expected.values[i];
        noise += e * e;
    }
    return noise == 0 ? 1e9 : 10 * std::log10(signal / noise);
}
/// The largest error in units of the last place that the largest expected value has as a float.
[[nodiscard]] inline double worst_ulps(const real_matrix& expected, const real_matrix& got) {
    const double ulp = std::ldexp(1.0, std::ilogb(expected.absmax()) - 23);
    double worst = 0;
    for (std::size_t i = 0; i < expected.values.size(); ++i) {
        const double e = std::fabs(got.values[i] - expected.values[i]) / ulp;
        worst = e <= worst ? worst : e;  // keeps NaN
    }
    return worst;
}
/// The worst of several tensors.
struct worst_tensor {
    double ulps = 0;
    double decibels = 1e9;
    std::string name;

    template <class R>
    void add(const std::string& tensor, const real_matrix& expected, const real_matrix& got) {
        REQUIRE(expected.values.size() == got.values.size());
        const bool by_ulps = std::same_as<R, in_float32>;
        const double error = by_ulps ? worst_ulps(expected, got) : sqnr(expected, got);
        if (by_ulps ? error <= ulps : error >= decibels) return;  // NaN is the worst
        (by_ulps ? ulps : decibels) = error;
        name = tensor;
    }
    template <class R>
    void check(const std::string& what, const error_bounds& bounds) const {
        if constexpr (std::same_as<R, in_float32>) {
            MESSAGE(what << ", " << R::name() << ": " << ulps << " ulps " << name);
            CHECK(ulps <= bounds.float32_ulps);
        } else {
            MESSAGE(what << ", " << R::name() << ": " << decibels << " dB " << name);
            CHECK(decibels >= bounds.decibels<R>());
            // A bound that has become loose tells nothing.
            CHECK(decibels < bounds.decibels<R>() + 3);
        }
    }
};
template <class R>
void check_error(const std::string& what, const real_matrix& expected, const real_matrix& got,
                 const error_bounds& bounds) {
    worst_tensor only;
    only.add<R>("", expected, got);
    only.check<R>(what, bounds);
}

/// Keeps what it is shown, decoded but for the static scale, by edge number.
struct recorder {
    struct tensor {
        int edge = -1;
        real_matrix codes;
    };
    std::vector<tensor> seen;

    template <class T, class Token>
    void operator()(int edge, matrix_view<const T> codes, Token token) {
        real_matrix m(codes.extent[0], codes.extent[1]);
        for (index i = 0; i < m.rows; ++i) {
            for (index j = 0; j < m.columns; ++j)
                m(i, j) = dyad::convert<double>(codes(i, j)) * dyad::nn::factor_at(token, i, j);
        }
        seen.push_back({edge, std::move(m)});
    }
};

}  // namespace dyad_test
