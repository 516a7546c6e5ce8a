// SPDX-License-Identifier: Apache-2.0
#include "host/data/data_set.hpp"

#include <fmt/format.h>

#include <new>

#include "host/core/error.hpp"
#include "host/data/array_data_set.hpp"
#include "host/data/stored_set.hpp"

namespace acim {
namespace {

StoredSet open_stored(const DataSpec& spec) {
    switch (spec.format) {
        case DataFormat::idx:
            return open_idx(spec);
        case DataFormat::cifar10:
        case DataFormat::cifar100:
            return open_cifar(spec);
        case DataFormat::npy:
            return open_npy(spec);
        case DataFormat::npz:
            return open_npz(spec);
        case DataFormat::hdf5:
            return open_hdf5(spec);
    }
    throw ContractError("a data format without a reader");
}

// Keys that a format has no use for; silently ignored they would look obeyed.
void check_keys(const DataSpec& spec) {
    const bool cifar = spec.format == DataFormat::cifar10 || spec.format == DataFormat::cifar100;
    if (!has_labels_file(spec.format) && !spec.labels.empty())
        throw InputError(fmt::format(
            "data.labels: {} is given, but this format keeps labels and images together in {}. "
            "Leave the key out",
            spec.labels, spec.images));
    if (!cifar && !spec.more_images.empty())
        throw InputError(fmt::format(
            "data.images: {} files, but only cifar10 and cifar100 are split into several. Give one",
            spec.more_images.size() + 1));
}

}  // namespace

std::shared_ptr<const DataSet> open_data(const DataSpec& spec, const DataProgress& progress) {
    check_keys(spec);
    try {
        return std::make_shared<ArrayDataSet>(open_stored(spec), spec, progress);
    } catch (const std::bad_alloc&) {
        throw InputError(
            fmt::format("{}: needs more memory than there is. Store the data "
                        "uncompressed, or as HDF5 in smaller chunks",
                        spec.images));
    }
}

namespace {

void check_positions(const DataSet& source, int positions) {
    const auto shape = [&](int p) {
        return p == 1 ? fmt::format("[{}]", source.count())
                      : fmt::format("[{}, {}]", source.count(), p);
    };
    if (source.positions() != positions)
        throw InputError(fmt::format(
            "data.labels: shape {}, but the network predicts at {} position{} of an image, which "
            "needs {}. Check that data and network belong together",
            shape(source.positions()), positions, positions == 1 ? "" : "s", shape(positions)));
}

}  // namespace

void check_labels(const DataSet& source, int classes, int positions) {
    if (source.classes() != 0 && source.classes() != classes)
        throw InputError(
            fmt::format("data: {} classes, but the network has {}. Check that data and "
                        "network belong together",
                        source.classes(), classes));
    if (source.label(0) == -1)
        throw InputError("data.labels: missing. Give the labels of the evaluation images");
    check_positions(source, positions);
    const auto per_image = static_cast<std::uint32_t>(positions);
    for (std::uint32_t i = 0; i < source.count() * per_image; ++i) {
        const std::int32_t label = source.label(i);
        if (label >= 0 && label < classes) continue;
        throw InputError(
            fmt::format("data.labels: label {} of image {} is out of range (the network has {} "
                        "classes, 0..{}). Check that labels and network belong together",
                        label, i / per_image, classes, classes - 1));
    }
}

}  // namespace acim
