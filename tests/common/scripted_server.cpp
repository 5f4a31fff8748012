// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/common/scripted_server.h"
#include "tests/common/loopback.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace rec::test {
namespace {

constexpr std::chrono::milliseconds kBetweenDrops{50};
constexpr std::chrono::seconds kPatience{20};

std::string read_request(int connection) {
  std::string request;
  std::array<char, 4096> chunk;
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t n = recv(connection, chunk.data(), chunk.size(), 0);
    if (n <= 0) break;
    request.append(chunk.data(), static_cast<std::size_t>(n));
  }
  return request;
}

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

ScriptedServer::Line ScriptedServer::ok(const std::string &body, Line::Way way) {
  return {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body,
          way};
}

ScriptedServer::Line ScriptedServer::status(int code) {
  return {"HTTP/1.1 " + std::to_string(code) + " So\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"};
}

ScriptedServer::ScriptedServer(std::vector<Line> script) : script_(std::move(script)) {
  const LoopbackListener listener = listen_on_loopback(64);
  listener_ = listener.fd;
  port_ = listener.port;
  thread_ = std::thread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
  for (std::thread &connection : connections_) connection.join();
}

void ScriptedServer::accept_all() {
  for (;;) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    const timeval patience{kPatience.count(), 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connections_.emplace_back([this, connection] { serve(connection); });
  }
}

void ScriptedServer::serve(int connection) {
  const std::string request = read_request(connection);
  if (!request.empty()) answer(connection, note(request));
  shutdown(connection, SHUT_RDWR);
  close(connection);
}

ScriptedServer::Line ScriptedServer::note(const std::string &request) {
  MutexLock lock(mutex_);
  const std::size_t number = std::min(requests_.size(), script_.size() - 1);
  requests_.push_back(request.substr(0, request.find("\r\n")));
  changed_.notify_all();
  return script_[number];
}

void ScriptedServer::answer(int connection, const Line &line) {
  using Way = Line::Way;
  if (line.way == Way::drop_by_drop) {
    for (const char c : line.bytes) {
      if (!send_all(connection, {&c, 1})) return;
      MutexLock lock(mutex_);
      if (lock.wait_for(changed_, kBetweenDrops,
                        [this]() REC_TSA(no_thread_safety_analysis) { return stopping_; }))
        return;
    }
    return;
  }
  {
    MutexLock lock(mutex_);
    lock.wait(changed_, [&]() REC_TSA(no_thread_safety_analysis) {
      return stopping_ || line.way == Way::whole || (line.way == Way::after_release && released_);
    });
    if (stopping_) return;
  }
  (void)send_all(connection, line.bytes);
}

void ScriptedServer::release() {
  {
    MutexLock lock(mutex_);
    released_ = true;
  }
  changed_.notify_all();
}

std::vector<std::string> ScriptedServer::requests() {
  MutexLock lock(mutex_);
  return requests_;
}

bool ScriptedServer::wait_for_requests(std::size_t count) {
  MutexLock lock(mutex_);
  return lock.wait_for(changed_, kPatience,
                       [&]() REC_TSA(no_thread_safety_analysis) { return requests_.size() >= count; });
}

}  // namespace rec::test
