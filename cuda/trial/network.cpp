// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/network.hpp"

#include <type_traits>

namespace acim {

std::vector<TensorId> operands_of(const Operation& operation) {
    return std::visit(
        [](const auto& op) -> std::vector<TensorId> {
            using Op = std::decay_t<decltype(op)>;
            if constexpr (std::is_same_v<Op, Constant>)
                return {};
            else if constexpr (std::is_same_v<Op, Concat>)
                return op.inputs;
            else if constexpr (std::is_same_v<Op, Add> || std::is_same_v<Op, Binary>)
                return {op.a, op.b};
            else if constexpr (std::is_same_v<Op, Product>)
                return op.is_computed() ? std::vector{op.input, op.stored.tensor}
                                        : std::vector{op.input};
            else
                return {op.input};
        },
        operation);
}

TensorId output_of(const Operation& operation) {
    return std::visit([](const auto& op) { return op.output; }, operation);
}

}  // namespace acim
