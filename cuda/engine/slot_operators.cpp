// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/slot_operators.hpp"

#include <variant>

#include "cuda/engine/digital_kernels.hpp"
#include "cuda/engine/normalise_kernels.hpp"

namespace acim {

void SlotOperators::run(std::size_t op) const {
    std::visit([&](const auto& operation) { launch(operation, network_.values(op)); },
               network_.network().operators[op].op);
}

SlotValues SlotOperators::operand(TensorId id) const {
    if (const float* shared = network_.shared(id)) return {shared, 0};
    return {tensor(id), elements(id)};
}

void SlotOperators::launch(const Product&, const OperatorValues&) const {}  // the batch's

void SlotOperators::launch(const View&, const OperatorValues&) const {}

void SlotOperators::launch(const Relu& op, const OperatorValues&) const {
    launch_relu(tensor(op.input), tensor(op.output), values(op.output), stream_);
}

void SlotOperators::launch(const Clip& op, const OperatorValues&) const {
    launch_clip(tensor(op.input), tensor(op.output), values(op.output), op.low, op.high, stream_);
}

void SlotOperators::launch(const Add& op, const OperatorValues&) const {
    const auto n = static_cast<int>(elements(op.output));
    if (network_.shared(op.a) != nullptr || network_.shared(op.b) != nullptr) {
        const int step = elements(op.b) == 1 ? 0 : 1;
        launch_binary({op.a, op.b, op.output, BinaryKind::add, {n}, {1}, {step}}, operand(op.a),
                      operand(op.b), tensor(op.output), slots_, n, stream_);
        return;
    }
    launch_add(tensor(op.a), tensor(op.b), tensor(op.output), slots_, n, elements(op.b), stream_);
}

void SlotOperators::launch(const Affine& op, const OperatorValues& own) const {
    const int channels = static_cast<int>(op.scale.size());
    launch_affine(tensor(op.input), own.first, own.second, tensor(op.output), slots_, channels,
                  elements(op.output) / channels, stream_);
}

void SlotOperators::launch(const MaxPool& op, const OperatorValues&) const {
    launch_max_pool(op.pool, tensor(op.input), tensor(op.output), slots_, stream_);
}

void SlotOperators::launch(const AveragePool& op, const OperatorValues&) const {
    launch_average_pool(op, tensor(op.input), tensor(op.output), slots_, stream_);
}

void SlotOperators::launch(const Constant& op, const OperatorValues& own) const {
    if (network_.shared(op.output) != nullptr) return;
    launch_constant(own.first, tensor(op.output), slots_, elements(op.output), stream_);
}

void SlotOperators::launch(const Rearrange& op, const OperatorValues&) const {
    launch_rearrange(op, operand(op.input), tensor(op.output), slots_, elements(op.output),
                     stream_);
}

void SlotOperators::launch(const Concat& op, const OperatorValues&) const {
    ConcatPart part;
    part.outer = op.outer;
    part.out_block = elements(op.output) / op.outer;
    for (const TensorId input : op.inputs) {
        part.block = elements(input) / op.outer;
        launch_concat(part, operand(input), tensor(op.output), slots_, stream_);
        part.first += part.block;
    }
}

void SlotOperators::launch(const Softmax& op, const OperatorValues&) const {
    launch_softmax(op, tensor(op.input), tensor(op.output), values(op.output), stream_);
}

void SlotOperators::launch(const LayerNorm& op, const OperatorValues& own) const {
    launch_layer_norm(
        {own.first, own.second, static_cast<int>(op.scale.size()), op.is_centred, op.epsilon},
        tensor(op.input), tensor(op.output), values(op.output), stream_);
}

void SlotOperators::launch(const Function& op, const OperatorValues&) const {
    launch_function(op, tensor(op.input), tensor(op.output), values(op.output), stream_);
}

void SlotOperators::launch(const Binary& op, const OperatorValues&) const {
    launch_binary(op, operand(op.a), operand(op.b), tensor(op.output), slots_, elements(op.output),
                  stream_);
}

void SlotOperators::launch(const Embedding& op, const OperatorValues& own) const {
    launch_embedding(tensor(op.input), own.first, static_cast<int>(op.table.size()) / op.width,
                     op.width, tensor(op.output), values(op.input), stream_);
}

void SlotOperators::launch(const Requantise& op, const OperatorValues&) const {
    launch_requantise(op.quantisation, tensor(op.input), tensor(op.output), values(op.output),
                      stream_);
}

}  // namespace acim
