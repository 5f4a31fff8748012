// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/store_http.h"

#include <initializer_list>

namespace rec {
namespace {

constexpr std::string_view kInstances = "169.254.0.0/16";

std::string first_of(const std::function<std::string(const char *name)> &variable,
                     std::initializer_list<const char *> names) {
  for (const char *name : names)
    if (std::string value = variable(name); !value.empty()) return value;
  return {};
}

std::string with_scheme(std::string proxy) {
  if (!proxy.empty() && proxy.find("://") == std::string::npos) proxy.insert(0, "http://");
  return proxy;
}

// "example.org" there means its sub-domains, too.
void add_exceptions(HttpSettings &http, std::string_view list) {
  while (!list.empty()) {
    const auto end = list.find(',');
    std::string_view one = list.substr(0, end);
    list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    while (one.starts_with('.')) one.remove_prefix(1);
    if (one.empty()) continue;
    if (one == "*") {
      http.proxy = HttpSettings::kNoProxy;
      return;
    }
    http.no_proxy.emplace_back(one);
    if (one.find_first_of("*/:") == std::string_view::npos) http.no_proxy.push_back("*." + std::string(one));
  }
}

}  // namespace

ProxyVariables proxy_variables(const std::function<std::string(const char *name)> &variable) {
  ProxyVariables all;
  // Not HTTP_PROXY: that is what a CGI program gets from a client's header.
  all.http = with_scheme(first_of(variable, {"http_proxy", "all_proxy", "ALL_PROXY"}));
  all.https = with_scheme(first_of(variable, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}));
  all.exceptions = first_of(variable, {"no_proxy", "NO_PROXY"});
  return all;
}

HttpSettings http_settings_of(const StoreSettings &store, const ProxyVariables &variables, Seconds timeout) {
  HttpSettings http;
  http.timeout = timeout;
  http.ca_file = store.ca_file;
  http.no_proxy.emplace_back(kInstances);
  if (!store.proxy.empty()) {
    http.proxy = store.proxy == "none" ? HttpSettings::kNoProxy : store.proxy;
    return http;
  }
  http.proxy = store.endpoint.starts_with("http://") ? variables.http : variables.https;
  if (http.proxy.empty()) return http;
  for (const char *loopback : {"localhost", "127.0.0.0/8", "::1"}) http.no_proxy.emplace_back(loopback);
  add_exceptions(http, variables.exceptions);
  return http;
}

}  // namespace rec
