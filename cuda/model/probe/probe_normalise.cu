// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/digital/layer_norm.hpp"
#include "cuda/model/digital/softmax.hpp"

// One kernel for each function of cuda/model/digital/{layer_norm,softmax}.hpp, named probe_<function>, for the
// PTX scan.
using namespace acim::digital;

extern "C" {

__global__ void probe_power_of_two(int k, double* out) { *out = power_of_two(k); }

__global__ void probe_exponent_of(double x, int* out) { *out = exponent_of(x); }

__global__ void probe_norm_finite(float x, float* out) { *out = norm_finite(x); }

__global__ void probe_norm_magnitude(float most, float x, float* out) {
    *out = norm_magnitude(most, x);
}

__global__ void probe_norm_exponent(float most, int* out) { *out = norm_exponent(most); }

__global__ void probe_norm_term(float x, int exponent, std::int64_t* out) {
    *out = norm_term(x, exponent);
}

__global__ void probe_norm_centre(std::int64_t sum, std::int64_t least, std::int64_t largest,
                                  int length, int exponent, bool is_centred, NormCentre* out) {
    *out = norm_centre(sum, least, largest, length, exponent, is_centred);
}

__global__ void probe_norm_square(std::int64_t term, NormCentre centre, std::int64_t* out) {
    *out = norm_square(term, centre);
}

__global__ void probe_norm_factor(std::int64_t squares, NormCentre centre, int length,
                                  float epsilon, double* out) {
    *out = norm_factor(squares, centre, length, epsilon);
}

__global__ void probe_norm_value(std::int64_t term, NormCentre centre, double factor, float scale,
                                 float shift, float* out) {
    *out = norm_value(term, centre, factor, scale, shift);
}

__global__ void probe_softmax_peak(float peak, float x, float* out) {
    *out = softmax_peak(peak, x);
}

__global__ void probe_softmax_term(float x, float peak, std::int64_t* out) {
    *out = softmax_term(x, peak);
}

__global__ void probe_softmax_value(std::int64_t term, std::int64_t total, float* out) {
    *out = softmax_value(term, total);
}

__global__ void probe_log_softmax_value(float x, float peak, std::int64_t total, float* out) {
    *out = log_softmax_value(x, peak, total);
}

}  // extern "C"
