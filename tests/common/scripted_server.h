// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <condition_variable>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "core/base/sync.h"

namespace rec::test {

// A server on 127.0.0.1 that answers one request per connection from a script; the last line stays.
class ScriptedServer {
 public:
  struct Line {
    enum class Way { whole, never, drop_by_drop, after_release };
    std::string bytes;  // of the whole answer
    Way way = Way::whole;
  };
  // "HTTP/1.1 200 OK" with that body.
  static Line ok(const std::string &body, Line::Way way = Line::Way::whole);
  static Line status(int code);

  explicit ScriptedServer(std::vector<Line> script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer &) = delete;
  ScriptedServer &operator=(const ScriptedServer &) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  void release() REC_EXCLUDES(mutex_);                       // what waits for it is answered
  std::vector<std::string> requests() REC_EXCLUDES(mutex_);  // their first lines
  bool wait_for_requests(std::size_t count) REC_EXCLUDES(mutex_);

 private:
  void accept_all();
  void serve(int connection) REC_EXCLUDES(mutex_);
  Line note(const std::string &request) REC_EXCLUDES(mutex_);
  void answer(int connection, const Line &line) REC_EXCLUDES(mutex_);

  const std::vector<Line> script_;
  int listener_ = -1;
  int port_ = 0;
  Mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> requests_ REC_GUARDED_BY(mutex_);
  bool released_ REC_GUARDED_BY(mutex_) = false;
  bool stopping_ REC_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> connections_;  // the accepting thread's, then the destructor's
  std::thread thread_;
};

}  // namespace rec::test
