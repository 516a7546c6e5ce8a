// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda_emulation/fiber.hpp"

#include <sys/mman.h>

#include <boost/context/preallocated.hpp>
#include <new>
#include <utility>

namespace acim::emulation {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t stack_size = (address_sanitizer ? 256 : 128) << 10;

// One reservation holds all stacks; memory is taken as they are touched.
std::byte* stack_of(int number) {
    static std::byte* const all = [] {
        void* memory = mmap(nullptr, Fiber::most * (page + stack_size), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        for (int i = 0; i < Fiber::most; ++i)
            mprotect(static_cast<std::byte*>(memory) + i * (page + stack_size), page, PROT_NONE);
        return static_cast<std::byte*>(memory);
    }();
    return all + static_cast<std::size_t>(number) * (page + stack_size) + page;
}

struct KeepStack {
    boost::context::stack_context allocate() { throw std::bad_alloc(); }
    void deallocate(boost::context::stack_context&) {}
};

}  // namespace

Fiber::Fiber(int number, Fiber& (*body)()) {
    std::byte* const bottom = stack_of(number);
    stack_ = bottom;
    // Tops at different places of a page, or all stacks would compete for the same cache lines.
    stack_bytes_ = stack_size - static_cast<std::size_t>(number % 16) * 256;
    boost::context::stack_context context;
    context.size = stack_bytes_;
    context.sp = bottom + stack_bytes_;
    handle_ = boost::context::fiber(std::allocator_arg,
                                    boost::context::preallocated(context.sp, context.size, context),
                                    KeepStack{}, [this, body](boost::context::fiber&& from) {
                                        arrive(std::move(from));
                                        Fiber& next = body();
                                        left = this;
                                        start_switch(nullptr, next.stack_, next.stack_bytes_);
                                        return std::move(next.handle_);
                                    });
}

}  // namespace acim::emulation
