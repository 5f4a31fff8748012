// SPDX-License-Identifier: LGPL-2.1-or-later
// Catalogues that older versions wrote: catalogue_versions/ has their schemas as they were.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "core/service/catalogue.h"
#include "core/service/catalogue_progress.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

constexpr const char *kRowsOfOlder = R"(
  INSERT INTO recording (id, session_id, domain, app, stream, stream_param, template, state, owner,
                         resume_until_us, splice_timeout_ns, started_us, active_us, playlist_path, directory, store)
  VALUES (1, '77', 'push.example.org', 'live', 'cam1', '', 'default', 'paused', 'gone', 9000000000000000,
          180000000000, 1, 1, '', '/spool', 'archive');
  INSERT INTO file (id, recording_id, format, state, temp_path, location_pattern, utc_offset_s, path, fragment_id,
                    started_us, duration_ns, size_bytes, video_codec, width, height, audio_codec, video_frames,
                    audio_frames, media_start_ns, error, url)
  VALUES (1, 1, 'flv', 'open', '/spool/.a.flv.part', '/spool/a.flv', 0, '', 0, 1, 0, 0, '', 0, 0, '', 0, 0, 0, '', ''),
         (2, 1, 'flv', 'closed', '', '', 0, '/spool/live/b.flv', 0, 1800000000000000, 0, 0, '', 0, 0, '', 0, 0, 0, '', 'x://live/b.flv');
)";

std::string schema_of(const std::string &version) {
  const char *root = std::getenv("REC_TEST_SOURCE_ROOT");
  std::ifstream in(std::string(root ? root : ".") + "/tests/unit/catalogue_versions/" + version + ".sql");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Every table's columns, every index and every view.
std::set<std::string> shape_of(const std::string &path) {
  auto db = SqlDatabase::open(path);
  auto query = db->prepare(
      "SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || "
      "coalesce(c.dflt_value, '') "
      "FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type IN ('table', 'view') "
      "UNION SELECT type || ' ' || name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'");
  std::set<std::string> found;
  while (*query->step()) found.insert(query->text(0));
  return found;
}

class OlderCatalogue : public testing::TestWithParam<const char *> {
 protected:
  void SetUp() override {
    auto db = SqlDatabase::open(path_);
    const std::string schema = schema_of(GetParam());
    ASSERT_FALSE(schema.empty());
    ASSERT_TRUE(db->run(schema));
    const Status rows = db->run(kRowsOfOlder);
    ASSERT_TRUE(rows) << rows.error().message;
  }

  TempDir dir_;
  FakeClock clock_;
  std::string path_ = dir_ / "catalogue.db";
};

TEST_P(OlderCatalogue, BecomesLikeANewOne) {
  const std::string fresh = dir_ / "fresh.db";
  ASSERT_TRUE(Catalogue::open(fresh, clock_));
  const auto upgraded = Catalogue::open(path_, clock_);
  ASSERT_TRUE(upgraded) << upgraded.error().message;
  EXPECT_EQ(shape_of(path_), shape_of(fresh));
  EXPECT_TRUE(Catalogue::open(path_, clock_)) << "and stays so";
}

TEST_P(OlderCatalogue, GoesOnWithItsRecordings) {
  auto c = Catalogue::open(path_, clock_);
  ASSERT_TRUE(c) << c.error().message;
  EXPECT_EQ(c->recording(1)->content, "origin");
  EXPECT_EQ(c->files(1)->at(0).part, PartState::free);
  ASSERT_TRUE(c->close_file(a_closed_file(1)));
  const bool names_objects = std::string_view(GetParam()) >= "5";
  EXPECT_EQ(c->files(1)->at(1).object, names_objects ? "" : "live/b.flv")
      << "what was uploaded before keeps its name";
  EXPECT_EQ(c->take_due("worker", {OwedKind::upload, "archive"}, 9)->size(), 1U);
  const auto claimed = c->claim_paused(like("new", a_push(), "default"));
  ASSERT_TRUE(claimed);
  EXPECT_TRUE(claimed->has_value());
}

class CatalogueWithoutSums : public OlderCatalogue {};

TEST_P(CatalogueWithoutSums, CountsOnFromWhatItsRecordingsHave) {
  {
    auto db = SqlDatabase::open(path_);
    ASSERT_TRUE(db->run(
        "INSERT INTO segment (recording_id, path, uri, sequence, started_us, duration_ns, size_bytes, "
        "discontinuity) VALUES (1, '/spool/0.ts', '0.ts', 0, 1000000, 10000000000, 500, 0), "
        "(1, '/spool/1.ts', '1.ts', 1, 11000000, 8000000000, 300, 0)"));
  }
  auto c = Catalogue::open(path_, clock_);
  ASSERT_TRUE(c) << c.error().message;
  const auto progress = progress_of(c->connection(), 1);
  ASSERT_TRUE(progress) << progress.error().message;
  EXPECT_EQ(progress->segments, 2U);
  EXPECT_EQ(progress->stored_bytes, 800U);
  EXPECT_EQ(progress->segment_media, Seconds(18));
  EXPECT_EQ(progress->recorded_until, UtcTime(Seconds(19)));
}

INSTANTIATE_TEST_SUITE_P(Of, OlderCatalogue, testing::Values("1", "2", "3", "4", "5", "6"),
                         [](const auto &version) { return std::string("Version") + version.param; });

INSTANTIATE_TEST_SUITE_P(Of, CatalogueWithoutSums, testing::Values("1", "2", "3", "4", "5"),
                         [](const auto &version) { return std::string("Version") + version.param; });

}  // namespace
}  // namespace rec
