// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/adc.hpp"
#include "cuda/model/macro/conversion.hpp"
#include "cuda/model/macro/cycles.hpp"
#include "cuda/model/macro/noise.hpp"
#include "cuda/model/macro/params.hpp"
#include "cuda/model/macro/recombination.hpp"
#include "cuda/model/macro/rounding.hpp"

// One kernel for each function of cuda/model/macro, named probe_<function>, for the PTX scan.
using namespace acim;

extern "C" {

__global__ void probe_divide_half_even(std::int64_t num, std::int64_t den, std::int64_t* out) {
    *out = divide_half_even(num, den);
}

__global__ void probe_round_half_even(double x, std::int64_t* out) { *out = round_half_even(x); }

__global__ void probe_cycle_layout(int bits, int bits_per_cycle, CycleLayout* out) {
    *out = cycle_layout(bits, bits_per_cycle, threadIdx.x != 0);
}

__global__ void probe_cycle_value(CycleLayout layout, std::uint32_t bits, std::uint32_t* out) {
    *out = cycle_value(layout, threadIdx.x, bits);
}

__global__ void probe_full_scale(int rows, int width, std::int64_t* out) {
    *out = full_scale(rows, width);
}

__global__ void probe_greatest_common_divisor(std::int64_t a, std::int64_t b, std::int64_t* out) {
    *out = greatest_common_divisor(a, b);
}

__global__ void probe_adc_scale(AdcParams adc, int rows, int width, AdcScale* out) {
    *out = adc_scale(adc, rows, width);
}

__global__ void probe_clip_code(AdcScale scale, std::int64_t code, std::int32_t* out) {
    *out = clip_code(scale, code);
}

__global__ void probe_ideal_code(AdcScale scale, std::int64_t s, std::int32_t* out) {
    *out = ideal_code(scale, s);
}

__global__ void probe_is_lossless(AdcScale scale, AdcParams adc, bool* out) {
    *out = is_lossless(scale, adc);
}

__global__ void probe_grid_position(AdcScale scale, std::int64_t s, std::int64_t* out) {
    *out = grid_position(scale, s);
}

__global__ void probe_grid_code(AdcScale scale, std::int64_t position, std::int32_t* out) {
    *out = grid_code(scale, position);
}

__global__ void probe_any(FreshNoise noise, bool* out) { *out = noise.any(); }

__global__ void probe_random_sigma(const MacroParams* macro, AdcScale scale, double* out) {
    *out = random_sigma(*macro, scale);
}

__global__ void probe_adc_error_sigma(const MacroParams* macro, AdcScale scale, double* out) {
    *out = adc_error_sigma(*macro, scale, out[1], out[2]);
}

__global__ void probe_column_noise_gain(int weight_bits, double* out) {
    *out = column_noise_gain(threadIdx.x != 0, weight_bits);
}

__global__ void probe_fresh_noise(const MacroParams* macro, AdcScale scale, int weight_bits,
                                  FreshNoise* out) {
    *out = fresh_noise(*macro, scale, weight_bits);
}

__global__ void probe_nonlinear_sigma(FreshNoise noise, std::int64_t s, double* out) {
    *out = nonlinear_sigma(noise, s);
}

__global__ void probe_total_sigma(FreshNoise noise, std::int64_t s, double* out) {
    *out = total_sigma(noise, s);
}

__global__ void probe_add_noise(std::int64_t position, std::int32_t z, double sigma,
                                std::int64_t* out) {
    *out = add_noise(position, z, sigma);
}

__global__ void probe_escape_code(CycleLawView cycle, std::int64_t s, PhiloxKey key,
                                  FreshPlace place, std::int32_t* out) {
    *out = escape_code(cycle, s, key, place, threadIdx.x, threadIdx.y);
}

__global__ void probe_table_code(CycleLawView cycle, std::int64_t s, PhiloxKey key,
                                 FreshPlace place, std::int32_t* out) {
    *out = table_code(cycle, s, key, place, threadIdx.x, threadIdx.y);
}

__global__ void probe_fixed_code(CycleLawView cycle, std::int64_t s, PhiloxKey key,
                                 FreshPlace place, std::int32_t* out) {
    *out = fixed_code(cycle, s, key, place, threadIdx.x, threadIdx.y);
}

__global__ void probe_draw_sigma(CycleLawView cycle, std::int64_t count, double* out) {
    *out = draw_sigma(cycle, count);
}

__global__ void probe_fixed_unit_normal(const InverseNormalTable* table, PhiloxKey key,
                                        FreshPlace place, std::int32_t* out) {
    *out = fixed_unit_normal(*table, key, place, threadIdx.x, threadIdx.y);
}

__global__ void probe_chip_uniform_top(PhiloxKey key, FreshPlace place, std::uint32_t* out) {
    *out = chip_uniform_top(key, place, threadIdx.x, threadIdx.y);
}

__global__ void probe_chip_refined_normal(const InverseNormalTable* table, std::uint32_t top,
                                          PhiloxKey key, FreshPlace place, std::int32_t* out) {
    *out = chip_refined_normal(*table, top, key, place, threadIdx.x, threadIdx.y);
}

__global__ void probe_chip_unit_normal(const InverseNormalTable* table, PhiloxKey key,
                                       FreshPlace place, std::int32_t* out) {
    *out = chip_unit_normal(*table, key, place, threadIdx.x, threadIdx.y);
}

__global__ void probe_conversion_position(CycleLawView cycle, AdcChannel adc, double measured,
                                          double v, std::int64_t count, std::int64_t* out) {
    *out = conversion_position(cycle, adc, measured, v, count);
}

__global__ void probe_channel_conversion(SamplingPath path, CycleLawView cycle, AdcChannel adc,
                                         std::int64_t position, std::int64_t count, PhiloxKey key,
                                         FreshPlace place, std::int32_t* out) {
    *out =
        channel_conversion(path, cycle, adc, position, count, key, place, threadIdx.x, threadIdx.y);
}

__global__ void probe_conversion_code(SamplingPath path, CycleLawView cycle, std::int64_t s,
                                      PhiloxKey key, FreshPlace place, std::int32_t* out) {
    *out = conversion_code(path, cycle, s, key, place, threadIdx.x, threadIdx.y);
}

__global__ void probe_cycle_place_value(CycleLayout cycles, std::int64_t* out) {
    *out = cycle_place_value(cycles, threadIdx.x);
}

__global__ void probe_place_value(CycleLayout cycles, ColumnLayout columns, std::int64_t* out) {
    *out = place_value(cycles, columns, threadIdx.x, threadIdx.y);
}

__global__ void probe_is_top_level(int levels, int weight_bits, int cycles, bool* out) {
    *out = is_top_level(levels, weight_bits, cycles, threadIdx.x, threadIdx.y);
}

__global__ void probe_code_weight(AdcParams adc, CycleLayout cycles, std::int64_t place,
                                  std::int64_t* out) {
    *out = code_weight(adc, cycles, place, threadIdx.x);
}

__global__ void probe_output_value(OutputScale scale, std::int64_t analog, std::int64_t digital,
                                   double* out) {
    *out = output_value(scale, analog, digital);
}

}  // extern "C"
