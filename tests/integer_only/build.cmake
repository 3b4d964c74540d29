# SPDX-License-Identifier: Apache-2.0
# Included by check.cmake and program.cmake, with COMPILER, FLAGS, SOURCE and WORK set: finds the tools, builds a program
# in the folder WORK, and looks at its instructions. Where a tool or the machine is missing it sets skip_reason.

function(run)
    execute_process(COMMAND ${ARGV} WORKING_DIRECTORY "${WORK}"
        RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        list(JOIN ARGV " " command)
        message("${output}")
        message(FATAL_ERROR "failed (${result}): ${command}")
    endif()
endfunction()

set(skip_reason "")
find_program(compiler NAMES ${COMPILER} NO_CACHE)
find_program(objdump NAMES objdump NO_CACHE)
set(general_registers FALSE)
if(FLAGS MATCHES "-mgeneral-regs-only")
    set(general_registers TRUE)
endif()
set(x86 FALSE)
if(NOT compiler)
    set(skip_reason "there is no ${COMPILER}")
else()
    execute_process(COMMAND "${compiler}" --version OUTPUT_VARIABLE version)
    execute_process(COMMAND "${compiler}" -dumpmachine OUTPUT_VARIABLE machine)
    if(machine MATCHES "^x86_64")
        set(x86 TRUE)
    endif()
    if(COMPILER STREQUAL "g++" AND NOT version MATCHES "Free Software Foundation")
        set(skip_reason "${compiler} is not GCC")
    elseif(general_registers AND NOT x86)
        set(skip_reason "registers are looked at on x86-64 only, and this is ${machine}")
    elseif(general_registers AND NOT objdump)
        message(FATAL_ERROR "there is no objdump, though GCC brings binutils along")
    endif()
endif()

# Builds the file `source` of the project as the program `name` in a new folder WORK.
function(build source name)
    file(REMOVE_RECURSE "${WORK}")
    file(MAKE_DIRECTORY "${WORK}")
    separate_arguments(flags UNIX_COMMAND "${FLAGS}")
    run("${compiler}" -std=c++20 ${flags} -I "${SOURCE}/include" "${SOURCE}/${source}" -o ${name})
endfunction()

# The instructions: everything in the program's own sections, the few lines of C start-up code included. With
# -mgeneral-regs-only there must be none on vector registers and none of x87.
function(check_instructions name)
    if(NOT x86 OR NOT objdump)
        return()
    endif()
    execute_process(COMMAND "${objdump}" -d --no-show-raw-insn ${name} WORKING_DIRECTORY "${WORK}"
        RESULT_VARIABLE result OUTPUT_FILE "${WORK}/${name}.asm")
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "objdump fails on the program")
    endif()
    file(STRINGS "${WORK}/${name}.asm" instructions REGEX "^ *[0-9a-f]+:\t")
    list(LENGTH instructions count)
    if(count LESS 1000)
        message(FATAL_ERROR "only ${count} instructions found: the disassembly is not what this test reads")
    endif()
    # Mnemonics of x87 begin with f, and nothing else does; vector registers are mm, xmm, ymm, zmm, tmm, masks are k0 to
    # k7.
    file(STRINGS "${WORK}/${name}.asm" floating
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
endfunction()
