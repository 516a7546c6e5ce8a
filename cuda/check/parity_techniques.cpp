// SPDX-License-Identifier: Apache-2.0
// Digital techniques and encodings of weights.
#include "cuda/check/parity_points.hpp"

namespace acim {
namespace {

using Points = std::vector<NamedSettings>;

LayerSettings hybrid(LayerSettings s, int levels, bool rounding) {
    s.macro.hybrid = {levels, rounding};
    return s;
}

LayerSettings voting(LayerSettings s, const VotingParams& votes) {
    s.macro.voting = votes;
    return s;
}

LayerSettings fixed(LayerSettings s) {
    s.path = PathRequest::fixed;
    return s;
}

LayerSettings parallel(LayerSettings s, int bits_per_cycle) {
    s.macro.bits_per_cycle = bits_per_cycle;
    return s;
}

LayerSettings encoded(LayerSettings s, WeightEncoding encoding) {
    s.macro.weight_encoding = encoding;
    return s;
}

}  // namespace

Points technique_points() {
    using enum VoteCombination;
    const LayerSettings quiet = dense_macro(50, 6, 0.0), noisy = dense_macro(50, 6, 0.4),
                        lossless = dense_macro(63, 6, 0.3);
    return {
        {"hybrid, lut", hybrid(quiet, 3, false)},
        {"hybrid, table", hybrid(noisy, 3, false)},
        {"hybrid, thresholds", hybrid(lossless, 4, false)},
        {"hybrid, fixed", hybrid(fixed(noisy), 3, false)},
        {"hybrid, e = 3", hybrid(parallel(noisy, 3), 3, false)},
        {"hybrid, rounded, lut", hybrid(quiet, 4, true)},
        {"hybrid, rounded, table", hybrid(noisy, 4, true)},
        {"hybrid, all levels", hybrid(noisy, 64, false)},
        {"votes, mode of 3", voting(noisy, {4, 3, mode})},
        {"votes, median of 4", voting(noisy, {5, 4, median})},
        {"votes, mean of 5", voting(noisy, {3, 5, mean})},
        {"votes, mode of 64", voting(noisy, {1, 64, mode})},
        {"votes, median of 17 on all", voting(dense_macro(63, 6, 1.5), {64, 17, median})},
        {"votes, fixed", voting(fixed(noisy), {3, 3, median})},
        {"votes without noise, mean", voting(quiet, {3, 4, mean})},
        {"votes without noise, mode", voting(quiet, {3, 4, mode})},
        {"votes, e = 2", voting(parallel(noisy, 2), {3, 3, mode})},
        {"hybrid and votes", hybrid(voting(noisy, {5, 3, median}), 2, false)},
        {"hybrid and mean of 3", hybrid(voting(noisy, {5, 3, mean}), 2, true)},
    };
}

Points encoding_points() {
    Points points;
    const auto add = [&](const std::string& name, const LayerSettings& s) {
        points.push_back({name, s});
    };
    for (const auto& [name, encoding] :
         {std::pair{std::string("offset_binary"), WeightEncoding::offset_binary},
          std::pair{std::string("differential"), WeightEncoding::differential},
          std::pair{std::string("xnor"), WeightEncoding::xnor}}) {
        add(name + ", exact", encoded(dense_macro(63, 6, 0.0), encoding));
        add(name + ", lut", encoded(dense_macro(50, 6, 0.0), encoding));
        add(name + ", table", encoded(dense_macro(50, 6, 0.4), encoding));
        add(name + ", thresholds", encoded(dense_macro(63, 7, 0.255), encoding));
        add(name + ", fixed", encoded(fixed(dense_macro(50, 6, 0.4)), encoding));
        add(name + ", e = 3", encoded(parallel(dense_macro(50, 6, 0.4), 3), encoding));
        add(name + ", hybrid and votes",
            encoded(hybrid(voting(dense_macro(50, 6, 0.4), {4, 3, VoteCombination::mean}), 2, true),
                    encoding));
        LayerSettings window = dense_macro(50, 6, 0.4);
        window.macro.adc.range = AdcRange::window;
        window.macro.adc.lo = 16384;
        window.macro.adc.hi = 49152;
        add(name + ", window", encoded(window, encoding));
        // Sums of xnor columns lie about 50, twice as high.
        LayerSettings counts = dense_macro(50, encoding == WeightEncoding::xnor ? 6 : 5, 0.4);
        counts.macro.adc.range = AdcRange::counts;
        add(name + ", counts", encoded(counts, encoding));
    }
    return points;
}

Points basic_points() {
    LayerSettings digital;
    digital.analog = false;
    LayerSettings table = dense_macro(36, 5, 0.4);
    table.macro.noise.nonlinear.sigma = 0.3;
    LayerSettings chip = dense_macro(36, 6, 0.3);
    set_chip_terms(chip.macro);
    return {
        {"digital", digital},
        {"product", dense_macro(63, 6, 0.0)},
        {"lut", dense_macro(40, 4, 0.0)},
        {"thresholds", dense_macro(63, 6, 0.255)},
        {"table", table},
        {"fixed", fixed(dense_macro(36, 5, 0.4))},
        {"chip", chip},
    };
}

Points deep_points() {
    Points points;
    points.push_back({"product, 255 rows", dense_macro(255, 8, 0.0)});
    points.push_back({"thresholds, 255 rows", dense_macro(255, 8, 0.255)});
    points.push_back({"thresholds, 1023 rows", dense_macro(1023, 10, 0.255)});
    points.push_back({"table, 256 rows", dense_macro(256, 8, 0.5)});
    points.push_back({"table, 576 rows", dense_macro(576, 9, 0.5)});
    points.push_back({"table, 1152 rows", dense_macro(1152, 10, 0.5)});
    points.push_back({"lut, 1152 rows", dense_macro(1152, 8, 0.0)});
    points.push_back({"table, 1152 rows, e = 4", parallel(dense_macro(1152, 10, 0.5), 4)});
    points.push_back({"fixed, 700 rows", fixed(dense_macro(700, 9, 0.5))});
    LayerSettings chip = dense_macro(1152, 10, 0.5);
    set_chip_terms(chip.macro);
    points.push_back({"chip, 1152 rows", chip});
    return points;
}

}  // namespace acim
