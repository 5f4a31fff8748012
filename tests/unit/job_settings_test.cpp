// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/job_settings.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

TEST(JobSettings, NamesArePartsOfPaths) {
  for (const char *name : {"poster", "h264-720", "a.b_c", "9", "A"}) EXPECT_TRUE(is_job_name(name)) << name;
  for (const char *name : {"", ".", "..", ".a", "-a", "_a", "a/b", "a b", "a\n", "ä", "a'"})
    EXPECT_FALSE(is_job_name(name)) << name;
  EXPECT_FALSE(is_job_name(std::string(kLongestJobName + 1, 'a')));
  for (const char *name : {"poster.jpg", "a.b.c", "720-p.mp4"}) EXPECT_TRUE(is_output_name(name)) << name;
  for (const char *name : {"poster", "a.", "input.mp4", "input-1.ts", ".jpg", "../a.jpg"})
    EXPECT_FALSE(is_output_name(name)) << name;
}

TEST(JobSettings, PlaceholdersAreFilledInAndOtherBracesStay) {
  JobSettings job;
  job.command = {"x", "location={input}", "{input}{input}", "{input-uri}", "format={I420,NV12}", "{inputs}"};
  const JobInput input{.name = "input.mp4", .uri = "file:///w/input.mp4"};
  EXPECT_EQ(arguments_of(job, input),
            (std::vector<std::string>{"x", "location=input.mp4", "input.mp4input.mp4", "file:///w/input.mp4",
                                      "format={I420,NV12}", "{inputs}"}));
}

TEST(JobSettings, TheLastLineThatSaysSomethingIsWhy) {
  EXPECT_EQ(last_line(""), "");
  EXPECT_EQ(last_line("\n \n\t\n"), "");
  EXPECT_EQ(last_line("one\ntwo"), "two");
  EXPECT_EQ(last_line("one\r\ntwo \x1b[0m\r\n\n"), "two  [0m");
  EXPECT_EQ(last_line(std::string(5000, 'x')).size(), 300U);
}

}  // namespace
}  // namespace rec
