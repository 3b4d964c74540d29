# SPDX-License-Identifier: Apache-2.0
# cmake -DSOURCE= -P layers.cmake: fails when a header under include/dyad/ includes what its layer may not.
# A layer is a folder; it may include itself and those before it.
cmake_minimum_required(VERSION 3.25)

set(order core number math kernels array linalg quantize nn train study)
set(reachable "")
foreach(layer IN LISTS order)
    list(APPEND reachable ${layer})
    set(may_include_${layer} ${reachable})
endforeach()
# Beside the order: opt-in layers, and the umbrella over core to nn.
set(may_include_io core number array io)
set(may_include_interop ${may_include_train} io interop)
list(APPEND may_include_study io)
set(may_include_dyad ${may_include_nn})

# The standard headers that each of the cheap layers may include; the others are free.
set(standard_core array bit compare concepts cstddef cstdint limits type_traits)
# <typeindex> is the cheapest header that declares std::hash.
set(standard_number ${standard_core} span typeindex)
set(standard_math ${standard_number})

# Headers of threads take long to parse: of core to train only these may include them, and no other
# header these.
set(thread_headers atomic condition_variable future mutex semaphore thread)
set(threaded dyad/array/thread_executor.hpp)

set(intrinsics "xsimd|intrin\\.h|arm_neon|arm_sve|wasm_simd")
set(vector_code "xsimd::|[^a-zA-Z_]_mm(256|512)?_[a-z]|[^a-zA-Z_]__m(64|128|256|512)|__builtin_ia32_")

macro(wrong text)
    message(SEND_ERROR "include/${header}: ${text}")
endmacro()

# Checks `#include <name>` of a header that belongs to `layer`; sets nothing.
function(check_include name)
    if(name MATCHES "^dyad/([a-z0-9_]+)\\.hpp$")
        if(NOT is_umbrella)
            wrong("includes the umbrella <${name}>; name the headers")
        elseif(CMAKE_MATCH_1 STREQUAL layer OR NOT CMAKE_MATCH_1 IN_LIST may_include_${layer})
            wrong("includes <${name}>, which is not below ${layer}")
        endif()
    elseif(name MATCHES "^dyad/([a-z0-9_]+)/")
        if(NOT CMAKE_MATCH_1 IN_LIST may_include_${layer})
            wrong("includes <${name}>, which is not below ${layer}")
        elseif(name IN_LIST threaded)
            wrong("includes <${name}>, which a user includes where it is wanted")
        endif()
    elseif(name IN_LIST thread_headers AND layer IN_LIST may_include_train)
        if(NOT header IN_LIST threaded)
            wrong("includes <${name}>; of core to train only ${threaded} may include headers of threads")
        endif()
    elseif(name MATCHES "^boost/")
        if(NOT layer STREQUAL "study" AND NOT header STREQUAL "dyad/number/wide_fixed.hpp")
            wrong("includes <${name}>; only study/ and number/wide_fixed.hpp may include Boost")
        endif()
    elseif(name MATCHES "${intrinsics}")
        if(NOT layer STREQUAL "kernels")
            wrong("includes <${name}>; only kernels/ may include xsimd or intrinsics")
        endif()
    elseif(DEFINED standard_${layer} AND NOT name IN_LIST standard_${layer})
        list(JOIN standard_${layer} "> <" allowed)
        wrong("includes <${name}>; ${layer}/ may include <${allowed}> only")
    endif()
endfunction()

file(GLOB_RECURSE headers RELATIVE "${SOURCE}/include" "${SOURCE}/include/*")
list(LENGTH headers count)
if(count EQUAL 0)
    message(FATAL_ERROR "no header under ${SOURCE}/include")
endif()
foreach(header IN LISTS headers)
    # 1. The layer, from the place of the file.
    set(is_umbrella FALSE)
    if(header MATCHES "^dyad/([a-z0-9_]+)\\.hpp$")
        set(is_umbrella TRUE)
        set(layer "${CMAKE_MATCH_1}")
    elseif(header MATCHES "^dyad/([a-z0-9_]+)/[a-z0-9_]+\\.hpp$" OR
           header MATCHES "^dyad/(kernels)/[a-z0-9_]+/[a-z0-9_]+\\.hpp$")
        string(REGEX REPLACE "^dyad/([a-z0-9_]+)/.*" "\\1" layer "${header}")
    else()
        wrong("stands neither in dyad/<layer>/ nor in dyad/kernels/<instruction set>/")
        continue()
    endif()
    if(NOT DEFINED may_include_${layer})
        wrong("${layer} is no layer")
        continue()
    endif()

    # 2. What it includes. Brackets and semicolons mean something in CMake's lists; no include has them.
    file(READ "${SOURCE}/include/${header}" text)
    string(REGEX REPLACE "[][;]" " " text "\n${text}")
    string(REGEX MATCHALL "\n[ \t]*#[ \t]*include[^\n]*" lines "${text}")
    foreach(line IN LISTS lines)
        if(line MATCHES "include[ \t]*<([^>]+)>")
            check_include("${CMAKE_MATCH_1}")
        else()
            string(STRIP "${line}" line)
            wrong("'${line}': write #include <...>")
        endif()
    endforeach()

    # 3. Vector code without an include.
    if(NOT layer STREQUAL "kernels" AND text MATCHES "${vector_code}")
        wrong("uses '${CMAKE_MATCH_0}'; vector code belongs in kernels/")
    endif()
endforeach()
message("${count} headers checked")
