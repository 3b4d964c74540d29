// SPDX-License-Identifier: Apache-2.0
// Peers that run on OpenMP read their number of threads when they are loaded, before main: the program begins anew with
// OMP_NUM_THREADS=1 where the environment says something else.
#pragma once

#include <cstdlib>
#include <cstring>

#include <unistd.h>

namespace bench {

/// The first thing that main does. Goes on where a program cannot start itself again.
inline void use_one_thread(char** argv) {
    const char* const threads = std::getenv("OMP_NUM_THREADS");
    if (threads != nullptr && std::strcmp(threads, "1") == 0) return;
    setenv("OMP_NUM_THREADS", "1", 1);
    execv("/proc/self/exe", argv);
}

}  // namespace bench
