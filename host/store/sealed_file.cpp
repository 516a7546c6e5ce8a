// SPDX-License-Identifier: Apache-2.0
#include "host/store/sealed_file.hpp"

#include <string_view>

#include "host/core/sha256.hpp"

namespace acim {

namespace {

constexpr std::string_view seal_head = "\nacimsweep-seal sha256 ";
constexpr std::size_t digest_digits = 64;
constexpr std::size_t seal_bytes = seal_head.size() + digest_digits + 1;

std::string digest_of(std::span<const std::byte> bytes) { return Sha256().update(bytes).hex(); }

}  // namespace

void seal(std::vector<std::byte>& image) {
    const std::string line = std::string(seal_head) + digest_of(image) + "\n";
    const auto bytes = std::as_bytes(std::span(line));
    image.insert(image.end(), bytes.begin(), bytes.end());
}

SealedImage check_seal(std::span<const std::byte> file) {
    if (file.size() < seal_bytes) {
        return {SealState::missing, file};
    }
    const auto image = file.first(file.size() - seal_bytes);
    const std::string_view line(reinterpret_cast<const char*>(file.data() + image.size()),
                                seal_bytes);
    if (!line.starts_with(seal_head) || !line.ends_with("\n")) {
        return {SealState::missing, file};
    }
    const bool good = line.substr(seal_head.size(), digest_digits) == digest_of(image);
    return {good ? SealState::good : SealState::broken, image};
}

}  // namespace acim
