// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

namespace rec::test {

// A socket that listens on loopback, at a port that was free.
struct LoopbackListener {
  int fd;
  std::uint16_t port;
};

inline LoopbackListener listen_on_loopback(int backlog) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr *>(&at), length), 0);
  EXPECT_EQ(listen(fd, backlog), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr *>(&at), &length), 0);
  return {fd, ntohs(at.sin_port)};
}

}  // namespace rec::test
