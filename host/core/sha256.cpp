// SPDX-License-Identifier: Apache-2.0
#include "host/core/sha256.hpp"

#include <openssl/evp.h>

#include "host/core/error.hpp"

namespace acim {

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    ACIM_EXPECT(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

Sha256& Sha256::update(std::span<const std::byte> bytes) {
    ACIM_EXPECT(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
    return *this;
}

Sha256& Sha256::update(std::string_view text) {
    return update(std::as_bytes(std::span<const char>(text.data(), text.size())));
}

std::array<std::byte, 32> Sha256::digest() {
    std::array<std::byte, 32> out;
    unsigned int length = 0;
    ACIM_EXPECT(EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(out.data()),
                                   &length) == 1 &&
                length == out.size());
    return out;
}

std::string Sha256::hex() {
    std::string out;
    for (const std::byte byte : digest()) {
        out += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4];
        out += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15];
    }
    return out;
}

std::string sha256_hex(std::string_view text) { return Sha256().update(text).hex(); }

}  // namespace acim
