// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/container_repair.h"

#include <array>

#include "core/model/byte_reader.h"

namespace rec {

Result<Repair> plan_repair(Format format, const ByteSource &source) {
  switch (format) {
    case Format::flv:
      return plan_flv_repair(source);
    case Format::aac:
      return plan_adts_repair(source);
    case Format::mp4:
      return plan_mp4_repair(source);
    case Format::mp3:
    case Format::hls:
      break;
  }
  return Error{Errc::invalid_argument, "there is no repair for " + std::string(name_of(format))};
}

// ADTS: ISO/IEC 13818-7 6.2. Every header has its frame's length; a frame carries 1024 samples per block.
Result<Repair> plan_adts_repair(const ByteSource &source) {
  constexpr std::size_t kHeaderBytes = 7;
  constexpr std::uint64_t kRates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                      22050, 16000, 12000, 11025, 8000,  7350};
  Repair repair;
  std::uint64_t samples = 0;
  std::uint64_t rate = 0;
  std::array<std::uint8_t, kHeaderBytes> h{};
  while (source.size - repair.keep_bytes >= kHeaderBytes && source.read(repair.keep_bytes, h)) {
    const std::size_t rate_index = (h[2] >> 2) & 15;
    const std::uint64_t frame_bytes = ((h[3] & 3U) << 11) | (h[4] << 3) | (h[5] >> 5);
    const bool is_header = h[0] == 0xff && (h[1] & 0xf6) == 0xf0 && rate_index < std::size(kRates);
    if (!is_header || frame_bytes < kHeaderBytes || frame_bytes > source.size - repair.keep_bytes) break;
    rate = kRates[rate_index];
    samples += 1024 * (std::uint64_t{h[6] & 3U} + 1);
    repair.keep_bytes += frame_bytes;
    ++repair.audio_frames;
  }
  if (repair.audio_frames == 0) return Error{Errc::corrupt, "no whole ADTS frame in it"};
  repair.audio_codec = "aac";
  repair.duration = Nanoseconds(
      static_cast<std::int64_t>(samples / rate * 1'000'000'000 + samples % rate * 1'000'000'000 / rate));
  return repair;
}

}  // namespace rec
