// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/model/macro/params.hpp"
#include "host/sweep/technology.hpp"

namespace acim {

// What one conversion takes, and the converter itself.
struct AdcCost {
    double energy = 0.0;  // [J]
    double time = 0.0;    // [s]
    double area = 0.0;    // [m2]
};

// A converter of `bits` bits (1..30) on a column of `rows` rows. Formulas: docs/cost.md.
AdcCost adc_cost(int bits, int rows, const Technology& technology);

// What an energy at the reference supply is worth at the technology's own: (V / V_ref)^2.
double supply_factor(const Technology& technology);

// Energy that one unit capacitor draws when it is charged to V_ref, or to the supply where the macro
// has no V_ref [J].
double charge_energy(const MacroParams& macro, const Technology& technology);

}  // namespace acim
