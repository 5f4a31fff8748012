// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace rec::test {

// One packet as ffprobe tells it. Times are the container's, nullopt where it has none.
struct Packet {
  std::optional<std::chrono::microseconds> pts;
  std::optional<std::chrono::microseconds> dts;
  std::size_t size;
  bool keyframe;
  std::string hash;  // of the bytes as this container stores them: equal only within one container family

  bool operator==(const Packet &) const = default;
};

// Streams of a file by kind ("video", "audio"), packets in file order. A test failure when ffprobe
// fails or writes a single warning.
using Packets = std::map<std::string, std::vector<Packet>>;
Packets packets_of(const std::string &path);

// One coded frame without what containers add or take: parameter sets, access unit delimiters, ADTS headers.
// Equal in FLV, MP4, TS and ADTS when the frame is.
struct Essence {
  std::chrono::microseconds pts;
  std::chrono::microseconds dts;
  std::size_t size;
  std::string hash;
};
// `kind`: "video" or "audio". Frames in file order; empty when there is no such stream.
std::vector<Essence> essence_of(const std::string &path, const std::string &kind);

// Decodes everything; the text of every warning and error that ffmpeg has about the file ("" = clean).
std::string playback_complaints(const std::string &path);

// Container's duration.
std::chrono::microseconds duration_of(const std::string &path);

}  // namespace rec::test
