// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/command_client.h"

#include <gtest/gtest.h>

#include "core/service/owner_lease.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

// Whoever asks on one connection, whoever receives the stream on another one.
class CommandClient : public testing::Test {
 protected:
  Catalogue open() {
    auto opened = Catalogue::open(path_, clock_);
    if (!opened) throw std::runtime_error(opened.error().message);
    return *std::move(opened);
  }
  OwnerLease lease() {
    auto made = OwnerLease::create(path_);
    if (!made) throw std::runtime_error(made.error().message);
    return *std::move(made);
  }
  // `meanwhile` runs in every pause of the waiting.
  Status send(const std::function<void()> &meanwhile) {
    return send_command(client_, path_, CommandVerb::restart, a_push(),
                        {.timeout = Seconds(1),
                         .pause =
                             [&](Milliseconds time) {
                               clock_.advance(time);
                               meanwhile();
                             }},
                        clock_);
  }
  void answer(const std::string &owner, const Status &outcome) {
    const auto taken = receiver_.take_commands(owner);
    for (const RecordingCommand &command : *taken) EXPECT_TRUE(receiver_.answer_command(command.id, outcome));
  }

  TempDir dir_;
  FakeClock clock_;
  std::string path_ = dir_ / "catalogue.db";
  Catalogue client_ = open();
  Catalogue receiver_ = open();
};

TEST_F(CommandClient, IsDoneWhenTheReceiverSaysSo) {
  const OwnerLease a = lease();
  ASSERT_TRUE(receiver_.begin_push(a.id(), a_push(), "default"));
  const Status done = send([&] { answer(a.id(), ok()); });
  EXPECT_TRUE(done) << done.error().message;
}

TEST_F(CommandClient, TellsWhyItWasRefused) {
  const OwnerLease a = lease();
  ASSERT_TRUE(receiver_.begin_push(a.id(), a_push(), "default"));
  const Status done = send([&] { answer(a.id(), Error{Errc::exists, "it is being recorded already"}); });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "it is being recorded already");
}

TEST_F(CommandClient, KnowsAtOnceThatNobodyReceivesTheStream) {
  {
    const OwnerLease dead = lease();
    ASSERT_TRUE(receiver_.begin_push(dead.id(), a_push(), "default"));
    ASSERT_TRUE(receiver_.begin_push(dead.id(), a_push("cam2"), "default"));
  }
  const Status done = send([] { FAIL() << "there is nothing to wait for"; });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::not_found);
}

TEST_F(CommandClient, TakesItBackWhenNobodyAnswers) {
  const OwnerLease a = lease();
  ASSERT_TRUE(receiver_.begin_push(a.id(), a_push(), "default"));
  const Status done = send([] {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::unavailable);
  EXPECT_NE(done.error().message.find("nothing was done"), std::string::npos);
  EXPECT_TRUE(receiver_.take_commands(a.id())->empty());
}

TEST_F(CommandClient, DoesNotSayThatNothingWasDoneOfWhatIsBeingDone) {
  const OwnerLease a = lease();
  ASSERT_TRUE(receiver_.begin_push(a.id(), a_push(), "default"));
  const Status done = send([&] { ASSERT_TRUE(receiver_.take_commands(a.id())); });
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("still at it"), std::string::npos);
}

TEST_F(CommandClient, NoticesThatTheReceiverDies) {
  std::optional<OwnerLease> a = lease();
  ASSERT_TRUE(receiver_.begin_push(a->id(), a_push(), "default"));
  const Status done = send([&] { a.reset(); });
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("has ended"), std::string::npos);
}

TEST_F(CommandClient, AsksAllWhoReceiveTheStreamAndNeedsOneOfThem) {
  const OwnerLease a = lease(), b = lease();
  ASSERT_TRUE(receiver_.begin_push(a.id(), a_push(), "default"));
  ASSERT_TRUE(receiver_.begin_push(b.id(), a_push(), "default"));
  const Status done = send([&] {
    answer(a.id(), Error{Errc::not_found, "nothing to stop"});
    answer(b.id(), ok());
  });
  EXPECT_TRUE(done) << done.error().message;
}

}  // namespace
}  // namespace rec::test
