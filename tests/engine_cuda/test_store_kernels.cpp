// SPDX-License-Identifier: Apache-2.0
// Weights that every slot has of its own: their bytes and the exact products with them, against plain
// loops. (Their bits are compared by what conversions make of them, in test_layer_parity.cpp.)
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "cuda/engine/product_kernel.hpp"
#include "cuda/engine/store_kernels.hpp"
#include "tests/engine_cuda/device_values.hpp"

namespace acim {
namespace {

using testing_device::from_device;
using testing_device::on_device;

struct Sizes {
    int slots, heads, outputs, depth, pixels;
};

int random_below(std::mt19937& draw, int n) {
    return static_cast<int>(draw() % static_cast<unsigned>(n));
}

std::vector<Sizes> random_sizes(std::mt19937& draw) {
    std::vector<Sizes> all{
        {1, 1, 1, 1, 1}, {2, 3, 16, 32, 64}, {2, 1, 33, 40, 65}, {1, 2, 15, 31, 7}};
    for (int i = 0; i < 12; ++i)
        all.push_back({1 + random_below(draw, 4), 1 + random_below(draw, 4),
                       1 + random_below(draw, 40), 1 + random_below(draw, 70),
                       1 + random_below(draw, 80)});
    return all;
}

int round_up(int n, int step) { return (n + step - 1) / step * step; }

StoredView view_of(const Sizes& s, bool on_left, int bits) {
    StoredView v;
    v.elements = std::int64_t{s.heads} * s.outputs * s.depth;
    v.heads = s.heads;
    v.outputs = s.outputs;
    v.depth = s.depth;
    v.on_left = on_left;
    v.scale = 0.25F;
    v.high = (1 << (bits - 1)) - 1;
    v.low = -v.high;
    v.bits = bits;
    v.rows = padded_product_rows(s.outputs);
    v.line = round_up(s.depth, product_depth_step);
    v.byte_offset = 128;
    return v;
}

TEST(StoreKernels, Bytes) {
    std::mt19937 draw(1);
    for (const Sizes& s : random_sizes(draw))
        for (const bool on_left : {false, true}) {
            const StoredView v = view_of(s, on_left, 5);
            std::vector<std::int8_t> bytes(static_cast<std::size_t>(s.slots * s.heads * v.rows) *
                                           static_cast<std::size_t>(v.line));
            std::vector<std::int64_t> sums;
            std::vector<float> tensor(static_cast<std::size_t>(s.slots * v.elements));
            for (int head = 0; head < s.slots * s.heads; ++head)
                for (int m = 0; m < s.outputs; ++m) {
                    sums.push_back(0);
                    for (int k = 0; k < s.depth; ++k) {
                        const int w = random_below(draw, 41) - 20;  // -15 .. 15 are in range
                        const int held = w < -15 ? -15 : w > 15 ? 15 : w;
                        const int at = on_left ? m * s.depth + k : k * s.outputs + m;
                        tensor[static_cast<std::size_t>(head * s.outputs * s.depth + at)] =
                            0.25F * static_cast<float>(w) + 0.1F;
                        bytes[static_cast<std::size_t>((head * v.rows + m) * v.line + k)] =
                            static_cast<std::int8_t>(held);
                        sums.back() += 128 * held;
                    }
                }
            const Stream stream;
            const DeviceArray<float> in = on_device(tensor);
            const DeviceArray<std::int8_t> out =
                on_device(std::vector<std::int8_t>(bytes.size(), 77));
            const DeviceArray<std::int64_t> products =
                on_device(std::vector<std::int64_t>(sums.size(), 77));
            launch_store_bytes(v, in.data(), static_cast<std::uint32_t>(s.slots),
                               {out.data(), products.data()}, stream);
            EXPECT_EQ(from_device(out, stream), bytes) << s.outputs << " x " << s.depth;
            EXPECT_EQ(from_device(products, stream), sums) << s.outputs << " x " << s.depth;
        }
}

std::vector<std::int8_t> random_bytes(std::mt19937& draw, std::size_t n) {
    std::vector<std::int8_t> out(n);
    for (auto& x : out) x = static_cast<std::int8_t>(random_below(draw, 256) - 128);
    return out;
}

// Where no sum stands, nothing is written.
TEST(StoreKernels, Products) {
    std::mt19937 draw(2);
    for (const Sizes& s : random_sizes(draw)) {
        const int rows = padded_product_rows(s.outputs);
        const int line = round_up(s.depth, product_depth_step);
        const int stride = round_up(s.slots * s.pixels, product_column_step);
        const auto a =
            random_bytes(draw, static_cast<std::size_t>(s.slots * s.heads * rows * line));
        const auto b = random_bytes(draw, static_cast<std::size_t>(s.heads * stride * line));
        std::vector<std::int32_t> wanted(static_cast<std::size_t>(s.heads * rows * stride), 77);
        for (int head = 0; head < s.heads; ++head)
            for (int m = 0; m < rows; ++m)
                for (int column = 0; column < s.slots * s.pixels; ++column) {
                    const int slot = column / s.pixels;
                    std::int32_t sum = 0;
                    for (int k = 0; k < line; ++k)
                        sum += a[static_cast<std::size_t>(
                                   ((slot * s.heads + head) * rows + m) * line + k)] *
                               b[static_cast<std::size_t>((head * stride + column) * line + k)];
                    wanted[static_cast<std::size_t>((head * rows + m) * stride + column)] = sum;
                }
        const Stream stream;
        const DeviceArray<std::int8_t> da = on_device(a), db = on_device(b);
        const DeviceArray<std::int32_t> out =
            on_device(std::vector<std::int32_t>(wanted.size(), 77));
        launch_stored_product(
            {da.data(), db.data(), out.data(), s.heads, rows, line, s.pixels, s.slots, stride},
            stream);
        EXPECT_EQ(from_device(out, stream), wanted)
            << s.slots << " slots, " << s.heads << " heads, " << s.outputs << " x " << s.depth
            << ", " << s.pixels << " pixels";
    }
}

}  // namespace
}  // namespace acim
