// SPDX-License-Identifier: LGPL-2.1-or-later
// serve: the API, media and the replay page over HTTP.
#include <glib.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <random>

#include "core/base/digest.h"
#include "core/base/glib_ptr.h"
#include "core/base/sync.h"
#include "core/base/worker.h"
#include "core/io/files.h"
#include "core/io/http_server.h"
#include "core/service/housekeeper.h"
#include "core/service/web_api.h"
#include "tools/commands.h"
#include "tools/options.h"

extern "C" {  // it is C
#include "tools/replay/replay_page.h"
}

REC_COUNTED(GResource, g_resource_ref, g_resource_unref);

namespace rec::tool {
namespace {

constexpr const char *kTokenVariable = "GST_RECORDING_TOKEN";
constexpr std::size_t kShortestToken = 16;  // characters
constexpr std::size_t kMostWaiting = 256;   // requests
constexpr std::uint64_t kLongestTokenFile = 4096;
constexpr unsigned kLongestSigned = 7 * 86400;  // seconds; more is no signature of version 4

// A thread with a catalogue of its own that answers one request after the other.
class Desk {
 public:
  Desk(const std::string &catalogue, const WebAccess &access, const PageFiles &page, const WebStores &stores)
      : path_(catalogue), access_(access), page_(page), stores_(stores), worker_(kMostWaiting) {}

  Status open() {
    Status opened = Error{Errc::cancelled, "the thread has ended"};
    if (!worker_.call([&] { opened = open_here(); })) return opened;
    return opened;
  }
  void take(WebRequest request, const HttpServer::Reply &reply) {
    const bool taken = worker_.post([this, request = std::move(request), reply] {
      WebAnswer answer = api_->answer(request);
      if (!answer.finish) return reply(std::move(answer));
      const auto finish = std::exchange(answer.finish, nullptr);
      finish(std::move(answer), reply);
    });
    if (!taken) reply(web_error(503, "unavailable", "too many requests wait"));
  }

 private:
  Status open_here() {
    REC_TRY(Catalogue opened, Catalogue::open(path_, clock_));
    catalogue_ = std::make_unique<Catalogue>(std::move(opened));
    api_ = std::make_unique<WebApi>(*catalogue_, access_, page_, stores_);
    return ok();
  }

  const std::string path_;
  const WebAccess &access_;
  const PageFiles &page_;
  const WebStores stores_;
  const SystemClock clock_{};
  std::unique_ptr<Catalogue> catalogue_;  // these two: the worker's
  std::unique_ptr<WebApi> api_;
  Worker worker_;  // ends first
};

// Another thread, which does what finished recordings want (core/service/housekeeper.h), as other processes
// on this catalogue may.
class Keeper {
 public:
  ~Keeper() {
    {
      const MutexLock lock(mutex_);
      is_stopping_ = true;
    }
    wake_.notify_all();
    worker_.stop();
  }

  Status begin(const std::string &catalogue, Destinations destinations) {
    Status begun = Error{Errc::cancelled, "the thread has ended"};
    const bool called = worker_.call([&] { begun = open_here(catalogue, std::move(destinations)); });
    if (called && begun && !worker_.post([this] { work(); }))
      return Error{Errc::cancelled, "the thread has ended"};
    return begun;
  }

 private:
  static constexpr Seconds kPause{2};

  Status open_here(const std::string &path, Destinations destinations) {
    REC_TRY(Catalogue opened, Catalogue::open(path, clock_));
    REC_TRY(Housekeeper housekeeper, Housekeeper::create(path, std::move(destinations), clock_));
    catalogue_ = std::make_unique<Catalogue>(std::move(opened));
    housekeeper_ = std::make_unique<Housekeeper>(std::move(housekeeper));
    return ok();
  }
  bool is_stopping() {
    const MutexLock lock(mutex_);
    return is_stopping_;
  }
  void work() {
    std::string complaint;
    while (!is_stopping()) {
      const auto report = housekeeper_->work_once(*catalogue_, [this] { return is_stopping(); });
      std::string now;
      if (!report)
        now = report.error().message;
      else if (!report->errors.empty())
        now = report->errors.front().message;
      if (!now.empty() && now != complaint)
        std::fprintf(stderr, "gst-recording-1.0 serve: %s\n", printable(now).c_str());
      complaint = now;
      MutexLock lock(mutex_);
      lock.wait_for(wake_, kPause, [this]() REC_REQUIRES(mutex_) { return is_stopping_; });
    }
  }

  const SystemClock clock_{};
  std::unique_ptr<Catalogue> catalogue_;  // these two: the worker's
  std::unique_ptr<Housekeeper> housekeeper_;
  Mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ REC_GUARDED_BY(mutex_) = false;
  Worker worker_;  // ends first
};

std::optional<std::string_view> page_file(const std::string &name) {
  const std::string path = "/gst-recording/" + name;
  const Ref<GResource> all = Ref<GResource>::retain(replay_page_get_resource());
  // It lies in the program itself, uncompressed, as long as that runs.
  GBytes *bytes = g_resource_lookup_data(all.get(), path.c_str(), G_RESOURCE_LOOKUP_FLAGS_NONE, nullptr);
  if (!bytes) return std::nullopt;
  gsize size = 0;
  const auto *data = static_cast<const char *>(g_bytes_get_data(bytes, &size));
  g_bytes_unref(bytes);
  return std::string_view(data, size);
}

std::string trimmed(std::string text) {
  const auto is_blank = [](char c) { return g_ascii_isspace(c); };
  while (!text.empty() && is_blank(text.back())) text.pop_back();
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_blank));
  return text;
}

std::string random_token() {
  std::random_device source;  // of the system
  std::string bytes;
  for (int i = 0; i < 8; ++i) {
    const unsigned word = source();
    bytes.append(reinterpret_cast<const char *>(&word), sizeof word);
  }
  return hex_digest(Hash::sha256, bytes).substr(0, 40);
}

struct Token {
  std::string text;  // "" = none is needed
  bool is_made_up = false;
};

Result<Token> read_token(const Options &options, bool is_loopback) {
  Token token;
  const char *variable = g_getenv(kTokenVariable);
  if (options.flags.contains("--no-token")) {
    if (!is_loopback)
      return Error{Errc::invalid_argument, "--no-token: only where nobody but this machine can connect"};
    return token;
  }
  if (options.has("--token-file")) {
    REC_TRY(const std::string text, read_file(options.value("--token-file"), kLongestTokenFile));
    token.text = trimmed(text);
  } else if (variable && *variable != '\0') {
    token.text = trimmed(variable);
  } else {
    token = {.text = random_token(), .is_made_up = true};
  }
  if (token.text.size() < kShortestToken)
    return Error{Errc::invalid_argument, "the token is too short: expected " +
                                             std::to_string(kShortestToken) + " characters at least"};
  return token;
}

Result<unsigned> read_number(const Options &options, const std::string &name, const char *usual,
                             unsigned least, unsigned most) {
  const std::string text = options.value(name, usual);
  unsigned number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size() || number < least || number > most)
    return Error{Errc::invalid_argument, name + ": expected a number from " + std::to_string(least) + " to " +
                                             std::to_string(most) + ", found '" + text + "'"};
  return number;
}

bool is_loopback(const std::string &address) {
  GInetAddress *one = g_inet_address_new_from_string(address.c_str());
  const bool answer = one && g_inet_address_get_is_loopback(one);
  g_clear_object(&one);
  return answer;
}

Result<BucketMedia> read_bucket_media(const Options &options) {
  const std::string text = options.value("--bucket-media", "mixed");
  if (text == "mixed") return BucketMedia::mixed;
  if (text == "proxy") return BucketMedia::proxy;
  if (text == "redirect") return BucketMedia::redirect;
  return Error{Errc::invalid_argument,
               "--bucket-media: expected mixed, proxy or redirect, found '" + text + "'"};
}

// What it may be called: its address, what loopback is called, and what --name says.
std::vector<std::string> names_of(const Options &options, const std::string &address) {
  std::vector<std::string> names = {address, "localhost", "127.0.0.1", "::1"};
  const CString lower(g_ascii_strdown(options.value("--name").c_str(), -1));
  const std::unique_ptr<char *, Freer<g_strfreev>> more(g_strsplit(lower.get(), ",", 0));
  for (char **name = more.get(); *name; ++name)
    if (**name != '\0') names.emplace_back(*name);
  return names;
}

void say_where(const WebAccess &access, const std::string &address, const Token &token) {
  const std::string host = address.find(':') == std::string::npos ? address : "[" + address + "]";
  const std::string fragment = token.is_made_up ? "#token=" + token.text : "";
  std::printf("http://%s:%u/%s\n", host.c_str(), access.port, fragment.c_str());
  std::fflush(stdout);
}

Status run(const Options &options) {
  if (const auto there = file_facts(options.catalogue()); !there) return there.error();
  const std::string address = options.value("--address", "127.0.0.1");
  REC_TRY(const unsigned port, read_number(options, "--port", "8095", 0, 65535));
  REC_TRY(const unsigned signed_for, read_number(options, "--signed-for", "3600", 1, kLongestSigned));
  REC_TRY(const Token token, read_token(options, is_loopback(address)));
  WebAccess access{.token = token.text, .names = names_of(options, address)};
  const PageFiles page = page_file;
  REC_TRY(const BucketMedia bucket_media, read_bucket_media(options));
  REC_TRY(Destinations destinations, read_destinations(options));
  const SystemClock clock;
  StoreDesk store_desk(
      destinations, [](const HttpSettings &settings) { return make_soup_http_client(settings); }, clock,
      Seconds(signed_for));
  OpenStores for_clips(
      destinations, [](const HttpSettings &settings) { return make_soup_http_client(settings); }, clock);
  WebStores stores{.desk = &store_desk, .way = bucket_media};
  Desk desk(options.catalogue(), access, page, stores);
  stores.of_thread = &for_clips;
  Desk long_desk(options.catalogue(), access, page, stores);
  REC_TRY(
      const auto server,
      HttpServer::listen(address, static_cast<std::uint16_t>(port),
                         [&](WebRequest request, const HttpServer::Reply &reply) {
                           (WebApi::takes_long(request) ? long_desk : desk).take(std::move(request), reply);
                         }));
  access.port = server->port();
  Keeper keeper;
  REC_CHECK(keeper.begin(options.catalogue(), std::move(destinations)));
  REC_CHECK(desk.open());
  REC_CHECK(long_desk.open());
  say_where(access, address, token);
  server->run();
  return ok();
}

}  // namespace

int serve(const std::vector<std::string> &arguments) {
  const auto options = read_options(arguments,
                                    {"--catalogue", "--config", "--address", "--port", "--name",
                                     "--token-file", "--bucket-media", "--signed-for"},
                                    {"--no-token"}, 0);
  if (!options) return usage_error(command_named("serve"), options.error().message);
  const Status done = run(*options);
  return done ? kDone : failed("serve", done.error());
}

}  // namespace rec::tool
