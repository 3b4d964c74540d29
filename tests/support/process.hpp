// SPDX-License-Identifier: Apache-2.0
// Does a function stop the program? Asked in a child process.
#pragma once

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace dyad_test {

/// True if a signal ends the process that calls f, false if f returns.
template <class Function>
[[nodiscard]] bool stops_the_program(Function f) {
    const pid_t child = fork();
    if (child == 0) {
        for (const int signal_number : {SIGILL, SIGTRAP, SIGABRT, SIGSEGV}) std::signal(signal_number, SIG_DFL);
        f();
        _exit(0);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status);
}

}  // namespace dyad_test
