// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "host/core/error.hpp"

namespace acim {

// A stored file does not hold what was written. The message names file and reason.
class DamagedFile : public StorageError {
public:
    using StorageError::StorageError;
};

// A sealed file is an HDF5 image followed by one line of text with the SHA-256 of the image. HDF5
// ignores what stands behind its end of file, and the seal is checked before HDF5 parses a byte:
// damage anywhere, in values or in HDF5's own structures, is found and never reaches the parser.
void seal(std::vector<std::byte>& image);

enum class SealState { good, missing, broken };
struct SealedImage {
    SealState state = SealState::missing;
    std::span<const std::byte> image;  // without the seal
};
SealedImage check_seal(std::span<const std::byte> file);

}  // namespace acim
