// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "cuda/engine/runtime.hpp"

namespace acim::testing_device {

template <class T>
DeviceArray<T> on_device(const std::vector<T>& values) {
    return DeviceArray<T>(std::span<const T>(values));
}

// What stands in `array` when all work of `stream` is done.
template <class T>
std::vector<T> from_device(const DeviceArray<T>& array, const Stream& stream) {
    std::vector<T> values(array.size());
    array.download(std::span<T>(values), stream);
    stream.wait();
    return values;
}

}  // namespace acim::testing_device
