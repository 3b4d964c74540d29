// SPDX-License-Identifier: Apache-2.0
// An executor (array/executor.hpp) of OpenMP's threads, in what is compiled with -fopenmp; elsewhere the tasks run one
// after the other.
#pragma once

#include <concepts>

#include <dyad/array/executor.hpp>

namespace dyad::inline v1 {

// A type for each way: files with and without -fopenmp may be linked together.
#if defined(_OPENMP)
namespace openmp_parallel {
#else
namespace openmp_serial {
#endif

/// A parallel loop of `threads` threads, 0 as many as OpenMP takes by itself. A task must not throw. A call from within
/// a task does what OpenMP does with a nested loop: by default it runs on that task's thread.
struct openmp_executor {
    int threads = 0;

    template <std::invocable<index> Task>
    void operator()(index n_tasks, Task&& task) const {
#if defined(_OPENMP)
        if (threads > 0) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
            for (index i = 0; i < n_tasks; ++i) task(i);
        } else {
#pragma omp parallel for schedule(dynamic, 1)
            for (index i = 0; i < n_tasks; ++i) task(i);
        }
#else
        serial{}(n_tasks, task);
#endif
    }
};

static_assert(executor<openmp_executor>);

}  // namespace openmp_parallel or openmp_serial

#if defined(_OPENMP)
using openmp_parallel::openmp_executor;
#else
using openmp_serial::openmp_executor;
#endif

}  // namespace dyad::inline v1
