// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda_emulation/machine.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <new>
#include <string>

#include "tests/cuda_emulation/meeting.hpp"
#include "tests/cuda_emulation/sanitizer.hpp"

namespace acim::emulation {
namespace {

constexpr std::size_t alignment = 256;  // of cudaMalloc
// AddressSanitizer guards the heap itself, and sees reads too.
constexpr std::size_t guard_bytes = address_sanitizer ? 0 : alignment;

[[noreturn]] void fail_memory(const char* call, const std::string& problem) {
    fail({call, {"host", 0}}, problem);
}

std::string text(const void* memory, std::size_t bytes) {
    char place[32];
    std::snprintf(place, sizeof place, "%p", memory);
    return std::to_string(bytes) + " bytes at " + place;
}

bool is_poison(const std::byte* memory) {
    for (std::size_t i = 0; i < guard_bytes; i += 4)
        if (std::memcmp(memory + i, &poison_word, 4) != 0) return false;
    return true;
}

void check_guards_of(std::uintptr_t start, const Allocation& allocation) {
    if (guard_bytes == 0) return;
    const auto* memory = reinterpret_cast<const std::byte*>(start);
    if (!is_poison(memory - guard_bytes))
        fail_memory("memory", "written before " + text(memory, allocation.bytes));
    if (!is_poison(memory + allocation.bytes))
        fail_memory("memory", "written behind " + text(memory, allocation.bytes));
}

}  // namespace

void poison(void* memory, std::size_t bytes) {
    auto* to = static_cast<std::byte*>(memory);
    for (; bytes >= 4; bytes -= 4, to += 4) std::memcpy(to, &poison_word, 4);
    std::memcpy(to, &poison_word, bytes);
}

Machine& machine() {
    static Machine only;
    return only;
}

void* Machine::allocate(std::size_t bytes, int device) {
    Counters* counters = device == pinned_host ? nullptr : &devices[device].counters;
    if (counters != nullptr && bytes > devices[device].model.memory - counters->bytes)
        return nullptr;
    auto* memory = static_cast<std::byte*>(
        ::operator new (bytes + 2 * guard_bytes, std::align_val_t{alignment}));
    poison(memory, guard_bytes);
    memory += guard_bytes;
    poison(memory, bytes);
    poison(memory + bytes, guard_bytes);
    allocations_[reinterpret_cast<std::uintptr_t>(memory)] = {bytes, device};
    if (counters != nullptr) {
        ++counters->allocations;
        counters->bytes += bytes;
        counters->most_bytes = std::max(counters->most_bytes, counters->bytes);
    }
    return memory;
}

void Machine::free(void* memory, bool pinned) {
    const char* call = pinned ? "cudaFreeHost" : "cudaFree";
    const auto found = allocations_.find(reinterpret_cast<std::uintptr_t>(memory));
    if (found == allocations_.end() || (found->second.device == pinned_host) != pinned)
        fail_memory(call, "nothing of its kind is allocated at this address");
    check_guards_of(found->first, found->second);
    if (!pinned) devices[found->second.device].counters.bytes -= found->second.bytes;
    allocations_.erase(found);
    ::operator delete (static_cast<std::byte*>(memory) - guard_bytes, std::align_val_t{alignment});
}

void Machine::check_range(const char* call, const void* memory, std::size_t bytes,
                          Side side) const {
    if (bytes == 0) return;
    const auto start = reinterpret_cast<std::uintptr_t>(memory);
    const auto after = allocations_.upper_bound(start);
    const Allocation* inside = nullptr;
    if (after != allocations_.begin()) {
        const auto& [first, allocation] = *std::prev(after);
        if (start < first + allocation.bytes) {
            inside = &allocation;
            if (bytes > first + allocation.bytes - start)
                fail_memory(call, text(memory, bytes) + " go beyond their allocation");
        }
    }
    if (inside == nullptr && after != allocations_.end() && after->first - start < bytes)
        fail_memory(call, text(memory, bytes) + " run into an allocation");
    const bool on_device = inside != nullptr && inside->device != pinned_host;
    if (side != Side::any && on_device != (side == Side::device))
        fail_memory(call, text(memory, bytes) + (on_device ? " are device memory, not the host's"
                                                           : " are not device memory"));
}

void Machine::check_guards() const {
    for (const auto& [start, allocation] : allocations_) check_guards_of(start, allocation);
}

std::size_t Machine::bytes_on(int device) const {
    std::size_t bytes = 0;
    for (const auto& [start, allocation] : allocations_)
        if (allocation.device == device) bytes += allocation.bytes;
    return bytes;
}

}  // namespace acim::emulation
