// SPDX-License-Identifier: Apache-2.0
// executor: what counts as one, and that `serial` calls every task once, in order.
#include <dyad/array/executor.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace {

using dyad::executor;
using dyad::index;

struct backwards {
    template <class Task>
    void operator()(index n_tasks, Task&& task) const {
        for (index i = n_tasks; i-- > 0;) task(i);
    }
};
struct no_executor {
    void operator()(index) const {}
};
struct changing {
    int calls = 0;
    template <class Task>
    void operator()(index n_tasks, Task&& task) {
        ++calls;
        for (index i = 0; i < n_tasks; ++i) task(i);
    }
};

static_assert(executor<dyad::serial> && executor<backwards> && executor<changing> && executor<const backwards>);
static_assert(executor<dyad::serial&> && executor<changing&>);
static_assert(!executor<no_executor> && !executor<int> && !executor<const changing>);
static_assert(executor<decltype([](index n, auto&& f) {
    for (index i = 0; i < n; ++i) f(i);
})>);

constexpr index sum_of_squares(index n) {
    index sum = 0;
    dyad::serial{}(n, [&sum](index i) { sum += i * i; });
    return sum;
}
static_assert(sum_of_squares(5) == 30);

TEST_CASE("serial: every task once, in order, on this thread") {
    for (const index n : {0, 1, 2, 17}) {
        std::vector<index> called;
        dyad::serial{}(n, [&](index i) { called.push_back(i); });
        REQUIRE(static_cast<index>(called.size()) == n);
        for (index i = 0; i < n; ++i) CHECK(called[static_cast<std::size_t>(i)] == i);
    }
    int calls = 0;
    dyad::serial{}(-3, [&](index) { ++calls; });
    CHECK(calls == 0);
}

}  // namespace
