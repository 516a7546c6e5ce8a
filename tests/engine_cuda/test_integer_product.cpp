// SPDX-License-Identifier: Apache-2.0
// Exact products of bytes, by the engine's own kernels and by the library in cuBLAS's place, against
// a triple loop.
#include "cuda/engine/integer_product.hpp"

#include <random>

#include "tests/engine_cuda/device_values.hpp"
#include "tests/engine_cuda/fault_work.hpp"

namespace acim {
namespace {

using ::testing::StartsWith;
using testing_device::from_device;
using testing_device::MachineTest;
using testing_device::on_device;

struct Sizes {
    int batches, rows, depth;
    std::int64_t columns;
};

// Depthwise convolution has few rows; others are padded to tiles of 32.
constexpr Sizes all_sizes[] = {
    {1, 1, 32, 64},    {3, 1, 32, 128}, {2, 3, 64, 64},    {1, 4, 96, 64},  {2, 12, 32, 64},
    {1, 15, 160, 192}, {1, 32, 32, 64}, {2, 64, 224, 192}, {3, 96, 32, 64}, {1, 160, 64, 320}};

struct Case {
    Sizes sizes;
    std::vector<std::int8_t> a, b;
    std::vector<std::int32_t> expected;

    Case(const Sizes& s, unsigned seed, bool extreme) : sizes(s) {
        std::mt19937 draw(seed);
        const auto byte = [&]() -> std::int8_t {
            if (extreme) return draw() % 2 == 0 ? -128 : 127;
            return static_cast<std::int8_t>(draw());
        };
        const auto depth = static_cast<std::size_t>(s.depth);
        a.resize(static_cast<std::size_t>(s.batches * s.rows) * depth);
        b.resize(static_cast<std::size_t>(s.batches * s.columns) * depth);
        for (auto& x : a) x = byte();
        for (auto& x : b) x = byte();
        for (int g = 0; g < s.batches; ++g)
            for (int m = 0; m < s.rows; ++m)
                for (std::int64_t n = 0; n < s.columns; ++n) {
                    const std::int8_t* x =
                        a.data() + static_cast<std::size_t>(g * s.rows + m) * depth;
                    const std::int8_t* y =
                        b.data() + static_cast<std::size_t>(g * s.columns + n) * depth;
                    std::int32_t sum = 0;
                    for (std::size_t k = 0; k < depth; ++k) sum += x[k] * y[k];
                    expected.push_back(sum);
                }
    }

    template <class Multiply>
    void expect_equal(Multiply multiply) const {
        const Stream stream;
        const auto left = on_device(a);
        const auto right = on_device(b);
        const DeviceArray<std::int32_t> out(expected.size());
        multiply(ByteProduct{left.data(), right.data(), out.data(), sizes.batches, sizes.rows,
                             sizes.depth, sizes.columns},
                 static_cast<cudaStream_t>(stream));
        EXPECT_EQ(from_device(out, stream), expected)
            << sizes.batches << " x " << sizes.rows << " x " << sizes.depth << " x "
            << sizes.columns;
    }
};

class IntegerProductTest : public MachineTest {};

std::uint64_t launches() { return emulation::counters(0).launches; }

TEST_F(IntegerProductTest, OwnKernels) {
    unsigned seed = 0;
    for (const Sizes& sizes : all_sizes)
        for (const bool extreme : {false, true})
            Case(sizes, seed++, extreme).expect_equal(launch_byte_product);
}

TEST_F(IntegerProductTest, Library) {
    ASSERT_THAT(integer_product_name(), StartsWith("cuBLAS "));
    IntegerProduct product(true);
    unsigned seed = 100;
    for (const Sizes& sizes : all_sizes) {
        const std::uint64_t before = launches();
        Case(sizes, seed++, sizes.rows == 64)
            .expect_equal([&](const ByteProduct& p, cudaStream_t s) { product.run(p, s); });
        // Sizes that are no multiple of 4 are the own kernel's.
        EXPECT_EQ(launches() - before, sizes.rows % 4 == 0 ? 0u : 1u) << sizes.rows;
    }
}

TEST_F(IntegerProductTest, LibraryThatIsNotAllowed) {
    IntegerProduct product(false);
    const std::uint64_t before = launches();
    Case({2, 32, 32, 64}, 7, false).expect_equal([&](const ByteProduct& p, cudaStream_t s) {
        product.run(p, s);
    });
    EXPECT_EQ(launches() - before, 1u);
}

TEST_F(IntegerProductTest, PaddingOfRows) {
    for (const int rows : {1, 7, 15}) EXPECT_EQ(padded_product_rows(rows), rows);
    EXPECT_EQ(padded_product_rows(16), 32);
    EXPECT_EQ(padded_product_rows(32), 32);
    EXPECT_EQ(padded_product_rows(33), 64);
}

// An engine with the library launches one kernel less a batch: that of its convolution with eight
// outputs; the linear layer has five.
TEST_F(IntegerProductTest, TheEngineGoesBothWays) {
    const testing_device::Work work =
        testing_device::work_of(testing_device::tiny_setup(8), {{0, 0, 0, 0, 8}});
    std::uint64_t counts[2];
    for (const bool allowed : {false, true}) {
        emulation::set_devices(testing_device::devices(1));
        CudaEngineOptions options;
        options.allow_cublas = allowed;
        testing_device::expect_whole(testing_device::run(*make_cuda_engine(options), work), work);
        counts[allowed ? 1 : 0] = launches();
    }
    EXPECT_EQ(counts[0], counts[1] + 1);
}

}  // namespace
}  // namespace acim
