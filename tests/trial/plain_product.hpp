// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "cuda/model/macro/params.hpp"
#include "cuda/trial/layer_plan.hpp"

// The product of one layer as SPEC sections 2 and 3 say it, in plain integer loops that share
// nothing with cuda/ but the settings.
namespace acim::testing_reference {

struct Cycle {
    int low_bit, width;
    bool negative;
};

inline std::vector<Cycle> cycles_of(int bits, int per_cycle, bool is_signed) {
    std::vector<Cycle> out;
    int left = is_signed ? bits - 1 : bits, bit = 0;
    while (left > 0) {
        const int width = std::min(per_cycle, left);
        out.push_back({bit, width, false});
        bit += width;
        left -= width;
    }
    if (is_signed) out.push_back({bits - 1, 1, true});
    return out;
}

// Bits of an integer in two's complement, by arithmetic.
inline int bits_of(int value, int low_bit, int width) {
    const int shifted = (value + 65536) / (1 << low_bit);  // 2^16 keeps the sum positive
    return shifted % (1 << width);
}

// clip(rne((s/FS - lo)/(hi - lo) * (2^B-1))) by search over codes: exact, no division.
inline int adc_code(const MacroParams& macro, int width, std::int64_t s) {
    __extension__ using Wide = __int128;
    const Wide fs = Wide{macro.rows} * ((1 << width) - 1), top = (1 << macro.adc.bits) - 1;
    Wide num = s * top, den = fs;  // position = num/den
    if (macro.adc.range == AdcRange::counts) {
        num = s;
        den = 1;
    } else if (macro.adc.range == AdcRange::window) {
        num = (Wide{s} * 65536 - fs * macro.adc.lo) * top;
        den = fs * (macro.adc.hi - macro.adc.lo);
    }
    Wide code = 0;
    while (code < top) {  // raise while beyond the edge code + 1/2; at the edge odd codes rise
        const Wide beyond = 2 * num - (2 * code + 1) * den;
        if (beyond < 0 || (beyond == 0 && code % 2 == 0)) break;
        ++code;
    }
    return static_cast<int>(code);
}

// One conversion as the loops meet it.
struct Conversion {
    int output, pixel, group, plane, cycle, k;
    std::int64_t s;
    int width;
};

struct PlainLayer {
    LayerSettings settings;
    LayerShape shape;
    int pixels = 1;
    std::vector<std::int8_t> weights;  // [M][K]
    std::vector<std::int16_t> inputs;  // [pixels][K]
};

struct PlainSums {
    std::vector<std::int64_t> exact, digital;
    std::vector<long double> y;  // decoded by SPEC's formula
    std::int64_t adc_conversions = 0;
};

// `noisy_code` gives the code of a conversion with noise.
inline PlainSums plain_product(const PlainLayer& layer,
                               const std::function<int(const Conversion&)>& noisy_code) {
    const LayerSettings& set = layer.settings;
    const MacroParams& macro = set.macro;
    const int w_bits = set.weight_bits, depth = layer.shape.depth;
    const auto cycles = cycles_of(set.activation_bits, macro.bits_per_cycle, layer.shape.is_signed);
    const int count = static_cast<int>(cycles.size());
    const int used = macro.mapping == RowMapping::dense
                         ? macro.rows
                         : macro.rows / layer.shape.window * layer.shape.window;
    PlainSums out;
    for (int m = 0; m < layer.shape.outputs; ++m)
        for (int p = 0; p < layer.pixels; ++p) {
            const std::int8_t* w = layer.weights.data() + m * depth;
            const std::int16_t* x = layer.inputs.data() + p * depth;
            std::int64_t exact = 0, digital = 0;
            long double y = 0.0L;
            for (int r = 0; r < depth; ++r) exact += w[r] * x[r];
            for (int begin = 0, group = 0; begin < depth; begin += used, ++group)
                for (int i = 0; i < w_bits; ++i)
                    for (int j = 0; j < count; ++j) {
                        const Cycle& c = cycles[static_cast<std::size_t>(j)];
                        std::int64_t s = 0;
                        for (int r = begin; r < std::min(begin + used, depth); ++r)
                            s += bits_of(w[r], i, 1) * bits_of(x[r], c.low_bit, c.width);
                        const bool minus = (w_bits > 1 && i == w_bits - 1) != c.negative;
                        const std::int64_t place =
                            (minus ? -1 : 1) * (std::int64_t{1} << (i + c.low_bit));
                        const bool top = i + j > w_bits + count - macro.hybrid.levels - 2;
                        if (top && !macro.hybrid.asim_rounding) {
                            digital += place * s;
                            continue;
                        }
                        const int code =
                            top ? adc_code(macro, c.width, s)
                                : noisy_code({m, p, group, i, j, i * count + j, s, c.width});
                        ++out.adc_conversions;
                        const long double fs =
                            static_cast<long double>(macro.rows) * ((1 << c.width) - 1);
                        const bool window = macro.adc.range == AdcRange::window;
                        const long double low = window ? macro.adc.lo / 65536.0L : 0.0L;
                        const long double span =
                            window ? (macro.adc.hi - macro.adc.lo) / 65536.0L : 1.0L;
                        const long double lsb = macro.adc.range == AdcRange::counts
                                                    ? 1.0L
                                                    : span * fs / ((1 << macro.adc.bits) - 1);
                        y += place * (low * fs + code * lsb);
                    }
            out.exact.push_back(exact);
            out.digital.push_back(digital);
            out.y.push_back(y + digital);
        }
    return out;
}

}  // namespace acim::testing_reference
