// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/adc.hpp"
#include "cuda/model/macro/cycles.hpp"
#include "cuda/model/macro/encoding.hpp"
#include "cuda/model/macro/params.hpp"

namespace acim {

// Sign and power of conversion (column i, cycle j): +-2^(bit + b_j); minus where exactly one of
// (the column is negative), (j is the sign cycle) holds.
ACIM_HD inline std::int64_t place_value(const CycleLayout& cycles, const ColumnLayout& columns,
                                        int i, int j) {
    const std::int64_t power = std::int64_t{1} << (columns.bit[i] + cycles.low_bit[j]);
    return columns.negative[i] != cycles.negative[j] ? -power : power;
}

// The same of a cycle alone, for weight-parallel conversion.
ACIM_HD inline std::int64_t cycle_place_value(const CycleLayout& cycles, int j) {
    const std::int64_t power = std::int64_t{1} << cycles.low_bit[j];
    return cycles.negative[j] ? -power : power;
}

// Conversions of the top anti-diagonals are digital: i + j > W + cycles - levels - 2.
ACIM_HD inline bool is_top_level(int levels, int weight_bits, int cycles, int i, int j) {
    return i + j > weight_bits + cycles - levels - 2;
}

// Weight of a code in A: the place value times the counts that span one LSB grid.
ACIM_HD inline std::int64_t code_weight(const AdcParams& adc, const CycleLayout& cycles,
                                        std::int64_t place, int j) {
    return adc.range == AdcRange::counts ? place : place * ((1 << cycles.width[j]) - 1);
}

// y = A*num/den + (D*digital_unit + offset). SPEC writes fma(double(A), K1, ...); one product and one division
// are exact for a lossless ADC whatever N is, while a rounded constant K1 = N/(2^B-1) is not.
struct OutputScale {
    double num = 1.0, den = 1.0;
    double offset = 0.0;        // per output element, all row groups [integer-product units]
    double digital_unit = 1.0;  // of D: half an integer product for xnor

    // Where A holds the errors of codes alone and D the integer product, as on path events.
    void set_product_digital() {
        offset = 0.0;
        digital_unit = 1.0;
    }
};

ACIM_HD inline double output_value(const OutputScale& scale, std::int64_t analog,
                                   std::int64_t digital) {
    const double from_codes = static_cast<double>(analog) * scale.num / scale.den;
    return from_codes + (static_cast<double>(digital) * scale.digital_unit + scale.offset);
}

}  // namespace acim
