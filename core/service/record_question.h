// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <condition_variable>
#include <functional>
#include <string>
#include <thread>

#include "core/base/sync.h"
#include "core/io/http.h"
#include "core/model/record_decision.h"

namespace rec {

// Asks a server whether to record a push (spec 2.2): Trigger::retries times again, Trigger::pause apart, when
// there is no connection, no whole answer within Trigger::timeout, or another status than 200. What comes
// with 200 is the answer, even where it says nothing (corrupt). Redirections are not followed.
//
// On a thread of its own from construction on. Errors name scheme, host and path of the address alone.
class RecordQuestion {
 public:
  // Once, on that thread, unless the question is withdrawn before. Must not destroy the question.
  using Told = std::function<void(Result<RecordAnswer>)>;

  using MakeClient = std::function<std::unique_ptr<HttpClient>()>;  // called on that thread

  // `url`: question_url().
  RecordQuestion(MakeClient make_client, const Trigger &trigger, std::string url, Told told);
  ~RecordQuestion();  // withdraw(), and waits until that is so
  RecordQuestion(const RecordQuestion &) = delete;
  RecordQuestion &operator=(const RecordQuestion &) = delete;

  // Nobody wants to know any more. Any thread; does not wait.
  void withdraw() REC_EXCLUDES(mutex_);

 private:
  void run() REC_EXCLUDES(mutex_);
  Result<RecordAnswer> ask_with_retries() REC_EXCLUDES(mutex_);
  Result<HttpResponse> ask_once(HttpClient &client) REC_EXCLUDES(mutex_);
  bool withdrawn() REC_EXCLUDES(mutex_);
  bool pause() REC_EXCLUDES(mutex_);  // false: withdrawn meanwhile

  const MakeClient make_client_;
  const Trigger trigger_;
  const std::string url_;
  const Told told_;
  Mutex mutex_;
  std::condition_variable wake_;
  bool withdrawn_ REC_GUARDED_BY(mutex_) = false;
  Ref<GCancellable> request_ REC_GUARDED_BY(mutex_);  // the one that is under way
  std::thread thread_;
};

}  // namespace rec
