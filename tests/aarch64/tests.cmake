# SPDX-License-Identifier: Apache-2.0
# AArch64 from any machine: programs built by a cross compiler and run by qemu-user. They skip where one is missing.
set(aarch64_emulator "qemu-aarch64,-L,/usr/aarch64-linux-gnu")
set(aarch64_folder "${PROJECT_BINARY_DIR}/aarch64")

# The kernels of AArch64 against the plain ones: with every extension that the emulator knows, and with none.
add_test(NAME aarch64/matrix_neon COMMAND "${CMAKE_COMMAND}" -DCOMPILER=aarch64-linux-gnu-g++
    "-DEMULATOR=${aarch64_emulator}" "-DPROCESSORS=max,cortex-a53" "-DSOURCE=${PROJECT_SOURCE_DIR}"
    "-DWORK=${aarch64_folder}/matrix_neon" -P "${PROJECT_SOURCE_DIR}/tests/aarch64/check.cmake")
set_tests_properties(aarch64/matrix_neon PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED:" TIMEOUT 600)

# The hash of same_bits is the one of this machine.
dyad_same_bits_test(aarch64 aarch64-linux-gnu-g++ "-O2" "-DEMULATOR=${aarch64_emulator}")
