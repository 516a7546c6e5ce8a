// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "host/hdf5/reader.hpp"

namespace acim::hdf5 {

// Calls `visit` for the root and then for every group and dataset under it, groups before what they
// hold. InputError where groups are nested without end.
void walk(const Reader& in, const std::function<void(const std::string& path)>& visit);

// Reads all values of a dataset of numbers or text; of one larger than `most_bytes` the first and the
// last row. Other types and bare dimensions are passed over. InputError as from Reader.
void read_values(const Reader& in, const std::string& dataset,
                 std::uint64_t most_bytes = default_read_cap);

}  // namespace acim::hdf5
