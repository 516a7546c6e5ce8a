// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "host/data/data_set.hpp"
#include "host/data/layout.hpp"

namespace acim {

// The arithmetic of DataSpec. Bytes go through a table of 256 floats per channel, which holds the
// same operations.
class Preprocessing {
public:
    using Table = std::array<float, 256>;

    // Throws InputError for parameters that are not finite, not positive, or of another number than
    // the channels.
    Preprocessing(const DataSpec& spec, int channels);

    const std::vector<Table>& tables() const { return tables_; }

    // One stored image to floats in C, H, W order.
    void apply(const ImageLayout& layout, ValueType type, const std::byte* image, float* out) const;

private:
    struct Channel {
        float mean = 0.0F;
        float std = 1.0F;
    };
    template <class T>
    void apply_values(const ImageLayout& layout, const std::byte* image, float* out) const;
    void apply_bytes(const ImageLayout& layout, const std::byte* image, float* out) const;
    float one(float x, const Channel& channel) const;

    float scale_;
    bool subtract_;
    bool divide_;
    std::vector<Channel> channels_;
    std::vector<Table> tables_;
};

}  // namespace acim
