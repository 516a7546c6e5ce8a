// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/adc.hpp"
#include "cuda/model/macro/adc_channel.hpp"
#include "cuda/model/macro/array_place.hpp"
#include "cuda/model/macro/encoding.hpp"
#include "cuda/model/macro/params.hpp"
#include "cuda/model/macro/transfer.hpp"
#include "cuda/model/macro/vote.hpp"

// One kernel for each function of the columns, their place and their ADCs, for the PTX scan.
using namespace acim;

extern "C" {

__global__ void probe_column_layout(WeightEncoding encoding, ColumnLayout* out) {
    *out = column_layout(encoding, threadIdx.x);
}

__global__ void probe_stored_bit(WeightEncoding encoding, int weight_bits, ColumnLayout layout,
                                 int* out) {
    *out = stored_bit(encoding, weight_bits, layout, threadIdx.x, threadIdx.y);
}

__global__ void probe_parallel_span(std::int64_t* out) { *out = parallel_span(threadIdx.x); }

__global__ void probe_column_share(ColumnLayout layout, std::int64_t s, double v,
                                   std::int64_t* count, double* voltage) {
    *count = column_share(layout, threadIdx.x, s);
    *voltage = column_share(layout, threadIdx.x, v);
}

__global__ void probe_half_drive_mismatch(double q_sum, std::int64_t* out) {
    *out = half_drive_mismatch(q_sum, threadIdx.x);
}

__global__ void probe_adcs_per_array(ArrayParams array, int* out) { *out = adcs_per_array(array); }

__global__ void probe_input_correction(WeightEncoding encoding, std::int64_t* out) {
    *out = input_correction(encoding, threadIdx.x);
}

__global__ void probe_column_count(WeightEncoding encoding, std::int64_t s, std::int64_t x,
                                   std::int64_t fs, std::int64_t* out) {
    *out = column_count(encoding, s, x, fs);
}

__global__ void probe_column_span(WeightEncoding encoding, std::int64_t fs, std::int64_t* out) {
    *out = column_span(encoding, fs);
}

__global__ void probe_any_fixed(ColumnTerms terms, bool* out) { *out = terms.any_fixed(); }

__global__ void probe_any_static(ColumnTerms terms, bool* out) { *out = terms.any_static(); }

__global__ void probe_unit_mismatch(CellParams cell, double* out) { *out = unit_mismatch(cell); }

__global__ void probe_parasitic_ratio(CellParams cell, int rows, double* out) {
    *out = parasitic_ratio(cell, rows);
}

__global__ void probe_per_volt(const MacroParams* macro, double* out) { *out = per_volt(*macro); }

__global__ void probe_thermal_sigma(const MacroParams* macro, double* out) {
    *out = thermal_sigma(*macro);
}

__global__ void probe_column_terms(const MacroParams* macro, ColumnTerms* out) {
    *out = column_terms(*macro);
}

__global__ void probe_count_voltage(ColumnTerms terms, double q_sum, double parasitic,
                                    std::int64_t span, double* out) {
    *out = count_voltage(terms, q_sum, parasitic, span);
}

__global__ void probe_real_count(ColumnTerms terms, std::int64_t count, std::int64_t mismatch,
                                 std::int64_t dac, double* out) {
    *out = real_count(terms, count, mismatch, dac);
}

__global__ void probe_dac_error(double measured, double inl, int q, int top, std::int32_t* out) {
    *out = dac_error(measured, inl, q, threadIdx.x, top);
}

__global__ void probe_mismatch_step(std::int32_t z, std::int32_t* out) { *out = mismatch_step(z); }

__global__ void probe_column_voltage(ColumnTerms terms, double per_count, double injection,
                                     double count, double previous, double* out) {
    *out = column_voltage(terms, per_count, injection, count, previous);
}

__global__ void probe_outputs_per_array(ArrayParams array, int* out) {
    *out = outputs_per_array(array, threadIdx.x);
}

__global__ void probe_layer_tiles(ArrayParams array, int groups, int outputs, std::int64_t* out) {
    *out = layer_tiles(array, threadIdx.x, groups, outputs);
}

__global__ void probe_column_place(ArrayParams array, int rows, int columns, int outputs,
                                   std::int64_t first_tile, int i, ColumnPlace* out) {
    *out = column_place(array, rows, columns, outputs, first_tile, threadIdx.x, threadIdx.y, i);
}

__global__ void probe_channel_position(AdcScale scale, AdcChannel adc, double v, double shift,
                                       std::int64_t* out) {
    *out = channel_position(scale, adc, v, shift);
}

__global__ void probe_channel_code(AdcScale scale, AdcChannel adc, std::int64_t position,
                                   std::int32_t* out) {
    *out = channel_code(scale, adc, position);
}

__global__ void probe_channel_voltage(ColumnTerms terms, ChipColumn column, std::int64_t span,
                                      ChannelSums sums, double previous, double* out) {
    *out = channel_voltage(terms, column, span, sums, previous);
}

__global__ void probe_shifted_edge(int k, double inl, std::int32_t* out) {
    *out = shifted_edge(0, k, inl);
}

__global__ void probe_dnl_edge(int k, int n, double dnl, std::int64_t walk, std::int64_t end,
                               std::int32_t* out) {
    *out = dnl_edge(0, k, n, dnl, walk, end);
}

__global__ void probe_combine_votes(VoteCombination rule, std::int32_t* votes, std::int32_t* out) {
    *out = combine_votes(rule, votes, blockDim.x);
}

__global__ void probe_span_scale(AdcParams adc, std::int64_t fs, AdcScale* out) {
    *out = span_scale(adc, fs);
}

__global__ void probe_weight_parallel_scale(AdcParams adc, int rows, int width, int weight_bits,
                                            AdcScale* out) {
    *out = weight_parallel_scale(adc, rows, width, weight_bits);
}

}  // extern "C"
