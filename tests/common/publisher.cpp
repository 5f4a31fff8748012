// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/common/publisher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/common/bus.h"

namespace rec::test {
namespace {

// Runs the pipeline whose sink is an appsink-like fakesink named "out" and keeps what arrives.
Media encode(const std::string &description) {
  Media media;
  const auto pipeline = parse_pipeline(description + " ! fakesink name=out sync=false signal-handoffs=true");
  if (!pipeline) return media;
  const auto out = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
  const auto on_buffer = +[](GstElement *, GstBuffer *buffer, GstPad *pad, gpointer data) {
    auto *taken = static_cast<Media *>(data);
    if (!taken->caps) taken->caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
    const auto time = [](GstClockTime t) { return Nanoseconds(static_cast<gint64>(t)); };
    const GstClockTime dts = GST_BUFFER_DTS_OR_PTS(buffer);
    taken->units.push_back({Ref<GstBuffer>::retain(buffer), time(GST_BUFFER_PTS(buffer)), time(dts),
                            time(GST_BUFFER_DURATION(buffer)),
                            !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)});
  };
  g_signal_connect(out.get(), "handoff", G_CALLBACK(on_buffer), &media);
  run_to_eos(pipeline.get());
  EXPECT_FALSE(media.units.empty()) << description;
  if (media.units.empty()) return media;
  // x264enc starts at 1000 h so that DTS need not be negative.
  const Nanoseconds first = media.units.front().dts;
  return media.moved(-first);
}

// Encoded media by description; gone before gst_deinit() counts what is left.
std::map<std::string, Media> cache;

class CacheEnvironment : public ::testing::Environment {
  void TearDown() override { cache.clear(); }
};
const auto *const kCacheEnvironment = ::testing::AddGlobalTestEnvironment(new CacheEnvironment);

const Media &encoded_once(const std::string &description) {
  const auto known = cache.find(description);
  if (known != cache.end()) return known->second;
  return cache.emplace(description, encode(description)).first->second;
}

// avenc_mpeg4 of 1.22 gives no usable times.
void number_frames(Media &media, unsigned fps) {
  const Nanoseconds step = std::chrono::duration_cast<Nanoseconds>(std::chrono::seconds(1)) / fps;
  for (std::size_t i = 0; i < media.units.size(); ++i) {
    media.units[i].pts = media.units[i].dts = step * static_cast<std::int64_t>(i);
    media.units[i].duration = step;
  }
}

GstBuffer *copy_of(const MediaUnit &unit) {
  GstBuffer *buffer = gst_buffer_copy(unit.buffer.get());
  const auto time = [](Nanoseconds t) { return static_cast<GstClockTime>(std::max<gint64>(t.count(), 0)); };
  GST_BUFFER_PTS(buffer) = time(unit.pts);
  GST_BUFFER_DTS(buffer) = time(unit.dts);
  GST_BUFFER_DURATION(buffer) = time(unit.duration);
  return buffer;
}

}  // namespace

Nanoseconds Media::end() const {
  Nanoseconds end{0};
  for (const MediaUnit &unit : units) end = std::max(end, unit.pts + unit.duration);
  return end;
}

Media Media::part(Nanoseconds from, Nanoseconds to, Nanoseconds at) const {
  Media part{caps, {}};
  for (const MediaUnit &unit : units)
    if (unit.dts >= from && unit.dts < to) part.units.push_back(unit);
  return part.units.empty() ? part : part.moved(at - part.units.front().dts);
}

Media Media::moved(Nanoseconds by) const {
  Media moved{caps, units};
  for (MediaUnit &unit : moved.units) {
    unit.pts += by;
    unit.dts += by;
  }
  return moved;
}

const Media &video(const VideoSpec &spec) {
  const auto n = [](unsigned v) { return std::to_string(v); };
  const std::string profile = spec.profile.empty() ? "" : ",profile=" + spec.profile;
  std::string encoder = "x264enc speed-preset=ultrafast threads=1 bframes=" + n(spec.bframes) +
                        " key-int-max=" + n(spec.gop) + " " + spec.options + " ! video/x-h264" + profile +
                        " ! h264parse ! video/x-h264,stream-format=avc,alignment=au";
  if (spec.codec == "h265")
    encoder = "x265enc speed-preset=ultrafast tune=zerolatency key-int-max=" + n(spec.gop) + " " +
              spec.options + " ! h265parse ! video/x-h265,stream-format=hvc1,alignment=au";
  if (spec.codec == "mpeg4")
    encoder = "avenc_mpeg4 gop-size=" + n(spec.gop) + " " + spec.options + " ! mpeg4videoparse";
  const std::string description = "videotestsrc pattern=ball num-buffers=" + n(spec.frames) +
                                  " ! video/x-raw,format=I420,width=" + n(spec.width) +
                                  ",height=" + n(spec.height) + ",framerate=" + n(spec.fps) + "/1 ! " +
                                  encoder;
  const Media &media = encoded_once(description);
  if (spec.codec == "mpeg4") number_frames(cache.at(description), spec.fps);
  return media;
}

const Media &audio(const AudioSpec &spec) {
  std::string encoder = "avenc_aac ! aacparse";
  if (spec.codec == "mp3") encoder = "lamemp3enc ! mpegaudioparse";
  if (spec.codec == "opus") encoder = "opusenc ! opusparse";
  return encoded_once("audiotestsrc wave=" + std::string(spec.is_silent ? "silence" : "ticks") +
                      " num-buffers=" + std::to_string(spec.frames) +
                      " samplesperbuffer=1024 ! audio/x-raw,rate=" + std::to_string(spec.rate) +
                      ",channels=" + std::to_string(spec.channels) + " ! " + encoder);
}

Publisher::Publisher(const std::string &launch) : Publisher(parse_pipeline(launch)) {}

Publisher::Publisher(Ref<GstElement> element)
    : pipeline_(Ref<GstElement>::sink(gst_pipeline_new("publisher"))), element_(std::move(element)) {
  if (!element_) return;
  gst_bin_add(GST_BIN(pipeline_.get()), element_.get());
  EXPECT_NE(gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE)
      << GST_ELEMENT_NAME(element_.get());
}

Publisher::~Publisher() {
  while (!pads_.empty()) disconnect(pads_.begin()->first);
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

void Publisher::connect(const std::string &name) {
  const auto sink = Ref<GstPad>::adopt(gst_element_request_pad_simple(element_.get(), name.c_str()));
  ASSERT_TRUE(sink) << "no pad " << name;
  Pad &pad = pads_[name];
  pad.source = Ref<GstPad>::sink(gst_pad_new(name.c_str(), GST_PAD_SRC));
  gst_pad_set_active(pad.source.get(), TRUE);
  ASSERT_EQ(gst_pad_link(pad.source.get(), sink.get()), GST_PAD_LINK_OK) << name;
}

void Publisher::disconnect(const std::string &name) {
  const Pad pad = std::move(pads_[name]);
  pads_.erase(name);
  if (const auto sink = Ref<GstPad>::adopt(gst_pad_get_peer(pad.source.get()))) {
    gst_pad_unlink(pad.source.get(), sink.get());
    gst_element_release_request_pad(element_.get(), sink.get());
  }
  gst_pad_set_active(pad.source.get(), FALSE);
}

void Publisher::begin(const std::string &name, const Ref<GstCaps> &caps_of_media) {
  static unsigned streams = 0;
  Pad &pad = pads_[name];
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  event(name, gst_event_new_stream_start(("stream-" + std::to_string(++streams)).c_str()));
  caps(name, caps_of_media);
  event(name, gst_event_new_segment(&segment));
  pad.begun = true;
}

void Publisher::caps(const std::string &name, const Ref<GstCaps> &caps) {
  pads_[name].caps = caps;
  event(name, gst_event_new_caps(caps.get()));
}

void Publisher::event(const std::string &name, GstEvent *event) {
  gst_pad_push_event(pads_[name].source.get(), event);
}

void Publisher::begin_for(const std::string &name, const Media &track) {
  if (!pads_.count(name)) connect(name);
  if (!pads_[name].begun)
    begin(name, track.caps);
  else if (!gst_caps_is_equal(pads_[name].caps.get(), track.caps.get()))
    caps(name, track.caps);
}

void Publisher::send_list(const std::string &name, const Media &media) {
  begin_for(name, media);
  GstBufferList *list = gst_buffer_list_new();
  for (const MediaUnit &unit : media.units) gst_buffer_list_add(list, copy_of(unit));
  ASSERT_EQ(gst_pad_push_list(pads_[name].source.get(), list), GST_FLOW_OK) << name;
}

void Publisher::send(const std::map<std::string, Media> &media, const Edit &edit) {
  struct Item {
    const std::string *pad;
    const MediaUnit *unit;
  };
  std::vector<Item> items;
  for (const auto &[name, track] : media) begin_for(name, track);
  // Video first where times are equal, as demuxers do.
  for (auto track = media.rbegin(); track != media.rend(); ++track)
    for (const MediaUnit &unit : track->second.units) items.push_back({&track->first, &unit});
  std::stable_sort(items.begin(), items.end(),
                   [](const Item &a, const Item &b) { return a.unit->dts < b.unit->dts; });
  for (const Item &item : items) {
    GstBuffer *buffer = copy_of(*item.unit);
    if (edit && !edit(*item.pad, buffer)) {
      gst_buffer_unref(buffer);
      continue;
    }
    const GstFlowReturn flow = gst_pad_push(pads_[*item.pad].source.get(), buffer);
    if (flow == GST_FLOW_FLUSHING && may_be_stopped) return;
    ASSERT_EQ(flow, GST_FLOW_OK) << *item.pad;
  }
}

void Publisher::end(const std::string &name) {
  event(name, gst_event_new_eos());
  pads_[name].begun = false;
}

void Publisher::resume() {
  for (auto &[name, pad] : pads_) pad.begun = true;
}

void Publisher::end_all() {
  for (const auto &[name, pad] : pads_) end(name);
}

}  // namespace rec::test
