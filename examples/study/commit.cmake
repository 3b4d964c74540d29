# SPDX-License-Identifier: Apache-2.0
# Writes commit.hpp: the commit of SOURCE, with "-dirty" where files differ from it.
set(commit "unknown")
if(GIT)
    execute_process(COMMAND ${GIT} -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
        OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed AND described)
        set(commit "${described}")
    endif()
endif()
set(text "#pragma once\n\nnamespace study {\n\ninline constexpr const char* commit = \"${commit}\";\n\n}  // namespace study\n")
set(old "")
if(EXISTS ${OUT})
    file(READ ${OUT} old)
endif()
if(NOT old STREQUAL text)
    file(WRITE ${OUT} "${text}")
endif()
