// SPDX-License-Identifier: LGPL-2.1-or-later
#include <libsoup/soup.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>

#include "core/io/deadline.h"
#include "core/io/http.h"
#include "core/io/http_body.h"

REC_COUNTED(GTlsDatabase, g_object_ref, g_object_unref);
REC_COUNTED(GProxyResolver, g_object_ref, g_object_unref);
REC_COUNTED(GBytes, g_bytes_ref, g_bytes_unref);
REC_COUNTED(SoupSession, g_object_ref, g_object_unref);
REC_COUNTED(SoupMessage, g_object_ref, g_object_unref);

namespace rec {
namespace {

using UriPtr = std::unique_ptr<GUri, Freer<g_uri_unref>>;

UriPtr parse_url(const std::string &url) {
  return UriPtr(g_uri_parse(url.c_str(), static_cast<GUriFlags>(SOUP_HTTP_URI_FLAGS), nullptr));
}

Error error_of(const GError *e, const std::string &url) {
  const Errc code =
      g_error_matches(e, G_IO_ERROR, G_IO_ERROR_CANCELLED) ? Errc::cancelled : Errc::unavailable;
  return {code, redacted_url(url) + ": " + redacted_text(e->message)};
}

std::string what_is_wrong(GTlsCertificateFlags flags) {
  constexpr std::pair<GTlsCertificateFlags, const char *> kReasons[] = {
      {G_TLS_CERTIFICATE_UNKNOWN_CA, "nobody whom we trust has signed it"},
      {G_TLS_CERTIFICATE_BAD_IDENTITY, "it is another host's"},
      {G_TLS_CERTIFICATE_NOT_ACTIVATED, "it is not valid yet"},
      {G_TLS_CERTIFICATE_EXPIRED, "it has expired"},
      {G_TLS_CERTIFICATE_REVOKED, "it was revoked"},
      {G_TLS_CERTIFICATE_INSECURE, "its algorithm is not safe"},
  };
  std::string text;
  for (const auto &[flag, reason] : kReasons)
    if (flags & flag) text += (text.empty() ? ": " : ", ") + std::string(reason);
  return text;
}

Status set_body(SoupMessage *message, const HttpRequest &r) {
  if (r.body_path.empty()) {
    if (r.content_type.empty()) return ok();
    const auto body = Ref<GBytes>::adopt(g_bytes_new(r.body.data(), r.body.size()));
    soup_message_set_request_body_from_bytes(message, r.content_type.c_str(), body.get());
    return ok();
  }
  REC_TRY(const auto stream, open_body(r));
  soup_message_set_request_body(message, r.content_type.c_str(), stream.get(),
                                static_cast<gssize>(r.body_bytes));
  return ok();
}

class SoupHttpClient final : public HttpClient {
 public:
  explicit SoupHttpClient(HttpSettings settings)
      : settings_(std::move(settings)),
        session_(Ref<SoupSession>::adopt(soup_session_new_with_options(
            "timeout", static_cast<guint>(settings_.timeout.count()), "idle-timeout", 10, "user-agent",
            "gst-recording/" REC_VERSION, nullptr))) {
    soup_session_remove_feature_by_type(session_.get(), SOUP_TYPE_CONTENT_DECODER);
    if (settings_.proxy.empty()) return;
    std::vector<char *> direct;
    for (std::string &host : settings_.no_proxy) direct.push_back(host.data());
    direct.push_back(nullptr);
    const auto resolver =
        Ref<GProxyResolver>::adopt(g_simple_proxy_resolver_new(settings_.proxy.c_str(), direct.data()));
    soup_session_set_proxy_resolver(session_.get(), resolver.get());
  }

  Result<HttpResponse> send(const HttpRequest &r, GCancellable *cancel) override {
    if (r.deadline == Milliseconds(0)) return send_now(r, cancel);
    const auto broken_off = Ref<GCancellable>::adopt(g_cancellable_new());
    const auto on_cancel = +[](GCancellable *, gpointer to) { g_cancellable_cancel(G_CANCELLABLE(to)); };
    const gulong link =
        cancel ? g_cancellable_connect(cancel, G_CALLBACK(on_cancel), broken_off.get(), nullptr) : 0;
    auto answer = [&] {
      const Deadline deadline(broken_off, r.deadline);
      return send_now(r, broken_off.get());
    }();
    if (cancel) g_cancellable_disconnect(cancel, link);
    const bool is_wanted = !cancel || !g_cancellable_is_cancelled(cancel);
    if (!answer && answer.error().code == Errc::cancelled && is_wanted)
      return Error{Errc::unavailable,
                   redacted_url(r.url) + ": not done within " + std::to_string(r.deadline.count()) + " ms"};
    return answer;
  }

 private:
  Result<HttpResponse> send_now(const HttpRequest &r, GCancellable *cancel) {
    REC_TRY(const UrlParts parts, split_http_url(r.url));
    const auto message = Ref<SoupMessage>::adopt(soup_message_new(r.method.c_str(), r.url.c_str()));
    if (!message) return Error{Errc::invalid_argument, "not a URL: " + redacted_url(r.url)};
    soup_message_add_flags(message.get(), SOUP_MESSAGE_NO_REDIRECT);
    for (const auto &[name, value] : r.headers)
      soup_message_headers_replace(soup_message_get_request_headers(message.get()), name.c_str(),
                                   value.c_str());
    REC_CHECK(set_body(message.get(), r));
    REC_CHECK(trust_its_authority());
    ErrorOut e;
    const auto stream =
        Ref<GInputStream>::adopt(soup_session_send(session_.get(), message.get(), cancel, e.out()));
    if (!stream) {
      Error error = error_of(e.get(), r.url);
      if (g_error_matches(e.get(), G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
        error.message += what_is_wrong(soup_message_get_tls_peer_certificate_errors(message.get()));
      return error;
    }
    HttpResponse response;
    response.status = static_cast<int>(soup_message_get_status(message.get()));
    soup_message_headers_foreach(
        soup_message_get_response_headers(message.get()),
        [](const char *name, const char *value, gpointer out) {
          const CString lower(g_ascii_strdown(name, -1));
          (*static_cast<std::map<std::string, std::string> *>(out))[lower.get()] = value;
        },
        &response.headers);
    REC_TRY(response.body, read_body(stream.get(), r.url, cancel));
    return response;
  }

  // The file may come later than we do.
  Status trust_its_authority() {
    if (settings_.ca_file.empty() || trusts_it_) return ok();
    ErrorOut e;
    const auto database =
        Ref<GTlsDatabase>::adopt(G_TLS_DATABASE(g_tls_file_database_new(settings_.ca_file.c_str(), e.out())));
    if (!database) return Error{Errc::unavailable, "CA file " + settings_.ca_file + ": " + e->message};
    soup_session_set_tls_database(session_.get(), database.get());
    trusts_it_ = true;
    return ok();
  }

  // A body that is too long or too slow is cut: the status has been said, and bodies are only for messages.
  Result<std::string> read_body(GInputStream *stream, const std::string &url, GCancellable *cancel) const {
    const auto deadline = std::chrono::steady_clock::now() + settings_.timeout;
    std::string body;
    std::array<char, 8192> chunk;
    while (body.size() < kLargestAnswer && std::chrono::steady_clock::now() < deadline) {
      ErrorOut e;
      const std::size_t room = std::min(chunk.size(), kLargestAnswer - body.size());
      const gssize n = g_input_stream_read(stream, chunk.data(), room, cancel, e.out());
      if (n < 0) return error_of(e.get(), url);
      if (n == 0) break;
      body.append(chunk.data(), static_cast<std::size_t>(n));
    }
    return body;
  }

  HttpSettings settings_;
  const Ref<SoupSession> session_;
  bool trusts_it_ = false;  // that of settings_.ca_file
};

}  // namespace

std::unique_ptr<HttpClient> make_soup_http_client(HttpSettings settings) {
  return std::make_unique<SoupHttpClient>(std::move(settings));
}

std::unique_ptr<HttpClient> make_soup_http_client(Seconds timeout) {
  HttpSettings settings;
  settings.timeout = timeout;
  return make_soup_http_client(std::move(settings));
}

std::optional<Seconds> retry_after_of(const HttpResponse &response, UtcTime now) {
  const auto found = response.headers.find("retry-after");
  if (found == response.headers.end()) return std::nullopt;
  const std::string &text = found->second;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size())
    return Seconds(std::clamp<std::int64_t>(seconds, 0, G_MAXINT32));
  const std::unique_ptr<GDateTime, Freer<g_date_time_unref>> date(
      soup_date_time_new_from_http_string(text.c_str()));
  if (!date) return std::nullopt;
  const Seconds at(g_date_time_to_unix(date.get()));
  return std::clamp<Seconds>(at - std::chrono::floor<Seconds>(now.time_since_epoch()), Seconds(0),
                             Seconds(G_MAXINT32));
}

Result<UrlParts> split_http_url(const std::string &url) {
  const UriPtr uri = parse_url(url);
  const std::string scheme = uri ? g_uri_get_scheme(uri.get()) : "";
  const char *host = uri ? g_uri_get_host(uri.get()) : nullptr;
  if ((scheme != "http" && scheme != "https") || !host || !*host)
    return Error{Errc::invalid_argument, "not an http or https URL"};
  UrlParts parts{.scheme = scheme, .host = host, .path = g_uri_get_path(uri.get())};
  if (parts.host.find(':') != std::string::npos) parts.host = "[" + parts.host + "]";
  const int port = g_uri_get_port(uri.get());
  if (port > 0 && port != (scheme == "http" ? 80 : 443)) parts.host += ":" + std::to_string(port);
  return parts;
}

std::string redacted_url(const std::string &url) {
  const auto parts = split_http_url(url);
  return parts ? parts->scheme + "://" + parts->host + parts->path : "(not a URL)";
}

}  // namespace rec
