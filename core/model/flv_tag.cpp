// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/flv_tag.h"

namespace rec {
namespace {

using Role = FlvTagKind::Role;

Role role_of_packet(unsigned packet) {
  if (packet == 0) return Role::config;
  return packet == 2 ? Role::end_of_sequence : Role::frame;
}

}  // namespace

FlvTagKind flv_video_kind(std::span<const std::uint8_t> data) {
  const unsigned head = data[0];
  const bool has_fourcc = (head & 0x80) != 0;
  FlvTagKind kind;
  kind.is_keyframe = ((head >> 4) & 7) == 1;
  if (has_fourcc && data.size() >= 5) {
    kind.format.assign(data.begin() + 1, data.begin() + 5);
    if (kind.format == "avc1") kind.codec = "h264";
    if (kind.format == "hvc1") kind.codec = "h265";
    const unsigned packet = head & 15;  // 3: coded frames without composition time; 4: metadata
    kind.role = packet <= 3 ? role_of_packet(packet == 3 ? 1 : packet) : Role::other;
    return kind;
  }
  const unsigned codec = head & 15;
  kind.format = codec == 7 ? "H.264" : codec == 12 ? "H.265" : "FLV video codec " + std::to_string(codec);
  if (codec == 7) kind.codec = "h264";
  if (codec == 12) kind.codec = "h265";
  const bool has_packets = codec == 7 || codec == 12;
  kind.role = has_packets && data.size() >= 2 ? role_of_packet(data[1]) : Role::frame;
  if (((head >> 4) & 7) == 5) kind.role = Role::other;  // a command to the player
  return kind;
}

FlvTagKind flv_audio_kind(std::span<const std::uint8_t> data) {
  const bool is_aac = data[0] >> 4 == 10;
  FlvTagKind kind;
  kind.format = is_aac ? "AAC" : "FLV sound format " + std::to_string(data[0]);  // with rate and channels
  if (is_aac) kind.codec = "aac";
  kind.role = is_aac && data.size() >= 2 && data[1] == 0 ? Role::config : Role::frame;
  return kind;
}

}  // namespace rec
