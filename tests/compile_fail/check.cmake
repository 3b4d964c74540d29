# SPDX-License-Identifier: Apache-2.0
# cmake -DCOMPILER= -DINCLUDE= -DSOURCE= -P check.cmake: SOURCE must not compile, and the compiler's output must match
# the regular expression of its first line, `// expect: <regex>`.
cmake_minimum_required(VERSION 3.25)

file(STRINGS "${SOURCE}" first_line LIMIT_COUNT 1)
if(NOT first_line MATCHES "^// expect: (.+)$")
    message(FATAL_ERROR "${SOURCE}: the first line must be '// expect: <regular expression>'")
endif()
set(expected "${CMAKE_MATCH_1}")
set(ENV{LC_ALL} C) # plain English, plain quotes
execute_process(COMMAND "${COMPILER}" -fsyntax-only -std=c++20 -I "${INCLUDE}" "${SOURCE}"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result EQUAL 0)
    message(FATAL_ERROR "${SOURCE} compiles, but must not; expected: ${expected}")
endif()
# Compilers quote the source in what they print; only the lines of errors and notes count.
string(REGEX MATCHALL "[^\n]*(error|note|required|assertion)[^\n]*" messages "${output}")
if(NOT messages MATCHES "${expected}")
    message("${output}")
    message(FATAL_ERROR "${SOURCE} fails as it should, but without the message: ${expected}")
endif()
