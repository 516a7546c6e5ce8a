// SPDX-License-Identifier: Apache-2.0
// Voted conversions; included once per instruction set by simd_loops.cpp. Only the octets that hold
// voted conversions are drawn again; their codes are combined in 16-bit lanes as combine_votes() of
// cuda/model/macro/vote.hpp does: mode and median from a sorting network, mean from sums.
#if defined(ACIM_SIMD_VOTES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ACIM_SIMD_VOTES_INL
#undef ACIM_SIMD_VOTES_INL
#else
#define ACIM_SIMD_VOTES_INL
#endif

#include "cuda/model/macro/vote.hpp"
#include "host/engine/simd_codes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace acim::simd::HWY_NAMESPACE {
// All votes of the two quads of an octet.
struct alignas(64) OctetVotes {
    std::uint64_t codes[2][max_votes][block_outputs];
};

// Ascending order in every lane: Batcher's merge exchange (Knuth, TAOCP 5.2.2, algorithm M), which
// needs no power of two.
HWY_INLINE void SortVotes(std::uint64_t (*HWY_RESTRICT v)[block_outputs], int n) {
    const D64 d;
    const I16 i16;
    const auto exchange = [&](int a, int b) {
        const auto x = hn::BitCast(i16, hn::Load(d, v[a])), y = hn::BitCast(i16, hn::Load(d, v[b]));
        hn::Store(hn::BitCast(d, hn::Min(x, y)), d, v[a]);
        hn::Store(hn::BitCast(d, hn::Max(x, y)), d, v[b]);
    };
    int top = 1;
    while (2 * top < n) top *= 2;
    for (int p = top; p > 0; p /= 2) {
        int q = top, r = 0, distance = p;
        for (;;) {
            for (int i = 0; i < n - distance; ++i)
                if ((i & p) == r) exchange(i, i + distance);
            if (q == p) break;
            distance = q - p;
            q /= 2;
            r = p;
        }
    }
}

// The longest run of equals, the first of several: votes ascend, so that it is the smallest code.
HWY_INLINE V64 SortedMode(const std::uint64_t (*HWY_RESTRICT v)[block_outputs], int n) {
    const D64 d;
    const I16 i16;
    const auto one = hn::Set(i16, 1);
    auto last = hn::BitCast(i16, hn::Load(d, v[0]));
    auto best = last, run = one, most = one;
    for (int i = 1; i < n; ++i) {
        const auto code = hn::BitCast(i16, hn::Load(d, v[i]));
        run = hn::Add(hn::IfThenElseZero(hn::Eq(code, last), run), one);
        const auto more = hn::Gt(run, most);
        best = hn::IfThenElse(more, code, best);
        most = hn::Max(most, run);
        last = code;
    }
    return hn::BitCast(d, best);
}

HWY_INLINE V64 SumOfVotes(const std::uint64_t (*HWY_RESTRICT v)[block_outputs], int n) {
    const D64 d;
    const I16 i16;
    auto sum = hn::BitCast(i16, hn::Load(d, v[0]));
    for (int i = 1; i < n; ++i) sum = hn::Add(sum, hn::BitCast(i16, hn::Load(d, v[i])));
    return hn::BitCast(d, sum);
}

HWY_INLINE V64 CombineVotes(VoteCombination rule, std::uint64_t (*HWY_RESTRICT v)[block_outputs],
                            int n) {
    const D64 d;
    if (rule == VoteCombination::mean) return SumOfVotes(v, n);
    SortVotes(v, n);
    return rule == VoteCombination::median ? hn::Load(d, v[(n - 1) / 2]) : SortedMode(v, n);
}

// Draws the further votes of the voted octets and puts what they give in place of vote 0.
template <class ToCodes>
HWY_NOINLINE void SampleVotes(const SimdLayer& layer, const DrawPlace& place, std::uint64_t stream,
                              Block& block, const ToCodes& to_codes) {
    const D64 d;
    OctetVotes votes;
    for (const VotedOctet& voted : layer.voted) {
        const int quad = 2 * voted.octet;
        const std::uint64_t octet =
            place.group + static_cast<std::uint64_t>(voted.octet) * next_octet;
        for (int vote = 1; vote < layer.votes; vote += calls_in_step) {
            const PhiloxCalls r = CallsInStep(
                place, stream, octet + static_cast<std::uint64_t>(vote) * next_vote, next_vote);
            for (int n = vote; n < std::min(vote + calls_in_step, layer.votes); ++n) {
                to_codes(quad, r.lo[n - vote], static_cast<std::uint32_t>(n), votes.codes[0][n]);
                to_codes(quad + 1, r.hi[n - vote], static_cast<std::uint32_t>(n),
                         votes.codes[1][n]);
            }
        }
        for (int half = 0; half < 2; ++half) {
            std::uint64_t* codes = block.codes[quad + half];
            const V64 first = hn::Load(d, codes), mask = hn::Set(d, voted.voted[half]);
            hn::Store(first, d, votes.codes[half][0]);
            const V64 combined = CombineVotes(layer.combine, votes.codes[half], layer.votes);
            hn::Store(hn::Or(hn::And(mask, combined), hn::AndNot(mask, first)), d, codes);
        }
    }
}

// Draws of all octets and votes.
template <class ToCodes>
HWY_INLINE void Sample(const SimdLayer& layer, const DrawPlace& place, NoiseSource source,
                       std::uint64_t layer_number, Block& block, const ToCodes& to_codes) {
    const std::uint64_t stream = static_cast<std::uint32_t>(source) | layer_number
                                                                          << CounterWidths::source;
    SampleOctets(layer, place, stream, block, to_codes);
    if (!layer.voted.empty()) SampleVotes(layer, place, stream, block, to_codes);
}

}  // namespace acim::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
