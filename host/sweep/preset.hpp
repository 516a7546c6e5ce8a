// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/sweep/document.hpp"

namespace acim {

// What a preset describes: a macro (folder data/macros), or what its parts cost (data/technology).
enum class PresetKind { macro, technology };

enum class SourceKind {
    published,  // stated by the source
    derived,    // computed from what the source states
    assumed     // chosen by us; the text says why
};

// Where the value of one key comes from.
struct PresetSource {
    std::string path;  // dotted
    SourceKind kind = SourceKind::assumed;
    std::string text;
};

// What a preset says about itself.
struct Preset {
    std::string name;
    std::filesystem::path file;
    std::string title;
    std::vector<std::string> gaps;  // what is not known about the design
    std::vector<PresetSource> sources;
};

// All presets that a name finds, by name. A broken file is an InputError.
std::vector<Preset> list_presets(PresetKind kind = PresetKind::macro);

// The file of a preset. A name with a slash or .yaml is a path relative to the folder; any other is
// looked for in that folder of $ACIMSWEEP_DATA, then in the program's own data
// (host/core/project_files.hpp).
std::filesystem::path find_preset(const std::string& name, const ValuePlace& where,
                                  PresetKind kind = PresetKind::macro);

// Reads a preset, which is a file of `acimsweep mac` with the block `preset`. Throws InputError, also
// where a key of the macro or technology has no source.
Preset read_preset(const std::filesystem::path& file, PresetKind kind = PresetKind::macro);

// The keys that a preset sets, with their places: weight_bits, activation_bits, macro.* and
// technology.* of a macro, technology.* of a technology.
std::vector<Entry> preset_entries(const std::filesystem::path& file,
                                  PresetKind kind = PresetKind::macro);

}  // namespace acim
