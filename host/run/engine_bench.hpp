// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cuda/check/bench_cases.hpp"
#include "cuda/check/roofline.hpp"
#include "host/engine/engine_choice.hpp"

namespace acim {

struct EngineBenchOptions {
    EngineChoice engine = EngineChoice::automatic;
    int threads = 0;            // of the CPU engine; 0: every core
    double seconds = 2.0;       // that a case is measured
    std::uint32_t images = 64;  // of a trial
    std::string only;           // cases whose name begins so; empty: all
};

// What was measured, on which machine and when.
struct EngineBench {
    struct Row {
        BenchCase bench;
        BenchFigure figure;
        std::optional<BenchFigure> cpu;  // of the CPU engine, where another one was measured
        CaseBounds bounds{};             // of all devices together

        // How many times faster than the CPU engine; 0 where that was not measured.
        double ratio() const;
        // How much of a bound was reached.
        double fraction(const Bound& bound) const;
    };

    std::string engine, cpu_engine;  // names; cpu_engine is empty where `engine` is the CPU
    std::string machine;             // "AMD EPYC ..., 2 cores"
    std::string date;                // UTC, ISO 8601
    double load = 0.0;               // average of the last minute before the start; <0: not known
    EngineBenchOptions options;
    std::vector<CudaDevice> devices;  // that the engine uses; none: the CPU
    std::vector<Row> rows;
    std::vector<std::string> warnings;  // of the engine, which may have lost a device
};

// Runs every case of cuda/check on the engine and, if that is not the CPU, on all cores too, case by
// case in turn. `progress` is told what comes next. InputError, EngineFailure.
EngineBench bench_engine(const EngineBenchOptions& options,
                         const std::function<void(const std::string& name, std::size_t done,
                                                  std::size_t all)>& progress);

// Head lines and a line per case; with devices, a second table says what bounds them.
std::string bench_table(const EngineBench& bench);

nlohmann::json bench_json(const EngineBench& bench);

}  // namespace acim
