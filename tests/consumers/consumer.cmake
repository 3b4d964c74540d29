# SPDX-License-Identifier: Apache-2.0
# The programs of a consumer that has the targets dyad::number and dyad::dyad, and `check`, which runs them.
if(DEFINED CMAKE_CXX_STANDARD OR NOT CMAKE_CXX_FLAGS STREQUAL flags_before)
    message(FATAL_ERROR "dyad changed the consumer's flags")
endif()
if(NOT dyad_VERSION VERSION_EQUAL VERSION)
    message(FATAL_ERROR "dyad's version is '${dyad_VERSION}', not ${VERSION}")
endif()

add_executable(number ../number.cpp)
target_link_libraries(number PRIVATE dyad::number)
add_executable(everything ../first.cpp ../second.cpp)
target_link_libraries(everything PRIVATE dyad::dyad)
add_custom_target(check COMMAND number COMMAND everything)
