// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/mux_writer.h"

#include <gst/video/video-event.h>

#include <algorithm>
#include <atomic>

#include "gst/common/barrier.h"

GST_DEBUG_CATEGORY_EXTERN(rec_recorder_debug);
#define GST_CAT_DEFAULT rec_recorder_debug

namespace rec {
namespace {

// Longer than any file: the muxer's pads never say that they are full.
constexpr guint64 kUnbounded = GST_SECOND * 3600 * 24 * 30;

GstClockTime clock_time(Nanoseconds time) {
  return static_cast<GstClockTime>(std::max<gint64>(time.count(), 0));
}

}  // namespace

void WriterGroup::enter() {
  MutexLock lock(mutex_);
  ++alive_;
}

void WriterGroup::leave() {
  MutexLock lock(mutex_);
  --alive_;
  changed_.notify_all();
}

bool WriterGroup::wait_empty(Nanoseconds timeout) {
  MutexLock lock(mutex_);
  return lock.wait_for(changed_, timeout,
                       [this]() REC_TSA(no_thread_safety_analysis) { return alive_ == 0; });
}

// A pad of ours that is linked to one pad of the muxer.
struct MuxWriter::Feed {
  Track track;
  Ref<GstPad> source;
  Ref<GstPad> sink;  // the muxer's
};

struct MuxWriter::Shared {
  std::shared_ptr<Shared> self;  // until dispose(): the muxer's pads point here
  std::shared_ptr<WriterGroup> group;
  Ref<GstElement> child;  // in the group's bin: holds the muxer
  Ref<GstElement> mux;
  std::vector<Feed> feeds;
  bool audio_is_delta = false;         // Container::indexes_keyframes, and there is video
  Ref<GstPad> out;                     // ours, linked from the muxer
  std::unique_ptr<MuxOutput> output;   // muxer's thread; the disposing one once the muxer is stopped
  std::atomic<bool> ended{false};      // output->end() was called
  std::atomic<bool> failed{false};     // pushing is of no use
  std::atomic<bool> disposing{false};  // the muxer is on its way out

  void end(Status status) {
    if (!ended.exchange(true)) output->end(std::move(status));
  }
  GstFlowReturn write(Ref<GstBuffer> buffer);
  bool event(GstEvent *event);
  void take(Status status);
  bool open_pads(const Container &container, const std::vector<Track> &tracks);
  void open_out();
  void tear_down();
  void dispose();
};

void MuxWriter::Shared::take(Status status) {
  if (status) return;
  failed = true;
  end(std::move(status));
  dispose();
}

GstFlowReturn MuxWriter::Shared::write(Ref<GstBuffer> buffer) {
  if (ended) return failed ? GST_FLOW_ERROR : GST_FLOW_EOS;
  take(output->write(std::move(buffer)));
  return failed ? GST_FLOW_ERROR : GST_FLOW_OK;
}

bool MuxWriter::Shared::event(GstEvent *event) {
  if (ended) return true;
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_SEGMENT: {
      const GstSegment *segment = nullptr;
      gst_event_parse_segment(event, &segment);
      if (segment->format == GST_FORMAT_BYTES) take(output->seek(segment->start));
      break;
    }
    case GST_EVENT_CUSTOM_DOWNSTREAM: {
      guint number = 0;
      if (gst_video_event_is_force_key_unit(event) &&
          gst_video_event_parse_downstream_force_key_unit(event, nullptr, nullptr, nullptr, nullptr, &number))
        output->cut(number);
      break;
    }
    case GST_EVENT_EOS:
      end(ok());
      dispose();
      break;
    default:
      break;
  }
  return true;
}

void MuxWriter::Shared::open_out() {
  out = Ref<GstPad>::sink(gst_pad_new(nullptr, GST_PAD_SINK));
  gst_pad_set_element_private(out.get(), this);
  gst_pad_set_chain_function(out.get(), [](GstPad *pad, GstObject *, GstBuffer *buffer) {
    auto *shared = static_cast<Shared *>(gst_pad_get_element_private(pad));
    auto owned = Ref<GstBuffer>::adopt(buffer);
    return barrier(shared->group->bin(), GST_FLOW_ERROR, [&] { return shared->write(std::move(owned)); });
  });
  gst_pad_set_event_function(out.get(), [](GstPad *pad, GstObject *, GstEvent *event) -> gboolean {
    auto *shared = static_cast<Shared *>(gst_pad_get_element_private(pad));
    const auto owned = Ref<GstEvent>::adopt(event);
    return barrier(shared->group->bin(), false, [&] { return shared->event(owned.get()); });
  });
  // A muxer asks whether it may go back to complete its header.
  gst_pad_set_query_function(out.get(), [](GstPad *pad, GstObject *parent, GstQuery *query) -> gboolean {
    if (GST_QUERY_TYPE(query) != GST_QUERY_SEEKING) return gst_pad_query_default(pad, parent, query);
    GstFormat format = GST_FORMAT_UNDEFINED;
    gst_query_parse_seeking(query, &format, nullptr, nullptr, nullptr);
    if (format != GST_FORMAT_BYTES) return FALSE;
    gst_query_set_seeking(query, GST_FORMAT_BYTES, TRUE, 0, -1);
    return TRUE;
  });
  gst_pad_set_active(out.get(), TRUE);
}

bool MuxWriter::Shared::open_pads(const Container &container, const std::vector<Track> &tracks) {
  for (const Track &track : tracks) {
    const char *name = container.pad_of(track.kind);
    auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(mux.get(), name));
    if (!sink) sink = Ref<GstPad>::adopt(gst_element_request_pad_simple(mux.get(), name));
    if (!sink) return false;
    auto source = Ref<GstPad>::sink(gst_pad_new(nullptr, GST_PAD_SRC));
    gst_pad_set_query_function(source.get(), [](GstPad *pad, GstObject *parent, GstQuery *query) -> gboolean {
      if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
      gst_query_set_latency(query, FALSE, 0,
                            GST_CLOCK_TIME_NONE);  // not live: the muxer waits, it never times out
      return TRUE;
    });
    gst_pad_set_event_function(source.get(), [](GstPad *, GstObject *, GstEvent *event) -> gboolean {
      gst_event_unref(event);  // QoS, reconfigure...: the recorder takes what comes
      return TRUE;
    });
    gst_pad_set_active(source.get(), TRUE);
    if (gst_pad_link(source.get(), sink.get()) != GST_PAD_LINK_OK) return false;
    feeds.push_back({track, std::move(source), std::move(sink)});
  }
  return true;
}

Result<std::unique_ptr<MuxWriter>> MuxWriter::create(const std::shared_ptr<WriterGroup> &group,
                                                     const Container &container, const std::string &name,
                                                     const std::vector<Track> &tracks,
                                                     std::unique_ptr<MuxOutput> output) {
  std::vector<std::pair<MediaKind, Ref<GstCaps>>> held;
  for (const Track &track : tracks) held.emplace_back(track.kind, track.caps);
  const char *muxer = muxer_for(container, held);
  if (!muxer)
    return Error{Errc::not_found, std::string("no installed muxer writes these tracks as ") + container.name +
                                      " (known: " + container.muxers[0] + ")"};
  ErrorOut e;
  GstElement *child =
      gst_parse_bin_from_description_full(muxer, FALSE, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, e.out());
  if (!child)
    return Error{Errc::not_found, std::string("cannot write ") + container.name + ": " + e->message};

  auto shared = std::make_shared<Shared>();
  shared->group = group;
  shared->child = Ref<GstElement>::sink(child);
  shared->mux = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(child), "mux"));
  shared->output = std::move(output);
  gst_object_set_name(GST_OBJECT(child), name.c_str());
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(shared->mux.get()), "latency"))
    g_object_set(shared->mux.get(), "latency", kUnbounded, nullptr);

  const bool opened = shared->open_pads(container, tracks);
  const auto source = Ref<GstPad>::adopt(gst_bin_find_unlinked_pad(GST_BIN(child), GST_PAD_SRC));
  if (!opened || !source) {
    shared->tear_down();
    return Error{Errc::invalid_argument,
                 std::string("the ") + container.name + " muxer does not take these tracks"};
  }
  for (const Track &track : tracks)
    if (track.kind == MediaKind::video) shared->audio_is_delta = container.indexes_keyframes;
  shared->open_out();
  gst_pad_link(source.get(), shared->out.get());
  shared->self = shared;
  group->enter();
  gst_element_set_locked_state(child, TRUE);  // its states are ours, not the bin's
  gst_bin_add(group->bin(), child);
  gst_element_set_state(child, GST_STATE_PLAYING);

  for (Feed &feed : shared->feeds) {
    const std::string id = name + (feed.track.kind == MediaKind::video ? "/video" : "/audio");
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(feed.source.get(), gst_event_new_stream_start(id.c_str()));
    gst_pad_push_event(feed.source.get(), gst_event_new_caps(feed.track.caps.get()));
    gst_pad_push_event(feed.source.get(), gst_event_new_segment(&segment));
  }
  return std::unique_ptr<MuxWriter>(new MuxWriter(std::move(shared)));
}

MuxWriter::~MuxWriter() {
  if (!finished_) shared_->dispose();
}

MuxWriter::Feed *MuxWriter::feed_of(std::size_t track) const {
  for (Feed &feed : shared_->feeds)
    if (feed.track.track == track) return &feed;
  return nullptr;
}

bool MuxWriter::has_track(std::size_t track) const { return feed_of(track) != nullptr; }

bool MuxWriter::push(const Frame &frame, Nanoseconds base) {
  Feed *feed = feed_of(frame.track);
  if (!feed || shared_->failed) return !shared_->failed;
  GstBuffer *buffer = gst_buffer_copy(frame.buffer.get());  // its bytes are shared
  GST_BUFFER_PTS(buffer) = clock_time(frame.pts - base);
  GST_BUFFER_DTS(buffer) =
      frame.kind == MediaKind::video ? clock_time(frame.dts - base) : GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION(buffer) = clock_time(frame.duration);
  GST_BUFFER_FLAG_UNSET(buffer, GST_BUFFER_FLAG_DISCONT);
  if (frame.kind == MediaKind::audio && shared_->audio_is_delta)
    GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  if (gst_pad_push(feed->source.get(), buffer) != GST_FLOW_OK) shared_->failed = true;
  return !shared_->failed;
}

void MuxWriter::gap(std::size_t track, Nanoseconds from, Nanoseconds until, Nanoseconds base) {
  if (Feed *feed = feed_of(track))
    gst_pad_push_event(feed->source.get(),
                       gst_event_new_gap(clock_time(from - base), clock_time(until - from)));
}

void MuxWriter::end_track(std::size_t track) {
  if (Feed *feed = feed_of(track)) gst_pad_push_event(feed->source.get(), gst_event_new_eos());
}

void MuxWriter::cut(unsigned number, Nanoseconds at, Nanoseconds base) {
  const GstClockTime time = clock_time(at - base);
  for (Feed &feed : shared_->feeds)
    if (feed.track.kind == MediaKind::video)
      gst_pad_push_event(feed.source.get(),
                         gst_video_event_new_downstream_force_key_unit(time, time, time, TRUE, number));
}

void MuxWriter::finish() {
  if (finished_) return;
  finished_ = true;
  if (shared_->failed) return shared_->dispose();
  for (Feed &feed : shared_->feeds) gst_pad_push_event(feed.source.get(), gst_event_new_eos());
}

void MuxWriter::Shared::tear_down() {
  gst_element_set_state(child.get(), GST_STATE_NULL);  // joins the muxer's thread
  for (Feed &feed : feeds) {
    gst_pad_unlink(feed.source.get(), feed.sink.get());
    gst_pad_set_active(feed.source.get(), FALSE);
  }
  if (out) {
    if (const auto peer = Ref<GstPad>::adopt(gst_pad_get_peer(out.get())))
      gst_pad_unlink(peer.get(), out.get());
    gst_pad_set_active(out.get(), FALSE);
  }
}

// Takes the muxer down on a thread of GStreamer's shared pool: neither its own thread nor a streaming thread
// may wait for it.
void MuxWriter::Shared::dispose() {
  if (disposing.exchange(true)) return;
  struct Disposal {
    std::shared_ptr<Shared> shared;
    Ref<GstElement> bin;
  };
  auto *disposal = new Disposal{std::move(self), Ref<GstElement>::retain(GST_ELEMENT(group->bin()))};
  gst_element_call_async(
      child.get(),
      [](GstElement *, gpointer data) {
        Shared &s = *static_cast<Disposal *>(data)->shared;
        s.tear_down();
        barrier(s.group->bin(), [&] {
          s.end(Error{Errc::unavailable, "the muxer stopped before the file was complete"});
        });
        gst_bin_remove(s.group->bin(), s.child.get());
        s.group->leave();
      },
      disposal, [](gpointer data) { delete static_cast<Disposal *>(data); });
}

}  // namespace rec
