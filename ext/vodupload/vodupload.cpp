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
 * recorder that died left behind. Long files go to a bucket while rulebin records them, in parts, unless the
 * configuration says `"upload": "when-closed"`: when they are complete, their first part and their last are
 * left to be sent.
 *
 * By itself it has no pads and no media passes through it. Beside a `rulebin` in a pipeline it posts EOS when
 * at least one push of this process was seen, all have ended, their recordings are finished, and all that
 * they owe is delivered (or `drain-timeout` has passed since then), so that `gst-launch-1.0 -e` waits for it.
 * Alone in a pipeline it is an upload daemon, which an EOS event (Ctrl-C with `-e`) ends when nothing new is
 * left.
 *
 * Beside the media of each finished recording it writes a manifest (docs/manifest.schema.json): what the
 * catalogue knows of it, with the digests of its files. `gst-recording-1.0 fsck --rebuild` makes a catalogue
 * of manifests alone.
 *
 * ## Around other sinks
 *
 * It is a bin, too: what hlssink2, hlssink3, splitmuxsink, multifilesink and filesink inside it close, and at
 * its EOS what any other sink has written that says where (giosink, or a file: URI as `location`), is a
 * recording of the catalogue, uploaded and announced like rulebin's. They are watched from READY to PAUSED
 * on. Nothing else is needed for that; `template` says where to, who is told, how long it is kept and what
 * jobs are run on its formats (`storage` and `callbacks` go before it), `stream`, `app` and `domain` what it
 * is called. When and how is recorded is the business of the sinks. Files must lie below `directory`, and
 * objects are named like them from there; what has the name of another recording's object gets one with its
 * session in it, and a warning says so. Single files and the first playlist are one recording, further
 * playlists one each. What a stop without EOS, or a crash, leaves is cut to what plays by the same or the
 * next process. EOS is posted when the sinks have ended and all is delivered. An error of a sink is an
 * `exception` (-104) for the callbacks that ask for them.
 *
 * Segments of hlssink2 are written into new files only (it would write over those of its last run), and
 * stay when it means to delete them; `max-files` is thereby 0. A playlist with a `playlist-length` ends with
 * the last segments only: use `playlist-length=0` for a recording.
 *
 * |[
 * gst-launch-1.0 -e videotestsrc num-buffers=500 ! video/x-raw,format=I420 ! x264enc key-int-max=30 ! \
 *     h264parse ! vodupload.( config=examples/recording.json template=default stream=cam1 \
 *         hlssink2 playlist-length=0 location=cam1/s%05d.ts playlist-location=cam1/index.m3u8 )
 * ]|
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
 * * `vodupload-upload-begun`: #gchararray `store`, `location` (the file), #guint `attempt` (from 1), #guint64
 *   `bytes`.
 * * `vodupload-progress`, at most once a second for each file that goes up in parts: the same with #guint64
 *   `sent`, the bytes that the store has of it.
 * * `vodupload-uploaded`: #gchararray `store`, `location` (the file), `url` (the object), #guint `attempt`,
 *   #gchararray `state`: "uploaded", or "backed-up" where its store fails and the backup store has it, and
 *   "back-filled" when its store has it, too, after that.
 * * `vodupload-upload-failed`: the same with #gchararray `error` and #gint64 `next-attempt`; `url` is empty.
 * * `vodupload-playlist-refreshed`: #gchararray `store`, `location` (a playlist that is still recorded),
 * `url` (the object): what it says so far is there, as often as the template's `playlist-refresh` asks for.
 * * `vodupload-callback-delivered`: #gchararray `callback`, `location`, `url` (who was told, without its
 *   query), #guint `attempt`.
 * * `vodupload-callback-failed`: the same with #gchararray `error` and #gint64 `next-attempt`; `url` is
 * empty.
 * * `vodupload-store-changed`, whichever process noticed it: #gchararray `event`, `store`, #gint64 `at`.
 * Events: "outage" (for ten seconds the store has taken nothing), "back" (it takes something again). With
 * #gchararray `session-id` and `backup` about a recording whose store this is: "failed-over" (it goes to the
 * backup store), "returned" (to its own store before the backup had anything of it), "back-filled" (what the
 * backup store has of it is in its own, too).
 * * `vodupload-local-copy-removed`: #gchararray `location`, a file that its store has, or a playlist, which
 * goes with all segments of its recording; as `keep-local` and `spool` of the configuration say.
 * * `vodupload-job-done`: #gchararray `job`, a program of the configuration that was run, `session-id` of the
 * recording, `location` (the file), #guint `attempt` (from 1), #gchararray `result`: the session id of the
 * recording that came of it; empty when it has no output.
 * * `vodupload-job-failed`: the same with #gchararray `error` instead of `result`, and #gint64
 * `next-attempt`, which is not there when the job is given up.
 * * `vodupload-spool`: #gchararray `directory`, #guint64 `free-bytes` of its file system, #guint64
 * `time-left` (ns) until it is as low as the configuration allows, at the rate of the last ten minutes; 0: it
 * is. Posted while a store has an outage, and when the limit is reached: at first, when half the time is
 * left, and once an hour.
 *
 * Since: 0.1
 */
#include "ext/vodupload/vodupload.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "ext/vodupload/sink_facts.h"
#include "ext/vodupload/stock_sinks.h"
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
      rec::property("manifests",
                    "Write a manifest.json beside the media of each finished recording, and upload it last",
                    &S::manifests),
      rec::property("template", "Template whose storage, callbacks and jobs what the sinks inside record has",
                    &S::recording_template),
      rec::property("storage", "Store of what the sinks inside record (empty: the template's)", &S::storage),
      rec::property(
          "callbacks",
          "Who is told what the sinks inside record, names with ',' between (empty: the template's)",
          &S::callbacks),
      rec::property(
          "directory",
          "Objects are named like the files below it, where the sinks inside must write (empty: the "
          "working directory)",
          &S::directory),
      rec::property("domain", "Push domain of what the sinks inside record", &S::domain),
      rec::property("app", "Push path of what the sinks inside record", &S::app),
      rec::property("stream", "Stream name of what the sinks inside record (empty: the element's name)",
                    &S::stream),
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
  rec::Guarded<std::shared_ptr<rec::StockSinks>> sinks;       // so, too; null: there are none inside

  std::shared_ptr<rec::UploadSession> current() {
    return session.with([](const auto &s) { return s; });
  }
  std::shared_ptr<rec::StockSinks> current_sinks() {
    return sinks.with([](const auto &s) { return s; });
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

static rec::Status start_sinks(GstElement *element, rec::UploadSession &session) {
  VodUpload &impl = impl_of(element);
  const rec::VodUploadSettings settings = impl.settings.copy();
  REC_TRY(auto facts, rec::sink_facts(settings, rec::CString(gst_element_get_name(element)).get()));
  facts.owner = session.owner();
  REC_TRY(auto sinks, rec::StockSinks::start(element, settings.catalogue, std::move(facts), system_clock()));
  session.wait_for_sinks();
  impl.sinks.with([&](auto &s) { s = std::move(sinks); });
  return rec::ok();
}

static gboolean start_session(GstElement *element) {
  VodUpload &impl = impl_of(element);
  auto started = rec::UploadSession::start(element, impl.settings.copy(), system_clock());
  rec::Status ready = started ? rec::ok() : rec::Status(started.error());
  if (ready && GST_BIN_NUMCHILDREN(element) > 0) ready = start_sinks(element, **started);
  if (!ready) {
    rec::post_error(element, ready.error());
    return FALSE;
  }
  impl.session.with([&](auto &s) { s = *std::move(started); });
  return TRUE;
}

static void end_session(GstElement *element) {
  if (const auto sinks = impl_of(element).sinks.with([](auto &s) { return std::exchange(s, nullptr); }))
    sinks->stop();
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

// Not to our pads: what is upstream of them gets an EOS of its own.
static void send_to_sources(GstElement *element, GstEvent *event) {
  const std::unique_ptr<GstIterator, rec::Freer<gst_iterator_free>> sources(
      gst_bin_iterate_sources(GST_BIN(element)));
  const auto send_one = [](const GValue *source, gpointer e) {
    gst_element_send_event(GST_ELEMENT(g_value_get_object(source)),
                           gst_event_ref(static_cast<GstEvent *>(e)));
  };
  while (gst_iterator_foreach(sources.get(), send_one, event) == GST_ITERATOR_RESYNC)
    gst_iterator_resync(sources.get());
}

static gboolean send_event(GstElement *element, GstEvent *event) {
  if (GST_EVENT_TYPE(event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS(rec_vod_upload_parent_class)->send_event(element, event);
  const bool has_sinks = rec::barrier(element, false, [&] {
    if (impl_of(element).current_sinks()) return true;
    if (const auto session = impl_of(element).current()) session->end(gst_event_get_seqnum(event));
    return false;
  });
  if (has_sinks) send_to_sources(element, event);  // whose EOS comes back from the sinks
  gst_event_unref(event);
  return TRUE;
}

// All sinks inside have ended.
static void sinks_ended(GstElement *element, guint32 seqnum) {
  const auto sinks = impl_of(element).current_sinks();
  const std::weak_ptr<rec::UploadSession> session = impl_of(element).current();
  if (!sinks) return;
  sinks->end([session, seqnum](const std::vector<std::int64_t> &recordings) {
    if (const auto s = session.lock()) s->sinks_settled(recordings, seqnum);
  });
}

static gboolean post_message(GstElement *element, GstMessage *message) {
  const bool is_end = GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS &&
                      GST_MESSAGE_SRC(message) == GST_OBJECT_CAST(element) &&
                      impl_of(element).current_sinks();
  if (!is_end) return GST_ELEMENT_CLASS(rec_vod_upload_parent_class)->post_message(element, message);
  rec::barrier(element, [&] { sinks_ended(element, gst_message_get_seqnum(message)); });
  gst_message_unref(message);
  return TRUE;
}

static void handle_message(GstBin *bin, GstMessage *message) {
  rec::barrier(bin, [&] {
    if (const auto sinks = impl_of(bin).current_sinks()) sinks->see(message);
  });
  GST_BIN_CLASS(rec_vod_upload_parent_class)->handle_message(bin, message);
}

static void deep_element_added(GstBin *bin, GstBin *parent, GstElement *child) {
  GST_BIN_CLASS(rec_vod_upload_parent_class)->deep_element_added(bin, parent, child);
  rec::barrier(bin, [&] {
    if (const auto sinks = impl_of(bin).current_sinks()) sinks->watch(child);
  });
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
                              "Attempts that ended, and what is owed in the catalogue: rows, owed-bytes of "
                              "uploads, and for how many ns the "
                              "oldest of them has been owed (null while stopped)");

  auto *element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = change_state;
  element_class->send_event = send_event;
  element_class->post_message = post_message;
  GST_BIN_CLASS(klass)->handle_message = handle_message;
  GST_BIN_CLASS(klass)->deep_element_added = deep_element_added;
  gst_element_class_set_static_metadata(
      element_class, "Recording uploader", "Sink/Network",
      "Uploads finished recordings of a catalogue to object storage and announces them by signed callbacks",
      "The gst-recording authors <gst-recording@example.org>");
}
