// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cuda/model/aidac/params.hpp"
#include "cuda/model/host_device.hpp"

namespace acim {

// Raised whenever a golden hash changes, because then stored results no longer compare with new ones.
inline constexpr int model_version = 2;

// How the contraction dimension K is cut into row groups of at most `rows` cells.
enum class RowMapping : std::uint8_t {
    dense,          // consecutive inputs, every group full but the last
    whole_channels  // only whole kh*kw windows, as ASiM maps convolutions
};

// How a weight of W bits stands in columns of one-bit cells (cuda/model/macro/encoding.hpp).
enum class WeightEncoding : std::uint8_t {
    twos_complement,  // W columns, the MSB column negative
    offset_binary,    // W columns of w + 2^(W-1), the offset subtracted digitally
    differential,     // W-1 columns of max(w, 0) and W-1 of max(-w, 0)
    xnor              // W columns whose bits stand for +1 and -1; sums rest at half scale
};

// What the ADC's codes span.
enum class AdcRange : std::uint8_t {
    full,        // 0 .. FS
    counts,      // one LSB is one cell at input 1; larger sums clip
    window,      // [lo, hi] of FS, in YAML a list of two numbers
    percentile,  // [0, nearest rank of the sums]: calibrated per layer into a window before use
    csnr         // the window of least squared error of the sums, likewise (CACTUS)
};

struct AdcParams {
    int bits = 8;  // 1..14
    AdcRange range = AdcRange::full;
    std::int32_t lo = 0;       // [2^-16 FS], only for window
    std::int32_t hi = 65536;   // [2^-16 FS], only for window
    double percentile = 99.9;  // [%], only for percentile
};

// volt is divided by V_ref and, where the parasitic gain is calibrated out, multiplied by 1 + r.
enum class NoiseUnit : std::uint8_t { lsb, percent_fs, volt };

// Fresh Gaussian noise of every conversion (SPEC section 3; ASiM's rand_noise_sigma is percent_fs).
struct RandomNoise {
    double sigma = 0.0;  // [unit]
    NoiseUnit unit = NoiseUnit::lsb;
};

// Fresh Gaussian noise whose sigma falls as 1/sqrt(s*N/FS + 1) (ASiM's non_linear_sigma).
struct NonlinearNoise {
    double sigma = 0.0;  // [% of FS]
};

// Constants in place of the unit normals n1, n2: for tests against other simulators only.
struct InjectedNoise {
    bool active = false;
    double n1 = 0.0;  // [1]
    double n2 = 0.0;  // [1]
};

struct NoiseParams {
    RandomNoise random;
    NonlinearNoise nonlinear;
    InjectedNoise inject;
};

// The top `levels` anti-diagonals of the (plane, cycle) grid are computed digitally.
struct HybridParams {
    int levels = 0;
    bool asim_rounding = false;  // ASiM still rounds the digital conversions through the ADC
};

enum class VoteCombination : std::uint8_t {
    mode,    // the most frequent code, the smallest of equals
    median,  // the lower one of an even count
    mean     // all votes are added, the rest counts `samples` times
};

// The conversions of the top `levels` anti-diagonals that are not digital are taken `samples`
// times with fresh noise.
struct VotingParams {
    int levels = 0;
    int samples = 1;  // 1..64
    VoteCombination combine = VoteCombination::mode;

    ACIM_HD bool any() const { return levels > 0 && samples > 1; }
};

// Current-domain column: v = s'/(FS*(1 + alpha*s')) in place of the charge terms, s' = s with the
// static variation of the cells.
struct CurrentDomainParams {
    double alpha = 0.0;      // [1/count]
    double variation = 0.0;  // sigma of a cell's current [1]

    ACIM_HD bool any() const { return alpha != 0.0 || variation != 0.0; }
};

// The physical array that logical columns are placed on (SPEC section 4, physical place).
struct ArrayParams {
    int columns = 256;
    int row_groups = 1;       // row groups stacked in one array
    int columns_per_adc = 1;  // columns that share an ADC
    int count = 0;  // 0: every tile has an array of its own; n: n arrays serve the network
};

// The capacitor cell and its column. Every term is off at 0.
struct CellParams {
    double unit_capacitance = 0.0;     // C_u [F]
    double mismatch = 0.0;             // Pelgrom coefficient A_C [sqrt(F)]: s_u = A_C/sqrt(C_u)
    double parasitic_ratio = 0.0;      // of C_par to the column's unit capacitors [1]
    double parasitic = 0.0;            // added to C_par [F]
    double parasitic_variation = 0.0;  // relative sigma of C_par between columns [1]
    bool calibrated = true;            // the ADC's range follows the parasitic gain
    double leakage = 0.0;              // per cell [A]
    double hold_time = 0.0;            // [s]
    double temperature = 0.0;          // of kT/C [K]
};

// The switches of the column.
struct SwitchParams {
    double injection_offset = 0.0;            // c0 [V]
    double injection_offset_variation = 0.0;  // sigma between columns [V]
    double injection_gain = 0.0;              // c1 [1]
    double injection_curvature = 0.0;         // c2 [1/FS]
    double settling_error = 0.0;              // eps [1]
    bool reset = true;                        // the column forgets its last value
};

// The converters that drive rows in cycles of two and more bits.
struct InputDacParams {
    double inl = 0.0;           // sigma of the peak of a parabola, per row driver [LSB of the DAC]
    std::vector<double> table;  // INL of every code, the same for all drivers [LSB of the DAC]

    bool any() const { return inl != 0.0 || !table.empty(); }
};

// Edges of measured ADCs: how far edge c = 1 .. 2^B-1 lies above c - 1/2.
struct AdcEdgeTable {
    std::string hash;         // SHA-256 (hex) of the content
    std::string file;         // as the user named it, for messages
    int adcs = 0;             // ADC n of the macro takes row n mod adcs
    int edges = 0;            // 2^B - 1
    std::vector<double> inl;  // [adcs][edges] [LSB]
};

// What one ADC does wrong (static, per ADC) and its comparator's fresh noise.
// Voltages are those of the column, as for noise.random in volts; each adds to its twin in LSB.
struct AdcErrorParams {
    double offset = 0.0;           // sigma [LSB]
    double gain = 0.0;             // sigma [1]
    double dnl = 0.0;              // sigma of a code's width [LSB]
    double comparator = 0.0;       // fresh sigma [LSB]
    double offset_volt = 0.0;      // sigma [V]
    double dnl_volt = 0.0;         // sigma of a code's width [V]
    double comparator_volt = 0.0;  // fresh sigma [V]
    std::shared_ptr<const AdcEdgeTable> table;

    bool draws_edges() const { return dnl != 0.0 || dnl_volt != 0.0; }
    // Drawn anew for every chip.
    bool draws_static() const {
        return offset != 0.0 || offset_volt != 0.0 || gain != 0.0 || draws_edges();
    }
    bool draws_fresh() const { return comparator != 0.0 || comparator_volt != 0.0; }
    bool any_volt() const {
        return offset_volt != 0.0 || dnl_volt != 0.0 || comparator_volt != 0.0;
    }
    bool any_static() const { return draws_static() || table; }
};

// A measured error of the whole conversion as a function of the exact sum, linear in between.
struct MeasuredErrorTable {
    std::string hash;                 // SHA-256 (hex) of the content
    std::string file;                 // as the user named it, for messages
    std::vector<double> sum;          // ascending, covering 0 .. FS [count]
    std::vector<double> mean, sigma;  // [LSB]
};

// One term at every place of one or more chips: [chips][arrays][lines][width].
template <class T>
struct MeasuredTerm {
    int chips = 1, arrays = 1;  // what stands there once holds for every chip, every array
    int lines = 0;              // rows, columns or ADCs of an array; 0: not measured
    int width = 1;              // columns of a row of cells, edges of an ADC, else 1
    std::vector<T> values;

    bool any() const { return lines > 0; }
    // The values of a line, or null where the term is not measured. Chips and arrays beyond the
    // measured ones start again from the first.
    const T* at(std::uint32_t chip, std::uint32_t array, std::uint32_t line) const {
        if (!any()) return nullptr;
        const std::uint64_t place =
            std::uint64_t{chip % static_cast<std::uint32_t>(chips)} * arrays +
            array % static_cast<std::uint32_t>(arrays);
        return values.data() + (place * lines + line) * width;
    }
};

// Static terms of real chips, each in place of the one that would be drawn. Deviations of cells and
// row drivers are held in int8, in steps of 1/127 of the file's largest.
struct MeasuredChip {
    std::string hash;                   // SHA-256 (hex) of the content
    std::string file;                   // as the user named it, for messages
    MeasuredTerm<std::int8_t> cells;    // q of C = C_u*(1 + q*cell_step), [rows][columns]
    double cell_step = 0.0;             // [1]
    MeasuredTerm<std::int8_t> drivers;  // q of a parabola with the peak q*driver_step, [rows]
    double driver_step = 0.0;           // [LSB of the DAC]
    MeasuredTerm<double> adc_offset;    // [adcs] [LSB]
    MeasuredTerm<double> adc_gain;      // [adcs] [1]
    MeasuredTerm<double> adc_inl;       // [adcs][edges], above c - 1/2 for c = 1 .. 2^B-1 [LSB]
    MeasuredTerm<double> injection;     // c0, [columns] [V]
    MeasuredTerm<double> parasitic;     // C_par, [columns] [F]
    double mean_parasitic = 0.0;        // of all columns: what the ADC's range follows [F]

    int chips() const {
        int most = 1;
        for (const int n : {cells.chips, drivers.chips, adc_offset.chips, adc_gain.chips,
                            adc_inl.chips, injection.chips, parasitic.chips})
            most = n > most ? n : most;
        return most;
    }
};

enum class ErrorScope : std::uint8_t {
    fresh,  // sigma is drawn in every conversion
    chip    // sigma is drawn once per ADC: mean(s) + sigma(s)*z
};

struct MeasuredErrorParams {
    std::shared_ptr<const MeasuredErrorTable> table;
    ErrorScope scope = ErrorScope::fresh;
};

enum class MacroKind : std::uint8_t {
    bit_sliced,  // one column per weight bit, one conversion per plane and cycle
    aidac        // all-analog multibit: one conversion per output and row span
};

// One macro as `macro:` in YAML describes it.
struct MacroParams {
    MacroKind kind = MacroKind::bit_sliced;
    int rows = 255;  // 1..4096
    RowMapping mapping = RowMapping::whole_channels;
    int bits_per_cycle = 1;  // 1 = bit-serial, 2..X = bit-parallel
    WeightEncoding weight_encoding = WeightEncoding::twos_complement;
    bool weight_parallel = false;  // one conversion for all planes of a row group and cycle
    AdcParams adc;
    NoiseParams noise;
    HybridParams hybrid;
    VotingParams voting;
    CurrentDomainParams current_domain;
    ArrayParams array;
    double v_ref = 0.0;  // [V]; 0: not given
    CellParams cell;
    SwitchParams switches;
    InputDacParams input_dac;
    AdcErrorParams adc_errors;
    MeasuredErrorParams measured;
    std::shared_ptr<const MeasuredChip> chip;  // static terms that are measured, not drawn
    AidacParams aidac;                         // only for kind aidac
};

// Which sampler turns random bits into codes. A pure function of the configuration, never of the
// hardware (SPEC section 7).
enum class SamplingPath : std::uint8_t {
    product,  // lossless and noise-free: one integer matrix product
    lut,      // noise-free: one code per s
    table,    // one 16-bit uniform per conversion through a table of cells
    fixed,    // the reference: integer inverse normal, then ADC edges
    chip,     // as fixed, with errors of one chip, from 16 bits that are refined where they matter
    events    // lossless with rare errors: the integer product, and the conversions that err
};

// What the user asked for: `automatic` takes the first path that applies, `table` switches the
// shortcuts off (noise-free layers take `lut`), `fixed` runs every layer on the reference path.
enum class PathRequest : std::uint8_t { automatic, table, fixed };

// Everything that decides how one MAC layer is computed.
struct LayerSettings {
    bool analog = true;       // false: exact integer product of the same quantised operands
    int weight_bits = 8;      // 2..8 (1 in `mac`: one positive plane)
    int activation_bits = 8;  // 1..9
    MacroParams macro;
    PathRequest path = PathRequest::automatic;
};

}  // namespace acim
