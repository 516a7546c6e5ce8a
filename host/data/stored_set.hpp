// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "host/data/data_set.hpp"
#include "host/data/item_array.hpp"

namespace acim {

// What the reader of a format gives: images as they are stored, and labels.
struct StoredSet {
    std::shared_ptr<const ItemArray> images;
    std::shared_ptr<const ItemArray> labels;  // null: none
    std::optional<DataLayout> layout;         // what the file itself says
    int classes = 0;                          // where the file says it
};

// One function per format. Each throws InputError for what is not exactly as the format promises.
StoredSet open_idx(const DataSpec& spec);
StoredSet open_cifar(const DataSpec& spec);  // 10 and 100
StoredSet open_npy(const DataSpec& spec);
StoredSet open_npz(const DataSpec& spec);
StoredSet open_hdf5(const DataSpec& spec);

}  // namespace acim
