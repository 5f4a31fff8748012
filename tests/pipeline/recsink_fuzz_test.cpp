// SPDX-License-Identifier: LGPL-2.1-or-later
// Random sequences of everything that a publisher can do to recsink, from seeds. Whatever comes: every frame
// is accounted for, the element ends in bounded time, and all files decode. REC_LONG=1 runs twenty times as
// many.
#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr unsigned kSeedsPerTest = 10;

const Media &any_video(unsigned which) {
  VideoSpec spec;
  spec.frames = 100;
  spec.gop = 10;
  spec.bframes = which % 2 ? 2 : 0;
  spec.width = which < 2 ? 160 : 176;
  return video(spec);
}
const Media &any_audio(unsigned which) { return audio({.rate = which % 2 ? 44100U : 48000U, .frames = 180}); }

// One publisher that is out of its mind.
class Chaos {
 public:
  Chaos(unsigned seed, const TempDir &dir)
      : random_(seed),
        publisher_("recsink formats=flv+mp4+aac cycle=" + std::to_string(below(3) * 700'000'000) +
                   " location=" + (dir / "%03d")) {
    for (const char *name : {"video", "audio_0", "audio_1"}) {
      if (below(4) == 0) continue;
      publisher_.connect(name);
      pads_[name] = {};
    }
  }

  void run(unsigned steps) {
    for (unsigned i = 0; i < steps; ++i) step();
  }
  Publisher &publisher() { return publisher_; }
  guint64 sent() const { return sent_; }
  bool has_pads() const {  // without pads there is nothing to end
    return std::any_of(pads_.begin(), pads_.end(), [](const auto &pad) { return !pad.second.gone; });
  }

 private:
  struct Pad {
    bool begun = false;
    unsigned media = 0;  // which encoding
    bool gone = false;
  };

  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  bool is_video(const std::string &name) const { return name == "video"; }
  // From a keyframe on, so that what decoders say is about the recorder.
  Media part_of_media(const Media &all, unsigned gop, Nanoseconds length) const {
    const Nanoseconds from = gop * milliseconds(400);
    return all.part(from, from + length, now_);
  }
  GstClockTime any_time() {
    const GstClockTime times[] = {GST_CLOCK_TIME_NONE, 0, G_MAXUINT64 - 1, G_MAXINT64, random_(), GST_SECOND};
    return times[below(6)];
  }

  void step() {
    const unsigned what = below(100);
    if (what < 60) return send();
    if (what < 68)
      now_ += milliseconds(below(3000));
    else if (what < 72)
      now_ += std::chrono::hours(below(40));
    else if (what < 76)
      now_ = seconds(below(10));
    else
      for (auto &[name, pad] : pads_)
        if (below(2)) disturb(name, pad, what);
  }

  void disturb(const std::string &name, Pad &pad, unsigned what) {
    if (pad.gone) {
      publisher_.connect(name);
      pad = {};
    } else if (what < 80) {
      pad.media = below(4);
    } else if (what < 84 && pad.begun) {
      publisher_.event(name, gst_event_new_gap(any_time() / 2, below(2) ? any_time() / 2 : GST_SECOND));
    } else if (what < 88 && pad.begun) {
      publisher_.end(name);
      pad.begun = false;
    } else if (what < 92 && pad.begun) {
      publisher_.event(name, gst_event_new_flush_start());
      publisher_.event(name, gst_event_new_flush_stop(TRUE));
      new_segment(name, GST_FORMAT_TIME);
    } else if (what < 95 && pad.begun) {
      new_segment(name, below(4) ? GST_FORMAT_TIME : GST_FORMAT_BYTES);
    } else if (what < 97) {
      publisher_.disconnect(name);
      pad.gone = true;
    }
  }

  void new_segment(const std::string &name, GstFormat format) {
    GstSegment segment;
    gst_segment_init(&segment, format);
    segment.start = below(2) ? below(5) * GST_SECOND : 0;
    segment.base = below(2) ? below(5) * GST_SECOND : 0;
    publisher_.event(name, gst_event_new_segment(&segment));
  }

  // Up to two seconds of media of some tracks, as they are or with times that are not.
  void send() {
    const auto length = milliseconds(100 + below(2000));
    std::map<std::string, Media> media;
    for (auto &[name, pad] : pads_) {
      if (pad.gone || below(5) == 0) continue;
      const Media &all = is_video(name) ? any_video(pad.media) : any_audio(pad.media);
      media[name] = part_of_media(all, below(5), length);
      if (media[name].units.empty())
        media.erase(name);
      else
        pad.begun = true;
    }
    now_ += length;
    if (below(8) == 0) {
      for (const auto &[name, track] : media) {
        publisher_.send_list(name, track);
        sent_ += track.units.size();
      }
      return;
    }
    const unsigned trouble = below(3) ? 0 : 1 + below(6);
    publisher_.send(media, [&](const std::string &, GstBuffer *buffer) {
      ++sent_;
      spoil(buffer, trouble);
      return true;
    });
  }

  void spoil(GstBuffer *buffer, unsigned trouble) {
    if (trouble == 1) GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
    if (trouble == 2) GST_BUFFER_PTS(buffer) = GST_CLOCK_TIME_NONE;
    if (trouble == 3) GST_BUFFER_DTS(buffer) = GST_BUFFER_PTS(buffer) = GST_CLOCK_TIME_NONE;
    if (trouble == 4 && below(5) == 0) GST_BUFFER_DTS(buffer) = GST_BUFFER_PTS(buffer) = any_time();
    if (trouble == 5) GST_BUFFER_DTS(buffer) = GST_BUFFER_PTS(buffer) = 3 * GST_SECOND;
    if (trouble == 6 && below(9) == 0) GST_BUFFER_DURATION(buffer) = any_time();
  }

  std::mt19937_64 random_;
  Publisher publisher_;
  std::map<std::string, Pad> pads_;
  Nanoseconds now_{0};
  guint64 sent_ = 0;
};

StructurePtr part_of(const StructurePtr &stats, const char *name) {
  GstStructure *part = nullptr;
  EXPECT_TRUE(gst_structure_get(stats.get(), name, GST_TYPE_STRUCTURE, &part, nullptr)) << name;
  return StructurePtr(part);
}

guint64 sum_of_dropped(const StructurePtr &ledger) {
  guint64 sum = 0;
  for (int i = 0; i < gst_structure_n_fields(ledger.get()); ++i)
    if (const char *name = gst_structure_nth_field_name(ledger.get(), static_cast<guint>(i));
        g_str_has_prefix(name, "dropped-"))
      sum += uint64_field(ledger.get(), name);
  return sum;
}

void expect_accounted(Chaos &chaos) {
  GstStructure *raw = nullptr;
  g_object_get(chaos.publisher().element(), "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  const StructurePtr intake = part_of(stats, "intake");
  EXPECT_EQ(uint64_field(intake.get(), "received"), chaos.sent());
  EXPECT_EQ(uint64_field(intake.get(), "held"), 0u);
  const guint64 handed_on = uint64_field(intake.get(), "handed-on");
  EXPECT_EQ(handed_on + sum_of_dropped(intake), chaos.sent());
  for (const char *format : {"flv", "mp4", "aac"}) {
    const StructurePtr ledger = part_of(stats, format);
    const guint64 ingested = uint64_field(ledger.get(), "ingested");
    EXPECT_LE(ingested, handed_on) << format;
    EXPECT_EQ(ingested, uint64_field(ledger.get(), "stored") + sum_of_dropped(ledger)) << format;
    EXPECT_EQ(uint64_field(ledger.get(), "pending"), 0u) << format;
  }
  EXPECT_EQ(uint64_field(stats.get(), "files-failed"), 0u);
}

// One process for all files; ffmpeg's remarks on equal timestamps are about what was sent.
void expect_decodable(const TempDir &dir) {
  std::vector<std::string> command = {"ffmpeg", "-v", "error", "-nostdin"};
  const auto files = dir.files();
  if (files.empty()) return;
  for (const std::string &file : files) {
    EXPECT_FALSE(file.starts_with(".")) << file << " is not complete";
    if (file.ends_with(".aac")) command.insert(command.end(), {"-f", "aac"});  // one frame is not recognized
    command.insert(command.end(), {"-i", dir / file});
  }
  for (std::size_t i = 0; i < files.size(); ++i)
    command.insert(command.end(), {"-map", std::to_string(i), "-f", "null", "-"});
  const CommandResult result = run_command(command);
  EXPECT_EQ(result.exit_code, 0);
  std::istringstream lines(result.err);
  for (std::string line; std::getline(lines, line);)
    EXPECT_TRUE(line.find("non monotonically increasing dts") != std::string::npos ||
                line.find("Last message repeated") != std::string::npos)
        << line;
}

class RecSinkFuzz : public ::testing::TestWithParam<unsigned> {};

TEST_P(RecSinkFuzz, EveryFrameIsAccountedForAndAllFilesDecode) {
  const unsigned seeds = std::getenv("REC_LONG") ? 20 * kSeedsPerTest : kSeedsPerTest;
  for (unsigned seed = GetParam() * seeds; seed < (GetParam() + 1) * seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const TempDir dir;
    Chaos chaos(seed, dir);
    chaos.run(15);
    if (seed % 3 && chaos.has_pads()) finish_recording(chaos.publisher());
    const gint64 before = g_get_monotonic_time();
    gst_element_set_state(chaos.publisher().pipeline(), GST_STATE_NULL);
    EXPECT_LT(g_get_monotonic_time() - before, 10 * G_USEC_PER_SEC);
    expect_accounted(chaos);
    expect_decodable(dir);
    if (::testing::Test::HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RecSinkFuzz, ::testing::Range(0u, 10u));

}  // namespace
}  // namespace rec::test
