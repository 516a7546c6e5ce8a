// SPDX-License-Identifier: Apache-2.0
// Imports a model and runs it in float, for comparisons with PyTorch from Python:
//   run_network MODEL.onnx X.f32 Y.f32    X holds images one behind the other, Y takes the outputs
// Prints one line per operator: its kind and name, the shape of its output, and the bits that the
// file states for a product. What is stated is computed.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <exception>
#include <fstream>
#include <iterator>
#include <vector>

#include "host/onnx/import.hpp"
#include "host/quant/float_executor.hpp"
#include "tests/onnx/as_stated.hpp"

namespace acim {
namespace {

std::vector<float> read_floats(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    std::vector<float> values(bytes.size() / sizeof(float));
    std::copy_n(bytes.data(), values.size() * sizeof(float),
                reinterpret_cast<char*>(values.data()));
    return values;
}

const char* kind_of(const FloatOperation& op) {
    static const char* const names[] = {
        "Product",     "Relu",     "Clip",     "Add",       "Affine",    "MaxPool",
        "AveragePool", "View",     "Constant", "Rearrange", "Concat",    "Softmax",
        "LayerNorm",   "Function", "Binary",   "Embedding", "Requantise"};
    return names[op.index()];
}

void print(const FloatGraph& graph) {
    for (const FloatOperator& op : graph.operators) {
        const TensorId out = std::visit([](const auto& kind) { return kind.output; }, op.op);
        fmt::print("{} {} [{}]\n", kind_of(op.op), op.name,
                   fmt::join(graph.tensors[static_cast<std::size_t>(out)].shape, ", "));
        const auto* product = std::get_if<FloatProduct>(&op.op);
        if (product && product->input_quantisation.is_stated())
            fmt::print("  input of {} bits, signed {}\n", product->input_quantisation.bits,
                       product->input_quantisation.is_signed);
        if (product && product->weight_quantisation.is_stated())
            fmt::print("  weights of {} bits, {} scales\n", product->weight_quantisation.bits,
                       product->weight_quantisation.scale.size());
    }
}

void run(const std::string& model, const std::string& x, const std::string& y) {
    const FloatGraph imported = import_onnx(model);
    print(imported);
    const auto graph = std::make_shared<const FloatGraph>(test::as_stated(imported));
    const FloatExecutor executor(graph);
    auto workspace = executor.workspace();
    const std::vector<float> images = read_floats(x);
    const auto size =
        static_cast<std::size_t>(graph->tensors[static_cast<std::size_t>(graph->input)].elements());
    std::ofstream out(y, std::ios::binary);
    for (std::size_t first = 0; first + size <= images.size(); first += size) {
        const auto result = executor.run(std::span(images).subspan(first, size), workspace);
        out.write(reinterpret_cast<const char*>(result.data()),
                  static_cast<std::streamsize>(result.size_bytes()));
    }
}

}  // namespace
}  // namespace acim

int main(int argc, char** argv) {
    if (argc != 4) {
        fmt::print(stderr, "usage: run_network MODEL.onnx X.f32 Y.f32\n");
        return 2;
    }
    try {
        acim::run(argv[1], argv[2], argv[3]);
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
    return 0;
}
