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

# Programs of this folder that print: NAME.cpp prints NAME.txt under each compiler and option. (A changed result is a
# changed text, and belongs in the changelog.)
function(dyad_integer_only_program name)
    foreach(variant IN ITEMS "general_registers|g++|-O2 -mgeneral-regs-only" "gcc_O0|g++|-O0" "gcc_O3|g++|-O3"
            "clang_O0|clang++|-O0" "clang_O3|clang++|-O3")
        string(REPLACE "|" ";" variant "${variant}")
        list(GET variant 0 kind)
        list(GET variant 1 compiler)
        list(GET variant 2 flags)
        set(test integer_only/${name}_${kind})
        add_test(NAME ${test} COMMAND "${CMAKE_COMMAND}" "-DCOMPILER=${compiler}" "-DFLAGS=${flags}" "-DNAME=${name}"
            "-DSOURCE=${PROJECT_SOURCE_DIR}" "-DWORK=${integer_only_folder}/${name}_${kind}"
            -P "${PROJECT_SOURCE_DIR}/tests/integer_only/program.cmake")
        set_tests_properties(${test} PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED:" TIMEOUT 600)
    endforeach()
endfunction()
dyad_integer_only_program(functions)
dyad_integer_only_program(rows)
dyad_integer_only_program(epilogues)
