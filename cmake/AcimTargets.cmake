# SPDX-License-Identifier: Apache-2.0
# One CMake target per folder; the link lines repeat the layer diagram of docs/architecture.md.
# ACIM_ROOT is where includes start from; cuda/ may be configured on its own.
get_filename_component(ACIM_ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)

# acim_library(<name> SOURCES ... [PUBLIC libs...] [PRIVATE libs...])
# declares the static library acim_<name> with the project's warnings and exactness flags. What is built
# to be handed on, without tests, does not carry the place where it was built.
function(acim_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
    add_library(acim_${name} STATIC ${ARG_SOURCES})
    if(NOT ACIM_TESTS)
        target_compile_options(acim_${name} PRIVATE
            $<$<COMPILE_LANGUAGE:CXX>:-fmacro-prefix-map=${ACIM_ROOT}/=>)
    endif()
    target_link_libraries(acim_${name} PUBLIC acim_exact ${ARG_PUBLIC} PRIVATE acim_warnings ${ARG_PRIVATE})
    target_include_directories(acim_${name} PUBLIC ${ACIM_ROOT})
endfunction()

# acim_cuda_engine_of(<program> <library>)
# says which CUDA engine the program has. Libraries of host/ call make_cuda_engine() and link none, so
# that the same commands also run on the emulated engine of tests/cuda_emulation. The archive is linked
# whole: then its place on the line does not matter, and a second engine is an error of the linker.
function(acim_cuda_engine_of program library)
    target_link_libraries(${program} PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,${library}>)
endfunction()

if(ACIM_TESTS)
    add_custom_target(identity_tests)
endif()

# acim_test(<name> SOURCES ... LINK ... [LABELS ...] [TIMEOUT seconds])
# declares a GoogleTest binary test_<name>, registered as one ctest entry. The label `identity` says
# that it compares bytes with a golden one; the target identity_tests builds all of those, because
# they have to pass under every compiler and level of optimisation.
function(acim_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
    if(NOT ACIM_TESTS)
        return()
    endif()
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 300)
    endif()
    if(CMAKE_BUILD_TYPE STREQUAL "Debug")  # unoptimised or sanitised: several times slower
        math(EXPR ARG_TIMEOUT "4 * ${ARG_TIMEOUT}")
    endif()
    add_executable(test_${name} ${ARG_SOURCES})
    target_link_libraries(test_${name} PRIVATE ${ARG_LINK} acim_warnings GTest::gmock GTest::gtest_main)
    target_include_directories(test_${name} PRIVATE ${ACIM_ROOT})
    target_compile_definitions(test_${name} PRIVATE
        ACIM_SOURCE_DIR="${ACIM_ROOT}" ACIM_BINARY_DIR="${PROJECT_BINARY_DIR}")
    add_test(NAME ${name} COMMAND test_${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
    if("identity" IN_LIST ARG_LABELS)
        add_dependencies(identity_tests test_${name})
    endif()
endfunction()

# acim_add_present(<dir>...) enters those sub-directories that hold a CMakeLists.txt.
function(acim_add_present)
    foreach(dir IN LISTS ARGN)
        if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/CMakeLists.txt)
            add_subdirectory(${dir})
        endif()
    endforeach()
endfunction()
