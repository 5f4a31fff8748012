// SPDX-License-Identifier: LGPL-2.1-or-later
// What a branch does in the catalogue: rows about what its recorders report, and files that another push may
// continue, which are held.
#include <algorithm>
#include <utility>

#include "ext/rulebin/branch.h"
#include "ext/rulebin/counted_media.h"
#include "gst/common/barrier.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

constexpr Seconds kCountingPeriod{5};  // each is a transaction
constexpr int kTries = 3;              // of a row; the catalogue itself waits seconds for other writers

using WeakBranch = std::weak_ptr<Branch>;

void forget_branch(gpointer weak, GClosure *) { delete static_cast<WeakBranch *>(weak); }

}  // namespace

std::shared_ptr<CatalogueDesk> Branch::desk() {
  MutexLock lock(mutex_);
  return desk_;
}

// The job keeps the branch, but never the desk: that cannot be destroyed by its own thread.
bool Branch::post(std::function<void()> job) {
  const auto at = desk();
  return at && at->post([kept = shared_from_this(), job = std::move(job)] { barrier(kept->rulebin_, job); });
}

void Branch::note(const char *what, Job job, const Ref<GstMessage> &forward) {
  const bool posted = post([this, what, job = std::move(job), forward] {
    run(what, job);
    if (forward) gst_element_post_message(GST_ELEMENT(rulebin_), gst_message_ref(forward.get()));
  });
  if (posted) return;
  const bool first = counts_.with([](Counts &n) { return ++n.lost_rows == 1; });
  if (first)
    post_warning(rulebin_, {Errc::unavailable,
                            std::string(what) + " is not in the catalogue: its worker has too much to do"});
}

void Branch::run(const char *what, const Job &job) {
  if (!at_desk_.session) return;
  PushSession &session = *at_desk_.session;
  Status done = job(session);
  for (int tries = 1; !done && done.error().retryable() && tries < kTries; ++tries) done = job(session);
  counts_.with([&](Counts &n) {
    n.session = session.counts();
    if (!done) ++n.lost_rows;
  });
  if (!done)
    post_warning(rulebin_, {done.error().code,
                            std::string(what) + " is not in the catalogue: " + done.error().message});
  announce_recording();
  look_after();
}

// Not about a recording, where there is none: then the session waits for one. What cannot be written now is
// part of what is written the next time.
void Branch::note_counts() {
  CountedMedia counted = count_media(recorders_.list());
  const MediaGate::Counts gate = recorders_.gate().counts();
  if (gate.overflowed > 0) counted.counts.drops[{"", "held-too-long"}] = gate.overflowed;
  std::optional<UtcTime> last_media;
  if (counted.silent_for)
    last_media =
        clock_.now_utc() - std::chrono::duration_cast<std::chrono::microseconds>(*counted.silent_for);
  (void)post([this, counts = std::move(counted.counts), last_media] {
    if (!at_desk_.session) return;
    (void)at_desk_.session->count(counts, last_media);
    if (at_desk_.session->is_to_restart()) (void)command(RecordingInput::restart);  // unless it does already
  });
}

void Branch::start_counting() {
  at_desk_.counting = Timer::every(kCountingPeriod, [weak = weak_from_this()] {
    if (const auto branch = weak.lock()) barrier(branch->rulebin_, [&] { branch->note_counts(); });
  });
}

void Branch::announce_recording() {
  const auto &current = at_desk_.session->current();
  if (!current)
    at_desk_.counting.reset();
  else if (!at_desk_.counting)
    start_counting();
  if (!current || at_desk_.announced == current->id) return;
  at_desk_.announced = current->id;
  MessageBuilder("rulebin-recording-started")
      .field("session-id", current->session_id)
      .field("template", current->template_name)
      .field("content", current->content)
      .field("task", current->task)
      .flag("resumed", at_desk_.session->resumed())
      .time("start-time", current->started)
      .post(rulebin_);
}

bool Branch::busy() const {
  if (undecided_ > 0) return true;
  return at_desk_.session && (at_desk_.working || at_desk_.session->holds_files());
}

void Branch::look_after() {
  if (!at_desk_.session) return;
  for (const std::int64_t id : at_desk_.session->take_joins()) listener_.join(id);
  const bool holds = at_desk_.session->holds_files();
  if (!holds) at_desk_.glances.reset();
  if (holds && !at_desk_.glances) start_glances();
  if (busy()) return;
  note_rest();
  listener_.settled();
}

// ---- Held files

void Branch::start_glances() {
  at_desk_.held_since = clock_.monotonic();
  MessageBuilder("rulebin-recording-paused").post(rulebin_);
  at_desk_.glances.emplace([weak = weak_from_this()] {
    const auto branch = weak.lock();
    if (!branch) return;
    (void)branch->post([at = branch.get()] {  // what cannot be asked now is asked the next time
      if (at->finishing_) return at->finish_what_waits();
      at->poll_held_files(at->clock_.monotonic() - at->at_desk_.held_since);
    });
  });
}

void Branch::poll_held_files(Nanoseconds waited) {
  if (!at_desk_.session || !at_desk_.session->holds_files()) return;
  run("a held recording", [&](PushSession &s) -> Status {
    REC_TRY(const PushSession::Hold hold, s.poll_hold(waited));
    if (hold == PushSession::Hold::gone) s.leave_held();
    return hold == PushSession::Hold::finish ? s.finish_held() : ok();
  });
}

void Branch::cancel_hold() {
  for (const auto &recorder : recorders_.list())
    if (g_signal_lookup("cancel-delay", G_OBJECT_TYPE(recorder.get())) != 0)
      g_signal_emit_by_name(recorder.get(), "cancel-delay");
  (void)post([this] {
    poll_held_files(Nanoseconds::max());
    finish_what_waits();
  });
}

void Branch::expect_no_more() {
  (void)post([this] { at_desk_.holds_nothing = true; });
  cancel_hold();
}

// ---- What splicesink asks

Ref<GstElement> Branch::make_hls_recorder() {
  auto element = rec::make_hls_recorder(facts_.session.recording_template, facts_.names);
  if (!element) return element;
  const auto on_claim = +[](GstElement *e, gpointer weak) -> gchar * {
    return barrier(e, static_cast<gchar *>(nullptr), [&]() -> gchar * {
      const auto branch = static_cast<WeakBranch *>(weak)->lock();
      const auto playlist = branch ? branch->claim() : std::nullopt;
      return playlist ? g_strdup(playlist->c_str()) : nullptr;
    });
  };
  const auto on_poll_hold = +[](GstElement *e, guint64 waited, gpointer weak) -> gint {
    auto hold = PushSession::Hold::wait;
    barrier(e, [&] {
      const auto most = static_cast<guint64>(Nanoseconds::max().count());
      if (const auto branch = static_cast<WeakBranch *>(weak)->lock())
        hold = branch->poll_hold(Nanoseconds(static_cast<gint64>(std::min(waited, most))));
    });
    return static_cast<gint>(hold);  // RecSpliceHold has the same order
  };
  const auto connect = [&](const char *signal, GCallback call) {
    g_signal_connect_data(element.get(), signal, call, new WeakBranch(weak_from_this()), forget_branch,
                          GConnectFlags{});
  };
  connect("claim-recording", G_CALLBACK(on_claim));
  connect("poll-hold", G_CALLBACK(on_poll_hold));
  return element;
}

std::optional<std::string> Branch::claim() {
  std::optional<std::string> playlist;
  const auto at = desk();
  (void)(at && at->call([&] {
    run("the recording of a playlist", [&](PushSession &s) -> Status {
      REC_TRY(playlist, s.claim());
      return ok();
    });
  }));
  return playlist;
}

PushSession::Hold Branch::poll_hold(Nanoseconds waited) {
  auto hold = PushSession::Hold::wait;
  const auto at = desk();
  (void)(at && at->call([&] {
    run("a held recording", [&](PushSession &s) -> Status {
      REC_TRY(hold, s.poll_hold(at_desk_.holds_nothing ? Nanoseconds::max() : waited));
      return ok();
    });
  }));
  return hold;
}

}  // namespace rec
