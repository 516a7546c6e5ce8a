// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/cuda_emulation/runtime_api.hpp"

// What tests set and ask of the emulation. Everything here may be called between launches only.
namespace acim::emulation {

// Order in which threads of a block run from one rendezvous to the next, and blocks of a grid. What
// a kernel computes must not depend on it: where it does, a barrier is missing.
enum class Order {
    ascending,
    descending,
    shuffled  // also how far one warp runs ahead of the others
};

struct Schedule {
    Order order = Order::ascending;
    std::uint64_t seed = 0;  // of shuffled
};

// The first schedule is what ACIM_EMULATION_ORDER says: ascending (default), descending or
// shuffled:SEED.
void set_schedule(const Schedule& schedule);
Schedule schedule();
std::string name_of(const Schedule& schedule);

// Both orders and three shuffled ones: what a test of kernels should run under.
std::vector<Schedule> all_schedules();

// One emulated device.
struct DeviceModel {
    std::size_t memory = std::size_t{256} << 20;  // [byte]
    int major = 9, minor = 0;                     // compute capability
    int processors = 4;                           // streaming multiprocessors
};

// The machine from now on, at most 8 devices; faults and counters begin anew. Everything that was
// allocated must have been freed. One device of the default model is there at the start.
void set_devices(const std::vector<DeviceModel>& devices);

// Lets every call of the runtime API fail with this code, as without a driver; cudaSuccess ends it.
void set_driver_failure(cudaError_t code);

// Where a failing launch tells of it.
enum class Told {
    by_launch,
    by_next_wait  // the launch succeeds, then a synchronisation or a copy on the device fails
};

struct LaunchFault {
    int device = 0;
    std::uint64_t launch = 1;  // which one from now on, on this device
    cudaError_t code = cudaErrorLaunchFailure;
    Told told = Told::by_launch;
    bool sticky = false;  // every later call on this device fails too, until set_devices
};

// The kernel of that launch does not run. A device has one fault at a time.
void fail_launch(const LaunchFault& fault);

struct Counters {
    std::uint64_t launches = 0;     // that were asked for, failing ones too
    std::uint64_t blocks = 0;       // that ran
    std::uint64_t allocations = 0;  // that succeeded
    std::size_t bytes = 0;          // allocated now
    std::size_t most_bytes = 0;     // allocated at any time
};
Counters counters(int device);

// What is still allocated: bytes of every device and of pinned host memory, streams, events.
struct Leftovers {
    std::size_t device_bytes = 0, pinned_bytes = 0, streams = 0, events = 0;
    bool operator==(const Leftovers&) const = default;
};
Leftovers leftovers();

// Fills memory with what no kernel should ever read: NaN as float and as double, 2147020017 as int.
void poison(void* memory, std::size_t bytes);
inline constexpr std::uint32_t poison_word = 0x7ff8f0f1u;

}  // namespace acim::emulation
