# SPDX-License-Identifier: Apache-2.0
# Tests of the examples: the digits model in this program, and the programs dyad-study, dyad-functions and
# dyad-show as a user calls them.
add_executable(study_files "${PROJECT_SOURCE_DIR}/tests/examples/study_files.cpp")
target_compile_features(study_files PRIVATE cxx_std_20)
add_test(NAME examples/check_study COMMAND "${CMAKE_COMMAND}" "-DSTUDY=$<TARGET_FILE:dyad-study>"
    "-DFILES=$<TARGET_FILE:study_files>" "-DDIGITS=${PROJECT_SOURCE_DIR}/examples/digits"
    "-DWORK=${PROJECT_BINARY_DIR}/check_study" -P "${PROJECT_SOURCE_DIR}/tests/examples/check_study.cmake")
set_tests_properties(examples/check_study PROPERTIES TIMEOUT 600)

if(TARGET dyad-functions)
    add_test(NAME examples/check_functions COMMAND "${CMAKE_COMMAND}" "-DFUNCTIONS=$<TARGET_FILE:dyad-functions>"
        "-DWORK=${PROJECT_BINARY_DIR}/check_functions" -P "${PROJECT_SOURCE_DIR}/tests/examples/check_functions.cmake")
    set_tests_properties(examples/check_functions PROPERTIES TIMEOUT 600)
endif()

add_test(NAME examples/check_show COMMAND "${CMAKE_COMMAND}" "-DSHOW=$<TARGET_FILE:dyad-show>"
    "-DSOURCE=${PROJECT_SOURCE_DIR}" -P "${PROJECT_SOURCE_DIR}/tests/examples/check_show.cmake")
set_tests_properties(examples/check_show PROPERTIES TIMEOUT 600)

# The keyword-spotting program checks every byte itself.
if(DYAD_SHARED_DATA)
    add_test(NAME examples/keyword_spotting_program COMMAND dyad-keyword-spotting "${DYAD_SHARED_DATA}")
else()
    add_test(NAME examples/keyword_spotting_program COMMAND "${CMAKE_COMMAND}" -E echo
        "SKIPPED: no shared data (set DYAD_SHARED_DATA to its folder)")
    set_tests_properties(examples/keyword_spotting_program PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED:")
endif()
add_test(NAME examples/keyword_spotting_without_data COMMAND dyad-keyword-spotting "${CMAKE_CURRENT_BINARY_DIR}/nowhere")
set_tests_properties(examples/keyword_spotting_without_data PROPERTIES
    PASS_REGULAR_EXPRESSION "dyad-keyword-spotting: .*nowhere/kws_dscnn_int8/graph.json: cannot be opened")
