// SPDX-License-Identifier: Apache-2.0
#include "host/data/data_set.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/data/idx_file.hpp"

namespace acim {
namespace {

// Bytes in memory; preprocessing is a table of 256 float values per channel.
class ByteDataSet final : public DataSet {
public:
    ByteDataSet(std::vector<int> shape, std::vector<std::uint8_t> pixels,
                std::vector<std::uint8_t> labels, const DataSpec& spec)
        : shape_(std::move(shape)), pixels_(std::move(pixels)), labels_(std::move(labels)) {
        plane_ = static_cast<std::size_t>(shape_[1]) * static_cast<std::size_t>(shape_[2]);
        elements_ = plane_ * static_cast<std::size_t>(shape_[0]);
        for (int c = 0; c < shape_[0]; ++c) tables_.push_back(channel_table(spec, c));
        hash_ = make_hash();
    }

    std::uint32_t count() const override {
        return static_cast<std::uint32_t>(pixels_.size() / elements_);
    }
    std::vector<int> image_shape() const override { return shape_; }
    std::string content_hash() const override { return hash_; }

    void read(std::uint32_t first, std::uint32_t images, float* out) const override {
        ACIM_EXPECT(std::uint64_t{first} + images <= count());
        const std::uint8_t* in = pixels_.data() + first * elements_;
        for (std::uint32_t i = 0; i < images; ++i)
            for (const auto& table : tables_)
                for (std::size_t p = 0; p < plane_; ++p) *out++ = table[*in++];
    }

    std::int32_t label(std::uint32_t index) const override {
        ACIM_EXPECT(index < count());
        return labels_.empty() ? -1 : labels_[index];
    }

private:
    using Table = std::array<float, 256>;

    static float parameter(const std::vector<float>& values, int channel) {
        return values.size() == 1 ? values[0] : values[static_cast<std::size_t>(channel)];
    }

    static Table channel_table(const DataSpec& spec, int channel) {
        Table table;
        for (int p = 0; p < 256; ++p) {
            float x = static_cast<float>(p) * spec.scale;
            if (!spec.mean.empty()) x = x - parameter(spec.mean, channel);
            if (!spec.std.empty()) x = x / parameter(spec.std, channel);
            table[static_cast<std::size_t>(p)] = x;
        }
        return table;
    }

    // The tables hold all that preprocessing can do, so that [0.5] and [0.5, 0.5] are the same.
    std::string make_hash() const {
        Sha256 hash;
        hash.update("acimsweep data 1\n");
        for (int d : shape_) hash.update_value(static_cast<std::int32_t>(d));
        hash.update_value(static_cast<std::uint64_t>(pixels_.size()));
        hash.update(std::as_bytes(std::span(pixels_)));
        hash.update_value(static_cast<std::uint64_t>(labels_.size()));
        hash.update(std::as_bytes(std::span(labels_)));
        for (const Table& table : tables_) hash.update(std::as_bytes(std::span(table)));
        return hash.hex();
    }

    std::vector<int> shape_;
    std::vector<std::uint8_t> pixels_;
    std::vector<std::uint8_t> labels_;
    std::size_t plane_ = 0;
    std::size_t elements_ = 0;
    std::vector<Table> tables_;
    std::string hash_;
};

void check_preprocessing(const DataSpec& spec, int channels) {
    if (!std::isfinite(spec.scale) || spec.scale == 0.0F)
        throw InputError(fmt::format(
            "data.scale: must be a finite number other than 0 ({}). 1/255 is usual", spec.scale));
    const auto check = [&](const char* key, const std::vector<float>& values, bool positive) {
        const std::size_t size = values.size();
        if (size > 1 && size != static_cast<std::size_t>(channels))
            throw InputError(fmt::format(
                "data.{}: {} values for images of {} channels. Give one, or one per channel", key,
                size, channels));
        for (float v : values)
            if (!std::isfinite(v) || (positive && v <= 0.0F))
                throw InputError(fmt::format("data.{}: must be finite{} ({})", key,
                                             positive ? " and greater than 0" : "", v));
    };
    check("mean", spec.mean, false);
    check("std", spec.std, true);
}

std::vector<int> image_shape(const IdxFile& images, const std::string& path) {
    const auto& d = images.dims;
    if (d.size() != 3 && d.size() != 4)
        throw InputError(fmt::format(
            "{}: {} dimensions where images have 3 or 4 ([N,H,W] or [N,C,H,W]). Is this the labels "
            "file?",
            path, d.size()));
    for (std::uint32_t size : d)
        if (size > static_cast<std::uint32_t>(std::numeric_limits<int>::max()))
            throw InputError(fmt::format("{}: dimension {} is too large", path, size));
    std::vector<int> shape;
    if (d.size() == 3) shape.push_back(1);
    for (std::size_t i = 1; i < d.size(); ++i) shape.push_back(static_cast<int>(d[i]));
    return shape;
}

std::vector<std::uint8_t> read_labels(const DataSpec& spec, std::uint32_t images) {
    if (spec.labels.empty()) return {};
    IdxFile file = read_idx(spec.labels);
    if (file.dims.size() != 1)
        throw InputError(
            fmt::format("{}: {} dimensions where labels have 1. Is this the images file?",
                        spec.labels, file.dims.size()));
    if (file.dims[0] != images)
        throw InputError(
            fmt::format("{}: {} labels for the {} images of {}. Both files must belong together",
                        spec.labels, file.dims[0], images, spec.images));
    return std::move(file.values);
}

}  // namespace

std::shared_ptr<const DataSet> open_data(const DataSpec& spec) {
    IdxFile images = read_idx(spec.images);
    std::vector<int> shape = image_shape(images, spec.images);
    check_preprocessing(spec, shape[0]);
    std::vector<std::uint8_t> labels = read_labels(spec, images.dims[0]);
    return std::make_shared<ByteDataSet>(std::move(shape), std::move(images.values),
                                         std::move(labels), spec);
}

void check_labels(const ImageSource& source, int classes) {
    for (std::uint32_t i = 0; i < source.count(); ++i) {
        const std::int32_t label = source.label(i);
        if (label >= 0 && label < classes) continue;
        if (label == -1)
            throw InputError("data.labels: missing. Give the labels of the evaluation images");
        throw InputError(
            fmt::format("data.labels: label {} of image {} is out of range (the network has {} "
                        "classes, 0..{}). Check that labels and network belong together",
                        label, i, classes, classes - 1));
    }
}

}  // namespace acim
