// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/io/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace rec {
namespace {

std::string error_of(std::string_view text, const JsonLimits &limits = {}) {
  const auto value = parse_json(text, limits);
  return value ? "no error" : value.error().message;
}

TEST(Json, KnowsWhereEveryNameAndValueStands) {
  const auto root = parse_json(
      "{\n  \"a\": 1,\n  \"ж\": {\n   \"c\": \"x{:,\", \"d\":\n  true },\n \"l\": [ 2.5, [], null]}");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(to_string(root->at), "1:1");
  ASSERT_EQ(root->members.size(), 3U);
  EXPECT_EQ(to_string(root->member("a")->at), "2:3");
  EXPECT_EQ(to_string(root->member("a")->value.at), "2:8");
  const JsonMember *const inner = root->member("ж");
  EXPECT_EQ(to_string(inner->at), "3:3");
  EXPECT_EQ(to_string(inner->value.at), "3:8");
  EXPECT_EQ(to_string(inner->value.member("c")->at), "4:4");
  EXPECT_EQ(to_string(inner->value.member("d")->value.at), "5:3");
  const JsonValue &list = root->member("l")->value;
  ASSERT_EQ(list.elements.size(), 3U);
  EXPECT_EQ(to_string(list.elements[0].at), "6:9");
  EXPECT_EQ(to_string(list.elements[1].at), "6:14");
  EXPECT_EQ(to_string(list.elements[2].at), "6:18");
}

TEST(Json, ReadsEveryKindOfValue) {
  const auto root =
      parse_json(R"({"s":"a\u00e9\n","i":-9223372036854775808,"r":1.5e3,"t":true,"n":null,"o":{},"a":[]})");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(root->member("s")->value.string, "aé\n");
  EXPECT_EQ(root->member("i")->value.integer, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(root->member("r")->value.real, 1500);
  EXPECT_TRUE(root->member("t")->value.boolean);
  EXPECT_EQ(root->member("n")->value.kind, JsonValue::Kind::null);
  EXPECT_EQ(root->member("o")->value.kind, JsonValue::Kind::object);
  EXPECT_EQ(root->member("a")->value.kind, JsonValue::Kind::array);
  EXPECT_EQ(root->member("x"), nullptr);
}

TEST(Json, RefusesAMemberThatIsGivenTwice) {
  EXPECT_EQ(error_of("{\"a\": {\"x\": 1}, \"b\": {\"x\": [{\"y\":1}],\n \"x\": {}}}"),
            "2:2: x: given twice in the same object");
  EXPECT_EQ(error_of(R"([{"a": {}}, {"a": 1, "\u0061": 2}])"), "1:22: a: given twice in the same object");
}

TEST(Json, RefusesAViewOfNothing) { EXPECT_FALSE(parse_json(std::string_view())); }

TEST(Json, RefusesWhatIsNoJson) {
  for (const char *bad : {"",
                          " ",
                          "{",
                          "}",
                          "[",
                          "]",
                          "{]",
                          "[}",
                          "{\"a\"}",
                          "{\"a\":}",
                          "{\"a\":1,}",
                          "{,}",
                          "[1,]",
                          "[1 2]",
                          "{a:1}",
                          "{'a':1}",
                          "{\"a\":1 \"b\":2}",
                          "{} x",
                          "// c\n{}",
                          "/* c */{}",
                          "var x = {}",
                          "{\"a\":NaN}",
                          "{\"a\":01}",
                          "{\"a\":0x10}",
                          "{\"a\":.5}",
                          "{\"a\":1.}",
                          "{\"a\":-}",
                          "{\"a\":1e}",
                          "{\"a\":+1}",
                          "{\"a\":tRUE}",
                          "{\"a\":\"\\x\"}",
                          "{\"a\":\"\\u0000\"}",
                          "{\"a\":\"x",
                          "{\"a\":\"x\\",
                          "\"a\":1",
                          ":",
                          "{\"a\"::1}",
                          "{\"a\":\"\ny\"}",
                          "{\"a\":\"\\ud800\"}",
                          "\xFF",
                          "{\"a\":\"\xC0\xAF\"}"})
    EXPECT_FALSE(parse_json(bad)) << bad;
  EXPECT_FALSE(parse_json(std::string_view("{\"a\":\"\0\"}", 9)));
}

TEST(Json, RefusesNumbersThatDoNotFit) {
  EXPECT_EQ(error_of("{\"a\":\n 99999999999999999999}"), "2:2: number out of range");
  EXPECT_EQ(error_of("{\"a\": 1e999}"), "1:7: number out of range");
}

TEST(Json, ErrorsBeginWithTheirPlace) {
  EXPECT_EQ(error_of("{\"a\":\n  nope}"), "2:3: unexpected 'nope': expected a JSON value");
  EXPECT_EQ(error_of("{\n\"ж\xFF\"}"), "2:3: expected UTF-8 text without NUL");
  EXPECT_EQ(error_of("{\"a\": 1").substr(0, 2), "1:");
}

TEST(Json, BoundsDepthAndSize) {
  EXPECT_EQ(error_of("[[[]]]", {.bytes = 100, .depth = 2}), "1:3: nested deeper than 2");
  EXPECT_TRUE(parse_json("[[{}, {}], [[]]]", {.bytes = 100, .depth = 3}));
  EXPECT_EQ(error_of("[1,2,3]", {.bytes = 3, .depth = 3}), "1:1: longer than 3 bytes");
  EXPECT_FALSE(parse_json(std::string(1 << 20, '[')));
}

TEST(JsonObjectWriter, KeepsTheOrderOfTheCalls) {
  std::vector<JsonObjectWriter> list;
  list.emplace_back().number("n", 1);
  list.emplace_back();
  JsonObjectWriter writer;
  writer.text("z", "a\"\\\n").number("b", -5).real("r", 0.5).flag("t", true).texts("l", {"x", "y"});
  writer.object("o", std::move(JsonObjectWriter().text("k", "v"))).objects("os", std::move(list));
  EXPECT_EQ(writer.to_string(),
            R"({"z":"a\"\\\n","b":-5,"r":0.5,"t":true,"l":["x","y"],"o":{"k":"v"},"os":[{"n":1},{}]})");
}

TEST(JsonObjectWriter, WritesHostileTextThatParsesAgain) {
  const std::string hostile = std::string("\xFF\x01\x7F\"},{ \xE2\x80\xA8") + "é";
  const auto back = parse_json(JsonObjectWriter().text("s", hostile).to_string());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->member("s")->value.string, "\xEF\xBF\xBD\x01\x7F\"},{ \xE2\x80\xA8é");
}

TEST(JsonObjectWriter, EscapesEveryControlCharacter) {
  std::string all;
  for (char c = 1; c < ' '; ++c) all += c;
  const std::string text = JsonObjectWriter().text("s", all).to_string();
  for (const char c : text) EXPECT_GE(c, ' ') << text;
  const auto back = parse_json(text);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->member("s")->value.string, all);
}

}  // namespace
}  // namespace rec
