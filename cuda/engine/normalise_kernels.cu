// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/normalise_kernels.hpp"

#include "cuda/engine/launch.cuh"
#include "cuda/engine/threads.cuh"
#include "cuda/model/digital/layer_norm.hpp"
#include "cuda/model/digital/softmax.hpp"

// One warp a line, every lane each 32nd value of it. A line is read several times, but for the
// first time from the caches, and its terms are computed anew rather than kept.
namespace acim {
namespace {

constexpr int threads = 256, lanes = 32;

Grid grid_of(std::int64_t lines) {
    return {.blocks = blocks_for(lines, threads / lanes), .threads = threads};
}

// What the lanes' values combine to, in every lane.
template <class T, class Combine>
__device__ __forceinline__ T over_warp(T value, Combine combine) {
    for (int step = lanes / 2; step > 0; step /= 2)
        value = combine(value, __shfl_xor_sync(~0u, value, step));
    return value;
}
__device__ __forceinline__ long long warp_sum(long long value) {
    return over_warp(value, [](long long a, long long b) { return a + b; });
}

// Lines are the middle axis of [outer][length][inner].
__global__ void softmax_values(const float* in, float* out, std::int64_t lines, int length,
                               int inner, bool is_log) {
    const int lane = lane_index();
    for (std::int64_t line = thread_index() / lanes; line < lines; line += thread_count() / lanes) {
        const Quotient at(line, inner);
        const std::int64_t first = at.quotient * length * inner + at.remainder;
        const float* x = in + first;
        float* y = out + first;
        float peak = digital::softmax_start;
        for (std::int64_t i = lane; i < length; i += lanes)
            peak = digital::softmax_peak(peak, x[i * inner]);
        peak = over_warp(peak, [](float a, float b) { return digital::softmax_peak(a, b); });
        long long total = 0;
        for (std::int64_t i = lane; i < length; i += lanes)
            total += digital::softmax_term(x[i * inner], peak);
        total = warp_sum(total);
        for (std::int64_t i = lane; i < length; i += lanes) {
            const float value = x[i * inner];
            y[i * inner] = is_log
                               ? digital::log_softmax_value(value, peak, total)
                               : digital::softmax_value(digital::softmax_term(value, peak), total);
        }
    }
}

// Centre of a line whose values a warp holds.
__device__ digital::NormCentre centre_of(const float* x, const NormView& op) {
    const int lane = lane_index();
    float most = 0.0F;
    for (int i = lane; i < op.length; i += lanes) most = digital::norm_magnitude(most, x[i]);
    most = over_warp(most, [](float a, float b) { return b > a ? b : a; });
    const int exponent = digital::norm_exponent(most);
    long long sum = 0, least = INT64_MAX, largest = INT64_MIN;
    for (int i = lane; i < op.length; i += lanes) {
        const long long term = digital::norm_term(x[i], exponent);
        sum += term;
        least = min(least, term);
        largest = max(largest, term);
    }
    least = over_warp(least, [](long long a, long long b) { return min(a, b); });
    largest = over_warp(largest, [](long long a, long long b) { return max(a, b); });
    return digital::norm_centre(warp_sum(sum), least, largest, op.length, exponent, op.is_centred);
}

__global__ void layer_norm_values(NormView op, const float* in, float* out, std::int64_t lines) {
    const int lane = lane_index();
    for (std::int64_t line = thread_index() / lanes; line < lines; line += thread_count() / lanes) {
        const float* x = in + line * op.length;
        const digital::NormCentre centre = centre_of(x, op);
        long long squares = 0;
        for (int i = lane; i < op.length; i += lanes)
            squares += digital::norm_square(digital::norm_term(x[i], centre.exponent), centre);
        const double factor =
            digital::norm_factor(warp_sum(squares), centre, op.length, op.epsilon);
        for (int i = lane; i < op.length; i += lanes)
            out[line * op.length + i] =
                digital::norm_value(digital::norm_term(x[i], centre.exponent), centre, factor,
                                    op.scale[i], op.shift[i]);
    }
}

}  // namespace

void launch_softmax(const Softmax& op, const float* in, float* out, std::int64_t n,
                    cudaStream_t stream) {
    const std::int64_t lines = n / op.length;
    launch("softmax", softmax_values, grid_of(lines), stream, in, out, lines, op.length, op.inner,
           op.is_log);
}

void launch_layer_norm(const NormView& op, const float* in, float* out, std::int64_t n,
                       cudaStream_t stream) {
    const std::int64_t lines = n / op.length;
    launch("layer norm", layer_norm_values, grid_of(lines), stream, op, in, out, lines);
}

}  // namespace acim
