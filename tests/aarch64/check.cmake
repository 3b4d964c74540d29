# SPDX-License-Identifier: Apache-2.0
# cmake -DCOMPILER= -DEMULATOR=command,argument,... -DPROCESSORS=a,b -DSOURCE= -DWORK= -P check.cmake: builds the test
# kernels/matrix_neon for AArch64 in the folder WORK and runs it on each emulated processor. Prints SKIPPED: where the
# compiler, the emulator or doctest is missing.
cmake_minimum_required(VERSION 3.25)

string(REPLACE "," ";" emulator "${EMULATOR}")
string(REPLACE "," ";" processors "${PROCESSORS}")
list(GET emulator 0 command)
find_program(compiler NAMES ${COMPILER} NO_CACHE)
find_program(runner NAMES ${command} NO_CACHE)
find_path(headers doctest/doctest.h PATHS /usr/include /usr/local/include NO_CACHE)
foreach(tool IN ITEMS compiler runner headers)
    if(NOT ${tool})
        message("SKIPPED: there is no ${tool}: this needs ${COMPILER}, ${command} and <doctest/doctest.h>")
        return()
    endif()
endforeach()

# doctest alone, for the other headers beside it may be this machine's.
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}/include")
file(CREATE_LINK "${headers}/doctest" "${WORK}/include/doctest" SYMBOLIC)
execute_process(COMMAND "${compiler}" -std=c++20 -O2 -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
    -Werror -I "${SOURCE}/include" -I "${SOURCE}/tests" -isystem "${WORK}/include"
    "${SOURCE}/tests/kernels/matrix_neon_test.cpp" "${SOURCE}/tests/main.cpp" -o program
    WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT result EQUAL 0)
    message("${output}")
    message(FATAL_ERROR "matrix_neon_test.cpp does not compile with ${compiler}")
endif()
foreach(processor IN LISTS processors)
    execute_process(COMMAND ${emulator} -cpu ${processor} "${WORK}/program" RESULT_VARIABLE result
        OUTPUT_VARIABLE output ERROR_VARIABLE output)
    message("${processor}:\n${output}")
    if(NOT result EQUAL 0)
        message(SEND_ERROR "${processor}: exit code ${result}")
    endif()
endforeach()
