// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace acim::fuzz {

// Decisions taken from an input, zeros behind its end.
class Choices {
public:
    Choices(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

    bool at_end() const { return left_ == 0; }
    std::uint8_t next() {
        if (left_ == 0) return 0;
        --left_;
        return *data_++;
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) value = value << 8 | next();
        return value;
    }
    // As a source of random numbers (hostile_values.hpp).
    std::uint32_t operator()() { return std::uint32_t{next()} << 8 | next(); }

private:
    const std::uint8_t* data_;
    std::size_t left_;
};

}  // namespace acim::fuzz
