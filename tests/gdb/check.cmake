# SPDX-License-Identifier: Apache-2.0
# cmake -DCOMPILER= -DSOURCE= -DWORK= -P check.cmake: what gdb shows of the numbers in numbers.cpp with docs/gdb/dyad.py.
# Prints SKIPPED: where gdb or the compiler is missing, or gdb has no Python or may not trace.
cmake_minimum_required(VERSION 3.25)

find_program(gdb NAMES gdb NO_CACHE)
find_program(compiler NAMES ${COMPILER} NO_CACHE)
if(NOT gdb OR NOT compiler)
    message("SKIPPED: there is no gdb, or no ${COMPILER}")
    return()
endif()
file(MAKE_DIRECTORY "${WORK}")
execute_process(COMMAND "${gdb}" -nx -batch -ex "python print(6*7)" RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_QUIET)
if(NOT output MATCHES "42")
    message("SKIPPED: this gdb has no Python")
    return()
endif()
execute_process(COMMAND "${compiler}" -std=c++20 -g -O0 -I "${SOURCE}/include" "${SOURCE}/tests/gdb/numbers.cpp" -o numbers
    WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "numbers.cpp does not compile with ${compiler}")
endif()

# What to print, and what gdb must answer.
set(expected
    "largest" "float8_e4m3fn 0x7e = 448"
    "negative_nan" "float8_e4m3fn 0xff = -nan"
    "infinite" "float8_e5m2 0xfc = -inf"
    "ieee_nan" "float8_e4m3 0x79 = nan"
    "e3m4" "float8_e3m4 0x6f = 15.5"
    "fnuz_nan" "float8_e4m3fnuz 0x80 = nan"
    "e5m2fnuz" "float8_e5m2fnuz 0x01 = 0.00000762939453125"
    "b11" "float8_e4m3b11fnuz 0x7f = 30"
    "scale" "float8_e8m0fnu 0x00 = 1 \\* 2\\^-127"
    "e5m3fnu" "float8_e5m3fnu 0xfe = 114688"
    "e2m3" "float6_e2m3fn 0x3f = -7.5"
    "e3m2" "float6_e3m2fn 0x01 = 0.0625"
    "e2m1" "float4_e2m1fn 0x8 = -0"
    "brain" "bfloat16 0x3e20 = 0.15625"
    "half" "float16 0x0001 = 0.000000059604644775390625"
    "tf32" "tfloat32 0x1fc00 = 1"
    "p3109" "binary8p4se 0x7f = inf"
    "p3109_finite" "binary8p3uf 0x41 = 0.000019073486328125"
    "odd" "minifloat<e3m1, bias 2, infinity ieee, nan ieee, subnormals flushed> 0x01 = 0"
    "q15" "fixed<16,15> 0xc000 = -0.5"
    "wraps" "fixed<8,4,unsigned,wrap> 0x11 = 1.0625"
    "small" "int4 0x8 = -8"
    "multiplier" "7 \\* 2\\^-4 = 0.4375"
    "row" "{float8_e4m3fn 0x38 = 1, float8_e4m3fn 0x80 = -0}")
set(script "source ${SOURCE}/docs/gdb/dyad.py\nset print pretty off\nbreak stop_here\nrun\nup\n")
set(names "")
set(answers "")
list(LENGTH expected count)
math(EXPR last "${count} - 1")
foreach(i RANGE 0 ${last} 2)
    math(EXPR j "${i} + 1")
    list(GET expected ${i} name)
    list(GET expected ${j} answer)
    string(APPEND script "printf \"\\n<${name}> \"\noutput ${name}\n")
    list(APPEND names "${name}")
    list(APPEND answers "${answer}")
endforeach()
file(WRITE "${WORK}/commands.gdb" "${script}")
execute_process(COMMAND "${gdb}" -nx -batch -x "${WORK}/commands.gdb" "${WORK}/numbers"
    OUTPUT_VARIABLE output ERROR_VARIABLE said TIMEOUT 120)
if(said MATCHES "ptrace|Operation not permitted|Could not trace")
    message("SKIPPED: gdb may not trace a program here")
    return()
endif()
foreach(name answer IN ZIP_LISTS names answers)
    if(NOT "${output}\n" MATCHES "\n<${name}> (${answer})\n")
        string(REGEX MATCH "\n<${name}> [^\n]*" got "${output}")
        message(SEND_ERROR "gdb: expected '${answer}', got '${got}'\n${said}")
    endif()
endforeach()
list(LENGTH names count)
message("${count} variables shown")
