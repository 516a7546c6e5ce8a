// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "cuda/trial/chip_draw.hpp"
#include "tests/trial/aidac_fixture.hpp"

// SPEC section 5 phase by phase in long double, with every capacitor of the array: no effective
// operands, no calibration folded in. Only the places of random numbers come from cuda/.
namespace acim::testing_reference {

class AidacChain {
public:
    explicit AidacChain(const AidacCase& c) : c_(c), m_(c.settings.macro), a_(m_.aidac) {}

    // What the TDC sees of output m at a pixel in one span [LSB], static terms only.
    long double position(int m, int pixel, int span) const {
        long double time = 0.0L;
        for (int n = 0; n < a_.blocks; ++n) {
            const long double g = normal(NoiseSource::aidac_vtc_gain, m, span, n) * a_.vtc_gain;
            time += vtc(voltage(m, pixel, span, n), g, offset(m, span, n));
            if (a_.reference == AidacReference::raw) time -= reference(m, span, n);
        }
        return std::ldexp(time / a_.blocks, m_.adc.bits);
    }

private:
    int output(int m) const { return c_.site.first_output + m; }
    std::uint32_t array(int m, int span) const {
        const int per = a_.outputs_per_array;
        return static_cast<std::uint32_t>(span * ((c_.site.outputs + per - 1) / per) +
                                          output(m) / per);
    }
    long double normal(NoiseSource source, int m, int span, int row, int column) const {
        const ChipPlace place{static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column),
                              array(m, span), c_.site.layer};
        return std::ldexp(static_cast<long double>(chip_draw(source, place, c_.site.chip)), -24);
    }
    long double normal(NoiseSource source, int m, int span, int n) const {
        return normal(source, m, span, n, output(m) % a_.outputs_per_array);
    }
    // Capacitance of a cell or of a group of `units` cells drawn as one [C_u].
    long double capacitance(int m, int span, int row, int column, int units = 1) const {
        if (m_.cell.mismatch == 0.0) return units;
        const long double s = m_.cell.mismatch / std::sqrt(m_.cell.unit_capacitance);
        const long double z = normal(NoiseSource::aidac_cell, m, span, row, column);
        const long double q = std::nearbyint(16 * z) / 16;
        return units + s * q * std::sqrt(static_cast<long double>(units));
    }
    long double gain() const {
        const long double column = 1.0L / (1 + a_.column_parasitic);
        if (a_.topology == AidacTopology::grouped_weight) return column;
        return column / ((1 + a_.row_parasitic) * (1 + a_.join_parasitic));
    }
    // Operands of a row in the array, 0 .. 255; rows behind the last input drive 0.
    int driven(int pixel, int span, int row) const {
        const int k = span * a_.blocks * a_.block_rows + row, bits = c_.settings.activation_bits;
        if (k >= c_.shape.depth) return 0;
        const int x = c_.inputs[static_cast<std::size_t>(pixel) * c_.shape.depth + k];
        return (x + (c_.shape.is_signed ? 1 << (bits - 1) : 0)) * (256 >> bits);
    }
    int stored(int m, int span, int row) const {
        const int k = span * a_.blocks * a_.block_rows + row, bits = c_.settings.weight_bits;
        if (k >= c_.shape.depth) return 0;
        const int w = c_.weights[static_cast<std::size_t>(m) * c_.shape.depth + k];
        return (w + (bits > 1 ? 1 << (bits - 1) : 0)) * (256 >> bits);
    }

    // V_x / V_ref of a row.
    long double row_voltage(int m, int pixel, int span, int row) const {
        const int x = driven(pixel, span, row);
        if (a_.topology == AidacTopology::grouped_weight) return x / 256.0L;
        long double charge = 0.0L, all = capacitance(m, span, row, 0);
        for (int b = 0, column = 1; b < 8; ++b)
            for (int unit = 0; unit < 1 << b; ++unit, ++column) {
                const long double c = capacitance(m, span, row, column);
                all += c;
                if ((x >> b & 1) != 0) charge += c;
            }
        return charge / (all + 256 * static_cast<long double>(a_.row_parasitic));
    }

    // V_mac / V_ref of a block.
    long double mac_voltage(int m, int pixel, int span, int n) const {
        const int first = n * a_.block_rows, column = output(m) % a_.outputs_per_array * 8;
        const bool cells = a_.topology == AidacTopology::grouped_cells;
        std::array<long double, 8> charge{}, all{}, joined{};
        for (int row = first; row < first + a_.block_rows; ++row) {
            const long double v = row_voltage(m, pixel, span, row);
            for (int j = 0; j < 8; ++j) {
                const long double c = capacitance(m, span, row, column + j, cells ? 1 : 1 << j);
                all[j] += c;
                if (row - first < 1 << j) joined[j] += c;
                if ((stored(m, span, row) >> j & 1) != 0) charge[j] += c * v;
            }
        }
        long double top = 0.0L, bottom = 0.0L;
        for (int j = 0; j < 8; ++j) {
            const long double shared = all[j] + a_.column_parasitic * a_.block_rows;
            top += cells ? joined[j] * charge[j] / shared : charge[j];
            bottom += cells ? joined[j] : all[j];
        }
        const long double parasitic = cells ? 255 * static_cast<long double>(a_.join_parasitic)
                                            : 255.0L * a_.block_rows * a_.column_parasitic;
        return top / (bottom + parasitic);
    }

    long double voltage(int m, int pixel, int span, int n) const {
        const long double mac = mac_voltage(m, pixel, span, n) / gain();
        long double v = mac;
        const SwitchParams& sw = m_.switches;
        if (sw.injection_offset != 0.0) v += sw.injection_offset / m_.v_ref;
        v -= sw.injection_gain * mac;
        v *= 1.0L - sw.settling_error;
        if (m_.cell.leakage == 0.0) return v;
        return v - m_.cell.leakage * m_.cell.hold_time / (m_.cell.unit_capacitance * m_.v_ref);
    }
    long double vtc(long double v, long double g, long double o) const {
        return v * (1 + g) + o + 4 * static_cast<long double>(a_.vtc_inl) * v * (1 - v);
    }
    long double volts(long double v) const {
        return a_.vtc_offset == 0.0 ? 0.0L : v / (gain() * m_.v_ref);
    }
    long double offset(int m, int span, int n) const {
        return volts(a_.vtc_offset * normal(NoiseSource::aidac_vtc_offset, m, span, n));
    }
    long double reference(int m, int span, int n) const {
        return volts(a_.vtc_offset * normal(NoiseSource::aidac_reference, m, span, n, 0));
    }

    const AidacCase& c_;
    const MacroParams& m_;
    const AidacParams& a_;
};

}  // namespace acim::testing_reference
