// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/base/digest.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

TEST(Digest, MatchesTheVectorsOfTheStandards) {  // RFC 1321 A.5, FIPS 180-2 A.1 and B.1
  EXPECT_EQ(hex_digest(Hash::md5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex_digest(Hash::sha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex_digest(Hash::sha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, HashesTheEmptyString) {
  EXPECT_EQ(hex_digest(Hash::md5, ""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex_digest(Hash::sha256, ""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, HashesBytesBeyondAZero) {
  EXPECT_NE(hex_digest(Hash::md5, std::string_view("a\0b", 3)), hex_digest(Hash::md5, "a"));
}

TEST(Digest, AuthenticatesWithAKey) {  // RFC 2202 case 2, RFC 4231 case 2
  EXPECT_EQ(hmac_hex(Hash::sha1, "Jefe", "what do ya want for nothing?"),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(hmac_hex(Hash::sha256, "Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Digest, GivesTheRawFormOfTheSameAuthenticator) {
  EXPECT_EQ(to_hex(hmac_raw(Hash::sha256, "key", "text")), hmac_hex(Hash::sha256, "key", "text"));
  EXPECT_EQ(hmac_raw(Hash::sha1, "key", "text").size(), 20u);
}

TEST(Digest, WritesHexInLowerCase) { EXPECT_EQ(to_hex(std::string_view("\x00\xff\x1a", 3)), "00ff1a"); }

TEST(Digest, PadsBase64) {  // RFC 4648 section 10
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace rec
