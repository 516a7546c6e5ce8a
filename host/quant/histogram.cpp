// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "host/quant/calibrate.hpp"

namespace acim {
namespace {

constexpr int dropped_bits = 23 - MagnitudeHistogram::mantissa_bits;
// Key of 2^-32, the smallest magnitude with a bin of its own.
constexpr std::int64_t first_key = std::int64_t{127 - 32} << MagnitudeHistogram::mantissa_bits;

}  // namespace

int MagnitudeHistogram::bin(float x) {
    const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(x) & 0x7fffffffU;
    const std::int64_t key = std::int64_t{magnitude >> dropped_bits} - first_key + 1;
    return static_cast<int>(key < 0 ? 0 : (key < bins ? key : bins - 1));
}

double MagnitudeHistogram::lower(int bin) {
    if (bin == 0) return 0.0;
    const auto key = static_cast<std::uint32_t>(bin - 1 + first_key);
    return static_cast<double>(std::bit_cast<float>(key << dropped_bits));
}

double MagnitudeHistogram::upper(int bin) {
    const int last = bins - 1;
    return bin < last ? lower(bin + 1) : static_cast<double>(std::bit_cast<float>(0x7f7fffffU));
}

void MagnitudeHistogram::add(const MagnitudeHistogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

std::uint64_t MagnitudeHistogram::total() const {
    std::uint64_t sum = 0;
    for (std::uint64_t n : counts_) sum += n;
    return sum;
}

}  // namespace acim
