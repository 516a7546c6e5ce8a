// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/context/fiber.hpp>
#include <cstddef>
#include <utility>

#include "tests/cuda_emulation/sanitizer.hpp"

namespace acim::emulation {

// A flow of control with a stack of its own; one runs at a time. Stacks are kept for the life of the
// process and lie before an inaccessible page, so that an overflow ends the process.
class Fiber {
public:
    static constexpr int most = 1024;  // threads of a block

    // What runs now: the host thread that launches a kernel.
    Fiber() = default;

    // Runs `body` on stack `number` once it is switched to; `body` returns where to go at its end.
    Fiber(int number, Fiber& (*body)());
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    // Continues this fiber and returns when something continues `leaving`, which runs now.
    // Inline, because returns behind a switch are what processors cannot predict.
    void continue_from(Fiber& leaving) {
        left = &leaving;
        start_switch(&leaving.fake_stack_, stack_, stack_bytes_);
        leaving.arrive(std::move(handle_).resume());
    }

private:
    void arrive(boost::context::fiber&& from) {
        left->handle_ = std::move(from);
        finish_switch(fake_stack_, &left->stack_, &left->stack_bytes_);
    }

    static inline Fiber* left = nullptr;  // what ran before this fiber

    boost::context::fiber handle_;
    // What AddressSanitizer wants to know of every switch.
    const void* stack_ = nullptr;
    std::size_t stack_bytes_ = 0;
    void* fake_stack_ = nullptr;
};

}  // namespace acim::emulation
