// SPDX-License-Identifier: Apache-2.0
// Who runs tasks: an executor is any ex(n_tasks, f) that calls f(i) for every i < n_tasks, in any order, and returns
// when all are done. Results never depend on it.
#pragma once

#include <concepts>

#include <dyad/array/view.hpp>

namespace dyad::inline v1 {

namespace executor_archetype {
struct task {
    void operator()(index) const noexcept {}
};
}  // namespace executor_archetype

template <class E>
concept executor = requires(E& ex, index n, executor_archetype::task f) {
    ex(n, f);
};

/// One task after another on the calling thread.
struct serial {
    template <std::invocable<index> Task>
    constexpr void operator()(index n_tasks, Task&& task) const {
        for (index i = 0; i < n_tasks; ++i) task(i);
    }
};

static_assert(executor<serial>);

}  // namespace dyad::inline v1
