// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/push_url.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace rec {
namespace {

Error invalid(const char *what) {
  return Error{Errc::invalid_argument,
               "push URL: " + std::string(what) + ", expected scheme://domain[:port]/app/stream[?param]"};
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_scheme(std::string_view text) {
  return !text.empty() && is_letter(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

bool is_host(std::string_view text) {
  if (text.starts_with('[')) {
    const std::string_view address = text.substr(1, text.size() - 2);
    return text.ends_with(']') && !address.empty() &&
           address.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
  }
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), port);
  return status == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536;
}

// "domain:port" -> domain.
Result<std::string> read_authority(std::string_view authority) {
  if (authority.find('@') != std::string_view::npos) return invalid("user names are not accepted");
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos && !is_port(authority.substr(colon + 1)))
    return invalid("the port is no number from 1 to 65535");
  const std::string_view host = authority.substr(0, colon);
  if (!is_host(host)) return invalid("the domain is missing or no host name");
  return std::string(host);
}

}  // namespace

Result<PushIdentity> parse_push_url(std::string_view url) {
  if (url.size() > kMaxPushUrl) return invalid("too long");
  if (std::any_of(url.begin(), url.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
    return invalid("it contains a control character");
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos || !is_scheme(url.substr(0, scheme_end)))
    return invalid("no scheme");
  url.remove_prefix(scheme_end + 3);

  const auto query = url.find('?');
  const std::string_view param = query == std::string_view::npos ? std::string_view() : url.substr(query + 1);
  url = url.substr(0, query);
  const auto slash = url.find('/');
  REC_TRY(std::string domain, read_authority(url.substr(0, slash)));
  if (slash == std::string_view::npos) return invalid("no app");

  const std::string_view path = url.substr(slash + 1);
  const auto last = path.rfind('/');
  if (last == std::string_view::npos || last == 0) return invalid("no app or no stream");
  if (path.starts_with('/') || path.ends_with('/') || path.find("//") != std::string_view::npos)
    return invalid("an empty part between two '/'");
  return PushIdentity{std::move(domain), std::string(path.substr(0, last)),
                      std::string(path.substr(last + 1)), std::string(param)};
}

}  // namespace rec
