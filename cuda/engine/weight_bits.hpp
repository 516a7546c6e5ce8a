// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <tuple>
#include <vector>

#include "cuda/trial/layer_plan.hpp"

namespace acim {

// Rows of one row group.
struct GroupRows {
    int begin, count;
};
GroupRows group_rows(const LayerPlan& plan, int group);

// Bits of weights in the order of the device's kernels, `words` of 32 rows a row group:
//   lines      [row groups][planes][words][M]
//   fragments  [row groups][tiles of 16 outputs][planes][256 rows][32 lanes][4 words], lane 4g + t
//              with words 2t and 2t+1 of outputs g and g+8
std::vector<std::uint32_t> pack_weight_bits(const LayerPlan& plan, int outputs,
                                            std::span<const std::int8_t> weights, int words,
                                            bool fragments);

// The same, kept for the next plan that wants them, up to a limit of memory. For any number of threads.
class WeightBits {
public:
    using Words = std::shared_ptr<const std::vector<std::uint32_t>>;

    explicit WeightBits(std::size_t limit = std::size_t{512} << 20) : limit_(limit) {}

    Words get(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights, int words,
              bool fragments);
    std::size_t bytes() const;

private:
    // Encoding, weight bits, rows of a group, K, M, words, fragments.
    using Key = std::tuple<WeightEncoding, int, int, int, int, int, bool>;
    struct Entry {
        std::vector<std::int8_t> weights;
        Words words;
    };

    static Words find(const std::vector<Entry>& entries, std::span<const std::int8_t> weights);

    const std::size_t limit_;  // [byte]
    mutable std::mutex mutex_;
    std::map<Key, std::vector<Entry>> entries_;
    std::size_t bytes_ = 0;
};

}  // namespace acim
