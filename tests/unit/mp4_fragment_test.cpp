// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/mp4_fragment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "core/model/byte_reader.h"

namespace rec {
namespace {

using Number = std::uint32_t;

std::string number(std::uint64_t v, int bytes = 4) {
  std::string s;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) s += static_cast<char>(v >> shift);
  return s;
}
std::string box(std::string_view type, std::string_view payload) {
  return number(8 + payload.size()).append(type).append(payload);
}

constexpr Number kKey = 0x40;       // what mp4mux writes for a keyframe of video,
constexpr Number kDelta = 0x100c0;  // for its other frames
constexpr Number kSound = 0xc0;     // and for audio
constexpr Number kNonSync = 0x10000;
constexpr std::uint64_t kMdatAt = 0x123456789;
constexpr Number kMdatHeader = 0x10;  // what is before the first sample

struct Sample {
  Number duration = 0;
  Number size = 0;
  Number flags = 0;
  Number composition_offset = 0;
  std::uint64_t at = 0;  // in the mdat

  bool operator==(const Sample &) const = default;
};
std::ostream &operator<<(std::ostream &out, const Sample &s) {
  return out << '{' << s.duration << ", " << s.size << ", 0x" << std::hex << s.flags << std::dec << ", "
             << s.composition_offset << ", at " << s.at << '}';
}

// Writes the samples of one track as atom_traf_add_samples() and atom_traf_copy_data() of mp4mux do.
class Mp4muxTrack {
 public:
  void add(const Sample &s) {
    const bool begins = runs_.empty() || runs_.back().end != s.at;
    if (runs_.empty()) first_ = s, default_flags_ = s.flags, tfhd_ = 0x39;
    if (begins) runs_.push_back({.flags = 0x1U, .end = s.at, .samples = {}});
    Run &run = runs_.back();
    if (s.composition_offset != 0) run.flags |= 0x800;
    if (s.duration != first_.duration || !begins) take_back(0x8, 0x100);
    if (s.size != first_.size || !begins) take_back(0x10, 0x200);
    if (s.flags != default_flags_ || !begins) {
      if (run.samples.size() == 1) {
        default_flags_ = s.flags;
        run.flags |= 0x4;
      } else {
        tfhd_ &= ~0x20U;
        run.flags = (run.flags | 0x400) & ~0x4U;
      }
    }
    run.samples.push_back(s);
    run.end += s.size;
  }

  std::string traf(Number id, bool with_sdtp) const {
    std::string tfhd = number(tfhd_) + number(id) + number(kMdatAt, 8);
    if (tfhd_ & 0x8) tfhd += number(first_.duration);
    if (tfhd_ & 0x10) tfhd += number(first_.size);
    if (tfhd_ & 0x20) tfhd += number(default_flags_);
    std::string text = box("tfhd", tfhd) + box("tfdt", number(0) + number(90000));
    std::size_t samples = 0;
    for (const Run &run : runs_) {
      std::string trun = number(run.flags) + number(run.samples.size()) + number(run.samples[0].at);
      if (run.flags & 0x4) trun += number(run.samples[0].flags);
      for (const Sample &s : run.samples) {
        if (run.flags & 0x100) trun += number(s.duration);
        if (run.flags & 0x200) trun += number(s.size);
        if (run.flags & 0x400) trun += number(s.flags);
        if (run.flags & 0x800) trun += number(s.composition_offset);
      }
      text += box("trun", trun);
      samples += run.samples.size();
    }
    if (with_sdtp) text += box("sdtp", number(0) + std::string(samples, '\x1c'));
    return box("traf", text);
  }
  bool empty() const { return runs_.empty(); }

 private:
  struct Run {
    Number flags;
    std::uint64_t end;
    std::vector<Sample> samples;
  };
  void take_back(Number tfhd_bit, Number run_bit) {
    tfhd_ &= ~tfhd_bit;
    for (Run &run : runs_) run.flags |= run_bit;
  }

  Sample first_;
  Number default_flags_ = 0;
  Number tfhd_ = 0;
  std::vector<Run> runs_;
};

constexpr Number kAudio = 1;
constexpr Number kVideo = 2;
using Samples = std::map<Number, std::vector<Sample>>;  // by track

// A fragment as the media come: samples of tracks, one behind the other.
class Mp4mux {
 public:
  Mp4mux &add(Number id, Sample sample) {
    sample.at = end_;
    end_ += sample.size;
    given_[id].push_back(sample);
    tracks_[id].add(sample);
    return *this;
  }
  Mp4mux &sound(Number size, Number duration = 1024) {
    return add(kAudio, {.duration = duration, .size = size, .flags = kSound});
  }
  Mp4mux &key(Number size, Number duration = 100) {
    return add(kVideo, {.duration = duration, .size = size, .flags = kKey});
  }
  Mp4mux &delta(Number size, Number duration = 100) {
    return add(kVideo, {.duration = duration, .size = size, .flags = kDelta});
  }

  std::string moof(bool with_sdtp = false) const {
    std::string text = box("mfhd", number(0) + number(1));
    for (const auto &[id, track] : tracks_) text += track.traf(id, with_sdtp);
    return box("moof", text);
  }
  const Samples &given() const { return given_; }

 private:
  std::uint64_t end_ = kMdatHeader;
  std::map<Number, Mp4muxTrack> tracks_;
  Samples given_;
};

// ---- what a demuxer makes of it

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

struct Box {
  std::string type;
  std::string_view payload;
};
std::vector<Box> boxes_in(std::string_view text) {
  std::vector<Box> boxes;
  while (!text.empty()) {
    const std::size_t size = text.size() < 8 ? 0 : be32(bytes_of(text));
    if (size < 8 || size > text.size()) {
      ADD_FAILURE() << "a broken box";
      break;
    }
    boxes.push_back({std::string(text.substr(4, 4)), text.substr(8, size - 8)});
    text.remove_prefix(size);
  }
  return boxes;
}

std::vector<Sample> samples_in(std::string_view traf) {
  std::vector<Sample> samples;
  Sample fallback;
  std::uint64_t base = 0;
  for (const Box &b : boxes_in(traf)) {
    ByteReader r(bytes_of(b.payload));
    const Number flags = r.u32().value_or(0);
    if (b.type == "tfhd") {
      EXPECT_TRUE(r.skip(4));
      base = r.u64().value();
      if (flags & 0x8) fallback.duration = r.u32().value();
      if (flags & 0x10) fallback.size = r.u32().value();
      if (flags & 0x20) fallback.flags = r.u32().value();
    } else if (b.type == "trun") {
      const Number count = r.u32().value();
      std::uint64_t at = base - kMdatAt + (flags & 0x1 ? r.u32().value() : 0);
      const auto first_flags = flags & 0x4 ? r.u32() : std::nullopt;
      for (Number i = 0; i < count; ++i) {
        Sample s = fallback;
        if (first_flags && i == 0) s.flags = *first_flags;
        if (flags & 0x100) s.duration = r.u32().value();
        if (flags & 0x200) s.size = r.u32().value();
        if (flags & 0x400) s.flags = r.u32().value();
        if (flags & 0x800) s.composition_offset = r.u32().value();
        s.at = at;
        at += s.size;
        samples.push_back(s);
      }
    }
    EXPECT_TRUE(b.type != "tfdt" || r.skip(flags ? 8 : 4));
    EXPECT_TRUE(b.type == "sdtp" || r.left() == 0) << b.type;
  }
  return samples;
}

Samples read(std::string_view moof) {
  Samples samples;
  const auto top = boxes_in(moof);
  EXPECT_EQ(top.size(), 1U);
  for (const Box &b : boxes_in(top.at(0).payload)) {
    if (b.type != "traf") continue;
    const auto tfhd = boxes_in(b.payload).at(0);
    samples[be32(bytes_of(tfhd.payload).subspan(4))] = samples_in(b.payload);
  }
  return samples;
}

// What matters of the flags: is it a keyframe? Of a fragment's first frame it is not always told.
Samples as_played(Samples samples) {
  for (auto &[id, track] : samples) {
    for (Sample &s : track) s.flags &= kNonSync;
    track.front().flags = 0;
  }
  return samples;
}

// The fault is there, and is gone afterwards.
void expect_mended(const Mp4mux &mux) {
  const std::string moof = mux.moof();
  EXPECT_NE(read(moof), mux.given());
  const std::string whole = with_whole_runs(moof);
  EXPECT_EQ(whole.size(), moof.size());
  EXPECT_EQ(read(whole), mux.given());
  EXPECT_EQ(with_whole_runs(whole), whole);
}

// ---- the fault

TEST(Mp4Fragment, TellsTheSizeAndDurationOfASilentFrameBehindOthers) {
  expect_mended(Mp4mux().delta(900).sound(4).sound(4).delta(800).sound(4));
}

TEST(Mp4Fragment, TellsTheSizeOfAFrameAsLongAsTheFirst) {
  expect_mended(Mp4mux().sound(4).delta(900).sound(7).delta(800).sound(4).delta(700));
}

TEST(Mp4Fragment, TellsTheDurationOfAVideoFrameThatLastsAsLongAsTheFirst) {
  expect_mended(Mp4mux().delta(900, 33).sound(99).delta(800, 34).sound(98).delta(700, 33).sound(97));
}

TEST(Mp4Fragment, MendsBothTracks) {
  expect_mended(Mp4mux().delta(900, 33).sound(4).sound(4).delta(800, 34).sound(4).delta(700, 33));
}

TEST(Mp4Fragment, MendsSeveralRunsAtTheEnd) {
  Mp4mux mux;
  mux.delta(900).sound(4).sound(4);
  for (Number i = 0; i < 20; ++i) mux.delta(500 + i).sound(4);
  expect_mended(mux);
}

TEST(Mp4Fragment, MendsAlsoWhatHasCompositionOffsets) {
  Mp4mux mux;
  for (const Number offset : {200U, 500U, 200U, 0U, 100U})
    mux.add(kVideo, {.duration = 100, .size = 900 + offset, .flags = kDelta, .composition_offset = offset})
        .sound(4);
  mux.sound(4).delta(100).sound(4);
  expect_mended(mux);
}

TEST(Mp4Fragment, DoesNotMakeKeyframesOfOtherFrames) {
  expect_mended(Mp4mux().delta(900).delta(800).delta(700).sound(5).delta(600).sound(5).delta(400));
  const Mp4mux after_keyframe = Mp4mux().key(900).sound(5).delta(800).delta(700).sound(5).delta(600);
  const auto samples = read(with_whole_runs(after_keyframe.moof()));
  EXPECT_EQ(samples.at(kVideo)[0].flags, 0U);  // not told, and a keyframe either way
  for (const std::size_t i : {1U, 2U, 3U}) EXPECT_EQ(samples.at(kVideo)[i].flags, kDelta) << i;
}

TEST(Mp4Fragment, KeepsSdtp) {
  const auto mux = Mp4mux().delta(900).sound(4).sound(4).delta(800).sound(4);
  const std::string moof = mux.moof(true);
  const std::string whole = with_whole_runs(moof);
  EXPECT_EQ(whole.size(), moof.size());
  EXPECT_EQ(read(whole), mux.given());
  EXPECT_NE(whole.find(box("sdtp", number(0) + "\x1c\x1c\x1c")), std::string::npos);
}

TEST(Mp4Fragment, FindsRoomInAKeyframesFragmentWithAJitter) {
  expect_mended(Mp4mux().key(9000, 40).delta(900, 41).sound(7).delta(800, 40).sound(8).delta(700, 40));
}

TEST(Mp4Fragment, FillsFourBytesWithALongDecodeTime) {
  const Mp4mux mux = Mp4mux().sound(4).sound(5).delta(900).sound(4);
  expect_mended(mux);
  EXPECT_NE(with_whole_runs(mux.moof()).find(box("tfdt", number(0x01000000) + number(90000, 8))),
            std::string::npos);
}

// ---- what is left alone

TEST(Mp4Fragment, LeavesAWholeFragmentAlone) {
  for (const Mp4mux &mux : {
           Mp4mux().sound(4),
           Mp4mux().delta(900).sound(4).delta(800).sound(4),
           Mp4mux().key(900).sound(200).delta(800).sound(201).delta(800).sound(202),
           Mp4mux().delta(900).sound(4).sound(4).delta(800).sound(4).sound(4),
           Mp4mux().delta(900).delta(800).delta(700),
       }) {
    EXPECT_EQ(as_played(read(mux.moof())), as_played(mux.given()));
    EXPECT_EQ(with_whole_runs(mux.moof()), mux.moof());
  }
}

TEST(Mp4Fragment, LeavesOtherBytesAlone) {
  const auto run = [](Number flags, Number count, const std::string &rest) {
    return box("traf", box("tfhd", number(0) + number(1)) + box("tfdt", number(0) + number(0)) +
                           box("trun", number(flags) + number(count) + rest));
  };
  const auto moof = [](const std::string &traf) {
    return box("moof", box("mfhd", number(0) + number(1)) + traf);
  };
  for (const std::string &other : {
           std::string(),
           std::string("moof"),
           box("mdat", "samples"),
           box("moof", ""),
           moof(run(0x1, 1, number(16))),                            // trex tells all
           moof(run(0x1, 0xffffffff, number(16))),                   // and much of it
           moof(run(0x301, 0x40000001, number(16) + number(1, 8))),  // 8 * count is 8 in 32 bits
           moof(run(0x301, 0, number(16))),
           moof(run(0x301, 2, number(16) + number(1, 8))),
           moof(run(0x2, 1, "")),
           moof(box("traf", "")),
           moof(box("uuid", "whatever")),
       })
    EXPECT_EQ(with_whole_runs(other), other);
}

TEST(Mp4Fragment, LeavesATornFragmentAlone) {
  const std::string moof =
      Mp4mux().delta(900, 33).sound(4).sound(4).delta(800, 34).sound(4).delta(7, 33).moof();
  for (std::size_t bytes = 0; bytes < moof.size(); ++bytes) {
    std::string torn = moof.substr(0, bytes);
    EXPECT_EQ(with_whole_runs(torn), torn);
    if (bytes >= 8) torn.replace(0, 4, number(bytes));
    EXPECT_EQ(with_whole_runs(torn).size(), bytes) << "as it says";
  }
}

TEST(Mp4Fragment, KeepsTheSizeOfMutilatedFragments) {
  std::mt19937 random(20251121);
  const std::string moof =
      Mp4mux().delta(900, 33).sound(4).sound(4).delta(800, 34).sound(4).delta(7, 33).moof();
  constexpr std::string_view kBytes("\0\1\2\4\7\x7f\x80\xff", 8);
  for (int i = 0; i < 10000; ++i) {
    std::string mutilated = moof;
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits)
      mutilated[random() % mutilated.size()] = kBytes[random() % kBytes.size()];
    ASSERT_EQ(with_whole_runs(mutilated).size(), moof.size());
  }
}

// ---- any media

// Frames as a live source has them: times rounded to milliseconds, sizes that repeat now and then, and
// tracks that come in bursts.
Mp4mux random_fragment(std::mt19937 &random) {
  const auto below = [&](unsigned n) { return static_cast<Number>(random() % n); };
  const bool is_silent = below(2);
  const bool has_jitter = below(2);
  const bool is_still = below(4) == 0;
  const bool reorders = below(3) == 0;
  const Number burst = 1 + below(4);
  Mp4mux mux;
  if (below(2)) mux.key(20000, 40);
  for (Number rounds = 1 + below(12); rounds > 0; --rounds) {
    for (Number n = below(burst + 1); n > 0; --n)
      mux.add(kVideo, {.duration = has_jitter ? 33 + below(2) : 40,
                       .size = is_still ? 20 + below(2) : 500 + below(1000),
                       .flags = kDelta,
                       .composition_offset = reorders ? 40 * below(3) : 0});
    for (Number n = below(burst + 1); n > 0; --n)
      mux.sound(is_silent ? 4 + below(2) : 180 + below(40), has_jitter ? 1008 + 48 * below(2) : 1024);
  }
  return mux;
}

TEST(Mp4Fragment, TellsAllThatWasGivenToTheMuxer) {
  std::mt19937 random(20251121);
  int faulty = 0;
  for (int i = 0; i < 5000; ++i) {
    const Mp4mux mux = random_fragment(random);
    const std::string moof = mux.moof();
    const std::string whole = with_whole_runs(moof);
    ASSERT_EQ(whole.size(), moof.size());
    ASSERT_EQ(as_played(read(whole)), as_played(mux.given()));
    if (as_played(read(moof)) != as_played(mux.given())) ++faulty;
  }
  EXPECT_GT(faulty, 500);
}

}  // namespace
}  // namespace rec
