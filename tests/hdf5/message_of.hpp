// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "host/core/error.hpp"

namespace acim::hdf5 {

// What the InputError of the action says.
inline std::string message_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const InputError& error) {
        return error.what();
    }
    return "no InputError";
}

}  // namespace acim::hdf5
