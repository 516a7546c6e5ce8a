// SPDX-License-Identifier: Apache-2.0
#include "host/run/layer_geometry.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/core/error.hpp"

namespace acim {
namespace {

constexpr std::int64_t largest_step = 1 << 20;

std::string attribute_place(const hdf5::Reader& in, const std::string& name) {
    return fmt::format("{}: attribute '{}'", in.name(), name);
}

// One value, or as many as `counts` allows; absent: the fallback.
std::vector<int> read_ints(const hdf5::Reader& in, const std::string& name, std::int64_t low,
                           int fallback, const std::vector<std::size_t>& counts) {
    if (!in.has_attribute("/", name)) return {fallback};
    const auto values = in.attribute_values<std::int64_t>("/", name);
    if (std::ranges::find(counts, values.size()) == counts.end()) {
        throw InputError(fmt::format("{} has {} values, but takes {}.", attribute_place(in, name),
                                     values.size(), fmt::join(counts, " or ")));
    }
    std::vector<int> out;
    for (const std::int64_t v : values) {
        if (v < low || v > largest_step) {
            throw InputError(fmt::format("{} is {}, but must lie in {}..{}.",
                                         attribute_place(in, name), v, low, largest_step));
        }
        out.push_back(static_cast<int>(v));
    }
    return out;
}

std::pair<int, int> read_pair(const hdf5::Reader& in, const std::string& name) {
    const std::vector<int> v = read_ints(in, name, 1, 1, {1, 2});
    return {v.front(), v.back()};
}

void read_padding(const hdf5::Reader& in, ConvGeometry& c) {
    const std::vector<int> v = read_ints(in, "pad", 0, 0, {1, 2, 4});
    c.pad_top = v[0];
    c.pad_left = v.size() == 1 ? v[0] : v[1];
    c.pad_bottom = v.size() == 4 ? v[2] : c.pad_top;
    c.pad_right = v.size() == 4 ? v[3] : c.pad_left;
}

void check_groups(const ConvGeometry& c, const IntegerTensor& x, const IntegerTensor& w) {
    if (c.in_channels % c.groups != 0 || c.out_channels % c.groups != 0) {
        throw InputError(
            fmt::format("{}: attribute 'groups' is {}, but must divide the {} channels "
                        "of x and the {} outputs of w.",
                        x.file, c.groups, c.in_channels, c.out_channels));
    }
    if (w.dim(1) != c.in_channels / c.groups) {
        throw InputError(fmt::format(
            "{} has shape {}, but x has {} channels in {} group(s): the "
            "second axis of w must be {}.",
            w.place(), w.shape_text(), c.in_channels, c.groups, c.in_channels / c.groups));
    }
}

int output_size(const IntegerTensor& x, const char* axis, std::int64_t in, std::int64_t pads,
                std::int64_t kernel, int dilation, int stride) {
    const std::int64_t reach = (kernel - 1) * dilation + 1;
    if (in + pads < reach) {
        throw InputError(
            fmt::format("{} has a {} of {} and {} of padding, but the window of w spans "
                        "{}. Raise pad or lower dilation.",
                        x.place(), axis, in, pads, reach));
    }
    return static_cast<int>((in + pads - reach) / stride + 1);
}

}  // namespace

ConvGeometry read_conv_geometry(const hdf5::Reader& in, const IntegerTensor& x,
                                const IntegerTensor& w) {
    ConvGeometry c;
    std::tie(c.stride_height, c.stride_width) = read_pair(in, "stride");
    std::tie(c.dilation_height, c.dilation_width) = read_pair(in, "dilation");
    c.groups = read_ints(in, "groups", 1, 1, {1}).front();
    read_padding(in, c);
    c.in_channels = x.dim(1);
    c.in_height = x.dim(2);
    c.in_width = x.dim(3);
    c.out_channels = w.dim(0);
    c.kernel_height = w.dim(2);
    c.kernel_width = w.dim(3);
    check_groups(c, x, w);
    c.out_height = output_size(x, "height", c.in_height, c.pad_top + c.pad_bottom, c.kernel_height,
                               c.dilation_height, c.stride_height);
    c.out_width = output_size(x, "width", c.in_width, c.pad_left + c.pad_right, c.kernel_width,
                              c.dilation_width, c.stride_width);
    return c;
}

void refuse_conv_attributes(const hdf5::Reader& in, LayerOperation operation) {
    constexpr std::array<std::pair<const char*, int>, 4> defaults = {
        {{"stride", 1}, {"pad", 0}, {"dilation", 1}, {"groups", 1}}};
    for (const auto& [name, value] : defaults) {
        for (const int v : read_ints(in, name, 0, value, {1, 2, 4})) {
            if (v == value) continue;
            throw InputError(
                fmt::format("{} is {}, but {} has none. Remove it, or give x and w four "
                            "axes for a convolution.",
                            attribute_place(in, name), v, to_string(operation)));
        }
    }
}

void refuse_misspelt_attributes(const hdf5::Reader& in) {
    constexpr std::array<std::pair<const char*, const char*>, 8> known = {
        {{"strides", "stride"},
         {"padding", "pad"},
         {"pads", "pad"},
         {"dilations", "dilation"},
         {"group", "groups"},
         {"signed_activation", "signed_activations"},
         {"activations_signed", "signed_activations"},
         {"signed_inputs", "signed_activations"}}};
    for (const auto& [wrong, right] : known) {
        if (in.has_attribute("/", wrong)) {
            throw InputError(fmt::format("{} is unknown. Did you mean '{}'?",
                                         attribute_place(in, wrong), right));
        }
    }
}

bool read_signed_activations(const hdf5::Reader& in, bool fallback) {
    const std::string name = "signed_activations";
    if (!in.has_attribute("/", name)) return fallback;
    const auto value = in.attribute<std::int64_t>("/", name);
    if (value != 0 && value != 1) {
        throw InputError(
            fmt::format("{} is {}, but must be 0 or 1.", attribute_place(in, name), value));
    }
    return value == 1;
}

}  // namespace acim
