// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/image_writer.hpp"

#include <algorithm>
#include <cstring>

#include "host/core/error.hpp"
#include "host/hdf5/native_type.hpp"
#include "host/hdf5/writer_state.hpp"

namespace acim::hdf5 {

namespace {

constexpr std::size_t filter_above = 1024;        // [byte]
constexpr std::size_t chunk_bytes = 1024 * 1024;  // largest chunk
constexpr std::size_t growth = 1024 * 1024;       // step of the image in memory [byte]

Id make_space(const Dims& dims, const std::string& what) {
    if (dims.empty()) {
        return made(H5Screate(H5S_SCALAR), what);
    }
    const std::vector<hsize_t> sizes(dims.begin(), dims.end());
    return made(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), what);
}

std::size_t product(const Dims& dims) {
    std::size_t count = 1;
    for (const std::uint64_t size : dims) {
        count *= size;
    }
    return count;
}

// Halves the largest outer size until a chunk is small enough.
std::vector<hsize_t> chunk_of(const Dims& dims, std::size_t element_bytes) {
    std::vector<hsize_t> chunk(dims.begin(), dims.end());
    const auto bytes = [&] {
        std::size_t total = element_bytes;
        for (const hsize_t size : chunk) {
            total *= size;
        }
        return total;
    };
    while (bytes() > chunk_bytes) {
        const auto outer =
            std::find_if(chunk.begin(), chunk.end(), [](hsize_t s) { return s > 1; });
        *outer = (*outer + 1) / 2;
    }
    return chunk;
}

Id dataset_creation(const Dims& dims, std::size_t element_bytes, const std::string& what) {
    Id list = made(H5Pcreate(H5P_DATASET_CREATE), what);
    done(H5Pset_obj_track_times(list.get(), false), what);
    if (!dims.empty() && product(dims) * element_bytes > filter_above) {
        const std::vector<hsize_t> chunk = chunk_of(dims, element_bytes);
        done(H5Pset_chunk(list.get(), static_cast<int>(chunk.size()), chunk.data()), what);
        done(H5Pset_shuffle(list.get()), what);
        done(H5Pset_deflate(list.get(), 4), what);
        done(H5Pset_fletcher32(list.get()), what);
    }
    return list;
}

}  // namespace

ImageWriter::ImageWriter() : state_(std::make_unique<State>()) {
    const LibraryLock lock;
    const Id access = made(H5Pcreate(H5P_FILE_ACCESS), "file access");
    done(H5Pset_fapl_core(access.get(), growth, false), "core driver");
    // A newer superblock gives images that cannot be opened (its checksum is stale in 1.10).
    done(H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST), "bounds");
    const Id creation = made(H5Pcreate(H5P_FILE_CREATE), "file creation");
    done(H5Pset_link_creation_order(creation.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED),
         "link order");
    done(H5Pset_obj_track_times(creation.get(), false), "no times");
    state_->link_creation = made(H5Pcreate(H5P_LINK_CREATE), "link creation");
    done(H5Pset_char_encoding(state_->link_creation.get(), H5T_CSET_UTF8), "UTF-8");
    state_->file = made(
        H5Fcreate(image_name().c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), "new image");
}

ImageWriter::~ImageWriter() = default;
ImageWriter::ImageWriter(ImageWriter&&) noexcept = default;
ImageWriter& ImageWriter::operator=(ImageWriter&&) noexcept = default;

void ImageWriter::group(const std::string& path) {
    const LibraryLock lock;
    const Id creation = made(H5Pcreate(H5P_GROUP_CREATE), path);
    done(H5Pset_link_creation_order(creation.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED),
         path);
    done(H5Pset_obj_track_times(creation.get(), false), path);
    made(H5Gcreate2(state_->file.get(), path.c_str(), state_->link_creation.get(), creation.get(),
                    H5P_DEFAULT),
         path);
}

void ImageWriter::write_raw(const std::string& path, ElementType type, const void* data,
                            std::size_t count, const Dims& dims) {
    ACIM_EXPECT(product(dims) == count);
    const LibraryLock lock;
    const hid_t native = native_type(type);
    const Id space = make_space(dims, path);
    const Id creation = dataset_creation(dims, H5Tget_size(native), path);
    const Id dataset = made(H5Dcreate2(state_->file.get(), path.c_str(), native, space.get(),
                                       state_->link_creation.get(), creation.get(), H5P_DEFAULT),
                            path);
    if (count > 0) {
        done(H5Dwrite(dataset.get(), native, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), path);
    }
}

void ImageWriter::write(const std::string& path, const std::vector<std::string>& values) {
    const LibraryLock lock;
    const Id type = text_type();
    const Dims dims{values.size()};
    const Id space = make_space(dims, path);
    // The dataset holds references into the file's heap, which filters cannot take: size 0, none.
    const Id creation = dataset_creation(dims, 0, path);
    const Id dataset = made(H5Dcreate2(state_->file.get(), path.c_str(), type.get(), space.get(),
                                       state_->link_creation.get(), creation.get(), H5P_DEFAULT),
                            path);
    std::vector<const char*> pointers;
    for (const std::string& value : values) {
        ACIM_EXPECT(value.find('\0') == std::string::npos);
        pointers.push_back(value.c_str());
    }
    if (!pointers.empty()) {
        done(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()),
             path);
    }
}

void ImageWriter::write_text(const std::string& path, std::string_view text) {
    ACIM_EXPECT(text.find('\0') == std::string_view::npos);
    const LibraryLock lock;
    const Id type = text_type();
    const Id space = make_space({}, path);
    const Id creation = dataset_creation({}, 0, path);
    const Id dataset = made(H5Dcreate2(state_->file.get(), path.c_str(), type.get(), space.get(),
                                       state_->link_creation.get(), creation.get(), H5P_DEFAULT),
                            path);
    const std::string copy(text);
    const char* pointer = copy.c_str();
    done(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, &pointer), path);
}

void ImageWriter::attribute_raw(const std::string& object, const std::string& name,
                                ElementType type, const void* data, const Dims& dims) {
    const LibraryLock lock;
    const std::string what = object + "@" + name;
    const Id target = made(H5Oopen(state_->file.get(), object.c_str(), H5P_DEFAULT), what);
    const Id space = make_space(dims, what);
    const hid_t native = native_type(type);
    const Id attribute =
        made(H5Acreate2(target.get(), name.c_str(), native, space.get(), H5P_DEFAULT, H5P_DEFAULT),
             what);
    done(H5Awrite(attribute.get(), native, data), what);
}

void ImageWriter::attribute(const std::string& object, const std::string& name,
                            std::string_view text) {
    const LibraryLock lock;
    const std::string what = object + "@" + name;
    const Id target = made(H5Oopen(state_->file.get(), object.c_str(), H5P_DEFAULT), what);
    const Id type = text_type();
    const Id space = make_space({}, what);
    const Id attribute = made(
        H5Acreate2(target.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT),
        what);
    const std::string copy(text);
    const char* pointer = copy.c_str();
    done(H5Awrite(attribute.get(), type.get(), &pointer), what);
}

std::vector<std::byte> ImageWriter::image() {
    ACIM_EXPECT(state_ != nullptr);
    const LibraryLock lock;
    write_dimension_lists();
    const hid_t file = state_->file.get();
    done(H5Fflush(file, H5F_SCOPE_GLOBAL), "flush");
    const ssize_t size = H5Fget_file_image(file, nullptr, 0);
    done(size < 0 ? -1 : 0, "image size");
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    done(H5Fget_file_image(file, bytes.data(), bytes.size()) < 0 ? -1 : 0, "image");
    state_.reset();
    return bytes;
}

}  // namespace acim::hdf5
