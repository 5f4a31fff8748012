// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/owner_lease.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "tests/common/temp_dir.h"

namespace rec {
namespace {

TEST(OwnerLease, IsAliveWhileItIsHeld) {
  const test::TempDir dir;
  const std::string catalogue = dir / "c.db";
  std::string id;
  {
    const auto lease = OwnerLease::create(catalogue);
    ASSERT_TRUE(lease);
    id = lease->id();
    EXPECT_TRUE(OwnerLease::is_alive(catalogue, id));
    EXPECT_TRUE(OwnerLease::is_alive(catalogue, id)) << "asking does not take it away";
  }
  EXPECT_FALSE(OwnerLease::is_alive(catalogue, id));
  EXPECT_FALSE(OwnerLease::is_alive(catalogue, ""));
  EXPECT_FALSE(OwnerLease::is_alive(catalogue, "never-was"));
}

TEST(OwnerLease, DiesWithItsProcessEvenWhenThatIsKilled) {
  const test::TempDir dir;
  const std::string catalogue = dir / "c.db";
  std::array<int, 2> pipe_fds{};
  ASSERT_EQ(pipe(pipe_fds.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lease = OwnerLease::create(catalogue);
    if (!lease || write(pipe_fds[1], lease->id().c_str(), lease->id().size()) < 0) _exit(1);
    for (;;) pause();
  }
  std::array<char, 64> id{};
  ASSERT_EQ(read(pipe_fds[0], id.data(), id.size()), 36);
  EXPECT_TRUE(OwnerLease::is_alive(catalogue, id.data()));
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(OwnerLease::is_alive(catalogue, id.data()));

  EXPECT_TRUE(std::filesystem::exists(catalogue + "-owners/" + id.data()));
  OwnerLease::forget_dead(catalogue, {id.data()});
  EXPECT_TRUE(std::filesystem::exists(catalogue + "-owners/" + id.data())) << "it still has rows";
  OwnerLease::forget_dead(catalogue, {});
  EXPECT_FALSE(std::filesystem::exists(catalogue + "-owners/" + id.data()));
  close(pipe_fds[0]);
  close(pipe_fds[1]);
}

TEST(OwnerLease, AProcessHasOneIdentityPerCatalogue) {
  const test::TempDir dir;
  const auto a = process_owner(dir / "c.db");
  const auto b = process_owner(dir / "./c.db");
  const auto other = process_owner(dir / "d.db");
  ASSERT_TRUE(a && b && other);
  EXPECT_EQ((*a)->id(), (*b)->id());
  EXPECT_NE((*a)->id(), (*other)->id());
}

TEST(OwnerLease, SessionIdsAreDecimalAndDiffer) {
  const std::string id = random_decimal_id();
  EXPECT_EQ(id.find_first_not_of("0123456789"), std::string::npos);
  EXPECT_NE(id, random_decimal_id());
}

}  // namespace
}  // namespace rec
