// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/record_question.h"

#include <utility>

#include "core/io/deadline.h"
#include "core/service/record_answer.h"

namespace rec {
namespace {

Error withdrawn_error() { return {Errc::cancelled, "the question was withdrawn"}; }

}  // namespace

RecordQuestion::RecordQuestion(MakeClient make_client, const Trigger &trigger, std::string url, Told told)
    : make_client_(std::move(make_client)),
      trigger_(trigger),
      url_(std::move(url)),
      told_(std::move(told)),
      thread_([this] { run(); }) {}

RecordQuestion::~RecordQuestion() {
  withdraw();
  thread_.join();
}

void RecordQuestion::withdraw() {
  Ref<GCancellable> request;
  {
    MutexLock lock(mutex_);
    withdrawn_ = true;
    request = request_;
  }
  wake_.notify_all();
  if (request) g_cancellable_cancel(request.get());
}

bool RecordQuestion::withdrawn() {
  MutexLock lock(mutex_);
  return withdrawn_;
}

void RecordQuestion::run() {
  auto answer = ask_with_retries();
  if (!withdrawn()) told_(std::move(answer));
}

bool RecordQuestion::pause() {
  MutexLock lock(mutex_);
  return !lock.wait_for(wake_, trigger_.pause,
                        [this]() REC_TSA(no_thread_safety_analysis) { return withdrawn_; });
}

Result<HttpResponse> RecordQuestion::ask_once(HttpClient &client) {
  const auto request = Ref<GCancellable>::adopt(g_cancellable_new());
  {
    MutexLock lock(mutex_);
    if (withdrawn_) return withdrawn_error();
    request_ = request;
  }
  const Deadline deadline(request, trigger_.timeout);
  HttpRequest get;
  get.url = url_;
  auto response = client.send(get, request.get());
  if (!response && response.error().code == Errc::cancelled && !withdrawn())
    return Error{Errc::unavailable, redacted_url(url_) + ": no answer within " +
                                        std::to_string(trigger_.timeout.count()) + " ms"};
  return response;
}

Result<RecordAnswer> RecordQuestion::ask_with_retries() {
  const auto client = make_client_();
  Error last = withdrawn_error();
  for (unsigned tries = 0; tries <= trigger_.retries; ++tries) {
    if (tries > 0 && !pause()) return withdrawn_error();
    const auto response = ask_once(*client);
    if (response && response->status == 200) return parse_record_answer(response->body);
    last = response
               ? Error{Errc::unavailable, redacted_url(url_) + ": status " + std::to_string(response->status)}
               : response.error();
    if (!last.retryable()) break;
  }
  last.message = "whether to record cannot be asked: " + last.message;
  return last;
}

}  // namespace rec
