// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/container_repair.h"

#include <array>
#include <optional>

#include "core/model/byte_reader.h"

namespace rec {
namespace {

Nanoseconds lasting(std::uint64_t samples, std::uint64_t rate) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  return Nanoseconds(static_cast<std::int64_t>(samples / rate * kSecond + samples % rate * kSecond / rate));
}

}  // namespace

Result<Repair> plan_repair(Format format, const ByteSource &source) {
  switch (format) {
    case Format::flv:
      return plan_flv_repair(source);
    case Format::aac:
      return plan_adts_repair(source);
    case Format::mp4:
      return plan_mp4_repair(source);
    case Format::mp3:
      return plan_mp3_repair(source);
    case Format::hls:
    case Format::other:
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
  repair.duration = lasting(samples, rate);
  return repair;
}

namespace {

// A header of MPEG audio, layer III: ISO/IEC 11172-3 2.4.1.3, ISO/IEC 13818-3 2.4.2.3; "2.5" halves the rates
// once more.
struct Mp3Header {
  std::uint64_t frame_bytes = 0;
  std::uint64_t samples = 0;
  std::uint64_t rate = 0;
};
std::optional<Mp3Header> read_mp3_header(std::span<const std::uint8_t> h) {
  constexpr std::uint64_t kRates[] = {44100, 48000, 32000};
  constexpr std::uint64_t kKbits[2][15] = {{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
                                           {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}};
  const unsigned version = (h[1] >> 3) & 3;  // 3: MPEG-1, 2: MPEG-2, 0: 2.5
  const unsigned bitrate = h[2] >> 4;
  const unsigned rate = (h[2] >> 2) & 3;
  const bool is_layer3 = h[0] == 0xff && (h[1] & 0xe0) == 0xe0 && (h[1] & 6) == 2;
  if (!is_layer3 || version == 1 || bitrate == 0 || bitrate == 15 || rate == 3) return std::nullopt;
  const bool is_mpeg1 = version == 3;
  Mp3Header header;
  header.rate = kRates[rate] >> (is_mpeg1 ? 0 : version == 2 ? 1 : 2);
  header.samples = is_mpeg1 ? 1152 : 576;
  header.frame_bytes =
      header.samples / 8 * 1000 * kKbits[is_mpeg1 ? 0 : 1][bitrate] / header.rate + ((h[2] >> 1) & 1);
  return header;
}

}  // namespace

Result<Repair> plan_mp3_repair(const ByteSource &source) {
  Repair repair;
  std::uint64_t samples = 0;
  std::uint64_t rate = 0;
  std::array<std::uint8_t, 4> h{};
  while (source.size - repair.keep_bytes >= h.size() && source.read(repair.keep_bytes, h)) {
    const auto header = read_mp3_header(h);
    if (!header || header->frame_bytes > source.size - repair.keep_bytes) break;
    rate = header->rate;
    samples += header->samples;
    repair.keep_bytes += header->frame_bytes;
    ++repair.audio_frames;
  }
  if (repair.audio_frames == 0) return Error{Errc::corrupt, "no whole MP3 frame in it"};
  repair.audio_codec = "mp3";
  repair.duration = lasting(samples, rate);
  return repair;
}

}  // namespace rec
