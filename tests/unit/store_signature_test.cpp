// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/store_signature.h"

#include <gtest/gtest.h>

#include <map>

#include "core/base/digest.h"

namespace rec {
namespace {

constexpr UtcTime kNow{Seconds(1'731'571'200)};  // 2024-11-14T08:00:00Z

using Sent = std::map<std::string, std::string>;

Sent sent(const HeaderList &headers) { return {headers.begin(), headers.end()}; }

// Seconds after 1970.
UtcTime at(std::int64_t seconds) { return UtcTime(Seconds(seconds)); }

// ---- S3

Sent s3_headers(const std::string &session_token) {
  StoreRequest r;
  r.method = "PUT";
  r.host = "rec-bucket.s3.us-east-1.amazonaws.com";
  r.path = "/live/cam1/seg%201.ts";
  r.query = {{"uploadId", "ABC+/="}, {"partNumber", "1"}};
  r.headers = {{"content-length", "15"}};
  r.payload_hash = hex_digest(Hash::sha256, "hello recording");
  return sent(sign_s3(r, {"AKEXAMPLE", "SKEXAMPLE", session_token}, "us-east-1", kNow));
}

// Spec 7.4; botocore 1.43.11 computes the same.
TEST(S3Signature, ReproducesTheVector) {
  const auto headers = s3_headers("");
  EXPECT_EQ(headers.at("x-amz-date"), "20241114T080000Z");
  EXPECT_EQ(headers.at("authorization"),
            "AWS4-HMAC-SHA256 Credential=AKEXAMPLE/20241114/us-east-1/s3/aws4_request, "
            "SignedHeaders=content-length;host;x-amz-content-sha256;x-amz-date, "
            "Signature=3de9972ab25401be052c3bfed8510b7b6c9c8ebdde021b17803822465825fbc3");
  EXPECT_EQ(headers.count("host"), 0U) << "the client sends it";
}

TEST(S3Signature, SignsTheTokenOfTemporaryCredentials) {
  const auto headers = s3_headers("TOKEN");
  EXPECT_EQ(headers.at("x-amz-security-token"), "TOKEN");
  EXPECT_NE(headers.at("authorization").find(";x-amz-security-token,"), std::string::npos);
}

// ---- COS

StoreRequest a_cos_request() {
  StoreRequest r;
  r.method = "PUT";
  r.host = "rec-1250000000.cos.ap-guangzhou.myqcloud.com";
  r.path = "/live/cam1/rec%201.ts";
  r.bucket = "rec-1250000000";
  r.key = "live/cam1/rec 1.ts";
  r.query = {{"uploadId", "abc123"}, {"partNumber", "1"}};
  r.headers = {{"content-length", "13"},
               {"content-md5", "mQ/fVh815F3k6TAUm8m0eg=="},
               {"x-cos-storage-class", "STANDARD_IA"}};
  return r;
}

// Spec 7.1; the SDK's cos_auth.py computes the same. Its validity begins at 1700000000.
TEST(CosSignature, ReproducesTheVector) {
  const auto headers =
      sent(sign_cos(a_cos_request(), {"AKIDEXAMPLE", "SECRETEXAMPLE", ""}, at(1'700'000'060)));
  EXPECT_EQ(headers.at("authorization"),
            "q-sign-algorithm=sha1&q-ak=AKIDEXAMPLE&q-sign-time=1700000000;1700003600"
            "&q-key-time=1700000000;1700003600"
            "&q-header-list=content-length;content-md5;host;x-cos-storage-class"
            "&q-url-param-list=partnumber;uploadid&q-signature=77bfca09ab7224d8599055bb58f49afb6e765623");
}

TEST(CosSignature, SignsTheTokenOfTemporaryCredentials) {
  const auto headers = sent(sign_cos(a_cos_request(), {"a", "b", "TOKEN"}, kNow));
  EXPECT_EQ(headers.at("x-cos-security-token"), "TOKEN");
  EXPECT_NE(headers.at("authorization").find("x-cos-security-token;x-cos-storage-class&"), std::string::npos);
}

// ---- OSS

// Spec 7.2: the SDK's own test.
TEST(OssSignature, ReproducesTheVectorOfVersion1) {
  StoreRequest r;
  r.method = "PUT";
  r.bucket = "examplebucket";
  r.key = "nelson";
  r.query = {{"acl", ""}, {"x-oss-process", "is not signed"}};
  r.headers = {{"content-md5", "eB5eJF1ptWaXm4bijSPyxw=="},
               {"content-type", "text/html"},
               {"x-oss-meta-magic", "abracadabra"},
               {"x-oss-meta-author", "alice"}};
  const auto headers = sent(sign_oss_v1(r, {"ak", "sk", ""}, at(1'672'223'261)));
  EXPECT_EQ(headers.at("x-oss-date"), "Wed, 28 Dec 2022 10:27:41 GMT");
  EXPECT_EQ(headers.at("authorization"), "OSS ak:/afkugFbmWDQ967j1vr6zygBLQk=");
}

// Spec 7.3.
TEST(OssSignature, ReproducesTheVectorOfVersion4) {
  StoreRequest r;
  r.method = "PUT";
  r.bucket = "rec-bucket";
  r.key = "record/live/cam 1/1731571200_0.ts";
  r.query = {{"partNumber", "1"}, {"uploadId", "ABC+/="}};
  r.headers = {{"content-type", "video/mp2t"}, {"x-oss-storage-class", "IA"}};
  const auto headers = sent(sign_oss_v4(r, {"AKEXAMPLE", "SKEXAMPLE", ""}, "cn-shanghai", kNow));
  EXPECT_EQ(headers.at("x-oss-content-sha256"), "UNSIGNED-PAYLOAD");
  EXPECT_EQ(headers.at("authorization"),
            "OSS4-HMAC-SHA256 Credential=AKEXAMPLE/20241114/cn-shanghai/oss/aliyun_v4_request,"
            "Signature=3cf9b1e5e1dff0b33aa4a75a6e067f5920a3cc1e4a73d52624fd4c24ce683bc3");
}

TEST(OssSignature, SignsTheTokenOfTemporaryCredentials) {
  StoreRequest r;
  r.method = "PUT";
  r.bucket = "b";
  const StoreCredentials with{"ak", "sk", "TOKEN"}, without{"ak", "sk", ""};
  EXPECT_EQ(sent(sign_oss_v1(r, with, kNow)).at("x-oss-security-token"), "TOKEN");
  EXPECT_NE(sent(sign_oss_v1(r, with, kNow)).at("authorization"),
            sent(sign_oss_v1(r, without, kNow)).at("authorization"));
  EXPECT_EQ(sent(sign_oss_v4(r, with, "eu", kNow)).at("x-oss-security-token"), "TOKEN");
  EXPECT_NE(sent(sign_oss_v4(r, with, "eu", kNow)).at("authorization"),
            sent(sign_oss_v4(r, without, "eu", kNow)).at("authorization"));
}

// ---- Addresses that hold a signature

std::string parameter(const std::string &query, const std::string &name) {
  const std::string wanted = "&" + name + "=";
  const std::size_t at = ("&" + query).find(wanted);
  if (at == std::string::npos) return "";
  const std::size_t from = at + wanted.size() - 1;
  return query.substr(from, query.find('&', from) - from);
}

StoreRequest a_download(const std::string &bucket, const std::string &host) {
  StoreRequest r;
  r.method = "GET";
  r.host = host;
  r.bucket = bucket;
  r.key = "live/cam 1/\xc3\xa9+.mp4";
  r.path = "/live/cam%201/%C3%A9%2B.mp4";
  r.query = {{"response-content-type", "video/mp4"},
             {"response-content-disposition", "attachment; filename*=UTF-8''a%20b.mp4"}};
  return r;
}

constexpr Validity kQuarter{kNow, Seconds(900)};

// The example of Amazon's documentation of signatures in query parameters.
TEST(PresignedAddress, IsThatOfAmazonsExample) {
  StoreRequest r;
  r.method = "GET";
  r.host = "examplebucket.s3.amazonaws.com";
  r.path = "/test.txt";
  const StoreCredentials credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
  const std::string query = presign_s3(r, credentials, "us-east-1", {at(1'369'353'600), Seconds(86400)});
  EXPECT_EQ(query,
            "X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

// cos-nodejs-sdk-v5 2.15 computes the same.
TEST(PresignedAddress, IsThatOfTencentsSdk) {
  const StoreRequest r = a_download("rec-1250000000", "rec-1250000000.cos.ap-guangzhou.myqcloud.com");
  const std::string query = presign_cos(r, {"AKIDEXAMPLE", "SECRETEXAMPLE", "TOK/+="}, kQuarter);
  EXPECT_EQ(parameter(query, "q-sign-time"), "1731571140%3B1731572100");
  EXPECT_EQ(parameter(query, "q-url-param-list"), "response-content-disposition%3Bresponse-content-type");
  EXPECT_EQ(parameter(query, "q-signature"), "46274470d8b553ee64d0fecfa356a61b51bc3260");
  EXPECT_EQ(parameter(query, "x-cos-security-token"), "TOK%2F%2B%3D");
  EXPECT_EQ(parameter(query, "response-content-type"), "video%2Fmp4");
}

// ali-oss 6.23 computes the same.
TEST(PresignedAddress, IsThatOfAlibabasSdk) {
  const StoreRequest r = a_download("rec-bucket", "rec-bucket.oss-cn-shanghai.aliyuncs.com");
  const StoreCredentials fixed{"AKEXAMPLE", "SKEXAMPLE", ""}, temporary{"AKEXAMPLE", "SKEXAMPLE", "TOK/+="};
  const std::string v1 = presign_oss_v1(r, fixed, kQuarter);
  EXPECT_EQ(parameter(v1, "Expires"), "1731572100");
  EXPECT_EQ(parameter(v1, "Signature"), "6TZNJS46tag%2BHfKZV83O9Ti99FM%3D");
  EXPECT_EQ(parameter(presign_oss_v1(r, temporary, kQuarter), "Signature"),
            "M%2Bm3PPgUY6MxThLgODSzSajPoMY%3D");
  EXPECT_EQ(parameter(presign_oss_v4(r, fixed, "cn-shanghai", kQuarter), "x-oss-signature"),
            "b12dc1b1a56780d1ccbc14a06c777d822ca218c31c09ebb74f9ef1e937c96272");
  const std::string v4 = presign_oss_v4(r, temporary, "cn-shanghai", kQuarter);
  EXPECT_EQ(parameter(v4, "x-oss-signature"),
            "f0c83cedfa3099abcdc644596f4815b74fb5c330939ffcfc25b28ad60abd9d4c");
  EXPECT_EQ(parameter(v4, "x-oss-security-token"), "TOK%2F%2B%3D");
}

TEST(StoreRequest, SendsItsQueryInOrderAndEncoded) {
  StoreRequest r;
  r.query = {{"uploads", ""}, {"key", "a b/+="}};
  EXPECT_EQ(query_of(r), "key=a%20b%2F%2B%3D&uploads");
}

}  // namespace
}  // namespace rec
