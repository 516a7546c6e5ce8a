# SPDX-License-Identifier: Apache-2.0
# Every library of the host side, by its Debian 12 package (scripts/install-packages names them).
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
# From version 22 on protobuf needs its own configuration file, which names what it links; Debian's
# version 3.21 has none.
find_package(Protobuf CONFIG QUIET)
if(NOT TARGET protobuf::libprotobuf-lite)
    find_package(Protobuf REQUIRED)
endif()
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(HDF5 REQUIRED COMPONENTS C HL)
# Highway's configuration file came after version 1.0.3.
find_package(hwy CONFIG QUIET)
if(NOT TARGET hwy::hwy)
    find_path(ACIM_HWY_INCLUDE hwy/highway.h REQUIRED)
    find_library(ACIM_HWY_LIBRARY hwy REQUIRED)
    add_library(hwy::hwy UNKNOWN IMPORTED GLOBAL)
    set_target_properties(hwy::hwy PROPERTIES IMPORTED_LOCATION ${ACIM_HWY_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${ACIM_HWY_INCLUDE})
endif()
if(ACIM_TESTS)
    find_package(GTest REQUIRED)
    find_package(Boost REQUIRED COMPONENTS context)  # threads of the emulated GPU
endif()
if(ACIM_BENCH)
    find_package(benchmark REQUIRED)
endif()

# FindHDF5 of CMake 3.25 gives hdf5::hdf5 and hdf5::hdf5_hl; one name hides the choice.
add_library(acim_hdf5 INTERFACE)
target_link_libraries(acim_hdf5 INTERFACE hdf5::hdf5 hdf5::hdf5_hl)
