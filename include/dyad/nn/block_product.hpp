// SPDX-License-Identifier: Apache-2.0
// Products with weights that share scales, packed once when a layer is prepared: what recipes with scales for blocks
// and for groups have in common. The sums are those that linalg/block_path.hpp defines.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include <dyad/array/arena.hpp>
#include <dyad/array/executor.hpp>
#include <dyad/array/status.hpp>
#include <dyad/array/view.hpp>
#include <dyad/linalg/block_gemm.hpp>
#include <dyad/nn/context.hpp>

namespace dyad::inline v1::nn {

/// Memory for a packed rhs of products with operands like these.
template <class Lhs, class Rhs>
status shape_panels(arena& memory, const Lhs& lhs, const Rhs& rhs, vector_view<std::byte>& panels) noexcept {
    using plan_type = block_gemm_plan<Lhs, Rhs>;
    plan_type plan;
    if (const status s = plan_type::make(lhs, rhs, {}, plan); s != status::ok) return s;
    return memory.take(static_cast<index>(plan.packed_bytes()), panels);
}
template <class Lhs, class Rhs>
status pack_panels(const Lhs& lhs, const Rhs& rhs, vector_view<std::byte> panels) noexcept {
    using plan_type = block_gemm_plan<Lhs, Rhs>;
    plan_type plan;
    if (const status s = plan_type::make(lhs, rhs, {}, plan); s != status::ok) return s;
    return plan.pack(rhs, {panels.data, static_cast<std::size_t>(panels.extent[0])});
}

/// out = epilogue(lhs * rhs) from the panels of rhs, or from rhs itself where the context allows less than the
/// instruction set that the panels are for.
template <class Lhs, class Rhs, class D, class Epilogue, class Context>
status multiply_packed_blocks(const Lhs& lhs, const Rhs& rhs, vector_view<std::byte> panels, matrix_view<D> out,
                              const Epilogue& epilogue, const Context& context) noexcept {
    using plan_type = block_gemm_plan<Lhs, Rhs>;
    plan_type plan;
    if (const status s = plan_type::make(lhs, rhs, {.cap = context.cap}, plan); s != status::ok) return s;
    const std::size_t mark = context.scratch.used();
    vector_view<std::byte> bytes;
    status s = context.scratch.take(static_cast<index>(plan.workspace_bytes()), bytes);
    if (s == status::ok && !context.measuring()) {
        const std::span<std::byte> workspace(bytes.data, static_cast<std::size_t>(bytes.extent[0]));
        const packed_operand packed{{panels.data, static_cast<std::size_t>(panels.extent[0])}};
        const auto run = [&](const auto& e, auto& execute) {
            const status done = plan.run(lhs, rhs, packed, out, e, workspace, execute);
            return done == status::rhs_packed_differently ? plan.run(lhs, rhs, out, e, workspace, execute) : done;
        };
        if constexpr (sums_probe<std::remove_cvref_t<decltype(context.probe)>>) {
            sum_report report{static_cast<std::uint64_t>(with_scales(lhs).codes.extent[1]), 0, 0};
            const serial one_thread;
            s = run(context_rules::observed<Epilogue>{epilogue, &report.largest}, one_thread);
            context.probe.sums(report);
        } else {
            s = run(epilogue, context.execute);
        }
    }
    context.scratch.rewind(mark);
    return s;
}

}  // namespace dyad::inline v1::nn
