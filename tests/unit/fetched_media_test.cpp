// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/fetched_media.h"

#include <gtest/gtest.h>

#include "tests/common/fake_bucket.h"
#include "tests/common/fake_clock.h"

namespace rec {
namespace {

class FetchedMediaTest : public testing::Test {
 protected:
  FetchedMediaTest() {
    bucket_.objects["a.flv"] = media_;
    bucket_.objects["b.flv"] = "short";
  }
  static Destinations destinations(const std::string &shelf) {
    Destinations all;
    StoreSettings &store = all.stores["archive"];
    store.name = "archive";
    store.uri = "s3://b";
    store.endpoint = "https://h";
    store.bucket_in_host = false;
    all.credentials["archive"] = {"AK", "SK", ""};
    StoreSettings &directory = all.stores["shelf"];
    directory.name = "shelf";
    directory.uri = "file://" + shelf;
    return all;
  }
  StoredObject object() const { return {"archive", "https://h/b/a.flv", media_.size()}; }

  const std::string media_ = std::string(1 << 20, 'a') + std::string(1 << 20, 'b') + "end";
  const test::TempDir dir_;
  test::FakeClock clock_;
  test::FakeBucket bucket_;
  OpenStores stores_{destinations(dir_ / "shelf"),
                     [this](const HttpSettings &) { return std::make_unique<test::SharedHttp>(bucket_); },
                     clock_};
};

TEST_F(FetchedMediaTest, BringsThePiecesThatAreLookedAt) {
  FetchedMedia fetched(&stores_, dir_ / "clip-1");
  const auto range = fetched.file("", object());
  ASSERT_TRUE(range) << range.error().message;
  ASSERT_TRUE(range->bring((1 << 20) + 1, 2));
  ASSERT_TRUE(range->bring((1 << 20) + 3, 7));
  EXPECT_EQ(bucket_.log, std::vector<std::string>{"GET"});
  const std::string there = test::read_file(range->paths.front());
  EXPECT_EQ(there, std::string(1 << 20, '\0') + std::string(1 << 20, 'b') + std::string(3, '\0'));
}

// So that nothing is left when it is killed.
TEST_F(FetchedMediaTest, WhatIsFetchedHasNoName) {
  FetchedMedia fetched(&stores_, dir_ / "clip-1");
  const auto path = fetched.whole("", object());
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(test::read_file(*path), media_);
  EXPECT_TRUE(fetched.whole("", {"archive", "https://h/b/b.flv", 5}));
  EXPECT_TRUE(dir_.files().empty());
}

TEST_F(FetchedMediaTest, WhatIsHereIsNotFetched) {
  test::write_file(dir_ / "a.flv", "here");
  FetchedMedia fetched(&stores_, dir_.path().string());
  EXPECT_EQ(*fetched.whole(dir_ / "a.flv", object()), dir_ / "a.flv");
  EXPECT_TRUE(bucket_.log.empty());
}

TEST_F(FetchedMediaTest, WhatADirectoryHasByNameIsReadWhereItIs) {
  test::write_file(dir_ / "shelf/cam/1.ts", "there");
  test::write_file(dir_ / "1.ts", "outside");
  FetchedMedia fetched(&stores_, dir_ / "clip-1");
  const auto named = [](const std::string &name) {
    return StoredObject{.store = "shelf", .url = "", .size_bytes = 5, .name = name};
  };
  EXPECT_EQ(*fetched.whole(dir_ / "gone.ts", named("cam/1.ts")), dir_ / "shelf/cam/1.ts");
  EXPECT_EQ(fetched.file("", named("cam/1.ts"))->paths.front(), dir_ / "shelf/cam/1.ts");
  EXPECT_FALSE(fetched.whole("", named("../1.ts")));
  EXPECT_FALSE(fetched.whole("", named("cam/2.ts")));
}

TEST_F(FetchedMediaTest, WithoutStoresThereIsNothingElse) {
  FetchedMedia fetched(nullptr, dir_.path().string());
  EXPECT_EQ(fetched.whole(dir_ / "a.flv", object()).error().code, Errc::not_found);
}

}  // namespace
}  // namespace rec
