// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cuda/trial/engine.hpp"

namespace acim {

// In the order of the words of `workload.data.format` and `workload.data.layout`.
enum class DataFormat { idx, cifar10, cifar100, npy, npz, hdf5 };

// What the axes of stored images mean: N images, C channels, H rows, W columns, T tokens.
enum class DataLayout { nchw, nhwc, nhw, nt };

// Labels stand in a file of their own.
inline bool has_labels_file(DataFormat format) {
    return format == DataFormat::idx || format == DataFormat::npy;
}

// What `workload.data` says. A pixel p of channel c becomes (float(p) * scale - mean[c]) / std[c]
// in float32, one IEEE operation after the other; without mean and std it is float(p) * scale.
struct DataSpec {
    DataFormat format = DataFormat::idx;
    std::string images;                    // path
    std::vector<std::string> more_images;  // further files of the same set (CIFAR's batches)
    std::string labels;  // path, idx and npy only; empty: no labels (calibration images)
    std::optional<DataLayout> layout;  // absent: the file says it, or its rank leaves one choice
    float scale = 1.0F;
    std::vector<float> mean;  // one per channel, one for all channels, or none
    std::vector<float> std;   // as mean; each > 0
};

// An image source that can name its content. Items are numbered by the positions of its own labels.
// Images of a sequence of T tokens are [1, 1, T].
class DataSet : public ImageSource {
public:
    // SHA-256 (hex) over shape, pixels, labels and preprocessing; paths, format, layout and
    // compression do not count. Bytes are hashed as they are, wider values as read() gives them.
    virtual std::string content_hash() const = 0;
    // The number of classes where the data say it, else 0.
    virtual int classes() const = 0;
    // Labels of an image: T where they are [N, T], else 1, also where there are none.
    virtual int positions() const = 0;
};

// Told while a data set is read once from end to end: bytes done, bytes in all.
using DataProgress =
    std::function<void(const std::string& file, std::uint64_t done, std::uint64_t total)>;

// Opens a data set and reads it once, for its hash and to find damage before any work is done.
// Compressed data are kept in memory (at most memory_limit bytes), all else is read again from disk
// by range when it is needed. Throws InputError, which names the file, for anything that is not
// exactly what the format promises. read() throws StorageError where the file has changed since.
std::shared_ptr<const DataSet> open_data(const DataSpec& spec, const DataProgress& progress = {});

// Throws InputError naming the first label outside 0..classes-1 and its place, or the number of
// classes or of positions where the data have another one.
void check_labels(const DataSet& source, int classes, int positions = 1);

}  // namespace acim
