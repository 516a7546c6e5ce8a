// SPDX-License-Identifier: Apache-2.0
// NPZ: a ZIP archive of NPY files, one per array.
#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/data/npy_file.hpp"
#include "host/data/stored_set.hpp"
#include "host/data/zip_file.hpp"

namespace acim {
namespace {

std::shared_ptr<const ItemArray> open_array(const std::shared_ptr<const ReadFile>& file,
                                            const ZipFile& archive, const ZipMember& member) {
    const std::string name =
        file->path() + ", array " + member.name.substr(0, member.name.rfind('.'));
    if (!member.deflated) {
        archive.check_stored(member);
        return open_npy_at(file, archive.data_offset(member), member.bytes, name);
    }
    if (member.bytes > memory_limit)
        throw InputError(fmt::format(
            "{}: {} bytes are compressed, but at most {} are kept in memory. Write it with "
            "numpy.savez, which leaves them on disk",
            name, member.bytes, memory_limit));
    return open_npy_bytes(archive.inflate(member), name);
}

}  // namespace

StoredSet open_npz(const DataSpec& spec) {
    const auto file = std::make_shared<const ReadFile>(spec.images, "an NPZ file");
    const ZipFile archive(file);
    const ZipMember* const images = archive.find("images.npy");
    if (images == nullptr)
        throw InputError(fmt::format(
            "{}: has no array 'images'. Write it with numpy.savez(file, images=..., labels=...)",
            spec.images));
    StoredSet set;
    set.images = open_array(file, archive, *images);
    if (const ZipMember* const labels = archive.find("labels.npy"))
        set.labels = open_array(file, archive, *labels);
    return set;
}

}  // namespace acim
