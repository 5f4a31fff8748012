// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/sync.h"
#include "core/base/worker.h"
#include "core/service/catalogue.h"
#include "core/service/sink_session.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// Watches the sinks inside a bin, which are not ours, for one run, and tells the catalogue what they close:
//
//   hlssink2, hlssink3    the stream of each segment is made here, which tells its name; nothing that is owed
//                         is deleted by them
//   splitmuxsink          its messages
//   multifilesink         its messages, which it is told to post
//   filesink, giosink and others that say in `file`, or as file: URI in `location`, where they write
//                         its first buffer and its EOS
//
// An ERROR of a sink is told as an exception of what is being recorded.
//
// What any of them leaves open when it is stopped is repaired. Catalogue and disk are the business of a
// thread of its own; streaming threads only post.
class StockSinks : public std::enable_shared_from_this<StockSinks> {
 public:
  // `element` is borrowed: the bin, which outlives the run. `settled`: all that they wrote is in the
  // catalogue (on the thread of its own). `clock` outlives it.
  static Result<std::shared_ptr<StockSinks>> start(GstElement *element, const std::string &catalogue_path,
                                                   SinkSession::Facts facts, const Clock &clock);
  ~StockSinks();  // stop()
  StockSinks(const StockSinks &) = delete;
  StockSinks &operator=(const StockSinks &) = delete;

  void watch(GstElement *child) REC_EXCLUDES(mutex_);  // was put into the bin, at any depth; any thread
  // Of a child, before it goes up. Any thread.
  void see(GstMessage *message) REC_EXCLUDES(mutex_);
  // All sinks have ended: finishes the recordings, then calls `settled` on its thread with their ids.
  void end(std::function<void(const std::vector<std::int64_t> &)> settled);
  // The sinks have stopped: writes down what is left, and joins. Idempotent; not from a callback of its own.
  void stop() REC_EXCLUDES(mutex_);

 private:
  struct HlsSink {
    std::string playlist;  // absolute, as are all paths
    std::string segment;   // that is being written
    UtcTime started{};
    GstClockTime start_time = 0;  // running time
  };
  struct Handler {
    Ref<GstElement> element;
    gulong id;
  };
  using Job = std::function<Status(SinkSession &)>;

  StockSinks(GstElement *element, const Clock &clock) : element_(element), clock_(clock) {}
  Status open(const std::string &catalogue_path, SinkSession::Facts facts);
  void post(Job job);
  void watch_hls(GstElement *sink) REC_EXCLUDES(mutex_);
  void watch_file(GstElement *sink) REC_EXCLUDES(mutex_);
  void note_file(const std::string &location);
  void note_error(GstMessage *message);
  void close_files_of(GstObject *ended) REC_EXCLUDES(mutex_);
  void see_structure(GstObject *source, const GstStructure *s) REC_EXCLUDES(mutex_);
  void see_fragment(GstObject *source, const GstStructure *s, bool opened) REC_EXCLUDES(mutex_);
  void end_segment(GstObject *sink, const GstStructure *s) REC_EXCLUDES(mutex_);
  GOutputStream *open_segment(GstElement *sink, const char *location) REC_EXCLUDES(mutex_);
  static GOutputStream *on_segment_stream(GstElement *sink, const char *location, gpointer self);
  static void on_segment_deletion(GstElement *, const char *, gpointer) {}
  static GstPadProbeReturn on_first_buffer(GstPad *pad, GstPadProbeInfo *info, gpointer self);

  GstElement *const element_;
  const Clock &clock_;

  Mutex mutex_;
  std::map<GstObject *, HlsSink> hls_ REC_GUARDED_BY(mutex_);  // by sink; it lives as long as handlers_
  std::map<GstObject *, std::string> open_files_
      REC_GUARDED_BY(mutex_);  // by filesink, borrowed as a key only
  std::vector<Handler> handlers_ REC_GUARDED_BY(mutex_);

  // The worker's.
  std::optional<Catalogue> catalogue_;
  std::optional<SinkSession> session_;
  Worker worker_;  // last: its jobs use the others
};

}  // namespace rec
