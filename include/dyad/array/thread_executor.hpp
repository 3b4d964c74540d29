// SPDX-License-Identifier: Apache-2.0
// An executor (array/executor.hpp) of standard threads that live as long as it does. Include it where it is wanted: no
// other header of the library does, for <thread> takes longer to parse than most of them.
#pragma once

#include <atomic>
#include <concepts>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

#include <dyad/array/executor.hpp>

namespace dyad::inline v1 {

/// `threads` threads, the caller among them, take the tasks of a call one by one, in ascending order; the call returns
/// when all are done. A call from within a task runs its tasks on that thread; of two callers one waits for the other.
/// A task must not throw: the program would end. The constructor throws what std::thread's does.
/// A thread without work looks for some for about 20 microseconds before it sleeps, so that calls in a row wake no one.
class thread_executor {
public:
    thread_executor() : thread_executor(static_cast<int>(std::thread::hardware_concurrency())) {}
    /// At least one.
    explicit thread_executor(int threads) : threads_(threads < 1 ? 1 : threads) {
        helpers_.threads.reserve(static_cast<std::size_t>(threads_ - 1));
        for (int t = 1; t < threads_; ++t) helpers_.threads.emplace_back([this] { help(); });
    }
    thread_executor(const thread_executor&) = delete;
    thread_executor& operator=(const thread_executor&) = delete;

    [[nodiscard]] int threads() const noexcept { return threads_; }

    template <std::invocable<index> Task>
    void operator()(index n_tasks, Task&& task) {
        if (n_tasks <= 1 || threads_ == 1 || inside_a_task()) {
            serial{}(n_tasks, task);
            return;
        }
        const std::lock_guard one_caller(callers_);
        task_ = const_cast<void*>(static_cast<const void*>(std::addressof(task)));
        run_ = [](void* t, index i) noexcept { (*static_cast<std::remove_reference_t<Task>*>(t))(i); };
        count_ = n_tasks;
        const unsigned finished = finished_.load(std::memory_order_relaxed);
        unfinished_.store(n_tasks, std::memory_order_relaxed);
        untaken_.store(n_tasks, std::memory_order_release);
        wake(n_tasks - 1);
        take_tasks();
        await_change(finished_, finished);
    }

private:
    /// Whether this thread is running a task of any thread_executor.
    [[nodiscard]] static bool& inside_a_task() noexcept {
        thread_local bool inside = false;
        return inside;
    }

    static void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
        __asm__ volatile("pause");
#elif defined(__aarch64__)
        __asm__ volatile("isb");
#endif
    }
    /// Returns when `x` is no longer `old`.
    static void await_change(const std::atomic<unsigned>& x, unsigned old) noexcept {
        for (int i = 0; i < 1000; ++i) {
            if (x.load(std::memory_order_acquire) != old) return;
            relax();
        }
        x.wait(old, std::memory_order_acquire);
    }

    void wake(index most) noexcept {
        calls_.fetch_add(1, std::memory_order_release);
        if (most >= threads_ - 1) calls_.notify_all();
        else
            for (; most > 0; --most) calls_.notify_one();
    }

    /// Runs tasks until none is left. Who has taken a task holds the call open: what it set stays until the task ends.
    void take_tasks() noexcept {
        index left = untaken_.load(std::memory_order_acquire);
        while (left > 0) {
            if (!untaken_.compare_exchange_weak(left, left - 1, std::memory_order_acq_rel, std::memory_order_acquire))
                continue;
            inside_a_task() = true;
            run_(task_, count_ - left);
            inside_a_task() = false;
            if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
                finished_.fetch_add(1, std::memory_order_release);
                finished_.notify_one();
            }
            left = untaken_.load(std::memory_order_acquire);
        }
    }

    void help() noexcept {
        while (!stopping_.load(std::memory_order_acquire)) {
            const unsigned calls = calls_.load(std::memory_order_acquire);
            take_tasks();
            if (!stopping_.load(std::memory_order_acquire)) await_change(calls_, calls);
        }
    }

    /// Ends the threads, also where the constructor could not start all of them.
    struct helper_threads {
        thread_executor& owner;
        std::vector<std::thread> threads = {};
        ~helper_threads() {
            owner.stopping_.store(true, std::memory_order_release);
            owner.calls_.fetch_add(1, std::memory_order_release);
            owner.calls_.notify_all();
            for (std::thread& t : threads) t.join();
        }
    };

    int threads_;
    std::mutex callers_;
    // The call that runs.
    void* task_ = nullptr;
    void (*run_)(void*, index) noexcept = nullptr;
    index count_ = 0;
    std::atomic<index> untaken_ = 0;
    std::atomic<index> unfinished_ = 0;
    // What threads wait for. (Of int's size: the operating system waits for such.)
    std::atomic<unsigned> calls_ = 0;
    std::atomic<unsigned> finished_ = 0;
    std::atomic<bool> stopping_ = false;
    helper_threads helpers_{*this};  // last: its threads use the others
};

static_assert(executor<thread_executor>);

}  // namespace dyad::inline v1
