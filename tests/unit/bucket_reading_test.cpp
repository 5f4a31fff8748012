// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/bucket_reading.h"

#include <gtest/gtest.h>

#include "core/service/fsck_buckets.h"
#include "tests/common/fake_bucket.h"
#include "tests/common/fake_clock.h"

namespace rec {
namespace {

class BucketReading : public testing::Test {
 protected:
  BucketClient client(HttpClient &http, const std::string &uri = "s3://b/eu") {
    StoreSettings settings;
    settings.name = "archive";
    settings.uri = uri;
    settings.endpoint = "https://h";
    settings.bucket_in_host = false;
    return *BucketClient::create(settings, {"AK", "SK", ""}, http, clock_);
  }
  Status list(HttpClient &http, const std::string &uri = "s3://b/eu") {
    auto bucket = client(http, uri);
    return list_objects(
        bucket,
        [this](const ObjectAnswer &object) {
          seen_.push_back(object.key + " " + std::to_string(object.bytes));
          return ok();
        },
        nullptr);
  }
  static std::string page(const std::string &contents) {
    return "<ListBucketResult><IsTruncated>true</IsTruncated>" + contents + "</ListBucketResult>";
  }

  test::FakeClock clock_;
  std::vector<std::string> seen_;
};

TEST_F(BucketReading, ListsAllPagesBelowThePrefixWithTheirNamesAsTheyAre) {
  test::FakeBucket bucket;
  bucket.object_page = 2;
  for (const char *key : {"eu/a b+c%41.ts", "eu/b/\xc3\xa9&<.flv", "eu/c", "eu/d", "eu/e", "europe/f", "a"})
    bucket.objects[key] = std::string(key);
  ASSERT_TRUE(list(bucket));
  EXPECT_EQ(seen_, (std::vector<std::string>{"eu/a b+c%41.ts 14", "eu/b/\xc3\xa9&<.flv 13", "eu/c 4",
                                             "eu/d 4", "eu/e 4"}));
  EXPECT_EQ(bucket.log.size(), 3U);
}

TEST_F(BucketReading, AsksTencentAndAlibabaAsTheyDocumentIt) {
  for (const char *uri : {"cos://b-1", "oss://b"}) {
    test::FakeHttp http(
        {test::FakeHttp::status(200, page("<Contents><Key>x y</Key><Size>1</Size></Contents>")),
         test::FakeHttp::status(200, "<ListBucketResult></ListBucketResult>")});
    ASSERT_TRUE(list(http, uri)) << uri;
    ASSERT_EQ(http.requests.size(), 2U);
    EXPECT_EQ(http.requests[0].url.find("list-type"), std::string::npos);
    EXPECT_NE(http.requests[1].url.find("marker=x%20y"), std::string::npos) << http.requests[1].url;
  }
}

TEST_F(BucketReading, AListThatNeverEndsIsAnError) {
  const auto same = test::FakeHttp::status(200, page("<Contents><Key>eu/a</Key><Size>1</Size></Contents>"));
  test::FakeHttp http({same});
  EXPECT_FALSE(list(http));
  EXPECT_EQ(http.requests.size(), 2U);
  for (const char *answer : {"", "<ListBucketResult>", "no XML",
                             "<ListBucketResult><Contents><Key></Key></Contents></ListBucketResult>",
                             "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%00</Key>"
                             "</Contents></ListBucketResult>"}) {
    test::FakeHttp hostile({test::FakeHttp::status(200, answer)});
    EXPECT_FALSE(list(hostile)) << answer;
  }
  test::FakeHttp empty({test::FakeHttp::status(200, page(""))});
  EXPECT_TRUE(list(empty)) << "nothing is there, whatever it says";
}

TEST_F(BucketReading, ReadsALongObjectInPiecesWhateverIsInIt) {
  test::FakeBucket bucket;
  std::string bytes((2 << 20) + 17, 'x');
  bytes.replace(0, 13, "<Code>x</Code>");
  bucket.objects["eu/long"] = bytes;
  auto reader = client(bucket);
  std::string got;
  const auto take = [&](const std::string &piece) {
    got += piece;
    return ok();
  };
  ASSERT_TRUE(read_object(reader, {"eu/long", bytes.size()}, take, nullptr));
  EXPECT_TRUE(got == bytes);
  EXPECT_EQ(bucket.log.size(), 3U);
  EXPECT_EQ(read_object(reader, {"eu/long", bytes.size() + 1}, take, nullptr).error().code, Errc::corrupt);
  EXPECT_EQ(read_object(reader, {"eu/none", 1}, take, nullptr).error().code, Errc::not_found);
}

TEST_F(BucketReading, APieceOfAnotherPlaceIsNotTaken) {
  test::FakeHttp http({test::FakeHttp::status(200, std::string(kLargestAnswer, 'x'))});  // knows no ranges
  auto reader = client(http);
  const auto take = [](const std::string &) { return ok(); };
  EXPECT_EQ(read_object(reader, {"eu/long", 2 * kLargestAnswer}, take, nullptr).error().code, Errc::corrupt);
}

TEST_F(BucketReading, ReadsNoManifestThatIsTooLongForOne) {
  test::FakeHttp http({test::FakeHttp::status(206, "x")});
  auto reader = client(http);
  EXPECT_EQ(read_manifest_object(reader, {"eu/manifest.json", kLongestManifest + 1}).error().code,
            Errc::corrupt);
  EXPECT_TRUE(http.requests.empty());
}

}  // namespace
}  // namespace rec
