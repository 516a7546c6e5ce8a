// SPDX-License-Identifier: Apache-2.0
// The operators between products on a device: several slots at once give what cuda/trial gives for
// one image after the other.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "cuda/engine/digital_kernels.hpp"
#include "cuda/trial/digital_operators.hpp"
#include "tests/engine_cuda/device_values.hpp"
#include "tests/engine_cuda/slot_values.hpp"

namespace acim {
namespace {

using testing_device::bits;
using testing_device::from_device;
using testing_device::on_device;
using testing_device::random_values;

using Floats = std::vector<float>;

struct Slots {
    std::size_t count, elements;

    Values of(const Floats& all, std::size_t slot) const {
        return Values(all).subspan(slot * (all.size() / count), all.size() / count);
    }
    // run(slot, out) for every slot.
    template <class Run>
    Floats one_by_one(Run run) const {
        Floats out(count * elements);
        for (std::size_t s = 0; s < count; ++s)
            run(s, MutableValues(out).subspan(s * elements, elements));
        return out;
    }
    // launch(out, stream) for all at once.
    template <class Launch>
    Floats at_once(Launch launch) const {
        const Stream stream;
        const DeviceArray<float> out = on_device(Floats(count * elements, 77.0F));
        launch(out.data(), stream);
        return from_device(out, stream);
    }
};

TEST(DigitalKernels, ReluAndClip) {
    std::mt19937 draw(1);
    const Slots slots{3, 1001};
    const Floats in = random_values(draw, 3003);
    const DeviceArray<float> x = on_device(in);
    EXPECT_EQ(bits(slots.at_once([&](float* out, cudaStream_t stream) {
                  launch_relu(x.data(), out, 3003, stream);
              })),
              bits(slots.one_by_one(
                  [&](std::size_t s, MutableValues out) { run(Relu(), slots.of(in, s), out); })));
    Clip op;
    for (const auto& [low, high] : {std::pair{-1.5F, 6.0F}, std::pair{0.0F, 1e30F}}) {
        op.low = low;
        op.high = high;
        EXPECT_EQ(bits(slots.at_once([&](float* out, cudaStream_t stream) {
                      launch_clip(x.data(), out, 3003, op.low, op.high, stream);
                  })),
                  bits(slots.one_by_one(
                      [&](std::size_t s, MutableValues out) { run(op, slots.of(in, s), out); })));
    }
}

TEST(DigitalKernels, Add) {
    std::mt19937 draw(2);
    for (const std::size_t elements : {1u, 313u})
        for (const std::size_t b_elements : {std::size_t{1}, elements}) {
            const Slots slots{5, elements};
            const Floats a = random_values(draw, 5 * elements);
            const Floats b = random_values(draw, 5 * b_elements);
            const DeviceArray<float> da = on_device(a), db = on_device(b);
            EXPECT_EQ(bits(slots.at_once([&](float* out, cudaStream_t stream) {
                          launch_add(da.data(), db.data(), out, 5,
                                     static_cast<std::int64_t>(elements),
                                     static_cast<std::int64_t>(b_elements), stream);
                      })),
                      bits(slots.one_by_one([&](std::size_t s, MutableValues out) {
                          run(Add(), slots.of(a, s), slots.of(b, s), out);
                      })))
                << elements << " " << b_elements;
        }
}

TEST(DigitalKernels, Affine) {
    std::mt19937 draw(3);
    for (const int block : {1, 49}) {
        const int channels = 7;
        const Slots slots{4, static_cast<std::size_t>(channels * block)};
        const Floats in = random_values(draw, slots.count * slots.elements);
        Affine op;
        op.scale = random_values(draw, channels);
        op.shift = random_values(draw, channels);
        const DeviceArray<float> x = on_device(in), scale = on_device(op.scale),
                                 shift = on_device(op.shift);
        EXPECT_EQ(bits(slots.at_once([&](float* out, cudaStream_t stream) {
                      launch_affine(x.data(), scale.data(), shift.data(), out, 4, channels, block,
                                    stream);
                  })),
                  bits(slots.one_by_one(
                      [&](std::size_t s, MutableValues out) { run(op, slots.of(in, s), out); })));
    }
}

// Every window starts inside the map; the last ones may reach over its end.
PoolGeometry random_pool(std::mt19937& draw) {
    const auto one_of = [&](unsigned n) { return static_cast<int>(draw() % n); };
    PoolGeometry p;
    p.channels = 1 + one_of(4);
    const auto axis = [&](int& in, int& kernel, int& stride, int& pad, int& out) {
        kernel = 1 + one_of(4);
        stride = 1 + one_of(3);
        pad = one_of(static_cast<unsigned>(kernel));
        in = kernel + one_of(8);
        out = (in + 2 * pad - kernel) / stride + 1;
        if (out * stride - pad < in) ++out;
    };
    axis(p.in_height, p.kernel_height, p.stride_height, p.pad_top, p.out_height);
    axis(p.in_width, p.kernel_width, p.stride_width, p.pad_left, p.out_width);
    return p;
}

TEST(DigitalKernels, Pools) {
    std::mt19937 draw(4);
    for (int i = 0; i < 40; ++i) {
        AveragePool op;
        op.pool = random_pool(draw);
        op.count_include_pad = draw() % 2 != 0;
        op.fraction_bits = static_cast<int>(draw() % 25);
        const PoolGeometry& p = op.pool;
        const Slots slots{3, static_cast<std::size_t>(p.channels * p.out_height * p.out_width)};
        const Floats in = random_values(
            draw, static_cast<std::size_t>(3 * p.channels * p.in_height * p.in_width));
        const DeviceArray<float> x = on_device(in);
        EXPECT_EQ(bits(slots.at_once([&](float* out, cudaStream_t stream) {
                      launch_max_pool(p, x.data(), out, 3, stream);
                  })),
                  bits(slots.one_by_one([&](std::size_t s, MutableValues out) {
                      run(MaxPool{0, 0, p}, slots.of(in, s), out);
                  })))
            << i;
        EXPECT_EQ(bits(slots.at_once([&](float* out, cudaStream_t stream) {
                      launch_average_pool(op, x.data(), out, 3, stream);
                  })),
                  bits(slots.one_by_one(
                      [&](std::size_t s, MutableValues out) { run(op, slots.of(in, s), out); })))
            << i;
    }
}

}  // namespace
}  // namespace acim
