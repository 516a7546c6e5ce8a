// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"

namespace acim {

// Four 32-bit words: a Philox counter on the way in, random bits on the way out.
struct PhiloxWords {
    std::uint32_t w[4];
};

struct PhiloxKey {
    std::uint32_t k[2];
};

// Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC'11): a bijection of the counter under the key.
// Same integers as Random123 and cuRAND for the same key and counter (tests/model/test_philox.cpp).
ACIM_HD inline PhiloxWords philox4x32(PhiloxWords c, PhiloxKey key) {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t{0xD2511F53u} * c.w[0];
        const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * c.w[2];
        c = PhiloxWords{{static_cast<std::uint32_t>(b >> 32) ^ c.w[1] ^ key.k[0],
                         static_cast<std::uint32_t>(b),
                         static_cast<std::uint32_t>(a >> 32) ^ c.w[3] ^ key.k[1],
                         static_cast<std::uint32_t>(a)}};
        key.k[0] += 0x9E3779B9u;
        key.k[1] += 0xBB67AE85u;
    }
    return c;
}

}  // namespace acim
