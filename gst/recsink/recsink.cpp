// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-recsink
 * @title: recsink
 * @short_description: records one stream into FLV, MP4, AAC and MP3 files at once
 *
 * Takes H.264 or H.265 video and AAC or MP3 audio in any framing and stores it as it is, in one or several
 * containers at once. Files are cut at the first keyframe at or after `cycle`; every file begins with a
 * keyframe and its codec headers, audio is cut where video is cut, and no frame is lost or doubled. A change
 * that a container cannot hold begins a new file. A file appears under its final name when it is complete;
 * while it grows it is `.<name>.part` beside it and plays up to the last second, MP4 included, should the
 * process die.
 *
 * No pad waits for another pad's data, so one streaming thread may feed all of them without queues, and a
 * track that falls silent or never comes does not stop the others.
 *
 * `location` is a pattern: `{StartYear}`...`{StartMillisecond}`, `{StartTime}`, `{EscapedStartTime}`,
 * `{UnixTimestamp}`, the same for the end (`{EscapedEndTime}`...), `{Sequence}` or `%05d`. The extension is
 * added. Nothing is ever overwritten: a name that is taken gets `-1`, `-2`...
 *
 * ## Example pipeline
 * |[
 * gst-launch-1.0 -e videotestsrc num-buffers=300 is-live=true ! x264enc key-int-max=50 tune=zerolatency !
 * r.video \
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
 * #gchararray `video-codec`, `audio-codec`, #guint `width`, `height`.
 * * `recsink-file-failed`: `format`, `temp-location`, `error`. The other formats go on; a new file is tried.
 *
 * Since: 0.1
 */
#include "gst/recsink/recsink.h"

#include "gst/common/barrier.h"
#include "gst/common/element_glue.h"
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
      rec::property("cycle",
                    "Length of a file (ns): it is cut at the first keyframe at or after it (0 = never)",
                    &S::cycle, 0, G_MAXINT64),
      rec::property("time-zone", "Zone of the times in names: UTC, UTC+8, local, Asia/Shanghai...",
                    &S::time_zone),
      rec::property("start-index", "Number of the first file, for {Sequence} and %05d", &S::start_index, 0,
                    G_MAXINT),
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
} RecRecSink;
typedef struct {
  GstBinClass parent;
} RecRecSinkClass;

G_DEFINE_TYPE(RecRecSink, rec_rec_sink, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE(recsink, "recsink", GST_RANK_NONE, rec_rec_sink_get_type())

static rec::Recorder &impl_of(gpointer object) { return *static_cast<RecRecSink *>(object)->impl; }

static void rec_rec_sink_init(RecRecSink *self) {
  self->impl = new rec::Recorder(GST_BIN(self), system_clock());
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
    delete static_cast<RecRecSink *>(static_cast<gpointer>(o))->impl;
    G_OBJECT_CLASS(rec_rec_sink_parent_class)->finalize(o);
  };
  properties().install(object_class);
  rec::install_stats_property(object_class, properties().next_id(),
                              "Files and frames: per format ingested = stored + dropped by reason");

  auto *element_class = GST_ELEMENT_CLASS(klass);
  rec::install_recorder_vfuncs<impl_of>(klass, &rec_rec_sink_parent_class);
  gst_element_class_set_static_metadata(
      element_class, "Live stream recorder", "Sink/Muxer/File",
      "Records one stream as it is into FLV, MP4, AAC and MP3 files at once, cut by cycle",
      "The gst-recording authors <gst-recording@example.org>");
}
