// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/sigv4.h"

#include <gtest/gtest.h>

#include <map>

#include "core/base/digest.h"

namespace rec {
namespace {

constexpr UtcTime kNow{Seconds(1'731'571'200)};  // 2024-11-14T08:00:00Z

SigV4Request a_request() {
  SigV4Request r;
  r.method = "PUT";
  r.host = "rec-bucket.s3.us-east-1.amazonaws.com";
  r.path = "/live/cam1/seg%201.ts";
  r.query = {{"uploadId", "ABC+/="}, {"partNumber", "1"}};
  r.extra_headers = {{"content-length", "15"}};
  r.payload_hash = hex_digest(Hash::sha256, "hello recording");
  return r;
}

std::map<std::string, std::string> signed_headers(const std::string &session_token) {
  const S3Credentials credentials{
      .access_key = "AKEXAMPLE", .secret_key = "SKEXAMPLE", .session_token = session_token};
  const auto headers = sigv4_headers(a_request(), credentials, "us-east-1", kNow);
  return {headers.begin(), headers.end()};
}

// Spec 7.4; botocore 1.43.11 computes the same.
TEST(SigV4, ReproducesTheVector) {
  const auto headers = signed_headers("");
  EXPECT_EQ(headers.at("x-amz-date"), "20241114T080000Z");
  EXPECT_EQ(headers.at("authorization"),
            "AWS4-HMAC-SHA256 Credential=AKEXAMPLE/20241114/us-east-1/s3/aws4_request, "
            "SignedHeaders=content-length;host;x-amz-content-sha256;x-amz-date, "
            "Signature=3de9972ab25401be052c3bfed8510b7b6c9c8ebdde021b17803822465825fbc3");
  EXPECT_EQ(headers.count("host"), 0U) << "the client sends it";
}

TEST(SigV4, SignsTheTokenOfTemporaryCredentials) {
  const auto headers = signed_headers("TOKEN");
  EXPECT_EQ(headers.at("x-amz-security-token"), "TOKEN");
  EXPECT_NE(headers.at("authorization").find(";x-amz-security-token,"), std::string::npos);
}

}  // namespace
}  // namespace rec
