// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <type_traits>

#include "host/core/error.hpp"
#include "host/quant/network_fields.hpp"
#include "host/quant/network_file.hpp"
#include "tests/engine/attention_network.hpp"
#include "tests/fuzz/choices.hpp"
#include "tests/fuzz/hostile_values.hpp"
#include "tests/fuzz/one_trial.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace acim;
using fuzz::below, fuzz::Choices;

int some_int(Choices& choices, int usual) {
    const auto wide = [&](std::int64_t value) {
        return static_cast<int>(std::clamp<std::int64_t>(value, std::numeric_limits<int>::min(),
                                                         std::numeric_limits<int>::max()));
    };
    switch (below(choices, 4)) {
        case 0:
            return wide(std::int64_t{usual} + static_cast<std::int64_t>(below(choices, 7)) - 3);
        case 1:
            return wide(std::int64_t{usual} * static_cast<std::int64_t>(below(choices, 4)));
        default:
            return wide(fuzz::some_integer(choices));
    }
}

template <class T>
T some_value(Choices& choices, T usual) {
    if constexpr (std::is_same_v<T, bool>)
        return !usual;
    else if constexpr (std::is_same_v<T, float>)
        return fuzz::some_real(choices);
    else if constexpr (std::is_same_v<T, int>)
        return some_int(choices, usual);
    else if constexpr (std::is_same_v<T, FunctionKind>)
        return static_cast<T>(below(choices, std::size(function_names)));
    else if constexpr (std::is_same_v<T, BinaryKind>)
        return static_cast<T>(below(choices, std::size(binary_names)));
    else
        return static_cast<T>(choices.next());
}

// Changes the field of this number.
struct FieldChanger {
    Choices& choices;
    int chosen;
    int at = 0;

    template <class T>
    void operator()(const char*, T& value) {
        if (at++ == chosen) value = some_value(choices, value);
    }
    template <class T>
    void operator()(const char*, std::vector<T>& values) {
        if (at++ != chosen) return;
        if (choices.next() % 4 == 0) values.resize(below(choices, values.size() + 9), T{1});
        if (values.empty()) return;
        T& value = values[below(choices, values.size())];
        value = some_value(choices, value);
    }
    bool has(const char*, bool is_there) const { return is_there; }
};

void change_tensor(QuantizedNetwork& network, Choices& choices) {
    std::vector<int>& shape = network.tensors[below(choices, network.tensors.size())].shape;
    switch (choices.next() % 4) {
        case 0:
            return shape.push_back(some_int(choices, 1));
        case 1:
            if (!shape.empty()) shape.pop_back();
            return;
        default:
            if (shape.empty()) return;
            int& extent = shape[below(choices, shape.size())];
            extent = some_int(choices, extent);
    }
}

void change_network(QuantizedNetwork& network, Choices& choices) {
    const std::uint8_t what = choices.next();
    if (what % 16 == 1) return change_tensor(network, choices);
    if (what % 16 == 2) network.input = some_int(choices, network.input);
    if (what % 16 == 3) network.output = some_int(choices, network.output);
    if (what % 16 == 4) network.classes = some_int(choices, network.classes);
    if (what % 16 < 5) return;
    const std::size_t chosen = below(choices, network.operators.size());
    if (what % 16 == 5) network.operators.push_back(network.operators[chosen]);
    if (what % 16 == 6)
        std::swap(network.operators[chosen],
                  network.operators[below(choices, network.operators.size())]);
    FieldChanger changer{choices, choices.next() % 32};
    std::visit([&](auto& op) { visit_fields(op, changer); }, network.operators[chosen].op);
}

}  // namespace

// A calibrated network, well-formed and with wrong fields: what the check lets pass must run.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Choices choices(data, size);
    const std::uint8_t base = choices.next();
    auto network = std::make_shared<QuantizedNetwork>(
        base % 2 == 0 ? *testing_support::small_network()
                      : *testing_support::attention_network(
                            base % 4 == 1 ? testing_support::Predicts::once
                                          : testing_support::Predicts::everywhere));
    while (!choices.at_end()) change_network(*network, choices);
    return fuzz::refuse_or_accept([&] {
        check_network(*network, "fuzz");
        network->hash = network_hash(*network);
        fuzz::try_trial(network);
        // Reading takes a process of its own.
        if (base / 4 == 63) decode_network(encode_network(*network), "fuzz");
    });
}
