// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "cuda/trial/network.hpp"

// The integer network as an HDF5 file, which every shard of a run reads (docs/network_format.md).
namespace acim {

// SHA-256 over the network's content in a canonical order, without the field `hash`.
std::string network_hash(const QuantizedNetwork& network);

// Throws InputError, starting with `place`, for a network that no engine could run: indices out of
// range, a tensor used before it is made, shapes or sizes that do not fit, scales not finite.
void check_network(const QuantizedNetwork& network, const std::string& place);

// Equal networks give equal bytes. The network must carry its right hash.
std::vector<std::byte> encode_network(const QuantizedNetwork& network);
// Checks everything, the hash too; `place` names the file in messages (InputError).
QuantizedNetwork decode_network(std::span<const std::byte> bytes, const std::string& place);

// Written beside the path and renamed; failures are StorageError.
void save_network(const QuantizedNetwork& network, const std::filesystem::path& path);
QuantizedNetwork load_network(const std::filesystem::path& path);

}  // namespace acim
