// SPDX-License-Identifier: Apache-2.0
// conv2d: two-dimensional convolution, planned once and run as often as wanted; the sums are conv2d_plain.hpp's bit for
// bit. Each group is a product of matrices, output pixels x (kernel row, kernel column, channel) times that x output
// channels, whose left side is gathered while it is packed; few channels in a group take conv2d_depthwise.hpp's way.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include <dyad/array/arena.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/image_view.hpp>
#include <dyad/array/overlap.hpp>
#include <dyad/array/status.hpp>
#include <dyad/linalg/conv2d_depthwise.hpp>
#include <dyad/linalg/conv2d_plain.hpp>
#include <dyad/linalg/conv2d_shape.hpp>
#include <dyad/linalg/emit.hpp>
#include <dyad/linalg/gemm_arithmetic.hpp>
#include <dyad/linalg/im2col.hpp>
#include <dyad/linalg/packed_operand.hpp>
#include <dyad/linalg/product.hpp>
#include <dyad/linalg/zero_points.hpp>

namespace dyad::inline v1 {

/// What a caller may choose beside shape and arithmetic.
template <number In>
struct conv2d_options {
    In padding = {};                             ///< what is read outside the image: the code of 0, or of a zero point
    std::uint64_t max_bias = 0;                  ///< largest |bias| that the epilogue adds to a sum, in the sum's units
    instruction_set cap = instruction_set::amx;  ///< use at most this; the bits do not depend on it
};

/// How a plan computes.
enum class conv2d_way : std::uint8_t {
    product,    ///< a matrix product for each group
    depthwise,  ///< across channels
    plain       ///< plain loops: there is no kernel for the formats
};

/// What a plan computes with, for people and logs.
struct conv2d_description {
    dyad::carrier carrier;
    conv2d_way way;
    instruction_set isa;
    const char* kernel;
    std::uint64_t max_k;          ///< largest product of kernel extents and group channels whose sums cannot overflow
    index flush_length;           ///< products in one chain, 0 where sums are not chained
    index pixels;                 ///< output pixels: rows of the product
    index depth;                  ///< products in a sum
    std::size_t workspace_bytes;  ///< with weights that are not packed
    std::size_t packed_bytes;
};

/// A checked convolution of an image of In (batch x height x width x channels) with weights (out x kernel height x
/// kernel width x channels of a group) to an image of any type. Layouts are strides: see array/image_view.hpp. Make one
/// with `make`, ask workspace_bytes, call run as often as wanted, from any thread. Constant weights are packed once.
template <number In, number Weight, class Accumulator>
class conv2d_plan {
    using arithmetic = gemm_arithmetic<In, Weight, Accumulator, product_rule::exact>;
    using kernel_type = typename arithmetic::kernel_type;
    using L = typename kernel_type::lhs_type;
    using R = typename kernel_type::rhs_type;
    using S = typename kernel_type::sum_type;
    using total_type = typename arithmetic::total_type;
    using blocks_type = product_blocks<L, R, S>;
    static constexpr bool has_kernel = arithmetic::has_kernel;
    static constexpr bool has_depthwise = has_kernel && arithmetic::chain == 0 && std::same_as<S, total_type> &&
                                          (std::same_as<S, std::int32_t> || std::same_as<S, float>);
    using depthwise_type = depthwise_convolution<In, Weight, L, S>;

public:
    using sum_type = typename Accumulator::sum_type;
    using options_type = conv2d_options<In>;

    static status make(const conv2d_shape& shape, const options_type& options, conv2d_plan& plan) noexcept {
        if (const status s = dyad::check(shape); s != status::ok) return s;
        const std::uint64_t most = max_k(options.max_bias);
        if (static_cast<std::uint64_t>(shape.depth()) > most) {
            const bool by_bias = most == 0 && max_k(0) != 0;
            return by_bias ? status::bias_exceeds_accumulator : status::k_exceeds_accumulator;
        }
        const instruction_set best = best_instruction_set();
        plan.shape_ = shape;
        plan.padding_ = options.padding;
        plan.isa_ = options.cap < best ? options.cap : best;
        return status::ok;
    }

    /// Largest kernel height * kernel width * channels of a group.
    [[nodiscard]] static constexpr std::uint64_t max_k(std::uint64_t max_bias) noexcept {
        return arithmetic::max_k(max_bias);
    }
    [[nodiscard]] const conv2d_shape& shape() const noexcept { return shape_; }
    [[nodiscard]] std::size_t workspace_bytes() const noexcept {
        const std::size_t weights = way() == conv2d_way::product ? group_bytes() : weight_bytes();
        return saturating_sum(packed_workspace_bytes(), weights);
    }
    /// For runs with packed weights.
    [[nodiscard]] std::size_t packed_workspace_bytes() const noexcept {
        if constexpr (has_depthwise) {
            if (way() == conv2d_way::depthwise) return saturating_sum(depthwise().image_bytes(), arena::alignment);
        }
        if constexpr (has_kernel) return saturating_sum(blocks(piece()).lhs_bytes(), arena::alignment);
        else return 0;
    }
    /// What `pack` fills.
    [[nodiscard]] std::size_t packed_bytes() const noexcept {
        return saturating_sum(sizeof(packed_header), weight_bytes());
    }
    [[nodiscard]] conv2d_description describe() const noexcept {
        conv2d_description d{
            arithmetic::carrier, way(),         isa_, "plain loop", max_k(0), 0, shape_.pixels(), shape_.depth(),
            workspace_bytes(),   packed_bytes()};
        if constexpr (plain::is_chained<Accumulator>) d.flush_length = Accumulator::length;
        if (d.way == conv2d_way::plain) d.isa = instruction_set::scalar;
        if (d.way == conv2d_way::depthwise) d.kernel = "depthwise";
        if constexpr (has_kernel) {
            if (d.way == conv2d_way::product) {
                d.kernel = arithmetic::kernel(isa_).name;
                d.isa = arithmetic::kernel(isa_).isa;
            }
        }
        return d;
    }

    /// Packs weights for runs of this plan, or of one that differs in batch, height, width, steps or padding only. The
    /// memory must be 64-byte aligned.
    template <executor Executor = serial>
    status pack(image_view<const Weight> weights, std::span<std::byte> memory, Executor&& execute = {}) const noexcept
        requires(has_kernel) {
        if (const status s = check_weights(weights); s != status::ok) return s;
        const bool aligned = reinterpret_cast<std::uintptr_t>(memory.data()) % 64 == 0;
        if (!aligned || memory.data() == nullptr || memory.size() < packed_bytes())
            return status::packed_memory_too_small;
        if (overlap(memory_of(memory), memory_of(weights))) return status::dst_overlaps_rhs;
        packed_header header = expected_header();
        std::byte* const panels = memory.data() + sizeof header;
        std::uint16_t smallest = no_magnitude;
        if (way() == conv2d_way::depthwise) {
            if constexpr (has_depthwise) depthwise().pack(weights, panels);
        } else {
            for (index g = 0; g < shape_.groups; ++g) {
                const auto at = panels + static_cast<std::size_t>(g) * group_bytes();
                const std::uint16_t s = pack_group(weights, g, at, execute);
                smallest = s < smallest ? s : smallest;
            }
        }
        header.smallest = smallest;
        header = sealed(header);
        __builtin_memcpy(memory.data(), &header, sizeof header);
        return status::ok;
    }

    /// Runs the plan. dst may not overlap itself, the operands or the workspace. `epilogue(sum, row, column)` gives the
    /// element of output pixel `row` (image, row, column in order) and output channel `column`. Nothing is written
    /// unless the status is ok. In statuses the input is lhs (rows: batch, height or width; columns: channels), the
    /// weights are rhs (rows: kernel extents or channels of a group; columns: output channels).
    template <class D, class Epilogue, executor Executor = serial>
    status run(image_view<const In> input, image_view<const Weight> weights, image_view<D> dst,
               const Epilogue& epilogue, std::span<std::byte> workspace, Executor&& execute = {}) const noexcept {
        if (const status s = check(input, dst, epilogue, workspace, workspace_bytes()); s != status::ok) return s;
        if (const status s = check_weights(weights); s != status::ok) return s;
        if (overlap(memory_of(dst), memory_of(weights))) return status::dst_overlaps_rhs;
        if (overlap(memory_of(workspace), memory_of(weights))) return status::workspace_overlaps_operand;
        if (dst.is_empty()) return status::ok;
        if constexpr (has_kernel) {
            std::byte* const room = aligned(workspace);
            std::byte* const panels = room + (packed_workspace_bytes() - arena::alignment);
            if constexpr (has_depthwise) {
                if (way() == conv2d_way::depthwise) {
                    depthwise().pack(weights, panels);
                    depthwise().run(input, padding_, panels, room, dst, epilogue, arithmetic::finish(), execute);
                    return status::ok;
                }
            }
            for (index g = 0; g < shape_.groups; ++g) {
                const std::uint16_t smallest = pack_group(weights, g, panels, execute);
                multiply_group(input, g, room, panels, smallest, dst, epilogue, execute);
            }
        } else {
            run_plain(input, weights, dst, epilogue, execute);
        }
        return status::ok;
    }

    /// The same with weights that `pack` has packed for this machine's kernel.
    template <class D, class Epilogue, executor Executor = serial>
    status run(image_view<const In> input, packed_operand weights, image_view<D> dst, const Epilogue& epilogue,
               std::span<std::byte> workspace, Executor&& execute = {}) const noexcept requires(has_kernel) {
        if (const status s = check(input, dst, epilogue, workspace, packed_workspace_bytes()); s != status::ok)
            return s;
        packed_header header;
        if (const status s = check_packed(weights.bytes, expected_header(), header); s != status::ok) return s;
        if (overlap(memory_of(dst), memory_of(weights.bytes))) return status::dst_overlaps_rhs;
        if (overlap(memory_of(workspace), memory_of(weights.bytes))) return status::workspace_overlaps_operand;
        if (dst.is_empty()) return status::ok;
        const std::byte* const panels = weights.bytes.data() + sizeof header;
        std::byte* const room = aligned(workspace);
        if constexpr (has_depthwise) {
            if (way() == conv2d_way::depthwise) {
                depthwise().run(input, padding_, panels, room, dst, epilogue, arithmetic::finish(), execute);
                return status::ok;
            }
        }
        const auto smallest = static_cast<std::uint16_t>(header.smallest);
        for (index g = 0; g < shape_.groups; ++g) {
            const auto at = panels + static_cast<std::size_t>(g) * group_bytes();
            multiply_group(input, g, room, at, smallest, dst, epilogue, execute);
        }
        return status::ok;
    }

    /// Sums of codes for zero points (linalg/zero_points.hpp), padding included: sums(pixel, group) of the windows of
    /// the input, and sums(output channel) of the weights. Instead of dst the fault may lie with `sums`.
    template <executor Executor = serial>
    status sum_windows(image_view<const In> input, matrix_view<std::int32_t> sums,
                       Executor&& execute = {}) const noexcept requires(has_kernel&& std::integral<L>) {
        if (const status s = check_input(input); s != status::ok) return s;
        if (sums.extent[0] != shape_.pixels()) return status::dst_rows_differ;
        if (sums.extent[1] != shape_.groups) return status::dst_columns_differ;
        if (sums.data == nullptr && !sums.is_empty()) return status::dst_null;
        if (overlaps_itself(sums)) return status::dst_overlaps_itself;
        if (overlap(memory_of(sums), memory_of(input))) return status::dst_overlaps_lhs;
        const index tasks = pieces_of(shape_.pixels(), sum_lines_task);
        execute(tasks * shape_.groups, [&](index t) {
            const index g = t / tasks;
            sum_task(lines(input, g), t % tasks * sum_lines_task, column(sums, g));
        });
        return status::ok;
    }
    status sum_weights(image_view<const Weight> weights, vector_view<std::int32_t> sums) const noexcept
        requires(has_kernel&& std::integral<R>) {
        if (const status s = check_weights(weights); s != status::ok) return s;
        if (sums.extent[0] != shape_.out_channels) return status::dst_columns_differ;
        if (sums.data == nullptr && !sums.is_empty()) return status::dst_null;
        if (sums.extent[0] > 1 && sums.stride[0] == 0) return status::dst_overlaps_itself;
        if (overlap(memory_of(sums), memory_of(weights))) return status::dst_overlaps_rhs;
        const auto source = im2col_source<Weight, R>::of_weights(weights, isa_);
        for (index first = 0; first < shape_.out_channels; first += sum_lines_task) sum_task(source, first, sums);
        return status::ok;
    }

private:
    /// Output pixels that are packed and multiplied at once: enough for tasks, few enough for the second cache.
    static constexpr index most_pixels = 2048;

    [[nodiscard]] conv2d_way way() const noexcept {
        if (!has_kernel) return conv2d_way::plain;
        return has_depthwise && suits_depthwise(shape_) ? conv2d_way::depthwise : conv2d_way::product;
    }
    [[nodiscard]] depthwise_type depthwise() const noexcept { return depthwise_type(shape_, isa_); }
    [[nodiscard]] index piece() const noexcept {
        const index pixels = shape_.pixels();
        return pixels < most_pixels ? pixels : most_pixels;
    }
    [[nodiscard]] blocks_type blocks(index pixels) const noexcept {
        return blocks_type(arithmetic::kernel(isa_), pixels, shape_.depth(), shape_.group_outputs(), arithmetic::chain);
    }
    /// Packed weights of one group; of all.
    [[nodiscard]] std::size_t group_bytes() const noexcept {
        if constexpr (has_kernel) return blocks(0).rhs_bytes();
        else return 0;
    }
    [[nodiscard]] std::size_t weight_bytes() const noexcept {
        if constexpr (has_depthwise) {
            if (way() == conv2d_way::depthwise) return depthwise().weight_bytes();
        }
        return saturating_product(static_cast<std::size_t>(shape_.groups), group_bytes());
    }
    [[nodiscard]] packed_header expected_header() const noexcept {
        const bool across = way() == conv2d_way::depthwise;
        packed_header header;
        fingerprint print;
        print.add("conv2d").add(arithmetic::kernel(isa_).name).add(static_cast<std::int64_t>(isa_));
        print.add(shape_.kernel_height).add(shape_.kernel_width).add(shape_.groups).add(across ? 1 : 0);
        header.kernel = print.add(arithmetic::rhs_fingerprint).value();
        header.bytes = packed_bytes();
        header.k = shape_.depth();
        header.n = shape_.out_channels;
        header.block = across ? 0 : blocks(0).depth().largest();
        header.chain = arithmetic::chain;
        return header;
    }
    [[nodiscard]] static std::byte* aligned(std::span<std::byte> memory) noexcept {
        return memory.data() + (0 - reinterpret_cast<std::uintptr_t>(memory.data())) % arena::alignment;
    }

    /// The lines of one group's product.
    [[nodiscard]] im2col_source<In, L> lines(image_view<const In> input, index group) const noexcept {
        const index channels = shape_.group_channels();
        return {shape_, channel_block(input, group * channels, channels), padding_, isa_};
    }
    template <class Source>
    void sum_task(const Source& source, index first, vector_view<std::int32_t> sums) const noexcept {
        std::int32_t some[sum_lines_task];
        const index rest = source.lines() - first;
        const index count = rest < sum_lines_task ? rest : sum_lines_task;
        sum_lines(isa_, source, first, count, some);
        for (index i = 0; i < count; ++i) sums(first + i) = some[i];
    }
    [[nodiscard]] static vector_view<std::int32_t> column(matrix_view<std::int32_t> m, index j) noexcept {
        return row(transposed(m), j);
    }

    status check_input(image_view<const In> input) const noexcept {
        const conv2d_shape& s = shape_;
        if (input.extent[0] != s.batch || input.extent[1] != s.height || input.extent[2] != s.width)
            return status::lhs_rows_differ;
        if (input.extent[3] != s.channels) return status::lhs_columns_differ;
        return input.data == nullptr && !input.is_empty() ? status::lhs_null : status::ok;
    }
    template <class D, class Epilogue>
    status check(image_view<const In> input, image_view<D> dst, const Epilogue& epilogue,
                 std::span<std::byte> workspace, std::size_t needed) const noexcept {
        static_assert(epilogue_for<Epilogue, sum_type, D>, "dyad::conv2d_plan's epilogue must give dst's elements.");
        const conv2d_shape& s = shape_;
        if (const status fault = check_input(input); fault != status::ok) return fault;
        if (dst.extent[0] != s.batch || dst.extent[1] != s.out_height() || dst.extent[2] != s.out_width())
            return status::dst_rows_differ;
        if (dst.extent[3] != s.out_channels) return status::dst_columns_differ;
        if (dst.data == nullptr && !dst.is_empty()) return status::dst_null;
        if (overlaps_itself(dst)) return status::dst_overlaps_itself;
        if (overlap(memory_of(dst), memory_of(input))) return status::dst_overlaps_lhs;
        if (needed != 0 && (workspace.data() == nullptr || workspace.size() < needed))
            return status::workspace_too_small;
        const byte_range scratch = memory_of(workspace);
        if (overlap(scratch, memory_of(input)) || overlap(scratch, memory_of(dst)))
            return status::workspace_overlaps_operand;
        return check_epilogue(epilogue, s.pixels(), s.out_channels);
    }
    status check_weights(image_view<const Weight> weights) const noexcept {
        const conv2d_shape& s = shape_;
        if (weights.extent[0] != s.out_channels) return status::rhs_columns_differ;
        if (weights.extent[1] != s.kernel_height || weights.extent[2] != s.kernel_width ||
            weights.extent[3] != s.group_channels())
            return status::rhs_rows_differ;
        return weights.data == nullptr && !weights.is_empty() ? status::rhs_null : status::ok;
    }

    template <class Executor>
    std::uint16_t pack_group(image_view<const Weight> weights, index g, std::byte* to,
                             Executor& execute) const noexcept {
        const index outputs = shape_.group_outputs();
        const auto source = im2col_source<Weight, R>::of_weights(outer_block(weights, g * outputs, outputs), isa_);
        return pack_rhs(blocks(0), source, to, arithmetic::expected, execute);
    }

    /// One group, piece by piece: as many pixels as lie in dst at one distance, at most most_pixels.
    template <class D, class Epilogue, class Executor>
    void multiply_group(image_view<const In> input, index g, std::byte* lhs_panels, const std::byte* rhs_panels,
                        std::uint16_t smallest, image_view<D> dst, const Epilogue& epilogue,
                        Executor& execute) const noexcept {
        const index outputs = shape_.group_outputs();
        const image_view<D> part = channel_block(dst, g * outputs, outputs);
        const im2col_source<In, L> all = lines(input, g);
        const index width = dst.extent[2];
        const bool rows_meet = dst.extent[1] == 1 || dst.stride[1] == width * dst.stride[2];
        const bool images_meet =
            rows_meet && (dst.extent[0] == 1 || dst.stride[0] == dst.extent[1] * width * dst.stride[2]);
        const index pixels = shape_.pixels();
        const index stretch = images_meet ? pixels : rows_meet ? dst.extent[1] * width : width;
        for (index first = 0; first < pixels; first += stretch) {
            const index row = first / width;
            D* const at = &part(row / dst.extent[1], row % dst.extent[1], 0, 0);
            for (index done = 0; done < stretch; done += most_pixels) {
                const index count = stretch - done < most_pixels ? stretch - done : most_pixels;
                const matrix_view<D> rows{at + done * dst.stride[2], {count, outputs}, {dst.stride[2], dst.stride[3]}};
                multiply_packed<total_type>(blocks(count), all.part(first + done, count), lhs_panels, rhs_panels,
                                            smallest, arithmetic::expected, rows,
                                            moved(epilogue, first + done, g * outputs), arithmetic::finish(), execute);
            }
        }
    }

    template <class D, class Epilogue, class Executor>
    void run_plain(image_view<const In> input, image_view<const Weight> weights, image_view<D> dst,
                   const Epilogue& epilogue, Executor& execute) const noexcept {
        const index width = dst.extent[2];
        execute(shape_.batch * dst.extent[1], [&](index row) {
            const default_float_environment environment;
            for (index pixel = row * width; pixel < (row + 1) * width; ++pixel) {
                for (index o = 0; o < shape_.out_channels; ++o) {
                    const auto sum =
                        conv2d_plain_sum<In, Weight, Accumulator>(shape_, input, weights, padding_, pixel, o);
                    dst(row / dst.extent[1], row % dst.extent[1], pixel % width, o) = epilogue(sum, pixel, o);
                }
            }
        });
    }

    conv2d_shape shape_;
    In padding_ = {};
    instruction_set isa_ = instruction_set::scalar;
};

}  // namespace dyad::inline v1
