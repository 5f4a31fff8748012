// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/object_store.h"

#include <gtest/gtest.h>

#include <map>

#include "core/base/digest.h"
#include "tests/common/fake_clock.h"
#include "tests/common/fake_http.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

class ObjectStoreTest : public testing::Test {
 protected:
  std::unique_ptr<ObjectStore> s3(test::FakeHttp &http, const std::string &endpoint) {
    StoreSettings settings;
    settings.name = "archive";
    settings.uri = "s3://recordings/eu";
    settings.endpoint = endpoint;
    settings.region = "eu";
    return bucket(http, settings);
  }
  std::unique_ptr<ObjectStore> bucket(test::FakeHttp &http, const StoreSettings &settings) {
    auto store = make_bucket_store(
        settings, {.access_key = "AK", .secret_key = "TOPSECRET", .session_token = ""}, http, clock_);
    EXPECT_TRUE(store) << store.error().message;
    return *std::move(store);
  }
  std::string spooled(const std::string &name, const std::string &bytes) {
    test::write_file(dir_ / ("spool/" + name), bytes);
    return dir_ / ("spool/" + name);
  }

  test::TempDir dir_;
  test::FakeClock clock_;
  const std::string spool_ = dir_ / "spool";
};

TEST_F(ObjectStoreTest, PutsAStreamedFilePathStyleWithItsHashOverPlainHttp) {
  test::FakeHttp http({test::FakeHttp::status(200)});
  const auto url =
      s3(http, "http://127.0.0.1:7480/")->put({spool_, spooled("live/cam 1.flv", "media"), ""}, nullptr);
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(*url, "http://127.0.0.1:7480/recordings/eu/live/cam%201.flv");
  ASSERT_EQ(http.requests.size(), 1U);
  const HttpRequest &r = http.requests.front();
  EXPECT_EQ(r.method, "PUT");
  EXPECT_EQ(r.url, *url);
  EXPECT_EQ(r.content_type, "video/x-flv");
  EXPECT_EQ(r.body, "") << "never in memory";
  EXPECT_EQ(r.body_path, spool_ + "/live/cam 1.flv");
  EXPECT_EQ(r.body_bytes, 5U);
  const std::map headers(r.headers.begin(), r.headers.end());
  EXPECT_EQ(headers.at("x-amz-content-sha256"), hex_digest(Hash::sha256, "media"));
}

TEST_F(ObjectStoreTest, LeavesTheHashToTlsOverHttps) {
  test::FakeHttp http({test::FakeHttp::status(200)});
  ASSERT_TRUE(s3(http, "https://s3.example.org")->put({spool_, spooled("a.ts", "media"), ""}, nullptr));
  const std::map headers(http.requests.front().headers.begin(), http.requests.front().headers.end());
  EXPECT_EQ(headers.at("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
}

TEST_F(ObjectStoreTest, LetsTheStoreCompareTheBytes) {
  test::FakeHttp http({test::FakeHttp::status(200)});
  ASSERT_TRUE(s3(http, "https://s3.example.org")->put({spool_, spooled("a.ts", "media"), ""}, nullptr));
  const std::map headers(http.requests.front().headers.begin(), http.requests.front().headers.end());
  EXPECT_EQ(headers.at("content-md5"), "YpM6KVHvAfTq/ZvfTTzS8A==");
}

TEST_F(ObjectStoreTest, ReadsAStretchOfAnObject) {
  test::FakeHttp http({test::FakeHttp::status(206, "<Code>dia"), test::FakeHttp::status(200, "media, all"),
                       test::FakeHttp::status(206, "med"), test::FakeHttp::status(200, "media")});
  const auto store = s3(http, "https://s3.example.org");
  const std::string url = "https://s3.example.org/recordings/eu/live/cam%201.mp4";
  EXPECT_EQ(*store->read(url, 7, 9, nullptr), "<Code>dia") << "media may say anything";
  EXPECT_EQ(http.requests.front().url, url);
  const std::map headers(http.requests.front().headers.begin(), http.requests.front().headers.end());
  EXPECT_EQ(headers.at("range"), "bytes=7-15");
  EXPECT_EQ(*store->read(url, 0, 5, nullptr), "media") << "a store may give all of it";
  EXPECT_EQ(store->read(url, 0, 5, nullptr).error().code, Errc::corrupt) << "it is shorter";
  EXPECT_EQ(store->read(url, 2, 5, nullptr).error().code, Errc::corrupt) << "that is another stretch";
  EXPECT_EQ(store->read("https://s3.example.org/recordings/us/a.mp4", 0, 5, nullptr).error().code,
            Errc::invalid_argument);
}

TEST_F(ObjectStoreTest, GivesAddressesThatAreGoodForAWhile) {
  test::FakeHttp http({});
  const auto store = s3(http, "https://s3.example.org");
  const std::string url = "https://s3.example.org/recordings/eu/live/cam%201.mp4";
  const auto address = store->presigned(url, {.valid = Seconds(900), .disposition = "attachment"}, nullptr);
  ASSERT_TRUE(address) << address.error().message;
  EXPECT_TRUE(address->starts_with(url + "?X-Amz-Algorithm=")) << *address;
  EXPECT_NE(address->find("&response-content-disposition=attachment&X-Amz-Signature="), std::string::npos);
  EXPECT_EQ(address->find("TOPSECRET"), std::string::npos);
  EXPECT_EQ(store->presigned("https://elsewhere/a.mp4", {.valid = Seconds(1)}, nullptr).error().code,
            Errc::invalid_argument);
}

struct ServiceCase {
  const char *uri, *endpoint, *region, *signature, *url, *authorization;
};

// Addresses and signatures as the service's own documents have them.
TEST_F(ObjectStoreTest, AddressesEachServiceInItsOwnWay) {
  const std::vector<ServiceCase> cases = {
      {"cos://rec-125/eu", "", "ap-guangzhou", "", "https://rec-125.cos.ap-guangzhou.myqcloud.com/eu/a.ts",
       "q-sign-algorithm=sha1&q-ak=AK&"},
      {"oss://rec/eu", "", "cn-shanghai", "v4", "https://rec.oss-cn-shanghai.aliyuncs.com/eu/a.ts",
       "OSS4-HMAC-SHA256 Credential=AK/"},
      {"oss://rec", "https://oss.internal", "cn-shanghai", "v1", "https://rec.oss.internal/a.ts", "OSS AK:"},
      {"s3://rec", "https://h:7480/below", "eu", "", "https://h:7480/below/rec/a.ts", "AWS4-HMAC-SHA256 "},
  };
  for (const ServiceCase &c : cases) {
    test::FakeHttp http({test::FakeHttp::status(200)});
    StoreSettings settings;
    settings.uri = c.uri;
    settings.endpoint = c.endpoint;
    settings.region = c.region;
    settings.signature = c.signature;
    const auto url =
        bucket(http, settings)->put({spool_, spooled("a.ts", "media"), "infrequent-access"}, nullptr);
    ASSERT_TRUE(url) << url.error().message;
    EXPECT_EQ(*url, c.url);
    const std::map headers(http.requests.front().headers.begin(), http.requests.front().headers.end());
    EXPECT_TRUE(headers.at("authorization").starts_with(c.authorization)) << headers.at("authorization");
    EXPECT_EQ(headers.count("content-type"), 0U) << "the body's, said once";
    const std::string prefix = *c.uri == 's' ? "x-amz-" : *c.uri == 'c' ? "x-cos-" : "x-oss-";
    EXPECT_EQ(headers.at(prefix + "storage-class"), *c.uri == 'o' ? "IA" : "STANDARD_IA");
  }
}

TEST_F(ObjectStoreTest, GivesEveryObjectItsMetadataAndTags) {
  for (const std::string scheme : {"s3", "cos", "oss"}) {
    test::FakeHttp http({test::FakeHttp::status(200)});
    StoreSettings settings;
    settings.uri = scheme + "://rec";
    settings.endpoint = "https://h";
    settings.metadata = {{"project", "the archive"}};
    settings.tags = {{"team", "ops @ 1"}, {"kind", "live"}};
    ASSERT_TRUE(bucket(http, settings)->put({spool_, spooled("a.ts", "media"), ""}, nullptr));
    const std::map headers(http.requests.front().headers.begin(), http.requests.front().headers.end());
    const std::string prefix = scheme == "s3" ? "x-amz-" : "x-" + scheme + "-";
    EXPECT_EQ(headers.at(prefix + "meta-project"), "the archive");
    EXPECT_EQ(headers.at(prefix + "tagging"), "kind=live&team=ops%20%40%201");
  }
}

TEST_F(ObjectStoreTest, LabelsSayWhatTheObjectIsOf) {
  test::FakeHttp http({test::FakeHttp::status(200)});
  StoreSettings settings;
  settings.uri = "s3://rec";
  settings.endpoint = "https://h";
  settings.metadata = {{"of", "{AppName}/{StreamName}"}, {"task", "{TaskId}"}};
  settings.tags = {{"stream", "{StreamName}"}, {"task", "{TaskId}"}};
  settings.content_types = {{"ts", "video/x-own"}};
  NewObject object;
  object.directory = spool_;
  object.path = spooled("a.ts", "media");
  object.about.app = "live";
  object.about.stream = "cam 1\r\nX-Evil: 1";
  ASSERT_TRUE(bucket(http, settings)->put(object, nullptr));
  const HttpRequest &request = http.requests.front();
  EXPECT_EQ(request.content_type, "video/x-own");
  const std::map headers(request.headers.begin(), request.headers.end());
  EXPECT_EQ(headers.at("x-amz-meta-of"), "live/cam%201%0D%0AX-Evil%3A%201");
  EXPECT_FALSE(headers.contains("x-amz-meta-task")) << "there is nothing to be said";
  EXPECT_EQ(headers.at("x-amz-tagging"), "stream=cam_1__X-Evil__1");
}

TEST_F(ObjectStoreTest, PutsTheBucketWhereItIsToldTo) {
  test::FakeHttp http({test::FakeHttp::status(200)});
  StoreSettings settings;
  settings.uri = "s3://rec";
  settings.endpoint = "https://s3.eu.example.org";
  settings.bucket_in_host = true;
  EXPECT_EQ(*bucket(http, settings)->put({spool_, spooled("a.ts", "media"), ""}, nullptr),
            "https://rec.s3.eu.example.org/a.ts");
}

TEST_F(ObjectStoreTest, TellsWhatTheStoreSaidAndNoSecret) {
  const std::vector<std::pair<int, Errc>> cases = {{403, Errc::denied},
                                                   {404, Errc::not_found},
                                                   {400, Errc::invalid_argument},
                                                   {503, Errc::unavailable},
                                                   {302, Errc::unavailable}};
  for (const auto &[status, code] : cases) {
    test::FakeHttp http({test::FakeHttp::status(status,
                                                "<Error><Code>SomeCode</Code><Message>some\nwords of "
                                                "https://u:TOPSECRET@h/a?sig=TOPSECRET " +
                                                    std::string(5000, 'x') + "</Message></Error>")});
    const auto url = s3(http, "http://127.0.0.1:7480")->put({spool_, spooled("a.ts", "media"), ""}, nullptr);
    ASSERT_FALSE(url);
    EXPECT_EQ(url.error().code, code) << status;
    EXPECT_NE(url.error().message.find("SomeCode: some?words of https://...@h/a?... xx"), std::string::npos);
    EXPECT_LT(url.error().message.size(), 300U);
    EXPECT_EQ(url.error().message.find("TOPSECRET"), std::string::npos);
  }
}

TEST_F(ObjectStoreTest, SendsNothingForAFileThatIsGoneOrOutsideTheSpool) {
  test::FakeHttp http({test::FakeHttp::status(200)});
  const auto store = s3(http, "http://127.0.0.1:7480");
  EXPECT_EQ(store->put({spool_, spool_ + "/gone.ts", ""}, nullptr).error().code, Errc::not_found);
  EXPECT_EQ(store->put({spool_, "/etc/passwd", ""}, nullptr).error().code, Errc::invalid_argument);
  EXPECT_TRUE(http.requests.empty());
}

TEST_F(ObjectStoreTest, RefusesSettingsThatCannotWork) {
  test::FakeHttp http({test::FakeHttp::status(200)});
  const StoreCredentials credentials{.access_key = "AK", .secret_key = "SK", .session_token = ""};
  StoreSettings good;
  good.name = "a";
  good.uri = "s3://bucket";
  good.endpoint = "http://h";
  EXPECT_TRUE(make_object_store(good, credentials, http, clock_));
  const auto unsigned_one = make_object_store(good, {}, http, clock_);
  ASSERT_TRUE(unsigned_one);
  EXPECT_EQ((*unsigned_one)->put({spool_, spooled("a.ts", "media"), ""}, nullptr).error().code, Errc::denied);
  EXPECT_TRUE(http.requests.empty());
  for (const auto &[uri, endpoint] : std::vector<std::pair<std::string, std::string>>{{"s3://", "http://h"},
                                                                                      {"s3:///p", "http://h"},
                                                                                      {"ftp://b", "http://h"},
                                                                                      {"s3://b", "h"},
                                                                                      {"gs://b", "http://h"},
                                                                                      {"s3://b", ""}}) {
    StoreSettings bad = good;
    bad.uri = uri;
    bad.endpoint = endpoint;
    EXPECT_FALSE(make_object_store(bad, credentials, http, clock_)) << uri << " " << endpoint;
  }
}

TEST_F(ObjectStoreTest, AFileStoreCopiesCompleteFiles) {
  StoreSettings settings;
  settings.name = "spare";
  settings.uri = "file://" + (dir_ / "store%20dir");
  const auto url = (*make_file_store(settings))->put({spool_, spooled("live/a.flv", "media"), ""}, nullptr);
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(*url, settings.uri + "/live/a.flv");
  EXPECT_EQ(test::read_file(dir_ / "store dir/live/a.flv"), "media");
}

TEST_F(ObjectStoreTest, TheSpoolMayBeTheStore) {
  StoreSettings settings;
  settings.uri = "file://" + spool_;
  const auto url = (*make_file_store(settings))->put({spool_, spooled("a.flv", "media"), ""}, nullptr);
  EXPECT_EQ(*url, "file://" + spool_ + "/a.flv");
  EXPECT_EQ(test::read_file(dir_ / "spool/a.flv"), "media");
}

}  // namespace
}  // namespace rec
