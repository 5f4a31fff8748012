// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/common/hls_judges.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "gst/common/gst_ptr.h"
#include "tests/common/command.h"
#include "tests/common/file_server.h"

namespace rec::test {
namespace {

using std::chrono::microseconds;

constexpr char kUri[] = "REC_TEST_PLAYS";  // environment: what the other process plays

void add_format(PlayedTrack &track, int format) {
  if (track.formats.empty() || track.formats.back() != format) track.formats.push_back(format);
}

// One who sees all frames of a track.
struct Watch {
  PlayedTrack track;
  microseconds last{0};
  GstSegment segment;

  void see(microseconds at) {
    if (track.frames++ == 0)
      track.begin = at;
    else if (at > last)
      track.longest_step = std::max(track.longest_step, at - last);
    else
      track.longest_return = std::max(track.longest_return, last - at);
    last = at;
  }
};

void see_event(Watch &watch, GstEvent *event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) gst_event_copy_segment(event, &watch.segment);
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return;
  GstCaps *caps = nullptr;
  gst_event_parse_caps(event, &caps);
  const GstStructure *fields = gst_caps_get_structure(caps, 0);
  int value = 0;
  if (!gst_structure_get_int(fields, "width", &value)) gst_structure_get_int(fields, "rate", &value);
  add_format(watch.track, value);
}

GstPadProbeReturn see(GstPad *, GstPadProbeInfo *info, gpointer data) {
  auto &watch = *static_cast<Watch *>(data);
  if (!(info->type & GST_PAD_PROBE_TYPE_BUFFER)) {
    see_event(watch, gst_pad_probe_info_get_event(info));
    return GST_PAD_PROBE_OK;
  }
  const auto pts = GST_BUFFER_PTS(gst_pad_probe_info_get_buffer(info));
  const auto time = gst_segment_to_running_time(&watch.segment, GST_FORMAT_TIME, pts);
  // What no sink would show is no frame.
  if (time != GST_CLOCK_TIME_NONE) watch.see(microseconds(static_cast<std::int64_t>(time / GST_USECOND)));
  return GST_PAD_PROBE_OK;
}

GstElement *watched_sink(const char *description, Watch &watch) {
  gst_segment_init(&watch.segment, GST_FORMAT_TIME);
  GstElement *sink = gst_parse_bin_from_description(description, TRUE, nullptr);
  const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(sink, "sink"));
  const auto what = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM;
  gst_pad_add_probe(pad.get(), static_cast<GstPadProbeType>(what), see, &watch, nullptr);
  return sink;
}

void print(const char *kind, const PlayedTrack &track) {
  std::cout << kind << ' ' << track.frames << ' ' << track.begin.count() << ' ' << track.longest_step.count()
            << ' ' << track.longest_return.count();
  for (const int format : track.formats) std::cout << ' ' << format;
  std::cout << std::endl;
}

PlayedTrack parse_track(std::istream &in) {
  PlayedTrack track;
  std::int64_t begin = 0, step = 0, back = 0;
  in >> track.frames >> begin >> step >> back;
  track.begin = microseconds(begin);
  track.longest_step = microseconds(step);
  track.longest_return = microseconds(back);
  for (int format = 0; in >> format;) track.formats.push_back(format);
  return track;
}

std::string how_it_ended(GstMessage *message) {
  if (!message) return "does not end";
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) return "";
  ErrorOut e;
  gst_message_parse_error(message, e.out(), nullptr);
  return e->message;
}

TEST(HlsPlayer, DISABLED_Plays) {
  Watch video, audio;
  const auto player =
      Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_element_factory_make("playbin3", nullptr))));
  gst_util_set_object_arg(G_OBJECT(player.get()), "flags", "audio+video");
  g_object_set(player.get(), "uri", g_getenv(kUri), "video-sink",
               watched_sink("videoconvert ! fakesink sync=false", video), "audio-sink",
               watched_sink("audioconvert ! fakesink sync=false", audio), nullptr);
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(player.get()));
  gst_element_set_state(player.get(), GST_STATE_PLAYING);
  const auto end = Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(
      bus.get(), 20 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
  gst_element_set_state(player.get(), GST_STATE_NULL);
  print("video", video.track);
  print("audio", audio.track);
  std::cout << "complaints " << how_it_ended(end.get()) << std::endl;
}

}  // namespace

Played played_by_gstreamer(const std::string &playlist_path) {
  const std::filesystem::path path(playlist_path);
  const FileServer server(path.parent_path());
  const CommandResult result =
      run_command({"env", kUri + ("=" + server.uri() + "/" + path.filename().string()),
                   std::filesystem::read_symlink("/proc/self/exe"), "--gtest_filter=HlsPlayer.DISABLED_Plays",
                   "--gtest_also_run_disabled_tests"});
  Played played;
  played.complaints = "no result: " + result.err;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    std::string what;
    in >> what;
    if (what == "video") played.video = parse_track(in);
    if (what == "audio") played.audio = parse_track(in);
    if (what == "complaints") std::getline(in >> std::ws, played.complaints = "");
  }
  return played;
}

Played played_by_ffmpeg(const std::string &playlist_path) {
  const CommandResult result =
      run_command({"ffprobe", "-v", "warning", "-show_entries",
                   "frame=media_type,best_effort_timestamp_time,width", "-of", "csv=p=0", playlist_path});
  Watch video, audio;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream in(line);
    std::string kind;
    double time = 0;
    if (!(in >> kind >> time)) continue;  // what a frame has beside it
    (kind == "video" ? video : audio).see(microseconds(std::llround(time * 1e6)));
    if (int width = 0; in >> width && kind == "video") add_format(video.track, width);
  }
  return {video.track, audio.track, result.err};
}

std::string describe(const Played &played) {
  std::ostringstream text;
  for (const PlayedTrack *track : {&played.video, &played.audio}) {
    text << track->frames << " frames from " << track->begin.count() << " us, longest step "
         << track->longest_step.count() << " us, longest return " << track->longest_return.count()
         << " us, formats";
    for (const int format : track->formats) text << ' ' << format;
    text << "; ";
  }
  return text.str() + played.complaints;
}

}  // namespace rec::test
