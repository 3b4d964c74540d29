# SPDX-License-Identifier: Apache-2.0
# The integer-only program under several compilers and options, against the build's own logits (digits-export).
set(integer_only_folder "${PROJECT_BINARY_DIR}/integer_only")
add_test(NAME integer_only/export COMMAND digits-export "${integer_only_folder}/data")
set_tests_properties(integer_only/export PROPERTIES FIXTURES_SETUP integer_only_data TIMEOUT 600)

function(dyad_integer_only_test name compiler flags)
    add_test(NAME integer_only/${name} COMMAND "${CMAKE_COMMAND}" "-DCOMPILER=${compiler}" "-DFLAGS=${flags}"
        "-DSOURCE=${PROJECT_SOURCE_DIR}" "-DDATA=${integer_only_folder}/data" "-DWORK=${integer_only_folder}/${name}"
        -P "${PROJECT_SOURCE_DIR}/tests/integer_only/check.cmake")
    set_tests_properties(integer_only/${name} PROPERTIES FIXTURES_REQUIRED integer_only_data
        SKIP_REGULAR_EXPRESSION "SKIPPED:" TIMEOUT 600)
endfunction()
dyad_integer_only_test(general_registers g++ "-O2 -mgeneral-regs-only")
dyad_integer_only_test(gcc_O0 g++ "-O0")
dyad_integer_only_test(gcc_O3 g++ "-O3")
dyad_integer_only_test(clang_O0 clang++ "-O0")
dyad_integer_only_test(clang_O3 clang++ "-O3")
