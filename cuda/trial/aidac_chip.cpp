// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/aidac_chip.hpp"

#include <algorithm>

#include "cuda/model/aidac/row_conversion.hpp"
#include "cuda/model/macro/transfer.hpp"
#include "cuda/trial/chip_draw.hpp"

namespace acim {
namespace {

using aidac::operand_bits;

// Deviations q of one array block: [column][row].
class Cells {
public:
    Cells(int columns, int rows)
        : rows_(rows), q_(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows)) {}

    void draw(int columns, ChipPlace place, PhiloxKey chip) {
        auto q = q_.begin();
        for (int c = 0; c < columns; ++c) {
            place.column = static_cast<std::uint32_t>(c);
            ChipRowDraws draws(NoiseSource::aidac_cell, place, chip);
            for (int r = 0; r < rows_; ++r)
                *q++ = static_cast<std::int8_t>(mismatch_step(draws.next()));
        }
    }
    int at(int column, int row) const { return q_[static_cast<std::size_t>(column) * rows_ + row]; }
    // Of the first `rows` rows of a column.
    int sum(int column, int rows) const {
        int total = 0;
        for (int r = 0; r < rows; ++r) total += at(column, r);
        return total;
    }

private:
    int rows_;
    std::vector<std::int8_t> q_;
};

// Builds the effective operands of a product, one array block after the other.
class Builder {
public:
    Builder(const AidacLayout& layout, const aidac::Terms& terms,
            std::span<const std::int16_t> weights, const ProductSite& site)
        : layout_(layout),
          terms_(terms),
          weights_(weights),
          site_(site),
          depth_(static_cast<std::size_t>(layout.depth)) {}

    void draw_cells(AidacChip& out) {
        const bool cells = terms_.topology == AidacTopology::grouped_cells;
        int used = 0;  // outputs of an array up to the last that exists
        for (int m = 0; m < layout_.outputs; ++m) used = std::max(used, layout_.column_of(m) + 1);
        const int columns = cells ? aidac::row_units : used * operand_bits;
        if (cells) out.inputs.resize(depth_ * operand_bits * layout_.arrays);
        if (weights_.empty()) {
            out.rows.resize(depth_ * layout_.outputs);
            out.columns.resize(row_blocks() * static_cast<std::size_t>(layout_.outputs));
        } else {
            out.weights.resize(depth_ * layout_.outputs);
        }
        Cells block(columns, terms_.rows);
        for (int array = 0; array < layout_.arrays; ++array) {
            for (int row = 0; row < layout_.depth; row += terms_.rows) {
                const int span = row / layout_.span_rows;
                block.draw(columns, place(span, array, row % layout_.span_rows), site_.chip);
                if (cells) add_inputs(block, array, row, out.inputs);
                add_weights(block, array, row, cells, out);
            }
        }
    }

    void draw_converters(AidacChip& out) const {
        for (int span = 0; span < layout_.spans; ++span)
            for (int m = 0; m < layout_.outputs; ++m)
                for (int n = 0; n < terms_.blocks; ++n) {
                    ChipPlace at = place(span, layout_.array_of(m), n);
                    at.column = static_cast<std::uint32_t>(layout_.column_of(m));
                    out.converters.push_back(
                        {normal(NoiseSource::aidac_vtc_gain, at, terms_.vtc_gain),
                         normal(NoiseSource::aidac_vtc_offset, at, terms_.vtc_offset)});
                }
    }

    // The reference column of an array rests at 0 V: of its converters only the offsets show.
    void draw_reference(AidacChip& out) const {
        for (int span = 0; span < layout_.spans; ++span)
            for (int array = 0; array < layout_.arrays; ++array) {
                double sum = 0.0;
                for (int n = 0; n < terms_.blocks; ++n)
                    sum = sum + normal(NoiseSource::aidac_reference, place(span, array, n),
                                       terms_.vtc_offset);
                out.reference.push_back(sum);
            }
    }

private:
    ChipPlace place(int span, int array, int row) const {
        const int number = span * layout_.layer_arrays + layout_.first_array + array;
        return {static_cast<std::uint32_t>(row), 0, static_cast<std::uint32_t>(number),
                site_.layer};
    }
    double normal(NoiseSource source, const ChipPlace& at, double sigma) const {
        return sigma == 0.0 ? 0.0 : sigma * chip_normal(source, at, site_.chip);
    }
    int rows_left(int first_row) const { return std::min(terms_.rows, layout_.depth - first_row); }

    void add_inputs(const Cells& block, int array, int first_row,
                    std::vector<std::int16_t>& inputs) const {
        for (int r = 0; r < rows_left(first_row); ++r) {
            std::int32_t group[operand_bits] = {}, row = 0;
            for (int c = 0; c < aidac::row_units; ++c) {
                row += block.at(c, r);
                if (c > 0) group[aidac::input_group(c)] += block.at(c, r);
            }
            for (int b = 0; b < operand_bits; ++b)
                inputs[(static_cast<std::size_t>(array) * operand_bits + b) * depth_ + first_row +
                       r] =
                    static_cast<std::int16_t>(aidac::effective_input_bit(terms_, b, group[b], row));
        }
    }

    std::size_t row_blocks() const {
        return (depth_ + static_cast<std::size_t>(terms_.rows) - 1) /
               static_cast<std::size_t>(terms_.rows);
    }

    // Of the outputs of an array in one block of rows.
    void add_weights(const Cells& block, int array, int first_row, bool cells,
                     AidacChip& out) const {
        for (int m = layout_.first_in_array(array);
             m < layout_.outputs && layout_.array_of(m) == array; ++m) {
            const int column = layout_.column_of(m) * operand_bits;
            const AidacColumn shares =
                cells ? joined_column(block, column) : grouped_column(block, column);
            if (weights_.empty()) out.columns[row_blocks() * m + first_row / terms_.rows] = shares;
            for (int r = 0; r < rows_left(first_row); ++r) {
                const std::size_t at = depth_ * m + first_row + r;
                AidacRow row;
                for (int b = 0; b < operand_bits; ++b)
                    row.q[b] = static_cast<std::int8_t>(block.at(column + b, r));
                if (weights_.empty())
                    out.rows[at] = row;
                else
                    out.weights[at] = effective_weight(terms_, weights_[at], shares, row);
            }
        }
    }

    AidacColumn joined_column(const Cells& block, int column) const {
        aidac::ColumnSums sums[operand_bits];
        std::int32_t joined = 0;
        for (int j = 0; j < operand_bits; ++j) {
            sums[j] = {block.sum(column + j, terms_.rows), block.sum(column + j, 1 << j)};
            joined += sums[j].joined;
        }
        AidacColumn out{};
        for (int j = 0; j < operand_bits; ++j)
            out.share[j] = aidac::bit_weight(terms_, j, sums[j], joined);
        return out;
    }

    AidacColumn grouped_column(const Cells& block, int column) const {
        std::int32_t sums[operand_bits];
        for (int b = 0; b < operand_bits; ++b) sums[b] = block.sum(column + b, terms_.rows);
        return {{aidac::grouped_share(terms_, sums)}};
    }

    const AidacLayout& layout_;
    const aidac::Terms& terms_;
    std::span<const std::int16_t> weights_;
    const ProductSite& site_;
    std::size_t depth_;
};

}  // namespace

AidacLayout aidac_layout(const LayerPlan& plan, int outputs, const ProductSite& site) {
    AidacLayout out;
    out.outputs = outputs;
    out.depth = plan.depth;
    out.span_rows = plan.rows;
    out.spans = plan.groups;
    out.per_array = plan.macro.aidac.outputs_per_array;
    out.first_output = site.first_output;
    out.first_array = site.first_output / out.per_array;
    out.arrays = (site.first_output + outputs - 1) / out.per_array - out.first_array + 1;
    const int all = std::max(site.outputs, site.first_output + outputs);
    out.layer_arrays = (all + out.per_array - 1) / out.per_array;
    return out;
}

AidacChip draw_aidac_chip(const LayerPlan& plan, const AidacLayout& layout,
                          const aidac::Terms& terms, std::span<const std::int16_t> weights,
                          const ProductSite& site) {
    AidacChip out;
    Builder builder(layout, terms, weights, site);
    if (terms.mismatch != 0.0) builder.draw_cells(out);
    if (terms.vtc_gain != 0.0 || terms.vtc_offset != 0.0) builder.draw_converters(out);
    if (plan.macro.aidac.reference == AidacReference::raw && terms.vtc_offset != 0.0)
        builder.draw_reference(out);
    return out;
}

}  // namespace acim
