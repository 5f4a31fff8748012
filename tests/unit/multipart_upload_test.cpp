// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/multipart_upload.h"

#include <gtest/gtest.h>

#include <atomic>

#include <functional>

#include "core/service/multipart_answers.h"
#include "core/service/object_store.h"
#include "tests/common/fake_bucket.h"
#include "tests/common/fake_clock.h"

namespace rec {
namespace {

constexpr std::size_t kMiB = 1 << 20;
constexpr std::size_t kPart = kSmallestPart;

class MultipartUpload : public testing::Test {
 protected:
  MultipartUpload() {
    std::string bytes(3 * kPart + 3 * kMiB, '\0');
    for (std::size_t i = 0; i < bytes.size(); i += 4096) bytes[i] = static_cast<char>(i >> 12);
    test::write_file(path_, bytes);
    media_ = std::move(bytes);
  }

  // One attempt of a process, which knows what the one before it has kept.
  Result<std::string> attempt(const std::function<void(StoreSettings &)> &change = [](StoreSettings &) {}) {
    StoreSettings settings;
    settings.name = "archive";
    settings.uri = "s3://b";
    settings.endpoint = "https://h";
    change(settings);
    auto store = make_bucket_store(settings, {"AK", "SK", ""}, bucket_, clock_);
    EXPECT_TRUE(store);
    NewObject object;
    object.directory = dir_.path();
    object.path = path_;
    object.upload_id = kept_;
    object.remember = [this](const std::string &id) {
      kept_ = id;
      return ok();
    };
    has_progressed_ = false;
    object.on_progress = [this](std::uint64_t sent_bytes) {
      has_progressed_ = true;
      sent_bytes_ = std::max(sent_bytes_.load(), sent_bytes);
    };
    return (*store)->put(object, nullptr);
  }
  void expect_stored() {
    EXPECT_EQ(bucket_.objects.size(), 1U);
    EXPECT_TRUE(bucket_.objects["long.mp4"] == media_);
    EXPECT_TRUE(bucket_.uploads.empty()) << "storage is paid for parts that nobody completes";
  }
  // How many requests a whole upload takes.
  static constexpr std::size_t kRequests = 8;  // uploads, begin, four parts, complete, length

  test::TempDir dir_;
  test::FakeClock clock_;
  const std::string path_ = dir_ / "long.mp4";
  std::string media_;
  test::FakeBucket bucket_;
  std::string kept_;
  std::atomic<bool> has_progressed_ = false;  // told by all who send
  std::atomic<std::uint64_t> sent_bytes_ = 0;
};

TEST_F(MultipartUpload, SendsALongFileInParts) {
  const auto url = attempt();
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(*url, "https://h/b/long.mp4");
  expect_stored();
  EXPECT_EQ(bucket_.log, (std::vector<std::string>{"GET uploads", "POST uploads", "PUT part 1", "PUT part 2",
                                                   "PUT part 3", "PUT part 4", "POST upload", "HEAD"}));
  EXPECT_EQ(bucket_.log.size(), kRequests);
}

TEST_F(MultipartUpload, MetadataIsSaidWhereTheObjectBegins) {
  const auto attempt_settings = [&](StoreSettings &s) { s.metadata = {{"project", "x"}}; };
  ASSERT_TRUE(attempt(attempt_settings));
  EXPECT_EQ(bucket_.labelled, (std::vector<std::string>{"POST uploads"}));
}

TEST_F(MultipartUpload, AShortFileIsOneRequest) {
  test::write_file(path_, "media");
  ASSERT_TRUE(attempt());
  EXPECT_EQ(bucket_.log, (std::vector<std::string>{"PUT"}));
}

// The connection breaks, or the process dies, before or after the store has done what it was asked to.
TEST_F(MultipartUpload, SendsAtMostOnePartAgainWhereverItBreaksOff) {
  for (std::size_t lost = 1; lost <= kRequests; ++lost) {
    for (const bool is_lost_after : {false, true}) {
      SCOPED_TRACE("request " + std::to_string(lost) + (is_lost_after ? " after" : " before"));
      bucket_ = test::FakeBucket();
      bucket_.lost_request = lost;
      bucket_.is_lost_after = is_lost_after;
      kept_.clear();
      EXPECT_FALSE(attempt());
      const auto again = attempt();
      ASSERT_TRUE(again) << again.error().message;
      expect_stored();
      EXPECT_LE(bucket_.part_bytes_sent, media_.size() + kPart);
    }
  }
}

TEST_F(MultipartUpload, TellsThatItGetsOnThoughItBreaksOff) {
  bucket_.lost_request = 5;  // the third part
  EXPECT_FALSE(attempt());
  EXPECT_TRUE(has_progressed_);
  EXPECT_EQ(sent_bytes_, 2 * kPart) << "that the store has";
  ASSERT_TRUE(attempt());
  EXPECT_EQ(sent_bytes_, media_.size()) << "with what it had before";
  bucket_ = test::FakeBucket();
  bucket_.lost_request = 3;  // the first one
  kept_.clear();
  EXPECT_FALSE(attempt());
  EXPECT_FALSE(has_progressed_);
}

TEST_F(MultipartUpload, BeginsAgainWhenTheStoreHasForgotten) {
  kept_ = "expired";
  const auto url = attempt();
  ASSERT_TRUE(url) << url.error().message;
  expect_stored();
  EXPECT_NE(kept_, "expired");
}

TEST_F(MultipartUpload, ReplacesAnOlderObjectThatIsAsLong) {
  kept_ = "expired";
  bucket_.objects["long.mp4"] = std::string(media_.size(), 'x');
  const auto url = attempt();
  ASSERT_TRUE(url) << url.error().message;
  expect_stored();
}

TEST_F(MultipartUpload, TakesWhatWasCompletedAsDoneThoughTheAnswerWasLost) {
  bucket_.lost_request = 7;
  bucket_.is_lost_after = true;
  EXPECT_FALSE(attempt());
  ASSERT_TRUE(attempt());
  expect_stored();
  EXPECT_EQ(bucket_.part_bytes_sent, media_.size()) << "nothing goes up twice";
}

TEST_F(MultipartUpload, ReplacesAPartThatIsNotTheFiles) {
  bucket_.lost_request = 7;
  EXPECT_FALSE(attempt());
  auto &part = bucket_.uploads.begin()->second.parts[2];
  part.bytes[5] ^= 1;
  part.etag = hex_digest(Hash::md5, part.bytes);
  const auto again = attempt();
  ASSERT_TRUE(again) << again.error().message;
  expect_stored();
  EXPECT_EQ(bucket_.part_bytes_sent, media_.size() + kPart);
}

TEST_F(MultipartUpload, ReadsAllPagesOfTheList) {
  bucket_.lost_request = 7;
  EXPECT_FALSE(attempt());
  bucket_.part_page = 1;
  ASSERT_TRUE(attempt());
  expect_stored();
  EXPECT_EQ(bucket_.part_bytes_sent, media_.size());
}

TEST_F(MultipartUpload, AbortsWhatADeadProcessBeganAndNobodyKnows) {
  bucket_.uploads["old"] = {"long.mp4", {{1, {"x", "e"}}}};
  bucket_.uploads["others"] = {"long.mp4.json", {{1, {"x", "e"}}}};
  ASSERT_TRUE(attempt());
  EXPECT_FALSE(bucket_.uploads.contains("old"));
  EXPECT_TRUE(bucket_.uploads.contains("others"));
}

TEST_F(MultipartUpload, DoesNotTakeAnErrorWithStatus200ForSuccess) {
  bucket_.fails_to_complete = true;
  const auto url = attempt();
  ASSERT_FALSE(url);
  EXPECT_NE(url.error().message.find("InternalError: again"), std::string::npos) << url.error().message;
  bucket_.fails_to_complete = false;
  ASSERT_TRUE(attempt());
  expect_stored();
  EXPECT_EQ(bucket_.part_bytes_sent, media_.size());
}

TEST(MultipartAnswers, AreHostileUntilChecked) {
  for (const std::string xml : {"", "<a>", "no xml", "<a></b>", "<a>\xff</a>"}) {
    EXPECT_FALSE(parse_part_list(xml)) << xml;
    EXPECT_FALSE(parse_upload_list(xml)) << xml;
    EXPECT_FALSE(parse_upload_id(xml)) << xml;
  }
  const auto list = parse_part_list(
      "<L><Part><PartNumber>0</PartNumber><ETag>a</ETag></Part><Part><PartNumber>10001</PartNumber><ETag>a</"
      "ETag>"
      "</Part><Part><PartNumber>-1</PartNumber><ETag>a</ETag></Part><Part><PartNumber>7</PartNumber></Part>"
      "<Part><PartNumber>3</PartNumber><ETag>\"e&amp;f\"</ETag><Size>9x</Size></Part>"
      "<IsTruncated>true</IsTruncated><NextPartNumberMarker>x</NextPartNumberMarker></L>");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->parts.size(), 1U);
  EXPECT_EQ(list->parts[0].number, 3U);
  EXPECT_EQ(list->parts[0].etag, "e&f");
  EXPECT_EQ(list->parts[0].bytes, 0U);
  EXPECT_EQ(list->next, 0U);
  EXPECT_FALSE(parse_upload_id("<R><Nested><UploadId>x</UploadId></Nested></R>"));
}

}  // namespace
}  // namespace rec
