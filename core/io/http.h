// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gio/gio.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/glib_ptr.h"
#include "core/base/result.h"

REC_COUNTED(GCancellable, g_object_ref, g_object_unref);

namespace rec {

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http or https, percent-encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type;  // of the body; "" = no body
  std::string body;
  // When set, the body is so many bytes of this file instead, from this offset on, streamed.
  std::string body_path;
  std::uint64_t body_offset = 0;
  std::uint64_t body_bytes = 0;
  // Called on the sending thread before each chunk of that file is read. It may wait.
  std::function<void(std::uint64_t bytes)> before_bytes = {};
  Milliseconds deadline{0};  // what all of it may take until the answer is here; 0 = no limit but silence
};

struct HttpResponse {
  int status = 0;                              // 200...599
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;                            // at most kLargestAnswer bytes of it
};

// What Retry-After says (RFC 9110 10.2.3), counted from `now`; not negative.
std::optional<Seconds> retry_after_of(const HttpResponse &response, UtcTime now);

// Answers are not trusted: what is beyond this is not read.
inline constexpr std::size_t kLargestAnswer = 1 << 20;

// Sends one request and waits for the answer. Redirections are answers, not followed. Any status is a value;
// errors: unavailable (no connection, time-out, broken off), cancelled, invalid_argument (no such URL), and
// what opening body_path gives. No error text holds more of the URL than redacted_url().
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual Result<HttpResponse> send(const HttpRequest &request, GCancellable *cancel) = 0;
};

struct HttpSettings {
  static constexpr const char *kNoProxy = "direct://";

  Seconds timeout{
      60};  // silence after which the peer is given up, also the longest that an answer's body takes
  std::string ca_file =
      {};  // PEM: who may sign certificates, instead of those that the system trusts; "" = they
  std::string proxy = {};                  // its address, secret; "" = the system's, kNoProxy = none
  std::vector<std::string> no_proxy = {};  // hosts, "*.example.org" and networks without `proxy`
};

// libsoup 3. For one thread. Certificates are always verified.
std::unique_ptr<HttpClient> make_soup_http_client(HttpSettings settings);
std::unique_ptr<HttpClient> make_soup_http_client(Seconds timeout);

struct UrlParts {
  std::string scheme;  // "http" or "https"
  std::string host;    // what the Host header says: with the port unless it is the scheme's own
  std::string path;    // percent-encoded, "" or from '/'
};
// Errors do not quote the URL: it may hold a password.
Result<UrlParts> split_http_url(const std::string &url);

// Scheme, host and path: user, password and query may be secrets.
std::string redacted_url(const std::string &url);

// A text that somebody else wrote, with "..." for what may be a secret in its URLs: user and password, query
// and fragment, also where they are percent-encoded, cut off or have no scheme. Rather too much than too
// little: "ops@example.org" and "what?really" are cut, too. Words end at white space, nowhere else.
std::string redacted_text(std::string_view text);

}  // namespace rec
