// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target without libFuzzer: every file of the folders, then so many mutations of each.
//   fuzz_NAME MUTATIONS FOLDER|FILE...
// Mutations come from a fixed seed, so that a failure comes again; it prints what it runs last. A
// target that has a mutator of its own is given its mutations. An input that takes more than 4 GiB of
// addresses or 20 s ends it, as libFuzzer's limits do.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include "tests/fuzz/target.hpp"

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// A few bits, bytes, numbers and cuts, as damage and malice make them.
Bytes mutated(Bytes bytes, std::mt19937_64& random) {
    for (std::uint64_t changes = 1 + random() % 4; changes > 0 && !bytes.empty(); --changes) {
        const std::size_t at = random() % bytes.size();
        switch (random() % 5) {
            case 0:
                bytes[at] ^= static_cast<std::uint8_t>(1u << (random() % 8));
                break;
            case 1:
                bytes[at] = static_cast<std::uint8_t>(random() % 2 ? 0xFF : random());
                break;
            case 2:
                for (std::size_t i = at; i < std::min(at + 8, bytes.size()); ++i)
                    bytes[i] = random() % 2 ? 0xFF : 0x7F;
                break;
            case 3:
                bytes.resize(at);
                break;
            default:
                std::copy_n(bytes.begin(), std::min(at, bytes.size() - at) / 2,
                            bytes.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }
    return bytes;
}

// Three steps of the target's own mutator.
Bytes own_mutation(const Bytes& bytes, std::mt19937_64& random) {
    Bytes out = bytes;
    const std::size_t most = bytes.size() * 2 + 4096;
    out.resize(most);
    std::size_t size = bytes.size();
    for (int step = 0; step < 3; ++step)
        size = LLVMFuzzerCustomMutator(out.data(), size, most, static_cast<unsigned>(random()));
    out.resize(size);
    return out;
}

void limit_memory() {
#ifndef __SANITIZE_ADDRESS__  // which reserves terabytes for itself
    constexpr rlim_t most = rlim_t{4} << 30;
    const rlimit limit{most, most};
    if (setrlimit(RLIMIT_AS, &limit) != 0) std::abort();
#endif
}

void run(const Bytes& input) {
    alarm(20);
    LLVMFuzzerTestOneInput(input.data(), input.size());
    alarm(0);
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) {
        std::fprintf(stderr, "give MUTATIONS and files or folders of inputs\n");
        return 2;
    }
    limit_memory();
    const long mutations = std::atol(arguments[1]);
    std::vector<fs::path> files;
    for (int i = 2; i < count; ++i) {
        if (!fs::exists(arguments[i])) {
            std::fprintf(stderr, "%s: no such file or folder\n", arguments[i]);
            return 2;
        }
        if (!fs::is_directory(arguments[i]))
            files.emplace_back(arguments[i]);
        else
            for (const auto& entry : fs::directory_iterator(arguments[i]))
                if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
        const Bytes bytes = bytes_of(file);
        std::mt19937_64 random(1);
        for (long i = 0; i <= mutations; ++i) {
            const Bytes input = i == 0                    ? bytes
                                : LLVMFuzzerCustomMutator ? own_mutation(bytes, random)
                                                          : mutated(bytes, random);
            std::printf("\r%s %ld", file.filename().c_str(), i);
            std::fflush(stdout);
            run(input);
        }
    }
    std::printf("\r%zu files, %ld mutations of each: nothing but refusals\n", files.size(),
                mutations);
    return files.empty() ? 2 : 0;
}
