// SPDX-License-Identifier: Apache-2.0
#include <span>
#include <string_view>

#include "host/core/sha256.hpp"
#include "host/quant/network_fields.hpp"
#include "host/quant/network_file.hpp"

namespace acim {
namespace {

// Every value goes in behind its length or in a fixed width, so that no two networks give the same
// stream of bytes.
class CanonicalHash {
public:
    void text(std::string_view value) {
        number(static_cast<std::int64_t>(value.size()));
        hash_.update(value);
    }
    void number(std::int64_t value) { hash_.update_value(value); }

    void operator()(const char* name, int value) { named(name).number(value); }
    void operator()(const char* name, bool value) { named(name).number(value ? 1 : 0); }
    void operator()(const char* name, float value) { named(name).hash_.update_value(value); }
    template <class T>
    void operator()(const char* name, const std::vector<T>& values) {
        named(name).number(static_cast<std::int64_t>(values.size()));
        hash_.update(std::as_bytes(std::span(values)));
    }
    void operator()(const char* name, FunctionKind kind) {
        named(name).text(function_names[static_cast<std::size_t>(kind)]);
    }
    void operator()(const char* name, BinaryKind kind) {
        named(name).text(binary_names[static_cast<std::size_t>(kind)]);
    }
    bool has(const char*, bool is_there) const { return is_there; }
    std::string hex() { return hash_.hex(); }

private:
    CanonicalHash& named(const char* name) {
        text(name);
        return *this;
    }
    Sha256 hash_;
};

}  // namespace

std::string network_hash(const QuantizedNetwork& network) {
    CanonicalHash hash;
    hash.text("acimsweep integer network 1");
    hash.number(static_cast<std::int64_t>(network.tensors.size()));
    for (const Tensor& tensor : network.tensors) {
        hash.text(tensor.name);
        hash("shape", tensor.shape);
    }
    hash.number(static_cast<std::int64_t>(network.operators.size()));
    for (const Operator& op : network.operators) {
        hash.text(op.name);
        hash.text(operation_names[op.op.index()]);
        std::visit([&](const auto& fields) { visit_fields(fields, hash); }, op.op);
    }
    hash("input", network.input);
    hash("output", network.output);
    hash("classes", network.classes);
    return hash.hex();
}

}  // namespace acim
