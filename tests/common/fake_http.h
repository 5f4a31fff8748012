// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <deque>
#include <utility>
#include <vector>

#include "core/io/http.h"

namespace rec::test {

// As of a peer that takes everything and says nothing: until it is cancelled.
inline Error silence(GCancellable *cancel) {
  GPollFD fd{};
  if (!g_cancellable_make_pollfd(cancel, &fd)) return {Errc::unavailable, "no pollfd"};
  g_poll(&fd, 1, -1);
  g_cancellable_release_fd(cancel);
  return {Errc::cancelled, "cancelled"};
}

// Answers from a script (the last answer stays), and remembers what was asked. Bodies are read as they are
// sent.
class FakeHttp final : public HttpClient {
 public:
  explicit FakeHttp(std::vector<Result<HttpResponse>> answers) : answers_(answers.begin(), answers.end()) {}
  static HttpResponse status(int code, std::string body = "") {
    return {.status = code, .headers = {}, .body = std::move(body)};
  }

  Result<HttpResponse> send(const HttpRequest &request, GCancellable *) override {
    requests.push_back(request);
    Result<HttpResponse> answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return answer;
  }

  std::vector<HttpRequest> requests;

 private:
  std::deque<Result<HttpResponse>> answers_;
};

}  // namespace rec::test
