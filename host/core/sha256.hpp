// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace acim {

// Streaming SHA-256 by OpenSSL. It names points, networks and data by their content.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    Sha256& update(std::span<const std::byte> bytes);
    Sha256& update(std::string_view text);
    // Raw bytes of a trivially copyable value, little-endian as on every supported host.
    template <class T>
    Sha256& update_value(const T& value) {
        return update(std::as_bytes(std::span<const T, 1>(&value, 1)));
    }
    // Either ends the stream.
    std::array<std::byte, 32> digest();
    std::string hex();  // 64 lower-case digits

private:
    struct State;
    std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view text);

}  // namespace acim
