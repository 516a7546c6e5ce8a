// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/digital/erf.hpp"
#include "cuda/model/digital/function.hpp"

// One kernel for each function of cuda/model/digital/{erf,function}.hpp, named probe_<function>, for the
// PTX scan.
using namespace acim::digital;

extern "C" {

__global__ void probe_erfc_positive(double x, double* out) { *out = erfc_positive(x); }

__global__ void probe_erfc_value(double x, double* out) { *out = erfc_value(x); }

__global__ void probe_logistic(double x, double* out) { *out = logistic(x); }

__global__ void probe_hyperbolic_tangent(double x, double* out) { *out = hyperbolic_tangent(x); }

__global__ void probe_exponential(double x, double* out) { *out = exponential(x); }

__global__ void probe_normal_cdf(double x, double* out) { *out = normal_cdf(x); }

__global__ void probe_sigmoid(float x, float* out) { *out = sigmoid(x); }

__global__ void probe_tanh_value(float x, float* out) { *out = tanh_value(x); }

__global__ void probe_erf_value(float x, float* out) { *out = erf_value(x); }

__global__ void probe_gelu(float x, float* out) { *out = gelu(x); }

__global__ void probe_gelu_tanh(float x, float* out) { *out = gelu_tanh(x); }

__global__ void probe_silu(float x, float* out) { *out = silu(x); }

__global__ void probe_hard_swish(float x, float* out) { *out = hard_swish(x); }

__global__ void probe_exp_value(float x, float* out) { *out = exp_value(x); }

__global__ void probe_log_value(float x, float* out) { *out = log_value(x); }

__global__ void probe_sqrt_value(float x, float* out) { *out = sqrt_value(x); }

__global__ void probe_reciprocal(float x, float* out) { *out = reciprocal(x); }

__global__ void probe_absolute(float x, float* out) { *out = absolute(x); }

__global__ void probe_hard_sigmoid(float x, float a, float b, float* out) {
    *out = hard_sigmoid(x, a, b);
}

__global__ void probe_leaky_relu(float x, float a, float* out) { *out = leaky_relu(x, a); }

__global__ void probe_elu(float x, float a, float* out) { *out = elu(x, a); }

}  // extern "C"
