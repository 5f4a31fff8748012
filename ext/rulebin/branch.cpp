// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/branch.h"

#include <algorithm>
#include <utility>

#include "ext/rulebin/child_reports.h"
#include "gst/common/barrier.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

std::string text_of_error(GstMessage *message) {
  ErrorOut error;
  gchar *debug = nullptr;
  gst_message_parse_error(message, error.out(), &debug);
  const CString owned(debug);
  return std::string("recorder failed: ") + GST_MESSAGE_SRC_NAME(message) + ": " +
         (error ? error->message : "") + (owned ? std::string(" (") + owned.get() + ")" : "");
}

bool has_begun(GstElement *bin) {
  bool begun = false;
  GST_OBJECT_LOCK(bin);
  for (const GList *pad = bin->sinkpads; pad; pad = pad->next) {
    const auto event =
        Ref<GstEvent>::adopt(gst_pad_get_sticky_event(GST_PAD_CAST(pad->data), GST_EVENT_STREAM_START, 0));
    begun = begun || event;
  }
  GST_OBJECT_UNLOCK(bin);
  return begun;
}

void add_up(GstStructure *stats, const char *field, std::uint64_t value) {
  guint64 sum = 0;
  gst_structure_get_uint64(stats, field, &sum);
  gst_structure_set(stats, field, G_TYPE_UINT64, sum + static_cast<guint64>(value), nullptr);
}

}  // namespace

Branch::Branch(GstBin *rulebin, std::shared_ptr<CatalogueDesk> desk, const Clock &clock, BranchFacts facts,
               Listener listener)
    : rulebin_(rulebin),
      clock_(clock),
      facts_(std::move(facts)),
      listener_(std::move(listener)),
      recorders_(facts_.name.c_str(),
                 {.on_report = [this](auto *m) { return take_report(m); },
                  .on_error = [this](auto *m) { recorder_failed(m); },
                  .all_done = [this] { recorders_done(); }},
                 {.media_held =
                      [this](const MediaGate::Video &video) {
                        MutexLock lock(control_);
                        ask(video);
                      },
                  .cut = [this] { cut_now(); }}),
      desk_(std::move(desk)) {}

void Branch::open() {
  begin_session(facts_.session);
  GstElement *bin = recorders_.bin().get();
  gst_bin_add(rulebin_, bin);
  gst_element_set_state(bin, GST_STATE_PAUSED);
  MutexLock lock(control_);
  if (facts_.trigger != TriggerKind::ask) build();  // else the answer may change what is built
}

void Branch::begin_session(PushSession::Facts facts) {
  (void)post([this, at = desk().get(), facts = std::move(facts)]() mutable {
    facts.owner = at->owner();
    at_desk_.session.emplace(at->catalogue(), clock_, std::move(facts));
  });
}

void Branch::build() {
  if (std::exchange(built_, true)) return;
  if (facts_.audio_only) recorders_.leave_video_out();
  const RecordingTemplate &wanted = facts_.session.recording_template;
  for (const FileGroup &files : file_recorders(wanted))
    add_recorder(make_file_recorder(files, wanted, facts_.names), "recsink");
  if (wanted.hls) add_recorder(make_hls_recorder(), "splicesink");
}

void Branch::follow() { gst_element_sync_state_with_parent(recorders_.bin().get()); }

void Branch::add_recorder(const Ref<GstElement> &recorder, const char *factory) {
  if (!recorder)
    post_warning(rulebin_, {Errc::not_found, std::string("recorder failed: there is no element '") + factory +
                                                 "': install the gstrecording plugin"});
  else if (!recorders_.add(recorder))
    post_warning(rulebin_,
                 {Errc::unavailable, std::string("recorder failed: '") + factory + "' could not start"});
}

void Branch::close() {
  {
    MutexLock lock(control_);
    if (question_) settle_question();
  }
  end_questions();
  GstElement *bin = recorders_.bin().get();
  gst_element_set_locked_state(bin, TRUE);
  gst_element_set_state(bin, GST_STATE_NULL);
  note_counts();
  recorders_.remove_all();
  const auto at = desk();
  if (!at) return;
  note("the end of recording", [](PushSession &s) -> Status {
    REC_CHECK(s.pause_or_finish());
    return s.release();
  });
  (void)at->call([this] {
    at_desk_.session.reset();
    at_desk_.glances.reset();
    at_desk_.counting.reset();
    at_desk_.working = false;
  });
  gst_bin_remove(rulebin_, bin);
  MutexLock lock(mutex_);
  desk_.reset();
}

// ---- Media

void Branch::attach(PushInputs &inputs) {
  {
    MutexLock lock(mutex_);
    if (std::exchange(attached_, true)) return;
  }
  if (inputs.push_is_open()) push_began();
  if (!inputs.attach(recorders_.bin()))
    post_warning(rulebin_, {Errc::unavailable, "recorder failed: it takes no media"});
  if (inputs.push_is_open()) return;
  push_ended();  // it was over meanwhile
  if (!has_begun(recorders_.bin().get())) recorders_.nothing_came();
}

void Branch::detach(PushInputs &inputs) {
  {
    MutexLock lock(mutex_);
    if (!std::exchange(attached_, false)) return;
  }
  bool recorded = false;
  {
    MutexLock lock(control_);
    (void)withdraw_restart();
    if (restart_ != Restart::none) give_restart_up();
    recorded = phase_ == RecordingPhase::recording;
    if (phase_ != RecordingPhase::away && phase_ != RecordingPhase::lost) media_interrupted();
    (void)apply(RecordingInput::push_ended);
  }
  const bool came = inputs.detach(recorders_.bin().get(), gst_util_seqnum_next());
  if (recorded && !came) recorders_.nothing_came();
}

bool Branch::attached() {
  MutexLock lock(mutex_);
  return attached_;
}

void Branch::media_interrupted() {
  note("the end of a push", [](PushSession &s) { return s.end_push(); });
}

void Branch::send_eos(GstEvent *eos) {
  {
    MutexLock lock(control_);
    if (is_undecided()) {
      recorders_.gate().end_held();
      return ask({});  // unless it was asked before
    }
  }
  for (const auto &recorder : recorders_.list()) gst_element_send_event(recorder.get(), gst_event_ref(eos));
}

void Branch::recorders_done() {
  note_counts();
  note("the end of a recording", [this](PushSession &s) -> Status {
    at_desk_.working = false;
    REC_CHECK(at_desk_.holds_nothing ? s.finish() : s.pause_or_finish());
    return note_unrecorded(s);
  });
  (void)post([this] { finish_what_waits(); });
}

bool Branch::take_report(GstMessage *message) {
  const std::string &zone = facts_.session.recording_template.time_zone;
  if (finishing_ && gst_message_has_name(message, "splicesink-recording-paused"))
    g_signal_emit_by_name(GST_MESSAGE_SRC(message), "cancel-delay");  // it counts from here on
  if (gst_message_has_name(message, "splicesink-recording-paused")) note_counts();
  auto report = read_child_report(gst_message_get_structure(message), zone);
  if (report) note(report->what, std::move(report->note), Ref<GstMessage>::adopt(message));
  return report.has_value();
}

void Branch::recorder_failed(GstMessage *message) {
  post_warning(rulebin_, {Errc::unavailable, text_of_error(message)});
}

void Branch::add_stats(GstStructure *stats) {
  const MediaGate::Counts gate = recorders_.gate().counts();
  add_up(stats, "buffers-not-recorded", gate.dropped);
  add_up(stats, "buffers-held-too-long", gate.overflowed);
  for (const auto &recorder : recorders_.list()) {
    GstStructure *inner = nullptr;
    g_object_get(recorder.get(), "stats", &inner, nullptr);
    const StructurePtr owned(inner);
    if (owned) gst_structure_set(stats, GST_ELEMENT_NAME(recorder.get()), GST_TYPE_STRUCTURE, inner, nullptr);
  }
}

}  // namespace rec
