// SPDX-License-Identifier: Apache-2.0
#include "host/run/baseline.hpp"

#include "cuda/trial/image_executor.hpp"
#include "cuda/trial/metrics.hpp"
#include "host/engine/simd_kernel.hpp"
#include "host/quant/parallel_images.hpp"

namespace acim {

std::vector<std::int32_t> digital_top1(const QuantizedNetwork& network, const ImageSource& images,
                                       std::uint32_t count, int threads) {
    const auto kernel = make_simd_kernel();
    const PointPlan plan = make_digital_plan(network, *kernel);
    std::vector<std::int32_t> top(count);
    parallel_images(0, count, image_threads(threads, count),
                    [&](int, std::uint32_t first, std::uint32_t last) {
                        ImageExecutor executor(network, *kernel);
                        for (std::uint32_t i = first; i < last; ++i) {
                            images.read(i, 1, executor.input().data());
                            top[i] = top1(executor.run(plan, PhiloxKey{}, i, {}));
                        }
                    });
    return top;
}

std::uint64_t count_correct(const std::vector<std::int32_t>& top1, const ImageSource& images) {
    std::uint64_t correct = 0;
    for (std::uint32_t i = 0; i < top1.size(); ++i)
        if (top1[i] == images.label(i)) ++correct;
    return correct;
}

}  // namespace acim
