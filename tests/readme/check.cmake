# SPDX-License-Identifier: Apache-2.0
# cmake -DREADME= -DINCLUDE= -DCOMPILER= -DWORK= -P check.cmake: compiles README's example and compares what it prints
# with the block below it.
cmake_minimum_required(VERSION 3.25)
file(READ "${README}" text)
string(FIND "${text}" "```cpp\n" code_at)
string(FIND "${text}" "```text\n" output_at)
if(code_at EQUAL -1 OR output_at LESS code_at)
    message(FATAL_ERROR "${README} has no cpp block followed by a text block")
endif()
math(EXPR code_at "${code_at} + 7")
string(SUBSTRING "${text}" ${code_at} -1 code)
string(FIND "${code}" "```" length)
string(SUBSTRING "${code}" 0 ${length} code)
math(EXPR output_at "${output_at} + 8")
string(SUBSTRING "${text}" ${output_at} -1 expected)
string(FIND "${expected}" "```" length)
string(SUBSTRING "${expected}" 0 ${length} expected)

file(MAKE_DIRECTORY "${WORK}")
file(WRITE "${WORK}/example.cpp" "${code}")
execute_process(COMMAND ${COMPILER} -std=c++20 -O1 -Wall -Wextra -Werror -I${INCLUDE} example.cpp -o example
    WORKING_DIRECTORY "${WORK}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${WORK}/example" OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
if(NOT printed STREQUAL expected)
    message(FATAL_ERROR "README's example prints\n${printed}instead of\n${expected}")
endif()
