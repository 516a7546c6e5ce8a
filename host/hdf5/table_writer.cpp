// SPDX-License-Identifier: Apache-2.0
// The compound table of ImageWriter::write_table.
#include <algorithm>
#include <cstring>

#include "host/core/error.hpp"
#include "host/hdf5/writer_state.hpp"

namespace acim::hdf5 {

namespace {

// Where a column stands within a row of the table.
struct Field {
    std::size_t offset = 0;  // [byte]
    std::size_t bytes = 0;
};

std::size_t field_bytes(const ColumnValues& values) {
    const auto* texts = std::get_if<std::vector<std::string>>(&values);
    if (texts == nullptr) {
        return 8;
    }
    std::size_t longest = 1;
    for (const std::string& text : *texts) {
        longest = std::max(longest, text.size());
    }
    return longest;
}

Id field_type(const ColumnValues& values, std::size_t bytes) {
    if (std::holds_alternative<std::vector<double>>(values)) {
        return made(H5Tcopy(H5T_NATIVE_DOUBLE), "table column");
    }
    if (std::holds_alternative<std::vector<std::int64_t>>(values)) {
        return made(H5Tcopy(H5T_NATIVE_INT64), "table column");
    }
    // PyTables, below pandas, knows fixed-length strings only without a UTF-8 mark.
    Id type = made(H5Tcopy(H5T_C_S1), "table column");
    done(H5Tset_size(type.get(), bytes), "table column");
    done(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "table column");
    return type;
}

void copy_field(const ColumnValues& values, std::size_t row, std::byte* to) {
    if (const auto* numbers = std::get_if<std::vector<double>>(&values)) {
        std::memcpy(to, &(*numbers)[row], 8);
    } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&values)) {
        std::memcpy(to, &(*integers)[row], 8);
    } else {
        const std::string& text = std::get<std::vector<std::string>>(values)[row];
        std::memcpy(to, text.data(), text.size());
    }
}

std::size_t length(const ColumnValues& values) {
    return std::visit([](const auto& v) { return v.size(); }, values);
}

}  // namespace

void ImageWriter::write_table(const std::string& path,
                              const std::vector<std::pair<std::string, ColumnValues>>& columns) {
    ACIM_EXPECT(!columns.empty());
    const LibraryLock lock;
    const std::size_t rows = length(columns.front().second);
    std::vector<Field> fields;
    std::size_t row_bytes = 0;
    for (const auto& [name, values] : columns) {
        ACIM_EXPECT(length(values) == rows);
        fields.push_back({row_bytes, field_bytes(values)});
        row_bytes += fields.back().bytes;
    }
    const Id type = made(H5Tcreate(H5T_COMPOUND, row_bytes), path);
    std::vector<std::byte> buffer(rows * row_bytes);
    for (std::size_t c = 0; c < columns.size(); ++c) {
        const auto& [name, values] = columns[c];
        const Id field = field_type(values, fields[c].bytes);
        done(H5Tinsert(type.get(), name.c_str(), fields[c].offset, field.get()), path);
        for (std::size_t row = 0; row < rows; ++row) {
            copy_field(values, row, buffer.data() + row * row_bytes + fields[c].offset);
        }
    }
    const hsize_t size = rows;
    const Id space = made(H5Screate_simple(1, &size, nullptr), path);
    const Id creation = made(H5Pcreate(H5P_DATASET_CREATE), path);
    done(H5Pset_obj_track_times(creation.get(), false), path);
    const Id dataset = made(H5Dcreate2(state_->file.get(), path.c_str(), type.get(), space.get(),
                                       state_->link_creation.get(), creation.get(), H5P_DEFAULT),
                            path);
    if (rows > 0) {
        done(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer.data()),
             path);
    }
}

}  // namespace acim::hdf5
