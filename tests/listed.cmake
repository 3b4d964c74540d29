# SPDX-License-Identifier: Apache-2.0
# cmake -DSOURCE= -DLISTED=a,b,... -P listed.cmake: fails when a header under include/ or a test under tests/ is in no
# list, or a list names a file that is not there. Paths are relative to SOURCE.
cmake_minimum_required(VERSION 3.25)

string(REPLACE "," ";" listed "${LISTED}")
file(GLOB_RECURSE there RELATIVE "${SOURCE}" "${SOURCE}/include/*" "${SOURCE}/tests/*_test.cpp")
set(unlisted ${there})
list(REMOVE_ITEM unlisted ${listed})
set(missing ${listed})
list(REMOVE_ITEM missing ${there})
foreach(file IN LISTS unlisted)
    message(SEND_ERROR "${file} is in no list: add it to CMakeLists.txt (headers) or tests/CMakeLists.txt (tests)")
endforeach()
foreach(file IN LISTS missing)
    message(SEND_ERROR "${file} is listed, but not there")
endforeach()
