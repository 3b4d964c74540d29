# SPDX-License-Identifier: Apache-2.0
# cmake -DKIND= -DSOURCE= -DBUILD= -DCOMPILER= -DGENERATOR= -DVERSION= -P check.cmake: builds and runs the consumer KIND
# in a folder of its own under BUILD.
cmake_minimum_required(VERSION 3.25)

set(work "${BUILD}/consumers/${KIND}")
set(here "${CMAKE_CURRENT_LIST_DIR}")
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")

function(run)
    execute_process(COMMAND ${ARGV} WORKING_DIRECTORY "${work}"
        RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        list(JOIN ARGV " " command)
        message("${output}")
        message(FATAL_ERROR "failed: ${command}")
    endif()
endfunction()

# Configures, builds and runs the project in the folder KIND.
function(project)
    run("${CMAKE_COMMAND}" -S "${here}/${KIND}" -B build -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}"
        -DCMAKE_BUILD_TYPE=Release -DVERSION=${VERSION} ${ARGV})
    run("${CMAKE_COMMAND}" --build build --config Release --target check)
endfunction()

set(compile "${COMPILER}" -std=c++20 -I "${SOURCE}/include")
if(KIND STREQUAL "add_subdirectory")
    project("-DDYAD_SOURCE=${SOURCE}")
elseif(KIND STREQUAL "find_package")
    run("${CMAKE_COMMAND}" --install "${BUILD}" --config Release --prefix "${work}/prefix")
    project("-DCMAKE_PREFIX_PATH=${work}/prefix")
elseif(KIND STREQUAL "plain")
    # Two translation units with different flags in one program.
    run(${compile} -O0 -c "${here}/first.cpp" -o first.o)
    run(${compile} -O3 -DNDEBUG -c "${here}/second.cpp" -o second.o)
    run("${COMPILER}" first.o second.o -o plain)
    run("${work}/plain")
elseif(KIND STREQUAL "freestanding")
    run(${compile} -O2 -fno-exceptions -fno-rtti -ffast-math "${here}/number.cpp" -o freestanding)
    run("${work}/freestanding")
else()
    message(FATAL_ERROR "no consumer ${KIND}")
endif()
