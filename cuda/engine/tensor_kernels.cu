// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/tensor_kernels.hpp"

#include "cuda/engine/launch.cuh"
#include "cuda/engine/threads.cuh"
#include "cuda/trial/digital_operators.hpp"
#include "cuda/trial/strided.hpp"

// One thread an output element, neighbours side by side.
namespace acim {
namespace {

constexpr int threads = 256;

Grid grid_of(std::int64_t n) { return {.blocks = blocks_for(n, threads), .threads = threads}; }

// StridedIndex::at() with divisions of 32 bits where they do.
__device__ __forceinline__ std::int64_t place_of(const StridedIndex& index, std::int64_t i) {
    std::int64_t place = index.offset;
    for (int d = index.axes - 1; d >= 0; --d) {
        const Quotient at(i, index.extent[d]);
        place += at.remainder * index.stride[d];
        i = at.quotient;
    }
    return place;
}

// Element i of all slots: its slot, and its place there.
struct SlotElement {
    std::int64_t slot, element;

    __device__ __forceinline__ SlotElement(std::int64_t i, std::int64_t elements)
        : slot((i | elements) >> 32 == 0
                   ? static_cast<std::uint32_t>(i) / static_cast<std::uint32_t>(elements)
                   : i / elements),
          element(i - slot * elements) {}
};

__global__ void constant_values(const float* values, float* out, std::int64_t n,
                                std::int64_t elements) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count())
        out[i] = values[SlotElement(i, elements).element];
}

__global__ void function_values(FunctionKind kind, float a, float b, const float* in, float* out,
                                std::int64_t n) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count())
        out[i] = apply(kind, in[i], a, b);
}

__global__ void binary_values(BinaryKind kind, StridedIndex at_a, StridedIndex at_b, SlotValues a,
                              SlotValues b, float* out, std::int64_t n, std::int64_t elements) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
        const SlotElement at(i, elements);
        out[i] = apply(kind, a.data[at.slot * a.stride + place_of(at_a, at.element)],
                       b.data[at.slot * b.stride + place_of(at_b, at.element)]);
    }
}

__global__ void rearranged_values(StridedIndex index, SlotValues in, float* out, std::int64_t n,
                                  std::int64_t elements) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
        const SlotElement at(i, elements);
        out[i] = in.data[at.slot * in.stride + place_of(index, at.element)];
    }
}

// By elements of the input.
__global__ void joined_values(ConcatPart part, SlotValues in, float* out, std::int64_t n) {
    const std::int64_t elements = part.outer * part.block;
    for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
        const SlotElement at(i, elements), line(at.element, part.block);
        out[(at.slot * part.outer + line.slot) * part.out_block + part.first + line.element] =
            in.data[at.slot * in.stride + at.element];
    }
}

__global__ void embedded_values(const float* in, const float* table, int rows, int width,
                                float* out, std::int64_t n) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
        const Quotient at(i, width);
        out[i] = table[std::int64_t{embedding_row(in[at.quotient], rows)} * width + at.remainder];
    }
}

__global__ void requantised_values(float scale, int low, int high, const float* in, float* out,
                                   std::int64_t n) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count())
        out[i] = digital::requantise(in[i], scale, low, high);
}

}  // namespace

void launch_constant(const float* values, float* out, std::int64_t slots, std::int64_t elements,
                     cudaStream_t stream) {
    const std::int64_t n = slots * elements;
    launch("constant", constant_values, grid_of(n), stream, values, out, n, elements);
}

void launch_function(const Function& op, const float* in, float* out, std::int64_t n,
                     cudaStream_t stream) {
    launch("function", function_values, grid_of(n), stream, op.kind, op.a, op.b, in, out, n);
}

void launch_binary(const Binary& op, SlotValues a, SlotValues b, float* out, std::int64_t slots,
                   std::int64_t elements, cudaStream_t stream) {
    const std::int64_t n = slots * elements;
    launch("binary operator", binary_values, grid_of(n), stream, op.kind,
           StridedIndex(op.extents, op.a_strides), StridedIndex(op.extents, op.b_strides), a, b,
           out, n, elements);
}

void launch_rearrange(const Rearrange& op, SlotValues in, float* out, std::int64_t slots,
                      std::int64_t elements, cudaStream_t stream) {
    const std::int64_t n = slots * elements;
    launch("rearrange", rearranged_values, grid_of(n), stream,
           StridedIndex(op.extents, op.strides, op.offset), in, out, n, elements);
}

void launch_concat(const ConcatPart& part, SlotValues in, float* out, std::int64_t slots,
                   cudaStream_t stream) {
    const std::int64_t n = slots * part.outer * part.block;
    launch("concat", joined_values, grid_of(n), stream, part, in, out, n);
}

void launch_embedding(const float* in, const float* table, int rows, int width, float* out,
                      std::int64_t n, cudaStream_t stream) {
    launch("embedding", embedded_values, grid_of(n * width), stream, in, table, rows, width, out,
           n * width);
}

void launch_requantise(const Quantisation& q, const float* in, float* out, std::int64_t n,
                       cudaStream_t stream) {
    launch("requantise", requantised_values, grid_of(n), stream, q.scale,
           digital::quantised_low(q.bits, q.is_signed),
           digital::quantised_high(q.bits, q.is_signed), in, out, n);
}

}  // namespace acim
