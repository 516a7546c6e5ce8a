// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/aidac/column.hpp"
#include "cuda/model/aidac/params.hpp"
#include "cuda/model/aidac/row_conversion.hpp"
#include "cuda/model/aidac/tdc_noise.hpp"
#include "cuda/model/aidac/terms.hpp"
#include "cuda/model/aidac/time.hpp"

// One kernel for each function of cuda/model/aidac, named probe_<function>, for the PTX scan.
using namespace acim;
using namespace acim::aidac;

extern "C" {

__global__ void probe_any_fixed(Terms t, bool* out) { *out = t.any_fixed(); }

__global__ void probe_any_static(Terms t, bool* out) { *out = t.any_static(); }

__global__ void probe_swing_loss(AidacParams p, double* out) { *out = swing_loss(p); }

__global__ void probe_block_full_scale(int rows, double* out) { *out = block_full_scale(rows); }

__global__ void probe_chain_terms(AidacParams p, CellParams cell, SwitchParams switches,
                                  double v_ref, Terms* out) {
    *out = chain_terms(p, cell, switches, v_ref);
}

__global__ void probe_block_thermal_sigma(AidacParams p, CellParams cell, double v_ref,
                                          double* out) {
    *out = block_thermal_sigma(p, cell, v_ref);
}

__global__ void probe_jitter_sigma(AidacParams p, double* out) { *out = jitter_sigma(p); }

__global__ void probe_mean_of_blocks(double sigma, int blocks, int tdc_bits, double* out) {
    *out = mean_of_blocks(sigma, blocks, tdc_bits);
}

__global__ void probe_fresh_sigma(AidacParams p, CellParams cell, double v_ref, double tdc,
                                  double* out) {
    *out = fresh_sigma(p, cell, v_ref, threadIdx.x, tdc);
}

__global__ void probe_array_operand(std::int32_t value, std::int32_t offset, std::int32_t* out) {
    *out = array_operand(value, offset, threadIdx.x);
}

__global__ void probe_input_group(int* out) { *out = input_group(threadIdx.x); }

__global__ void probe_effective_input_bit(Terms t, int group, int row, std::int32_t* out) {
    *out = effective_input_bit(t, threadIdx.x, group, row);
}

__global__ void probe_add_input_bit(std::int16_t bit, std::int16_t x, std::int16_t* out) {
    *out = add_input_bit(*out, bit, x, threadIdx.x);
}

__global__ void probe_bit_weight(Terms t, ColumnSums column, int joined, double* out) {
    *out = bit_weight(t, threadIdx.x, column, joined);
}

__global__ void probe_effective_weight(Terms t, const double* bits, const std::int8_t* q,
                                       std::int32_t* out) {
    *out = effective_weight(t, threadIdx.x, bits, q);
}

__global__ void probe_group_deviation(Terms t, double* out) {
    *out = group_deviation(t, threadIdx.x);
}

__global__ void probe_grouped_share(Terms t, const std::int32_t* sums, double* out) {
    *out = grouped_share(t, sums);
}

__global__ void probe_effective_grouped_weight(Terms t, double share, const std::int8_t* q,
                                               std::int32_t* out) {
    *out = effective_grouped_weight(t, threadIdx.x, share, q);
}

__global__ void probe_block_voltage(Terms t, std::int64_t sum, double* out) {
    *out = block_voltage(t, sum);
}

__global__ void probe_block_time(Terms t, ConverterError error, double v, double* out) {
    *out = block_time(t, error, v);
}

__global__ void probe_tdc_scale(int bits, AdcScale* out) { *out = tdc_scale(bits); }

__global__ void probe_tdc_position(AdcScale tdc, double time_sum, int blocks, std::int64_t* out) {
    *out = tdc_position(tdc, time_sum, blocks);
}

__global__ void probe_ideal_tdc_code(AdcScale tdc, std::int64_t sum, int rows, std::int32_t* out) {
    *out = ideal_tdc_code(tdc, sum, rows);
}

__global__ void probe_noisy_tdc_code(AdcScale tdc, TdcNoise noise, const InverseNormalTable* normal,
                                     std::int64_t position, PhiloxKey key, FreshPlace place,
                                     std::int32_t* out) {
    *out = noisy_tdc_code(tdc, noise, *normal, position, key, place, threadIdx.x);
}

}  // extern "C"
