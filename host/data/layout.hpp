// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "host/data/data_set.hpp"
#include "host/data/item_array.hpp"

namespace acim {

// One image as it is stored.
struct ImageLayout {
    int channels = 1;
    std::size_t plane = 1;  // values of one channel
    bool channels_last = false;
    std::vector<int> shape;  // [C, H, W]
};

// "NCHW" and so on.
std::string_view layout_name(DataLayout layout);
std::optional<DataLayout> layout_of_name(std::string_view name);

// What the axes of the array mean: what the sweep says, else what the file says, else the only
// reading of its rank. Throws InputError where these differ, where the rank does not fit, and where
// the channels of four axes could be the second or the last one.
ImageLayout image_layout(const ItemArray& images, std::optional<DataLayout> wanted,
                         std::optional<DataLayout> stored);

}  // namespace acim
