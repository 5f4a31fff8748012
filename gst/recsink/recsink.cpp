// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-recsink
 * @title: recsink
 * @short_description: records one stream into FLV, MP4, AAC and MP3 files at once
 *
 * Takes H.264, H.265 or MPEG-4 part 2 video and AAC, MP3 or Opus audio in any framing and stores it as it
 * is, in one or several containers at once. Every file begins with a keyframe and its codec headers, audio is
 * cut where video is cut, and no frame is lost or doubled. A file appears under its final name when it is
 * complete; while it grows it is `.<name>.part` beside it and plays up to the last second, MP4 included,
 * should the process die.
 *
 * No pad waits for another pad's data, so one streaming thread may feed all of them without queues, and a
 * track that falls silent or never comes does not stop the others.
 *
 * ## Formats
 *
 * * `flv`: H.264, AAC, MP3 of at most 44.1 kHz; H.265 where the element eflvmux is installed
 * (GStreamer 1.28). One track of each kind.
 * * `mp4`: H.264, H.265, MPEG-4 part 2, AAC, MP3, Opus. Any number of audio tracks.
 * * `aac` (ADTS), `mp3`: one audio track of that codec, with or without video beside it.
 *
 * Of several audio tracks a format with one place records the first living one that it can hold, until that
 * has brought nothing for two seconds. What a format cannot hold is told in a WARNING message that names what
 * can, and counted; beside video that it cannot hold it records no audio either. The other formats go on.
 *
 * The stream's tags (title, artist...) go into the header of every file that begins while they hold, in FLV
 * those of at most 1023 bytes. HE-AAC keeps its configuration in FLV and MP4; ADTS describes its core, as it
 * must.
 *
 * Another codec, picture size, parameter set, sample rate or number of channels, announced or in band, and a
 * track that comes begin a new file in every format that records the track, with the next keyframe; what the
 * old file cannot take waits for it. (FLV could go on in the same file, but most players and services want
 * one configuration per file.) A track that goes ends in its file.
 *
 * ## Cuts
 *
 * A file ends after `cycle`, at `max-size-bytes`, on #RecRecSink::split-now and
 * #RecRecSink::split-at-running-time. With `align-to-clock` the cycle divides the day of `time-zone` instead:
 * 30 minutes cut at :00 and :30. A file can begin only with a keyframe (without video: with any frame);
 * `cut-mode` says whether it is the first one at or after the limit, as cloud recording has it, or the last
 * one that keeps the file within the limit, as splitmuxsink has it, for which a group of pictures is held in
 * memory. Keyframes are asked for upstream where they make a cut exact. Each format may have a `cycle`,
 * `max-size-bytes` and `location` of its own, through #GstChildProxy: `mp4::cycle=60000000000`.
 *
 * ## Start and stop
 *
 * Recording begins with the first media, or, without `auto-start`, with #RecRecSink::start; then the last
 * `pre-roll` of media are recorded, too, from a keyframe. #RecRecSink::stop completes the files; the element
 * stays. `end-time` stops at a moment. What comes while it is stopped is counted as not recorded.
 *
 * ## Names
 *
 * `location` is a pattern: `{StartYear}`...`{StartMillisecond}`, `{StartTime}`, `{EscapedStartTime}`,
 * `{UnixTimestamp}`, the same for the end (`{EscapedEndTime}`...), `{Sequence}` or `%05d`. The extension is
 * added. Nothing is ever overwritten: a name that is taken gets `-1`, `-2`...
 *
 * ## Disks
 *
 * The order is write, sync (`durability`), rename without replacing anything, sync of the directory, message.
 * A file that the disk does not take (no room, an I/O error) is completed from what it has and keeps its
 * name; a new one is tried at a keyframe 2 s later, then ever more rarely, up to every 30 s. What comes
 * meanwhile is counted as `dropped-file-failed`. A disk that is slow or does not answer holds nobody up: the
 * format's file is given up at `max-backlog-bytes` or after 30 s, and recording goes on in a new one when the
 * disk answers. To NULL takes as long as the files take to be completed, at most 10 s, and 2 s where a disk
 * does not answer; such a file is completed later, if the process still lives. Other formats and elements
 * notice nothing of all that.
 *
 * With `recover` the element completes what dead recorders left at its `location`, one file at a time, while
 * it records: MP4 becomes plain, FLV gets its duration and index. Files of living recorders are locked.
 *
 * ## Example pipeline
 * |[
 * gst-launch-1.0 -e videotestsrc num-buffers=300 is-live=true ! video/x-raw,format=I420 ! \
 *     x264enc key-int-max=50 tune=zerolatency ! r.video \
 *     audiotestsrc num-buffers=450 is-live=true ! avenc_aac ! r.audio_0 \
 *     recsink name=r formats=flv+mp4+aac cycle=5000000000 location=/tmp/rec/cam1-{EscapedStartTime}
 * ]|
 *
 * ## Messages
 *
 * Element messages, posted from muxer threads; instants are microseconds since the epoch, durations
 * nanoseconds.
 *
 * * `recsink-file-opened`: #gchararray `format`, `temp-location`, `location-pattern`, #guint `fragment-id`,
 *   #gint64 `start-time`.
 * * `recsink-file-closed`: the same, with `location` for its final name, #gint64 `end-time`, #guint64
 * `running-time`, `fragment-duration`, `size`, `video-frames`, `audio-frames`, `media-start-time`,
 * #gchararray `video-codec`, `audio-codec`, #guint `width`, `height`; unless it had to be repaired also
 * #guint64 `keyframes`, `longest-gop` (ns of video from a keyframe to the next one or the end), and with
 * audio beside video #gint64 `audio-start-offset`, `audio-end-offset`: ns that audio begins and ends after
 * the video.
 * * `recsink-file-failed`: `format`, `temp-location`, `error`, #guint64 `frames-lost`. What could be saved
 * was closed before, with the field `error`. The other formats go on; a new file is tried. Said once, until
 * * `recsink-recording-resumed`: `format`, `temp-location`, #guint64 `frames-lost` since the failure.
 * * `recsink-file-stalled`: `format`, `location-pattern`, `fragment-id`, `error`: the disk does not answer.
 *   Closed and failed follow when it does.
 * * `recsink-file-recovered`: `format`, `temp-location`, `location`, #gint64 `end-time`, #guint64 `size`,
 *   `fragment-duration`, `video-frames`, `audio-frames`, #gchararray `video-codec`, `audio-codec`, #guint
 *   `width`, `height`. Where nothing playable was left, `recsink-file-failed`, and it is kept as
 *   `.<name>.lost`.
 * * `recsink-file-dropped`: `format`, `temp-location`, `fragment-duration`, `reason`: shorter than
 *   `min-duration`.
 * * `recsink-exception`: #gint `type`, #gchararray `level` ("info", "warning", "error"), #guint `occurs`,
 *   #gchararray `track`, `description`: something is wrong with the media that came, or with recording it.
 *   Merged: of one type and track at the most one in 10 s of media (docs/timestamps.md).
 * * `recsink-started`: #gint64 `time`, `recsink-stopped`: `time`, #gchararray `reason`: "stop" or "end-time".
 *
 * ## Statistics
 *
 * `stats` has `intake` (docs/timestamps.md), `files-begun`, `files-open`, `files-stored`, `files-failed`,
 * `files-dropped`, `bytes-stored`, `recording`, `pre-roll-frames`, `pre-roll-bytes`, and for each format a
 * structure in which `ingested` is `stored` + `pending` + all `dropped-`*, in frames: nothing disappears
 * unseen.
 *
 * Since: 0.1
 */
#include "gst/recsink/recsink.h"

#include <algorithm>
#include <array>

#include "gst/common/barrier.h"
#include "gst/common/element_glue.h"
#include "gst/common/gst_ptr.h"
#include "gst/common/property_table.h"
#include "gst/recsink/recorder.h"

GST_DEBUG_CATEGORY_EXTERN(rec_recorder_debug);

namespace {

const rec::PropertyTable<rec::RecSinkSettings> &properties() {
  using S = rec::RecSinkSettings;
  static const rec::PropertyTable<S> table = {
      rec::property("formats", "What to record at once: flv, mp4, aac, mp3, joined by '+'", &S::formats),
      rec::property("location",
                    "Pattern of the files' names with their directory; the extension of the format is added",
                    &S::location),
      rec::property("cycle", "Length of a file in ns (0 = never cut)", &S::cycle, 0, G_MAXINT64),
      rec::property("max-size-bytes", "Size of a file, about, at which it is cut (0 = never)",
                    &S::max_size_bytes, 0, G_MAXINT64),
      rec::property("cut-mode", "On which side of a limit a file is cut", &S::cut_mode,
                    rec_cut_mode_get_type),
      rec::property("align-to-clock",
                    "Cut where the cycle divides the day of the time zone: 30 min = at :00 and :30",
                    &S::align_to_clock),
      rec::property("time-zone", "Zone of the times in names: UTC, UTC+8, local, Asia/Shanghai...",
                    &S::time_zone),
      rec::property("start-index", "Number of the first file, for {Sequence} and %05d", &S::start_index, 0,
                    G_MAXINT),
      rec::property("send-keyframe-requests", "Ask upstream for keyframes where a cut is due",
                    &S::send_keyframe_requests),
      rec::property("auto-start", "Record from the first media on; otherwise the start signal begins",
                    &S::auto_start),
      rec::property("pre-roll",
                    "How much media before the start signal is recorded, too, in ns; it begins at the "
                    "keyframe before (0 = none, from the next keyframe)",
                    &S::pre_roll, 0, G_MAXINT64),
      rec::property("max-pre-roll-bytes", "Most memory for the pre-roll; beyond it the oldest media leave",
                    &S::max_pre_roll_bytes, 0, G_MAXINT64),
      rec::property("min-duration", "Files shorter than this (ns) are dropped", &S::min_duration, 0,
                    G_MAXINT64),
      rec::property("end-time", "When to stop recording (us since 1970-01-01T00:00:00Z, 0 = never)",
                    &S::end_time, 0, G_MAXINT64),
      rec::property("durability",
                    "What a power cut may take; a killed process always loses less than a second",
                    &S::durability, rec_durability_get_type),
      rec::property(
          "faststart",
          "MP4: put the index in front when the file is closed, so that it plays while it is loaded; "
          "costs a second copy of the file meanwhile",
          &S::faststart),
      rec::property(
          "max-backlog-bytes",
          "Most memory per format for what the disk has not taken; beyond it, and when the disk does "
          "not answer for 30 s, the file is given up (0 = no limit)",
          &S::max_backlog_bytes, 0, G_MAXINT64),
      rec::property("recover", "Complete, when it starts, the files that dead recorders left at its location",
                    &S::recover),
  };
  return table;
}

const rec::SystemClock &system_clock() {
  static const rec::SystemClock clock;
  return clock;
}

}  // namespace

typedef struct {
  GstBin parent;
  rec::Recorder *impl;
  std::array<GstObject *, rec::Recorder::kFormats.size()> formats;  // owned
} RecRecSink;
typedef struct {
  GstBinClass parent;
} RecRecSinkClass;

static void rec_rec_sink_child_proxy_init(gpointer iface, gpointer);

G_DEFINE_TYPE_WITH_CODE(RecRecSink, rec_rec_sink, GST_TYPE_BIN,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_CHILD_PROXY, rec_rec_sink_child_proxy_init))
GST_ELEMENT_REGISTER_DEFINE(recsink, "recsink", GST_RANK_NONE, rec_rec_sink_get_type())

static rec::Recorder &impl_of(gpointer object) { return *static_cast<RecRecSink *>(object)->impl; }

GType rec_cut_mode_get_type(void) {
  static const GEnumValue values[] = {
      {static_cast<int>(rec::CutMode::at_or_after), "At the first keyframe at or after the limit",
       "at-or-after"},
      {static_cast<int>(rec::CutMode::not_longer),
       "At the last keyframe that keeps the file within the limit", "not-longer"},
      {0, nullptr, nullptr},
  };
  static const GType type = g_enum_register_static("RecCutMode", values);
  return type;
}

GType rec_durability_get_type(void) {
  static const GEnumValue values[] = {
      {static_cast<int>(rec::Durability::none), "Whatever the system had not written by itself", "none"},
      {static_cast<int>(rec::Durability::file), "Files that were not yet complete", "file"},
      {static_cast<int>(rec::Durability::interval), "About the last second", "interval"},
      {0, nullptr, nullptr},
  };
  static const GType type = g_enum_register_static("RecDurability", values);
  return type;
}

static void rec_rec_sink_init(RecRecSink *self) {
  self->impl = new rec::Recorder(GST_BIN(self), system_clock());
  for (std::size_t i = 0; i < self->formats.size(); ++i)
    self->formats[i] =
        rec::new_format_child(rec::Recorder::kFormats[i], GST_OBJECT(self), self->impl->format_settings[i]);
}

// The formats, by name; then the bin's own children: the muxers that come and go.
static GObject *child_by_name(GstChildProxy *proxy, const gchar *name) {
  for (GstObject *format : static_cast<RecRecSink *>(static_cast<gpointer>(proxy))->formats)
    if (g_strcmp0(GST_OBJECT_NAME(format), name) == 0) return G_OBJECT(gst_object_ref(format));
  GstElement *child = gst_bin_get_by_name(GST_BIN(proxy), name);
  return child ? G_OBJECT(child) : nullptr;
}
static GObject *child_by_index(GstChildProxy *proxy, guint index) {
  const auto &formats = static_cast<RecRecSink *>(static_cast<gpointer>(proxy))->formats;
  return index < formats.size() ? G_OBJECT(gst_object_ref(formats[index])) : nullptr;
}
static guint children_count(GstChildProxy *) { return rec::Recorder::kFormats.size(); }

static void rec_rec_sink_child_proxy_init(gpointer iface, gpointer) {
  auto *proxy = static_cast<GstChildProxyInterface *>(iface);
  proxy->get_child_by_name = child_by_name;
  proxy->get_child_by_index = child_by_index;
  proxy->get_children_count = children_count;
}

// The action signals.
static void start(RecRecSink *self) {
  rec::barrier(self, [&] { self->impl->start_recording(); });
}
static void stop(RecRecSink *self) {
  rec::barrier(self, [&] { self->impl->stop_recording(); });
}
static void restart(RecRecSink *self) {
  rec::barrier(self, [&] { self->impl->restart_recording(); });
}
static void split_now(RecRecSink *self) {
  rec::barrier(self, [&] { self->impl->split_now(); });
}
static void split_at_running_time(RecRecSink *self, guint64 running_time) {
  rec::barrier(self, [&] {
    self->impl->split_at(rec::Nanoseconds(static_cast<gint64>(std::min<guint64>(running_time, G_MAXINT64))));
  });
}

static void install_actions(GType type) {
  const auto add = [type](const char *name, void (*handler)(RecRecSink *)) {
    g_signal_new_class_handler(name, type, static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
                               G_CALLBACK(handler), nullptr, nullptr, nullptr, G_TYPE_NONE, 0);
  };
  /**
   * RecRecSink::start:
   *
   * Begins to record, from the begin of the `pre-roll`. Without effect while it records and before PAUSED.
   */
  add("start", start);
  /**
   * RecRecSink::stop:
   *
   * Completes the files with the media received so far. #RecRecSink::start begins new ones.
   */
  add("stop", stop);
  /**
   * RecRecSink::restart:
   *
   * Completes the files at the next keyframe and begins again without a loss, with `start-index`.
   */
  add("restart", restart);
  /**
   * RecRecSink::split-now:
   *
   * Cuts every format at the next keyframe, which is asked for.
   */
  add("split-now", split_now);
  /**
   * RecRecSink::split-at-running-time:
   * @running_time: of the media (ns)
   *
   * Cuts every format there: at the first keyframe at or after it, or, with `cut-mode=not-longer`, at the
   * last one before it. May be given for many times ahead.
   */
  g_signal_new_class_handler(
      "split-at-running-time", type, static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
      G_CALLBACK(split_at_running_time), nullptr, nullptr, nullptr, G_TYPE_NONE, 1, G_TYPE_UINT64);
}

static void rec_rec_sink_class_init(RecRecSinkClass *klass) {
  auto *object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = [](GObject *o, guint id, const GValue *v, GParamSpec *p) {
    if (!impl_of(o).settings.with([&](auto &s) { return properties().set(s, id, v); }))
      G_OBJECT_WARN_INVALID_PROPERTY_ID(o, id, p);
  };
  object_class->get_property = [](GObject *o, guint id, GValue *v, GParamSpec *p) {
    if (id == properties().next_id())
      g_value_take_boxed(v, impl_of(o).stats().release());
    else if (!impl_of(o).settings.with([&](auto &s) { return properties().get(s, id, v); }))
      G_OBJECT_WARN_INVALID_PROPERTY_ID(o, id, p);
  };
  object_class->finalize = [](GObject *o) {
    auto *self = static_cast<RecRecSink *>(static_cast<gpointer>(o));
    for (GstObject *format : self->formats) gst_object_unparent(format);
    for (GstObject *format : self->formats) gst_object_unref(format);
    delete self->impl;
    G_OBJECT_CLASS(rec_rec_sink_parent_class)->finalize(o);
  };
  properties().install(object_class);
  rec::install_stats_property(object_class, properties().next_id(),
                              "Files and frames: per format ingested = stored + pending + dropped by reason");
  install_actions(G_TYPE_FROM_CLASS(klass));
  gst_type_mark_as_plugin_api(rec_cut_mode_get_type(), static_cast<GstPluginAPIFlags>(0));
  gst_type_mark_as_plugin_api(rec_durability_get_type(), static_cast<GstPluginAPIFlags>(0));

  auto *element_class = GST_ELEMENT_CLASS(klass);
  rec::install_recorder_vfuncs<impl_of>(klass, &rec_rec_sink_parent_class);
  gst_element_class_set_static_metadata(
      element_class, "Live stream recorder", "Sink/Muxer/File",
      "Records one stream as it is into FLV, MP4, AAC and MP3 files at once, cut by cycle",
      "The gst-recording authors <gst-recording@example.org>");
}
