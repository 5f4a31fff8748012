// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/io/http.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <thread>

#include "tests/common/loopback.h"
#include "tests/common/scripted_server.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

// A peer on loopback: takes one connection, reads one request with its body, answers with given bytes.
class Peer {
 public:
  // `silent`: keeps the connection open without a word until the peer is destroyed.
  explicit Peer(std::string answer, bool silent = false) : answer_(std::move(answer)), silent_(silent) {
    const test::LoopbackListener listener = test::listen_on_loopback(1);
    listener_ = listener.fd;
    url_ = "http://127.0.0.1:" + std::to_string(listener.port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Peer() {
    shutdown(listener_, SHUT_RDWR);
    close(listener_);
    join();
    if (connection_ >= 0) close(connection_);
  }
  const std::string &url() const { return url_; }
  // All that was asked; waits for the answer to be written.
  const std::string &request() {
    join();
    return request_;
  }

 private:
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  bool is_complete() const {
    const std::size_t head = request_.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    const std::size_t at = request_.find("Content-Length: ");
    const std::size_t body = at < head ? std::stoul(request_.substr(at + 16)) : 0;
    return request_.size() >= head + 4 + body;
  }
  void serve() {
    connection_ = accept(listener_, nullptr, nullptr);
    std::array<char, 4096> chunk;
    while (connection_ >= 0 && !is_complete()) {
      const ssize_t n = recv(connection_, chunk.data(), chunk.size(), 0);
      if (n <= 0) return;
      request_.append(chunk.data(), static_cast<std::size_t>(n));
    }
    if (silent_ || connection_ < 0) return;
    for (std::size_t sent = 0; sent < answer_.size();) {
      const ssize_t n = send(connection_, answer_.data() + sent, answer_.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
    shutdown(connection_, SHUT_WR);
  }

  const std::string answer_;
  const bool silent_;
  int listener_ = -1;
  int connection_ = -1;
  std::string url_;
  std::string request_;
  std::thread thread_;
};

Result<HttpResponse> get(const std::string &url, GCancellable *cancel = nullptr) {
  HttpRequest request;
  request.url = url;
  return make_soup_http_client(Seconds(1))->send(request, cancel);
}

TEST(Http, StreamsABodyFromAFile) {
  const test::TempDir dir;
  const std::string bytes(1'000'000, 'x');
  test::write_file(dir / "f.ts", bytes + "what is appended while it is sent");
  Peer peer("HTTP/1.1 200 OK\r\nETag: abc\r\nContent-Length: 2\r\n\r\nok");
  HttpRequest request;
  request.method = "PUT";
  request.url = peer.url() + "/a%20b?c=d";
  request.headers = {{"X-Mine", "1"}};
  request.content_type = "video/mp2t";
  request.body_path = dir / "f.ts";
  request.body_bytes = bytes.size();
  const auto answer = make_soup_http_client(Seconds(5))->send(request, nullptr);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "ok");
  EXPECT_EQ(answer->headers.at("etag"), "abc");
  const std::string &asked = peer.request();
  EXPECT_TRUE(asked.starts_with("PUT /a%20b?c=d HTTP/1.1\r\n"));
  EXPECT_NE(asked.find("X-Mine: 1\r\n"), std::string::npos);
  EXPECT_NE(asked.find("Content-Type: video/mp2t\r\n"), std::string::npos);
  EXPECT_NE(asked.find("Content-Length: 1000000\r\n"), std::string::npos);
  EXPECT_TRUE(asked.ends_with("\r\n\r\n" + bytes));
}

TEST(Http, SendsAStretchOfAFileAndTellsSoBefore) {
  const test::TempDir dir;
  test::write_file(dir / "f.ts", std::string(100'000, 'a') + std::string(200'000, 'b') + "c");
  Peer peer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  HttpRequest request;
  request.method = "PUT";
  request.url = peer.url();
  request.content_type = "video/mp2t";
  request.body_path = dir / "f.ts";
  request.body_offset = 100'000;
  request.body_bytes = 200'000;
  std::uint64_t told = 0;
  request.before_bytes = [&](std::uint64_t bytes) { told += bytes; };
  ASSERT_TRUE(make_soup_http_client(Seconds(5))->send(request, nullptr));
  EXPECT_TRUE(peer.request().ends_with("\r\n\r\n" + std::string(200'000, 'b')));
  EXPECT_EQ(told, 200'000U);
}

TEST(Http, AFileThatIsGoneOrHasBecomeShorterIsAnError) {
  const test::TempDir dir;
  test::write_file(dir / "f.ts", "short");
  const Peer peer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  HttpRequest request;
  request.method = "PUT";
  request.url = peer.url();
  request.content_type = "video/mp2t";
  request.body_path = dir / "f.ts";
  request.body_bytes = 6;
  EXPECT_FALSE(make_soup_http_client(Seconds(5))->send(request, nullptr));
  request.body_path = dir / "gone.ts";
  EXPECT_EQ(make_soup_http_client(Seconds(5))->send(request, nullptr).error().code, Errc::not_found);
}

TEST(Http, GivesUpAPeerThatIsNeverDone) {
  using test::ScriptedServer;
  ScriptedServer server(
      {ScriptedServer::ok(std::string(10'000, 'x'), ScriptedServer::Line::Way::drop_by_drop)});
  HttpRequest request;
  request.url = server.url() + "/a?token=TOPSECRET";
  request.deadline = Milliseconds(300);
  const auto answer = make_soup_http_client(Seconds(60))->send(request, nullptr);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
  EXPECT_NE(answer.error().message.find("300 ms"), std::string::npos) << answer.error().message;
  EXPECT_EQ(answer.error().message.find("TOPSECRET"), std::string::npos);
}

TEST(Http, ARequestWithADeadlineCanBeBrokenOffAllTheSame) {
  const Peer peer("", true);
  const auto cancel = Ref<GCancellable>::adopt(g_cancellable_new());
  HttpRequest request;
  request.url = peer.url();
  request.deadline = Seconds(60);
  std::thread other([&] { g_cancellable_cancel(cancel.get()); });
  EXPECT_EQ(make_soup_http_client(Seconds(60))->send(request, cancel.get()).error().code, Errc::cancelled);
  other.join();
  EXPECT_EQ(make_soup_http_client(Seconds(60))->send(request, cancel.get()).error().code, Errc::cancelled);
}

TEST(Http, AsksThroughAProxyExceptWhereItShallNot) {
  test::ScriptedServer proxy({test::ScriptedServer::ok("proxied")});
  test::ScriptedServer server({test::ScriptedServer::ok("direct")});
  HttpSettings settings;
  settings.timeout = Seconds(10);
  settings.proxy = proxy.url();
  settings.no_proxy = {"127.0.0.0/8"};
  const auto client = make_soup_http_client(settings);
  HttpRequest request;
  request.url = "http://store.example.org/a";  // nobody asks for its address
  const auto answer = client->send(request, nullptr);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "proxied");
  EXPECT_EQ(proxy.requests(), std::vector<std::string>{"GET http://store.example.org/a HTTP/1.1"});
  request.url = server.url() + "/b";
  EXPECT_EQ(client->send(request, nullptr)->body, "direct");
}

TEST(Http, AProxysPasswordIsInNoError) {
  HttpSettings settings;
  settings.timeout = Seconds(5);
  settings.proxy = "http://user:TOPSECRET@127.0.0.1:1";
  HttpRequest request;
  request.url = "http://store.example.org/a";
  const auto answer = make_soup_http_client(settings)->send(request, nullptr);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message.find("TOPSECRET"), std::string::npos) << answer.error().message;
}

TEST(Http, KnowsHowLongAPeerWantsToBeLeftAlone) {
  const UtcTime now(Seconds(1'700'000'000));  // Tue, 14 Nov 2023 22:13:20 GMT
  const auto said = [&](const char *text) {
    HttpResponse response;
    response.headers["retry-after"] = text;
    return retry_after_of(response, now);
  };
  EXPECT_EQ(retry_after_of(HttpResponse{}, now), std::nullopt);
  EXPECT_EQ(said("120"), Seconds(120));
  EXPECT_EQ(said("-1"), Seconds(0));
  EXPECT_EQ(said("Tue, 14 Nov 2023 22:14:20 GMT"), Seconds(60));
  EXPECT_EQ(said("Tue, 14 Nov 2023 22:12:20 GMT"), Seconds(0));
  for (const char *bad : {"", "soon", "99999999999999999999999", "1.5"})
    EXPECT_EQ(said(bad), std::nullopt) << bad;
}

TEST(Http, ARedirectionIsAnAnswer) {
  const Peer peer("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(get(peer.url())->status, 302);
}

TEST(Http, ReadsABoundedPartOfAnEndlessAnswer) {
  const Peer peer("HTTP/1.1 500 Oops\r\n\r\n" + std::string(4 * kLargestAnswer, 'x'));
  const auto answer = get(peer.url());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body.size(), kLargestAnswer);
}

TEST(Http, ABrokenOffOrMissingPeerIsWorthARetry) {
  const Peer peer("HTTP/1.1 200 OK\r\nContent-Le");
  EXPECT_EQ(get(peer.url()).error().code, Errc::unavailable);
  EXPECT_EQ(get("http://127.0.0.1:1/").error().code, Errc::unavailable);
}

TEST(Http, GivesASilentPeerUp) {
  const Peer peer("", true);
  const auto answer = get(peer.url() + "/recording?token=TOPSECRET");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
  EXPECT_NE(answer.error().message.find("/recording"), std::string::npos);
  EXPECT_EQ(answer.error().message.find("TOPSECRET"), std::string::npos);
}

TEST(Http, CanBeBrokenOff) {
  const Peer peer("", true);
  const auto cancel = Ref<GCancellable>::adopt(g_cancellable_new());
  std::thread other([&] { g_cancellable_cancel(cancel.get()); });
  EXPECT_EQ(get(peer.url(), cancel.get()).error().code, Errc::cancelled);
  other.join();
}

TEST(Http, RefusesWhatIsNoHttpUrl) {
  for (const char *url : {"", "ftp://h/", "http://", "file:///etc/passwd", "h"})
    EXPECT_EQ(get(url).error().code, Errc::invalid_argument) << url;
}

TEST(Http, KnowsTheHostAsTheHeaderSaysIt) {
  EXPECT_EQ(split_http_url("http://h:80/p%20q")->host, "h");
  EXPECT_EQ(split_http_url("http://h:80/p%20q")->path, "/p%20q");
  EXPECT_EQ(split_http_url("https://h:80")->host, "h:80");
  EXPECT_EQ(split_http_url("http://[::1]:8080")->host, "[::1]:8080");
  EXPECT_EQ(redacted_url("https://user:pw@h:8443/p?token=t#f"), "https://h:8443/p");
}

TEST(RedactedText, HasNoSecretOfAnyUrl) {
  const std::pair<const char *, const char *> texts[] = {
      {"https://user:pw@h:8443/p?token=t#f", "https://...@h:8443/p?..."},
      {"Could not PUT 'https://h/p?sig=t': Forbidden (403)",
       "Could not PUT 'https://h/p?... Forbidden (403)"},
      {"a http://a:pw@h/ b rtmp://b:pw@i/live c", "a http://...@h/ b rtmp://...@i/live c"},
      {"https://h/a,https://u:pw@i/b,https://v:pw@j?t", "https://h/a,https://...@i/b,https://...@j?..."},
      {"url=u:pw@h,https://i", "...@h,https://i"},
      {"https://token@h/x@y", "https://...@y"},
      {"https://h/#access_token=t", "https://h/#..."},
      {"https://h/p?to=a@b.org&key=t", "https://h/p?..."},
      {"https://u:p@w:x@h/p", "https://...@h/p"},
      {"https://u:p/w@h/p", "https://...@h/p"},
      {"https://u:p?w@h/p", "https://...?..."},
      {"https://u:p w@h/p", "https://... ...@h/p"},
      {"u:pw@h/p?token=t", "...@h/p?..."},
      {"//u:pw@h/p", "...@h/p"},
      {"h/p?token=t", "h/p?..."},
      {"https://u:pw", "https://..."},
      {"https://u:", "https://u:"},
      {"file://u:pw@h/a.flv", "file://...@h/a.flv"},
      {R"({"u":"https:\/\/u:pw@h\/p?t"})", "...@h\\/p?..."},
      {"https%3A%2F%2Fu%3Apw%40h%2Fp%3Ft%3D1", "https://...@h/p?..."},
      {"https%253a%252f%252fu%253apw%2540h", "https://...@h"},
      {"https://h/to/https%3A%2F%2Fu%3Apw%40i", "https://h/to/https://...@i"},
      {"https://u:p%40w@h", "https://...@h"}};
  for (const auto &[text, redacted] : texts) {
    EXPECT_EQ(redacted_text(text), redacted);
    EXPECT_EQ(redacted_text(redacted), redacted) << "once is enough";
  }
}

TEST(RedactedText, KeepsTheWordsThatHelp) {
  for (const char *text :
       {"", " \t\n", "f: no space left", "Could not open '/spool/live/cam@home/1.flv' for writing.",
        "https://h:8443/p%20q/a.m3u8: status 404", "(https://h:8443),", "http://[::1]:80/p http://[::1]",
        "file:///spool/a.flv", "why? 12:30:01 100%25 of 5% %", "https://h/p?", "\xff\xfe %41", "a::b c://"})
    EXPECT_EQ(redacted_text(text), text);
}

TEST(RedactedText, IsDoneWithAnythingHuge) {
  for (const char *piece : {"@", ":", "/", "?", "%25", "%40", "://", "https://u:pw@h/ ", "a:b@"}) {
    std::string text;
    while (text.size() < (std::size_t{1} << 20)) text += piece;
    EXPECT_EQ(redacted_text(text + " end?secret").find("pw"), std::string::npos) << piece;
  }
}

}  // namespace
}  // namespace rec
