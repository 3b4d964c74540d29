# SPDX-License-Identifier: Apache-2.0
# cmake -DCOMPILER=g++ -DFLAGS="-O2 ..." -DSOURCE= -DDATA= -DWORK= -P check.cmake: builds examples/integer_only/forward.cpp
# in the folder WORK, runs it on what digits-export wrote to DATA, and compares the logits byte for byte, and the hash of
# every layer's codes. With
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
run("${WORK}/forward" "${DATA}/parameters.bin" "${DATA}/images.bin" logits.bin layers.txt)

# 2. Every layer, the first that differs by name; then the logits.
file(STRINGS "${WORK}/layers.txt" got_layers)
file(STRINGS "${DATA}/layers.txt" expected_layers)
list(LENGTH got_layers layers)
list(LENGTH expected_layers expected)
if(NOT layers EQUAL expected OR layers LESS 62) # 14 of each of 4 blocks, and 6
    message(FATAL_ERROR "layers.txt has ${layers} layers, digits-export's has ${expected}")
endif()
foreach(got line IN ZIP_LISTS got_layers expected_layers)
    string(SUBSTRING "${line}" 0 16 hash)
    string(SUBSTRING "${line}" 17 -1 name)
    if(NOT got STREQUAL hash)
        message(FATAL_ERROR "${COMPILER} ${FLAGS}: layer '${name}' differs from that of digits-export")
    endif()
endforeach()
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
foreach(arguments IN ITEMS "" "nothing.bin ${DATA}/images.bin out.bin out.txt"
        "short.bin ${DATA}/images.bin out.bin out.txt" "${DATA}/parameters.bin nothing.bin out.bin out.txt"
        "${DATA}/images.bin ${DATA}/images.bin out.bin out.txt" "${DATA}/parameters.bin ${DATA}/images.bin out.bin"
        "${DATA}/parameters.bin ${WORK}/short.bin out.bin nowhere/out.txt")
    separate_arguments(arguments)
    execute_process(COMMAND "${WORK}/forward" ${arguments} WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE result
        ERROR_VARIABLE said)
    if(NOT result EQUAL 2 OR NOT said MATCHES "^digits-forward: [^\n]+\n$")
        message(FATAL_ERROR "forward ${arguments}: expected one sentence and exit code 2, got ${result}: ${said}")
    endif()
endforeach()

# 4. The instructions.
check_instructions(forward)
