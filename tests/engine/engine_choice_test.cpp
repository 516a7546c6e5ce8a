// SPDX-License-Identifier: Apache-2.0
// What --engine stands for; where there is a GPU, the other half of each test is the one that runs.
#include "host/engine/engine_choice.hpp"

#include <gmock/gmock.h>

#include "cuda/engine/cuda_engine.hpp"
#include "host/core/error.hpp"

namespace acim {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

bool has_device() { return !cuda_status().devices.empty(); }

std::string message_of(EngineChoice choice) {
    try {
        make_engine(choice, 1);
    } catch (const InputError& error) {
        return error.what();
    }
    return "no error";
}

TEST(EngineChoice, Words) {
    EXPECT_EQ(engine_choice("auto"), EngineChoice::automatic);
    EXPECT_EQ(engine_choice("cpu"), EngineChoice::cpu);
    EXPECT_EQ(engine_choice("cuda"), EngineChoice::cuda);
    EXPECT_THROW(engine_choice("CUDA"), InputError);
    EXPECT_THROW(engine_choice(""), InputError);
}

TEST(EngineChoice, CpuIsAlwaysThere) {
    EXPECT_EQ(available_engine(EngineChoice::cpu), EngineChoice::cpu);
    EXPECT_THAT(make_engine(EngineChoice::cpu, 3)->name(), StartsWith("cpu, 3 threads"));
}

TEST(EngineChoice, AutomaticTakesAGpuWhereThereIsOne) {
    const auto name = make_engine(EngineChoice::automatic, 2)->name();
    if (has_device())
        EXPECT_THAT(name, ::testing::Not(StartsWith("cpu")));
    else
        EXPECT_THAT(name, StartsWith("cpu, 2 threads"));
}

TEST(EngineChoice, CudaWithoutADeviceSaysWhatIsMissing) {
    if (has_device()) GTEST_SKIP() << "this machine has a GPU";
    const std::string missing = cuda_status().missing;
    EXPECT_FALSE(missing.empty());
    EXPECT_EQ(missing.find('\n'), std::string::npos);
    EXPECT_THAT(message_of(EngineChoice::cuda), HasSubstr("--engine cuda: " + missing));
    EXPECT_THAT(message_of(EngineChoice::cuda), HasSubstr("--engine cpu"));
    EXPECT_THROW(make_cuda_engine(), std::runtime_error);
}

TEST(EngineChoice, ABuildWithoutCudaHasNoDevices) {
    const CudaStatus status = cuda_status();
    if (status.compiled) GTEST_SKIP() << "this build has CUDA";
    EXPECT_TRUE(status.devices.empty());
    EXPECT_THAT(status.missing, HasSubstr("CUDA Toolkit"));
    EXPECT_THAT(status.missing, HasSubstr("ACIM_CUDA=ON"));
}

}  // namespace
}  // namespace acim
