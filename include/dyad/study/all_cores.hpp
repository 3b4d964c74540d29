// SPDX-License-Identifier: Apache-2.0
// An executor (array/executor.hpp) of standard threads: as many as the machine runs at once.
#pragma once

#include <algorithm>
#include <atomic>
#include <concepts>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

#include <dyad/array/executor.hpp>

namespace dyad::inline v1::study {

/// Threads take the tasks one by one; they are started by each call and ended by it. What a task throws is thrown again
/// when all have ended: of several exceptions that of the lowest task.
class all_cores {
public:
    all_cores() : all_cores(std::thread::hardware_concurrency()) {}
    explicit all_cores(unsigned threads) : threads_(threads == 0 ? 1 : threads) {}

    template <std::invocable<index> Task>
    void operator()(index n_tasks, Task&& task) const {
        std::atomic<index> next = 0;
        std::mutex guard;
        std::exception_ptr thrown;
        index thrown_by = std::numeric_limits<index>::max();
        const auto work = [&] {
            for (index i = next++; i < n_tasks; i = next++) {
                try {
                    task(i);
                } catch (...) {
                    const std::lock_guard lock(guard);
                    if (i < thrown_by) {
                        thrown = std::current_exception();
                        thrown_by = i;
                    }
                }
            }
        };
        {
            std::vector<std::jthread> helpers;
            const index wanted = std::min<index>(threads_, n_tasks) - 1;
            for (index t = 0; t < wanted; ++t)
                helpers.emplace_back(&call<std::remove_const_t<decltype(work)>>, static_cast<const void*>(&work));
            work();
        }
        if (thrown) std::rethrow_exception(thrown);
    }

private:
    // A pointer and an argument: one type of thread for all tasks. (clang 14 forgets destructors of the others.)
    template <class Work>
    static void call(const void* work) {
        (*static_cast<const Work*>(work))();
    }

    unsigned threads_;
};

static_assert(executor<all_cores>);

}  // namespace dyad::inline v1::study
