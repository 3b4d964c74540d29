// SPDX-License-Identifier: Apache-2.0
// An executor (array/executor.hpp) made of a thread pool that the program has already. oneTBB:
//   dyad::pool_executor tbb_pool([](dyad::index first, dyad::index last, const auto& task) {
//       tbb::parallel_for(first, last, task);
//   });
// BS::thread_pool:
//   dyad::pool_executor bs_pool([&pool](dyad::index first, dyad::index last, const auto& task) {
//       pool.submit_loop(first, last, task).wait();
//   });
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include <dyad/array/executor.hpp>

namespace dyad::inline v1 {

namespace pool_rules {
/// What parallel_for is given.
template <class Task>
struct call_task {
    Task* task;
    void operator()(index i) const { (*task)(i); }
};
}  // namespace pool_rules

/// Runs tasks by parallel_for(first, last, f), which calls f(i) once for every first <= i < last, from any threads, and
/// returns when all are done. f may be copied. One task alone runs on the calling thread.
template <class ParallelFor>
    requires std::invocable<ParallelFor&, index, index, pool_rules::call_task<executor_archetype::task>>
class pool_executor {
public:
    explicit pool_executor(ParallelFor parallel_for) : parallel_for_(std::move(parallel_for)) {}

    template <std::invocable<index> Task>
    void operator()(index n_tasks, Task&& task) {
        if (n_tasks <= 1) return serial{}(n_tasks, task);
        parallel_for_(index{0}, n_tasks, pool_rules::call_task<std::remove_reference_t<Task>>{std::addressof(task)});
    }

private:
    ParallelFor parallel_for_;
};

}  // namespace dyad::inline v1
