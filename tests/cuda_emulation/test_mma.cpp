// SPDX-License-Identifier: Apache-2.0
// Both products of mma.cuh against a plain triple loop. What the fragments are is written here once
// more, from the PTX ISA's figures.
#include <cuda_runtime.h>

#include <bit>
#include <cstdint>
#include <random>
#include <vector>

#include "cuda/engine/launch.cuh"
#include "cuda/engine/mma.cuh"
#include "tests/cuda_emulation/emulation_fixture.hpp"

namespace acim {
namespace {

constexpr int rows = 16, columns = 8, words = 8;  // of 32 bits along the contraction

using Product = void (*)(std::int32_t (&)[4], const std::uint32_t (&)[4], std::uint32_t,
                         std::uint32_t);

// C (16 x 8) += A (16 rows of 8 words) * B (8 columns of 8 words), by every warp of the block alike.
template <Product product>
__global__ void multiply(const std::uint32_t* a, const std::uint32_t* b, std::int32_t* c) {
    const int lane = static_cast<int>(threadIdx.x % 32), g = lane / 4, t = lane % 4;
    c += threadIdx.x / 32 * rows * columns;
    const std::uint32_t own_a[4] = {a[g * words + t], a[(g + 8) * words + t], a[g * words + t + 4],
                                    a[(g + 8) * words + t + 4]};
    std::int32_t* const top = c + g * columns + 2 * t;
    std::int32_t* const bottom = c + (g + 8) * columns + 2 * t;
    std::int32_t own_c[4] = {top[0], top[1], bottom[0], bottom[1]};
    product(own_c, own_a, b[g * words + t], b[g * words + t + 4]);
    top[0] = own_c[0];
    top[1] = own_c[1];
    bottom[0] = own_c[2];
    bottom[1] = own_c[3];
}

std::int32_t dot_bits(std::uint32_t a, std::uint32_t b) { return std::popcount(a & b); }

std::int32_t dot_bytes(std::uint32_t a, std::uint32_t b) {
    std::int32_t sum = 0;
    for (int i = 0; i < 32; i += 8)
        sum += static_cast<std::int8_t>(a >> i) * static_cast<std::int8_t>(b >> i);
    return sum;
}

template <Product product>
void expect_products(std::int32_t (*dot)(std::uint32_t, std::uint32_t)) {
    constexpr int warps = 3;
    std::mt19937 draw(7);
    std::vector<std::uint32_t> a(rows * words), b(columns * words);
    std::vector<std::int32_t> c(warps * rows * columns);
    for (auto& x : a) x = static_cast<std::uint32_t>(draw());
    for (auto& x : b) x = static_cast<std::uint32_t>(draw());
    a[0] = b[0] = 0x80808080u;  // the most negative bytes
    for (auto& x : c) x = static_cast<std::int32_t>(draw() % 2001) - 1000;
    for_every_schedule([&] {
        const DeviceArray<std::uint32_t> device_a{a}, device_b{b};
        const DeviceArray<std::int32_t> device_c{c};
        launch("multiply", multiply<product>, {1, 1, 32 * warps}, nullptr, device_a.data(),
               device_b.data(), device_c.data());
        const std::vector<std::int32_t> got = downloaded(device_c);
        for (int i = 0; i < warps * rows * columns; ++i) {
            const int row = i / columns % rows, column = i % columns;
            std::int32_t expected = c[i];
            for (int k = 0; k < words; ++k)
                expected += dot(a[row * words + k], b[column * words + k]);
            ASSERT_EQ(got[i], expected) << "row " << row << ", column " << column;
        }
    });
}

TEST(Mma, CountsBitsOfAnd) { expect_products<mma_and_popc>(dot_bits); }
TEST(Mma, MultipliesSignedBytes) { expect_products<mma_s8>(dot_bytes); }

}  // namespace
}  // namespace acim
