// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <hdf5.h>

#include <string>
#include <vector>

namespace acim {

// Writes one dataset into an HDF5 file with the C library, so that tests can make what the
// project's own writer never makes. `values` may be null: then nothing is written.
struct Hdf5Dataset {
    std::string name = {};
    hid_t type = H5T_STD_U8LE;  // in the file
    hid_t memory = H5T_NATIVE_UINT8;
    std::vector<hsize_t> dims = {};
    const void* values = nullptr;
    std::vector<hsize_t> chunk = {};  // empty: contiguous
    int deflate = 0;
    std::string layout = {};  // attribute; empty: none
};

inline void write_hdf5(const std::string& path, const std::vector<Hdf5Dataset>& datasets) {
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    for (const Hdf5Dataset& d : datasets) {
        const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
        if (!d.chunk.empty())
            H5Pset_chunk(creation, static_cast<int>(d.chunk.size()), d.chunk.data());
        if (d.deflate > 0) H5Pset_deflate(creation, static_cast<unsigned>(d.deflate));
        const hid_t space =
            H5Screate_simple(static_cast<int>(d.dims.size()), d.dims.data(), nullptr);
        const hid_t dataset =
            H5Dcreate2(file, d.name.c_str(), d.type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
        if (d.values != nullptr)
            H5Dwrite(dataset, d.memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, d.values);
        if (!d.layout.empty()) {
            const hid_t text = H5Tcopy(H5T_C_S1);
            H5Tset_size(text, d.layout.size());
            const hid_t scalar = H5Screate(H5S_SCALAR);
            const hid_t attribute =
                H5Acreate2(dataset, "layout", text, scalar, H5P_DEFAULT, H5P_DEFAULT);
            H5Awrite(attribute, text, d.layout.data());
            H5Aclose(attribute);
            H5Sclose(scalar);
            H5Tclose(text);
        }
        H5Dclose(dataset);
        H5Sclose(space);
        H5Pclose(creation);
    }
    H5Fclose(file);
}

}  // namespace acim
