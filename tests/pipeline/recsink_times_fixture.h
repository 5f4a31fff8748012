// SPDX-License-Identifier: LGPL-2.1-or-later
// One recsink fed with media whose timestamps, flags and events a test has changed.
#pragma once
#include <sstream>

#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {

inline constexpr Nanoseconds kRtmpWrap = std::chrono::milliseconds(std::int64_t{1} << 32);
inline constexpr Nanoseconds kTsWrap{(std::int64_t{1} << 33) * 100000 / 9};

inline GstClockTime clock_time(Nanoseconds time) { return static_cast<GstClockTime>(time.count()); }

// "" or where two sequences of frames begin to differ.
inline std::string difference(const Hashes &stored, const Hashes &sent) {
  std::size_t same = 0;
  while (same < stored.size() && same < sent.size() && stored[same] == sent[same]) ++same;
  if (same == stored.size() && same == sent.size()) return "";
  return std::to_string(stored.size()) + " stored of " + std::to_string(sent.size()) + ", the first " +
         std::to_string(same) + " agree";
}

// One recsink with FLV and MP4, and what it says when all is over.
class RecSinkTimes : public ::testing::Test {
 protected:
  void finish() { messages_ = finish_recording(publisher_); }
  std::vector<std::string> files(const std::string &format) const { return files_of(messages_, format); }

  // How often each type of exception was reported, of all tracks.
  std::map<gint, guint> exceptions() const {
    std::map<gint, guint> occurs;
    for (const GstStructure *s : structures_named(messages_, "recsink-exception")) {
      gint type = 0;
      EXPECT_TRUE(gst_structure_get_int(s, "type", &type));
      EXPECT_NE(string_field(s, "description"), "");
      EXPECT_NE(string_field(s, "level"), "");
      occurs[type] += uint_field(s, "occurs");
    }
    return occurs;
  }
  guint64 intake(const char *field) { return of_format("intake", field); }
  guint64 of_format(const char *part, const char *field) {
    GstStructure *raw = nullptr;
    g_object_get(publisher_.element(), "stats", &raw, nullptr);
    const StructurePtr stats(raw);
    GstStructure *input_raw = nullptr;
    EXPECT_TRUE(gst_structure_get(stats.get(), part, GST_TYPE_STRUCTURE, &input_raw, nullptr));
    const StructurePtr input(input_raw);
    return uint64_field(input.get(), field);
  }
  // Every frame is in the files once and in order, in both formats, and plays.
  void expect_all(const std::vector<Media> &videos, const std::vector<Media> &audios,
                  std::size_t files_each) {
    for (const std::string format : {"flv", "mp4"}) {
      SCOPED_TRACE(format);
      EXPECT_EQ(files(format).size(), files_each);
      EXPECT_EQ(difference(hashes_stored(files(format), "video"), hashes_sent(videos)), "");
      EXPECT_EQ(difference(hashes_stored(files(format), "audio"), hashes_sent(audios)), "");
      for (const std::string &file : files(format)) EXPECT_EQ(decoder_complaints(file), "") << file;
    }
    EXPECT_EQ(intake("received"), intake("handed-on"));
  }
  // ffmpeg's remarks on equal timestamps are about what was sent.
  static std::string decoder_complaints(const std::string &file) {
    std::string kept;
    std::istringstream all(playback_complaints(file));
    for (std::string line; std::getline(all, line);)
      if (line.find("non monotonically increasing dts to muxer") == std::string::npos &&
          line.find("Last message repeated") == std::string::npos)
        kept += line + "\n";
    return kept;
  }
  // First audio minus first video of a file.
  static std::chrono::microseconds audio_offset(const std::string &file) {
    Packets packets = packets_of(file);
    if (packets["video"].empty() || packets["audio"].empty()) return std::chrono::hours(1);
    return *packets["audio"].front().pts - *packets["video"].front().pts;
  }

  const TempDir dir_;
  Publisher publisher_{"recsink formats=flv+mp4 location=" + (dir_ / "cam-%03d")};
  std::vector<Ref<GstMessage>> messages_;
};

}  // namespace rec::test
