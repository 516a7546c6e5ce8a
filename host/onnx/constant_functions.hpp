// SPDX-License-Identifier: Apache-2.0
#pragma once

// Functions of constants that reach results: fixed-order IEEE double arithmetic without libm, so that
// an import gives the same bits everywhere. Errors are far below the rounding to float32 that follows
// (tests/onnx/test_constant_functions.cpp). NaN gives NaN.
namespace acim::onnx_import {

double constant_exp(double x);
// Natural logarithm: minus infinity of 0, NaN below.
double constant_log(double x);
// As C's pow in its special cases. Whole exponents up to 64 are products, 0.5 is the root, others
// exp(exponent * log(base)).
double constant_pow(double base, double exponent);

// The largest angle whose sine and cosine are computed, in radians: up to here the reduction to one
// quadrant is as exact as the angle.
inline constexpr double most_angle = 0x1p20;
// For |x| <= most_angle; NaN of infinities.
double constant_sin(double x);
double constant_cos(double x);

}  // namespace acim::onnx_import
