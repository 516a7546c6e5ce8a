# SPDX-License-Identifier: Apache-2.0
# Sets ACIM_NVCC: nvcc's path where ACIM_CUDA allows it and it is found, else empty, with the reason
# in ACIM_NVCC_ABSENT. nvcc is called by custom commands, because CMake 3.25 knows no C++20 for it.
set(ACIM_NVCC "")
if(ACIM_CUDA STREQUAL "OFF")
    set(ACIM_NVCC_ABSENT "ACIM_CUDA is OFF")
else()
    find_program(ACIM_NVCC_EXECUTABLE nvcc
        HINTS ENV CUDA_HOME ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin
        DOC "CUDA compiler (CUDA Toolkit 12.4 or later)")
    mark_as_advanced(ACIM_NVCC_EXECUTABLE)
    if(ACIM_NVCC_EXECUTABLE)
        set(ACIM_NVCC ${ACIM_NVCC_EXECUTABLE})
    elseif(ACIM_CUDA STREQUAL "AUTO")
        set(ACIM_NVCC_ABSENT "nvcc not found: install the CUDA Toolkit or set CUDA_HOME")
    else()
        message(FATAL_ERROR "ACIM_CUDA is ${ACIM_CUDA}, but nvcc was not found. Install the CUDA "
            "Toolkit (12.4 or later), set CUDA_HOME, or configure with -DACIM_CUDA=AUTO.")
    endif()
endif()
if(ACIM_NVCC)
    message(STATUS "CUDA compiler: ${ACIM_NVCC}")
else()
    message(STATUS "No CUDA compiler (${ACIM_NVCC_ABSENT}); the PTX probe is skipped")
endif()

# The flags that results depend on, as acim_exact has them for the host: one rounding for each
# operation, denormal numbers kept, correctly rounded division and square root.
set(ACIM_NVCC_EXACT_FLAGS --std=c++20 --fmad=false --ftz=false --prec-div=true --prec-sqrt=true)
