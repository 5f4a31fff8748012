// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-vodupload
 * @title: vodupload
 * @short_description: uploads finished recordings and announces them
 *
 * The worker of a recording catalogue. It takes what the catalogue owes, uploads files and HLS segments to
 * the stores of the configuration (`file://` directories and S3-compatible buckets), and then tells the
 * callbacks of the configuration about each finished file. Nothing is given up: what fails is tried again, by
 * this or by another process, until it is delivered; a dead target holds up no other. It also finishes what a
 * recorder that died left behind.
 *
 * It has no pads and no media passes through it. Beside a `rulebin` in a pipeline it posts EOS when at least
 * one push of this process was seen, all have ended, their recordings are finished, and all that they owe is
 * delivered (or `drain-timeout` has passed since then), so that `gst-launch-1.0 -e` waits for it. Alone in a
 * pipeline it is an upload daemon, which an EOS event (Ctrl-C with `-e`) ends when nothing new is left.
 *
 * Secrets come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN for
 * stores whose `credentials` are "env", and the variables that callbacks name as their `key`.
 *
 * ## Example pipeline
 * |[
 * gst-launch-1.0 -e vodupload catalogue=recordings/catalogue.db config=recording.json
 * ]|
 *
 * ## Messages
 *
 * Element messages, posted from threads of its own; instants are microseconds since the epoch.
 *
 * * `vodupload-uploaded`: #gchararray `store`, `location` (the file), `url` (the object), #guint `attempt`.
 * * `vodupload-upload-failed`: the same with #gchararray `error` and #gint64 `next-attempt`; `url` is empty.
 * * `vodupload-callback-delivered`: #gchararray `callback`, `location`, `url` (who was told, without its
 *   query), #guint `attempt`.
 * * `vodupload-callback-failed`: the same with #gchararray `error` and #gint64 `next-attempt`; `url` is
 * empty.
 *
 * Since: 0.1
 */
#include "ext/vodupload/vodupload.h"

#include <memory>
#include <utility>

#include "ext/vodupload/upload_session.h"
#include "gst/common/barrier.h"
#include "gst/common/element_glue.h"
#include "gst/common/messages.h"
#include "gst/common/property_table.h"

namespace {

const rec::PropertyTable<rec::VodUploadSettings> &properties() {
  using S = rec::VodUploadSettings;
  static const rec::PropertyTable<S> table = {
      rec::property("catalogue", "SQLite file of the recordings; made if it is not there", &S::catalogue),
      rec::property("config",
                    "JSON file whose \"storage\" and \"callbacks\" are served; read again when it changes",
                    &S::config),
      rec::property("drain-timeout",
                    "How long EOS waits for what finished recordings still owe (ns); the rest stays owed",
                    &S::drain_timeout, 0, G_MAXUINT64),
  };
  return table;
}

const rec::SystemClock &system_clock() {
  static const rec::SystemClock clock;
  return clock;
}

// What the C instance holds. The session is made and ended by state changes; other threads borrow it.
struct VodUpload {
  rec::Guarded<rec::VodUploadSettings> settings;
  rec::Guarded<std::shared_ptr<rec::UploadSession>> session;  // shared with a caller that is just using it

  std::shared_ptr<rec::UploadSession> current() {
    return session.with([](const auto &s) { return s; });
  }
};

}  // namespace

typedef struct {
  GstBin parent;
  VodUpload *impl;
} RecVodUpload;
typedef struct {
  GstBinClass parent;
} RecVodUploadClass;

G_DEFINE_TYPE(RecVodUpload, rec_vod_upload, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE(vodupload, "vodupload", GST_RANK_NONE, rec_vod_upload_get_type())

static VodUpload &impl_of(gpointer object) { return *static_cast<RecVodUpload *>(object)->impl; }

static void rec_vod_upload_init(RecVodUpload *self) {
  self->impl = new VodUpload;
  // A sink, so that the pipeline's EOS waits for ours; a source, so that an EOS event sent to the pipeline
  // reaches us. Neither changes with what is put into the bin.
  constexpr auto kFlags = static_cast<GstElementFlags>(GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE);
  gst_bin_set_suppressed_flags(GST_BIN(self), kFlags);
  GST_OBJECT_FLAG_SET(self, kFlags);
}

static gboolean start_session(GstElement *element) {
  VodUpload &impl = impl_of(element);
  auto started = rec::UploadSession::start(element, impl.settings.copy(), system_clock());
  if (!started) {
    rec::post_error(element, started.error());
    return FALSE;
  }
  impl.session.with([&](auto &s) { s = *std::move(started); });
  return TRUE;
}

static void end_session(GstElement *element) {
  const auto ended = impl_of(element).session.with([](auto &s) { return std::exchange(s, nullptr); });
  // Here, not where the last reference happens to go: that may be one of the threads that are joined.
  if (ended) ended->stop();
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) {
  return rec::barrier(element, GST_STATE_CHANGE_FAILURE, [&] {
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start_session(element))
      return GST_STATE_CHANGE_FAILURE;
    const GstStateChangeReturn done =
        GST_ELEMENT_CLASS(rec_vod_upload_parent_class)->change_state(element, transition);
    const bool failed_to_start =
        transition == GST_STATE_CHANGE_READY_TO_PAUSED && done == GST_STATE_CHANGE_FAILURE;
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY || failed_to_start) end_session(element);
    return done;
  });
}

static gboolean send_event(GstElement *element, GstEvent *event) {
  if (GST_EVENT_TYPE(event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS(rec_vod_upload_parent_class)->send_event(element, event);
  rec::barrier(element, [&] {
    if (const auto session = impl_of(element).current()) session->end(gst_event_get_seqnum(event));
  });
  gst_event_unref(event);
  return TRUE;
}

static void get_property(GObject *o, guint id, GValue *v, GParamSpec *p) {
  rec::barrier(o, [&] {
    if (id == properties().next_id()) {
      if (const auto session = impl_of(o).current()) g_value_take_boxed(v, session->stats().release());
    } else if (!impl_of(o).settings.with([&](auto &s) { return properties().get(s, id, v); })) {
      G_OBJECT_WARN_INVALID_PROPERTY_ID(o, id, p);
    }
  });
}

static void rec_vod_upload_class_init(RecVodUploadClass *klass) {
  auto *object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = [](GObject *o, guint id, const GValue *v, GParamSpec *p) {
    rec::barrier(o, [&] {
      if (!impl_of(o).settings.with([&](auto &s) { return properties().set(s, id, v); }))
        G_OBJECT_WARN_INVALID_PROPERTY_ID(o, id, p);
    });
  };
  object_class->get_property = get_property;
  object_class->finalize = [](GObject *o) {
    delete static_cast<RecVodUpload *>(static_cast<gpointer>(o))->impl;
    G_OBJECT_CLASS(rec_vod_upload_parent_class)->finalize(o);
  };
  properties().install(object_class);
  rec::install_stats_property(object_class, properties().next_id(),
                              "Attempts that ended, and what is owed in the catalogue (null while stopped)");

  auto *element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = change_state;
  element_class->send_event = send_event;
  gst_element_class_set_static_metadata(
      element_class, "Recording uploader", "Sink/Network",
      "Uploads finished recordings of a catalogue to object storage and announces them by signed callbacks",
      "The gst-recording authors <gst-recording@example.org>");
}
