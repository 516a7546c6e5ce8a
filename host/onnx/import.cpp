// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/import.hpp"

#include <new>

#include "host/core/error.hpp"
#include "host/onnx/draft_passes.hpp"
#include "host/onnx/finish.hpp"
#include "host/onnx/load_nodes.hpp"
#include "host/onnx/lower.hpp"
#include "host/onnx/order.hpp"
#include "host/onnx/problem.hpp"
#include "host/onnx/resolve.hpp"
#include "host/onnx/rewrites.hpp"
#include "host/onnx/unsupported.hpp"

namespace acim {
namespace {

using namespace onnx_import;

FloatGraph import_checked(const std::filesystem::path& path) {
    NodeList list = load_nodes(path);
    sort_nodes(list);
    drop_dead_nodes(list);
    Unsupported unsupported;
    find_unknown_operators(list, unsupported);
    resolve(list, unsupported);
    if (unsupported.any()) check_lowerings(list, unsupported);
    unsupported.throw_if_any();
    drop_dead_nodes(list);
    recognise_functions(list);
    rewrite_pads(list);
    rewrite_reduce_mean(list);
    mark_attention(list);
    Draft draft = lower(list);
    fold_affine(draft);
    fold_factors(draft);
    spread_affine(draft);
    state_quantisation(draft);
    merge_views(draft);
    return finish(draft);
}

}  // namespace

FloatGraph import_onnx(const std::filesystem::path& path) {
    const std::string place = path.string() + ": ";
    try {
        return import_checked(path);
    } catch (const Problem& problem) {
        throw InputError(place + problem.what());
    } catch (const std::bad_alloc&) {
        throw InputError(place + "the model needs more memory than there is. Use a smaller model");
    }
}

std::vector<std::string> supported_onnx_operators() { return onnx_import::supported_operators(); }

}  // namespace acim
