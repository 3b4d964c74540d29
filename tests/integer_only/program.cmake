# SPDX-License-Identifier: Apache-2.0
# cmake -DCOMPILER=g++ -DFLAGS="-O2 ..." -DNAME= -DSOURCE= -DWORK= -P program.cmake: builds tests/integer_only/NAME.cpp in
# the folder WORK, runs it, and compares what it prints with NAME.txt. With -mgeneral-regs-only the program's own code
# must be free of vector registers and of x87 instructions. Prints SKIPPED: where a tool or the machine is missing.
cmake_minimum_required(VERSION 3.25)

include("${CMAKE_CURRENT_LIST_DIR}/build.cmake")
if(skip_reason)
    message("SKIPPED: ${skip_reason}")
    return()
endif()

build(tests/integer_only/${NAME}.cpp ${NAME})
execute_process(COMMAND "${WORK}/${NAME}" OUTPUT_VARIABLE got RESULT_VARIABLE result)
file(READ "${CMAKE_CURRENT_LIST_DIR}/${NAME}.txt" expected)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "${NAME} ends with ${result}")
elseif(NOT got STREQUAL expected)
    message(FATAL_ERROR "${COMPILER} ${FLAGS}: ${NAME} prints\n${got}instead of ${NAME}.txt")
endif()
check_instructions(${NAME})
