// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "host/core/error.hpp"
#include "host/onnx/import.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/model_mutator.hpp"
#include "tests/fuzz/one_trial.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace acim;

// A model as bytes again, where it fits; else nothing changes.
std::size_t store(const onnx::ModelProto& model, std::uint8_t* data, std::size_t size,
                  std::size_t most) {
    const std::string bytes = model.SerializeAsString();
    if (bytes.empty() || bytes.size() > most) return size;
    std::memcpy(data, bytes.data(), bytes.size());
    return bytes.size();
}

bool parse(onnx::ModelProto& model, const std::uint8_t* data, std::size_t size) {
    google::protobuf::SetLogHandler(nullptr);
    return model.ParseFromArray(data, static_cast<int>(size)) && model.has_graph();
}

}  // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                    unsigned seed) {
    onnx::ModelProto model;
    if (!parse(model, data, size)) return size;
    fuzz::Random random(seed + 1);
    fuzz::mutate_model(model, random);
    return store(model, data, size, most);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* first, std::size_t first_size,
                                                 const std::uint8_t* second,
                                                 std::size_t second_size, std::uint8_t* out,
                                                 std::size_t most, unsigned seed) {
    onnx::ModelProto model, other;
    if (!parse(model, first, first_size) || !parse(other, second, second_size)) return 0;
    fuzz::Random random(seed + 1);
    fuzz::join_models(model, other, random);
    return store(model, out, 0, most);
}

// An ONNX model: imported, quantised, and one image of it classified on two engines.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::MemoryFile file(data, size);
    return fuzz::refuse_or_accept([&] {
        fuzz::try_network(std::make_shared<const FloatGraph>(import_onnx(file.path())),
                          static_cast<unsigned>(size));
    });
}
