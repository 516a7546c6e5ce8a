// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace acim {

// Exit codes of the command line (docs/commands.md).
enum class ExitCode : int { ok = 0, some_failed = 1, bad_input = 2, interrupted = 3, storage = 4 };

// A mistake in what the user gave: "place: problem (value). Advice". Exit code 2.
class InputError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Storage or a device failed: nothing already stored is lost. Exit code 4.
class StorageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// A broken contract inside the program.
class ContractError : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

[[noreturn]] void fail_contract(const char* expression, const char* file, int line);

// States what a function expects of its caller; always checked.
#define ACIM_EXPECT(condition) \
    ((condition) ? void(0) : ::acim::fail_contract(#condition, __FILE__, __LINE__))

}  // namespace acim
