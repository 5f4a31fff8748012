// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/pipeline/splicesink_fixture.h"

namespace rec::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr char kLong[] = "splice-timeout=60000000000";

inline guint64 stat_of(const Publisher &publisher, const char *field) {
  GstStructure *raw = nullptr;
  g_object_get(publisher.element(), "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  guint64 value = G_MAXUINT64;
  gst_structure_get_uint64(stats.get(), field, &value);
  return value;
}

struct Push {
  Media video;
  Media audio;
};

// Of the six seconds of media, at its own time.
inline Push piece(Nanoseconds from, Nanoseconds to, Nanoseconds later = Nanoseconds(0)) {
  const auto cut = [&](const Media &media) {
    Media part{media.caps, {}};
    for (const MediaUnit &unit : media.units)
      if (unit.dts >= from && unit.dts < to) part.units.push_back(unit);
    return part.moved(later);
  };
  return {cut(video()), cut(audio())};
}

inline void send(Publisher &publisher, const Push &push) {
  publisher.send({{"video", push.video}, {"audio_0", push.audio}});
}

inline void pause(Publisher &publisher) {
  publisher.end_all();
  EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
}

inline std::vector<Ref<GstMessage>> close(Publisher &publisher) {
  publisher.end_all();
  EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  return wait_for_eos(publisher);
}

inline void flush(Publisher &publisher, const Push &push) {
  for (const char *pad : {"video", "audio_0"}) {
    publisher.event(pad, gst_event_new_flush_start());
    publisher.event(pad, gst_event_new_flush_stop(TRUE));
    publisher.begin(pad, std::string(pad) == "video" ? push.video.caps : push.audio.caps);
  }
}

// Packets that a receiver would take for lost between segments that no discontinuity parts.
inline unsigned lost_packets(const std::string &playlist_path) {
  unsigned lost = 0;
  std::map<unsigned, unsigned> counters;
  const auto playlist = playlist_at(playlist_path);
  const auto files = segment_files(playlist_path);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (playlist.segments[i].discontinuity) counters.clear();
    const std::string bytes = read_file(files[i]);
    for (std::size_t at = 0; at + kTsPacketSize <= bytes.size(); at += kTsPacketSize) {
      const auto byte = [&](std::size_t n) { return static_cast<unsigned char>(bytes[at + n]); };
      const unsigned pid = (byte(1) & 0x1fu) << 8 | byte(2), counter = byte(3) & 0x0fu;
      const bool counts = byte(3) & 0x10;
      if (counters.count(pid) && (counters[pid] + counts) % 16 != counter) ++lost;
      counters[pid] = counter;
    }
  }
  return lost;
}

// The distances of the video frames' times, across all segments, that are not one frame.
inline std::vector<Nanoseconds> holes(const std::string &playlist_path) {
  std::vector<Nanoseconds> holes;
  std::optional<Nanoseconds> last;
  for (const auto &file : segment_files(playlist_path))
    for (const auto &track : scan_of(file).tracks) {
      if (!track.is_video) continue;
      if (last) {
        const auto step = track.first - *last;
        if (step < milliseconds(39) || step > milliseconds(41)) holes.push_back(step);
      }
      last = track.latest;
    }
  return holes;
}

inline void expect_one_stream(const std::string &path) {
  expect_sound(path);
  EXPECT_EQ(discontinuities(playlist_at(path)), 0u);
  EXPECT_EQ(lost_packets(path), 0u);
  EXPECT_EQ(holes(path), std::vector<Nanoseconds>());
  EXPECT_EQ(recorded(path, "video"), sent(video(), "video"));
  EXPECT_EQ(recorded(path, "audio").size(), audio().units.size());
  EXPECT_EQ(playback_complaints(path), "");
}

}  // namespace rec::test
