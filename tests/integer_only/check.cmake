# SPDX-License-Identifier: Apache-2.0
# cmake -DCOMPILER=g++ -DFLAGS="-O2 ..." -DSOURCE= -DDATA= -DWORK= -P check.cmake: builds examples/integer_only/forward.cpp
# in the folder WORK, runs it on what digits-export wrote to DATA, and compares the logits byte for byte. With
# -mgeneral-regs-only the program's own code must be free of vector registers and of x87 instructions.
# Prints SKIPPED: where a tool or the machine is missing.
cmake_minimum_required(VERSION 3.25)

macro(skip reason)
    message("SKIPPED: ${reason}")
    return()
endmacro()

function(run)
    execute_process(COMMAND ${ARGV} WORKING_DIRECTORY "${WORK}"
        RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        list(JOIN ARGV " " command)
        message("${output}")
        message(FATAL_ERROR "failed (${result}): ${command}")
    endif()
endfunction()

find_program(compiler NAMES ${COMPILER} NO_CACHE)
if(NOT compiler)
    skip("there is no ${COMPILER}")
endif()
execute_process(COMMAND "${compiler}" --version OUTPUT_VARIABLE version)
execute_process(COMMAND "${compiler}" -dumpmachine OUTPUT_VARIABLE machine)
if(COMPILER STREQUAL "g++" AND NOT version MATCHES "Free Software Foundation")
    skip("${compiler} is not GCC")
endif()
set(general_registers FALSE)
if(FLAGS MATCHES "-mgeneral-regs-only")
    set(general_registers TRUE)
endif()
set(x86 FALSE)
if(machine MATCHES "^x86_64")
    set(x86 TRUE)
endif()
find_program(objdump NAMES objdump NO_CACHE)
if(general_registers AND NOT x86)
    skip("registers are looked at on x86-64 only, and this is ${machine}")
elseif(general_registers AND NOT objdump)
    message(FATAL_ERROR "there is no objdump, though GCC brings binutils along")
endif()

# 1. Build and run.
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
run("${compiler}" -std=c++20 ${flags} -I "${SOURCE}/include" "${SOURCE}/examples/integer_only/forward.cpp" -o forward)
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

# 4. The instructions: everything in the program's own sections, the few lines of C start-up code included.
if(NOT x86 OR NOT objdump)
    return()
endif()
execute_process(COMMAND "${objdump}" -d --no-show-raw-insn forward WORKING_DIRECTORY "${WORK}"
    RESULT_VARIABLE result OUTPUT_FILE "${WORK}/forward.asm")
if(NOT result EQUAL 0)
    message(FATAL_ERROR "objdump fails on the program")
endif()
file(STRINGS "${WORK}/forward.asm" instructions REGEX "^ *[0-9a-f]+:\t")
list(LENGTH instructions count)
if(count LESS 1000)
    message(FATAL_ERROR "only ${count} instructions found: the disassembly is not what this test reads")
endif()
# Mnemonics of x87 begin with f, and nothing else does; vector registers are mm, xmm, ymm, zmm, tmm, masks are k0 to k7.
file(STRINGS "${WORK}/forward.asm" floating
    REGEX "^ *[0-9a-f]+:\t(.*%[xyzt]?mm[0-9]|.*%k[0-7]|.*%st|((data16|cs|rep|repz|lock) )*(f[a-z]+|wait|emms|v[a-z0-9]+) ?)")
list(LENGTH floating found)
message("${count} instructions, ${found} of them on vectors or in floating point")
if(general_registers AND found GREATER 0)
    list(GET floating 0 first)
    message(FATAL_ERROR "an instruction that integer-only code must not have: ${first}")
elseif(NOT general_registers AND FLAGS MATCHES "-O3" AND found EQUAL 0)
    # The other builds of this very program show that the search finds what is there.
    message(FATAL_ERROR "no vector instruction in ${COMPILER} ${FLAGS}: this test looks for the wrong ones")
endif()
