// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-rulebin
 * @title: rulebin
 * @short_description: records a push as the rules of a configuration file say
 *
 * Given a configuration file and who is pushing (`domain`, `app`, `stream`, or one `uri`), it finds the
 * template whose rule fits best - domain + app + stream, then domain + stream, then domain + app, then domain
 * - and builds the recorders that the template needs: a #recsink for the file formats of equal cycle, a
 * #splicesink for HLS. The template is chosen when the element goes to PAUSED, and again when another push
 * begins, the file has changed and nothing is held that the push may continue. Until then its first media
 * wait, 10 s at most.
 *
 * Upstream may say who is pushing, too: by a sticky event (%GST_EVENT_CUSTOM_DOWNSTREAM_STICKY) whose
 * structure is called `application/x-recording-push` and has the strings `domain`, `app`, `stream`,
 * `stream-param`, or `uri` with all of them. It replaces what the properties say until READY; media that wait
 * for it are those behind it. Another identity in mid-push ends the recording, and another one begins at the
 * next keyframe.
 *
 * Nothing here stops the pipeline: a recorder that fails becomes a warning, and streaming threads never wait
 * for the disk or the catalogue. A stream that no rule matches, whose template has no formats, or whose name
 * cannot be a file name is not recorded: its data are dropped, its EOS still passes, and a message says why.
 * Only a configuration that cannot be read, or a catalogue that cannot be opened, is an error, and the
 * element does not start.
 *
 * The catalogue (SQLite) holds pushes, recordings, files, segments and the uploads and callbacks that they
 * owe, which #vodupload delivers. Any number of elements and processes may share one. What earlier processes
 * left unfinished is finished at the start.
 *
 * With a `splice-timeout` in the template the element holds its EOS for that long, and a push that comes
 * back, here or in another process, continues the recording; #RecRuleBin::cancel-delay ends the wait. HLS
 * goes on in the same playlist. FLV and MP4 files that an interruption ended are neither uploaded nor
 * announced: when the recording has ended they are joined into one, without encoding anything again, and that
 * is. What does not fit together (another codec, picture size or sound, in MP4 other parameter sets) stays a
 * file of its own. A new file that `cycle` begins is never joined with the one before it.
 *
 * Tasks of the catalogue (`gst-recording-1.0 task create`) are recorded beside what the rules say, and where
 * they say nothing: in their window of time, from the next keyframe on (which is asked for upstream), each by
 * recorders of its own, with a recording and callbacks of its own that tell no `stream-param`. One that is
 * stopped, or whose time is over, is finished at once, whatever its template's `splice-timeout`; one that is
 * deleted goes on where it runs. Windows follow the system's wall clock, also when that is set. Commands of
 * other processes (`gst-recording-1.0 cancel-delay`...) reach the element through the catalogue, too.
 *
 * Contents other than the origin - with a watermark, transcoded - come in through pads of their own,
 * `video_watermarked`, `audio_watermarked`, `video_transcoded_ID`, `audio_transcoded_ID`, and are recorded
 * where the template's `content` says so, each as a recording of its own. One that is not linked when the
 * element starts is asked for with #RecRuleBin::request-content; one that nobody has is replaced by the
 * watermarked content, and that by the origin. EOS leaves when all contents have ended.
 *
 * Material that is shown while the publisher is away is recorded only where the template says `standby`.
 * Upstream marks it with a sticky downstream event (#GST_EVENT_CUSTOM_DOWNSTREAM_STICKY) on every pad,
 * `application/x-recording-standby` with the #gboolean `active`: %TRUE before it, %FALSE after it. What is
 * left out is missing as if it had not been sent, and counted in `stats` as `standby-buffers-dropped`; video
 * goes on at a keyframe.
 *
 * When a push is recorded is the template's `trigger`: always, when a server that is asked says so (until
 * then media are held, so that none is lost), when the push URL says so, or by the action signals
 * #RecRuleBin::start, #RecRuleBin::stop and #RecRuleBin::restart, which overrule the others.
 *
 * ## Example pipeline
 * |[
 * gst-launch-1.0 -e -m videotestsrc num-buffers=300 is-live=true ! video/x-raw,format=I420 ! \
 *     x264enc key-int-max=50 tune=zerolatency ! r.video \
 *     audiotestsrc num-buffers=450 is-live=true ! avenc_aac ! r.audio_0 \
 *     rulebin name=r config=examples/recording.json uri=rtmp://127.0.0.1/live/cam1 directory=/tmp/rec
 * ]|
 *
 * ## Messages
 *
 * Element messages, never posted from streaming threads:
 *
 * * `rulebin-matched`: #gchararray `template`, `rule` (its rank and where it is written), `domain`, `app`,
 *   `stream`.
 * * `rulebin-not-recorded`: the same, and #gchararray `reason`.
 * * `rulebin-recording-paused`: the push has ended, its files are closed and wait for another one.
 * * `rulebin-files-joined`: #gchararray `format`, `location`, #guint `parts`, #guint64 `duration`, `size`:
 * the parts are gone. `rulebin-files-not-joined`: #gchararray `reason`; they are uploaded and announced as
 * they are.
 * * `rulebin-recording-started`: #gchararray `session-id`, `template`, `content`, #gboolean `resumed` (an
 * earlier push's recording is continued), #gint64 `start-time` of the recording (microseconds since the
 * epoch), #gchararray `task` that it is made for, empty: by rule.
 * * `rulebin-task-began`: #gchararray `task`, `template` (empty: HLS that is kept for ever), #gint64
 * `end-time` (microseconds since the epoch). `rulebin-task-ended`: #gchararray `task`; its last files follow.
 *
 * |[
 * rulebin-matched, template=(string)default, rule=(string)"domain\ \(examples/recording.json:26:5\)",
 *     domain=(string)127.0.0.1, app=(string)live, stream=(string)cam1;
 * rulebin-not-recorded, template=(string)off, rule=(string)"domain\ +\ app\ +\ stream\ \(...\)",
 *     reason=(string)"template\ \'off\'\ has\ no\ formats", domain=(string)127.0.0.1, ...;
 * rulebin-recording-started, session-id=(string)3804122183172366543, template=(string)default,
 *     content=(string)origin, task=(string)"", resumed=(boolean)false, start-time=(gint64)1795255200000000;
 * ]|
 *
 * The recorders' own messages (`recsink-file-closed`, `splicesink-segment-added`...) follow, each after its
 * row was written. A recorder's ERROR comes as a WARNING that begins with "Recording is incomplete: recorder
 * failed".
 *
 * Since: 0.1
 */
#include "ext/rulebin/rulebin.h"

#include "core/model/push_url.h"
#include "ext/rulebin/rule_bin.h"
#include "gst/common/barrier.h"
#include "gst/common/element_glue.h"
#include "gst/common/property_table.h"

namespace {

// Secrets (parameters of the push URL) go in and never come out.
constexpr auto kWriteOnly =
    static_cast<GParamFlags>(G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

void set_uri(rec::RuleBinSettings &settings, const GValue *value) {
  const char *uri = g_value_get_string(value);
  const auto push = rec::parse_push_url(uri ? uri : "");
  settings.uri_error = push ? "" : push.error().message;
  if (!push) return;
  settings.domain = push->domain;
  settings.app = push->app;
  settings.stream = push->stream;
  settings.stream_param = push->stream_param;
}

const rec::PropertyTable<rec::RuleBinSettings> &properties() {
  using S = rec::RuleBinSettings;
  static const rec::PropertyTable<S> table = {
      rec::property("config", "Path of the configuration file (docs/configuration.md)", &S::config),
      rec::property("catalogue", "Path of the catalogue, an SQLite file (empty: catalogue.db in `directory`)",
                    &S::catalogue),
      rec::property("directory", "Where recordings are written; names of templates are relative to it",
                    &S::directory),
      rec::property("domain", "Push domain: who is pushing", &S::domain),
      rec::property("app", "Push path (app)", &S::app),
      rec::property("stream", "Stream name", &S::stream),
      rec::property("stream-param", "Parameters of the push URL, for callbacks; may hold secrets, write-only",
                    &S::stream_param, kWriteOnly),
      {"uri",
       [](const S &) {
         return g_param_spec_string(
             "uri", "uri",
             "rtmp://domain/app/stream?param: sets domain, app, stream and stream-param; "
             "write-only",
             nullptr, kWriteOnly);
       },
       set_uri, [](const S &, GValue *) {}},
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
  rec::RuleBin *impl;
} RecRuleBin;
typedef struct {
  GstBinClass parent;
} RecRuleBinClass;

G_DEFINE_TYPE(RecRuleBin, rec_rule_bin, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE(rulebin, "rulebin", GST_RANK_NONE, rec_rule_bin_get_type())

static rec::RuleBin &impl_of(gpointer object) { return *static_cast<RecRuleBin *>(object)->impl; }

static void rec_rule_bin_init(RecRuleBin *self) {
  self->impl = new rec::RuleBin(GST_BIN(self), system_clock());
}

static GstPad *request_new_pad(GstElement *e, GstPadTemplate *t, const gchar *name, const GstCaps *) {
  return rec::barrier(e, static_cast<GstPad *>(nullptr), [&] { return impl_of(e).request_pad(t, name); });
}

static void release_pad(GstElement *e, GstPad *pad) {
  rec::barrier(e, [&] { impl_of(e).release_pad(pad); });
}

static GstStateChangeReturn change_state(GstElement *e, GstStateChange transition) {
  return rec::barrier(e, GST_STATE_CHANGE_FAILURE, [&] {
    return impl_of(e).change_state(transition, [&] {
      return GST_ELEMENT_CLASS(rec_rule_bin_parent_class)->change_state(e, transition);
    });
  });
}

static gboolean send_event(GstElement *e, GstEvent *event) {
  if (GST_EVENT_TYPE(event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS(rec_rule_bin_parent_class)->send_event(e, event);
  rec::barrier(e, [&] { impl_of(e).send_eos(event); });
  return TRUE;
}

// What is wrong; NULL when it is done.
static gchar *command(RecRuleBin *self, rec::RecordingInput input) {
  return rec::barrier(self, g_strdup("internal error"), [&]() -> gchar * {
    const rec::Status done = self->impl->command(input);
    return done ? nullptr : g_strdup(done.error().message.c_str());
  });
}
static gchar *start_recording(RecRuleBin *self) { return command(self, rec::RecordingInput::start); }
static gchar *stop_recording(RecRuleBin *self) { return command(self, rec::RecordingInput::stop); }
static gchar *restart_recording(RecRuleBin *self) { return command(self, rec::RecordingInput::restart); }
static void cancel_delay(RecRuleBin *self) {
  rec::barrier(self, [&] { (void)self->impl->command(rec::RecordingInput::cancel_delay); });
}

static gchar *explain(RecRuleBin *self) {
  return rec::barrier(self, static_cast<gchar *>(nullptr),
                      [&] { return g_strdup(self->impl->explain().c_str()); });
}

// Who knows a content stops the emission.
static gboolean content_comes(GSignalInvocationHint *, GValue *result, const GValue *answer, gpointer) {
  g_value_copy(answer, result);
  return !g_value_get_boolean(answer);
}

static void install_content_pads(GstElementClass *klass) {
  const auto add = [klass](const char *name, const char *like) {
    const auto caps =
        rec::Ref<GstCaps>::adopt(gst_pad_template_get_caps(gst_element_class_get_pad_template(klass, like)));
    gst_element_class_add_pad_template(klass,
                                       gst_pad_template_new(name, GST_PAD_SINK, GST_PAD_REQUEST, caps.get()));
  };
  add("video_%s", "video");
  add("audio_%s", "audio_%u");
  /**
   * RecRuleBin::request-content:
   * @content: "watermarked" or "transcoded:ID", as the configuration calls it
   *
   * Emitted by the thread that brings the element to PAUSED for every content of the template that has no
   * pads yet. The handler may build what makes the content, from the same decoder as others or from a
   * source of its own, and link it to `video_LABEL` and `audio_LABEL`, then or later.
   *
   * Returns: %TRUE: it comes, now or later; what comes before the first of its pads is linked is not
   * recorded. %FALSE, also when nothing is connected: another content is recorded instead.
   */
  g_signal_new("request-content", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, content_comes, nullptr,
               nullptr, G_TYPE_BOOLEAN, 1, G_TYPE_STRING);
}

static void install_properties(GObjectClass *object_class) {
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
  properties().install(object_class);
  rec::install_stats_property(
      object_class, properties().next_id(),
      "Template, rule, pushes, recordings, files, rows that were lost, and the stats of "
      "every recorder");
}

static void install_commands(RecRuleBinClass *klass) {
  const auto install = [klass](const char *name, GCallback call) {
    g_signal_new_class_handler(name, G_TYPE_FROM_CLASS(klass),
                               static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION), call, nullptr,
                               nullptr, nullptr, G_TYPE_STRING, 0);
  };
  /**
   * RecRuleBin::start:
   *
   * Action signal: the push is recorded from the next keyframe on, whatever the template's trigger says. What
   * was stopped and is not finished yet goes on. What a question held is recorded from its beginning.
   *
   * Returns: (nullable) (transfer full): what is wrong; %NULL when it is done
   */
  install("start", G_CALLBACK(start_recording));
  /**
   * RecRuleBin::stop:
   *
   * Action signal: recording ends here, whoever began it, until #RecRuleBin::start or the next push. The
   * recording is held for `splice-timeout`, as after the end of a push.
   *
   * Returns: (nullable) (transfer full): what is wrong; %NULL when it is done
   */
  install("stop", G_CALLBACK(stop_recording));
  /**
   * RecRuleBin::restart:
   *
   * Action signal: at the next keyframe the recording ends in all formats, is finished without being held,
   * and another one begins; no frame is lost.
   *
   * Returns: (nullable) (transfer full): what is wrong; %NULL when it is done
   */
  install("restart", G_CALLBACK(restart_recording));
}

static void rec_rule_bin_class_init(RecRuleBinClass *klass) {
  auto *object_class = G_OBJECT_CLASS(klass);
  install_properties(object_class);
  object_class->finalize = [](GObject *o) {
    rec::RuleBin *impl = static_cast<RecRuleBin *>(static_cast<gpointer>(o))->impl;
    G_OBJECT_CLASS(rec_rule_bin_parent_class)->finalize(o);
    delete impl;
  };
  /**
   * RecRuleBin::cancel-delay:
   *
   * Action signal: a recording that is held for its push to come back is finished now. One that is going on
   * ends, and is finished without being held.
   */
  g_signal_new_class_handler("cancel-delay", G_TYPE_FROM_CLASS(klass),
                             static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
                             G_CALLBACK(cancel_delay), nullptr, nullptr, nullptr, G_TYPE_NONE, 0);

  install_commands(klass);
  /**
   * RecRuleBin::explain:
   *
   * Action signal. Returns: (transfer full): a text for people: which template the configuration, as the file
   * is now, has for who is pushing, which rule made it so, which rules lost and why, formats and names.
   * `begun` is what this start was begun with. No addresses and no parameters of the push URL are in it.
   */
  g_signal_new_class_handler("explain", G_TYPE_FROM_CLASS(klass),
                             static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
                             G_CALLBACK(explain), nullptr, nullptr, nullptr, G_TYPE_STRING, 0);

  auto *element_class = GST_ELEMENT_CLASS(klass);
  element_class->request_new_pad = request_new_pad;
  element_class->release_pad = release_pad;
  element_class->change_state = change_state;
  element_class->send_event = send_event;
  rec::add_recorder_pad_templates(element_class);
  install_content_pads(element_class);
  gst_element_class_set_static_metadata(
      element_class, "Recording by rules", "Sink/Muxer/Bin",
      "Finds the recording template of a push, records it as that says, and keeps the catalogue",
      "The gst-recording authors <gst-recording@example.org>");
}
