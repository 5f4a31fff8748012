// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "core/service/delivery.h"
#include "core/service/grow.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_bucket.h"
#include "tests/common/fake_clock.h"

namespace rec::test {

inline constexpr std::size_t kMiB = 1 << 20;
inline constexpr std::size_t kPart = 5 * kMiB;

// A file is recorded, and goes up to the store "archive" meanwhile and when it is closed. Who derives from it
// says where that is.
class GrowingRecording : public testing::Test {
 protected:
  void open(const std::string &name = "cam/a.flv", bool may_be_continued = false) {
    NewRecording n = a_recording("recorder", "42");
    n.directory = dir_ / "spool";
    n.store = "archive";
    recording_ = catalogue_.start_recording(n)->id;
    OpenedFile file = an_open_file(recording_);
    file.temp_path = temp_;
    file.location_pattern = dir_ / ("spool/" + name);
    file.goes_up_early = true;
    file.may_be_continued = may_be_continued;
    file_ = *catalogue_.open_file(file);
  }
  void write_until(std::size_t bytes) {
    const std::size_t had = media_.size();
    media_.resize(bytes, 'm');
    for (std::size_t i = had; i < bytes; i += 4096) media_[i] = static_cast<char>(i >> 12);
    write_file(temp_, media_);
  }
  // The muxer writes the header again, and the file gets its name.
  void close(const std::string &name = "cam/a.flv", bool repaired = false) {
    media_.replace(0, 6, "header");
    ClosedFile file = a_closed_file(recording_);
    file.temp_path = temp_;
    file.path = dir_ / ("spool/" + name);
    file.repaired = repaired;
    std::filesystem::remove(temp_);
    write_file(file.path, media_);
    ASSERT_TRUE(catalogue_.close_file(file));
  }
  Result<bool> round() {
    auto parts = make_part_store(destinations_.stores["archive"], destinations_.credentials["archive"],
                                 bucket_, clock_);
    return Grower("archive", *std::move(parts), destinations_.storage_classes, "grower", clock_, nullptr)
        .round(catalogue_, 0);
  }
  void grow() {
    for (;;) {
      const auto more = round();
      ASSERT_TRUE(more) << more.error().message;
      if (!*more) return;
    }
  }
  Result<std::string> deliver() {
    const auto report =
        deliver_next(catalogue_, "uploader", archive(),
                     make_deliverer(destinations_, archive(), bucket_, clock_), 0, clock_, nullptr);
    if (!report) return report.error();
    if (!*report) return Error{Errc::not_found, "nothing was due"};
    if ((*report)->error) return *(*report)->error;
    return (*report)->url;
  }

  TempDir dir_;
  FakeClock clock_;
  Catalogue catalogue_ = *Catalogue::open(":memory:", clock_);
  Destinations destinations_;
  FakeBucket bucket_;  // unless the store is a directory
  const std::string temp_ = dir_ / "spool/.a.flv.part";
  std::string media_;
  std::int64_t recording_ = 0;
  std::int64_t file_ = 0;
};

}  // namespace rec::test
