# SPDX-License-Identifier: Apache-2.0
# cmake -DCOMPILER=g++ -DFLAGS="-O2 ..." -DSOURCE= -DDATA= -DWORK= -P check.cmake: builds examples/integer_only/forward.cpp
# in the folder WORK, runs it on what digits-export wrote to DATA, and compares the logits byte for byte. With
# -mgeneral-regs-only the program's own code must be free of vector registers and of x87 instructions.
# Prints SKIPPED: where a tool or the machine is missing.
cmake_minimum_required(VERSION 3.25)

include("${CMAKE_CURRENT_LIST_DIR}/build.cmake")
if(skip_reason)
    message("SKIPPED: ${skip_reason}")
    return()
endif()

# 1. Build and run.
build(examples/integer_only/forward.cpp forward)
run("${WORK}/forward" "${DATA}/parameters.bin" "${DATA}/images.bin" logits.bin)

# 2. The logits.
file(SIZE "${WORK}/logits.bin" size)
file(SHA256 "${WORK}/logits.bin" got)
file(SHA256 "${DATA}/logits.bin" expected)
if(NOT size EQUAL 9000) # 450 images, 10 logits of 16 bits
    message(FATAL_ERROR "logits.bin has ${size} bytes, expected 9000")
elseif(NOT got STREQUAL expected)
    message(FATAL_ERROR "${COMPILER} ${FLAGS}: the logits differ from those of digits-export")
endif()

# 3. Wrong arguments and files end with exit code 2.
file(WRITE "${WORK}/short.bin" "too short")
foreach(arguments IN ITEMS "" "nothing.bin ${DATA}/images.bin out.bin" "short.bin ${DATA}/images.bin out.bin"
        "${DATA}/parameters.bin nothing.bin out.bin" "${DATA}/images.bin ${DATA}/images.bin out.bin")
    separate_arguments(arguments)
    execute_process(COMMAND "${WORK}/forward" ${arguments} WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE result
        ERROR_VARIABLE said)
    if(NOT result EQUAL 2 OR NOT said MATCHES "^digits-forward: [^\n]+\n$")
        message(FATAL_ERROR "forward ${arguments}: expected one sentence and exit code 2, got ${result}: ${said}")
    endif()
endforeach()

# 4. The instructions.
check_instructions(forward)
