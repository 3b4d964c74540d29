# SPDX-License-Identifier: Apache-2.0
# cmake -DCOMPILER= -DFLAGS= -DSOURCE= -DWORK= -DEXPECTED=<file> [-DWRITE=ON] -P check.cmake: builds program.cpp with the
# flags in the folder WORK, runs it in every floating-point environment, and compares the hashes it prints with the one in
# EXPECTED; with WRITE that of its own default environment becomes EXPECTED, and the environments must be seen to change
# the machine's own arithmetic. Prints SKIPPED: where the compiler is missing.
cmake_minimum_required(VERSION 3.25)

find_program(compiler NAMES ${COMPILER} NO_CACHE)
if(NOT compiler)
    message("SKIPPED: there is no ${COMPILER}")
    return()
endif()
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
execute_process(COMMAND "${compiler}" -std=c++20 ${flags} -I "${SOURCE}/include" "${SOURCE}/tests/same_bits/program.cpp"
    -o program WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT result EQUAL 0)
    message("${output}")
    message(FATAL_ERROR "program.cpp does not compile with ${compiler} ${FLAGS}")
endif()

set(machine "")
foreach(environment IN ITEMS default upward downward toward_zero flush)
    execute_process(COMMAND "${WORK}/program" ${environment} RESULT_VARIABLE result OUTPUT_VARIABLE output)
    if(result EQUAL 77)
        message("${environment}: the machine has no such environment")
        continue()
    elseif(NOT result EQUAL 0 OR NOT output MATCHES "^([0-9a-f]+) ([0-9a-f]+)\n$")
        message(FATAL_ERROR "${environment}: exit code ${result}: ${output}")
    endif()
    set(got "${CMAKE_MATCH_1}")
    list(APPEND machine "${CMAKE_MATCH_2}")
    message("${environment}: ${got}; of the machine's own arithmetic ${CMAKE_MATCH_2}")
    if(WRITE AND environment STREQUAL "default")
        file(WRITE "${EXPECTED}" "${got}")
    endif()
    file(READ "${EXPECTED}" expected)
    if(NOT got STREQUAL expected)
        message(SEND_ERROR "${environment}: the results differ from those of the plain build, ${expected}")
    endif()
endforeach()

list(LENGTH machine entered)
list(REMOVE_DUPLICATES machine)
list(LENGTH machine different)
if(WRITE AND NOT entered EQUAL different)
    message(SEND_ERROR "the environments do not change the machine's arithmetic: the test shows nothing")
endif()
