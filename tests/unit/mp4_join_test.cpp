// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/mp4_join.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/model/mp4_index.h"

namespace rec {
namespace {

using Sample = Mp4SampleTable::Sample;

Bytes bytes_of(const std::string &text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}
std::string be(std::uint64_t v, int bytes) {
  std::string s(static_cast<std::size_t>(std::max(0, bytes - 8)), '\0');
  for (int shift = 8 * (std::min(bytes, 8) - 1); shift >= 0; shift -= 8) s += static_cast<char>(v >> shift);
  return s;
}
std::string box(const std::string &type, const std::string &payload) { return box_of(fourcc(type), payload); }

ByteSource source_of(const std::string &bytes) {
  return {.size = bytes.size(), .read = [&bytes](std::uint64_t offset, std::span<std::uint8_t> out) {
            if (offset > bytes.size() || out.size() > bytes.size() - offset) return false;
            std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
            return true;
          }};
}

struct TrackSpec {
  std::string handler;
  std::uint32_t timescale;
  std::uint32_t samples;
  std::uint32_t each;  // ticks
  std::string codec;
  std::string config = "config";
  std::uint32_t empty = 0;  // ticks of the movie, 1000 per second
  std::uint32_t from = 0;   // ticks of the track
};
TrackSpec video(std::uint32_t frames = 10) { return {"vide", 1000, frames, 40, "avc1"}; }
TrackSpec audio(std::uint32_t frames = 20) { return {"soun", 48000, frames, 1024, "mp4a"}; }

std::string esds(std::uint32_t rate, const std::string &config) {
  return be(0, 4) + "\3\x19" + be(1, 2) + be(0, 1) + "\4\x11\x40\x15" + be(rate, 3) + be(rate, 4) +
         be(rate, 4) + "\5\2" + config;
}
std::string trak(std::uint32_t id, const TrackSpec &t, std::uint64_t at, char name) {
  Mp4SampleTable table;
  for (std::uint32_t i = 0; i < t.samples; ++i)
    table.add_chunk(at + i * 10, {{10, t.each, 0, t.handler == "soun" || i % 5 == 0}});
  const auto rate = static_cast<std::uint32_t>(name);  // differs between parts
  const bool is_video = t.handler == "vide";
  const std::string inner =
      is_video ? box("avcC", t.config) + box("btrt", be(rate, 12)) : box("esds", esds(rate, t.config));
  const std::string entry = box(t.codec, std::string(is_video ? 78 : 28, '\0') + inner);
  const std::string stbl = box("stbl", box("stsd", be(0, 4) + be(1, 4) + entry) + table.write());
  const std::string mdia = box("mdhd", be(0, 12) + be(t.timescale, 4) + be(table.duration(), 4) + be(0, 4)) +
                           box("hdlr", be(0, 8) + t.handler + be(0, 12)) + box("minf", stbl);
  std::string edits;
  if (t.empty > 0) edits += be(t.empty, 4) + be(0xffffffff, 4) + be(0x10000, 4);
  edits += be(0, 4) + be(t.from, 4) + be(0x10000, 4);
  return box("trak", box("tkhd", be(0, 12) + be(id, 4) + be(0, 68)) +
                         box("edts", box("elst", be(0, 4) + be(t.empty > 0 ? 2 : 1, 4) + edits)) +
                         box("mdia", mdia));
}
// The samples of `name`: "a0........", ten bytes each.
std::string mp4(char name, const std::vector<TrackSpec> &tracks) {
  const std::string type = box("ftyp", "mp42");
  std::string media;
  std::string traks;
  std::uint32_t id = 0;
  for (const TrackSpec &track : tracks) {
    traks += trak(++id, track, type.size() + 8 + media.size(), name);
    for (std::uint32_t i = 0; i < track.samples; ++i)
      media += std::string(1, name) + track.handler[0] + std::string(8, static_cast<char>('0' + i % 10));
  }
  return type + box("mdat", media) + box("moov", box("mvhd", be(0, 12) + be(1000, 4) + be(0, 84)) + traks);
}

struct Joined {
  std::string text;
  Mp4Join plan;
  Mp4SampleTables tables() const {
    const Bytes all = bytes_of(text);
    return mp4_sample_tables(find_box(all, {"moov"}));
  }
  // Of each sample of a track in order: what it holds, when it is decoded, whether it is a keyframe.
  struct Frame {
    std::string bytes;
    std::uint64_t time;
    bool is_sync;
  };
  std::vector<Frame> frames(std::uint32_t id) const;
};
Result<Joined> join(const std::vector<std::string> &parts) {
  std::vector<ByteSource> sources;
  for (const std::string &part : parts) sources.push_back(source_of(part));
  Joined joined;
  REC_TRY(joined.plan, plan_mp4_join(sources));
  if (joined.plan.media.left_out) return *joined.plan.media.left_out;
  joined.text = joined.plan.head;
  for (const auto &piece : joined.plan.pieces)
    joined.text += parts[piece.part].substr(piece.begin, piece.bytes);
  EXPECT_EQ(joined.text.size(), joined.plan.media.size_bytes);
  return joined;
}

// The tables read here and not by the code under test.
std::vector<Joined::Frame> Joined::frames(std::uint32_t id) const {
  Bytes stbl;
  each_box(find_box(bytes_of(text), {"moov"}), [&](std::uint32_t type, Bytes trak) {
    if (type == fourcc("trak") && be32(find_box(trak, {"tkhd"}).subspan(12)) == id)
      stbl = find_box(trak, {"mdia", "minf", "stbl"});
  });
  std::vector<Frame> list;
  std::uint64_t time = 0;
  const Bytes stts = find_box(stbl, {"stts"});
  for (std::size_t at = 8; at < stts.size(); at += 8)
    for (std::uint32_t n = be32(stts.subspan(at)); n > 0; --n) {
      list.push_back({"", time, false});
      time += be32(stts.subspan(at + 4));
    }
  const Bytes places = find_box(stbl, {"stco"});
  for (std::size_t i = 0; i < list.size(); ++i)  // one sample in each chunk
    list[i].bytes = text.substr(be32(places.subspan(8 + 4 * i)), 10);
  const Bytes stss = find_box(stbl, {"stss"});
  for (Frame &frame : list) frame.is_sync = stss.empty();
  for (std::size_t at = 8; at < stss.size(); at += 4) list.at(be32(stss.subspan(at)) - 1).is_sync = true;
  return list;
}

TEST(Mp4Join, HasTheFramesOfAllParts) {
  const auto joined =
      join({mp4('a', {video(), audio()}), mp4('b', {video(), audio()}), mp4('c', {video(), audio()})});
  ASSERT_TRUE(joined) << joined.error().message;
  EXPECT_EQ(joined->plan.media.video_frames, 30U);
  EXPECT_EQ(joined->plan.media.audio_frames, 60U);
  const auto pictures = joined->frames(1);
  ASSERT_EQ(pictures.size(), 30U);
  for (std::size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(pictures[i].bytes,
              std::string(1, "abc"[i / 10]) + "v" + std::string(8, static_cast<char>('0' + i % 10)));
    EXPECT_EQ(pictures[i].is_sync, i % 5 == 0) << i;
  }
  EXPECT_EQ(joined->frames(2).at(20).bytes, "bs00000000");
  EXPECT_EQ(joined->text.find("moov"), 12U + 4) << "its index is in front";
}

TEST(Mp4Join, BeginsEachPartWhereTheLongestTrackEnds) {
  // 400 ms of picture and 426.666 ms of sound.
  const auto joined = join({mp4('a', {video(), audio()}), mp4('b', {video(), audio()})});
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->frames(1)[10].time, 427U);
  EXPECT_EQ(joined->frames(2)[20].time, 20480U);
  EXPECT_EQ(joined->plan.media.duration, Nanoseconds(853'333'333));
}

TEST(Mp4Join, KeepsTheOffsetsThatEditListsTell) {
  TrackSpec reordered = video();
  reordered.from = 80;  // two frames of reordering
  TrackSpec late = audio();
  late.empty = 100;
  const auto joined = join({mp4('a', {video(), audio()}), mp4('b', {reordered, late})});
  ASSERT_TRUE(joined) << joined.error().message;
  // The part's 0 is where no track has to go back: behind 400 ms and the 80 that come before.
  EXPECT_EQ(joined->frames(1)[10].time, 400U);
  EXPECT_EQ(joined->frames(2)[20].time, 48U * (480 + 100));
}

TEST(Mp4Join, LetsALostTrackPause) {
  const auto joined =
      join({mp4('a', {video(), audio()}), mp4('b', {video(50)}), mp4('c', {video(), audio()})});
  ASSERT_TRUE(joined) << joined.error().message;
  const auto sounds = joined->frames(2);
  ASSERT_EQ(sounds.size(), 40U);
  EXPECT_EQ(sounds[20].bytes, "cs00000000");
  EXPECT_EQ(sounds[20].time, 48U * joined->frames(1)[60].time);
}

TEST(Mp4Join, RefusesWhatDoesNotFit) {
  TrackSpec hevc = video();
  hevc.codec = "hvc1";
  TrackSpec other_sets = video();
  other_sets.config = "other!";
  TrackSpec other_ticks = video();
  other_ticks.timescale = 90000;
  TrackSpec other_rate = audio();
  other_rate.timescale = 44100;
  TrackSpec other_sound = audio();
  other_sound.config = "mono";
  const std::pair<std::vector<TrackSpec>, const char *> cases[] = {
      {{hevc, audio()}, "hvc1 instead of avc1"},
      {{other_sets, audio()}, "another size or configuration of avc1"},
      {{other_ticks, audio()}, "90000 instead of 1000"},
      {{video(), other_rate}, "44100 instead of 48000"},
      {{video(), other_sound}, "another size or configuration of mp4a"},
      {{video(), audio(), audio()}, "a track that the first part has not"},
  };
  for (const auto &[tracks, reason] : cases) {
    const auto joined = join({mp4('a', {video(), audio()}), mp4('b', tracks)});
    ASSERT_FALSE(joined) << reason;
    EXPECT_EQ(joined.error().code, Errc::invalid_argument);
    EXPECT_NE(joined.error().message.find(reason), std::string::npos) << joined.error().message;
  }
}

TEST(Mp4Join, JoinsAsManyAsFitAndSaysWhyTheNextDoesNot) {
  TrackSpec other = video();
  other.config = "other!";
  const std::vector<std::string> parts = {mp4('a', {video()}), mp4('b', {video()}), mp4('c', {other})};
  std::vector<ByteSource> sources;
  for (const std::string &part : parts) sources.push_back(source_of(part));
  const auto plan = plan_mp4_join(sources);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->media.parts, 2U);
  EXPECT_EQ(plan->media.video_frames, 20U);
  ASSERT_TRUE(plan->media.left_out);
  EXPECT_NE(plan->media.left_out->message.find("part 3"), std::string::npos);
}

TEST(Mp4Join, RefusesWhatIsNoPlainFile) {
  const std::string good = mp4('a', {video(), audio()});
  for (const std::string &bad : {std::string(), good.substr(0, good.size() - 1), good + box("moof", "x"),
                                 box("ftyp", "mp42") + box("moov", "x")})
    EXPECT_EQ(join({good, bad}).error().code, Errc::corrupt);
  EXPECT_EQ(join({}).error().code, Errc::invalid_argument);
}

TEST(Mp4Join, SurvivesEveryByteChangedInTurn) {
  const std::string good = mp4('a', {video(2), audio(2)});
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const char c : {'\0', '\x01', '\x7f', '\xff'}) {
      std::string bad = good;
      bad[i] = c;
      if (const auto joined = join({good, bad})) {
        EXPECT_LE(joined->text.size(), 4 * good.size());
      }
    }
}

}  // namespace
}  // namespace rec
