// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "host/store/plan_record.hpp"

namespace acim {

// What to do with a directory whose plan is another one.
enum class PlanChange { refuse, extend };

// The directory of one run (docs/result_format.md):
//   plan.json             the plan in force, canonical; replaced as a whole, never edited
//   plans/*.json          the plans that were in force before, by their hash
//   segments/*.h5         finished trials; each file has one writer and never changes
//   results.h5            what users open; replaced by rename
//   runs/*.json           one small file per attempt: when, where, how
//   networks/<hash>.h5    calibrated networks
//   log.txt
// Many processes may hold the same directory at the same time.
class RunDirectory {
public:
    // Makes the directory or resumes it. Another plan (by plan_sha256) is refused, or takes the
    // place of the old one where seed, model_version and data_hash agree: stored trials are named by
    // content, so adding points, chips, repeats or images keeps all of them. Then block_images stays
    // that of the first plan; see plan(). A plan without baselines never replaces one that has them.
    // InputError when the plan is refused or the directory belongs to something else; StorageError
    // when it cannot be written.
    static RunDirectory create_or_open(const std::filesystem::path& path, const PlanRecord& plan,
                                       PlanChange change = PlanChange::refuse);
    // What create_or_open would refuse, found before a plan is made; writes nothing. The first looks
    // at the place alone; the second compares a stored plan, if there is one, with what is known
    // before calibration: of the points their settings (canonical_json), not their ids or networks.
    static void check_place(const std::filesystem::path& path);
    static void check_plan(const std::filesystem::path& path, const PlanRecord& plan,
                           PlanChange change);
    // Opens what is there, for reading. InputError when it is no run directory.
    static RunDirectory open(const std::filesystem::path& path);

    const std::filesystem::path& path() const { return path_; }
    const PlanRecord& plan() const { return plan_; }  // the one in force

    std::filesystem::path plan_path() const { return path_ / "plan.json"; }
    std::filesystem::path segments() const { return path_ / "segments"; }
    std::filesystem::path results() const { return path_ / "results.h5"; }
    std::filesystem::path runs() const { return path_ / "runs"; }
    std::filesystem::path log() const { return path_ / "log.txt"; }
    std::filesystem::path network(const std::string& hash) const {
        return path_ / "networks" / (hash + ".h5");
    }

private:
    RunDirectory(std::filesystem::path path, PlanRecord plan);
    void replace_plan(const PlanRecord& stored, PlanChange change);
    std::filesystem::path path_;
    PlanRecord plan_;
};

}  // namespace acim
