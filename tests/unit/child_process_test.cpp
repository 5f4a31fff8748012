// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/io/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "tests/common/temp_dir.h"

namespace rec {
namespace {

Result<ChildResult> shell(const std::string &script, Nanoseconds timeout = std::chrono::seconds(20)) {
  ChildProgram program;
  program.arguments = {"sh", "-c", script};
  program.timeout = timeout;
  return run_child(program, {});
}

TEST(ChildProcess, EndsWithItsExitCodeAndWhatItSaid) {
  const auto result = shell("echo out; echo err >&2; exit 3");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->output, "out\nerr\n");
}

TEST(ChildProcess, HasItsFolderAndItsEnvironmentAndNoInput) {
  const test::TempDir dir;
  ChildProgram program;
  program.arguments = {"sh", "-c", "pwd -P; echo $REC_GIVEN; cat"};
  program.environment = {{"REC_GIVEN", "a b"}};
  program.folder = dir.path();
  program.timeout = std::chrono::seconds(20);
  const auto result = run_child(program, {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->output, std::filesystem::canonical(dir.path()).string() + "\na b\n");
}

TEST(ChildProcess, HasOnlyTheVariablesThatItIsLeft) {
  ASSERT_EQ(setenv("REC_SECRET", "key", 1), 0);
  ASSERT_EQ(setenv("REC_KNOWN", "word", 1), 0);
  ChildProgram program;
  program.arguments = {"sh", "-c", "echo $REC_SECRET-$REC_KNOWN-$REC_GIVEN"};
  program.environment = {{"REC_GIVEN", "given"}};
  program.inherits = {{"PATH", "REC_KNOWN", "REC_NOWHERE"}};
  program.timeout = std::chrono::seconds(20);
  const auto result = run_child(program, {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->output, "-word-given\n");
}

TEST(ChildProcess, FillsNoDisk) {
  const test::TempDir dir;
  ChildProgram program;
  program.arguments = {"sh", "-c", "exec head -c 200000 /dev/zero > big"};
  program.folder = dir.path();
  program.timeout = std::chrono::seconds(20);
  program.most_file_bytes = 100'000;
  const auto result = run_child(program, {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_NE(result->exit_code, 0);
  EXPECT_LE(std::filesystem::file_size(dir / "big"), 100'000U);
}

TEST(ChildProcess, KeepsTheEndOfWhatIsTooLong) {
  const auto result = shell("yes x | head -n 200000; echo end");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_LE(result->output.size(), kMostOutput);
  EXPECT_TRUE(result->output.ends_with("x\nend\n"));
}

TEST(ChildProcess, IsKilledWithWhatItStartedWhenItsTimeIsOver) {
  const test::TempDir dir;
  const auto result = shell("sleep 1000 & echo $! > " + (dir / "pid") + "; wait", Milliseconds(500));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unavailable);
  const int pid = std::atoi(test::read_file(dir / "pid").c_str());
  ASSERT_GT(pid, 0);
  // Whoever inherits it takes its last word, sooner or later: until then it is there, and does nothing.
  const auto is_running = [pid] {
    const auto said = shell("ps -o stat= -p " + std::to_string(pid) + " | grep -v Z");
    return said && said->exit_code == 0;
  };
  EXPECT_FALSE(is_running());
}

// A pipe that this test has, for a program's descriptor 3.
struct Told {
  Told() { EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0); }
  ~Told() {
    close(ends[0]);
    close_write_end();
  }
  Told(const Told &) = delete;
  Told &operator=(const Told &) = delete;
  void close_write_end() {
    if (ends[1] >= 0) close(std::exchange(ends[1], -1));
  }
  // The next words; "" = nobody is left who could say any; "silence" = somebody is, for a minute.
  std::string next() const {
    pollfd wait{ends[0], POLLIN, 0};
    if (poll(&wait, 1, 60'000) <= 0) return "silence";
    std::array<char, 100> words{};
    return {words.data(), static_cast<std::size_t>(std::max<ssize_t>(0, read(ends[0], words.data(), 100)))};
  }
  int ends[2] = {-1, -1};
};

TEST(ChildProcess, IsKilledWithWhatItStartedWhenThisProcessIs) {
  Told told;
  const pid_t killed = fork();
  if (killed == 0) {
    ChildProgram program;
    program.arguments = {"sh", "-c", "sleep 1000 & echo begun >&3; wait"};
    program.files = {told.ends[1]};
    program.timeout = std::chrono::hours(1);
    (void)run_child(program, {});
    _exit(1);
  }
  told.close_write_end();
  EXPECT_EQ(told.next(), "begun\n");
  ASSERT_EQ(kill(killed, SIGKILL), 0);
  ASSERT_EQ(waitpid(killed, nullptr, 0), killed);
  EXPECT_EQ(told.next(), "") << "sleep lives on";
}

TEST(ChildProcess, HasTheFilesThatItIsGivenAndNoOther) {
  Told told, other;
  ChildProgram program;
  program.arguments = {"sh", "-c", "echo word >/proc/self/fd/4; ls /proc/self/fd | tr '\\n' ' '"};
  program.files = {other.ends[0], told.ends[1]};
  program.timeout = std::chrono::seconds(20);
  const auto result = run_child(program, {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->output, "0 1 2 3 4 5 ") << "5 is what ls looks through";
  EXPECT_EQ(told.next(), "word\n");
}

TEST(ChildProcess, IsNotWaitedForWhereNobodyCanBe) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  const auto result = shell("exit 0");
  std::signal(SIGCHLD, before);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("SIGCHLD"), std::string::npos) << result.error().message;
}

TEST(ChildProcess, StopsWhenItIsCancelled) {
  ChildProgram program;
  program.arguments = {"sleep", "1000"};
  program.timeout = std::chrono::hours(1);
  int asked = 0;
  const auto result = run_child(program, [&] { return ++asked == 2; });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::cancelled);
}

TEST(ChildProcess, SaysWhenThereIsNone) {
  ChildProgram program;
  program.arguments = {"/nowhere/no-such-program"};
  program.timeout = std::chrono::seconds(1);
  const auto result = run_child(program, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::not_found);
  EXPECT_NE(result.error().message.find("no-such-program"), std::string::npos);
  EXPECT_EQ(shell("kill -9 $$")->exit_code, -1);
}

}  // namespace
}  // namespace rec
