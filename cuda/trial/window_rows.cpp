// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/window_rows.hpp"

#include <algorithm>
#include <cstring>

namespace acim {
namespace {

// Values that are copied at once, whether a line of the kernel has as many or fewer: what is too
// much is overwritten by the next line.
constexpr std::size_t at_once = 4;

std::size_t size_of(int n) { return static_cast<std::size_t>(n); }

std::size_t channels_of(const ConvGeometry& c) { return size_of(c.in_channels / c.groups); }

std::size_t plane_of(const ConvGeometry& c) { return size_of(c.in_height) * size_of(c.in_width); }

std::size_t depth_of(const ConvGeometry& c) {
    return channels_of(c) * size_of(c.kernel_height) * size_of(c.kernel_width);
}

std::size_t values_of(const ConvGeometry& c) {
    return size_of(c.out_height) * size_of(c.out_width) * depth_of(c);
}

// Sizes of one channel with its padding, as far as windows reach.
struct PaddedPlane {
    std::size_t height, width;

    explicit PaddedPlane(const ConvGeometry& c)
        : height(extent(c.out_height, c.stride_height, c.kernel_height, c.dilation_height,
                        c.pad_top, c.in_height)),
          width(extent(c.out_width, c.stride_width, c.kernel_width, c.dilation_width, c.pad_left,
                       c.in_width)) {}
    std::size_t size() const { return height * width; }

    // Padding may be large out of all proportion, and strides may skip it.
    bool is_worth_it(const ConvGeometry& c) const {
        const double values = static_cast<double>(channels_of(c)) * static_cast<double>(height) *
                              static_cast<double>(width);
        const double input = static_cast<double>(channels_of(c)) * static_cast<double>(plane_of(c));
        return values <= 4.0 * (input + static_cast<double>(values_of(c)));
    }

private:
    static std::size_t extent(int outputs, int stride, int kernel, int dilation, int pad,
                              int input) {
        const std::int64_t reached =
            std::int64_t{outputs - 1} * stride + std::int64_t{kernel - 1} * dilation + 1;
        return static_cast<std::size_t>(std::max(reached, std::int64_t{pad} + input));
    }
};

void copy_line(const ConvGeometry& c, const std::int16_t* from, std::int16_t* to) {
    const std::size_t width = size_of(c.kernel_width);
    if (c.dilation_width == 1 && width <= at_once) {
        std::memcpy(to, from, at_once * sizeof *to);
        return;
    }
    for (std::size_t x = 0; x < width; ++x) to[x] = from[x * size_of(c.dilation_width)];
}

}  // namespace

std::span<const std::int16_t> WindowRows::gather(const ConvGeometry& c, int group,
                                                 std::span<const std::int16_t> input) {
    const std::size_t own = channels_of(c) * plane_of(c);
    const auto of_group = input.subspan(size_of(group) * own, own);
    rows_.resize(values_of(c) + at_once);
    if (PaddedPlane(c).is_worth_it(c))
        copy_windows(c, of_group);
    else
        copy_values(c, of_group);
    return {rows_.data(), values_of(c)};
}

// Line by line from a copy with padding.
void WindowRows::copy_windows(const ConvGeometry& c, std::span<const std::int16_t> input) {
    const PaddedPlane plane(c);
    padded_.assign(channels_of(c) * plane.size() + at_once, 0);
    lines_.clear();
    for (std::size_t ch = 0; ch < channels_of(c); ++ch) {
        for (std::size_t y = 0; y < size_of(c.in_height); ++y)
            std::copy_n(input.data() + ch * plane_of(c) + y * size_of(c.in_width),
                        size_of(c.in_width),
                        padded_.data() + ch * plane.size() +
                            (y + size_of(c.pad_top)) * plane.width + size_of(c.pad_left));
        for (int y = 0; y < c.kernel_height; ++y)
            lines_.push_back(ch * plane.size() +
                             size_of(y) * size_of(c.dilation_height) * plane.width);
    }
    std::int16_t* row = rows_.data();
    for (int y = 0; y < c.out_height; ++y) {
        for (int x = 0; x < c.out_width; ++x) {
            const std::int16_t* corner = padded_.data() +
                                         size_of(y) * size_of(c.stride_height) * plane.width +
                                         size_of(x) * size_of(c.stride_width);
            for (const std::size_t line : lines_) {
                copy_line(c, corner + line, row);
                row += c.kernel_width;
            }
        }
    }
}

// Value by value, where padding is most of what windows see.
void WindowRows::copy_values(const ConvGeometry& c, std::span<const std::int16_t> input) {
    std::int16_t* row = rows_.data();
    for (std::int64_t p = 0; p < std::int64_t{c.out_height} * c.out_width; ++p) {
        const std::int64_t top = p / c.out_width * c.stride_height - c.pad_top;
        const std::int64_t left = p % c.out_width * c.stride_width - c.pad_left;
        for (std::size_t ch = 0; ch < channels_of(c); ++ch) {
            const std::int16_t* plane = input.data() + ch * plane_of(c);
            for (int kh = 0; kh < c.kernel_height; ++kh) {
                const std::int64_t y = top + std::int64_t{kh} * c.dilation_height;
                const bool inside = y >= 0 && y < c.in_height;
                for (int kw = 0; kw < c.kernel_width; ++kw) {
                    const std::int64_t x = left + std::int64_t{kw} * c.dilation_width;
                    *row++ = inside && x >= 0 && x < c.in_width ? plane[y * c.in_width + x]
                                                                : std::int16_t{0};
                }
            }
        }
    }
}

std::uint64_t WindowRows::memory(const ConvGeometry& c) {
    const PaddedPlane plane(c);
    std::uint64_t bytes = values_of(c) * sizeof(std::int16_t);
    if (plane.is_worth_it(c))
        bytes += channels_of(c) * (plane.size() * sizeof(std::int16_t) +
                                   size_of(c.kernel_height) * sizeof(std::size_t));
    return bytes;
}

}  // namespace acim
