// SPDX-License-Identifier: Apache-2.0
// The executors of other libraries' threads and of standard ones: every task once, whoever calls, from wherever.
#include <dyad/array/openmp_executor.hpp>
#include <dyad/array/pool_executor.hpp>
#include <dyad/array/thread_executor.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <type_traits>
#include <vector>

namespace {

using dyad::executor;
using dyad::index;
using dyad::thread_executor;

static_assert(executor<thread_executor&> && !std::is_copy_constructible_v<thread_executor>);
static_assert(executor<const dyad::openmp_executor>);

/// Whether each of n tasks ran once.
template <class Executor>
bool runs_each_once(Executor& ex, index n) {
    std::vector<std::atomic<int>> runs(static_cast<std::size_t>(n < 0 ? 0 : n));
    ex(n, [&](index i) { runs[static_cast<std::size_t>(i)].fetch_add(1, std::memory_order_relaxed); });
    // (Read without ordering: the executor must have ordered it.)
    return std::all_of(runs.begin(), runs.end(), [](const auto& r) { return r.load(std::memory_order_relaxed) == 1; });
}

TEST_CASE("thread_executor: every task once, by 1 to 8 threads") {
    for (int threads = 1; threads <= 8; ++threads) {
        thread_executor ex(threads);
        CHECK(ex.threads() == threads);
        for (const index n : {-3, 0, 1, 2, 3, 7, 8, 9, 1000}) CHECK(runs_each_once(ex, n));
    }
    CHECK(thread_executor(0).threads() == 1);
    CHECK(thread_executor(-5).threads() == 1);
    CHECK(thread_executor().threads() >= 1);
}

TEST_CASE("thread_executor: made and ended without a call") {
    for (int i = 0; i < 50; ++i) thread_executor ex(1 + i % 4);
}

TEST_CASE("thread_executor: what tasks write is there after the call") {
    thread_executor ex(4);
    std::vector<index> plain(100);
    for (index call = 1; call <= 3000; ++call) {
        const index n = 2 + call % 99;
        ex(n, [&](index i) { plain[static_cast<std::size_t>(i)] = call * i; });
        index wrong = 0;
        for (index i = 0; i < n; ++i) wrong += plain[static_cast<std::size_t>(i)] != call * i ? 1 : 0;
        REQUIRE(wrong == 0);
    }
}

TEST_CASE("thread_executor: threads sleep between calls and wake again") {
    thread_executor ex(3);
    for (int i = 0; i < 20; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        CHECK(runs_each_once(ex, 1 + i % 5));
    }
}

TEST_CASE("thread_executor: more than one thread works") {
    thread_executor ex(3);
    std::atomic<int> there = 0;
    // Each task waits for the others: one thread alone would never end.
    ex(3, [&](index) {
        there.fetch_add(1);
        while (there.load() < 3) std::this_thread::yield();
    });
    CHECK(there.load() == 3);
}

TEST_CASE("thread_executor: a call from within a task runs on that task's thread") {
    thread_executor ex(4);
    thread_executor other(2);
    std::atomic<int> inner = 0;
    std::atomic<int> elsewhere = 0;
    const auto nested = [&](thread_executor& by) {
        const auto self = std::this_thread::get_id();
        index next = 0;  // (no atomic: in order, by one thread)
        by(5, [&](index i) {
            inner += i == next++ ? 1 : 0;
            elsewhere += std::this_thread::get_id() != self ? 1 : 0;
        });
    };
    for (int call = 0; call < 100; ++call) ex(6, [&](index i) { nested(i % 2 == 0 ? ex : other); });
    CHECK(inner.load() == 100 * 6 * 5);
    CHECK(elsewhere.load() == 0);
    CHECK(runs_each_once(ex, 100));
}

TEST_CASE("thread_executor: two callers at once") {
    thread_executor ex(3);
    std::atomic<int> failures = 0;
    const auto calls = [&] {
        for (index i = 0; i < 500; ++i) failures += runs_each_once(ex, i % 40) ? 0 : 1;
    };
    std::thread second(calls);
    calls();
    second.join();
    CHECK(failures.load() == 0);
}

TEST_CASE("thread_executor: tasks of any kind") {
    thread_executor ex(2);
    static std::atomic<index> sum;
    sum = 0;
    ex(
        10, +[](index i) { sum += i; });
    const std::function<void(index)> function = [](index i) { sum += i; };
    ex(10, function);
    struct counting {
        std::atomic<index> calls = 0;
        void operator()(index) { ++calls; }
    } task;
    ex(10, task);
    CHECK(sum.load() == 90);
    CHECK(task.calls.load() == 10);
}

TEST_CASE("openmp_executor: every task once, nested or not") {
#if defined(_OPENMP)
    MESSAGE("with OpenMP");
#else
    MESSAGE("without OpenMP: one task after the other");
#endif
    for (int threads = 0; threads <= 8; ++threads) {
        const dyad::openmp_executor ex{threads};
        for (const index n : {-3, 0, 1, 2, 9, 500}) CHECK(runs_each_once(ex, n));
        std::atomic<int> inner = 0;
        ex(6, [&](index) { ex(5, [&](index) { ++inner; }); });
        CHECK(inner.load() == 30);
    }
}

/// A pool as other libraries have them: pieces of a range on threads of its own.
struct toy_pool {
    int calls = 0;
    template <class F>
    void parallel_for(index first, index last, F f) {
        ++calls;
        std::vector<std::thread> threads;
        for (index begin = first; begin < last; begin += 16) {
            const index end = std::min(begin + 16, last);
            threads.emplace_back([f, begin, end] {
                for (index i = begin; i < end; ++i) f(i);
            });
        }
        for (std::thread& t : threads) t.join();
    }
};

TEST_CASE("pool_executor: every task once, by the pool's parallel_for") {
    toy_pool pool;
    dyad::pool_executor ex(
        [&pool](index first, index last, const auto& task) { pool.parallel_for(first, last, task); });
    static_assert(executor<decltype(ex)>);
    for (const index n : {-3, 0, 1}) CHECK(runs_each_once(ex, n));
    CHECK(pool.calls == 0);
    for (const index n : {2, 16, 17, 100}) CHECK(runs_each_once(ex, n));
    CHECK(pool.calls == 4);
}

}  // namespace
