// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace acim {

// What a program said and how it ended.
struct ProgramResult {
    int exit_code = 0;  // 128 + signal where one ended it
    std::string output;
    std::string errors;

    bool succeeded() const { return exit_code == 0; }
    // What it said on standard error, on one line.
    std::string complaint() const;
};

// Runs a program found along PATH, with these words as they are: no shell reads them. Variables
// SQUEUE_* are taken from its environment, because they change what squeue lists. nullopt where
// there is no such program; StorageError where the system cannot start it.
std::optional<ProgramResult> run_program(const std::vector<std::string>& words);

}  // namespace acim
