// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/parameter_sets.h"

#include <algorithm>
#include <vector>

#include "core/model/byte_reader.h"

namespace rec {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kAvcHead = 6;    // before the first SPS
constexpr std::size_t kHevcHead = 22;  // before the number of arrays

std::size_t length_size(NalCodec codec, Bytes config) {
  const std::size_t at = codec == NalCodec::h264 ? 4 : 21;
  return config.size() > at ? (config[at] & 3u) + 1u : 4u;
}

bool is_parameter_set(NalCodec codec, Bytes nal) {
  if (codec == NalCodec::h264) return (nal[0] & 31) == 7 || (nal[0] & 31) == 8;
  const int type = nal[0] >> 1 & 63;
  return type >= 32 && type <= 34;
}

// Up to the first that does not fit.
std::vector<Bytes> nals_of(Bytes frame, std::size_t size_of_length) {
  std::vector<Bytes> nals;
  while (frame.size() > size_of_length) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < size_of_length; ++i) length = length << 8 | frame[i];
    frame = frame.subspan(size_of_length);
    if (length == 0 || length > frame.size()) break;
    nals.push_back(frame.first(length));
    frame = frame.subspan(length);
  }
  return nals;
}

// `count` sets with lengths of 16 bits at the begin of `from`; leaves what follows.
void take_sets(Bytes &from, std::size_t count, std::vector<Bytes> &sets) {
  for (; count > 0 && from.size() > 2; --count) {
    const std::size_t length = be16(from);
    from = from.subspan(2);
    if (length > from.size()) from = {};
    if (from.empty()) return;
    if (length > 0) sets.push_back(from.first(length));
    from = from.subspan(length);
  }
}

std::vector<Bytes> sets_in(NalCodec codec, Bytes config) {
  std::vector<Bytes> sets;
  if (codec == NalCodec::h264 && config.size() > kAvcHead) {
    const std::size_t sps = config[kAvcHead - 1] & 31u;
    Bytes rest = config.subspan(kAvcHead);
    take_sets(rest, sps, sets);
    if (rest.empty()) return sets;
    const std::size_t pps = rest[0];
    rest = rest.subspan(1);
    take_sets(rest, pps, sets);
  }
  if (codec == NalCodec::h265 && config.size() > kHevcHead) {
    Bytes rest = config.subspan(kHevcHead + 1);
    for (unsigned array = 0; array < config[kHevcHead] && rest.size() > 3; ++array) {
      const std::size_t count = be16(rest.subspan(1));
      rest = rest.subspan(3);
      take_sets(rest, count, sets);
    }
  }
  return sets;
}

}  // namespace

bool brings_foreign_sets(NalCodec codec, Bytes frame, Bytes config) {
  std::vector<Bytes> known;  // read when there is something to compare
  for (const Bytes nal : nals_of(frame, length_size(codec, config))) {
    if (!is_parameter_set(codec, nal)) continue;
    if (known.empty()) known = sets_in(codec, config);
    if (std::none_of(known.begin(), known.end(),
                     [&](Bytes set) { return std::equal(set.begin(), set.end(), nal.begin(), nal.end()); }))
      return true;
  }
  return false;
}

std::string with_start_codes(NalCodec codec, Bytes frame, Bytes config) {
  std::string text;
  const auto append = [&](Bytes nal) {
    text.append("\0\0\0\1", 4).append(reinterpret_cast<const char *>(nal.data()), nal.size());
  };
  for (const Bytes set : sets_in(codec, config)) append(set);
  for (const Bytes nal : nals_of(frame, length_size(codec, config))) append(nal);
  return text;
}

}  // namespace rec
