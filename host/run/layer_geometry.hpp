// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/hdf5/reader.hpp"
#include "host/run/integer_tensor.hpp"
#include "host/run/layer_operands.hpp"

namespace acim {

// The root attributes stride, pad, dilation and groups with the shapes of x and w: the geometry of
// a convolution. A pair is [height, width], four values of pad are [top, left, bottom, right].
// Throws InputError for values or shapes that do not fit.
ConvGeometry read_conv_geometry(const hdf5::Reader& in, const IntegerTensor& x,
                                const IntegerTensor& w);

// Throws InputError where one of these attributes asks for something that only a convolution has.
void refuse_conv_attributes(const hdf5::Reader& in, LayerOperation operation);

// Throws InputError for attributes that are a usual misspelling of one of the above.
void refuse_misspelt_attributes(const hdf5::Reader& in);

// The root attribute signed_activations, else the fallback.
bool read_signed_activations(const hdf5::Reader& in, bool fallback);

}  // namespace acim
