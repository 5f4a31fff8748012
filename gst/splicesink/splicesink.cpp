// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-splicesink
 * @title: splicesink
 * @short_description: records HLS that survives interruptions
 *
 * Takes H.264, H.265 or MPEG-4 part 2 video and AAC or MP3 audio in any framing and stores it as it is:
 * segments and a playlist. Segments begin with a keyframe, and end at the first keyframe at or after
 * `target-duration`; without video, at the first audio frame. No frame is lost or doubled at a cut.
 *
 * `segment-format` says what segments are: MPEG-TS, each with its tables; or fragmented MP4 (`cmaf`) without
 * MPEG-4 part 2, all tracks in one file, with an initialisation section `<segment>-init.mp4` per encoding
 * that
 * `#EXT-X-MAP` names. Fragmented MP4 has the one form that hls.js, Shaka Player, browsers and hlsdemux2 all
 * play: one timescale and one line of decoding times over the whole recording, also where another process
 * continues it, and a first picture beside its first sound, so that sound before the first picture is left
 * out. A fragment is at most half a second long. A recording is not continued in another segment format.
 *
 * With `splice-timeout` a recording survives the end of the push. Its playlist stays open (EVENT), the
 * element holds its EOS, and a push that comes back in time continues the playlist: on the same pads
 * (stream-start and media after EOS), on new ones (when the last one was released the push has ended, too),
 * from another pipeline, or from another process, also when the first one was killed. It begins with
 * `#EXT-X-DISCONTINUITY`, unless its encoding is the same and its timestamps go on within a frame: then it is
 * one stream with what was before, down to the packets' counters. When nobody comes, the playlist is closed
 * (VOD,
 * `#EXT-X-ENDLIST`) and EOS posted; the action signal #RecSpliceSink::cancel-delay ends the wait. A push that
 * comes later begins another recording. Stopping the element without EOS leaves the recording open for the
 * same time. Nothing is ever overwritten: a name that is taken gets `-1`, `-2`...
 *
 * A discontinuity is written also where, within a push, timestamps break, the encoding changes, or a track
 * comes or goes for good; each run of continuous timestamps begins with `#EXT-X-PROGRAM-DATE-TIME`, by
 * the sender's clock where buffers carry it as GstReferenceTimestampMeta (rtspsrc's
 * `add-reference-timestamp-meta`; RTMP has none), else by ours. EXTINF is
 * the media in the segment, never the time in which nothing came.
 *
 * A publisher that comes back, or a server with a cache, may send again what was recorded before the
 * interruption. Frames with the bytes and the timestamps of one of the last 4096 are dropped, up to the next
 * keyframe that was not recorded, counted (`dropped-repeated`) and told (`splicesink-media-repeated`);
 * `keep-repeated` records them again. A push that begins with the very frame with which the one before began
 * is the same programme played once more, and kept.
 *
 * `#EXT-X-TARGETDURATION` must not change while a playlist grows, and a cut waits for a keyframe; it is
 * therefore `target-duration` and a half. A segment that is even longer raises it, with a warning.
 *
 * The playlist always lists complete segments only, and is never seen half written. It grows by one append
 * per segment, so that a segment costs the same after a day as after a minute, in time, in bytes and in
 * memory; it is replaced as a whole when it is closed and when `#EXT-X-TARGETDURATION` has to be raised. The
 * segment that is being written is a hidden `.part` file and stands in a comment line; should the process
 * die, whoever continues or closes the recording lists what the file holds.
 *
 * `live-playlist-location` names a second playlist for viewers of the live stream: a sliding window over the
 * last `playlist-length` segments, with `#EXT-X-MEDIA-SEQUENCE` and `#EXT-X-DISCONTINUITY-SEQUENCE`. It is
 * small and replaced with every segment, names the same files, and is never needed to continue a recording.
 *
 * A push without media for `idle-timeout` is taken to have ended, too, though no EOS is posted for it: a
 * publisher that vanished behind an open connection must not keep its recording from whoever continues it.
 * When media come after all, they continue it, if that is still possible.
 *
 * With `cycle` a recording that has so much media ends where the next segment begins, which is at a keyframe:
 * its playlist is closed, and another recording goes on with that segment. No frame is lost or doubled, the
 * live playlist goes on as one.
 *
 * `location` and `playlist-location` are patterns: `{StartYear}`...`{StartMillisecond}`, `{StartTime}`,
 * `{EscapedStartTime}`, `{UnixTimestamp}`, `{Sequence}` or `%05d`. Segments lie beside the playlist unless
 * `location` says otherwise; those in or below its folder are named relative to it, others absolutely, and
 * with `playlist-root` all behind that.
 *
 * `playlist-length` without `live-playlist-location`, and `max-files`, mean what they do to hlssink2: the
 * playlist itself slides, and old segments are deleted, here once no playlist lists them any more. Its pad
 * name `audio` is known as well.
 * So do the signals #RecSpliceSink::get-fragment-stream, #RecSpliceSink::get-playlist-stream and
 * #RecSpliceSink::delete-fragment; streams are closed before anything refers to them.
 *
 * Which recording a push continues is decided by #RecSpliceSink::claim-recording, and how long it is held by
 * #RecSpliceSink::poll-hold. Without handlers a small note beside the playlist (`.<playlist>.splice`)
 * decides. `.<playlist>.trail` remembers the last frames while the recording may be continued.
 *
 * ## Example pipeline
 * |[
 * gst-launch-1.0 -e videotestsrc num-buffers=300 is-live=true ! video/x-raw,format=I420 ! \
 *     x264enc key-int-max=50 tune=zerolatency ! s.video \
 *     audiotestsrc num-buffers=450 is-live=true ! avenc_aac ! s.audio_0 \
 *     splicesink name=s playlist-location=/tmp/rec/live.m3u8 target-duration=4 splice-timeout=5000000000
 * ]|
 * Run it twice within five seconds of the first one's end, and there is one recording.
 *
 * ## Messages
 *
 * Element messages, but one never posted from streaming threads; instants are microseconds since the epoch,
 * durations nanoseconds, sizes bytes.
 *
 * * `splicesink-recording-started`: #gchararray `location` of the playlist, #gint64 `start-time`, #gboolean
 *   `resumed`.
 * * `splicesink-segment-added`, when the playlist lists it: #gchararray `playlist`, `location`, `uri`,
 * #guint64 `sequence`, #gint64 `start-time`, #guint64 `duration`, `size`, #gboolean `discontinuity`, #guint64
 *   `total-duration` of the recording, #gchararray `map-uri`, `map-location`, #guint64 `map-size` of its
 * initialisation section where the segment before it had none or another, else empty. Of a segment with video
 * that this element has recorded as a whole also #guint64 `keyframes`, `longest-gop` (ns of video from a
 * keyframe to the next one or the end), and with audio #gint64 `audio-start-offset`, `audio-end-offset`: ns
 * that audio begins and ends after the video.
 * * `splicesink-recording-paused`: `location`, #gint64 `end-time` of the media.
 * * `splicesink-recording-finished`: `location`, `start-time`, `end-time`, #guint64 `duration` of the media,
 *   `size`, `segments`, #gchararray `video-codec`, `audio-codec`, #guint `width`, `height` of its last
 * period.
 * * `splicesink-recording-released`: `location`. Somebody else continues or has closed it.
 * * `splicesink-media-repeated`: #guint64 `frames` that were sent again and dropped, `duration` of the video
 *   among them (without video of the audio).
 * * `splicesink-exception`, from any thread: #gint `type`, #gchararray `level` ("info", "warning", "error"),
 *   #guint `occurs`, #gchararray `track`, `description`: something is wrong with the media that came. Merged:
 *   of one type and track at the most one in 10 s of media (docs/timestamps.md).
 *
 * Since: 0.1
 */
#include "gst/splicesink/splicesink.h"

#include "gst/common/barrier.h"
#include "gst/common/element_glue.h"
#include "gst/common/property_table.h"
#include "gst/splicesink/splice_recorder.h"

namespace {

const rec::PropertyTable<rec::SpliceSinkSettings> &properties() {
  using S = rec::SpliceSinkSettings;
  static const rec::PropertyTable<S> table = {
      rec::property("segment-format",
                    "What the segments are; a recording that was begun otherwise is not continued",
                    &S::segment_format, rec_splice_segment_format_get_type),
      rec::property("location",
                    "Pattern of the segments' names, relative to the playlist's folder or absolute; %05d or "
                    "{Sequence} is the segment's number in the playlist",
                    &S::location),
      rec::property("playlist-location", "Pattern of the playlist's name with its directory",
                    &S::playlist_location),
      rec::property("playlist-root", "Put before the segments' names in the playlist: a URL or a path",
                    &S::playlist_root),
      rec::property("live-playlist-location",
                    "Pattern of a second playlist, of the last segments only, which every recording replaces "
                    "(empty = none)",
                    &S::live_playlist_location),
      rec::property("playlist-length",
                    "Segments in the live playlist (0 = 5) or, without one, in the playlist itself, which "
                    "slides then (0 = all); more where they are shorter than three target durations",
                    &S::playlist_length, 0, 100000),
      rec::property("max-files",
                    "Segments of a recording to keep on disk: older ones that no playlist lists are deleted, "
                    "and the playlist slides (0 = all)",
                    &S::max_files, 0, G_MAXUINT),
      rec::property("send-keyframe-requests",
                    "Ask the publisher's encoder for a keyframe where a segment should end",
                    &S::send_keyframe_requests),
      rec::property("target-duration",
                    "Length of a segment (s): it ends at the first keyframe at or after it",
                    &S::target_duration, 1, 3600),
      rec::property("splice-timeout",
                    "How long after the end of a push another one continues the recording (ns, 0 = never)",
                    &S::splice_timeout, 0, 21600 * GST_SECOND),
      rec::property("idle-timeout",
                    "Without media for so long the push is taken to have ended, though nobody said so; only "
                    "with splice-timeout (ns, 0 = it lasts)",
                    &S::idle_timeout, 0, G_MAXINT64),
      rec::property("keep-repeated",
                    "Record again what a publisher that comes back sends again (same bytes, same timestamps)",
                    &S::keep_repeated),
      rec::property("cycle",
                    "Media after which the playlist is finished and another recording goes on, at the next "
                    "segment's begin (ns, 0 = never)",
                    &S::cycle, 0, G_MAXINT64),
      rec::property("time-zone", "Zone of the times in names: UTC, UTC+8, local, Asia/Shanghai...",
                    &S::time_zone),
  };
  return table;
}

const rec::SystemClock &system_clock() {
  static const rec::SystemClock clock;
  return clock;
}

enum Signal {
  kClaimRecording,
  kPollHold,
  kCancelDelay,
  kGetPlaylistStream,
  kGetFragmentStream,
  kDeleteFragment,
  kSignals
};
guint signals[kSignals];

rec::HoldChoice to_choice(int hold) {
  if (hold == REC_SPLICE_HOLD_FINISH) return rec::HoldChoice::finish;
  return hold == REC_SPLICE_HOLD_GONE ? rec::HoldChoice::gone : rec::HoldChoice::wait;
}

int to_hold(rec::HoldChoice choice) {
  if (choice == rec::HoldChoice::finish) return REC_SPLICE_HOLD_FINISH;
  return choice == rec::HoldChoice::gone ? REC_SPLICE_HOLD_GONE : REC_SPLICE_HOLD_WAIT;
}

}  // namespace

typedef struct {
  GstBin parent;
  rec::SpliceRecorder *impl;
} RecSpliceSink;
typedef struct {
  GstBinClass parent;
} RecSpliceSinkClass;

G_DEFINE_TYPE(RecSpliceSink, rec_splice_sink, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE(splicesink, "splicesink", GST_RANK_NONE, rec_splice_sink_get_type())

GType rec_splice_hold_get_type(void) {
  static const GEnumValue values[] = {
      {REC_SPLICE_HOLD_WAIT, "The push may still come back", "wait"},
      {REC_SPLICE_HOLD_FINISH, "Finish the recording", "finish"},
      {REC_SPLICE_HOLD_GONE, "Somebody else continues it or has closed it", "gone"},
      {0, nullptr, nullptr},
  };
  static const GType type = g_enum_register_static("RecSpliceHold", values);
  return type;
}

GType rec_splice_segment_format_get_type(void) {
  static const GEnumValue values[] = {
      {static_cast<int>(rec::SegmentFormat::ts), "MPEG-TS", "ts"},
      {static_cast<int>(rec::SegmentFormat::cmaf), "Fragmented MP4 with an EXT-X-MAP per encoding", "cmaf"},
      {0, nullptr, nullptr},
  };
  static const GType type = g_enum_register_static("RecSpliceSegmentFormat", values);
  return type;
}

static rec::SpliceRecorder &impl_of(gpointer object) { return *static_cast<RecSpliceSink *>(object)->impl; }

static gchar *claim_by_sidecar(RecSpliceSink *self) {
  return rec::barrier(self, static_cast<gchar *>(nullptr), [&] {
    const auto path = self->impl->claim_by_sidecar();
    return path ? g_strdup(path->c_str()) : nullptr;
  });
}

static int ask_sidecar(RecSpliceSink *self, guint64 waited) {
  return rec::barrier(self, static_cast<int>(REC_SPLICE_HOLD_WAIT),
                      [&] { return to_hold(self->impl->ask_sidecar(waited)); });
}

static void cancel_delay(RecSpliceSink *self) {
  rec::barrier(self, [&] { self->impl->cancel_delay(); });
}

static std::function<rec::SpliceRecorder::Signals::GetStream()> streams_of(RecSpliceSink *self,
                                                                           Signal signal) {
  return [self, signal]() -> rec::SpliceRecorder::Signals::GetStream {
    if (!g_signal_has_handler_pending(self, signals[signal], 0, FALSE)) return {};
    return [self, signal](const std::string &location) {
      GOutputStream *stream = nullptr;
      g_signal_emit(self, signals[signal], 0, location.c_str(), &stream);
      return rec::Ref<GOutputStream>::adopt(stream);
    };
  };
}

static void rec_splice_sink_init(RecSpliceSink *self) {
  rec::SpliceRecorder::Signals emit;
  emit.claim_recording = [self]() -> std::optional<std::string> {
    gchar *path = nullptr;
    g_signal_emit(self, signals[kClaimRecording], 0, &path);
    const rec::CString owned(path);
    return owned ? std::optional<std::string>(owned.get()) : std::nullopt;
  };
  emit.poll_hold = [self](guint64 waited) {
    int hold = REC_SPLICE_HOLD_WAIT;
    g_signal_emit(self, signals[kPollHold], 0, waited, &hold);
    return to_choice(hold);
  };
  emit.delete_fragment = [self](const std::string &location) {
    if (!g_signal_has_handler_pending(self, signals[kDeleteFragment], 0, FALSE)) return false;
    g_signal_emit(self, signals[kDeleteFragment], 0, location.c_str());
    return true;
  };
  emit.playlist_streams = streams_of(self, kGetPlaylistStream);
  emit.fragment_streams = streams_of(self, kGetFragmentStream);
  self->impl = new rec::SpliceRecorder(GST_BIN(self), system_clock(), std::move(emit));
}

static void install_signals(GType type) {
  /**
   * RecSpliceSink::claim-recording:
   *
   * Media has come and no recording is open. Emitted off streaming threads; media waits meanwhile. The first
   * handler decides.
   *
   * Returns: (nullable) (transfer full): path of the playlist to continue, which must not have ended, or
   * %NULL for a new recording
   */
  signals[kClaimRecording] =
      g_signal_new_class_handler("claim-recording", type, G_SIGNAL_RUN_LAST, G_CALLBACK(claim_by_sidecar),
                                 g_signal_accumulator_first_wins, nullptr, nullptr, G_TYPE_STRING, 0);
  /**
   * RecSpliceSink::poll-hold:
   * @waited: how long the recording has been paused (ns); %G_MAXUINT64 when the wait must end, because of
   *   #RecSpliceSink::cancel-delay or because another recording was claimed
   *
   * Asked about every 250 ms while the recording is paused, off streaming threads. The first handler decides.
   *
   * Returns: what to do with the recording
   */
  signals[kPollHold] = g_signal_new_class_handler(
      "poll-hold", type, G_SIGNAL_RUN_LAST, G_CALLBACK(ask_sidecar), g_signal_accumulator_first_wins, nullptr,
      nullptr, rec_splice_hold_get_type(), 1, G_TYPE_UINT64);
  /**
   * RecSpliceSink::cancel-delay:
   *
   * If the recording is paused, finishes it now instead of waiting for another push.
   */
  signals[kCancelDelay] = g_signal_new_class_handler(
      "cancel-delay", type, static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
      G_CALLBACK(cancel_delay), nullptr, nullptr, nullptr, G_TYPE_NONE, 0);
}

static void install_hlssink2_signals(GType type) {
  /**
   * RecSpliceSink::get-playlist-stream:
   * @location: path of the playlist
   *
   * Asked for each version of the playlist, when the segments that it lists are closed, off streaming
   * threads. The stream is written, closed and let go. With a handler, which must be connected before the
   * element starts, no playlist is written to a file, and nobody can continue the recording.
   *
   * Returns: (transfer full): #GOutputStream for the playlist
   */
  signals[kGetPlaylistStream] =
      g_signal_new("get-playlist-stream", type, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_first_wins,
                   nullptr, nullptr, G_TYPE_OUTPUT_STREAM, 1, G_TYPE_STRING);
  /**
   * RecSpliceSink::get-fragment-stream:
   * @location: path of the segment, or of an initialisation section
   *
   * Asked for each segment, off streaming threads. The stream is closed before the playlist lists it. With a
   * handler, which must be connected before the element starts, no segment is written to a file.
   *
   * Returns: (transfer full): #GOutputStream for the segment
   */
  signals[kGetFragmentStream] =
      g_signal_new("get-fragment-stream", type, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_first_wins,
                   nullptr, nullptr, G_TYPE_OUTPUT_STREAM, 1, G_TYPE_STRING);
  /**
   * RecSpliceSink::delete-fragment:
   * @location: path of a segment
   *
   * There are more than `max-files`, and no playlist lists this one any more. Emitted off streaming threads.
   * Who handles it deletes the segment; without handlers it is deleted.
   */
  signals[kDeleteFragment] = g_signal_new("delete-fragment", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr,
                                          nullptr, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void rec_splice_sink_class_init(RecSpliceSinkClass *klass) {
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
    delete static_cast<RecSpliceSink *>(static_cast<gpointer>(o))->impl;
    G_OBJECT_CLASS(rec_splice_sink_parent_class)->finalize(o);
  };
  properties().install(object_class);
  rec::install_stats_property(
      object_class, properties().next_id(),
      "Recordings, periods, segments, bytes, and frames: ingested = stored + dropped by reason");
  install_signals(G_TYPE_FROM_CLASS(klass));
  install_hlssink2_signals(G_TYPE_FROM_CLASS(klass));
  gst_type_mark_as_plugin_api(rec_splice_hold_get_type(), static_cast<GstPluginAPIFlags>(0));
  gst_type_mark_as_plugin_api(rec_splice_segment_format_get_type(), static_cast<GstPluginAPIFlags>(0));

  rec::install_recorder_vfuncs<impl_of>(klass, &rec_splice_sink_parent_class);
  rec::add_single_audio_pad_template(GST_ELEMENT_CLASS(klass));
  gst_element_class_set_static_metadata(
      GST_ELEMENT_CLASS(klass), "HLS recorder with splicing", "Sink/Muxer/File",
      "Records one stream as it is into an HLS playlist that later pushes and other processes continue",
      "The gst-recording authors <gst-recording@example.org>");
}
