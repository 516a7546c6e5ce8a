// SPDX-License-Identifier: Apache-2.0
// The products of cuda/engine/mma.cuh as warp collectives: the whole warp lays its fragments out as
// matrices, multiplies them, and each lane takes its part of C.
#include "cuda/engine/mma.cuh"

#include <bit>
#include <cstdint>

#include "tests/cuda_emulation/meeting.hpp"

namespace acim {
namespace {

using emulation::Call;

constexpr std::uint32_t whole_warp = 0xffffffffu;

struct Fragments {
    std::int32_t* c;
    const std::uint32_t* a;
    std::uint32_t b0, b1;
};

// Rows of A and columns of B, each as its words in the order of the contraction.
struct Words {
    std::uint32_t a[16][8], b[8][8];
};

Words gather(void* const* lanes) {
    Words words;
    for (int lane = 0; lane < 32; ++lane) {
        const auto& part = *static_cast<const Fragments*>(lanes[lane]);
        const int g = lane / 4, t = lane % 4;
        words.a[g][t] = part.a[0];
        words.a[g + 8][t] = part.a[1];
        words.a[g][t + 4] = part.a[2];
        words.a[g + 8][t + 4] = part.a[3];
        words.b[g][t] = part.b0;
        words.b[g][t + 4] = part.b1;
    }
    return words;
}

// Adds dot(row, column) to every element of C.
template <class Dot>
void add(void* const* lanes, Dot dot) {
    for (int lane = 0; lane < 32; ++lane) {
        const int g = lane / 4, t = lane % 4;
        std::int32_t* const c = static_cast<const Fragments*>(lanes[lane])->c;
        for (int i = 0; i < 4; ++i) {
            const int row = g + i / 2 * 8, column = 2 * t + i % 2;
            // Modulo 2^32, as tensor cores do without .satfinite.
            c[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(c[i]) +
                                             static_cast<std::uint32_t>(dot(row, column)));
        }
    }
}

void multiply_bits(void* const* lanes, std::uint32_t) {
    const Words words = gather(lanes);
    add(lanes, [&](int row, int column) {
        int sum = 0;
        for (int k = 0; k < 8; k += 2) {
            auto pair = [k](const std::uint32_t* of) {
                return static_cast<std::uint64_t>(of[k]) << 32 | of[k + 1];
            };
            sum += std::popcount(pair(words.a[row]) & pair(words.b[column]));
        }
        return sum;
    });
}

template <int rows>
void widen(const std::uint32_t (&words)[rows][8], std::int16_t (&bytes)[rows][32]) {
    for (int row = 0; row < rows; ++row)
        for (int k = 0; k < 32; ++k)
            bytes[row][k] = static_cast<std::int8_t>(words[row][k / 4] >> (8 * (k % 4)));
}

void multiply_bytes(void* const* lanes, std::uint32_t) {
    const Words words = gather(lanes);
    std::int16_t a[16][32], b[8][32];
    widen(words.a, a);
    widen(words.b, b);
    add(lanes, [&](int row, int column) {
        std::int32_t sum = 0;
        for (int k = 0; k < 32; ++k) sum += a[row][k] * b[column][k];
        return sum;
    });
}

}  // namespace

void mma_and_popc(std::int32_t (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                  std::uint32_t b1) {
    Fragments own{c, a, b0, b1};
    emulation::meet_warp({"mma_and_popc", {"mma.cuh", 0}}, whole_warp, &own, multiply_bits);
}

void mma_s8(std::int32_t (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
    Fragments own{c, a, b0, b1};
    emulation::meet_warp({"mma_s8", {"mma.cuh", 0}}, whole_warp, &own, multiply_bytes);
}

}  // namespace acim
