// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace acim {

// Folder that holds data/, sweeps/ and analysis/, which the program reads at run time: the source tree
// for the programs of a build folder, share/acimsweep beside the folder of the program for an installed
// one, wherever that was moved. Empty where the program stands alone.
std::filesystem::path project_files();

// Folder of presets and technologies: $ACIMSWEEP_DATA if set, else data/ of the above. It need not exist.
std::filesystem::path data_folder();

// Source tree of a program of a build folder, empty for an installed one. A program that defines this
// function itself, as the installed one does, links that definition in place of the library's.
std::string source_tree();

}  // namespace acim
