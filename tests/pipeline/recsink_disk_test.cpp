// SPDX-License-Identifier: LGPL-2.1-or-later
// recsink on a disk that is full, broken, slow or gone.
#include <sys/mount.h>

#include "tests/pipeline/recsink_disk_fixture.h"

namespace rec::test {
namespace {

struct Fault {
  const char *format;
  int error;  // ENOSPC: no room; others: each write fails
};
std::ostream &operator<<(std::ostream &out, const Fault &fault) {
  return out << fault.format << (fault.error == ENOSPC ? "Full" : "Broken");
}

class FailingDisk : public ::testing::TestWithParam<Fault> {};

TEST_P(FailingDisk, KeepsWhatItHasAndRecordingGoesOnWhenItIsWellAgain) {
  const TempDir dir;
  const std::string format = GetParam().format;
  const std::string sibling = format == "flv" ? "mp4" : "flv";
  DiskFaults disk("cam." + format);
  Publisher publisher("recsink formats=" + format + "+" + sibling + " location=" + (dir / "cam"));
  Listener listener(publisher);
  publisher.send(stretch(seconds(0), seconds(12)));
  ASSERT_TRUE(comes_true([&] {
    return std::filesystem::exists(dir / ".cam." + format + ".part") &&
           std::filesystem::file_size(dir / ".cam." + format + ".part") > 10000;
  }));
  if (GetParam().error == ENOSPC)
    disk.room(1000);
  else
    disk.fail_writes(GetParam().error);
  publisher.send(stretch(seconds(12), seconds(20)));
  ASSERT_TRUE(listener.wait_for("recsink-file-failed"));
  publisher.send(stretch(seconds(20), seconds(28)));  // no room: attempts are made, nobody hears of them
  disk.fail_writes(0);
  disk.room(std::uint64_t{1} << 40);
  publisher.send(stretch(seconds(28), seconds(40)));
  publisher.end_all();
  ASSERT_TRUE(listener.wait_for("EOS"));

  const auto failures = listener.named("recsink-file-failed");
  ASSERT_EQ(failures.size(), 1u) << "said once";
  EXPECT_NE(string_field(failures[0], "error").find(g_strerror(GetParam().error)), std::string::npos);
  EXPECT_NE(string_field(failures[0], "temp-location").find(".cam." + format), std::string::npos);
  EXPECT_EQ(listener.warnings().size(), 1u);
  const auto exceptions = listener.named("recsink-exception");
  const auto is_write_failed = [](const GstStructure *e) {
    gint type = 0;
    return gst_structure_get_int(e, "type", &type) && type == -104;
  };
  EXPECT_EQ(std::count_if(exceptions.begin(), exceptions.end(), is_write_failed), 1);
  const auto resumed = listener.named("recsink-recording-resumed");
  ASSERT_EQ(resumed.size(), 1u);
  EXPECT_GT(uint64_field(resumed[0], "frames-lost"), 0u);
  const auto files = closed_files(listener, format);
  ASSERT_EQ(files.size(), 2u) << "what the failure left, and what came afterwards";
  for (const std::string &file : files) {
    EXPECT_FALSE(packets_of(file).empty()) << file;
    EXPECT_EQ(playback_complaints(file), "") << file;
  }
  EXPECT_EQ(closed_files(listener, sibling), std::vector<std::string>{dir / "cam." + sibling});
  EXPECT_EQ(packets_of(dir / "cam." + sibling)["video"].size(), 1000u) << "the sibling has not noticed";
  expect_every_frame_accounted_for(publisher.element(), format.c_str());
  EXPECT_GE(dropped_by_failure(publisher.element(), format.c_str()), uint64_field(resumed[0], "frames-lost"));
  EXPECT_EQ(dir.files().size(), 3u) << "nothing unfinished is left";
}

INSTANTIATE_TEST_SUITE_P(Formats, FailingDisk,
                         ::testing::Values(Fault{"mp4", ENOSPC}, Fault{"flv", ENOSPC}, Fault{"aac", ENOSPC},
                                           Fault{"mp4", EIO}, Fault{"flv", EDQUOT}),
                         [](const auto &fault) {
                           return std::string(fault.param.format) + "_" + std::to_string(fault.param.error);
                         });

TEST(RecSinkDisk, StoresTheSameInWritesThatAreShortOrInterrupted) {
  const TempDir dir;
  DiskFaults disk("odd");
  disk.write_at_most(777);
  disk.interrupt(true);
  for (const std::string name : {"odd", "even"}) {
    Publisher publisher("recsink formats=flv+mp4+aac location=" + (dir / name));
    publisher.send({{"video", video()}, {"audio_0", audio()}});
    publisher.end_all();
    ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  }
  for (const std::string extension : {".flv", ".mp4", ".aac"})
    EXPECT_EQ(packets_of(dir / "odd" + extension), packets_of(dir / "even" + extension)) << extension;
}

TEST(RecSinkDisk, KeepsAnMp4ThatCannotBeCompletedForLackOfRoom) {
  const TempDir dir;
  DiskFaults disk("cam.mp4");
  Publisher publisher("recsink formats=mp4 location=" + (dir / "cam"));
  Listener listener(publisher);
  publisher.send(stretch(seconds(0), seconds(10)));
  const std::string part = dir / ".cam.mp4.part";
  ASSERT_TRUE(
      comes_true([&] { return std::filesystem::exists(part) && std::filesystem::file_size(part) > 50000; }));
  disk.room(0);
  publisher.end_all();
  ASSERT_TRUE(listener.wait_for("EOS"));
  EXPECT_EQ(closed_files(listener, "mp4"), std::vector<std::string>{dir / "cam.mp4"});
  EXPECT_GE(packets_of(dir / "cam.mp4")["video"].size(), 50u);
  EXPECT_EQ(playback_complaints(dir / "cam.mp4"), "");
}

TEST(RecSinkDisk, KeepsAnMp4WhicheverWriteOfItsEndIsTheLast) {
  for (const unsigned good_ones : {0u, 1u, 2u, 3u}) {
    const TempDir dir;
    DiskFaults disk("cam.mp4");
    Publisher publisher("recsink formats=mp4 location=" + (dir / "cam"));
    Listener listener(publisher);
    publisher.send(stretch(seconds(0), seconds(10)));
    const std::string part = dir / ".cam.mp4.part";
    ASSERT_TRUE(comes_true(
        [&] { return std::filesystem::exists(part) && std::filesystem::file_size(part) > 50000; }));
    disk.fail_writes_after(good_ones, EIO);
    publisher.end_all();
    ASSERT_TRUE(listener.wait_for("EOS"));
    ASSERT_EQ(closed_files(listener, "mp4"), std::vector<std::string>{dir / "cam.mp4"}) << good_ones;
    EXPECT_GE(packets_of(dir / "cam.mp4")["video"].size(), 50u) << good_ones;  // what was there then
    EXPECT_EQ(playback_complaints(dir / "cam.mp4"), "") << good_ones;
  }
}

TEST(RecSinkDisk, LeavesNothingWhereNoFrameFits) {
  const TempDir dir;
  DiskFaults disk("cam.mp4");
  disk.room(100);
  Publisher publisher("recsink formats=mp4 location=" + (dir / "cam"));
  Listener listener(publisher);
  publisher.send(stretch(seconds(0), seconds(10)));
  publisher.end_all();
  ASSERT_TRUE(listener.wait_for("EOS"));
  EXPECT_GE(listener.named("recsink-file-failed").size(), 1u);
  EXPECT_TRUE(closed_files(listener, "mp4").empty());
  EXPECT_TRUE(dir.files().empty());
  expect_every_frame_accounted_for(publisher.element(), "mp4");
}

TEST(RecSinkDisk, HoldsNobodyUpWhenADiskDoesNotAnswer) {
  const TempDir dir;
  DiskFaults disk("cam.mp4");
  Publisher sibling("recsink formats=flv location=" + (dir / "cam"));
  Publisher publisher("recsink formats=mp4 max-backlog-bytes=250000 location=" + (dir / "cam"));
  Listener listener(publisher);
  const auto send = [&](seconds from, seconds to) {
    publisher.send(stretch(from, to));
    sibling.send(stretch(from, to));
  };
  send(seconds(0), seconds(4));
  disk.hang(true);
  EXPECT_LT(time_of([&] { send(seconds(4), seconds(28)); }), seconds(3));
  ASSERT_TRUE(listener.wait_for("recsink-file-stalled")) << "more is not kept in memory";
  disk.hang(false);
  ASSERT_TRUE(listener.wait_for("recsink-file-failed"));
  send(seconds(28), seconds(40));
  for (Publisher *one : {&publisher, &sibling}) one->end_all();
  ASSERT_TRUE(listener.wait_for("EOS"));
  ASSERT_TRUE(wait_for_message(sibling.pipeline(), GST_MESSAGE_EOS));
  EXPECT_EQ(packets_of(dir / "cam.flv")["video"].size(), 1000u);
  const auto files = closed_files(listener, "mp4");
  ASSERT_EQ(files.size(), 2u) << "what was there when it hung, and what came when it answered";
  for (const std::string &file : files) EXPECT_EQ(playback_complaints(file), "") << file;
  expect_every_frame_accounted_for(publisher.element(), "mp4");
}

TEST(RecSinkDisk, StopsInTimeWhileADiskDoesNotAnswer) {
  const TempDir dir;
  {
    DiskFaults disk("cam.mp4");
    Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam"));
    publisher.send(stretch(seconds(0), seconds(4)));
    disk.hang(true);
    publisher.send(stretch(seconds(4), seconds(8)));
    ASSERT_TRUE(comes_true([&] { return disk.somebody_hangs(); }));
    EXPECT_LT(time_of([&] { gst_element_send_event(publisher.element(), gst_event_new_eos()); }),
              milliseconds(100));
    EXPECT_LT(time_of([&] { gst_element_set_state(publisher.pipeline(), GST_STATE_NULL); }), seconds(4));
    EXPECT_EQ(packets_of(dir / "cam.flv")["video"].size(), 200u);
  }
  // The application has let go of everything; the disk answers.
  EXPECT_TRUE(comes_true([&] { return std::filesystem::exists(dir / "cam.mp4"); }));
  EXPECT_EQ(playback_complaints(dir / "cam.mp4"), "");
}

TEST(RecSinkDisk, RecordsAgainWhileAFileOfTheRunBeforeHangs) {
  const TempDir dir;
  Publisher publisher("recsink formats=mp4 location=" + (dir / "cam"));
  {
    DiskFaults disk(".cam.mp4.part");
    publisher.send(stretch(seconds(0), seconds(4)));
    disk.hang(true);
    publisher.send(stretch(seconds(4), seconds(8)));
    ASSERT_TRUE(comes_true([&] { return disk.somebody_hangs(); }));
    gst_element_set_state(publisher.pipeline(), GST_STATE_NULL);
    g_object_set(publisher.element(), "location", (dir / "other").c_str(), nullptr);
    gst_element_set_state(publisher.pipeline(), GST_STATE_PLAYING);
    publisher.send(stretch(seconds(0), seconds(4)));
  }
  ASSERT_TRUE(comes_true([&] { return std::filesystem::exists(dir / "cam.mp4"); }));
  publisher.end_all();
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS)) << "of the second run";
  EXPECT_EQ(packets_of(dir / "other.mp4")["video"].size(), 100u);
  EXPECT_EQ(playback_complaints(dir / "cam.mp4"), "");
}

TEST(RecSinkDisk, StopsAtOnceWhileATrackIsStalled) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam"));
  publisher.connect("audio_0");
  publisher.begin("audio_0", audio().caps);
  publisher.send({{"video", video()}});
  EXPECT_LT(time_of([&] { gst_element_send_event(publisher.element(), gst_event_new_eos()); }),
            milliseconds(100));
  EXPECT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  EXPECT_LT(time_of([&] { gst_element_set_state(publisher.pipeline(), GST_STATE_NULL); }), seconds(1));
}

TEST(RecSinkDisk, WritesWhatWaitsWhenTheSourceFallsSilent) {
  const TempDir dir;
  Publisher publisher("recsink formats=flv+aac location=" + (dir / "cam"));
  publisher.send(stretch(seconds(0), seconds(3)));
  for (const Format format : {Format::flv, Format::aac}) {
    const std::string part = dir / ".cam." + std::string(extension_of(format)) + ".part";
    const auto is_written = [&] {
      const auto file = RandomAccess(part);
      const auto repair = plan_repair(format, file.source());
      return repair && repair->duration > milliseconds(2600);  // the last quarter is not yet with the muxer
    };
    EXPECT_TRUE(comes_true(is_written, seconds(4))) << part;
  }
}

TEST(RecSinkDisk, SyncsNoMp4ThatNeedNotBeDurable) {
  const TempDir dir;
  DiskFaults disk(dir.path().string());
  Publisher publisher("recsink formats=mp4 durability=none location=" + (dir / "cam"));
  publisher.send(stretch(seconds(0), seconds(3)));
  publisher.end_all();
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  for (const std::string &call : disk.calls()) EXPECT_EQ(call.find("sync"), std::string::npos) << call;
  EXPECT_EQ(playback_complaints(dir / "cam.mp4"), "");
}

class Durable : public ::testing::TestWithParam<const char *> {};

TEST_P(Durable, SyncsAsItWasAskedTo) {
  const TempDir dir;
  DiskFaults disk(dir.path().string());
  const std::string durability = GetParam();
  Publisher publisher("recsink formats=flv durability=" + durability + " location=" + (dir / "cam"));
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(publisher.pipeline()));
  gst_bus_set_sync_handler(
      bus.get(),
      [](GstBus *, GstMessage *message, gpointer data) {
        if (gst_message_has_name(message, "recsink-file-closed"))
          static_cast<DiskFaults *>(data)->note("message");
        return GST_BUS_PASS;
      },
      &disk, nullptr);
  publisher.send(stretch(seconds(0), seconds(3)));
  const auto has = [&](const std::string &call) {
    const auto calls = disk.calls();
    return std::count(calls.begin(), calls.end(), call) > 0;
  };
  if (durability == "interval") {
    EXPECT_TRUE(comes_true([&] { return has("fdatasync .cam.flv.part"); }, seconds(5)));
  }
  publisher.end_all();
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  auto calls = disk.calls();
  if (durability == "none") {
    EXPECT_EQ(calls, (std::vector<std::string>{"write", "rename cam.flv", "message"}));
    return;
  }
  ASSERT_GE(calls.size(), 5u);
  calls.erase(calls.begin(), calls.end() - 5);
  EXPECT_EQ(calls, (std::vector<std::string>{"write", "fsync .cam.flv.part", "rename cam.flv",
                                             "fsync " + dir.path().filename().string(), "message"}));
}

INSTANTIATE_TEST_SUITE_P(Policies, Durable, ::testing::Values("none", "file", "interval"),
                         [](const auto &policy) { return std::string(policy.param); });

std::vector<std::string> top_boxes(const std::string &path) {
  const std::string bytes = read_file(path);
  std::vector<std::string> types;
  each_box(Bytes(reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()),
           [&](std::uint32_t type, Bytes) { put32(types.emplace_back(), type); });
  std::erase(types, "free");
  return types;
}

TEST(RecSinkFaststart, PutsTheIndexInFrontAndChangesNothingElse) {
  const TempDir dir;
  VideoSpec reordered;
  reordered.bframes = 2;
  for (const std::string name : {"fast", "plain"}) {
    Publisher publisher("recsink formats=mp4 faststart=" + std::string(name == "fast" ? "true" : "false") +
                        " location=" + (dir / name));
    publisher.send({{"video", video(reordered)}, {"audio_0", audio()}});
    publisher.end_all();
    ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  }
  EXPECT_EQ(top_boxes(dir / "plain.mp4"), (std::vector<std::string>{"ftyp", "mdat", "moov"}));
  EXPECT_EQ(top_boxes(dir / "fast.mp4"), (std::vector<std::string>{"ftyp", "moov", "mdat"}));
  EXPECT_EQ(packets_of(dir / "fast.mp4"), packets_of(dir / "plain.mp4"));
  EXPECT_EQ(duration_of(dir / "fast.mp4"), duration_of(dir / "plain.mp4"));
  EXPECT_EQ(playback_complaints(dir / "fast.mp4"), "");
  EXPECT_EQ(dir.files(), (std::vector<std::string>{"fast.mp4", "plain.mp4"}));
}

TEST(RecSinkFaststart, LeavesThePlainFileWhereThereIsNoRoomForAnother) {
  const TempDir dir;
  DiskFaults disk(".front");
  disk.room(0);
  Publisher publisher("recsink formats=mp4 faststart=true location=" + (dir / "cam"));
  Listener listener(publisher);
  publisher.send({{"video", video()}, {"audio_0", audio()}});
  publisher.end_all();
  ASSERT_TRUE(listener.wait_for("EOS"));
  EXPECT_EQ(top_boxes(dir / "cam.mp4"), (std::vector<std::string>{"ftyp", "mdat", "moov"}));
  ASSERT_EQ(listener.warnings().size(), 1u);
  EXPECT_NE(listener.warnings()[0].find("the index stays at the end"), std::string::npos);
  EXPECT_EQ(dir.files(), std::vector<std::string>{"cam.mp4"});
}

TEST(RecSinkDisk, GoesOnWhenAFullFileSystemHasRoomAgain) {
  const TempDir dir;
  const std::string mounted = dir / "small";
  std::filesystem::create_directory(mounted);
  if (mount("tmpfs", mounted.c_str(), "tmpfs", 0, "size=512k") != 0)
    GTEST_SKIP() << "no right to mount a tmpfs";
  {
    Publisher publisher("recsink formats=mp4 location=" + mounted + "/cam");
    Listener listener(publisher);
    write_file(mounted + "/ballast", std::string(400 * 1024, 'x'));
    VideoSpec large = video_of(500);
    large.width = 640;
    large.height = 480;
    const auto part = [&](seconds from, seconds to) {
      return std::map<std::string, Media>{{"video", video(large).part(from, to, from)}};
    };
    publisher.send(part(seconds(0), seconds(8)));
    EXPECT_TRUE(listener.wait_for("recsink-file-failed"));
    std::filesystem::remove(mounted + "/ballast");
    for (const std::string &file : closed_files(listener, "mp4")) {
      EXPECT_EQ(playback_complaints(file), "") << file;
      std::filesystem::remove(file);
    }
    publisher.send(part(seconds(11), seconds(12)));
    publisher.end_all();
    EXPECT_TRUE(listener.wait_for("EOS"));
    EXPECT_FALSE(closed_files(listener, "mp4").empty());
    expect_every_frame_accounted_for(publisher.element(), "mp4");
  }
  EXPECT_EQ(umount(mounted.c_str()), 0);
}

}  // namespace
}  // namespace rec::test
