// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <map>

#include "cuda/engine/arena.hpp"
#include "cuda/trial/cycle_law.hpp"
#include "cuda/trial/event_law.hpp"

namespace acim {

// The laws of a design point in an arena. Layers and cycles share them: each is sent once. First
// everything is added, then the arena is sent, then there are views.
class DeviceLaws {
public:
    explicit DeviceLaws(Arena& data) : data_(data) {}

    void add(const CycleLaw& law);
    void add(const EventLaw& law);
    // Cells of a law that was added, in the order of a tile kernel.
    void add_tile_cells(const CycleLaw& law, bool in_bytes);
    // draw_sigma() of a law that was added, at every count.
    void add_sigma(const CycleLaw& law);

    CycleLawView view(const CycleLaw& law, const InverseNormalTable* normal) const;
    EventLawView view(const EventLaw& law) const;
    const std::uint32_t* tile_cells(const CycleLaw& law, bool in_bytes) const;  // or null
    const double* sigma(const CycleLaw& law) const;                             // or null

private:
    static constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

    struct Places {
        std::size_t codes = nowhere, cells = nowhere, tile_cells = nowhere, byte_cells = nowhere,
                    draw_sigma = nowhere;
        std::size_t escape = nowhere, base = nowhere, law = nowhere;
        std::size_t residual_begin = nowhere, residual_first = nowhere, residual = nowhere;
        std::size_t position = nowhere, shift = nowhere, sigma = nowhere, chip_sigma = nowhere;
    };

    template <class T>
    const T* sent(std::size_t place) const {
        return place == nowhere ? nullptr : data_.at<T>(place);
    }
    template <class T>
    std::size_t put(const T* values, std::size_t n) {
        return values == nullptr || n == 0 ? nowhere : data_.add(std::span<const T>(values, n));
    }

    Arena& data_;
    std::map<const CycleLaw*, Places> laws_;
    std::map<const EventLaw*, std::size_t> events_;
};

}  // namespace acim
