// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/store_credentials.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/common/fake_http.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using Kind = CredentialPlace::Kind;

constexpr UtcTime kNow{Seconds(1'731'571'200)};  // 2024-11-14T08:00:00Z

void expect(const Result<LoadedCredentials> &loaded, const std::string &token) {
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->credentials.access_key, "AK");
  EXPECT_EQ(loaded->credentials.secret_key, "SK");
  EXPECT_EQ(loaded->credentials.session_token, token);
}

TEST(StoreCredentials, AreReadAsEachCloudGivesThemToItsInstances) {
  const auto aws = parse_credentials(R"({"Code": "Success", "AccessKeyId": "AK", "SecretAccessKey": "SK",
      "Token": "T", "Expiration": "2024-11-14T09:00:00Z"})");
  expect(aws, "T");
  EXPECT_EQ(aws->expires, kNow + Seconds(3600));
  const auto tencent = parse_credentials(
      R"({"TmpSecretId": "AK", "TmpSecretKey": "SK", "ExpiredTime": 1731571260, "Token": "T"})");
  expect(tencent, "T");
  EXPECT_EQ(tencent->expires, kNow + Seconds(60));
  const auto alibaba = parse_credentials(R"({"AccessKeyId": "AK", "AccessKeySecret": "SK",
      "SecurityToken": "T", "Expiration": "2024-11-14T08:00:01Z"})");
  expect(alibaba, "T");
  EXPECT_EQ(alibaba->expires, kNow + Seconds(1));
}

TEST(StoreCredentials, AreReadFromAFileAsToolsKeepIt) {
  expect(parse_credentials("# mine\n[other]\naws_access_key_id=x\n[default]\naws_access_key_id = AK\n"
                           "aws_secret_access_key = SK\n"),
         "");
}

TEST(StoreCredentials, SayNothingOfATextThatIsNone) {
  for (const std::string text :
       {"", "TOPSECRET", "{\"AccessKeyId\": TOPSECRET}", "[1]", "{\"AccessKeyId\": \"TOPSECRET\"}",
        "[default]\naws_secret_access_key=TOPSECRET"}) {
    const auto loaded = parse_credentials(text);
    ASSERT_FALSE(loaded) << text;
    EXPECT_EQ(loaded.error().message.find("TOPSECRET"), std::string::npos) << loaded.error().message;
  }
}

TEST(StoreCredentials, ComeFromTheVariablesOfTheService) {
  const std::map<std::string, std::string> environment = {
      {"AWS_ACCESS_KEY_ID", "a"},      {"AWS_SECRET_ACCESS_KEY", "b"},   {"AWS_SESSION_TOKEN", "c"},
      {"TENCENTCLOUD_SECRET_ID", "d"}, {"TENCENTCLOUD_SECRET_KEY", "e"}, {"OSS_ACCESS_KEY_ID", "f"},
      {"OSS_ACCESS_KEY_SECRET", "g"}};
  const auto of = [&](const std::string &uri) {
    StoreSettings settings;
    settings.uri = uri;
    const auto c = environment_credentials(settings, [&](const char *name) {
      const auto found = environment.find(name);
      return found == environment.end() ? "" : found->second;
    });
    return c.access_key + c.secret_key + c.session_token;
  };
  EXPECT_EQ(of("s3://b"), "abc");
  EXPECT_EQ(of("cos://b"), "de");
  EXPECT_EQ(of("oss://b"), "fg");
  EXPECT_EQ(of("file:///b"), "");
}

TEST(CredentialSource, ReadsAFileAgainSoThatKeysMayBeRotated) {
  const test::TempDir dir;
  test::FakeHttp http({test::FakeHttp::status(500)});
  CredentialSource source({Kind::file, dir / "keys"}, {});
  EXPECT_EQ(source.get(http, kNow, nullptr).error().code, Errc::not_found);
  for (const std::string key : {"one", "two"}) {
    test::write_file(dir / "keys", R"({"AccessKeyId": ")" + key + R"(", "SecretAccessKey": "s"})");
    EXPECT_EQ(source.get(http, kNow, nullptr)->access_key, key);
  }
}

TEST(CredentialSource, AsksAnEndpointWhenItsAnswerIsAboutToExpire) {
  const auto answer = [](const std::string &key, const std::string &until) {
    return test::FakeHttp::status(200, R"({"AccessKeyId": ")" + key +
                                           R"(", "SecretAccessKey": "s", "Expiration": "2024-11-14T)" +
                                           until + R"(Z"})");
  };
  test::FakeHttp http({answer("one", "09:00:00"), test::FakeHttp::status(503), answer("two", "10:00:00")});
  CredentialSource source({Kind::url, "http://169.254.169.254/role?token=TOPSECRET"}, {});
  EXPECT_EQ(source.get(http, kNow, nullptr)->access_key, "one");
  EXPECT_EQ(source.get(http, kNow + Seconds(3299), nullptr)->access_key, "one");
  EXPECT_EQ(http.requests.size(), 1U);
  const auto failed = source.get(http, kNow + Seconds(3300), nullptr);
  EXPECT_EQ(failed.error().code, Errc::unavailable);
  EXPECT_EQ(failed.error().message.find("TOPSECRET"), std::string::npos);
  EXPECT_EQ(source.get(http, kNow + Seconds(3301), nullptr)->access_key, "two");
}

TEST(CredentialSource, AsksAgainForWhatTheStoreHasRefused) {
  const auto answer = [](const std::string &key) {
    return test::FakeHttp::status(
        200,
        R"({"AccessKeyId": ")" + key + R"(", "SecretAccessKey": "s", "Expiration": "2099-01-01T00:00:00Z"})");
  };
  test::FakeHttp http({answer("one"), answer("two")});
  CredentialSource source({Kind::url, "http://169.254.169.254/role"}, {});
  EXPECT_EQ(source.get(http, kNow, nullptr)->access_key, "one");
  source.forget();
  EXPECT_EQ(source.get(http, kNow, nullptr)->access_key, "two");
  CredentialSource fixed({Kind::env, ""}, {"a", "b", ""});
  fixed.forget();
  EXPECT_EQ(fixed.get(http, kNow, nullptr)->access_key, "a") << "there are no others";
}

TEST(CredentialSource, SaysThatThereAreNone) {
  test::FakeHttp http({test::FakeHttp::status(500)});
  EXPECT_EQ(CredentialSource({Kind::env, ""}, {}).get(http, kNow, nullptr).error().code, Errc::denied);
  EXPECT_EQ(CredentialSource({Kind::env, ""}, {"a", "b", ""}).get(http, kNow, nullptr)->secret_key, "b");
}

}  // namespace
}  // namespace rec
