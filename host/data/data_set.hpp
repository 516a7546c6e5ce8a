// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cuda/trial/engine.hpp"

namespace acim {

enum class DataFormat { idx };

// What `workload.data` says. A pixel p of channel c becomes (float(p) * scale - mean[c]) / std[c]
// in float32, one IEEE operation after the other; without mean and std it is float(p) * scale.
struct DataSpec {
    DataFormat format = DataFormat::idx;
    std::string images;  // path
    std::string labels;  // path; empty: no labels (calibration images), label() is then -1
    float scale = 1.0F;
    std::vector<float> mean;  // one per channel, one for all channels, or none
    std::vector<float> std;   // as mean; each > 0
};

// An image source that can name its content.
class DataSet : public ImageSource {
public:
    // SHA-256 (hex) over shape, pixels, labels and preprocessing; paths and compression do not
    // count.
    virtual std::string content_hash() const = 0;
};

// Reads a data set into memory. Throws InputError, which names the file, for anything that is not
// exactly what the format promises.
std::shared_ptr<const DataSet> open_data(const DataSpec& spec);

// Throws InputError naming the first label outside 0..classes-1 and its index.
void check_labels(const ImageSource& source, int classes);

}  // namespace acim
