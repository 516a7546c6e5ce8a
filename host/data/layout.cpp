// SPDX-License-Identifier: Apache-2.0
#include "host/data/layout.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "host/core/error.hpp"

namespace acim {
namespace {

constexpr std::array<std::string_view, 4> names = {"NCHW", "NHWC", "NHW", "NT"};

std::string shape_text(const ItemArray& images) {
    return fmt::format("[{}]", fmt::join(images.dims(), ", "));
}

DataLayout only_layout(const ItemArray& images) {
    switch (images.dims().size()) {
        case 2:
            return DataLayout::nt;
        case 3:
            return DataLayout::nhw;
        case 4:
            throw InputError(fmt::format(
                "{}: images of shape {} may have their channels second or last. Give data.layout: "
                "NCHW (as PyTorch) or NHWC",
                images.name(), shape_text(images)));
        default:
            throw InputError(fmt::format(
                "{}: {} dimensions where images have 3 or 4 ([N,H,W], [N,C,H,W] or [N,H,W,C]) and "
                "sequences 2 ([N,T]). Is this the labels file?",
                images.name(), images.dims().size()));
    }
}

}  // namespace

std::string_view layout_name(DataLayout layout) { return names[static_cast<std::size_t>(layout)]; }

std::optional<DataLayout> layout_of_name(std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<DataLayout>(found - names.begin());
}

ImageLayout image_layout(const ItemArray& images, std::optional<DataLayout> wanted,
                         std::optional<DataLayout> stored) {
    if (wanted && stored && *wanted != *stored)
        throw InputError(
            fmt::format("{}: data.layout is {}, but the file's own layout is {}. Leave the key out",
                        images.name(), layout_name(*wanted), layout_name(*stored)));
    const DataLayout layout = wanted ? *wanted : (stored ? *stored : only_layout(images));
    const auto& d = images.dims();
    if (d.size() != layout_name(layout).size())
        throw InputError(fmt::format(
            "{}: layout {} has {} axes, but the images have the shape {}. "
            "Name the axes that are there",
            images.name(), layout_name(layout), layout_name(layout).size(), shape_text(images)));
    const auto axis = [&](std::size_t i) { return static_cast<int>(d[i]); };
    ImageLayout out;
    switch (layout) {
        case DataLayout::nchw:
            out.shape = {axis(1), axis(2), axis(3)};
            break;
        case DataLayout::nhwc:
            out.shape = {axis(3), axis(1), axis(2)};
            break;
        case DataLayout::nhw:
            out.shape = {1, axis(1), axis(2)};
            break;
        case DataLayout::nt:
            out.shape = {1, 1, axis(1)};
            break;
    }
    out.channels = out.shape[0];
    out.plane = static_cast<std::size_t>(out.shape[1]) * static_cast<std::size_t>(out.shape[2]);
    out.channels_last = layout == DataLayout::nhwc && out.channels > 1;
    return out;
}

}  // namespace acim
