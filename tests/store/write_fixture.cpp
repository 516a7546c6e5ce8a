// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>

#include "tests/store/fixture.hpp"

// Usage: test_store_fixture OUT.h5 [shards]. Writes the small sweep, complete, through as many run
// directories as shards, so that equal bytes for any number of them can be tried by cmp.
int main(int argc, char** argv) try {
    using namespace acim;
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s OUT.h5 [shards]\n", argv[0]);
        return 2;
    }
    const std::size_t shards = argc > 2 ? std::stoul(argv[2]) : 1;
    const PlanRecord plan = fixture::small_plan();
    const auto trials = fixture::all_trials(plan);
    const fixture::Scratch scratch;
    std::vector<std::filesystem::path> directories;
    for (std::size_t s = 0; s < shards; ++s) {
        std::vector<StoredTrial> own;
        for (std::size_t i = s; i < trials.size(); i += shards) {
            own.push_back(trials[i]);
        }
        directories.push_back(scratch / std::to_string(s));
        fixture::store(RunDirectory::create_or_open(directories.back(), plan), own);
    }
    merge_runs(directories, argv[1], fixture::aggregate);
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
