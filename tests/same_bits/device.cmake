# SPDX-License-Identifier: Apache-2.0
# cmake -DSOURCE= -DWORK= -P device.cmake: compiles device.cu with nvcc, warnings are errors, and runs it: without a
# device that only says so. --expt-relaxed-constexpr lets device code call constexpr functions of the standard library
# (std::bit_cast, comparison categories). Not optimized: that takes minutes. Prints SKIPPED: where there is no nvcc.
cmake_minimum_required(VERSION 3.25)

find_program(nvcc NAMES nvcc HINTS /usr/local/cuda/bin "$ENV{CUDA_HOME}/bin" NO_CACHE)
if(NOT nvcc)
    message("SKIPPED: there is no nvcc")
    return()
endif()
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
execute_process(COMMAND "${nvcc}" -std=c++20 --expt-relaxed-constexpr -Werror all-warnings -O0 -Xcicc -O0 -Xptxas -O0
    -I "${SOURCE}/include" "${SOURCE}/tests/same_bits/device.cu" -o device
    WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT result EQUAL 0)
    message("${output}")
    message(FATAL_ERROR "device.cu does not compile with ${nvcc}")
endif()
execute_process(COMMAND "${WORK}/device" RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
message("${output}")
if(NOT result EQUAL 0)
    message(FATAL_ERROR "device code computes other bits than the host")
endif()
