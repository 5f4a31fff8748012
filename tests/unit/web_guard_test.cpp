// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/web_guard.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

constexpr const char *kToken = "0123456789abcdef";

WebAccess access() { return {.token = kToken, .names = {"127.0.0.1", "localhost", "::1"}, .port = 8095}; }

WebRequest get(const std::string &path) {
  return {.method = "GET", .path = path, .query = "", .headers = {{"host", "localhost:8095"}}, .body = ""};
}

WebRequest known(WebRequest request) {
  request.headers["authorization"] = std::string("Bearer ") + kToken;
  return request;
}

WebRequest change() {
  WebRequest request = known(get("/api/v1/clips"));
  request.method = "POST";
  request.headers["content-type"] = "application/json";
  return request;
}

int status(const WebRequest &request, const WebAccess &whom = access()) {
  const auto refused = refusal(request, whom);
  return refused ? refused->status : 200;
}

TEST(WebGuard, WithoutTheTokenThereAreOnlyThePageAndWhatSaysHowToGetIn) {
  for (const char *path :
       {"/api/v1/recordings", "/media/1/index.m3u8", "/metrics", "/api/v1/session", "/page", ""})
    EXPECT_EQ(status(get(path)), 401) << path;
  for (const char *path : {"/", "/page/main.js", "/health", "/openapi.json"})
    EXPECT_EQ(status(get(path)), 200) << path;
}

TEST(WebGuard, TheTokenOpens) {
  EXPECT_EQ(status(known(get("/metrics"))), 200);
  WebRequest request = get("/metrics");
  for (const char *wrong :
       {"Bearer 0123456789abcdeF", "Bearer ", "Bearer", "Basic 0123456789abcdef", "0123456789abcdef"}) {
    request.headers["authorization"] = wrong;
    EXPECT_EQ(status(request), 401) << wrong;
  }
}

TEST(WebGuard, TheCookieOpensAndHoldsNoToken) {
  const std::string cookie = session_cookie(access());
  EXPECT_EQ(cookie.find(kToken), std::string::npos);
  EXPECT_NE(cookie.find("HttpOnly"), std::string::npos);
  EXPECT_NE(cookie.find("SameSite=Strict"), std::string::npos);
  const std::string pair = cookie.substr(0, cookie.find(';'));
  WebRequest request = get("/metrics");
  request.headers["cookie"] = "other=1; " + pair + "; more=2";
  EXPECT_EQ(status(request), 200);
  request.headers["cookie"] = pair + "0";
  EXPECT_EQ(status(request), 401);
  request.headers["cookie"] = pair;
  WebAccess other = access();
  other.token = "fedcba9876543210";
  EXPECT_EQ(status(request, other), 401);
}

TEST(WebGuard, NothingIsSaidToPagesThatGiveThisAddressAnotherName) {
  WebRequest request = known(get("/api/v1/recordings"));
  for (const char *host :
       {"evil.example.org", "evil.example.org:8095", "", "localhost.evil.org", "[::2]:8095", "["}) {
    request.headers["host"] = host;
    EXPECT_EQ(status(request), 421) << host;
  }
  for (const char *host : {"LOCALHOST", "127.0.0.1", "127.0.0.1:8095", "[::1]:8095", "[::1]"}) {
    request.headers["host"] = host;
    EXPECT_EQ(status(request), 200) << host;
  }
}

TEST(WebGuard, AnotherSitesPageChangesNothing) {
  EXPECT_EQ(status(change()), 200);
  WebRequest request = change();
  request.headers["origin"] = "http://localhost:8095";
  request.headers["sec-fetch-site"] = "same-origin";
  EXPECT_EQ(status(request), 200);
  for (const char *origin :
       {"http://evil.example.org", "http://localhost:8096", "null", "http://localhost:8095.evil.org"}) {
    request.headers["origin"] = origin;
    EXPECT_EQ(status(request), 403) << origin;
  }
  request = change();
  for (const char *site : {"cross-site", "same-site"}) {
    request.headers["sec-fetch-site"] = site;
    EXPECT_EQ(status(request), 403) << site;
  }
}

TEST(WebGuard, WhatAFormCanSendChangesNothing) {
  WebRequest request = change();
  for (const char *type :
       {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"}) {
    request.headers["content-type"] = type;
    EXPECT_EQ(status(request), 415) << type;
  }
  request.headers["content-type"] = "application/json; charset=utf-8";
  EXPECT_EQ(status(request), 200);
}

TEST(WebGuard, WithoutATokenTheOtherRulesStand) {
  WebAccess open = access();
  open.token.clear();
  EXPECT_EQ(status(get("/api/v1/recordings"), open), 200);
  WebRequest request = get("/");
  request.headers["host"] = "evil.example.org";
  EXPECT_EQ(status(request, open), 421);
}

}  // namespace
}  // namespace rec
