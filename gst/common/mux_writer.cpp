// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/mux_writer.h"

#include <gst/video/video-event.h>

#include <algorithm>
#include <atomic>

#include "gst/common/barrier.h"
#include "gst/common/encoding.h"

GST_DEBUG_CATEGORY_EXTERN(rec_recorder_debug);
#define GST_CAT_DEFAULT rec_recorder_debug

namespace rec {
namespace {

// Longer than any file: the muxer's pads never say that they are full.
constexpr guint64 kUnbounded = GST_SECOND * 3600 * 24 * 30;
constexpr gint64 kStuck = 2 * G_USEC_PER_SEC;
constexpr gint64 kAtWork = G_USEC_PER_SEC / 2;
constexpr std::uint64_t kMuchWaiting = std::uint64_t{32} << 20;  // bytes, where there is no limit
constexpr gint64 kIdle = G_USEC_PER_SEC / 2;  // nothing is written: what was gathered may wait for ever
constexpr gint64 kLongestClosing = 600 * G_USEC_PER_SEC;  // nobody waits for it, and nothing grows

// A writer of an earlier run may still be waiting for its disk.
std::string free_name(GstBin *bin, const std::string &wanted) {
  std::string name = wanted;
  for (unsigned n = 1; Ref<GstElement>::adopt(gst_bin_get_by_name(bin, name.c_str())); ++n)
    name = wanted + "-" + std::to_string(n);
  return name;
}

GstClockTime clock_time(Nanoseconds time) {
  return static_cast<GstClockTime>(std::max<gint64>(time.count(), 0));
}

}  // namespace

// A pad of ours that is linked to one pad of the muxer.
struct MuxWriter::Feed {
  Track track;
  Ref<GstPad> source;
  Ref<GstPad> sink;  // the muxer's
};

// Counts what the muxer holds of the frames that it was given: a frame's buffer goes when its bytes are on
// their way into the file.
class Backlog {
 public:
  void add(GstBuffer *buffer) {
    auto *share = new Share{bytes_, gst_buffer_get_size(buffer)};
    *bytes_ += share->size;
    gst_mini_object_weak_ref(
        GST_MINI_OBJECT_CAST(buffer),
        [](gpointer data, GstMiniObject *) {
          const std::unique_ptr<Share> gone(static_cast<Share *>(data));
          *gone->bytes -= gone->size;
        },
        share);
  }
  std::uint64_t bytes() const { return *bytes_; }

 private:
  using Count = std::atomic<std::uint64_t>;
  struct Share {
    std::shared_ptr<Count> bytes;
    gsize size;
  };
  std::shared_ptr<Count> bytes_ = std::make_shared<Count>(0);  // with the buffers: some may outlive us
};

struct MuxWriter::Shared final : WriterGroup::Member, std::enable_shared_from_this<Shared> {
  std::shared_ptr<Shared> self;  // until dispose(): the muxer's pads point here
  std::shared_ptr<WriterGroup> group;
  Ref<GstElement> bin;  // the group's: stays until the disk has answered, even after the application let go
  WriterLimits limits;
  Backlog backlog;
  Ref<GstElement> child;  // in the group's bin: holds the muxer
  Ref<GstElement> mux;
  std::vector<Feed> feeds;
  bool audio_has_pts = true;   // unless Container::indexes_audio, and there is video
  bool writes_adts = false;    // Container::writes_adts
  bool audio_has_dts = false;  // Container::counts_by_dts
  Ref<GstPad> out;             // ours, linked from the muxer
  Mutex output_mutex;          // one call of the output at a time; only tick() may have to wait for another
  std::unique_ptr<MuxOutput> output;   // muxer's thread; the disposing one once the muxer is stopped; tick()
  std::atomic<gint64> called_at{0};    // the output, which has not returned; monotonic us
  std::atomic<gint64> wrote_at{0};     // the last bytes
  std::atomic<gint64> written_at{0};   // the same, if they saw no tick yet; 0: none
  std::atomic<bool> closing{false};    // the muxer has written everything
  std::atomic<bool> ticking{false};    // tick() is on its way
  std::atomic<bool> ended{false};      // output->end() was called
  std::atomic<bool> failed{false};     // pushing is of no use
  std::atomic<bool> disposing{false};  // the muxer is on its way out
  std::atomic<const char *> given_up{nullptr};  // why

  template <typename F>
  auto call(F &&f) {
    MutexLock lock(output_mutex);
    called_at = g_get_monotonic_time();
    auto result = std::forward<F>(f)(*output);
    called_at = 0;
    return result;
  }
  void end(Status status) {
    if (ended.exchange(true)) return;
    call([&](MuxOutput &o) {
      o.end(std::move(status));
      return true;
    });
  }
  gint64 held_up_us() const {
    const gint64 since = called_at;
    return since > 0 ? g_get_monotonic_time() - since : 0;
  }
  bool is_stuck() const override { return held_up_us() > kStuck; }
  bool is_behind() const override;
  void tick() override;
  void tick_output();
  bool is_too_far_behind();
  GstFlowReturn write(Ref<GstBuffer> buffer);
  bool event(GstEvent *event);
  void take(Status status);
  bool open_pads(const Container &container, const std::vector<Track> &tracks);
  void open_out();
  void start(GstPad *source, const std::string &name);
  void let_go();
  void tear_down();
  void dispose();
};

void MuxWriter::Shared::take(Status status) {
  if (status) return;
  failed = true;
  end(std::move(status));
  dispose();
}

// Never an error: mp4mux (1.22 to 1.28) leaks a frame at one, and the muxer is on its way out anyway.
GstFlowReturn MuxWriter::Shared::write(Ref<GstBuffer> buffer) {
  if (ended || failed) return GST_FLOW_OK;
  take(call([&](MuxOutput &o) { return o.write(std::move(buffer)); }));
  wrote_at = written_at = g_get_monotonic_time();
  return GST_FLOW_OK;
}

bool MuxWriter::Shared::event(GstEvent *event) {
  if (ended) return true;
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_SEGMENT: {
      const GstSegment *segment = nullptr;
      gst_event_parse_segment(event, &segment);
      if (segment->format == GST_FORMAT_BYTES)
        take(call([&](MuxOutput &o) { return o.seek(segment->start); }));
      break;
    }
    case GST_EVENT_CUSTOM_DOWNSTREAM: {
      guint number = 0;
      if (gst_video_event_is_force_key_unit(event) &&
          gst_video_event_parse_downstream_force_key_unit(event, nullptr, nullptr, nullptr, nullptr, &number))
        call([&](MuxOutput &o) {
          o.cut(number);
          return true;
        });
      break;
    }
    case GST_EVENT_EOS:
      closing = true;
      end(ok());
      dispose();
      break;
    default:
      break;
  }
  return true;
}

// Something must be given up when it goes on like that. Any thread.
bool MuxWriter::Shared::is_too_far_behind() {
  if (failed || given_up) return given_up;
  const gint64 silence = closing ? kLongestClosing : limits.silence.count() / 1000;
  if (limits.bytes > 0 && backlog.bytes() > limits.bytes) given_up = "it is slower than the stream";
  if (limits.silence.count() > 0 && held_up_us() > silence) given_up = "it does not answer";
  return given_up;
}

// Not when the muxer waits for a track that brings nothing: then only more media help.
bool MuxWriter::Shared::is_behind() const {
  const std::uint64_t much = limits.bytes > 0 ? limits.bytes / 2 : kMuchWaiting;
  const bool is_at_work = called_at > 0 || g_get_monotonic_time() - wrote_at < kAtWork;
  return !failed && !given_up && is_at_work && backlog.bytes() > much;
}

void MuxWriter::Shared::tick() {
  if (is_too_far_behind()) {
    failed = true;
    return dispose();
  }
  const gint64 written = written_at;
  const bool is_idle = g_get_monotonic_time() - written > kIdle;
  if (written == 0 || ended || !(is_idle || output->ticks_always()) || ticking.exchange(true)) return;
  written_at = 0;
  tick_output();
}

// On a thread of GStreamer's shared pool, for it may wait for the disk.
void MuxWriter::Shared::tick_output() {
  gst_element_call_async(
      child.get(),
      [](GstElement *, gpointer data) {
        Shared &s = **static_cast<std::shared_ptr<Shared> *>(data);
        barrier(s.group->bin(), [&] {
          s.take(s.call([&](MuxOutput &o) { return s.ended ? ok() : o.tick(); }));
          s.ticking = false;
        });
      },
      new std::shared_ptr<Shared>(shared_from_this()),
      [](gpointer data) { delete static_cast<std::shared_ptr<Shared> *>(data); });
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

namespace {

// eflvmux (1.28) writes every codec as FLV of old had it, H.265 too, which nobody can read, unless it is told
// to name the codec.
void have_codec_named(GstPad *sink, GstCaps *caps) {
  constexpr const char *kMode = "flv-track-mode";
  if (!g_object_class_find_property(G_OBJECT_GET_CLASS(sink), kMode)) return;
  if (gst_structure_has_name(gst_caps_get_structure(caps, 0), "video/x-h265"))
    gst_util_set_object_arg(G_OBJECT(sink), kMode, "non-multitrack");
}

}  // namespace

bool MuxWriter::Shared::open_pads(const Container &container, const std::vector<Track> &tracks) {
  for (const Track &track : tracks) {
    const char *name = container.pad_of(track.kind);
    auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(mux.get(), name));
    if (!sink) sink = Ref<GstPad>::adopt(gst_element_request_pad_simple(mux.get(), name));
    if (!sink) return false;
    have_codec_named(sink.get(), track.caps.get());
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

void MuxWriter::Shared::start(GstPad *source, const std::string &name) {
  open_out();
  gst_pad_link(source, out.get());
  self = shared_from_this();
  group->enter(self);
  gst_element_set_locked_state(child.get(), TRUE);  // its states are ours, not the bin's
  gst_bin_add(group->bin(), child.get());
  gst_element_set_state(child.get(), GST_STATE_PLAYING);

  for (Feed &feed : feeds) {
    const std::string id = name + (feed.track.kind == MediaKind::video ? "/video" : "/audio");
    const Ref<GstCaps> caps = writes_adts ? adts_source(feed.track.caps) : feed.track.caps;
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(feed.source.get(), gst_event_new_stream_start(id.c_str()));
    gst_pad_push_event(feed.source.get(), gst_event_new_caps(caps.get()));
    gst_pad_push_event(feed.source.get(), gst_event_new_segment(&segment));
    for (const Ref<GstTagList> &tags : feed.track.tags)
      if (tags) gst_pad_push_event(feed.source.get(), gst_event_new_tag(gst_tag_list_copy(tags.get())));
  }
}

Result<std::unique_ptr<MuxWriter>> MuxWriter::create(const std::shared_ptr<WriterGroup> &group,
                                                     const Container &container, const std::string &name,
                                                     const std::vector<Track> &tracks,
                                                     std::unique_ptr<MuxOutput> output) {
  std::vector<std::pair<MediaKind, Ref<GstCaps>>> held;
  held.reserve(tracks.size());
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
  shared->bin = Ref<GstElement>::retain(GST_ELEMENT(group->bin()));
  shared->limits = output->limits();
  shared->child = Ref<GstElement>::sink(child);
  shared->mux = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(child), "mux"));
  shared->output = std::move(output);
  gst_object_set_name(GST_OBJECT(child), free_name(group->bin(), name).c_str());
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(shared->mux.get()), "latency"))
    g_object_set(shared->mux.get(), "latency", kUnbounded, nullptr);

  const bool opened = shared->open_pads(container, tracks);
  const auto source = Ref<GstPad>::adopt(gst_bin_find_unlinked_pad(GST_BIN(child), GST_PAD_SRC));
  if (!opened || !source) {
    shared->tear_down();
    return Error{Errc::invalid_argument,
                 std::string("the ") + container.name + " muxer does not take these tracks"};
  }
  shared->writes_adts = container.writes_adts;
  shared->audio_has_dts = container.counts_by_dts;
  for (const Track &track : tracks)
    if (track.kind == MediaKind::video) shared->audio_has_pts = !container.indexes_audio;
  shared->start(source.get(), name);
  return std::unique_ptr<MuxWriter>(new MuxWriter(std::move(shared)));
}

Result<std::unique_ptr<Writer>> Writer::create(const std::shared_ptr<WriterGroup> &group,
                                               const Container &container, const std::string &name,
                                               const std::vector<Track> &tracks,
                                               std::unique_ptr<MuxOutput> output) {
  REC_TRY(std::unique_ptr<Writer> writer,
          MuxWriter::create(group, container, name, tracks, std::move(output)));
  return writer;
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
  GST_BUFFER_DTS(buffer) = frame.kind == MediaKind::video ? clock_time(frame.dts - base)
                           : shared_->audio_has_dts       ? GST_BUFFER_PTS(buffer)
                                                          : GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION(buffer) = clock_time(frame.duration);
  GST_BUFFER_OFFSET(buffer) = static_cast<guint64>(feed - shared_->feeds.data());
  GST_BUFFER_FLAG_UNSET(buffer, GST_BUFFER_FLAG_DISCONT);
  if (frame.kind == MediaKind::audio && !shared_->audio_has_pts) GST_BUFFER_PTS(buffer) = GST_CLOCK_TIME_NONE;
  shared_->backlog.add(buffer);
  if (gst_pad_push(feed->source.get(), buffer) != GST_FLOW_OK) shared_->failed = true;
  if (shared_->is_too_far_behind()) shared_->failed = true;
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

// Says that the file is given up and frees what the muxer holds for it.
void MuxWriter::Shared::let_go() {
  if (!given_up || ended) return;
  barrier(group->bin(), [&] {
    output->give_up({Errc::unavailable, std::string("the disk is given up: ") + given_up.load()});
  });
  group->leave(*this);
  for (Feed &feed : feeds) gst_pad_push_event(feed.source.get(), gst_event_new_flush_start());
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
  auto *disposal = new Disposal{std::move(self), bin};
  gst_element_call_async(
      child.get(),
      [](GstElement *, gpointer data) {
        Shared &s = *static_cast<Disposal *>(data)->shared;
        s.let_go();
        s.tear_down();
        barrier(s.group->bin(), [&] {
          s.end(Error{Errc::unavailable, "the muxer stopped before the file was complete"});
        });
        gst_bin_remove(s.group->bin(), s.child.get());
        s.group->leave(s);
        s.bin = {};  // the disposal has another
      },
      disposal, [](gpointer data) { delete static_cast<Disposal *>(data); });
}

}  // namespace rec
