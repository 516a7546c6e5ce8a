// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace acim::testing_device {

// While it lives the machine refuses threads beyond the first `allowed`; std::thread throws.
class RefusedThreads {
public:
    explicit RefusedThreads(int allowed);
    ~RefusedThreads();
    RefusedThreads(const RefusedThreads&) = delete;
    RefusedThreads& operator=(const RefusedThreads&) = delete;

    int refused() const;  // so far
};

}  // namespace acim::testing_device
