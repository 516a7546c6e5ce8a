// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "host/hdf5/reader.hpp"

namespace acim::hdf5 {

// The HDF5 library itself may crash, hang or take all memory on a damaged or hostile file: one flipped
// bit is enough for 1.10.8. So a child process reads such a file first, with limits of time and
// memory: attributes, and values up to 256 MB a dataset. InputError where the child does not survive.
// What the reader refuses by an error of its own is left to the caller, who meets it again.
void screen(const std::string& name, std::uint64_t file_bytes, const std::function<Reader()>& open);

// The same for a file that did not change since it was screened last: once.
void screen_path(const std::string& path, const std::function<Reader()>& open);

}  // namespace acim::hdf5
