// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/hdf5/image_writer.hpp"
#include "host/hdf5/library.hpp"

namespace acim::hdf5 {

// What an ImageWriter holds: the file in memory, and who is attached to which dimension.
struct ImageWriter::State {
    Id file;
    Id link_creation;  // makes parents, names are UTF-8
    std::map<std::string, std::map<unsigned, std::string>> scales_of;  // dataset: axis: scale
    std::map<std::string, std::vector<std::pair<std::string, unsigned>>> users_of;  // of a scale
};

}  // namespace acim::hdf5
