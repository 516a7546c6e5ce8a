// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/cuda_emulation/emulation.hpp"

namespace acim::emulation {

// A number below `bound` from the sequence that the schedule's seed begins.
std::uint64_t draw(std::uint64_t bound);

// Threads of a block that can run, next one first. Those that are woken together come before the
// others, so that a warp runs as far as it can; in a shuffled schedule sometimes behind them.
class ReadyQueue {
public:
    bool empty() const { return size_ == 0; }

    int pop() {
        const int thread = ring_[head_];
        head_ = (head_ + 1) % capacity;
        --size_;
        return thread;
    }

    // Collects the threads first + i for the bits i of `lanes`, in ascending order.
    void add(int first, std::uint32_t lanes) {
        for (; lanes != 0; lanes &= lanes - 1) woken_.push_back(first + std::countr_zero(lanes));
    }

    // Puts what was collected into the schedule's order.
    void order();

private:
    static constexpr std::size_t capacity = 1024;  // threads of a block

    void push_front(int thread) {
        head_ = (head_ + capacity - 1) % capacity;
        ring_[head_] = thread;
        ++size_;
    }
    void push_back(int thread) { ring_[(head_ + size_++) % capacity] = thread; }

    std::array<int, capacity> ring_{};
    std::size_t head_ = 0, size_ = 0;
    std::vector<int> woken_;
};

// The blocks of a grid in the schedule's order: for shuffled, steps of a random length that has no
// divisor in common with their number.
class BlockOrder {
public:
    explicit BlockOrder(std::uint64_t blocks);
    bool done() const { return left_ == 0; }
    std::uint64_t block() const { return block_; }
    void advance() {
        --left_;
        block_ = (block_ + step_) % blocks_;
    }

private:
    std::uint64_t blocks_, left_, block_ = 0, step_ = 1;
};

}  // namespace acim::emulation
