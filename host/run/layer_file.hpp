// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "host/run/single_layer.hpp"

namespace acim {

// Writes the result of `acimsweep mac` (docs/mac.md) by rename: whole or not at all. Equal results
// give equal bytes. StorageError.
void write_layer_result(const std::filesystem::path& file, const LayerOperands& operands,
                        const MacFile& macro, const SingleLayerResult& result,
                        const std::string& version);

}  // namespace acim
