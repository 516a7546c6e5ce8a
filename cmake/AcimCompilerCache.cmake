# SPDX-License-Identifier: Apache-2.0
# ccache makes repeated builds quick; a launcher given by the user stays.
find_program(ACIM_CCACHE ccache DOC "Compiler cache; empty or absent: none")
mark_as_advanced(ACIM_CCACHE)
if(ACIM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${ACIM_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${ACIM_CCACHE})
endif()
