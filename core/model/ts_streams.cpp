// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/ts_streams.h"

#include <optional>

#include "core/model/ts_scan.h"

namespace rec {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::uint16_t be13(Bytes b) { return static_cast<std::uint16_t>(((b[0] & 0x1f) << 8) | b[1]); }

// The section that begins in this packet, without its CRC; nothing when none of that table does. Tables of
// our recorders fit a packet; what does not is cut.
std::optional<Bytes> section_of(Bytes packet, std::uint8_t table) {
  const bool has_payload = (packet[3] & 0x10) != 0, has_adaptation = (packet[3] & 0x20) != 0;
  if (!has_payload || (packet[1] & 0x40) == 0) return std::nullopt;
  const std::size_t skipped = has_adaptation ? 5 + std::size_t{packet[4]} : 4;
  if (skipped >= packet.size()) return std::nullopt;
  Bytes payload = packet.subspan(skipped);
  const std::size_t pointer = std::size_t{1} + payload[0];
  if (pointer + 12 > payload.size() || payload[pointer] != table) return std::nullopt;
  payload = payload.subspan(pointer);
  const std::size_t length = 3 + (std::size_t{payload[1] & 0x0fU} << 8 | payload[2]);
  if (length < 12) return std::nullopt;
  return payload.first(std::min(payload.size(), length - 4));
}

void take(std::uint8_t type, TsStreams &streams) {
  if (type == 0x1b && streams.video_codec.empty()) streams.video_codec = "h264";
  if (type == 0x24 && streams.video_codec.empty()) streams.video_codec = "h265";
  if (type == 0x0f && streams.audio_codec.empty()) streams.audio_codec = "aac";
  if ((type == 0x03 || type == 0x04) && streams.audio_codec.empty()) streams.audio_codec = "mp3";
}

TsStreams streams_in(Bytes pmt) {
  TsStreams streams;
  std::size_t at = 12 + (be13(pmt.subspan(10)) & 0x0fffU);
  while (at + 5 <= pmt.size()) {
    take(pmt[at], streams);
    at += 5 + (be13(pmt.subspan(at + 3)) & 0x0fffU);
  }
  return streams;
}

}  // namespace

TsStreams ts_streams(Bytes beginning) {
  std::optional<std::uint16_t> pmt_pid;
  for (std::size_t at = 0; at + kTsPacketSize <= beginning.size(); at += kTsPacketSize) {
    const Bytes packet = beginning.subspan(at, kTsPacketSize);
    if (packet[0] != 0x47) return {};
    const std::uint16_t pid = be13(packet.subspan(1));
    if (pid == 0 && !pmt_pid) {
      const auto pat = section_of(packet, 0);
      if (pat && pat->size() >= 12) pmt_pid = be13(pat->subspan(10));
    } else if (pmt_pid == pid) {
      if (const auto pmt = section_of(packet, 2); pmt && pmt->size() >= 12) return streams_in(*pmt);
    }
  }
  return {};
}

}  // namespace rec
