// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/data/data_set.hpp"
#include "host/data/preprocessing.hpp"
#include "host/data/stored_set.hpp"

namespace acim {

// A data set of any format: reads ranges of the stored images and preprocesses them. Holds the
// labels, the tables and, during a read, a block of stored images per thread.
class ArrayDataSet final : public DataSet {
public:
    // Reads all images once.
    ArrayDataSet(StoredSet set, const DataSpec& spec, const DataProgress& progress);

    std::uint32_t count() const override {
        return static_cast<std::uint32_t>(set_.images->items());
    }
    std::vector<int> image_shape() const override { return layout_.shape; }
    std::string content_hash() const override { return hash_; }
    int classes() const override { return set_.classes; }
    void read(std::uint32_t first, std::uint32_t images, float* out) const override;
    std::int32_t label(std::uint32_t item) const override;
    int positions() const override { return positions_; }

private:
    std::uint64_t block_images() const;
    template <class Block>
    void read_once(const DataProgress& progress, Block block) const;
    std::string byte_hash(const DataProgress& progress) const;
    std::string value_hash(const DataProgress& progress) const;
    void check_values(std::uint64_t image, std::span<const std::byte> stored,
                      std::span<const float> values) const;

    StoredSet set_;
    ImageLayout layout_;
    Preprocessing preprocessing_;
    std::vector<std::int32_t> labels_;
    int positions_ = 1;
    std::string hash_;
};

}  // namespace acim
