// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/vodupload/stock_sinks.h"

#include <gio/gio.h>

#include <filesystem>
#include <string_view>

#include "core/base/glib_ptr.h"
#include "core/io/files.h"
#include "core/io/http.h"
#include "gst/common/barrier.h"
#include "gst/common/messages.h"

REC_COUNTED(GFile, g_object_ref, g_object_unref);

namespace rec {
namespace {

// The destroy notifies of what is given to GLib: a pointer that does not keep its object alive.
using WeakSinks = std::weak_ptr<StockSinks>;
gpointer weak(const std::shared_ptr<StockSinks> &sinks) { return new WeakSinks(sinks); }
void free_weak(gpointer p) { delete static_cast<WeakSinks *>(p); }
void free_weak_of_closure(gpointer p, GClosure *) { free_weak(p); }
std::shared_ptr<StockSinks> lock(gpointer p) { return static_cast<WeakSinks *>(p)->lock(); }

std::string absolute(const std::string &path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

std::string text_property(GstElement *element, const char *name) {
  char *text = nullptr;
  g_object_get(element, name, &text, nullptr);
  const CString owned(text);
  return owned ? owned.get() : "";
}

std::string text_of(const GstStructure *s, const char *name) {
  const char *text = gst_structure_get_string(s, name);
  return text ? text : "";
}

bool is_called(gpointer object, std::string_view type) { return type == G_OBJECT_TYPE_NAME(object); }

bool is_within(GstObject *object, std::string_view type) {
  for (GstObject *o = GST_OBJECT_PARENT(object); o; o = GST_OBJECT_PARENT(o))
    if (is_called(o, type)) return true;
  return false;
}

bool is_hls_sink(GstElement *element) {
  return g_signal_lookup("get-fragment-stream", G_OBJECT_TYPE(element)) != 0 &&
         g_object_class_find_property(G_OBJECT_GET_CLASS(element), "playlist-location");
}

// The path of a file that a sink says it writes, as filesink, giosink (`file`) and sinks with a file: URI do;
// "" = none that is here.
std::string file_of(GstElement *sink) {
  GObjectClass *klass = G_OBJECT_GET_CLASS(sink);
  if (is_called(sink, "GstFileSink")) return absolute(text_property(sink, "location"));
  if (const GParamSpec *p = g_object_class_find_property(klass, "file"); p && p->value_type == G_TYPE_FILE) {
    GFile *told = nullptr;
    g_object_get(sink, "file", &told, nullptr);
    const Ref<GFile> file = Ref<GFile>::adopt(told);
    const CString path(told ? g_file_get_path(told) : nullptr);
    return path ? absolute(path.get()) : "";
  }
  const GParamSpec *location = g_object_class_find_property(klass, "location");
  if (!location || location->value_type != G_TYPE_STRING) return "";
  const CString path(g_filename_from_uri(text_property(sink, "location").c_str(), nullptr, nullptr));
  return path ? absolute(path.get()) : "";
}

// A sink that tells nothing, neither by messages nor by signals, but may write a file.
bool may_write_file(GstElement *element) {
  if (GST_IS_BIN(element) || !GST_OBJECT_FLAG_IS_SET(element, GST_ELEMENT_FLAG_SINK)) return false;
  if (is_called(element, "GstMultiFileSink") || is_within(GST_OBJECT(element), "GstSplitMuxSink"))
    return false;
  GObjectClass *klass = G_OBJECT_GET_CLASS(element);
  return g_object_class_find_property(klass, "file") || g_object_class_find_property(klass, "location");
}

// One line about an error, for receivers: where it happened and what it is.
std::string words_of(GstMessage *message) {
  GError *error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  const ErrorPtr owned(error);
  std::string words = error && error->message ? redacted_text(error->message) : "it failed";
  for (char &c : words)
    if (c == '\n' || c == '\r') c = ' ';
  return GST_OBJECT_NAME(GST_MESSAGE_SRC(message)) + std::string(": ") + words;
}

}  // namespace

Result<std::shared_ptr<StockSinks>> StockSinks::start(GstElement *element, const std::string &catalogue_path,
                                                      SinkSession::Facts facts, const Clock &clock) {
  // Shared with callers that are just using it; GLib's handlers have weak pointers.
  const std::shared_ptr<StockSinks> sinks(new StockSinks(element, clock));
  REC_CHECK(sinks->open(catalogue_path, std::move(facts)));
  using Each = std::pair<StockSinks *, int>;
  Each each(sinks.get(), 0);
  const std::unique_ptr<GstIterator, Freer<gst_iterator_free>> children(
      gst_bin_iterate_recurse(GST_BIN(element)));
  const auto watch_one = [](const GValue *child, gpointer self) {
    static_cast<Each *>(self)->first->watch(GST_ELEMENT(g_value_get_object(child)));
  };
  while (gst_iterator_foreach(children.get(), watch_one, &each) == GST_ITERATOR_RESYNC)
    gst_iterator_resync(children.get());
  return sinks;
}

Status StockSinks::open(const std::string &catalogue_path, SinkSession::Facts facts) {
  Status opened = ok();
  const bool ran = worker_.call([&] {
    opened = [&]() -> Status {
      REC_TRY(catalogue_, Catalogue::open(catalogue_path, clock_));
      session_.emplace(*catalogue_, clock_, std::move(facts));
      return ok();
    }();
  });
  if (!ran) return Error{Errc::unavailable, "the catalogue's thread does not run"};
  return opened;
}

StockSinks::~StockSinks() { stop(); }

void StockSinks::post(Job job) {
  const auto run = [this, job = std::move(job)] {
    barrier(element_, [&] {
      if (const Status done = job(*session_); !done) post_warning(element_, done.error());
    });
  };
  if (!worker_.post(run)) post_warning(element_, {Errc::unavailable, "too much waits for the catalogue"});
}

void StockSinks::watch(GstElement *child) {
  if (is_hls_sink(child)) return watch_hls(child);
  if (is_called(child, "GstMultiFileSink")) g_object_set(child, "post-messages", TRUE, nullptr);
  if (may_write_file(child)) watch_file(child);
}

void StockSinks::watch_hls(GstElement *sink) {
  const auto self = shared_from_this();
  const gulong stream = g_signal_connect_data(sink, "get-fragment-stream", G_CALLBACK(on_segment_stream),
                                              weak(self), free_weak_of_closure, GConnectFlags(0));
  // Who listens keeps the sink from deleting segments itself, which it does before they are uploaded.
  const gulong deletion = g_signal_connect_data(sink, "delete-fragment", G_CALLBACK(on_segment_deletion),
                                                nullptr, nullptr, GConnectFlags(0));
  MutexLock lock(mutex_);
  handlers_.push_back({Ref<GstElement>::retain(sink), stream});
  handlers_.push_back({Ref<GstElement>::retain(sink), deletion});
}

void StockSinks::watch_file(GstElement *sink) {
  const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(sink, "sink"));
  if (!pad) return;
  constexpr auto kMedia =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
  gst_pad_add_probe(pad.get(), kMedia, on_first_buffer, weak(shared_from_this()), free_weak);
}

GstPadProbeReturn StockSinks::on_first_buffer(GstPad *pad, GstPadProbeInfo *, gpointer self) {
  const auto sink = Ref<GstElement>::adopt(gst_pad_get_parent_element(pad));
  const auto sinks = lock(self);
  if (!sink || !sinks) return GST_PAD_PROBE_REMOVE;
  return barrier(sinks->element_, GST_PAD_PROBE_REMOVE, [&] {
    const std::string location = file_of(sink.get());
    if (location.empty()) return GST_PAD_PROBE_REMOVE;
    {
      MutexLock lock(sinks->mutex_);
      sinks->open_files_[GST_OBJECT(sink.get())] = location;
    }
    sinks->note_file(location);
    return GST_PAD_PROBE_REMOVE;
  });
}

void StockSinks::note_file(const std::string &location) {
  post([location, now = clock_.now_utc()](SinkSession &s) { return s.file_opened(location, now); });
}

GOutputStream *StockSinks::on_segment_stream(GstElement *sink, const char *location, gpointer self) {
  const auto sinks = lock(self);
  if (!sinks) return nullptr;  // nobody asks any more
  return barrier(sinks->element_, static_cast<GOutputStream *>(nullptr),
                 [&] { return sinks->open_segment(sink, location); });
}

// Under a name that is free: writing over an earlier segment would change what is still owed for it.
GOutputStream *StockSinks::open_segment(GstElement *sink, const char *location) {
  const std::string path = absolute(location);
  const std::string playlist = absolute(text_property(sink, "playlist-location"));
  if (const Status made = make_directories(std::filesystem::path(path).parent_path().string()); !made) {
    post_error(element_, made.error());
    return nullptr;
  }
  const Ref<GFile> file = Ref<GFile>::adopt(g_file_new_for_path(path.c_str()));
  ErrorOut e;
  GFileOutputStream *stream = g_file_create(file.get(), G_FILE_CREATE_NONE, nullptr, e.out());
  if (!stream) {
    const bool taken = g_error_matches(e.get(), G_IO_ERROR, G_IO_ERROR_EXISTS);
    post_error(element_, {taken ? Errc::exists : Errc::unavailable,
                          std::string(e->message) + (taken ? "; record into an empty folder" : "")});
    return nullptr;
  }
  {
    MutexLock lock(mutex_);
    HlsSink &hls = hls_[GST_OBJECT(sink)];
    hls.playlist = playlist;
    hls.segment = path;
    hls.started = clock_.now_utc();
  }
  post([playlist](SinkSession &s) { return s.playlist_opened(playlist); });
  return G_OUTPUT_STREAM(stream);
}

void StockSinks::see(GstMessage *message) {
  GstObject *source = GST_MESSAGE_SRC(message);
  if (!source) return;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) close_files_of(source);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) note_error(message);
  if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ELEMENT) return;
  if (const GstStructure *s = gst_message_get_structure(message)) see_structure(source, s);
}

// Of a sink: of others nobody knows what is lost.
void StockSinks::note_error(GstMessage *message) {
  if (!GST_IS_ELEMENT(GST_MESSAGE_SRC(message)) ||
      !GST_OBJECT_FLAG_IS_SET(GST_MESSAGE_SRC(message), GST_ELEMENT_FLAG_SINK))
    return;
  post([words = words_of(message)](SinkSession &session) {
    return session.note_exception(
        {.type = ExceptionType::write_failed, .track = "", .occurs = 1, .description = words});
  });
}

void StockSinks::close_files_of(GstObject *ended) {
  std::vector<std::string> closed;
  {
    MutexLock lock(mutex_);
    std::erase_if(open_files_, [&](const auto &file) {
      const bool is_one = file.first == ended || gst_object_has_as_ancestor(file.first, ended);
      if (is_one) closed.push_back(file.second);
      return is_one;
    });
  }
  for (const std::string &location : closed)
    post([location](SinkSession &s) { return s.file_closed(location); });
}

void StockSinks::see_structure(GstObject *source, const GstStructure *s) {
  if (gst_structure_has_name(s, "splitmuxsink-fragment-opened")) return see_fragment(source, s, true);
  if (gst_structure_has_name(s, "splitmuxsink-fragment-closed")) return see_fragment(source, s, false);
  if (gst_structure_has_name(s, "hls-segment-added")) return end_segment(source, s);
  if (!gst_structure_has_name(s, "GstMultiFileSink")) return;
  const std::string location = absolute(text_of(s, "filename"));
  note_file(location);
  post([location](SinkSession &session) { return session.file_closed(location); });
}

void StockSinks::see_fragment(GstObject *source, const GstStructure *s, bool opened) {
  GstObject *hls = nullptr;
  GstClockTime time = 0;
  gst_structure_get_clock_time(s, "running-time", &time);
  {
    MutexLock lock(mutex_);
    for (auto &[sink, facts] : hls_) {
      if (!gst_object_has_as_ancestor(source, sink)) continue;
      hls = sink;
      if (opened) facts.start_time = time;
    }
  }
  if (hls && !opened) return end_segment(hls, s);
  if (hls) return;
  const std::string location = text_of(s, "location");
  if (location.empty()) return;  // of a sink that has none
  if (opened) return note_file(absolute(location));
  post([path = absolute(location)](SinkSession &session) { return session.file_closed(path); });
}

// splitmuxsink tells the running time at the end of the fragment, hlssink3 how long it is.
void StockSinks::end_segment(GstObject *sink, const GstStructure *s) {
  HlsSink ended;
  {
    MutexLock lock(mutex_);
    const auto found = hls_.find(sink);
    if (found == hls_.end() || found->second.segment.empty()) return;
    ended = found->second;
    found->second.segment.clear();
  }
  guint64 duration = 0;
  if (!gst_structure_get_clock_time(s, "duration", &duration)) {
    GstClockTime end_time = 0;
    gst_structure_get_clock_time(s, "running-time", &end_time);
    if (GST_CLOCK_TIME_IS_VALID(end_time) && end_time > ended.start_time)
      duration = end_time - ended.start_time;
  }
  post([ended, duration](SinkSession &session) {
    return session.segment_closed(ended.playlist, ended.segment, ended.started,
                                  Nanoseconds(static_cast<std::int64_t>(duration)));
  });
}

void StockSinks::end(std::function<void(const std::vector<std::int64_t> &)> settled) {
  post([settled = std::move(settled)](SinkSession &s) {
    Status ended = s.end();
    settled(s.recordings());
    return ended;
  });
}

void StockSinks::stop() {
  std::vector<Handler> handlers;
  {
    MutexLock lock(mutex_);
    handlers.swap(handlers_);
  }
  for (const Handler &h : handlers) g_signal_handler_disconnect(h.element.get(), h.id);
  if (session_) post([](SinkSession &s) { return s.end(); });
  (void)worker_.call([this] {  // where they live
    session_.reset();
    catalogue_.reset();
  });
  worker_.stop();
}

}  // namespace rec
