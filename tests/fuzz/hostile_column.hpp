// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/hdf5/image_writer.hpp"
#include "tests/fuzz/choices.hpp"

namespace acim::fuzz {

// A column of the wanted length and usual values, each a step above the one before, or of a wrong
// length, shape, type or value, or none.
template <class T>
void write_column(hdf5::ImageWriter& out, const std::string& path, std::size_t rows,
                  std::size_t width, T usual, Choices& choices, T step = T{}) {
    const std::uint8_t how = choices.next();
    if (how % 16 == 8) return;  // missing
    if (how % 16 == 9) return out.write(path, std::vector<std::string>(rows, "text"));
    if (how % 16 == 10) return out.write(path, std::vector<double>(rows * width, 0.5));
    if (how % 16 == 11) rows += 1 + choices.next();
    if (how % 16 == 12) rows = 0;
    if (how % 16 == 13) width = choices.next() % 8;
    if (how % 16 == 14) return out.group(path);
    if (how % 16 == 15) return out.write_text(path, "text");
    std::vector<T> values(rows * width);
    for (T& value : values) {
        value = usual;
        usual = static_cast<T>(usual + step);
        if (how / 16 == 1) value = static_cast<T>(choices.next());
        if (how / 16 == 2) value = static_cast<T>(choices.number());
        if (how / 16 == 3) value = static_cast<T>(~std::uint64_t{0});
    }
    out.write(path, values, width == 1 ? hdf5::Dims{rows} : hdf5::Dims{rows, width});
}

}  // namespace acim::fuzz
