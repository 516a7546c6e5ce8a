// SPDX-License-Identifier: Apache-2.0
// The binary version of CIFAR-10 and CIFAR-100 (Krizhevsky, "Learning multiple layers of features
// from tiny images", 2009): records of one label, or a coarse and a fine one, and 3 x 32 x 32 bytes.
#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/data/file_array.hpp"
#include "host/data/read_file.hpp"
#include "host/data/stored_set.hpp"

namespace acim {
namespace {

struct RecordFormat {
    const char* name;
    std::uint64_t label_bytes;  // the last of them is the label
    int classes;
};

constexpr std::uint64_t pixels = std::uint64_t{3} * 32 * 32;

// The number of records of a file that holds nothing else.
std::uint64_t records(const ReadFile& file, const RecordFormat& format) {
    const std::uint64_t record = format.label_bytes + pixels;
    if (file.size() == 0 || file.size() % record != 0)
        throw InputError(fmt::format(
            "{}: {} bytes are no whole number of {} records ({} bytes each). Give the unpacked "
            "binary version (.bin), and the format that it has",
            file.path(), file.size(), format.name, record));
    return file.size() / record;
}

}  // namespace

StoredSet open_cifar(const DataSpec& spec) {
    const RecordFormat format = spec.format == DataFormat::cifar10
                                    ? RecordFormat{"cifar10", 1, 10}
                                    : RecordFormat{"cifar100", 2, 100};
    std::vector<std::string> paths = {spec.images};
    paths.insert(paths.end(), spec.more_images.begin(), spec.more_images.end());
    std::vector<std::shared_ptr<const ItemArray>> images, labels;
    for (const std::string& path : paths) {
        auto file = std::make_shared<const ReadFile>(path, "a CIFAR batch");
        const std::uint64_t count = records(*file, format);
        const std::uint64_t record = format.label_bytes + pixels;
        images.push_back(std::make_shared<FileArray>(file, ValueType::u1,
                                                     std::vector<std::uint64_t>{count, 3, 32, 32},
                                                     FilePlace{format.label_bytes, record}));
        labels.push_back(std::make_shared<FileArray>(file, ValueType::u1,
                                                     std::vector<std::uint64_t>{count},
                                                     FilePlace{format.label_bytes - 1, record}));
    }
    StoredSet set;
    set.images = std::make_shared<JoinedArray>(std::move(images));
    set.labels = std::make_shared<JoinedArray>(std::move(labels));
    set.layout = DataLayout::nchw;
    set.classes = format.classes;
    return set;
}

}  // namespace acim
