// SPDX-License-Identifier: Apache-2.0
#include "host/store/plan_json.hpp"
#include "tests/fuzz/target.hpp"

// plan.json of a run directory.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace acim;
    return fuzz::refuse_or_accept([&] {
        const std::string text(reinterpret_cast<const char*>(data), size);
        plan_sha256(plan_from_json(text, "plan.json"));
    });
}
