// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/trial/layer_plan.hpp"

// What errors of the ADC demand of a layer. Each throws std::invalid_argument with advice.
namespace acim {

// A measured table has the edges of the layer's ADC.
void check_adc_table(const LayerPlan& plan);

// Edges of their own are held for every ADC of a chip: in bounded memory.
void check_edges(const LayerPlan& plan, const LayerShape& shape);

// Errors of an ADC are one number of LSB, which a voltage is only where all of its cycles have one LSB.
void check_volts(const LayerPlan& plan);

}  // namespace acim
