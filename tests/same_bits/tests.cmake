# SPDX-License-Identifier: Apache-2.0
# The same results from every compiler, flag and floating-point environment, and from device code.
set(same_bits_folder "${PROJECT_BINARY_DIR}/same_bits")
function(dyad_same_bits_test name compiler flags)
    add_test(NAME same_bits/${name} COMMAND "${CMAKE_COMMAND}" "-DCOMPILER=${compiler}" "-DFLAGS=${flags}"
        "-DSOURCE=${PROJECT_SOURCE_DIR}" "-DWORK=${same_bits_folder}/${name}"
        "-DEXPECTED=${same_bits_folder}/expected" ${ARGN} -P "${PROJECT_SOURCE_DIR}/tests/same_bits/check.cmake")
    set_tests_properties(same_bits/${name} PROPERTIES FIXTURES_REQUIRED same_bits_expected
        SKIP_REGULAR_EXPRESSION "SKIPPED:" TIMEOUT 600)
endfunction()
dyad_same_bits_test(plain "${CMAKE_CXX_COMPILER}" "-O2" -DWRITE=ON)
set_tests_properties(same_bits/plain PROPERTIES FIXTURES_REQUIRED "" FIXTURES_SETUP same_bits_expected)
dyad_same_bits_test(fast_math "${CMAKE_CXX_COMPILER}" "-O3 -ffast-math")
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # (a build by clang++ has two of these already)
    dyad_same_bits_test(O0 "${CMAKE_CXX_COMPILER}" "-O0")
    dyad_same_bits_test(O3_native "${CMAKE_CXX_COMPILER}" "-O3 -march=native")
    dyad_same_bits_test(no_exceptions_no_rtti "${CMAKE_CXX_COMPILER}" "-O2 -fno-exceptions -fno-rtti -DNDEBUG")
    dyad_same_bits_test(clang clang++ "-O2")
    dyad_same_bits_test(clang_fast_math clang++ "-O3 -ffast-math -march=native")
    # (without FMA in the target: core/fused.hpp)
    dyad_same_bits_test(clang_fast_math_baseline clang++ "-O2 -ffast-math")
endif()

add_test(NAME same_bits/device COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${PROJECT_SOURCE_DIR}"
    "-DWORK=${same_bits_folder}/device" -P "${PROJECT_SOURCE_DIR}/tests/same_bits/device.cmake")
set_tests_properties(same_bits/device PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED:" TIMEOUT 600)
