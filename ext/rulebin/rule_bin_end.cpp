// SPDX-License-Identifier: LGPL-2.1-or-later
// What rulebin does when a push has ended: files that another push may continue are held, files that belong
// together are joined, and then its EOS leaves.
#include <utility>

#include "core/service/splice_join.h"
#include "ext/rulebin/rule_bin.h"
#include "gst/common/barrier.h"
#include "gst/common/messages.h"

namespace rec {

// EOS leaves when the rows are written, so that who waits for it finds everything in the catalogue.
void RuleBin::recorders_done(guint32 seqnum) {
  GstMessage *message = gst_message_new_eos(GST_OBJECT(bin_));
  gst_message_set_seqnum(message, seqnum);
  const auto eos = Ref<GstMessage>::adopt(message);
  note("the end of a recording", [](PushSession &s) { return s.pause_or_finish(); });
  const auto at = desk();
  const bool posted = at && at->worker.post([this, at = at.get(), eos] {
    at->eos = eos;
    barrier(bin_, [&] { look_after(*at); });
  });
  if (!posted) gst_element_post_message(GST_ELEMENT(bin_), gst_message_ref(eos.get()));
}

void RuleBin::look_after(Desk &desk) {
  if (!desk.session) return;
  for (const std::int64_t id : desk.session->take_joins()) start_join(desk, id);
  const bool holds = desk.session->holds_files();
  if (!holds) desk.glances.reset();
  if (holds && !desk.glances) start_glances(desk);
  if (holds || desk.joining > 0 || !desk.eos) return;
  const auto eos = std::exchange(desk.eos, {});
  if (!branches_.push_is_open()) gst_element_post_message(GST_ELEMENT(bin_), gst_message_ref(eos.get()));
}

// ---- Held files

void RuleBin::start_glances(Desk &desk) {
  desk.held_since = clock_.monotonic();
  MessageBuilder("rulebin-recording-paused").post(bin_);
  desk.glances.emplace([this, weak = desk.weak_from_this()] {
    const auto at = weak.lock();
    if (!at) return;
    (void)at->worker.post([this, at = at.get()] {  // what cannot be asked now is asked the next time
      barrier(bin_, [&] { poll_held_files(*at, clock_.monotonic() - at->held_since); });
    });
  });
}

void RuleBin::poll_held_files(Desk &desk, Nanoseconds waited) {
  if (!desk.session || !desk.session->holds_files()) return;
  run(desk, "a held recording", [&](PushSession &s) -> Status {
    REC_TRY(const PushSession::Hold hold, s.poll_hold(waited));
    if (hold == PushSession::Hold::gone) s.leave_held();
    return hold == PushSession::Hold::finish ? s.finish_held() : ok();
  });
}

void RuleBin::cancel_delay() {
  for (const auto &recorder : branches_.recorders())
    if (g_signal_lookup("cancel-delay", G_OBJECT_TYPE(recorder.get())) != 0)
      g_signal_emit_by_name(recorder.get(), "cancel-delay");
  const auto at = desk();
  (void)(at && at->worker.post([this, at = at.get()] {
    barrier(bin_, [&] { poll_held_files(*at, Nanoseconds::max()); });
  }));
}

// ---- Joining

void RuleBin::start_join(Desk &desk, std::int64_t recording_id) {
  if (!desk.joiner) desk.joiner = std::make_unique<Worker>();
  ++desk.joining;
  const bool posted = desk.joiner->post([this, at = &desk, recording_id] {
    barrier(bin_, [&] { join(*at, recording_id); });
    (void)at->worker.post([this, at] {
      --at->joining;
      barrier(bin_, [&] { look_after(*at); });
    });
  });
  if (!posted) --desk.joining;  // recovery does it
}

// On the joiner's thread, with a connection of its own.
void RuleBin::join(Desk &desk, std::int64_t recording_id) {
  const auto done = [&]() -> Result<JoinReport> {
    REC_TRY(auto catalogue, Catalogue::open(desk.catalogue_path, clock_));
    auto report = join_parts(catalogue, recording_id, [&] { return desk.stopping.load(); });
    REC_CHECK(catalogue.release_recording(recording_id, desk.lease->id()));  // what is left is anybody's
    return report;
  }();
  if (!done) {
    if (done.error().code != Errc::cancelled) post_warning(bin_, done.error());
    return;
  }
  for (const JoinReport::Joined &file : done->joined)
    MessageBuilder("rulebin-files-joined")
        .field("format", std::string(name_of(file.format)))
        .field("location", file.location)
        .field("parts", static_cast<guint>(file.parts.size()))
        .field("duration", static_cast<guint64>(file.duration.count()))
        .field("size", static_cast<guint64>(file.size_bytes))
        .post(bin_);
  for (const Error &reason : done->left_apart)
    MessageBuilder("rulebin-files-not-joined").field("reason", reason.message).post(bin_);
}

}  // namespace rec
