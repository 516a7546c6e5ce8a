// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/device_aidac.hpp"

namespace acim {

DeviceAidac::DeviceAidac(const AidacWeights& w, const LayerPlan& plan)
    : weights_(w.chip.weights.empty() ? w.stored : w.chip.weights),
      inputs_(w.chip.inputs),
      correction_(w.correction),
      converters_(w.chip.converters),
      reference_(w.chip.reference),
      rows_(w.chip.rows),
      columns_(w.chip.columns) {
    view_.layout = w.layout;
    view_.operands = w.operands;
    view_.terms = w.terms;
    view_.tdc = w.tdc;
    view_.noise = w.noise;
    view_.activation_bits = plan.activation_bits;
    view_.ideal = w.ideal;
    view_.effective = !w.chip.weights.empty() || !w.chip.rows.empty();
    view_.weights = weights_.data();
    view_.correction = correction_.data();
    view_.inputs = inputs_.data();
    view_.converters = converters_.data();
    view_.reference = reference_.data();
    view_.rows = rows_.data();
    view_.columns = columns_.data();
}

AidacView DeviceAidac::view(const InverseNormalTable* normal) const {
    AidacView view = view_;
    view.normal = normal;
    return view;
}

std::size_t DeviceAidac::bytes() const {
    return weights_.bytes() + inputs_.bytes() + correction_.bytes() + converters_.bytes() +
           reference_.bytes() + rows_.bytes() + columns_.bytes();
}

}  // namespace acim
