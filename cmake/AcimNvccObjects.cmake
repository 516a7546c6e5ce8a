# SPDX-License-Identifier: Apache-2.0
# CUDA sources become object files by custom commands (AcimNvcc.cmake says why). Needs ACIM_NVCC.
set(ACIM_CUDA_ARCHITECTURES "80;89;90;100" CACHE STRING
    "Compute capabilities that machine code is made for, as in 80;89;90;100; PTX of the last is added")

# -gencode flags for ACIM_CUDA_ARCHITECTURES.
set(ACIM_NVCC_TARGETS "")
foreach(capability IN LISTS ACIM_CUDA_ARCHITECTURES)
    list(APPEND ACIM_NVCC_TARGETS -gencode arch=compute_${capability},code=sm_${capability})
endforeach()
list(GET ACIM_CUDA_ARCHITECTURES -1 capability)
list(APPEND ACIM_NVCC_TARGETS -gencode arch=compute_${capability},code=compute_${capability})

# acim_nvcc_objects(<variable> <source>...) sets the variable to the object files of CUDA sources of
# the current folder, uncompressed for scripts/sass-counts. Host code keeps to acim_exact.
function(acim_nvcc_objects variable)
    set(objects)
    foreach(source IN LISTS ARGN)
        set(object ${CMAKE_CURRENT_BINARY_DIR}/${source}.o)
        add_custom_command(OUTPUT ${object}
            COMMAND ${ACIM_NVCC} -c -O3 ${ACIM_NVCC_EXACT_FLAGS} ${ACIM_NVCC_TARGETS} --no-compress
                --Werror=all-warnings -Xcompiler=-ffp-contract=off,-Wall,-Wextra,-fPIC
                -I ${ACIM_ROOT} -MD -MF ${object}.d -MT ${object}
                -o ${object} ${CMAKE_CURRENT_SOURCE_DIR}/${source}
            DEPENDS ${source} DEPFILE ${object}.d
            COMMENT "nvcc: ${source}" VERBATIM)
        list(APPEND objects ${object})
    endforeach()
    set(${variable} ${objects} PARENT_SCOPE)
endfunction()

# acim_nvcc_ptx(<variable> <source>...) sets the variable to the sources' PTX, for scripts/check-ptx.
function(acim_nvcc_ptx variable)
    set(texts)
    foreach(source IN LISTS ARGN)
        set(ptx ${CMAKE_CURRENT_BINARY_DIR}/${source}.ptx)
        add_custom_command(OUTPUT ${ptx}
            COMMAND ${ACIM_NVCC} --ptx --gpu-architecture=compute_90 ${ACIM_NVCC_EXACT_FLAGS}
                --Werror=all-warnings -I ${ACIM_ROOT} -MD -MF ${ptx}.d -MT ${ptx}
                -o ${ptx} ${CMAKE_CURRENT_SOURCE_DIR}/${source}
            DEPENDS ${source} DEPFILE ${ptx}.d
            COMMENT "nvcc: ${source} to PTX" VERBATIM)
        list(APPEND texts ${ptx})
    endforeach()
    set(${variable} ${texts} PARENT_SCOPE)
endfunction()
