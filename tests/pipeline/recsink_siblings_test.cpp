// SPDX-License-Identifier: LGPL-2.1-or-later
// recsinks beside one another in a pipeline that plays.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "tests/common/bus.h"
#include "tests/common/ffprobe.h"
#include "tests/common/publisher.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

using std::chrono::seconds;

// A pipeline with one tee per track, fed by a thread of its own in the order of DTS.
class TeedSource {
 public:
  TeedSource() {
    for (Track *track : {&video_, &audio_}) {
      track->tee = Ref<GstElement>::retain(gst_element_factory_make("tee", nullptr));
      g_object_set(track->tee.get(), "allow-not-linked", TRUE, nullptr);
      gst_bin_add(GST_BIN(pipeline_.get()), track->tee.get());
      track->source = Ref<GstPad>::sink(gst_pad_new(nullptr, GST_PAD_SRC));
      gst_pad_set_active(track->source.get(), TRUE);
      const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(track->tee.get(), "sink"));
      EXPECT_EQ(gst_pad_link(track->source.get(), sink.get()), GST_PAD_LINK_OK);
    }
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  }
  ~TeedSource() {
    if (thread_.joinable()) thread_.join();
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  }
  TeedSource(const TeedSource &) = delete;
  TeedSource &operator=(const TeedSource &) = delete;

  GstElement *pipeline() const { return pipeline_.get(); }
  Ref<GstElement> add(const std::string &launch) {
    auto element = parse_pipeline(launch);
    gst_bin_add(GST_BIN(pipeline_.get()), element.get());
    gst_element_sync_state_with_parent(element.get());
    EXPECT_TRUE(gst_element_link_pads(video_.tee.get(), "src_%u", element.get(), "video"));
    EXPECT_TRUE(gst_element_link_pads(audio_.tee.get(), "src_%u", element.get(), "audio_0"));
    return element;
  }
  void remove(const Ref<GstElement> &element) {
    for (const auto &[track, name] : {std::pair(&video_, "video"), std::pair(&audio_, "audio_0")}) {
      const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(element.get(), name));
      const auto source = Ref<GstPad>::adopt(gst_pad_get_peer(sink.get()));
      gst_pad_unlink(source.get(), sink.get());
      gst_element_release_request_pad(track->tee.get(), source.get());
    }
    gst_element_set_locked_state(element.get(), TRUE);
    gst_element_set_state(element.get(), GST_STATE_NULL);
    gst_bin_remove(GST_BIN(pipeline_.get()), element.get());
  }
  // Sends on until `may_send(DTS)` is false, then waits for it.
  void start(const Media &v, const Media &a, const std::function<bool(Nanoseconds)> &may_send) {
    thread_ = std::thread([this, v, a, may_send] {
      begin(video_, v);
      begin(audio_, a);
      std::size_t next_audio = 0;
      for (const MediaUnit &unit : v.units) {
        while (!may_send(unit.dts)) g_thread_yield();
        for (; next_audio < a.units.size() && a.units[next_audio].dts < unit.dts; ++next_audio)
          push(audio_, a.units[next_audio]);
        push(video_, unit);
      }
      for (; next_audio < a.units.size(); ++next_audio) push(audio_, a.units[next_audio]);
      for (Track *track : {&video_, &audio_}) gst_pad_push_event(track->source.get(), gst_event_new_eos());
    });
  }

 private:
  struct Track {
    Ref<GstElement> tee;
    Ref<GstPad> source;
  };
  static void begin(const Track &track, const Media &media) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(track.source.get(), gst_event_new_stream_start(GST_OBJECT_NAME(track.tee.get())));
    gst_pad_push_event(track.source.get(), gst_event_new_caps(media.caps.get()));
    gst_pad_push_event(track.source.get(), gst_event_new_segment(&segment));
  }
  static void push(const Track &track, const MediaUnit &unit) {
    GstBuffer *buffer = gst_buffer_copy(unit.buffer.get());
    GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(unit.pts.count());
    GST_BUFFER_DTS(buffer) = static_cast<GstClockTime>(unit.dts.count());
    GST_BUFFER_DURATION(buffer) = static_cast<GstClockTime>(unit.duration.count());
    EXPECT_EQ(gst_pad_push(track.source.get(), buffer), GST_FLOW_OK);
  }

  Ref<GstElement> pipeline_ = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
  Track video_;
  Track audio_;
  std::thread thread_;
};

TEST(RecSinkSiblings, ComesAndGoesWithoutASiblingNoticing) {
  constexpr int kTimes = 20;
  const TempDir dir;
  VideoSpec video_spec;
  video_spec.frames = 1000;
  AudioSpec audio_spec;
  audio_spec.frames = 1875;
  const Media &v = video(video_spec);
  const Media &a = audio(audio_spec);
  {
    TeedSource source;
    const auto kept = source.add("recsink formats=flv+mp4 location=" + (dir / "kept"));
    std::atomic<std::int64_t> allowed{0};
    source.start(v, a, [&](Nanoseconds dts) { return dts.count() <= allowed; });
    for (int i = 0; i < kTimes; ++i) {
      allowed += Nanoseconds(seconds(1)).count();
      const auto guest =
          source.add("recsink formats=mp4 location=" + (dir / "guest-") + std::to_string(i + 10));
      allowed += Nanoseconds(seconds(1)).count();
      source.remove(guest);
    }
    allowed = INT64_MAX;
    ASSERT_TRUE(wait_for_message(source.pipeline(), GST_MESSAGE_EOS));
  }
  {
    Publisher reference("recsink formats=mp4 location=" + (dir / "alone"));
    reference.send({{"video", v}, {"audio_0", a}});
    reference.end_all();
    ASSERT_TRUE(wait_for_message(reference.pipeline(), GST_MESSAGE_EOS));
  }
  EXPECT_EQ(packets_of(dir / "kept.mp4"), packets_of(dir / "alone.mp4"));
  EXPECT_EQ(packets_of(dir / "kept.flv")["video"].size(), v.units.size());
  EXPECT_EQ(packets_of(dir / "kept.flv")["audio"].size(), a.units.size());
  for (const std::string &name : dir.files()) {
    EXPECT_FALSE(name.ends_with(".part")) << name;
    const bool is_looked_at = name.starts_with("guest-1");
    EXPECT_EQ(is_looked_at ? playback_complaints(dir / name) : "", "") << name;
  }
}

}  // namespace
}  // namespace rec::test
