// SPDX-License-Identifier: Apache-2.0
// The engine suite on the reference engine and on the CPU engine, on every instruction set.
#include "tests/engine/engine_suite.hpp"

#include "host/engine/cpu_engine.hpp"
#include "host/engine/simd_loops.hpp"

namespace acim {
namespace {

std::vector<Maker> makers() {
    std::vector<Maker> all = {{"reference", [] { return make_reference_engine(); }}};
    for (const int threads : {1, 2, 5})
        all.push_back(
            {"cpu" + std::to_string(threads), [threads] { return make_cpu_engine(threads); }});
    for (const std::string& target : simd::compiled_targets())
        all.push_back({"cpu_" + target,
                       [target] {
                           simd::force_target(target);
                           return make_cpu_engine(2);
                       },
                       [] { simd::force_target(""); }});
    return all;
}

INSTANTIATE_TEST_SUITE_P(Engines, EngineSuite, testing::ValuesIn(makers()), maker_name);

}  // namespace
}  // namespace acim
