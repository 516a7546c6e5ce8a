// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cuda/model/macro/params.hpp"
#include "host/data/data_set.hpp"
#include "host/quant/calibrate.hpp"
#include "host/sweep/technology.hpp"

namespace acim {

using QuantisationConfig = QuantisationSpec;

// What the points of a sweep share.
enum class NoiseStreams {
    shared,      // chips and noise: differences between points have little variance
    independent  // nothing: every point draws from a seed of its own
};

// One entry of `layers:`. Its settings override those of the point for the MAC layers whose name
// matches; later entries win.
struct LayerRule {
    std::string match;  // glob: * any characters, ? one character
    // Dotted path (analog, weight_bits, activation_bits, macro.*) and checked value, as written.
    std::vector<std::pair<std::string, nlohmann::json>> settings;
    std::string place;  // "file:line" for messages; not part of the identity
};

// Everything that decides the results of one point of the design space, and its costs.
struct PointConfig {
    QuantisationConfig quantisation;
    int weight_bits = 8;
    int activation_bits = 8;
    MacroParams macro;
    std::vector<LayerRule> layers;
    PathRequest path = PathRequest::automatic;
    NoiseStreams noise_streams = NoiseStreams::shared;
    // What it costs: no trial depends on these two.
    Technology technology;
    std::string technology_name = "cmos_28nm";  // of its file, without folder and ending
    // The swept axes only, in the order of the axes, by dotted path: values as the user reads them.
    std::vector<std::pair<std::string, nlohmann::json>> parameters;

    // Keys as in YAML, values in the units of the keys' table, features that are off left out; the
    // ADC window in 2^-16 of full scale. Equal configurations give equal JSON.
    nlohmann::json canonical() const;
    // The same of the keys that decide costs; not part of the identity.
    nlohmann::json canonical_costs() const;
};

// One step of an axis: the keys it sets (one for a grid axis, several for zip) and their values.
struct Axis {
    std::vector<std::string> paths;
    std::vector<std::vector<nlohmann::json>> values;  // [path][step]
    std::vector<std::string> places;                  // "file:line" per path, for messages

    std::size_t size() const { return values.empty() ? 0 : values.front().size(); }
};

struct WorkloadSpec {
    std::string network;                  // path, resolved against the sweep file's directory
    DataSpec data;                        // the evaluation set
    std::optional<std::uint32_t> images;  // first images of the evaluation set; absent: all
    // Absent only where quantisation.images is 0: then the scales come from the evaluation images.
    std::optional<DataSpec> calibration;
};

struct TrialsSpec {
    std::uint32_t chips = 1;
    std::uint32_t repeats = 1;
    bool predictions = false;  // stored for every item
    // Wanted half-width of the accuracy's interval, at which a point stops; 0: all chips run.
    double stop_half_width = 0.0;
    std::uint32_t stop_first_chips = 8;  // before the first look at it
};

// A sweep file, checked. Nothing in it has touched the network or the data yet.
struct SweepSpec {
    std::string name;
    std::uint64_t seed = 0;
    WorkloadSpec workload;
    TrialsSpec trials;
    PointConfig base;        // without axes; `parameters` is empty
    std::vector<Axis> axes;  // grid axes as written, then the zip axis if there is one
    // What takes the place of `base` where macro.preset is an axis, by its values.
    std::map<std::string, PointConfig> preset_bases;
    std::map<std::string, std::string> places;  // "file:line" of the keys that are written
    std::filesystem::path file;
    std::string text;                    // the file, byte for byte
    std::vector<std::string> overrides;  // the --set arguments

    // Where a key is written, for messages; the file where it is not.
    std::string place(const std::string& path) const {
        const auto found = places.find(path);
        return found != places.end() ? found->second : file.string();
    }
};

// The file of `acimsweep mac`, checked.
struct MacFile {
    LayerSettings settings;
    Technology technology;
    std::string technology_name;
    std::optional<std::uint64_t> seed;  // absent only where no random number is drawn
    std::uint32_t chips = 1;
    std::uint32_t repeats = 1;
    std::filesystem::path file;
    std::string text;

    nlohmann::json canonical() const;  // with chips, repeats and, if given, seed
};

}  // namespace acim
