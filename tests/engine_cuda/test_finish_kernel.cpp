// SPDX-License-Identifier: Apache-2.0
// Scaling and layer sums on a device, against add_output() and dequantise() one output at a time;
// 128-bit sums in limbs, against WideSum.
#include "cuda/engine/finish_kernel.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "cuda/engine/product_kernel.hpp"
#include "cuda/model/digital/quantise.hpp"
#include "cuda/trial/metrics.hpp"
#include "tests/engine_cuda/device_values.hpp"

namespace acim {
namespace {

using testing_device::from_device;
using testing_device::on_device;

__extension__ using Wide = __int128;

WideSum wide_sum(Wide value) {
    return {static_cast<std::uint64_t>(value), static_cast<std::int64_t>(value >> 64)};
}

// Of any size up to 2^bits, every size as likely.
Wide random_wide(std::mt19937_64& draw, int bits) {
    __extension__ using Unsigned = unsigned __int128;
    const Unsigned word = static_cast<Unsigned>(draw()) << 64 | draw();
    const auto value = static_cast<Wide>(
        word >> (128 - static_cast<int>(draw() % static_cast<unsigned>(bits) + 1)));
    return draw() % 2 == 0 ? value : -value;
}

// As blocks of the kernel add up what their threads have: limb by limb.
void add_limbs(unsigned long long (&limb)[LimbSums::limbs], Wide value) {
    for (int k = 0; k < LimbSums::limbs; ++k) {
        const auto part = static_cast<unsigned long long>(value >> (32 * k));
        limb[k] += k + 1 < LimbSums::limbs ? part & 0xFFFFFFFFu : part;
    }
}

TEST(LimbSums, AddsAsWideSum) {
    std::mt19937_64 draw(1);
    for (int round = 0; round < 200; ++round) {
        LimbSums limbs{};
        WideSum expected[LimbSums::sums];
        const int n = 1 + static_cast<int>(draw() % 1000);
        for (int i = 0; i < n; ++i)
            for (int k = 0; k < LimbSums::sums; ++k) {
                const Wide value = random_wide(draw, 127 - 10);
                add_limbs(limbs.limb[k], value);
                expected[k].add(wide_sum(value));
            }
        const LayerSums sums = limbs.sums_of();
        EXPECT_EQ(sums.y, expected[0]);
        EXPECT_EQ(sums.e, expected[1]);
        EXPECT_EQ(sums.ee, expected[2]);
        EXPECT_EQ(sums.yy, expected[3]);
        EXPECT_EQ(sums.ye, expected[4]);
    }
}

TEST(LimbSums, Edges) {
    const Wide top = static_cast<Wide>(std::numeric_limits<std::int64_t>::max());
    for (const Wide value : {Wide{0}, Wide{-1}, Wide{1}, Wide{-1} << 32, Wide{1} << 63,
                             -(Wide{1} << 64), (top << 64) + top, -(top << 64) - top}) {
        LimbSums limbs{};
        add_limbs(limbs.limb[4], value);
        EXPECT_EQ(limbs.sums_of().ye, wide_sum(value));
        EXPECT_EQ(limbs.sums_of().y, WideSum{});
    }
}

// A layer's integers, drawn at random with all that is extreme among them.
struct Layer {
    int outputs, pixels, conv_groups, product_rows;
    bool high;
    std::vector<std::uint32_t> segments;  // slots of each
    std::uint32_t slots = 0;
    std::int64_t stride = 0;
    std::mt19937_64 draw;
    std::vector<std::int64_t> analog, digital, offset_product;
    std::vector<std::int32_t> low, upper, input_sums;
    std::vector<float> weight_scale, bias;
    std::vector<FinishWork> works;
    float input_scale = 0.013F;

    Layer(int m, int p, int g, bool two_bytes, std::vector<std::uint32_t> s, unsigned seed)
        : outputs(m),
          pixels(p),
          conv_groups(g),
          product_rows(padded_product_rows(m)),
          high(two_bytes),
          segments(std::move(s)),
          draw(seed) {
        for (const std::uint32_t n : segments) slots += n;
        stride = (std::int64_t{slots} * pixels + 63) / 64 * 64;
        const auto lines = static_cast<std::size_t>(conv_groups * stride);
        analog = integers(lines * static_cast<std::size_t>(outputs), 63);
        digital = integers(analog.size(), 40);
        input_sums = narrow(lines);
        low = narrow(lines * static_cast<std::size_t>(product_rows));
        upper = narrow(low.size());
        for (int c = 0; c < conv_groups * outputs; ++c) {
            offset_product.push_back(integers(1, 30)[0]);
            weight_scale.push_back(0.01F * static_cast<float>(c + 1));
            bias.push_back(static_cast<float>(c) - 1.5F);
        }
        add_works();
    }

    std::vector<std::int64_t> integers(std::size_t n, int bits) {
        std::vector<std::int64_t> out(n);
        for (auto& x : out) x = static_cast<std::int64_t>(random_wide(draw, bits));
        return out;
    }
    std::vector<std::int32_t> narrow(std::size_t n) {
        using Limits = std::numeric_limits<std::int32_t>;
        std::vector<std::int32_t> out(n);
        for (auto& x : out)
            x = draw() % 20 == 0 ? (draw() % 2 == 0 ? Limits::max() : Limits::min())
                                 : static_cast<std::int32_t>(random_wide(draw, 31));
        return out;
    }

    // Every kind of reading: exact, codes, codes and counts, an offset and inputs' correction, errors
    // of codes.
    void add_works() {
        std::uint32_t first = 0;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            FinishWork work;
            work.converted = i % 5 == 0 ? 0 : 1;
            work.digital = i % 5 == 2 ? 1 : 0;
            if (i % 5 == 3) work.input_correction = -128;
            work.errors_only = i % 5 == 4 ? 1 : 0;
            work.scale = {15.0, 7.0, i % 2 == 0 ? 0.25 : -1e9, i % 5 == 2 ? 0.5 : 1.0};
            if (work.errors_only != 0) work.scale.set_product_digital();
            work.segment.first_slot = first;
            work.segment.slots = segments[i];
            first += segments[i];
            works.push_back(work);
        }
    }

    std::int64_t exact(int channel, std::int64_t pixel) const {
        const int group = channel / outputs, m = channel % outputs;
        const auto at =
            static_cast<std::size_t>((std::int64_t{group} * product_rows + m) * stride + pixel);
        return low[at] + (high ? std::int64_t{upper[at]} * 128 : 0) +
               offset_product[static_cast<std::size_t>(channel)];
    }
    double value(const FinishWork& work, int channel, std::int64_t pixel) const {
        if (work.converted == 0) return static_cast<double>(exact(channel, pixel));
        const auto at = static_cast<std::size_t>(channel * stride + pixel);
        if (work.errors_only != 0)
            return output_value(work.scale, analog[at], exact(channel, pixel));
        const std::int64_t x =
            input_sums[static_cast<std::size_t>(channel / outputs * stride + pixel)];
        return output_value(work.scale, analog[at],
                            (work.digital != 0 ? digital[at] : 0) + work.input_correction * x);
    }
    std::size_t elements() const {
        return static_cast<std::size_t>(conv_groups * outputs * pixels);
    }

    void expect_equal(bool with_sums);
};

void Layer::expect_equal(bool with_sums) {
    std::vector<float> expected(slots * elements());
    std::vector<LayerSums> expected_sums(segments.size());
    for (std::size_t i = 0; i < works.size(); ++i)
        for (std::uint32_t s = 0; s < segments[i]; ++s)
            for (int c = 0; c < conv_groups * outputs; ++c)
                for (int p = 0; p < pixels; ++p) {
                    const std::uint32_t slot = works[i].segment.first_slot + s;
                    const std::int64_t pixel = std::int64_t{slot} * pixels + p;
                    const double y = value(works[i], c, pixel);
                    // A convolution's map: [channel][pixel].
                    expected[slot * elements() + static_cast<std::size_t>(c * pixels + p)] =
                        digital::dequantise(
                            y,
                            digital::product_scale(weight_scale[static_cast<std::size_t>(c)],
                                                   input_scale),
                            bias[static_cast<std::size_t>(c)]);
                    add_output(expected_sums[i], exact(c, pixel), y);
                }

    const Stream stream;
    const auto a = on_device(analog), d = on_device(digital), offsets = on_device(offset_product);
    const auto l = on_device(low), h = on_device(upper), x = on_device(input_sums);
    const auto w = on_device(weight_scale), b = on_device(bias);
    const DeviceArray<float> out(expected.size());
    const auto sums = on_device(std::vector<LimbSums>(segments.size()));
    std::vector<FinishWork> with_places = works;
    for (std::size_t i = 0; i < works.size() && with_sums; ++i)
        with_places[i].sums = sums.data() + i;
    const auto device_works = on_device(with_places);
    FinishLayer f;
    f.sums = {a.data(), d.data(), stride};
    f.low = l.data();
    f.high = high ? h.data() : nullptr;
    f.input_sums = x.data();
    f.offset_product = offsets.data();
    f.weight_scale = w.data();
    f.bias = b.data();
    f.input_scale = input_scale;
    f.out = out.data();
    f.elements = static_cast<std::int64_t>(elements());
    f.product_rows = product_rows;
    f.outputs = outputs;
    f.pixels = pixels;
    f.conv_groups = conv_groups;
    f.group_first = std::int64_t{outputs} * pixels;
    f.output_stride = pixels;
    f.pixel_stride = 1;
    launch_finish(f, device_works.data(), static_cast<std::uint32_t>(works.size()),
                  *std::max_element(segments.begin(), segments.end()), stream);
    EXPECT_EQ(from_device(out, stream), expected);
    const std::vector<LimbSums> got = from_device(sums, stream);
    for (std::size_t i = 0; i < works.size(); ++i) {
        LayerSums own = with_sums ? expected_sums[i] : LayerSums{};
        own.outputs = own.conversions = 0;  // of these the host knows
        EXPECT_EQ(got[i].sums_of(), own) << "segment " << i;
    }
}

TEST(FinishKernel, ExtremeValuesOfEveryKind) {
    unsigned seed = 1;
    for (const bool two_bytes : {false, true}) {
        Layer(3, 5, 2, two_bytes, {1, 4, 3, 7, 2}, seed++).expect_equal(true);
        Layer(17, 9, 1, two_bytes, {5, 6, 11, 8, 7}, seed++).expect_equal(true);
        Layer(1, 1, 6, two_bytes, {1, 0, 2, 3, 2}, seed++).expect_equal(true);
        // More outputs than a block takes in one go.
        Layer(40, 49, 1, two_bytes, {3, 3}, seed++).expect_equal(true);
    }
}

TEST(FinishKernel, DigitalLayersHaveNoSums) {
    Layer(3, 5, 2, false, {1, 4, 3}, 9).expect_equal(false);
}

}  // namespace
}  // namespace acim
