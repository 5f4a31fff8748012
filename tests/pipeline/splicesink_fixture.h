// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "core/model/cmaf_scan.h"
#include "core/model/hls_resume.h"
#include "core/model/media_playlist.h"
#include "core/model/ts_scan.h"
#include "tests/common/bus.h"
#include "tests/common/ffprobe.h"
#include "tests/common/playlist_watch.h"
#include "tests/common/publisher.h"
#include "tests/common/temp_dir.h"

namespace rec::test {

// A splicesink launch line that writes DIR/live.m3u8 with segments of two seconds.
inline std::string splice_line(const TempDir &dir, const std::string &more = "") {
  return "splicesink target-duration=2 playlist-location=" + (dir / "live.m3u8") + " " + more;
}

inline MediaPlaylist playlist_at(const std::string &path) {
  auto playlist = parse_playlist(read_file(path));
  EXPECT_TRUE(playlist) << path << ": " << playlist.error().message;
  return playlist ? *std::move(playlist) : MediaPlaylist();
}

inline std::vector<std::string> segment_files(const std::string &playlist_path) {
  std::vector<std::string> files;
  const auto folder = std::filesystem::path(playlist_path).parent_path();
  for (const auto &segment : playlist_at(playlist_path).segments)
    files.push_back(folder / file_of_uri(segment.uri).value_or("?"));
  return files;
}

// Each segment as a demuxer takes it: fragmented MP4 behind its initialisation section, as a copy in
// `copies`.
inline std::vector<std::string> playable_files(const std::string &playlist_path, const TempDir &copies) {
  std::vector<std::string> files = segment_files(playlist_path);
  const auto playlist = playlist_at(playlist_path);
  const auto folder = std::filesystem::path(playlist_path).parent_path();
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto &map = playlist.segments[i].map;
    if (!map) continue;
    const std::string init = folder / file_of_uri(map->uri).value_or("?");
    const std::string copy = copies / std::to_string(i) + ".mp4";
    write_file(copy, read_file(init) + read_file(files[i]));
    files[i] = copy;
  }
  return files;
}

inline CmafScan cmaf_scan_of(const std::string &path) {
  const std::string bytes = read_file(path);
  return scan_cmaf({bytes.size(), [&](std::uint64_t at, std::span<std::uint8_t> out) {
                      if (at > bytes.size() || out.size() > bytes.size() - at) return false;
                      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), out.size(), out.begin());
                      return true;
                    }});
}

inline TsScan scan_of(const std::string &path) {
  const std::string bytes = read_file(path);
  return scan_ts({reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()});
}

inline std::size_t discontinuities(const MediaPlaylist &playlist) {
  return static_cast<std::size_t>(std::count_if(playlist.segments.begin(), playlist.segments.end(),
                                                [](const auto &s) { return s.discontinuity; }));
}

// Hashes of all coded frames of a kind in the recording, in playback order.
inline std::vector<std::string> recorded(const std::string &playlist_path, const std::string &kind) {
  const TempDir copies;
  std::vector<std::string> hashes;
  for (const auto &file : playable_files(playlist_path, copies))
    for (const Essence &frame : essence_of(file, kind)) hashes.push_back(frame.hash);
  return hashes;
}

// How many frames of a kind the segments' headers tell.
inline std::uint64_t frames_in(const std::string &playlist_path, bool video) {
  std::uint64_t frames = 0;
  for (const auto &file : segment_files(playlist_path)) {
    for (const TsTrack &track : scan_of(file).tracks) frames += track.is_video == video ? track.frames : 0;
    for (const auto &track : cmaf_scan_of(file).tracks) frames += track.is_video == video ? track.frames : 0;
  }
  return frames;
}

// What an error or a warning says.
inline std::string complaint_of(GstMessage *message) {
  ErrorOut e;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) gst_message_parse_error(message, e.out(), nullptr);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) gst_message_parse_warning(message, e.out(), nullptr);
  return e ? e->message : "";
}

// Every message up to EOS, which must come. Warnings are failures unless asked for.
inline std::vector<Ref<GstMessage>> wait_for_eos(Publisher &publisher, bool may_warn = false) {
  std::vector<Ref<GstMessage>> messages;
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(publisher.pipeline()));
  for (;;) {
    auto message = Ref<GstMessage>::adopt(gst_bus_timed_pop(bus.get(), 20 * GST_SECOND));
    if (!message) {
      ADD_FAILURE() << "no EOS";
      return messages;
    }
    const auto type = GST_MESSAGE_TYPE(message.get());
    EXPECT_NE(type, GST_MESSAGE_ERROR) << complaint_of(message.get());
    EXPECT_TRUE(may_warn || type != GST_MESSAGE_WARNING) << complaint_of(message.get());
    if (type == GST_MESSAGE_EOS) return messages;
    messages.push_back(std::move(message));
  }
}

inline std::vector<Ref<GstMessage>> finish(Publisher &publisher, bool may_warn = false) {
  publisher.end_all();
  return wait_for_eos(publisher, may_warn);
}

// The same of media as it was sent, through the same instruments.
inline std::vector<std::string> sent(const Media &media, const std::string &kind) {
  const TempDir dir;
  Publisher reference("recsink formats=mp4 location=" + (dir / "reference"));
  reference.send({{kind == "video" ? "video" : "audio_0", media}});
  finish(reference);
  std::vector<std::string> hashes;
  for (const Essence &frame : essence_of(dir / "reference.mp4", kind)) hashes.push_back(frame.hash);
  return hashes;
}

template <typename T>
std::vector<T> joined(std::vector<T> a, const std::vector<T> &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Everything about the recording at `path` that must always hold.
inline void expect_sound(const std::string &path) {
  const auto playlist = playlist_at(path);
  for (const auto &segment : playlist.segments) {
    EXPECT_GT(segment.duration.count(), 0) << segment.uri;
    const bool begins = segment.discontinuity || &segment == playlist.segments.data();
    EXPECT_TRUE(segment.program_date_time || !begins) << segment.uri;
  }
  for (const auto &file : segment_files(path)) {
    if (file.ends_with(".m4s")) {
      const auto scan = cmaf_scan_of(file);
      EXPECT_TRUE(scan.is_segment()) << file;
      EXPECT_EQ(read_file(file).size(), scan.complete_bytes) << file;
      continue;
    }
    const auto scan = scan_of(file);
    EXPECT_TRUE(scan.is_segment()) << file;
    EXPECT_EQ(read_file(file).size() % kTsPacketSize, 0u) << file;
  }
}

}  // namespace rec::test
