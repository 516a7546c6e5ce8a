// SPDX-License-Identifier: Apache-2.0
// Conversions per second of one analog layer on the CPU engine, in cases named
//   <what>/<case>/<instruction set>/real_time/threads:<n>
// `kernel` times the product kernel from int16 rows to integers; `layer` times a whole layer of the
// engine: quantisation, laying out of rows, kernel, dequantisation, error sums. As in the engine
// every thread has an image of its own. bench/compare sets these numbers beside PyTorch's.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/analog_layer.hpp"
#include "cuda/model/random/noise_key.hpp"
#include "cuda/trial/image_executor.hpp"
#include "host/engine/simd_loops.hpp"

namespace acim {
namespace {

using SharedLayer = std::shared_ptr<const AnalogLayer>;

// 8x8 bits, 255 rows, 0.5 LSB random and 0.05 % nonlinear noise: the macro of the goal.
LayerSettings goal_settings() {
    LayerSettings s;
    s.macro.noise.random = {0.5, NoiseUnit::lsb};
    s.macro.noise.nonlinear.sigma = 0.05;
    return s;
}

LayerSettings settings(double sigma_lsb, double nonlinear_percent, int adc_bits = 8,
                       int bits_per_cycle = 1, PathRequest path = PathRequest::automatic) {
    LayerSettings s = goal_settings();
    s.macro.noise.random.sigma = sigma_lsb;
    s.macro.noise.nonlinear.sigma = nonlinear_percent;
    s.macro.adc.bits = adc_bits;
    s.macro.bits_per_cycle = bits_per_cycle;
    s.path = path;
    return s;
}

// 0.5 LSB of noise on columns with the mismatch of 2 fF cells, s_u = 0.6 %.
LayerSettings mismatch_settings() {
    LayerSettings s = settings(0.5, 0.0);
    s.macro.cell.unit_capacitance = 2e-15;
    s.macro.cell.mismatch = 0.0085 * 3.1622776601683795e-8;  // 0.85 % sqrt(fF) in sqrt(F)
    return s;
}

// The same noise on ADCs with offset and gain errors, ideal columns.
LayerSettings adc_settings() {
    LayerSettings s = settings(0.5, 0.0);
    s.macro.adc_errors.offset = 0.3;
    s.macro.adc_errors.gain = 0.002;
    return s;
}

// Everything that differs from column to column and from ADC to ADC.
LayerSettings all_chip_settings() {
    LayerSettings s = mismatch_settings();
    s.macro.adc_errors = adc_settings().macro.adc_errors;
    s.macro.adc_errors.dnl = 0.05;
    return s;
}

LayerSettings voting_settings() {
    LayerSettings s = goal_settings();
    s.macro.voting.levels = 3;
    s.macro.voting.samples = 3;
    return s;
}

// Thread 0 alone chooses; the others wait for it where the timed loop begins.
void choose_target(benchmark::State& state, const std::string& target) {
    if (state.thread_index() == 0) simd::force_target(target);
}

void count_conversions(benchmark::State& state, const AnalogLayer& layer) {
    state.SetItemsProcessed(state.iterations() * layer.conversions());
}

void run_kernel(benchmark::State& state, const SharedLayer& layer, const std::string& target) {
    KernelRun image(*layer, static_cast<std::uint32_t>(state.thread_index()));
    choose_target(state, target);
    for ([[maybe_unused]] auto _ : state) {
        image.run();
        benchmark::ClobberMemory();
    }
    count_conversions(state, *layer);
}

void run_layer(benchmark::State& state, const SharedLayer& layer, const std::string& target) {
    const auto image = static_cast<std::uint32_t>(state.thread_index());
    ImageExecutor executor(layer->network(), layer->kernel());
    const auto values = layer->activations(image, executor.input().size());
    std::ranges::copy(values, executor.input().begin());
    std::vector<LayerSums> sums(1);
    choose_target(state, target);
    for ([[maybe_unused]] auto _ : state) {
        benchmark::DoNotOptimize(executor.run(layer->plan(), trial_key(1, 0, 0), image, sums));
    }
    count_conversions(state, *layer);
}

using Body = void (*)(benchmark::State&, const SharedLayer&, const std::string&);

// One thread and all cores.
void add(const std::string& name, const SharedLayer& layer, Body body, const std::string& target) {
    auto* bench =
        benchmark::RegisterBenchmark((name + "/" + target).c_str(),
                                     [=](benchmark::State& state) { body(state, layer, target); });
    const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    bench->UseRealTime()->Unit(benchmark::kMillisecond)->Threads(1);
    if (cores > 1) bench->Threads(cores);
}

std::vector<std::string> runnable_targets() {
    std::vector<std::string> names;
    for (const std::string& name : simd::compiled_targets())
        if (simd::force_target(name)) names.push_back(name);
    simd::force_target("");
    return names;
}

// Every case on the best instruction set; those that show how the sets differ on all of them.
void register_cases() {
    const auto targets = runnable_targets();
    const auto layer = [](const LayerSettings& s, const ConvSize& size = {},
                          Operands operands = Operands::trained) {
        return std::make_shared<const AnalogLayer>(size, s, operands);
    };
    const SharedLayer table = layer(goal_settings());
    const SharedLayer product = layer(settings(0.0, 0.0));
    for (const std::string& target : targets) {
        add("layer/table", table, run_layer, target);
        add("kernel/table", table, run_kernel, target);
        add("kernel/product", product, run_kernel, target);
    }
    const std::string& best = targets.front();
    const ConvSize wide{256, 256, 3, 8};
    const SharedLayer uniform = layer(goal_settings(), {}, Operands::uniform);
    const SharedLayer lossless = layer(settings(0.5, 0.0));
    const SharedLayer table256 = layer(goal_settings(), wide);
    add("layer/table_uniform", uniform, run_layer, best);
    add("kernel/table_uniform", uniform, run_kernel, best);
    add("layer/table_lossless", lossless, run_layer, best);
    add("kernel/table_lossless", lossless, run_kernel, best);
    add("layer/table_256", table256, run_layer, best);
    add("kernel/table_256", table256, run_kernel, best);
    // Beside them the table path of the same layer: the cost of errors of one chip.
    add("kernel/table_256_lossless", layer(settings(0.5, 0.0), wide), run_kernel, best);
    add("kernel/chip_256", layer(mismatch_settings(), wide), run_kernel, best);
    add("kernel/chip_256_adc", layer(adc_settings(), wide), run_kernel, best);
    add("kernel/chip_256_all", layer(all_chip_settings(), wide), run_kernel, best);
    add("kernel/voting3", layer(voting_settings()), run_kernel, best);
    for (const int thousandths : {128, 191}) {  // LSB
        const SharedLayer events = layer(settings(thousandths / 1000.0, 0.0));
        add("layer/events_" + std::to_string(thousandths), events, run_layer, best);
        add("kernel/events_" + std::to_string(thousandths), events, run_kernel, best);
        const SharedLayer drawn =
            layer(settings(thousandths / 1000.0, 0.0, 8, 1, PathRequest::table));
        add("kernel/all_" + std::to_string(thousandths), drawn, run_kernel, best);
    }
    add("layer/product", product, run_layer, best);
    add("kernel/lut", layer(settings(0.0, 0.0, 7)), run_kernel, best);
    add("kernel/parallel2", layer(settings(0.5, 0.05, 8, 2)), run_kernel, best);
    add("kernel/parallel4", layer(settings(0.5, 0.05, 8, 4)), run_kernel, best);
    const ConvSize small{64, 64, 3, 8};  // the reference path takes its time
    add("kernel/fixed", layer(settings(0.5, 0.05, 8, 1, PathRequest::fixed), small), run_kernel,
        best);
}

}  // namespace
}  // namespace acim

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    acim::register_cases();
    benchmark::AddCustomContext("instruction set", acim::simd::chosen_target());
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
