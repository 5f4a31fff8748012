// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/track_input.h"

#include <algorithm>
#include <array>

#include "gst/common/barrier.h"
#include "gst/common/encoding.h"
#include "gst/common/in_band_sets.h"
#include "gst/common/sender_clock.h"

GST_DEBUG_CATEGORY_EXTERN(rec_recorder_debug);
#define GST_CAT_DEFAULT rec_recorder_debug

namespace rec {
namespace {

// A parser's frame is about as old as the buffer that it was in.
constexpr Nanoseconds kFarthestFromClock = std::chrono::seconds(10);

// One row per codec: what parses it and which framing each family of containers wants.
struct Codec {
  const char *name;
  MediaKind kind;
  const char *input_caps;
  const char *parser;
  const char *packetized_caps;
  const char *byte_stream_caps;
};

constexpr std::array<Codec, 6> kCodecs = {{
    {"h264", MediaKind::video, "video/x-h264", "h264parse", "video/x-h264,stream-format=avc,alignment=au",
     "video/x-h264,stream-format=byte-stream,alignment=au"},
    {"h265", MediaKind::video, "video/x-h265", "h265parse", "video/x-h265,stream-format=hvc1,alignment=au",
     "video/x-h265,stream-format=byte-stream,alignment=au"},
    {"mpeg4", MediaKind::video, "video/mpeg,mpegversion=4,systemstream=false", "mpeg4videoparse",
     "video/mpeg,mpegversion=4,systemstream=false,parsed=true",
     "video/mpeg,mpegversion=4,systemstream=false,parsed=true"},
    {"aac", MediaKind::audio, "audio/mpeg,mpegversion=(int){2,4}", "aacparse",
     "audio/mpeg,mpegversion=4,stream-format=raw,framed=true",
     "audio/mpeg,mpegversion=4,stream-format=adts,framed=true"},
    {"mp3", MediaKind::audio, "audio/mpeg,mpegversion=1,layer=3", "mpegaudioparse",
     "audio/mpeg,mpegversion=1,layer=3,parsed=true", "audio/mpeg,mpegversion=1,layer=3,parsed=true"},
    {"opus", MediaKind::audio, "audio/x-opus", "opusparse", "audio/x-opus", "audio/x-opus"},
}};

const Codec *codec_named(const std::string &name) {
  for (const Codec &codec : kCodecs)
    if (name == codec.name) return &codec;
  return nullptr;
}

const Codec *codec_for(GstCaps *caps, MediaKind kind) {
  for (const Codec &codec : kCodecs) {
    if (codec.kind != kind) continue;
    const auto known = Ref<GstCaps>::adopt(gst_caps_from_string(codec.input_caps));
    if (gst_caps_can_intersect(caps, known.get())) return &codec;
  }
  return nullptr;
}

TrackInput *input_of(GstPad *pad) { return static_cast<TrackInput *>(gst_pad_get_element_private(pad)); }

}  // namespace

const char *video_input_caps() {
  return "video/x-h264; video/x-h265; video/mpeg, mpegversion=(int)4, systemstream=(boolean)false";
}
const char *audio_input_caps() {
  return "audio/mpeg, mpegversion=(int){ 2, 4 }; audio/mpeg, mpegversion=(int)1, layer=(int)3; "
         "audio/x-opus";
}

TrackInput::TrackInput(GstBin *bin, GstPadTemplate *pad_template, const char *pad_name, MediaKind kind,
                       std::size_t track, StreamFormat format, TrackListener &listener)
    : bin_(bin),
      kind_(kind),
      track_(track),
      format_(format),
      listener_(listener),
      pad_(Ref<GstPad>::sink(gst_pad_new_from_template(pad_template, pad_name))),
      feed_(Ref<GstPad>::sink(gst_pad_new(nullptr, GST_PAD_SRC))),
      drain_(Ref<GstPad>::sink(gst_pad_new(nullptr, GST_PAD_SINK))) {
  gst_segment_init(&segment_, GST_FORMAT_TIME);
  install_pad_functions();
  gst_pad_set_active(feed_.get(), TRUE);
  gst_pad_set_active(drain_.get(), TRUE);
  gst_element_add_pad(GST_ELEMENT(bin_), pad_.get());
}

TrackInput::~TrackInput() {
  gst_pad_set_active(pad_.get(), FALSE);  // waits for the streaming thread to leave
  drop_parser();
  gst_pad_set_active(feed_.get(), FALSE);
  gst_pad_set_active(drain_.get(), FALSE);
  gst_element_remove_pad(GST_ELEMENT(bin_), pad_.get());
}

void TrackInput::install_pad_functions() {
  for (GstPad *pad : {pad_.get(), feed_.get(), drain_.get()}) gst_pad_set_element_private(pad, this);

  gst_pad_set_chain_function(pad_.get(), [](GstPad *pad, GstObject *parent, GstBuffer *buffer) {
    auto owned = Ref<GstBuffer>::adopt(buffer);
    return barrier(parent, GST_FLOW_ERROR, [&] { return input_of(pad)->take(std::move(owned)); });
  });
  gst_pad_set_event_function(pad_.get(), [](GstPad *pad, GstObject *parent, GstEvent *event) -> gboolean {
    auto owned = Ref<GstEvent>::adopt(event);
    return barrier(parent, false, [&] { return input_of(pad)->take_event(std::move(owned)); });
  });
  // What the parser gives. It runs below take() on the same thread.
  gst_pad_set_chain_function(drain_.get(), [](GstPad *pad, GstObject *, GstBuffer *buffer) {
    TrackInput *input = input_of(pad);
    auto owned = Ref<GstBuffer>::adopt(buffer);
    return barrier(input->bin_, GST_FLOW_ERROR, [&] {
      input->take_parsed(std::move(owned));
      return GST_FLOW_OK;
    });
  });
  gst_pad_set_event_function(drain_.get(), [](GstPad *pad, GstObject *, GstEvent *event) -> gboolean {
    TrackInput *input = input_of(pad);
    const auto owned = Ref<GstEvent>::adopt(event);
    return barrier(input->bin_, false, [&] { return input->take_parsed_event(owned.get()); });
  });
  gst_pad_set_query_function(drain_.get(), [](GstPad *pad, GstObject *parent, GstQuery *query) -> gboolean {
    if (GST_QUERY_TYPE(query) != GST_QUERY_CAPS) return gst_pad_query_default(pad, parent, query);
    const TrackInput *input = input_of(pad);
    const Codec *codec = codec_named(input->codec_);
    if (!codec) return FALSE;
    const bool packetized = input->format_ == StreamFormat::packetized;
    const auto wanted = Ref<GstCaps>::adopt(
        gst_caps_from_string(packetized ? codec->packetized_caps : codec->byte_stream_caps));
    gst_query_set_caps_result(query, wanted.get());
    return TRUE;
  });
}

GstFlowReturn TrackInput::take(Ref<GstBuffer> buffer) {
  if (gst_buffer_get_size(buffer.get()) == 0) {
    listener_.on_dropped(track_, true);
    return GST_FLOW_OK;
  }
  if (!parser_) {
    const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad_.get()));
    if (caps) set_caps(caps.get());
  }
  if (!parser_ || !has_time_) {  // refused, and said so
    listener_.on_dropped(track_, false);
    return GST_FLOW_OK;
  }
  is_delta_ = is_packetized_ && GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
  const GstClockTime time = GST_BUFFER_DTS_OR_PTS(buffer.get());
  repeats_ = is_packetized_ && GST_CLOCK_TIME_IS_VALID(time) && time == last_time_;
  last_time_ = time;
  read_sender_clock(buffer.get());
  const GstFlowReturn flow = gst_pad_push(feed_.get(), buffer.release());
  if (flow == GST_FLOW_FLUSHING) return flow;
  if (flow != GST_FLOW_OK && flow != GST_FLOW_EOS)
    refuse(std::string("the parser says ") + gst_flow_get_name(flow));
  if (source_can_wait()) listener_.on_source_can_wait(pad_.get());
  return GST_FLOW_OK;
}

// Asked once per stream. A source that does not say is taken for a live one.
bool TrackInput::source_can_wait() {
  if (can_wait_) return *can_wait_;
  const std::unique_ptr<GstQuery, Freer<gst_query_unref>> query(gst_query_new_latency());
  gboolean is_live = TRUE;
  if (gst_pad_peer_query(pad_.get(), query.get()))
    gst_query_parse_latency(query.get(), &is_live, nullptr, nullptr);
  can_wait_ = !is_live;
  return *can_wait_;
}

bool TrackInput::take_event(Ref<GstEvent> event) {
  switch (GST_EVENT_TYPE(event.get())) {
    case GST_EVENT_STREAM_START:
      sender_clock_.reset();
      if (ended_) drop_parser();
      ended_ = false;
      can_wait_.reset();
      listener_.on_stream_start(track_);
      break;
    case GST_EVENT_CAPS: {
      GstCaps *caps = nullptr;
      gst_event_parse_caps(event.get(), &caps);
      set_caps(caps);
      return true;  // set_caps() told the parser
    }
    case GST_EVENT_SEGMENT: {
      const GstSegment *segment = nullptr;
      gst_event_parse_segment(event.get(), &segment);
      take_segment(segment);
      return true;
    }
    case GST_EVENT_TAG: {
      GstTagList *tags = nullptr;
      gst_event_parse_tag(event.get(), &tags);
      listener_.on_tags(track_, Ref<GstTagList>::retain(tags));
      break;
    }
    case GST_EVENT_FLUSH_STOP:
      if (ended_) drop_parser();
      ended_ = false;
      if (parser_) gst_pad_push_event(feed_.get(), event.release());
      listener_.on_flush(track_);
      return true;
    case GST_EVENT_EOS:
      ended_ = true;
      if (!parser_) listener_.on_eos(track_, gst_event_get_seqnum(event.get()));
      break;
    default:
      break;
  }
  if (parser_) gst_pad_push_event(feed_.get(), event.release());
  return true;
}

// Parsers drop what lies outside of the segment: theirs begins at 0 and is open, with the same running times.
void TrackInput::take_segment(const GstSegment *segment) {
  const bool has_time = segment->format == GST_FORMAT_TIME && segment->rate > 0;
  segment_event_ = {};
  sender_clock_.reset();
  if (segment->format != GST_FORMAT_TIME)
    refuse(std::string("its segment is in ") + gst_format_get_name(segment->format) +
           " and not in time: put a parser or demuxer before the recorder");
  else if (!has_time)
    refuse("it is played backwards");
  has_time_ = has_time;
  if (!has_time) return;
  GstSegment open = *segment;
  open.offset += open.start;
  open.start = open.time = open.position = 0;
  open.stop = open.duration = GST_CLOCK_TIME_NONE;
  segment_event_ = Ref<GstEvent>::adopt(gst_event_new_segment(&open));
  if (parser_) gst_pad_push_event(feed_.get(), gst_event_ref(segment_event_.get()));
}

void TrackInput::set_caps(GstCaps *caps) {
  const Codec *codec = codec_for(caps, kind_);
  if (!codec) {
    const CString text(gst_caps_to_string(caps));
    refuse(std::string("caps are not supported: ") + text.get());
    drop_parser();
    return;
  }
  if (parser_ && codec_ != codec->name) drop_parser();
  codec_ = codec->name;
  if (!parser_ && !make_parser(codec->parser)) return;
  const char *framing = gst_structure_get_string(gst_caps_get_structure(caps, 0), "stream-format");
  is_packetized_ = kind_ == MediaKind::video && framing && g_strcmp0(framing, "byte-stream") != 0;
  const auto known = Ref<GstCaps>::retain(caps);
  const auto fed = format_ == StreamFormat::byte_stream ? adts_source(known) : known;
  gst_pad_push_event(feed_.get(), gst_event_new_caps(fed.get()));
  if (segment_event_) gst_pad_push_event(feed_.get(), gst_event_ref(segment_event_.get()));
}

bool TrackInput::make_parser(const char *factory) {
  GstElement *parser = gst_element_factory_make(factory, nullptr);
  if (!parser) {
    refuse(std::string("the GStreamer element ") + factory + " is not installed");
    return false;
  }
  if (format_ == StreamFormat::byte_stream && kind_ == MediaKind::video)
    g_object_set(parser, "config-interval", -1, nullptr);
  parser_ = Ref<GstElement>::sink(parser);
  gst_bin_add(bin_, parser);
  const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(parser, "sink"));
  const auto src = Ref<GstPad>::adopt(gst_element_get_static_pad(parser, "src"));
  gst_pad_link(feed_.get(), sink.get());
  gst_pad_link(src.get(), drain_.get());
  gst_element_sync_state_with_parent(parser);
  auto *start = gst_pad_get_sticky_event(pad_.get(), GST_EVENT_STREAM_START, 0);
  gst_pad_push_event(feed_.get(), start ? start : gst_event_new_stream_start("recorder"));
  return true;
}

void TrackInput::drop_parser() {
  if (!parser_) return;
  const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(parser_.get(), "sink"));
  const auto src = Ref<GstPad>::adopt(gst_element_get_static_pad(parser_.get(), "src"));
  gst_pad_unlink(feed_.get(), sink.get());
  gst_pad_unlink(src.get(), drain_.get());
  gst_element_set_locked_state(parser_.get(), TRUE);
  gst_element_set_state(parser_.get(), GST_STATE_NULL);
  gst_bin_remove(bin_, parser_.get());
  parser_ = {};
  // Both forget what the old stream stuck on them.
  for (GstPad *pad : {feed_.get(), drain_.get()}) {
    gst_pad_set_active(pad, FALSE);
    gst_pad_set_active(pad, TRUE);
  }
}

void TrackInput::refuse(const std::string &reason) {
  if (refused_ == reason) return;
  refused_ = reason;
  listener_.on_refused(track_, reason);
}

void TrackInput::take_parsed(Ref<GstBuffer> buffer) {
  // h264parse calls the first frame that it puts parameter sets before a keyframe, whatever it is (1.22).
  if (is_delta_ && !GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT)) {
    buffer = Ref<GstBuffer>::adopt(gst_buffer_make_writable(buffer.release()));
    GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
  }
  ParsedBuffer media;
  media.dts = running_time(GST_BUFFER_DTS(buffer.get()));
  media.pts = running_time(GST_BUFFER_PTS(buffer.get()));
  if (kind_ == MediaKind::video && !GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT))
    caps_ = caps_with_sets_of(buffer.get(), caps_);
  media.repeats = repeats_;
  media.sent_at = sent_at(GST_BUFFER_PTS(buffer.get()));
  media.caps = caps_;
  media.buffer = std::move(buffer);
  listener_.on_media(track_, std::move(media));
}

bool TrackInput::take_parsed_event(GstEvent *event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_CAPS: {
      GstCaps *caps = nullptr;
      gst_event_parse_caps(event, &caps);
      if (!caps_ || !gst_caps_is_equal(caps_.get(), caps)) caps_ = Ref<GstCaps>::retain(caps);
      break;
    }
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(event, &segment_);
      break;
    case GST_EVENT_GAP: {
      GstClockTime start = GST_CLOCK_TIME_NONE;
      GstClockTime duration = GST_CLOCK_TIME_NONE;
      gst_event_parse_gap(event, &start, &duration);
      const bool says_end = GST_CLOCK_TIME_IS_VALID(duration) && duration < GST_CLOCK_TIME_NONE - start;
      const GstClockTime end = says_end ? start + duration : start;
      if (const auto until = running_time(end)) listener_.on_gap(track_, *until);
      break;
    }
    case GST_EVENT_EOS:
      listener_.on_eos(track_, gst_event_get_seqnum(event));
      break;
    default:
      break;
  }
  return true;
}

void TrackInput::read_sender_clock(GstBuffer *buffer) {
  const auto time = GST_BUFFER_PTS_IS_VALID(buffer) ? sender_time(buffer) : std::nullopt;
  if (time) sender_clock_ = SenderClock{GST_BUFFER_PTS(buffer), *time};
}

std::optional<UtcTime> TrackInput::sent_at(GstClockTime pts) const {
  if (!sender_clock_ || !GST_CLOCK_TIME_IS_VALID(pts)) return std::nullopt;
  const Nanoseconds since(GST_CLOCK_DIFF(sender_clock_->pts, pts));
  if (since < -kFarthestFromClock || since > kFarthestFromClock) return std::nullopt;
  return sender_clock_->time + std::chrono::duration_cast<UtcTime::duration>(since);
}

std::optional<Nanoseconds> TrackInput::running_time(GstClockTime time) const {
  if (!GST_CLOCK_TIME_IS_VALID(time)) return std::nullopt;
  guint64 value = 0;
  const int sign = gst_segment_to_running_time_full(&segment_, GST_FORMAT_TIME, time, &value);
  if (sign == 0) return std::nullopt;
  value = std::min(value, static_cast<guint64>(G_MAXINT64));  // absurd, and Intake sees it
  return Nanoseconds(static_cast<gint64>(value) * sign);
}

}  // namespace rec
