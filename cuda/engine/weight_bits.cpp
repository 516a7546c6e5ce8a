// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/weight_bits.hpp"

#include <algorithm>
#include <array>

#include "cuda/engine/fragment_place.hpp"
#include "cuda/model/macro/encoding.hpp"

namespace acim {
namespace {

constexpr int word_rows = 32, block_words = 8, tile_outputs = 16, block_size = 128;

// What the columns store of every weight: bit i of column i.
class StoredBits {
public:
    explicit StoredBits(const LayerPlan& plan) {
        static_assert(max_columns <= 16);
        for (int w = -128; w < 128; ++w)
            for (int i = 0; i < plan.columns.count; ++i)
                of_[static_cast<std::uint8_t>(w)] |= static_cast<std::uint16_t>(
                    stored_bit(plan.macro.weight_encoding, plan.weight_bits, plan.columns, i, w)
                    << i);
    }
    std::uint32_t operator()(std::int8_t w) const { return of_[static_cast<std::uint8_t>(w)]; }

private:
    std::array<std::uint16_t, 256> of_{};
};

}  // namespace

GroupRows group_rows(const LayerPlan& plan, int group) {
    const int begin = group * plan.group_rows;
    return {begin, std::min(plan.group_rows, plan.depth - begin)};
}

std::vector<std::uint32_t> pack_weight_bits(const LayerPlan& plan, int outputs,
                                            std::span<const std::int8_t> weights, int words,
                                            bool fragments) {
    const StoredBits stored(plan);
    const int planes = plan.columns.count, blocks = words / block_words;
    const int tiles = (outputs + tile_outputs - 1) / tile_outputs;
    // Words from one plane of an output to the next, and of a whole row group.
    const int plane_step = fragments ? blocks * block_size : words * outputs;
    const std::size_t group_size = static_cast<std::size_t>(plane_step) * planes *
                                   static_cast<std::size_t>(fragments ? tiles : 1);
    std::vector<std::uint32_t> out(group_size * static_cast<std::size_t>(plan.groups));
    for (int g = 0; g < plan.groups; ++g) {
        const GroupRows rows = group_rows(plan, g);
        for (int o = 0; o < outputs; ++o) {
            const std::int8_t* row =
                weights.data() + static_cast<std::size_t>(o) * plan.depth + rows.begin;
            std::uint32_t* to = out.data() + static_cast<std::size_t>(g) * group_size;
            if (fragments) to += static_cast<std::size_t>(o / tile_outputs) * planes * plane_step;
            for (int r = 0; r < rows.count; ++r) {
                const int word = r / word_rows;
                const std::int64_t place =
                    fragments ? fragment_place(o, word) : std::int64_t{word} * outputs + o;
                const std::uint32_t bits = stored(row[r]);
                for (int i = 0; i < planes; ++i)
                    to[i * plane_step + place] |= (bits >> i & 1u) << (r % word_rows);
            }
        }
    }
    return out;
}

WeightBits::Words WeightBits::get(const LayerPlan& plan, int outputs,
                                  std::span<const std::int8_t> weights, int words, bool fragments) {
    const Key key{plan.macro.weight_encoding,
                  plan.weight_bits,
                  plan.group_rows,
                  plan.depth,
                  outputs,
                  words,
                  fragments};
    {
        const std::lock_guard lock(mutex_);
        if (Words known = find(entries_[key], weights)) return known;
    }
    Words fresh = std::make_shared<const std::vector<std::uint32_t>>(
        pack_weight_bits(plan, outputs, weights, words, fragments));
    const std::size_t size = weights.size() + fresh->size() * sizeof(std::uint32_t);
    const std::lock_guard lock(mutex_);
    if (Words known = find(entries_[key], weights)) return known;  // another thread was first
    if (bytes_ + size > limit_) {
        entries_.clear();  // plans keep what they use
        bytes_ = 0;
    }
    if (size > limit_) return fresh;
    entries_[key].push_back({{weights.begin(), weights.end()}, fresh});
    bytes_ += size;
    return fresh;
}

WeightBits::Words WeightBits::find(const std::vector<Entry>& entries,
                                   std::span<const std::int8_t> weights) {
    const auto found = std::ranges::find_if(
        entries, [&](const Entry& e) { return std::ranges::equal(e.weights, weights); });
    return found == entries.end() ? nullptr : found->words;
}

std::size_t WeightBits::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

}  // namespace acim
