// SPDX-License-Identifier: Apache-2.0
// Bits of weights in the order of the device's kernels, against plain loops; and which are kept.
#include "cuda/engine/weight_bits.hpp"

#include <gtest/gtest.h>

#include <future>
#include <random>
#include <set>

#include "cuda/engine/fragment_place.hpp"

namespace acim {
namespace {

struct Weights {
    LayerPlan plan;
    int outputs;
    std::vector<std::int8_t> values;

    explicit Weights(unsigned seed, int rows = 70) {
        std::mt19937 draw(seed);
        LayerSettings settings;
        settings.macro.rows = rows;
        settings.macro.mapping = RowMapping::dense;
        settings.macro.weight_encoding = static_cast<WeightEncoding>(seed % 4);
        settings.macro.noise.random = {0.5, NoiseUnit::lsb};
        settings.weight_bits = 2 + static_cast<int>(seed % 7);
        outputs = 1 + static_cast<int>(draw() % 40u);
        const int depth = 1 + static_cast<int>(draw() % 200u);
        CycleLawCache cache;
        plan = make_layer_plan(settings, {outputs, depth, 1, false}, cache);
        const int high = (1 << (settings.weight_bits - 1)) - 1;
        for (int i = 0; i < outputs * depth; ++i)
            values.push_back(static_cast<std::int8_t>(
                static_cast<int>(draw() % static_cast<unsigned>(2 * high + 1)) - high));
    }
    int words(bool fragments) const {
        const int words = (plan.group_rows + 31) / 32;
        return fragments ? (words + 7) / 8 * 8 : words;
    }
};

// Where a word of an output and a plane stands.
std::size_t place_of(const Weights& w, bool fragments, int g, int o, int plane, int word) {
    const int planes = w.plan.columns.count, words = w.words(fragments);
    if (!fragments)
        return static_cast<std::size_t>(((g * planes + plane) * words + word) * w.outputs + o);
    const int tiles = (w.outputs + 15) / 16;
    return static_cast<std::size_t>(((g * tiles + o / 16) * planes + plane) * (words / 8) * 128 +
                                    fragment_place(o, word));
}

TEST(WeightBits, EveryBitHasItsPlace) {
    for (unsigned seed = 0; seed < 60; ++seed) {
        const Weights w(seed, seed % 3 == 0 ? 300 : 70);
        const bool fragments = seed % 2 == 0;
        const auto got =
            pack_weight_bits(w.plan, w.outputs, w.values, w.words(fragments), fragments);
        std::vector<std::uint32_t> expected(got.size());
        const LayerPlan& p = w.plan;
        for (int o = 0; o < w.outputs; ++o)
            for (int k = 0; k < p.depth; ++k)
                for (int i = 0; i < p.columns.count; ++i) {
                    const int value = w.values[static_cast<std::size_t>(o * p.depth + k)];
                    const int row = k % p.group_rows;
                    const auto bit = static_cast<std::uint32_t>(
                        stored_bit(p.macro.weight_encoding, p.weight_bits, p.columns, i, value));
                    expected.at(place_of(w, fragments, k / p.group_rows, o, i, row / 32)) |=
                        bit << (row % 32);
                }
        EXPECT_EQ(got, expected) << seed;
    }
}

TEST(WeightBits, EqualOnesAreKeptOnce) {
    WeightBits bits;
    const Weights w(3);
    const std::vector<std::int8_t> copy = w.values;
    const auto first = bits.get(w.plan, w.outputs, w.values, w.words(false), false);
    EXPECT_EQ(bits.get(w.plan, w.outputs, copy, w.words(false), false), first);
    EXPECT_EQ(bits.bytes(), w.values.size() + 4 * first->size());
    std::vector<std::int8_t> other = w.values;
    other.back() = static_cast<std::int8_t>(other.back() == 0 ? 1 : 0);
    const auto changed = bits.get(w.plan, w.outputs, other, w.words(false), false);
    EXPECT_NE(*changed, *first);
    EXPECT_NE(bits.get(w.plan, w.outputs, w.values, w.words(true), true), first);
    LayerPlan coded = w.plan;
    coded.macro.weight_encoding = w.plan.macro.weight_encoding == WeightEncoding::xnor
                                      ? WeightEncoding::offset_binary
                                      : WeightEncoding::xnor;
    EXPECT_NE(bits.get(coded, w.outputs, w.values, w.words(false), false), first);
    EXPECT_EQ(bits.get(w.plan, w.outputs, w.values, w.words(false), false), first);
}

TEST(WeightBits, TheLimitHolds) {
    const Weights w(5), v(6);
    const std::size_t size =
        pack_weight_bits(w.plan, w.outputs, w.values, w.words(false), false).size() * 4 +
        w.values.size();
    WeightBits bits(size);
    const auto first = bits.get(w.plan, w.outputs, w.values, w.words(false), false);
    EXPECT_EQ(bits.bytes(), size);
    bits.get(v.plan, v.outputs, v.values, v.words(false), false);
    EXPECT_LE(bits.bytes(), size);
    const auto again = bits.get(w.plan, w.outputs, w.values, w.words(false), false);
    EXPECT_EQ(*again, *first);
    WeightBits none(size - 1);
    EXPECT_EQ(*none.get(w.plan, w.outputs, w.values, w.words(false), false), *first);
    EXPECT_EQ(none.bytes(), 0u);
}

TEST(WeightBits, ThreadsGetTheSame) {
    WeightBits bits;
    const Weights w(9);
    std::vector<std::future<WeightBits::Words>> got;
    for (int i = 0; i < 6; ++i)
        got.push_back(std::async(std::launch::async, [&] {
            return bits.get(w.plan, w.outputs, w.values, w.words(true), true);
        }));
    std::set<WeightBits::Words> different;
    for (auto& one : got) different.insert(one.get());
    EXPECT_EQ(different.size(), 1u);
}

}  // namespace
}  // namespace acim
