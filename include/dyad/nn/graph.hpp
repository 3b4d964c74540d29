// SPDX-License-Identifier: Apache-2.0
// graph: steps with named inputs, in an order in which they can run. Value 0 is the graph's input, value i + 1 what
// node i gives; the last node gives the graph's output.
//   using block = graph<R, node<conv2d<R>>, node<conv2d<R>, 1>, node<residual_step<R>, 2, 0>>;   // conv, conv, sum
// Values between nodes lie in scratch memory, those that are never alive together in the same.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <dyad/array/arena.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/nn/context.hpp>
#include <dyad/nn/layer_status.hpp>
#include <dyad/nn/memory_plan.hpp>
#include <dyad/nn/preparation.hpp>
#include <dyad/nn/recipe.hpp>
#include <dyad/nn/step.hpp>

namespace dyad::inline v1::nn {

/// A step that reads these values: none named is the graph's input.
template <step Step, std::size_t... Values>
struct node {
    using step_type = Step;
    static constexpr std::array<std::size_t, sizeof...(Values)> values{Values...};
};
template <step Step>
struct node<Step> : node<Step, 0> {};

/// Kind: what a status names where the fault lies in no step.
template <layer_kind Kind, recipe R, class... Nodes>
class basic_graph {
    static constexpr std::size_t count = sizeof...(Nodes);
    static_assert(count > 0, "dyad::nn::graph needs a node.");
    template <std::size_t I>
    using node_at = std::tuple_element_t<I, std::tuple<Nodes...>>;
    template <std::size_t I>
    using step_at = typename node_at<I>::step_type;
    template <std::size_t I>
    using every = std::integral_constant<std::size_t, I>;
    using extents = std::array<std::array<index, 2>, count + 1>;

    static constexpr bool reads_earlier_values() noexcept {
        std::size_t i = 0;
        bool all = true;
        const auto check = [&](const auto& values) {
            for (const std::size_t v : values) all = all && v <= i;
            ++i;
        };
        (check(Nodes::values), ...);
        return all;
    }
    static_assert(reads_earlier_values(),
                  "dyad::nn::graph: a node reads values that exist: 0, the input, to i of node i.");
    /// The last node that reads each value.
    static constexpr std::array<int, count + 1> last_readers() noexcept {
        std::array<int, count + 1> last{};
        last.fill(-1);
        int i = 0;
        const auto note = [&](const auto& values) {
            for (const std::size_t v : values) last[v] = i;
            ++i;
        };
        (note(Nodes::values), ...);
        return last;
    }
    static constexpr bool every_value_is_read() noexcept {
        for (std::size_t v = 0; v < count; ++v) {
            if (last_readers()[v] < 0) return false;
        }
        return true;
    }
    static_assert(every_value_is_read(), "dyad::nn::graph: a node reads each value but the last.");
    /// The number type of value V.
    template <std::size_t V>
    static constexpr auto type_of_value() noexcept {
        if constexpr (V == 0) return std::type_identity<typename step_at<0>::input>{};
        else return std::type_identity<typename step_at<V - 1>::output>{};
    }
    template <std::size_t V>
    using value_type = typename decltype(type_of_value<V>())::type;

public:
    using input = value_type<0>;
    using output = value_type<count>;
    struct geometry {
        std::array<index, 2> in;
        std::tuple<typename Nodes::step_type::geometry...> steps;
    };
    static constexpr auto kind = Kind;
    static constexpr auto edge_of_output = output_edge::inside;

    template <std::size_t I>
    [[nodiscard]] step_at<I>& at() noexcept {
        return std::get<I>(steps_);
    }
    template <std::size_t I>
    [[nodiscard]] const step_at<I>& at() const noexcept {
        return std::get<I>(steps_);
    }
    /// Names of the nodes, for parameters (name.label.weight) and edges (name.label): their numbers where there are
    /// none. The characters must live until the graph is prepared.
    void label(const std::array<std::string_view, count>& labels) noexcept { labels_ = labels; }

    /// Shapes every step for inputs of `in` rows and columns, which the other extents must follow from.
    layer_status shape(arena& memory, const geometry& g) noexcept {
        const layer_status s =
            each([&]<std::size_t I>(every<I>) { return named(at<I>().shape(memory, std::get<I>(g.steps))); });
        extents e;
        return s == status::ok ? find_extents(g.in, e) : s;
    }
    layer_status shape(arena& memory, const std::array<index, 2>& in,
                       const typename Nodes::step_type::geometry&... steps) noexcept {
        return shape(memory, {in, {steps...}});
    }
    layer_status out_extent(const std::array<index, 2>& in, std::array<index, 2>& out) const noexcept {
        extents e;
        const layer_status s = find_extents(in, e);
        if (s == status::ok) out = e[count];
        return s;
    }

    /// Prepares all steps in order: parameters name.label, edges `name.label`, the output's among them. `out`: what the
    /// codes of the output mean.
    template <preparation_source Source>
    layer_status prepare(Source& source, const path& name, const affine& in, affine& out) noexcept {
        std::array<affine, count + 1> q{};
        q[0] = in;
        const layer_status s = each([&]<std::size_t I>(every<I> i) {
            return with_values(
                i, [&]<std::size_t... V>(every<V>...) {
                    return prepare_node<I>(source, labelled<I>(name), several(q[V]...), q[I + 1]);
                });
        });
        out = q[count];
        return s;
    }

    /// Shows every value but the input to the probe.
    template <class Context>
    layer_status run(matrix_view<const input> in, matrix_view<output> out, const Context& context) const noexcept {
        extents e;
        if (const layer_status s = find_extents(in.extent, e); s != status::ok) return s;
        if (out.extent[0] != e[count][0]) return {status::dst_rows_differ, kind, operand_kind::output};
        if (out.extent[1] != e[count][1]) return {status::dst_columns_differ, kind, operand_kind::output};
        if (!context.measuring() && in.data == nullptr && !in.is_empty())
            return {status::lhs_null, kind, operand_kind::input};
        if (!context.measuring() && out.data == nullptr && !out.is_empty())
            return {status::dst_null, kind, operand_kind::output};
        const auto plan = plan_memory(lives(e));
        const std::size_t mark = context.scratch.used();
        vector_view<std::byte> memory;
        constexpr auto most = static_cast<std::size_t>(std::numeric_limits<index>::max());
        if (plan.bytes > most) return {status::arena_too_small, kind, operand_kind::memory};
        if (const status s = context.scratch.take(static_cast<index>(plan.bytes), memory); s != status::ok)
            return in_layer(kind, s);
        const auto value = [&]<std::size_t V>(every<V>) -> matrix_view<value_type<V>> {
            if constexpr (V == count) return out;
            else return view_of<V>(memory.data, plan.place[V - 1], e[V]);
        };
        const auto read = [&]<std::size_t V>(every<V> v) -> matrix_view<const value_type<V>> {
            if constexpr (V == 0) return in;
            else return as_const(value(v));
        };
        const layer_status s = each([&]<std::size_t I>(every<I> i) {
            const std::size_t inner = context.scratch.used();
            const layer_status ran = with_values(
                i, [&]<std::size_t... V>(every<V>... v) {
                    return named(at<I>().run(several(read(v)...), value(every<I + 1>{}), context));
                });
            context.scratch.rewind(inner);
            if constexpr (step_at<I>::edge_of_output != output_edge::inside) {
                if (ran == status::ok) context.show(edges_[I], as_const(value(every<I + 1>{})), static_scale{});
            }
            return ran;
        });
        context.scratch.rewind(mark);
        return s;
    }

    template <class Visitor>
    status visit(Visitor& v) noexcept {
        return each([&]<std::size_t I>(every<I>) { return layer_status(at<I>().visit(v)); });
    }

private:
    /// What a step without a name says is said by the graph.
    static layer_status named(const layer_status& s) noexcept {
        return s.operand() == operand_kind::none ? in_layer(kind, s) : in_layer(kind, s.operand(), s);
    }
    /// One thing by itself, several as an array.
    template <class T>
    static const T& several(const T& one) noexcept {
        return one;
    }
    template <class T, std::same_as<T>... More>
        requires(sizeof...(More) > 0)
    static std::array<T, 1 + sizeof...(More)> several(const T& first, const More&... more) noexcept {
        return {first, more...};
    }

    /// f(every<0>), f(every<1>) ... until one fails.
    template <class F>
    static layer_status each(const F& f) noexcept {
        layer_status s;
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            static_cast<void>((((s = f(every<I>{})) == status::ok) && ...));
        }
        (std::make_index_sequence<count>{});
        return s;
    }
    /// f(every<V>...) with the values that node I reads.
    template <std::size_t I, class F>
    static layer_status with_values(every<I>, const F& f) noexcept {
        constexpr auto& values = node_at<I>::values;
        return [&]<std::size_t... K>(std::index_sequence<K...>) {
            static_assert((std::is_same_v<value_type<values[K]>, typename step_at<I>::input> && ...),
                          "dyad::nn::graph: a node's inputs have the number type that the node before it gives.");
            return f(every<values[K]>{}...);
        }
        (std::make_index_sequence<values.size()>{});
    }
    template <std::size_t I>
    [[nodiscard]] path labelled(const path& name) const noexcept {
        return labels_[I].empty() ? name / static_cast<int>(I) : name / labels_[I];
    }

    layer_status find_extents(const std::array<index, 2>& in, extents& e) const noexcept {
        e[0] = in;
        return each([&]<std::size_t I>(every<I> i) {
            return with_values(
                i, [&]<std::size_t... V>(every<V>...) {
                    return named(at<I>().out_extent(several(e[V]...), e[I + 1]));
                });
        });
    }
    template <std::size_t I, preparation_source Source, class In>
    layer_status prepare_node(Source& source, const path& name, const In& in, affine& out) noexcept {
        edge<R, typename step_at<I>::output> made;
        if constexpr (step_at<I>::edge_of_output == output_edge::calibrated) out = made.prepare(source, name);
        const layer_status s = named(at<I>().prepare(source, name, in, out));
        if constexpr (step_at<I>::edge_of_output == output_edge::told) {
            if (s == status::ok) static_cast<void>(made.prepare_as(source, name, out));
        }
        edges_[I] = made.number;
        return s;
    }
    /// Of the values between nodes.
    [[nodiscard]] static std::array<value_life, count - 1> lives(const extents& e) noexcept {
        return [&]<std::size_t... V>(std::index_sequence<V...>) {
            return std::array<value_life, count - 1>{
                value_life{bytes_of<value_type<V + 1>>(e[V + 1]), static_cast<int>(V), last_readers()[V + 1]}...};
        }
        (std::make_index_sequence<count - 1>{});
    }
    template <std::size_t V>
    [[nodiscard]] static matrix_view<value_type<V>> view_of(std::byte* memory, std::size_t place,
                                                            const std::array<index, 2>& extent) noexcept {
        auto* const data = memory == nullptr ? nullptr : reinterpret_cast<value_type<V>*>(memory + place);
        return make_matrix(data, extent[0], extent[1]);
    }

    std::tuple<typename Nodes::step_type...> steps_;
    std::array<std::string_view, count> labels_{};
    std::array<int, count> edges_{};
};

template <recipe R, class... Nodes>
using graph = basic_graph<layer_kind::graph, R, Nodes...>;

}  // namespace dyad::inline v1::nn
