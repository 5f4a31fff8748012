// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/rule_bin.h"

#include <algorithm>
#include <utility>

#include "ext/rulebin/child_reports.h"
#include "gst/common/barrier.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

constexpr int kTries = 3;  // of a row; the catalogue itself waits seconds for other writers

std::string text_of_error(GstMessage *message) {
  ErrorOut error;
  gchar *debug = nullptr;
  gst_message_parse_error(message, error.out(), &debug);
  const CString owned(debug);
  return std::string("recorder failed: ") + GST_MESSAGE_SRC_NAME(message) + ": " +
         (error ? error->message : "") + (owned ? std::string(" (") + owned.get() + ")" : "");
}

void add(GstStructure *s, const char *field, std::uint64_t value) {
  gst_structure_set(s, field, G_TYPE_UINT64, static_cast<guint64>(value), nullptr);
}

}  // namespace

RuleBin::RuleBin(GstBin *bin, const Clock &clock)
    : bin_(bin),
      clock_(clock),
      branches_(bin, {.push_began = [this] { push_began(); },
                      .push_ended =
                          [this] { note("the end of a push", [](PushSession &s) { return s.end_push(); }); },
                      .all_done = [this](guint32 seqnum) { recorders_done(seqnum); }}) {
  // What is inside comes and goes; that this is a sink does not.
  gst_bin_set_suppressed_flags(bin,
                               static_cast<GstElementFlags>(GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE));
  GST_OBJECT_FLAG_SET(bin, GST_ELEMENT_FLAG_SINK);
}

RuleBin::~RuleBin() = default;

void RuleBin::push_began() {
  if (const auto at = desk()) (void)at->worker.post([at = at.get()] { at->eos = {}; });  // it goes on
  note("a push", [](PushSession &s) { return s.begin_push(); });
}

GstStateChangeReturn RuleBin::change_state(GstStateChange transition,
                                           const std::function<GstStateChangeReturn()> &chain_up) {
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    if (const Status started = start(); !started) {
      post_error(bin_, started.error());
      stop();
      return GST_STATE_CHANGE_FAILURE;
    }
  }
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY &&
      desk())  // what is closed from here on was interrupted
    note("the end of a push", [](PushSession &s) { return s.end_push(); });
  const GstStateChangeReturn result = chain_up();
  const bool failed_start =
      transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY || failed_start) stop();
  return result;
}

void RuleBin::stop() {
  branches_.remove_recorders();
  const auto closing = desk();
  if (!closing) return;
  closing->stopping = true;
  note("the end of recording", [](PushSession &s) -> Status {
    REC_CHECK(s.pause_or_finish());
    return s.release();
  });
  (void)closing->worker.call([closing] {
    closing->glances.reset();
    closing->session.reset();
  });
  closing->worker.stop();
  closing->joiner.reset();
  MutexLock lock(mutex_);
  desk_.reset();
}

std::shared_ptr<RuleBin::Desk> RuleBin::desk() {
  MutexLock lock(mutex_);
  return desk_;
}

void RuleBin::note(const char *what, Job job, Ref<GstMessage> forward) {
  const auto at = desk();
  const bool posted = at && at->worker.post([this, desk = at.get(), what, job = std::move(job), forward] {
    barrier(bin_, [&] {
      run(*desk, what, job);
      if (forward) gst_element_post_message(GST_ELEMENT(bin_), gst_message_ref(forward.get()));
    });
  });
  if (posted) return;
  const bool first = numbers_.with([](Numbers &n) { return ++n.lost_rows == 1; });
  if (first)
    post_warning(bin_, {Errc::unavailable, std::string(what) + " is not in the catalogue: its worker " +
                                               (at ? "has too much to do" : "has ended")});
}

void RuleBin::run(Desk &desk, const char *what, const Job &job) {
  if (!desk.session) return;
  Status done = job(*desk.session);
  for (int tries = 1; !done && done.error().retryable() && tries < kTries; ++tries) done = job(*desk.session);
  numbers_.with([&](Numbers &n) {
    n.session = desk.session->counts();
    if (!done) ++n.lost_rows;
  });
  if (!done)
    post_warning(
        bin_, {done.error().code, std::string(what) + " is not in the catalogue: " + done.error().message});
  announce_recording(desk);
  look_after(desk);
}

void RuleBin::announce_recording(Desk &desk) {
  const auto &current = desk.session->current();
  if (!current || desk.announced == current->id) return;
  desk.announced = current->id;
  MessageBuilder("rulebin-recording-started")
      .field("session-id", current->session_id)
      .field("template", current->template_name)
      .flag("resumed", desk.session->resumed())
      .time("start-time", current->started)
      .post(bin_);
}

bool RuleBin::handle_message(GstMessage *message) {
  if (!branches_.is_recorder(GST_MESSAGE_SRC(message))) return false;
  const auto owned = Ref<GstMessage>::retain(message);
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_EOS:
      branches_.recorder_done(GST_MESSAGE_SRC(message), gst_message_get_seqnum(message));
      break;
    case GST_MESSAGE_ERROR:  // it fails alone: neither the pipeline nor the other recorders stop
      post_warning(bin_, {Errc::unavailable, text_of_error(message)});
      branches_.recorder_done(GST_MESSAGE_SRC(message), gst_message_get_seqnum(message));
      break;
    case GST_MESSAGE_ELEMENT: {
      std::string zone;
      {
        MutexLock lock(mutex_);
        zone = time_zone_;
      }
      auto report = read_child_report(gst_message_get_structure(message), zone);
      if (!report) return false;
      note(report->what, std::move(report->note), owned);
      break;
    }
    default:
      return false;
  }
  gst_message_unref(message);
  return true;
}

gchar *RuleBin::on_claim(GstElement *, gpointer self) {
  auto *bin = static_cast<RuleBin *>(self);
  return barrier(bin->bin_, static_cast<gchar *>(nullptr), [&] {
    std::optional<std::string> playlist;
    const auto at = bin->desk();
    (void)(at && at->worker.call([&] {
      bin->run(*at, "the recording of a playlist", [&](PushSession &s) -> Status {
        REC_TRY(playlist, s.claim());
        return ok();
      });
    }));
    return playlist ? g_strdup(playlist->c_str()) : nullptr;
  });
}

gint RuleBin::on_poll_hold(GstElement *, guint64 waited, gpointer self) {
  auto *bin = static_cast<RuleBin *>(self);
  auto hold = PushSession::Hold::wait;
  barrier(bin->bin_, [&] {
    const auto most = static_cast<guint64>(Nanoseconds::max().count());
    const Nanoseconds time(static_cast<gint64>(std::min(waited, most)));
    const auto at = bin->desk();
    (void)(at && at->worker.call([&] {
      bin->run(*at, "a held recording", [&](PushSession &s) -> Status {
        REC_TRY(hold, s.poll_hold(time));
        return ok();
      });
    }));
  });
  return static_cast<gint>(hold);  // RecSpliceHold has the same order
}

StructurePtr RuleBin::stats() {
  StructurePtr stats(gst_structure_new_empty("rulebin-stats"));
  {
    MutexLock lock(mutex_);
    gst_structure_set(stats.get(), "template", G_TYPE_STRING, template_.c_str(), "rule", G_TYPE_STRING,
                      rule_.c_str(), nullptr);
  }
  const Numbers n = numbers_.copy();
  add(stats.get(), "pushes", n.session.pushes);
  add(stats.get(), "recordings-started", n.session.started);
  add(stats.get(), "recordings-resumed", n.session.resumed);
  add(stats.get(), "recordings-finished", n.session.finished);
  add(stats.get(), "files", n.session.files);
  add(stats.get(), "files-failed", n.session.failed_files);
  add(stats.get(), "segments", n.session.segments);
  add(stats.get(), "bytes", n.session.bytes);
  add(stats.get(), "rows-lost", n.lost_rows);
  for (const auto &recorder : branches_.recorders()) {
    GstStructure *inner = nullptr;
    g_object_get(recorder.get(), "stats", &inner, nullptr);
    const StructurePtr owned(inner);
    if (owned)
      gst_structure_set(stats.get(), GST_ELEMENT_NAME(recorder.get()), GST_TYPE_STRUCTURE, inner, nullptr);
  }
  return stats;
}

}  // namespace rec
