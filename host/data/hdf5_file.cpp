// SPDX-License-Identifier: Apache-2.0
// A set of images in HDF5: /images with the attribute `layout`, /labels, and /classes, the names of
// the classes, where they are known.
#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/data/layout.hpp"
#include "host/data/stored_set.hpp"
#include "host/hdf5/reader.hpp"
#include "host/hdf5/row_reader.hpp"

namespace acim {
namespace {

ValueType value_type(hdf5::ElementType type) {
    switch (type) {
        case hdf5::ElementType::u8:
            return ValueType::u1;
        case hdf5::ElementType::i8:
            return ValueType::i1;
        case hdf5::ElementType::u16:
            return ValueType::u2;
        case hdf5::ElementType::i16:
            return ValueType::i2;
        case hdf5::ElementType::u32:
            return ValueType::u4;
        case hdf5::ElementType::i32:
            return ValueType::i4;
        case hdf5::ElementType::u64:
            return ValueType::u8;
        case hdf5::ElementType::i64:
            return ValueType::i8;
        case hdf5::ElementType::f32:
            return ValueType::f4;
        case hdf5::ElementType::f64:
            return ValueType::f8;
    }
    throw ContractError("an HDF5 type without a value type");
}

// Reads ranges through the library, one at a time: its lock is that of the whole process.
class Hdf5Array final : public ItemArray {
public:
    Hdf5Array(const std::string& name, hdf5::RowReader rows)
        : ItemArray(name, value_type(rows.type()), rows.dims()), rows_(std::move(rows)) {}

    std::span<const std::byte> read(std::uint64_t first, std::uint64_t count,
                                    std::vector<std::byte>& space) const override {
        space.resize(count * item_bytes());
        rows_.read(first, count, space.data());
        return space;
    }

private:
    hdf5::RowReader rows_;
};

std::shared_ptr<const ItemArray> open_array(const std::string& path, const std::string& dataset) {
    return std::make_shared<Hdf5Array>(path + ", /" + dataset,
                                       hdf5::RowReader::open(path, dataset));
}

std::optional<DataLayout> stored_layout(const hdf5::Reader& file) {
    if (!file.has_attribute("images", "layout")) return std::nullopt;
    const std::string text = file.attribute_text("images", "layout");
    const auto layout = layout_of_name(text);
    if (layout) return layout;
    throw InputError(fmt::format(
        "{}: attribute 'layout' of /images is none of NCHW, NHWC, NHW, NT. Write one of them",
        file.name()));
}

}  // namespace

StoredSet open_hdf5(const DataSpec& spec) {
    const hdf5::Reader file = hdf5::Reader::open(spec.images);
    if (!file.is_dataset("images"))
        throw InputError(fmt::format(
            "{}: has no dataset /images. Pack the images with acimsweep-pack, or write them so",
            spec.images));
    StoredSet set;
    set.layout = stored_layout(file);
    set.images = open_array(spec.images, "images");
    if (file.is_dataset("labels")) set.labels = open_array(spec.images, "labels");
    if (file.is_dataset("classes")) {
        const auto dims = file.dims("classes");
        if (dims.size() != 1 || dims[0] == 0 || dims[0] > 1'000'000)
            throw InputError(
                fmt::format("{}: /classes is no list of names. Write one per class", spec.images));
        set.classes = static_cast<int>(dims[0]);
    }
    return set;
}

}  // namespace acim
