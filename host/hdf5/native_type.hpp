// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <hdf5.h>

#include "host/hdf5/element.hpp"

namespace acim::hdf5 {

// The HDF5 type of a number in memory; every supported host is little-endian, and so are the files.
inline hid_t native_type(ElementType type) {
    switch (type) {
        case ElementType::i8:
            return H5T_NATIVE_INT8;
        case ElementType::u8:
            return H5T_NATIVE_UINT8;
        case ElementType::i16:
            return H5T_NATIVE_INT16;
        case ElementType::u16:
            return H5T_NATIVE_UINT16;
        case ElementType::i32:
            return H5T_NATIVE_INT32;
        case ElementType::u32:
            return H5T_NATIVE_UINT32;
        case ElementType::i64:
            return H5T_NATIVE_INT64;
        case ElementType::u64:
            return H5T_NATIVE_UINT64;
        case ElementType::f32:
            return H5T_NATIVE_FLOAT;
        case ElementType::f64:
            return H5T_NATIVE_DOUBLE;
    }
    return H5I_INVALID_HID;
}

}  // namespace acim::hdf5
