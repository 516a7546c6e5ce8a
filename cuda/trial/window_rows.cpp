// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/window_rows.hpp"

#include <algorithm>
#include <cstring>

namespace acim {
namespace {

// Values that are copied at once, whether a line of the kernel has as many or fewer: what is too
// much is overwritten by the next line.
constexpr std::size_t at_once = 4;

// Sizes of the input with its padding, as far as windows reach.
struct PaddedPlane {
    std::size_t height, width;

    explicit PaddedPlane(const ConvGeometry& c)
        : height(extent(c.out_height, c.stride_height, c.kernel_height, c.dilation_height,
                        c.pad_top + c.in_height)),
          width(extent(c.out_width, c.stride_width, c.kernel_width, c.dilation_width,
                       c.pad_left + c.in_width)) {}
    std::size_t size() const { return height * width; }

private:
    static std::size_t extent(int outputs, int stride, int kernel, int dilation, int input) {
        const std::int64_t reached =
            std::int64_t{outputs - 1} * stride + std::int64_t{kernel - 1} * dilation + 1;
        return static_cast<std::size_t>(std::max<std::int64_t>(reached, input));
    }
};

std::size_t channels_of(const ConvGeometry& c) {
    return static_cast<std::size_t>(c.in_channels / c.groups);
}

void pad(const ConvGeometry& c, const PaddedPlane& plane, std::span<const std::int16_t> input,
         std::vector<std::int16_t>& padded) {
    const std::size_t height = static_cast<std::size_t>(c.in_height);
    const std::size_t width = static_cast<std::size_t>(c.in_width);
    padded.assign(channels_of(c) * plane.size() + at_once, 0);
    for (std::size_t ch = 0; ch < channels_of(c); ++ch)
        for (std::size_t y = 0; y < height; ++y)
            std::copy_n(input.data() + (ch * height + y) * width, width,
                        padded.data() + ch * plane.size() +
                            (y + static_cast<std::size_t>(c.pad_top)) * plane.width +
                            static_cast<std::size_t>(c.pad_left));
}

void copy_line(const ConvGeometry& c, const std::int16_t* from, std::int16_t* to) {
    const auto width = static_cast<std::size_t>(c.kernel_width);
    if (c.dilation_width == 1 && width <= at_once) {
        std::memcpy(to, from, at_once * sizeof *to);
        return;
    }
    for (std::size_t x = 0; x < width; ++x)
        to[x] = from[x * static_cast<std::size_t>(c.dilation_width)];
}

}  // namespace

std::span<const std::int16_t> WindowRows::gather(const ConvGeometry& c, int group,
                                                 std::span<const std::int16_t> input) {
    const PaddedPlane plane(c);
    const std::size_t own = channels_of(c) * static_cast<std::size_t>(c.in_height) *
                            static_cast<std::size_t>(c.in_width);
    pad(c, plane, input.subspan(static_cast<std::size_t>(group) * own, own), padded_);
    lines_.clear();
    for (std::size_t ch = 0; ch < channels_of(c); ++ch)
        for (int y = 0; y < c.kernel_height; ++y)
            lines_.push_back(ch * plane.size() + static_cast<std::size_t>(y) *
                                                     static_cast<std::size_t>(c.dilation_height) *
                                                     plane.width);
    const auto width = static_cast<std::size_t>(c.kernel_width);
    const std::size_t pixels =
        static_cast<std::size_t>(c.out_height) * static_cast<std::size_t>(c.out_width);
    const std::size_t size = pixels * lines_.size() * width;
    rows_.resize(size + at_once);
    std::int16_t* row = rows_.data();
    for (int y = 0; y < c.out_height; ++y) {
        for (int x = 0; x < c.out_width; ++x) {
            const std::int16_t* corner =
                padded_.data() +
                static_cast<std::size_t>(y) * static_cast<std::size_t>(c.stride_height) *
                    plane.width +
                static_cast<std::size_t>(x) * static_cast<std::size_t>(c.stride_width);
            for (const std::size_t line : lines_) {
                copy_line(c, corner + line, row);
                row += width;
            }
        }
    }
    return {rows_.data(), size};
}

std::uint64_t WindowRows::memory(const ConvGeometry& c) {
    const std::uint64_t lines = channels_of(c) * static_cast<std::uint64_t>(c.kernel_height);
    const std::uint64_t pixels =
        static_cast<std::uint64_t>(c.out_height) * static_cast<std::uint64_t>(c.out_width);
    return (channels_of(c) * PaddedPlane(c).size() +
            pixels * lines * static_cast<std::uint64_t>(c.kernel_width) + 2 * at_once) *
               sizeof(std::int16_t) +
           lines * sizeof(std::size_t);
}

}  // namespace acim
