// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace acim::hdf5 {

// What a process may still ask of the kernel: `opening` lets it open files to read them.
enum class Allowed { opening, serving };

// Takes all other system calls from this process for good (seccomp; x86-64 and arm64): they fail
// with EPERM. Memory, the talk on `socket`, reads of open files, clocks and its own end remain: no
// program, no connection, no write to a file, no signal to another process. A second call takes away
// more. Where the kernel or the machine knows no such filter, nothing happens.
void keep_system_calls(Allowed allowed, int socket);

}  // namespace acim::hdf5
