// SPDX-License-Identifier: Apache-2.0
// quantize and dequantize of matrices compared with the reference: any strides, tiles, executors, instruction sets.
#pragma once

#include <dyad/array/quantize.hpp>

#include <doctest/doctest.h>

#include "support/quantize_check.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace dyad_test {

using dyad::index;

/// How a matrix lies in memory.
enum class strides { row_major, padded, transposed, backwards, stepped };
inline constexpr std::array all_strides{strides::row_major, strides::padded, strides::transposed, strides::backwards,
                                        strides::stepped};

/// A matrix with memory around and between its elements.
template <class T>
class placed_matrix {
public:
    placed_matrix(index rows, index columns, strides how, T filling) {
        index step[2] = {columns, 1};
        if (how == strides::padded) step[0] = columns + 5;
        if (how == strides::transposed) step[0] = 1, step[1] = rows;
        if (how == strides::backwards) step[0] = -columns, step[1] = -1;
        if (how == strides::stepped) step[0] = 3 * columns, step[1] = 3;
        const index behind =
            std::abs(step[0]) * std::max<index>(rows - 1, 0) + std::abs(step[1]) * std::max<index>(columns - 1, 0);
        memory_.assign(static_cast<std::size_t>(behind + 15), filling);
        T* first = memory_.data() + 7 + (step[0] < 0 ? behind : 0);
        view_ = {first, {rows, columns}, {step[0], step[1]}};
        outside_.assign(memory_.size(), true);
        for (index i = 0; i < rows; ++i)
            for (index j = 0; j < columns; ++j)
                outside_[static_cast<std::size_t>(&view_(i, j) - memory_.data())] = false;
    }

    dyad::matrix_view<T> view() const { return view_; }
    /// Does all that is not in the matrix still hold the filling?
    template <class Same>
    bool kept(Same same) const {
        for (std::size_t i = 0; i < memory_.size(); ++i)
            if (outside_[i] && !same(memory_[i])) return false;
        return true;
    }

private:
    std::vector<T> memory_;
    std::vector<bool> outside_;
    dyad::matrix_view<T> view_;
};

/// Tasks shared out among threads, the last ones first.
struct threads {
    index count = 1;

    void operator()(index n, const std::function<void(index)>& task) const {
        std::vector<std::thread> running;
        for (index worker = count - 1; worker >= 0; --worker) {
            running.emplace_back([&task, worker, n, this] {
                for (index i = n - 1; i >= 0; --i)
                    if (i % count == worker) task(i);
            });
        }
        for (std::thread& thread : running) thread.join();
    }
};

struct matrix_case {
    index rows = 0;
    index columns = 0;
    std::array<index, 2> tile = {1, dyad::whole_extent};
    strides src = strides::row_major;
    strides codes = strides::row_major;
    bool scales_by_column = false;

    friend std::ostream& operator<<(std::ostream& out, const matrix_case& m) {
        return out << m.rows << " x " << m.columns << " in tiles of " << m.tile[0] << " x " << m.tile[1] << ", strides "
                   << static_cast<int>(m.src) << " to " << static_cast<int>(m.codes);
    }
};

/// Values of many binades with zeros, and what a seed of 0 modulo 5 adds: NaN and infinities.
inline float matrix_value(index i, index j, std::uint64_t seed) {
    const auto bits = dyad::random_bits(seed, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(j));
    if (bits % 29 == 0) return bits % 2 == 0 ? 0.0f : -0.0f;
    if (seed % 5 == 0 && bits % 211 == 1) return not_a_number;
    if (seed % 5 == 0 && bits % 223 == 2) return bits % 2 == 0 ? infinity : -infinity;
    const int exponent = static_cast<int>((bits >> 24) % 7) - 3 + static_cast<int>(seed % 3) * 20;
    const auto m = static_cast<float>(bits % 3 == 0 ? (bits >> 4) % 32 : (bits >> 4) % 65536 + 65536);
    return std::ldexp((bits >> 21) % 2 == 0 ? m : -m, exponent - (bits % 3 == 0 ? 3 : 16));
}

/// One matrix format: elements E, scales S, zero points of type Zero (or none).
template <class E, class S, class Zero = dyad::no_zero_points>
class matrix_check {
public:
    static constexpr bool has_zero_points = !std::same_as<Zero, dyad::no_zero_points>;

    explicit matrix_check(tally& cases) : cases_(cases) {}

    /// Quantizes with `executor`, or by the kernels of one instruction set.
    template <class Rule, class Run>
    void run(const matrix_case& m, const request<Rule>& r, std::uint64_t seed, const Run& quantize_it) {
        placed_matrix<float> src(m.rows, m.columns, m.src, 1e30f);
        for (index i = 0; i < m.rows; ++i)
            for (index j = 0; j < m.columns; ++j) src.view()(i, j) = matrix_value(i, j, seed);
        placed_matrix<E> codes(m.rows, m.columns, m.codes, E::from_bits(1));
        const index down = dyad::tiles_of(m.rows, m.tile[0]);
        const index across = dyad::tiles_of(m.columns, m.tile[1]);
        std::vector<S> scales(static_cast<std::size_t>(down * across));
        dyad::scale_map<S> map{scales.data(), m.tile, {across, 1}, r.tensor_scale};
        if (m.scales_by_column) map.stride = {1, down};
        std::vector<std::int32_t> zeros(scales.size());
        Zero zero_points{};
        if constexpr (has_zero_points) zero_points = {zeros.data()};
        const dyad::quantized_view<dyad::matrix_view<E>, S, Zero> dst{codes.view(), map, zero_points};

        const dyad::status answer = quantize_it(dyad::as_const(src.view()), dst, r);
        if (answer != dyad::status::ok) return cases_.check(false, to_string(answer), " ", m, " ", r);
        compare(m, r, src.view(), dst, zeros);
        cases_.check(codes.kept([](E x) { return x.bits() == E::from_bits(1).bits(); }), m, ": codes outside");
        check_back(m, dst, zeros);
    }

private:
    template <class Rule, class View>
    void compare(const matrix_case& m, const request<Rule>& r, dyad::matrix_view<float> src, const View& dst,
                 const std::vector<std::int32_t>& zeros) {
        const reference::group_recipe how{scaling_of(r.choice.rule), r.choice.headroom, r.tensor_scale, 0, r.policy};
        const index height = std::min(m.tile[0], m.rows);
        const index width = std::min(m.tile[1], m.columns);
        std::vector<float> x;
        std::vector<std::uint64_t> indices;
        for (index top = 0; top < m.rows; top += height) {
            for (index left = 0; left < m.columns; left += width) {
                x.clear();
                indices.clear();
                for (index i = top; i < std::min(top + height, m.rows); ++i) {
                    for (index j = left; j < std::min(left + width, m.columns); ++j) {
                        x.push_back(src(i, j));
                        indices.push_back(static_cast<std::uint64_t>(i * m.columns + j));
                    }
                }
                quantize_group(e_, s_, how, x, indices, r.rounding, group_);
                const S& scale = dst.scales(top, left);
                bool same = scale_traits<S>::code(scale) == group_.scale;
                if constexpr (has_zero_points) {
                    const auto place = static_cast<std::size_t>(&scale - dst.scales.data);
                    same = same && zeros[place] == group_.zero_point;
                }
                cases_.check(same, m, " ", r, ": scale ", scale_traits<S>::code(scale), " not ", group_.scale,
                             ", or the zero point not ", group_.zero_point);
                std::size_t k = 0;
                for (index i = top; i < std::min(top + height, m.rows); ++i) {
                    for (index j = left; j < std::min(left + width, m.columns); ++j, ++k) {
                        const std::int64_t code = reference::model_code(dst.codes(i, j));
                        cases_.check(code == group_.codes[k], m, " ", r, ": code ", code, " not ", group_.codes[k],
                                     " of ", x[k], " under ", group_.scale);
                    }
                }
            }
        }
    }

    template <class View>
    void check_back(const matrix_case& m, const View& dst, const std::vector<std::int32_t>& zeros) {
        placed_matrix<float> back(m.rows, m.columns, m.src, 17.0f);
        const dyad::status answer = dyad::dequantize(dst, back.view());
        if (answer != dyad::status::ok) return cases_.check(false, to_string(answer), " ", m);
        for (index i = 0; i < m.rows; ++i) {
            for (index j = 0; j < m.columns; ++j) {
                const S& scale = dst.scales(i, j);
                std::int64_t zero = 0;
                if constexpr (has_zero_points) zero = zeros[static_cast<std::size_t>(&scale - dst.scales.data)];
                const float y = expected_value(e_, reference::model_code(dst.codes(i, j)), zero,
                                               scale_traits<S>::value(scale), dst.scales.tensor_scale);
                cases_.check(same_float(back.view()(i, j), y), m, ": value ", back.view()(i, j), " not ", y);
            }
        }
        cases_.check(back.kept([](float x) { return x == 17.0f; }), m, ": numbers outside");
    }

    tally& cases_;
    reference::element_format e_ = reference::element_format_of<E>();
    reference::scale_format s_ = scale_traits<S>::format();
    reference::quantized_group group_;
};

/// quantize with an executor.
template <class Executor = dyad::serial>
auto with_executor(Executor executor = {}) {
    return [executor](const auto& src, const auto& dst, const auto& r) {
        return dyad::quantize(src, dst, r.choice, r.rounding, r.policy, executor);
    };
}

/// quantize by the kernels of one instruction set.
inline auto with_instruction_set(dyad::instruction_set isa) {
    return [isa](const auto& src, const auto& dst, const auto& r) {
        return dyad::quantize(src, dst, r.choice, r.rounding, r.policy, dyad::serial{}, isa);
    };
}

}  // namespace dyad_test
