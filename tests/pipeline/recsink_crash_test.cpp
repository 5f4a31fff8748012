// SPDX-License-Identifier: LGPL-2.1-or-later
// What is on the disk while recsink records: what a killed process leaves behind.
#include <gtest/gtest.h>

#include <sstream>

#include "core/disk/repaired_file.h"
#include "core/model/mp4_boxes.h"
#include "tests/common/bus.h"
#include "tests/common/command.h"
#include "tests/common/ffprobe.h"
#include "tests/common/publisher.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;

std::size_t fragments_in(const std::string &mp4) {
  std::size_t count = 0;
  for (std::size_t at = mp4.find("moof"); at != std::string::npos; at = mp4.find("moof", at + 4)) ++count;
  return count;
}

Bytes bytes_of(const std::string &text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

// Who writes the next fragment may wait for a processor with half of it written.
bool ends_with_a_fragment(const std::string &mp4) {
  Bytes last;
  std::uint32_t last_type = 0;
  each_box(bytes_of(mp4), [&](std::uint32_t type, Bytes payload) {
    last = payload;
    last_type = type;
  });
  return last_type == fourcc("mdat") && last.data() + last.size() == bytes_of(mp4).data() + mp4.size();
}

// The growing file, once it has so many fragments and nothing is being written.
std::string growing_file(const std::string &path, std::size_t fragments) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (std::chrono::steady_clock::now() < deadline) {
    g_thread_yield();
    if (!std::filesystem::exists(path)) continue;
    std::string bytes = read_file(path);
    if (fragments_in(bytes) < fragments || !ends_with_a_fragment(bytes)) continue;
    if (read_file(path) == bytes) return bytes;
  }
  ADD_FAILURE() << "not " << fragments << " fragments in " << path;
  return {};
}

// As RTMP carries it: no duration is like the one before.
Media in_milliseconds(Media media) {
  const auto rounded = [](Nanoseconds t) { return std::chrono::round<milliseconds>(t); };
  for (MediaUnit &unit : media.units) {
    unit.pts = rounded(unit.pts);
    unit.dts = rounded(unit.dts);
  }
  return media;
}

// "K" for each video frame that the container calls a keyframe, "_" for the others.
std::string seek_points(const std::string &path) {
  const CommandResult result =
      run_command({"ffprobe", "-v", "warning", "-fflags", "+noparse", "-select_streams", "v", "-show_entries",
                   "packet=flags", "-of", "csv=p=0", path});
  EXPECT_EQ(result.err, "");
  std::string points;
  std::istringstream out(result.out);
  for (std::string line; std::getline(out, line);)
    if (!line.empty()) points += line[0];
  return points;
}

void expect_beginning_of(const std::vector<Packet> &all, const std::vector<Packet> &begun) {
  ASSERT_GT(begun.size(), all.size() / 2);
  ASSERT_LE(begun.size(), all.size());
  for (std::size_t i = 0; i < begun.size(); ++i) {
    EXPECT_EQ(begun[i].hash, all[i].hash) << i;
    EXPECT_EQ(begun[i].pts, all[i].pts) << i;
    EXPECT_EQ(begun[i].dts, all[i].dts) << i;
    EXPECT_EQ(begun[i].keyframe, all[i].keyframe) << i;
    EXPECT_TRUE(i == 0 || begun[i].dts > begun[i - 1].dts) << i;
  }
}

void repair(const std::string &path, Format format) {
  auto file = DiskFile::take(path);
  ASSERT_TRUE(file) << file.error().message;
  const auto repaired = repair_file(format, *file);
  EXPECT_TRUE(repaired) << repaired.error().message;
}

std::vector<std::string> top_boxes(const std::string &path) {
  const std::string bytes = read_file(path);
  std::vector<std::string> types;
  each_box(bytes_of(bytes), [&](std::uint32_t type, Bytes) {
    std::string name;
    put32(name, type);
    types.push_back(name);
  });
  return types;
}

struct Source {
  const char *name;
  unsigned fps;
  unsigned bframes;
  unsigned audio_rate;
  bool is_silent;
  bool is_rtmp;
};
std::ostream &operator<<(std::ostream &out, const Source &source) { return out << source.name; }

class GrowingMp4 : public ::testing::TestWithParam<Source> {};

TEST_P(GrowingMp4, PlaysEachFrameOfItsFragments) {
  const TempDir dir;
  VideoSpec video_spec;
  video_spec.fps = GetParam().fps;
  video_spec.bframes = GetParam().bframes;
  video_spec.frames = 8 * GetParam().fps;
  AudioSpec audio_spec;
  audio_spec.rate = GetParam().audio_rate;
  audio_spec.frames = 8 * audio_spec.rate / 1024;
  audio_spec.is_silent = GetParam().is_silent;
  Media v = video(video_spec);
  Media a = audio(audio_spec);
  if (GetParam().is_rtmp) {
    v = in_milliseconds(v);
    a = in_milliseconds(a);
  }

  Publisher publisher("recsink formats=mp4 location=" + (dir / "cam"));
  publisher.send({{"video", v}, {"audio_0", a}});
  write_file(dir / "killed.mp4", growing_file(dir / ".cam.mp4.part", 24));
  publisher.end_all();
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));

  auto all = packets_of(dir / "cam.mp4");
  auto begun = packets_of(dir / "killed.mp4");
  for (const std::string kind : {"video", "audio"}) expect_beginning_of(all[kind], begun[kind]);
  const std::string points = seek_points(dir / "killed.mp4");
  EXPECT_EQ(points.size(), begun["video"].size());
  EXPECT_EQ(points, seek_points(dir / "cam.mp4").substr(0, points.size()));
  EXPECT_EQ(playback_complaints(dir / "killed.mp4"), "");

  const std::string torn = read_file(dir / "killed.mp4");
  repair(dir / "killed.mp4", Format::mp4);
  const std::string whole = read_file(dir / "killed.mp4");
  const std::size_t index = whole.rfind("moov") - 4;
  for (const std::size_t written : {index + 10, whole.size()}) {  // the repair was interrupted itself
    write_file(dir / "again.mp4", torn.substr(0, index) + whole.substr(index, written - index));
    repair(dir / "again.mp4", Format::mp4);
    EXPECT_TRUE(read_file(dir / "again.mp4") == whole) << written - index << " bytes of the index";
  }
  EXPECT_EQ(top_boxes(dir / "killed.mp4").back(), "moov") << "a plain file now";
  EXPECT_EQ(packets_of(dir / "killed.mp4"), begun);
  EXPECT_EQ(seek_points(dir / "killed.mp4"), points);
  EXPECT_EQ(playback_complaints(dir / "killed.mp4"), "");
}

INSTANTIATE_TEST_SUITE_P(Sources, GrowingMp4,
                         ::testing::Values(Source{"Silence", 25, 0, 48000, true, false},
                                           Source{"SilenceOverRtmp", 30, 0, 44100, true, true},
                                           Source{"SoundOverRtmp", 30, 2, 44100, false, true},
                                           Source{"ManyFrames", 60, 0, 44100, false, false},
                                           Source{"ManyFramesOverRtmp", 60, 0, 48000, true, true}),
                         [](const auto &source) { return std::string(source.param.name); });

// What a killed recorder left: the bytes of one that lives.
void leave_behind(const TempDir &dir, const std::string &part) {
  const TempDir elsewhere;
  Publisher publisher("recsink formats=flv location=" + (elsewhere / "x"));
  publisher.send({{"video", video()}, {"audio_0", audio()}});
  const std::string growing = elsewhere / ".x.flv.part";
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (!std::filesystem::exists(growing) || std::filesystem::file_size(growing) < 50000) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    g_thread_yield();
  }
  write_file(dir / part, read_file(growing));
}

TEST(RecSinkRecovery, CompletesDeadRecordersFilesAndLeavesThoseOfLivingOnes) {
  const TempDir dir;
  Publisher living("recsink formats=flv location=" + (dir / "cam-%03d"));
  living.send({{"video", video()}, {"audio_0", audio()}});
  leave_behind(dir, ".cam-009.flv-3.part");
  leave_behind(dir, ".other.flv.part");
  Publisher starting("recsink formats=flv+mp4 location=" + (dir / "cam-%03d"));
  const auto message = wait_for_element_message(starting.pipeline(), "recsink-file-recovered");
  ASSERT_TRUE(message);
  const GstStructure *s = gst_message_get_structure(message.get());
  EXPECT_EQ(string_field(s, "location"), dir / "cam-009.flv");
  EXPECT_EQ(uint64_field(s, "size"), std::filesystem::file_size(dir / "cam-009.flv"));
  EXPECT_GT(uint64_field(s, "fragment-duration"), 3 * GST_SECOND);
  EXPECT_EQ(string_field(s, "video-codec"), "h264");
  EXPECT_EQ(playback_complaints(dir / "cam-009.flv"), "");
  EXPECT_LT(duration_of(dir / "cam-009.flv"), std::chrono::seconds(7)) << "its duration is written";
  EXPECT_NE(read_file(dir / "cam-009.flv").find("filepositions"), std::string::npos) << "and its index";

  living.end_all();
  ASSERT_TRUE(wait_for_message(living.pipeline(), GST_MESSAGE_EOS));
  EXPECT_EQ(packets_of(dir / "cam-000.flv").at("video").size(), 150u);
  EXPECT_EQ(dir.files(), (std::vector<std::string>{".other.flv.part", "cam-000.flv", "cam-009.flv"}));
}

TEST(RecSinkRecovery, PutsAwayWhatHoldsNothingPlayable) {
  const TempDir dir;
  write_file(dir / ".cam.mp4.part", std::string("\0\0\0\x08"
                                                "ftyp\0\0\0\0mdat",
                                                16));
  write_file(dir / ".cam.flv.part", "");
  write_file(dir / ".cam.mp4-1.part.front", "half of an index");
  Publisher starting("recsink formats=flv+mp4 location=" + (dir / "cam"));
  const auto message = wait_for_element_message(starting.pipeline(), "recsink-file-failed");
  ASSERT_TRUE(message);
  const GstStructure *s = gst_message_get_structure(message.get());
  EXPECT_EQ(string_field(s, "temp-location"), dir / ".cam.mp4.part");
  EXPECT_NE(string_field(s, "error").find(".cam.mp4.lost"), std::string::npos);
  ASSERT_TRUE(wait_for_message(starting.pipeline(), GST_MESSAGE_WARNING));
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (dir.files().size() > 1 && std::chrono::steady_clock::now() < deadline) g_thread_yield();
  EXPECT_EQ(dir.files(), std::vector<std::string>{".cam.mp4.lost"});
}

}  // namespace
}  // namespace rec::test
