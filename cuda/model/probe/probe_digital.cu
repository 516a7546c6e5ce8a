// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/digital/elementwise.hpp"
#include "cuda/model/digital/exp_log.hpp"
#include "cuda/model/digital/metrics.hpp"
#include "cuda/model/digital/pool.hpp"
#include "cuda/model/digital/quantise.hpp"

// One kernel for each function of cuda/model/digital, named probe_<function>, for the PTX scan.
using namespace acim::digital;

extern "C" {

__global__ void probe_relu(float x, float* out) { *out = relu(x); }

__global__ void probe_clip(float x, float low, float high, float* out) {
    *out = clip(x, low, high);
}

__global__ void probe_add(float a, float b, float* out) { *out = add(a, b); }

__global__ void probe_subtract(float a, float b, float* out) { *out = subtract(a, b); }

__global__ void probe_multiply(float a, float b, float* out) { *out = multiply(a, b); }

__global__ void probe_divide(float a, float b, float* out) { *out = divide(a, b); }

__global__ void probe_lesser(float a, float b, float* out) { *out = lesser(a, b); }

__global__ void probe_greater(float a, float b, float* out) { *out = greater(a, b); }

__global__ void probe_requantise(float x, float scale, int lo, int hi, float* out) {
    *out = requantise(x, scale, lo, hi);
}

__global__ void probe_affine(float x, float scale, float shift, float* out) {
    *out = affine(x, scale, shift);
}

__global__ void probe_max_pool_step(float best, float x, float* out) {
    *out = max_pool_step(best, x);
}

__global__ void probe_average_pool_term(float x, int fraction_bits, std::int64_t* out) {
    *out = average_pool_term(x, fraction_bits);
}

__global__ void probe_average_pool_result(std::int64_t sum, int count, int fraction_bits,
                                          float* out) {
    *out = average_pool_result(sum, count, fraction_bits);
}

__global__ void probe_pool_range(int out, int kernel, int pad, int in, PoolRange* range) {
    *range = pool_range(out, kernel, threadIdx.x, pad, in);
}

__global__ void probe_average_pool_count(PoolWindow window, bool include_pad, int* out) {
    *out = average_pool_count(window, threadIdx.x, include_pad);
}

__global__ void probe_nearest_even_f32(float x, float* out) { *out = nearest_even(x); }

__global__ void probe_nearest_even_f64(double x, double* out) { *out = nearest_even(x); }

__global__ void probe_quantise(float x, float scale, int low, int high, int* out) {
    *out = quantise(x, scale, low, high);
}

__global__ void probe_quantised_low(int bits, bool is_signed, int* out) {
    *out = quantised_low(bits, is_signed);
}

__global__ void probe_quantised_high(int bits, bool is_signed, int* out) {
    *out = quantised_high(bits, is_signed);
}

__global__ void probe_product_scale(float weight_scale, float input_scale, double* out) {
    *out = product_scale(weight_scale, input_scale);
}

__global__ void probe_dequantise(double y, double scale, float bias, float* out) {
    *out = dequantise(y, scale, bias);
}

__global__ void probe_bits_of(double x, std::uint64_t* out) { *out = bits_of(x); }

__global__ void probe_double_of(std::uint64_t bits, double* out) { *out = double_of(bits); }

__global__ void probe_exp_minus(double x, double* out) { *out = exp_minus(x); }

__global__ void probe_natural_log(double x, double* out) { *out = natural_log(x); }

__global__ void probe_top1(const float* logits, int classes, int* out) {
    *out = top1(logits, classes);
}

__global__ void probe_cross_entropy_steps(const float* logits, int classes, float peak,
                                          float chosen, std::int64_t* out) {
    *out = cross_entropy_steps(logits, classes, peak, chosen);
}

__global__ void probe_output_steps(std::int64_t exact, double y, OutputSteps* out) {
    *out = output_steps(exact, y);
}

}  // extern "C"
