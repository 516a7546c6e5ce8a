// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "host/cli/command_line.hpp"

int main(int argc, char** argv) {
    // Beyond a file size limit a write shall fail with a message instead of ending the program.
    std::signal(SIGXFSZ, SIG_IGN);
    return acim::run_command_line(argc, argv);
}
