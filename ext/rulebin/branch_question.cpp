// SPDX-License-Identifier: LGPL-2.1-or-later
// A branch whose template says that a server is asked whether to record.
#include <utility>

#include "ext/rulebin/branch.h"
#include "gst/common/barrier.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

std::unique_ptr<HttpClient> make_client(const Trigger &trigger) {
  return make_soup_http_client(std::chrono::ceil<Seconds>(trigger.timeout));
}

std::string displayable(const std::string &text) {
  return CString(g_utf8_make_valid(text.data(), static_cast<gssize>(text.size()))).get();
}

}  // namespace

// With the first media that a file could begin with.
void Branch::ask(const MediaGate::Video &video) {
  const bool asks = phase_ == RecordingPhase::asking || phase_ == RecordingPhase::asking_to_resume;
  if (!asks || question_) return;
  const Trigger &trigger = facts_.session.recording_template.trigger;
  const std::string url = question_url(trigger.url, facts_.session.push, {video.codec, video.kbit_per_s});
  const unsigned number = ++questions_;
  question_ = std::make_unique<RecordQuestion>([trigger] { return make_client(trigger); }, trigger, url,
                                               [this, number](const Result<RecordAnswer> &answer) {
                                                 barrier(rulebin_, [&] { answered(number, answer); });
                                               });
}

// On the question's thread.
void Branch::answered(unsigned number, const Result<RecordAnswer> &answer) {
  RecordDecision decision;
  {
    MutexLock lock(control_);
    if (number != questions_) return;  // nobody wants to know any more
    const RecordingTemplate &asked = facts_.session.recording_template;
    decision = answer ? decide(asked, *answer) : decide_without_answer(asked);
    decided(decision);
  }
  if (!answer) post_warning(rulebin_, answer.error());
  for (const std::string &ignored : decision.ignored)
    post_warning(rulebin_, {Errc::invalid_argument, "the answer whether to record: " + ignored});
  const PushIdentity &push = facts_.session.push;
  if (!decision.recording)
    MessageBuilder("rulebin-not-recorded")
        .field("template", facts_.session.recording_template.name)
        .field("reason", decision.why_not)
        .field("domain", displayable(push.domain))
        .field("app", displayable(push.app))
        .field("stream", displayable(push.stream))
        .post(rulebin_);
}

void Branch::decided(const RecordDecision &decision) {
  if (decision.recording && !built_) {
    facts_.session.recording_template = *decision.recording;
    note("the end of a push", [](PushSession &s) { return s.end_push(); });
    begin_session(facts_.session);
    note("a push", [](PushSession &s) { return s.begin_push(); });
  }
  (void)apply(decision.recording ? RecordingInput::granted : RecordingInput::refused);
  if (std::exchange(push_is_over_, false)) (void)apply(RecordingInput::push_ended);  // it was in vain
}

// It is answered, or nobody wants to know any more.
void Branch::settle_question() {
  ++questions_;
  if (question_) {
    question_->withdraw();
    withdrawn_.push_back(std::move(question_));
  }
  (void)post([this] { end_questions(); });  // not here: their threads may be waiting for the lock
  decide_undecided();
}

void Branch::end_questions() {
  std::vector<std::unique_ptr<RecordQuestion>> ended;
  MutexLock lock(control_);
  ended.swap(withdrawn_);
}

}  // namespace rec
