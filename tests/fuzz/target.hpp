// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "host/core/error.hpp"

// What libFuzzer and replay.cpp call: one input, whatever it holds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// One step from an input to another, by targets that know their format: what libFuzzer asks for.
extern "C" [[gnu::weak]] std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                                             std::size_t most, unsigned seed);

namespace acim::fuzz {

// A reader may refuse its input by the errors that it documents. Anything else it throws ends the
// program, as a crash does.
template <class Read>
int refuse_or_accept(const Read& read) {
    try {
        read();
    } catch (const InputError&) {
    } catch (const StorageError&) {
    }
    return 0;
}

}  // namespace acim::fuzz
