// SPDX-License-Identifier: Apache-2.0
// Memory that is kept for what comes next.
#include "cuda/engine/memory_pool.hpp"

#include "tests/cuda_emulation/emulation_fixture.hpp"

namespace acim {
namespace {

std::size_t allocated() { return emulation::counters(0).bytes; }

TEST(MemoryPool, ClassesWasteAQuarterAtMost) {
    std::size_t before = 0;
    for (std::size_t bytes = 1; bytes < (std::size_t{1} << 33); bytes += 1 + bytes / 7) {
        const std::size_t size = MemoryPool::size_class(bytes);
        EXPECT_GE(size, bytes);
        EXPECT_LT(size, bytes + std::max<std::size_t>(512, bytes / 4 + 1));
        EXPECT_EQ(MemoryPool::size_class(size), size) << bytes;
        EXPECT_GE(size, before);
        before = size;
    }
    EXPECT_EQ(MemoryPool::size_class(0), 0u);
}

TEST(MemoryPool, GivesWhatCameBack) {
    emulation::set_devices({{}});
    {
        MemoryPool pool;
        void* const first = pool.take(5000);
        void* const other = pool.take(5000);
        EXPECT_NE(first, other);
        const auto made = emulation::counters(0).allocations;
        pool.give(first, 5000);
        EXPECT_EQ(pool.kept(), MemoryPool::size_class(5000));
        EXPECT_EQ(pool.take(4999), first);  // of the same class
        EXPECT_EQ(pool.kept(), 0u);
        EXPECT_EQ(emulation::counters(0).allocations, made);
        pool.give(first, 4999);
        void* const larger = pool.take(50000);
        EXPECT_NE(larger, first);
        pool.give(larger, 50000);
        pool.give(other, 5000);
        pool.give(nullptr, 5000);
        EXPECT_EQ(allocated(), pool.kept());
        pool.trim();
        EXPECT_EQ(pool.kept(), 0u);
        EXPECT_EQ(allocated(), 0u);
        pool.give(pool.take(100), 100);
    }
    EXPECT_EQ(allocated(), 0u);
}

TEST(MemoryPool, GivesUpWhatItKeepsBeforeMemoryIsShort) {
    constexpr std::size_t mebibyte = std::size_t{1} << 20;
    emulation::set_devices({{.memory = 10 * mebibyte}});
    MemoryPool pool;
    pool.give(pool.take(4 * mebibyte), 4 * mebibyte);
    pool.give(pool.take(3 * mebibyte), 3 * mebibyte);
    EXPECT_EQ(pool.kept(), 7 * mebibyte);
    void* const large = pool.take(8 * mebibyte);
    EXPECT_EQ(pool.kept(), 0u);
    EXPECT_THROW(pool.take(8 * mebibyte), DeviceError);
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    pool.give(large, 8 * mebibyte);
}

// More than the pool is for goes straight back.
TEST(MemoryPool, KeepsALimitedAmount) {
    constexpr std::size_t mebibyte = std::size_t{1} << 20;
    emulation::set_devices({{.memory = 1024 * mebibyte}});
    MemoryPool pool;
    std::vector<void*> blocks;
    for (int i = 0; i < 6; ++i) blocks.push_back(pool.take(64 * mebibyte));
    for (void* block : blocks) pool.give(block, 64 * mebibyte);
    EXPECT_EQ(pool.kept(), 256 * mebibyte);
    EXPECT_EQ(allocated(), 256 * mebibyte);
}

TEST(MemoryPool, ServesArrays) {
    emulation::set_devices({{}});
    MemoryPool pool;
    const std::vector<int> values{1, 2, 3};
    const int* place = nullptr;
    {
        DeviceArray<int> array(std::span<const int>(values), &pool);
        EXPECT_EQ(downloaded(array), values);
        EXPECT_EQ(array.bytes(), 12u);
        EXPECT_EQ(array.footprint(), 512u);
        DeviceArray<int> moved(std::move(array));
        place = moved.data();
        array = DeviceArray<int>(5);  // not from the pool
        std::swap(array, moved);
    }
    EXPECT_EQ(pool.kept(), 512u);
    const DeviceArray<float> next(20, &pool);
    EXPECT_EQ(static_cast<const void*>(next.data()), place);
}

}  // namespace
}  // namespace acim
