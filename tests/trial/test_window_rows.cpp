// SPDX-License-Identifier: Apache-2.0
// Windows of a convolution, against their definition value by value.
#include "cuda/trial/window_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace acim {
namespace {

std::int16_t value_at(const ConvGeometry& c, const std::vector<std::int16_t>& input, int channel,
                      long long y, long long x) {
    if (y < 0 || y >= c.in_height || x < 0 || x >= c.in_width) return 0;
    return input[static_cast<std::size_t>((channel * c.in_height + y) * c.in_width + x)];
}

std::vector<std::int16_t> windows(const ConvGeometry& c, int group,
                                  const std::vector<std::int16_t>& input) {
    const int channels = c.in_channels / c.groups;
    std::vector<std::int16_t> out;
    for (long long oy = 0; oy < c.out_height; ++oy)
        for (long long ox = 0; ox < c.out_width; ++ox)
            for (int ch = 0; ch < channels; ++ch)
                for (int ky = 0; ky < c.kernel_height; ++ky)
                    for (int kx = 0; kx < c.kernel_width; ++kx)
                        out.push_back(
                            value_at(c, input, group * channels + ch,
                                     oy * c.stride_height + ky * c.dilation_height - c.pad_top,
                                     ox * c.stride_width + kx * c.dilation_width - c.pad_left));
    return out;
}

int outputs_of(int input, int pads, int kernel, int dilation, int stride) {
    return (input + pads - dilation * (kernel - 1) - 1) / stride + 1;
}

void expect_equal(WindowRows& rows, const ConvGeometry& c, std::mt19937& random) {
    std::vector<std::int16_t> input(
        static_cast<std::size_t>(c.in_channels * c.in_height * c.in_width));
    for (auto& x : input) x = static_cast<std::int16_t>(random() % 1000 + 1);
    for (int group = 0; group < c.groups; ++group) {
        const auto found = rows.gather(c, group, input);
        EXPECT_TRUE(std::ranges::equal(found, windows(c, group, input)))
            << "kernel " << c.kernel_height << "x" << c.kernel_width << " dilation "
            << c.dilation_height << " " << c.dilation_width << " stride " << c.stride_height << " "
            << c.stride_width << " pads " << c.pad_top << " " << c.pad_left << " group " << group;
    }
}

TEST(WindowRows, AnyGeometry) {
    std::mt19937 random(4);
    const auto between = [&](int low, int high) {
        return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
    };
    WindowRows rows;  // used again and again, as an executor does
    for (int round = 0; round < 400; ++round) {
        ConvGeometry c;
        c.groups = between(1, 3);
        c.in_channels = c.groups * between(1, 4);
        c.kernel_height = between(1, 5);
        c.kernel_width = between(1, 7);
        c.dilation_height = between(1, 3);
        c.dilation_width = between(1, 2);
        c.stride_height = between(1, 3);
        c.stride_width = between(1, 4);
        c.pad_top = between(0, 4), c.pad_bottom = between(0, 4);
        c.pad_left = between(0, 9), c.pad_right = between(0, 9);
        c.in_height = between(1, 6) + c.dilation_height * (c.kernel_height - 1);
        c.in_width = between(1, 6) + c.dilation_width * (c.kernel_width - 1);
        c.out_height = outputs_of(c.in_height, c.pad_top + c.pad_bottom, c.kernel_height,
                                  c.dilation_height, c.stride_height);
        c.out_width = outputs_of(c.in_width, c.pad_left + c.pad_right, c.kernel_width,
                                 c.dilation_width, c.stride_width);
        expect_equal(rows, c, random);
    }
}

// Padding that strides skip takes no memory, however large it is.
TEST(WindowRows, HugePadding) {
    std::mt19937 random(4);
    WindowRows rows;
    for (const int pad : {60'000, 1 << 28}) {
        ConvGeometry c;
        c.in_channels = 64;
        c.in_height = c.in_width = 1;
        c.pad_top = c.pad_left = c.pad_bottom = c.pad_right = pad;
        c.stride_height = c.stride_width = pad;
        c.out_height = c.out_width = 3;
        EXPECT_LT(WindowRows::memory(c), 10'000u);
        expect_equal(rows, c, random);
    }
}

}  // namespace
}  // namespace acim
