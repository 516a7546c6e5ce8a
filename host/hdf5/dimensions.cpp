// SPDX-License-Identifier: Apache-2.0
// Dimension scales after the HDF5 Dimension Scales specification 1.0 and netCDF-4's use of it.
// The lists are written here and not by H5DSattach_scale, which copies uninitialised padding into
// the file, so that equal results would not be equal files.
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "host/core/error.hpp"
#include "host/hdf5/writer_state.hpp"

namespace acim::hdf5 {

namespace {

// One entry of REFERENCE_LIST without padding.
struct [[gnu::packed]] Reference {
    hobj_ref_t object;
    std::int32_t axis;
};

// netCDF-4 and H5DS use fixed strings for these two names.
void fixed_text_attribute(hid_t object, const char* name, const std::string& text) {
    const Id type = made(H5Tcopy(H5T_C_S1), name);
    done(H5Tset_size(type.get(), text.size() + 1), name);
    const Id space = made(H5Screate(H5S_SCALAR), name);
    const Id attribute =
        made(H5Acreate2(object, name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), name);
    done(H5Awrite(attribute.get(), type.get(), text.c_str()), name);
}

hobj_ref_t reference_to(hid_t file, const std::string& path) {
    hobj_ref_t reference = 0;
    done(H5Rcreate(&reference, file, path.c_str(), H5R_OBJECT, -1), path);
    return reference;
}

void write_dimension_list(hid_t file, const std::string& path,
                          const std::map<unsigned, std::string>& scales) {
    const Id dataset = made(H5Dopen2(file, path.c_str(), H5P_DEFAULT), path);
    const Id data_space = made(H5Dget_space(dataset.get()), path);
    const auto rank = static_cast<std::size_t>(H5Sget_simple_extent_ndims(data_space.get()));
    ACIM_EXPECT(scales.size() == rank && scales.rbegin()->first == rank - 1);
    std::vector<hobj_ref_t> references;
    for (const auto& [axis, scale] : scales) {
        references.push_back(reference_to(file, scale));
    }
    std::vector<hvl_t> lists;
    for (hobj_ref_t& reference : references) {
        lists.push_back({1, &reference});
    }
    const Id type = made(H5Tvlen_create(H5T_STD_REF_OBJ), path);
    const hsize_t size = rank;
    const Id space = made(H5Screate_simple(1, &size, nullptr), path);
    const Id attribute = made(H5Acreate2(dataset.get(), "DIMENSION_LIST", type.get(), space.get(),
                                         H5P_DEFAULT, H5P_DEFAULT),
                              path);
    done(H5Awrite(attribute.get(), type.get(), lists.data()), path);
}

void write_reference_list(hid_t file, const std::string& path,
                          const std::vector<std::pair<std::string, unsigned>>& users) {
    std::vector<Reference> references;
    for (const auto& [dataset, axis] : users) {
        references.push_back({reference_to(file, dataset), static_cast<std::int32_t>(axis)});
    }
    const Id type = made(H5Tcreate(H5T_COMPOUND, sizeof(Reference)), path);
    done(H5Tinsert(type.get(), "dataset", offsetof(Reference, object), H5T_STD_REF_OBJ), path);
    done(H5Tinsert(type.get(), "dimension", offsetof(Reference, axis), H5T_NATIVE_INT), path);
    const hsize_t size = references.size();
    const Id space = made(H5Screate_simple(1, &size, nullptr), path);
    const Id dataset = made(H5Dopen2(file, path.c_str(), H5P_DEFAULT), path);
    const Id attribute = made(H5Acreate2(dataset.get(), "REFERENCE_LIST", type.get(), space.get(),
                                         H5P_DEFAULT, H5P_DEFAULT),
                              path);
    done(H5Awrite(attribute.get(), type.get(), references.data()), path);
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

void ImageWriter::dimension(const std::string& path, std::uint64_t size) {
    const LibraryLock lock;
    const Id creation = made(H5Pcreate(H5P_DATASET_CREATE), path);
    done(H5Pset_obj_track_times(creation.get(), false), path);
    const hsize_t length = size;
    const Id space = made(H5Screate_simple(1, &length, nullptr), path);
    // Never written, so it takes no storage.
    const Id dataset =
        made(H5Dcreate2(state_->file.get(), path.c_str(), H5T_IEEE_F32BE, space.get(),
                        state_->link_creation.get(), creation.get(), H5P_DEFAULT),
             path);
    char name[80];
    std::snprintf(name, sizeof name, "This is a netCDF dimension but not a netCDF variable. %10llu",
                  static_cast<unsigned long long>(size));
    fixed_text_attribute(dataset.get(), "CLASS", "DIMENSION_SCALE");
    fixed_text_attribute(dataset.get(), "NAME", name);
}

void ImageWriter::make_scale(const std::string& dataset) {
    const LibraryLock lock;
    const Id object = made(H5Dopen2(state_->file.get(), dataset.c_str(), H5P_DEFAULT), dataset);
    fixed_text_attribute(object.get(), "CLASS", "DIMENSION_SCALE");
    fixed_text_attribute(object.get(), "NAME", last_part(dataset));
}

void ImageWriter::attach(const std::string& dataset, unsigned axis, const std::string& scale) {
    const bool added = state_->scales_of[dataset].emplace(axis, scale).second;
    ACIM_EXPECT(added);
    state_->users_of[scale].emplace_back(dataset, axis);
}

void ImageWriter::write_dimension_lists() {
    for (const auto& [dataset, scales] : state_->scales_of) {
        write_dimension_list(state_->file.get(), dataset, scales);
    }
    for (const auto& [scale, users] : state_->users_of) {
        write_reference_list(state_->file.get(), scale, users);
    }
}

}  // namespace acim::hdf5
