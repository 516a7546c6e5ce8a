// SPDX-License-Identifier: Apache-2.0
// A block's threads are fibers that switch to each other where they wait. A thread that never waits
// leaves its stack to the next one, so kernels without barriers run like a plain loop.
#include "tests/cuda_emulation/block.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "tests/cuda_emulation/fiber.hpp"
#include "tests/cuda_emulation/sanitizer.hpp"
#include "tests/cuda_emulation/schedule.hpp"

uint3 threadIdx{}, blockIdx{};
dim3 blockDim, gridDim;

namespace acim {

constexpr std::size_t shared_guard_words = 256;  // behind the largest block
constexpr std::size_t shared_words = emulation::shared_capacity / 4 + shared_guard_words;
// What `extern __shared__ std::uint32_t acim_shared[]` of a kernel refers to.
extern std::uint32_t acim_shared[];
alignas(128) std::uint32_t acim_shared[shared_words];

namespace emulation {
namespace {

struct Thread {
    uint3 index{};
    Fiber* fiber = nullptr;       // none before it begins
    const Call* waits = nullptr;  // what it waits for, if it does
};

// Lanes of a warp that wait for the rest of their mask.
struct Meeting {
    const char* name;
    std::uint32_t mask, arrived;
    void* operands[32];
};

struct Warp {
    std::uint32_t alive = 0;
    std::vector<Meeting> meetings;
};

bool same(const char* a, const char* b) { return a == b || std::strcmp(a, b) == 0; }

class Block;
Block* running = nullptr;

class Block {
public:
    Block(const cudaLaunchConfig_t& config, const Body& body);
    ~Block();
    void run(uint3 index);

    void meet_warp(const Call& call, std::uint32_t mask, void* operand, Finish finish);
    void meet_block(const Call& call, void* operand, FinishBlock finish);
    std::uint64_t barriers() const { return barriers_; }

private:
    static Fiber& work();
    Fiber& next();
    void wait(const Call& call);
    void exit();
    void open_barrier();
    void wake_all();
    Meeting& meeting(Warp& warp, const Call& call, std::uint32_t mask, std::uint32_t bit);
    [[noreturn]] void report_deadlock();
    void check_shared() const;

    Body body_;
    std::size_t shared_words_;
    std::vector<Thread> threads_;
    std::vector<Warp> warps_;
    ReadyQueue ready_;
    int current_ = 0;  // thread
    int alive_ = 0;

    Call barrier_call_{};  // where the first thread waits for the block
    int at_barrier_ = 0;
    std::vector<void*> barrier_operands_;
    FinishBlock barrier_finish_ = nullptr;
    std::uint64_t barriers_ = 0;

    Fiber host_;
    std::vector<std::unique_ptr<Fiber>> fibers_;
    std::vector<Fiber*> idle_;
    bool stop_ = false;
};

Block::Block(const cudaLaunchConfig_t& config, const Body& body)
    : body_(body), shared_words_((config.dynamicSmemBytes + 3) / 4) {
    const dim3 size = config.blockDim;
    for (unsigned z = 0; z < size.z; ++z)
        for (unsigned y = 0; y < size.y; ++y)
            for (unsigned x = 0; x < size.x; ++x) threads_.push_back({{x, y, z}, nullptr, nullptr});
    warps_.resize((threads_.size() + 31) / 32);
    barrier_operands_.resize(threads_.size());
    blockDim = size;
    gridDim = config.gridDim;
    running = this;
    poison(acim_shared + shared_words_, 4 * shared_guard_words);
    forbid(acim_shared + shared_words_, sizeof acim_shared - 4 * shared_words_);
}

Block::~Block() {
    allow(acim_shared, sizeof acim_shared);
    stop_ = true;
    for (auto& fiber : fibers_) fiber->continue_from(host_);
    running = nullptr;
}

// Every thread that begins while all others wait or have ended gets another stack.
Fiber& Block::work() {
    Block& block = *running;
    for (;;) {
        Fiber& self = *block.threads_[block.current_].fiber;
        try {
            block.body_.run(block.body_.arguments);
        } catch (const std::exception& e) {
            fail({"a kernel", {"?", 0}}, std::string("it threw ") + e.what());
        }
        block.exit();
        block.idle_.push_back(&self);
        Fiber& next = block.next();
        if (&next != &self) next.continue_from(self);
        if (block.stop_) return block.host_;
    }
}

void Block::run(uint3 index) {
    blockIdx = index;
    poison(acim_shared, 4 * shared_words_);
    alive_ = static_cast<int>(threads_.size());
    for (std::size_t i = 0; i < threads_.size(); ++i) {
        threads_[i].fiber = nullptr;
        warps_[i / 32].alive |= 1u << i % 32;
    }
    wake_all();
    next().continue_from(host_);
    check_shared();
}

// Chooses who runs now. A thread that begins gets an idle stack, or else a new one.
Fiber& Block::next() {
    if (ready_.empty()) {
        if (alive_ > 0) report_deadlock();
        return host_;
    }
    current_ = ready_.pop();
    Thread& thread = threads_[current_];
    threadIdx = thread.index;
    if (thread.fiber == nullptr) {
        if (idle_.empty()) {
            fibers_.push_back(std::make_unique<Fiber>(static_cast<int>(fibers_.size()), work));
            idle_.push_back(fibers_.back().get());
        }
        thread.fiber = idle_.back();
        idle_.pop_back();
    }
    return *thread.fiber;
}

void Block::wait(const Call& call) {
    Thread& thread = threads_[current_];
    thread.waits = &call;
    Fiber& chosen = next();
    if (&chosen != thread.fiber) chosen.continue_from(*thread.fiber);
    thread.waits = nullptr;
}

// Exited threads do not count at barriers, but a collective that names one would never end.
void Block::exit() {
    const int warp = current_ / 32;
    const std::uint32_t bit = 1u << current_ % 32;
    for (const Meeting& meeting : warps_[warp].meetings)
        if ((meeting.mask & bit) != 0)
            fail({meeting.name, {"?", 0}}, "a thread of its mask exits, the others wait for it");
    warps_[warp].alive &= ~bit;
    --alive_;
    if (at_barrier_ == 0) return;
    if (barrier_finish_ != nullptr) fail(barrier_call_, "a thread of the block exits before it");
    if (at_barrier_ == alive_) open_barrier();
}

// The meeting that the running thread, `bit` of its warp, takes part in.
Meeting& Block::meeting(Warp& warp, const Call& call, std::uint32_t mask, std::uint32_t bit) {
    for (Meeting& other : warp.meetings) {
        if (other.mask == mask) {
            if (!same(other.name, call.name))
                fail(call, std::string("other lanes of its mask wait at ") + other.name);
            return other;
        }
        if ((other.mask & bit) != 0 && (other.arrived & mask) != 0)
            fail(call, std::string("lanes of its mask wait for it at ") + other.name +
                           " with another mask");
    }
    Meeting& fresh = warp.meetings.emplace_back();
    fresh.name = call.name;
    fresh.mask = mask;
    fresh.arrived = 0;
    return fresh;
}

void Block::meet_warp(const Call& call, std::uint32_t mask, void* operand, Finish finish) {
    Warp& warp = warps_[current_ / 32];
    const int first = current_ / 32 * 32, lane = current_ % 32;
    const std::uint32_t bit = 1u << lane;
    if ((mask & bit) == 0) fail(call, "the calling lane is not in the mask");
    if ((mask & ~warp.alive) != 0) fail(call, "a lane of the mask has exited or never was");
    Meeting& meeting = this->meeting(warp, call, mask, bit);
    meeting.arrived |= bit;
    meeting.operands[lane] = operand;
    if (meeting.arrived == mask) {
        if (finish != nullptr) finish(meeting.operands, mask);
        if (&meeting != &warp.meetings.back()) meeting = warp.meetings.back();
        warp.meetings.pop_back();
        ready_.add(first, mask);
        ready_.order();
    }
    wait(call);
}

void Block::meet_block(const Call& call, void* operand, FinishBlock finish) {
    if (at_barrier_ == 0) {
        barrier_call_ = call;
        barrier_finish_ = finish;
    } else if (call.place.line != barrier_call_.place.line ||
               !same(call.place.file, barrier_call_.place.file)) {
        fail(call, std::string("other threads of the block wait at ") + barrier_call_.name +
                       " of line " + std::to_string(barrier_call_.place.line));
    }
    barrier_operands_[current_] = operand;
    if (finish != nullptr && alive_ < static_cast<int>(threads_.size()))
        fail(call, "a thread of the block has exited");
    if (++at_barrier_ == alive_) open_barrier();
    wait(call);
}

void Block::open_barrier() {
    if (barrier_finish_ != nullptr)
        barrier_finish_(barrier_operands_.data(), static_cast<int>(threads_.size()));
    else
        ++barriers_;
    at_barrier_ = 0;
    wake_all();
}

void Block::wake_all() {
    for (std::size_t warp = 0; warp < warps_.size(); ++warp)
        ready_.add(static_cast<int>(warp) * 32, warps_[warp].alive);
    ready_.order();
}

void Block::report_deadlock() {
    std::string waiting;
    int named = 0;
    for (std::size_t i = 0; i < threads_.size() && named < 4; ++i) {
        const Call* call = threads_[i].waits;
        if (call == nullptr) continue;
        waiting += (named++ > 0 ? ", " : "") + std::string("thread ") + std::to_string(i) + " at " +
                   call->name + " of " + call->place.file + ":" + std::to_string(call->place.line);
    }
    fail({"a rendezvous", {"?", 0}},
         "all " + std::to_string(alive_) + " threads wait for others for ever: " + waiting);
}

void Block::check_shared() const {
    if (address_sanitizer) return;
    for (std::size_t i = shared_words_; i < shared_words_ + shared_guard_words; ++i)
        if (acim_shared[i] != poison_word)
            fail(
                {"acim_shared", {"?", 0}},
                "written behind the " + std::to_string(4 * shared_words_) + " bytes of the launch");
}

}  // namespace

void fail(const Call& call, const std::string& problem) {
    std::string where = "no kernel runs";
    if (running != nullptr) {
        auto text = [](auto v) {
            return "(" + std::to_string(v.x) + "," + std::to_string(v.y) + "," +
                   std::to_string(v.z) + ")";
        };
        where = "block " + text(blockIdx) + ", thread " + text(threadIdx);
    }
    std::fprintf(stderr, "CUDA emulation: %s:%d: %s: %s; %s\n", call.place.file, call.place.line,
                 call.name, problem.c_str(), where.c_str());
    std::abort();
}

void meet_warp(const Call& call, std::uint32_t mask, void* operand, Finish finish) {
    if (running == nullptr) fail(call, "called outside of a kernel");
    running->meet_warp(call, mask, operand, finish);
}

void meet_block(const Call& call, void* operand, FinishBlock finish) {
    if (running == nullptr) fail(call, "called outside of a kernel");
    running->meet_block(call, operand, finish);
}

std::uint64_t barriers_passed() { return running == nullptr ? 0 : running->barriers(); }

void run_grid(const cudaLaunchConfig_t& config, const Body& body) {
    Block block(config, body);
    const dim3 size = config.gridDim;
    const std::uint64_t plane = std::uint64_t{size.x} * size.y;
    for (BlockOrder order(plane * size.z); !order.done(); order.advance()) {
        const std::uint64_t i = order.block();
        block.run({static_cast<unsigned>(i % size.x), static_cast<unsigned>(i / size.x % size.y),
                   static_cast<unsigned>(i / plane)});
    }
}

}  // namespace emulation
}  // namespace acim
