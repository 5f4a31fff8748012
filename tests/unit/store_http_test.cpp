// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/store_http.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace rec {
namespace {

ProxyVariables variables(std::map<std::string, std::string> set) {
  return proxy_variables([&](const char *name) { return set.contains(name) ? set[name] : std::string(); });
}

StoreSettings a_store(const std::string &endpoint, const std::string &proxy = "") {
  StoreSettings store;
  store.endpoint = endpoint;
  store.proxy = proxy;
  return store;
}

bool is_direct(const HttpSettings &http, const std::string &host) {
  return std::find(http.no_proxy.begin(), http.no_proxy.end(), host) != http.no_proxy.end();
}

TEST(StoreHttp, TakesTheEnvironmentsProxyOfTheAddressesScheme) {
  const auto set =
      variables({{"http_proxy", "http://a:1"}, {"HTTPS_PROXY", "b:2"}, {"HTTP_PROXY", "http://evil"}});
  EXPECT_EQ(http_settings_of(a_store("http://h"), set, Seconds(5)).proxy, "http://a:1");
  EXPECT_EQ(http_settings_of(a_store("https://h"), set, Seconds(5)).proxy, "http://b:2");
  EXPECT_EQ(http_settings_of(a_store(""), set, Seconds(5)).proxy, "http://b:2") << "the region's, by https";
  EXPECT_EQ(http_settings_of(a_store("http://h"), {}, Seconds(5)).proxy, "");
  EXPECT_EQ(
      http_settings_of(a_store("http://h"), variables({{"HTTP_PROXY", "http://evil"}}), Seconds(5)).proxy,
      "");
  EXPECT_EQ(http_settings_of(a_store("http://h"), variables({{"all_proxy", "c:3"}}), Seconds(5)).proxy,
            "http://c:3");
  EXPECT_EQ(http_settings_of(a_store("http://h"), set, Seconds(5)).timeout, Seconds(5));
}

TEST(StoreHttp, TheStoresOwnSettingComesFirst) {
  const auto set = variables({{"http_proxy", "http://a:1"}, {"no_proxy", "*"}});
  EXPECT_EQ(http_settings_of(a_store("http://h", "http://own:3"), set, Seconds(5)).proxy, "http://own:3");
  EXPECT_EQ(http_settings_of(a_store("http://h", "none"), set, Seconds(5)).proxy, HttpSettings::kNoProxy);
}

TEST(StoreHttp, KnowsWhoIsAskedDirectly) {
  const auto set =
      variables({{"http_proxy", "http://a:1"}, {"no_proxy", " example.org,.corp , 10.0.0.0/8,,h:80"}});
  const auto http = http_settings_of(a_store("http://h"), set, Seconds(5));
  for (const char *host : {"example.org", "*.example.org", "corp", "*.corp", "10.0.0.0/8", "h:80",
                           "localhost", "127.0.0.0/8", "169.254.0.0/16"})
    EXPECT_TRUE(is_direct(http, host)) << host;
  const auto own = http_settings_of(a_store("http://h", "http://own:3"), set, Seconds(5));
  EXPECT_TRUE(is_direct(own, "169.254.0.0/16")) << "where instances ask for their keys";
  EXPECT_FALSE(is_direct(own, "127.0.0.0/8"));
  const auto none = variables({{"http_proxy", "http://a:1"}, {"no_proxy", "a,*"}});
  EXPECT_EQ(http_settings_of(a_store("http://h"), none, Seconds(5)).proxy, HttpSettings::kNoProxy);
}

}  // namespace
}  // namespace rec
