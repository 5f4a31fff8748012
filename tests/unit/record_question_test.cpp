// SPDX-License-Identifier: LGPL-2.1-or-later
// The question by real HTTP: a server that is slow, wrong, huge, gone.
#include "core/service/record_question.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "tests/common/scripted_server.h"

namespace rec {
namespace {

using test::ScriptedServer;
using Way = ScriptedServer::Line::Way;

constexpr const char *kYes = R"({"NeedRecord":true})";
constexpr Seconds kPatience{20};

Trigger trigger(unsigned retries, Milliseconds timeout = Seconds(10)) {
  Trigger t;
  t.kind = TriggerKind::ask;
  t.retries = retries;
  t.timeout = timeout;
  t.pause = Milliseconds(1);
  return t;
}

std::unique_ptr<HttpClient> soup() { return make_soup_http_client(Seconds(60)); }

// What was told; nothing when it did not come in time.
std::optional<Result<RecordAnswer>> ask(const std::string &url, const Trigger &t) {
  std::promise<Result<RecordAnswer>> told;
  auto answer = told.get_future();
  RecordQuestion question(soup, t, url, [&](Result<RecordAnswer> a) { told.set_value(std::move(a)); });
  if (answer.wait_for(kPatience) != std::future_status::ready) return std::nullopt;
  return answer.get();
}

TEST(RecordQuestion, BringsTheAnswer) {
  ScriptedServer server({ScriptedServer::ok(R"({"NeedRecord":true,"Format":["mp4"]})")});
  const auto answer = ask(server.url() + "/ask?app=live&stream=a%20b", trigger(0));
  ASSERT_TRUE(answer && *answer);
  EXPECT_TRUE((*answer)->need_record);
  EXPECT_EQ((*answer)->formats, std::vector<std::string>{"mp4"});
  EXPECT_EQ(server.requests(), std::vector<std::string>{"GET /ask?app=live&stream=a%20b HTTP/1.1"});
}

TEST(RecordQuestion, AsksAgainUntilTheStatusIs200) {
  ScriptedServer server({ScriptedServer::status(404), ScriptedServer::status(503),
                         ScriptedServer::status(302), ScriptedServer::status(204), ScriptedServer::ok(kYes)});
  const auto answer = ask(server.url(), trigger(5));
  ASSERT_TRUE(answer && *answer) << answer->error().message;
  EXPECT_EQ(server.requests().size(), 5U);
}

TEST(RecordQuestion, GivesUpAfterTheLastRetry) {
  ScriptedServer server({ScriptedServer::status(404)});
  const auto answer = ask(server.url() + "/ask?token=TOPSECRET", trigger(2));
  ASSERT_TRUE(answer);
  ASSERT_FALSE(*answer);
  EXPECT_EQ(server.requests().size(), 3U);
  EXPECT_EQ(answer->error().message,
            "whether to record cannot be asked: " + server.url() + "/ask: status 404");
}

TEST(RecordQuestion, ASlowServerIsAskedAgain) {
  for (const Way slow : {Way::never, Way::drop_by_drop}) {  // the second is never silent
    ScriptedServer server({ScriptedServer::ok(kYes, slow)});
    const auto answer = ask(server.url(), trigger(5, Milliseconds(60)));
    ASSERT_TRUE(answer);
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().code, Errc::unavailable);
    EXPECT_NE(answer->error().message.find("no answer within 60 ms"), std::string::npos)
        << answer->error().message;
  }
}

TEST(RecordQuestion, AnAnswerThatSaysNothingIsNotAskedForAgain) {
  for (const std::string &body :
       {std::string("<html>"), R"({"NeedRecord":true,"x":")" + std::string(3000, 'x') + "\"}"}) {
    ScriptedServer server({ScriptedServer::ok(body)});
    const auto answer = ask(server.url(), trigger(5));
    ASSERT_TRUE(answer);
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().code, Errc::corrupt);
    EXPECT_EQ(server.requests().size(), 1U);
  }
}

TEST(RecordQuestion, OfAHugeAnswerOnlyTheBeginningCounts) {
  std::string body = kYes;
  body.resize(8 << 20, ' ');
  ScriptedServer server({ScriptedServer::ok(body)});
  const auto answer = ask(server.url(), trigger(0));
  ASSERT_TRUE(answer && *answer);
  EXPECT_TRUE((*answer)->need_record);
}

TEST(RecordQuestion, AServerThatIsGoneIsAnError) {
  const auto answer = ask("http://127.0.0.1:1/ask", trigger(1));
  ASSERT_TRUE(answer);
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().code, Errc::unavailable);
}

TEST(RecordQuestion, NobodyIsToldWhatWasWithdrawn) {
  bool told = false;
  ScriptedServer server({ScriptedServer::ok(kYes, Way::never)});
  {
    RecordQuestion question(soup, trigger(5, Seconds(60)), server.url(),
                            [&](const Result<RecordAnswer> &) { told = true; });
    ASSERT_TRUE(server.wait_for_requests(1));
    question.withdraw();
  }
  EXPECT_FALSE(told);
  {
    Trigger patient = trigger(5);
    patient.pause = Seconds(60);  // withdrawn while it waits for the next try
    RecordQuestion question(soup, patient, "http://127.0.0.1:1/",
                            [&](const Result<RecordAnswer> &) { told = true; });
  }
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace rec
