# SPDX-License-Identifier: Apache-2.0
# cmake -DSOURCE= -DWORK= -P format_libcxx.cmake: builds tests/io/format_test.cpp with clang++ 17 or newer and libc++, and
# runs it. Prints SKIPPED: where they are missing.
cmake_minimum_required(VERSION 3.25)

file(MAKE_DIRECTORY "${WORK}")
file(WRITE "${WORK}/probe.cpp" "#include <format>\n#if !defined(__cpp_lib_format)\n#error\n#endif\nint main() {}\n")
set(found "")
foreach(name IN ITEMS clang++-19 clang++-20 clang++-21 clang++-18 clang++-17 clang++)
    find_program(compiler NAMES ${name} NO_CACHE)
    if(compiler)
        execute_process(COMMAND "${compiler}" -std=c++20 -stdlib=libc++ probe.cpp -o probe WORKING_DIRECTORY "${WORK}"
            RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
        if(result EQUAL 0)
            set(found "${compiler}")
            break()
        endif()
    endif()
    unset(compiler)
endforeach()
if(NOT found)
    message("SKIPPED: there is no clang++ with a libc++ that has <format>")
    return()
endif()
execute_process(COMMAND "${found}" -std=c++20 -stdlib=libc++ -O1 -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion
    -Wshadow -Werror -I "${SOURCE}/include" -I "${SOURCE}/tests" "${SOURCE}/tests/main.cpp"
    "${SOURCE}/tests/io/format_test.cpp" -o format_test WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "format_test.cpp does not compile with ${found} and libc++")
endif()
execute_process(COMMAND "${WORK}/format_test" RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "format_test fails with ${found} and libc++: ${result}")
endif()
