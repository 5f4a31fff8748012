// SPDX-License-Identifier: LGPL-2.1-or-later
// Whom an HTTPS client trusts.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

#include "core/io/http.h"
#include "tests/common/loopback.h"

// LeakSanitizer falls over itself (signal 11) in the thread-local storage of the TLS module that GIO loads.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return 1; }

namespace rec {
namespace {

// A server on loopback with a certificate; answers one request of one connection.
class TlsPeer {
 public:
  explicit TlsPeer(const std::string &certificate) {
    const test::LoopbackListener listener = test::listen_on_loopback(1);
    listener_ = listener.fd;
    url_ = "https://127.0.0.1:" + std::to_string(listener.port) + "/";
    certificate_ = G_TLS_CERTIFICATE(g_tls_certificate_new_from_file(certificate.c_str(), nullptr));
    EXPECT_NE(certificate_, nullptr) << certificate;
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsPeer() {
    shutdown(listener_, SHUT_RDWR);
    close(listener_);
    thread_.join();
    g_clear_object(&certificate_);
  }
  const std::string &url() const { return url_; }

 private:
  void serve() {
    const int fd = accept(listener_, nullptr, nullptr);
    GSocket *socket = fd < 0 ? nullptr : g_socket_new_from_fd(fd, nullptr);
    if (!socket) return;
    g_socket_set_timeout(socket, 10);
    GSocketConnection *plain = g_socket_connection_factory_create_connection(socket);
    GIOStream *stream = g_tls_server_connection_new(G_IO_STREAM(plain), certificate_, nullptr);
    std::array<char, 4096> request{};
    const std::string answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    if (g_input_stream_read(g_io_stream_get_input_stream(stream), request.data(), request.size(), nullptr,
                            nullptr) > 0)
      g_output_stream_write_all(g_io_stream_get_output_stream(stream), answer.data(), answer.size(), nullptr,
                                nullptr, nullptr);
    g_io_stream_close(stream, nullptr, nullptr);
    g_object_unref(stream);
    g_object_unref(plain);
    g_object_unref(socket);
  }

  int listener_ = -1;
  std::string url_;
  GTlsCertificate *certificate_ = nullptr;
  std::thread thread_;
};

std::string tls_file(const char *name) {
  return std::string(std::getenv("REC_TEST_SOURCE_ROOT")) + "/tests/unit/tls/" + name;
}

Result<HttpResponse> get_trusting(const std::string &certificate, const std::string &authority) {
  const TlsPeer peer(certificate);
  HttpSettings settings;
  settings.timeout = Seconds(10);
  settings.ca_file = authority;
  HttpRequest request;
  request.url = peer.url();
  return make_soup_http_client(settings)->send(request, nullptr);
}

TEST(HttpTls, TrustsTheAuthorityThatItIsGiven) {
  const auto answer = get_trusting(tls_file("server.pem"), tls_file("authority.pem"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "ok");
}

TEST(HttpTls, TrustsNoOther) {
  for (const std::string &authority : {std::string(), tls_file("other_authority.pem")}) {
    const auto answer = get_trusting(tls_file("server.pem"), authority);
    ASSERT_FALSE(answer) << authority;
    EXPECT_EQ(answer.error().code, Errc::unavailable);
    EXPECT_NE(answer.error().message.find("nobody whom we trust"), std::string::npos)
        << answer.error().message;
  }
}

TEST(HttpTls, RefusesAnotherHostsCertificate) {
  const auto answer = get_trusting(tls_file("elsewhere.pem"), tls_file("authority.pem"));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("another host's"), std::string::npos) << answer.error().message;
}

TEST(HttpTls, SaysWhichAuthorityCannotBeRead) {
  const auto answer = get_trusting(tls_file("server.pem"), "/nowhere/ca.pem");
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("/nowhere/ca.pem"), std::string::npos) << answer.error().message;
}

}  // namespace
}  // namespace rec
