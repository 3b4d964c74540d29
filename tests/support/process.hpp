// SPDX-License-Identifier: Apache-2.0
// Does a function stop the program? Asked in a child process.
#pragma once

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace dyad_test {

/// True if the process that calls f ends by a trap or an abort; false if f returns or crashes in another way.
template <class Function>
[[nodiscard]] bool stops_the_program(Function f) {
    const pid_t child = fork();
    if (child == 0) {
        for (const int end : {SIGILL, SIGTRAP, SIGABRT}) std::signal(end, SIG_DFL);
        f();
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) return false;
    const int end = WTERMSIG(status);
    return end == SIGILL || end == SIGTRAP || end == SIGABRT;
}

}  // namespace dyad_test
