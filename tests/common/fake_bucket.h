// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/base/digest.h"
#include "core/base/glib_ptr.h"
#include "core/io/files.h"
#include "core/io/http.h"
#include "tests/common/fake_http.h"
#include "tests/common/temp_dir.h"

namespace rec::test {

// A bucket in memory that keeps objects and uploads in parts as the stores document it (spec 7.6), one path
// style bucket "b". Signatures are not looked at.
class FakeBucket final : public HttpClient {
 public:
  std::map<std::string, std::string> objects;  // by key
  struct Part {
    std::string bytes;
    std::string etag;
  };
  struct Upload {
    std::string key;
    std::map<unsigned, Part> parts;
  };
  std::map<std::string, Upload> uploads;  // by id
  std::uint64_t part_bytes_sent = 0;
  std::size_t part_page = 1000;
  std::size_t object_page = 1000;
  std::vector<std::string> log;       // "PUT part 1"
  std::vector<std::string> labelled;  // those of them that tell the metadata "project"
  // The request with this number, counted from 1, is not answered: 0 = all are. `is_lost_after`: the bucket
  // has acted on it.
  std::size_t lost_request = 0;
  bool is_lost_after = false;
  bool fails_to_complete = false;  // with 200

  Result<HttpResponse> send(const HttpRequest &request, GCancellable *) override {
    const bool is_lost = ++requests_ == lost_request;
    const Error gone{Errc::unavailable, "connection reset"};
    if (is_lost && !is_lost_after) return gone;
    HttpResponse answer = act(request);
    if (is_lost) return gone;
    return answer;
  }

 private:
  HttpResponse act(const HttpRequest &request) {
    const std::string rest = request.url.substr(request.url.find("/b/") + 3);
    const auto mark = rest.find('?');
    const std::string key = rest.substr(0, mark);
    std::map<std::string, std::string> query;
    std::string text = mark == rest.npos ? "" : rest.substr(mark + 1);
    while (!text.empty()) {
      const std::string pair = text.substr(0, text.find('&'));
      text = pair.size() == text.size() ? "" : text.substr(pair.size() + 1);
      query[pair.substr(0, pair.find('='))] =
          pair.find('=') == pair.npos ? "" : pair.substr(pair.find('=') + 1);
    }
    log.push_back(request.method + (query.contains("partNumber") ? " part " + query["partNumber"]
                                    : query.contains("uploads")  ? " uploads"
                                    : query.contains("uploadId") ? " upload"
                                                                 : ""));
    for (const auto &[name, value] : request.headers)
      if (name == "x-amz-meta-project") labelled.push_back(log.back());
    if (query.contains("uploads")) return request.method == "POST" ? begin(key) : list_uploads();
    if (query.contains("uploadId")) return of_upload(request, key, query);
    if (request.method == "HEAD") return head(key);
    if (request.method == "GET") return key.empty() ? list_objects(query) : get(request, key);
    if (request.method == "DELETE") return objects.erase(key), FakeHttp::status(204);
    if (const std::string from = header(request, "x-amz-copy-source"); !from.empty()) {
      if (!objects.contains(from.substr(3))) return FakeHttp::status(404);
      log.back() += " copy";
      objects[key] = objects[from.substr(3)];
      return FakeHttp::status(200, "<CopyObjectResult><ETag>&quot;x&quot;</ETag></CopyObjectResult>");
    }
    objects[key] = body_of(request);
    return FakeHttp::status(200);
  }

  static std::string header(const HttpRequest &request, const std::string &name) {
    for (const auto &[n, value] : request.headers)
      if (n == name) return value;
    return "";
  }

  static std::string body_of(const HttpRequest &request) {
    if (request.body_path.empty()) return request.body;
    std::string bytes(request.body_bytes, '\0');
    const auto file = RandomAccessFile::open(request.body_path);
    EXPECT_TRUE(file && file->read(request.body_offset,
                                   {reinterpret_cast<std::uint8_t *>(bytes.data()), bytes.size()}));
    return bytes;
  }

  HttpResponse begin(const std::string &key) {
    const std::string id = "id-" + std::to_string(++begun_);
    uploads[id].key = key;
    return FakeHttp::status(200, "<?xml version=\"1.0\"?>\n<InitiateMultipartUploadResult><Key>" + key +
                                     "</Key><UploadId>" + id + "</UploadId></InitiateMultipartUploadResult>");
  }

  HttpResponse list_uploads() const {
    std::string xml = "<ListMultipartUploadsResult>";
    for (const auto &[id, upload] : uploads)
      xml += "<Upload><Key>" + upload.key + "</Key><UploadId>" + id + "</UploadId></Upload>";
    return FakeHttp::status(200, xml + "</ListMultipartUploadsResult>");
  }

  HttpResponse of_upload(const HttpRequest &request, const std::string &key,
                         std::map<std::string, std::string> &query) {
    const auto found = uploads.find(query["uploadId"]);
    if (found == uploads.end() || found->second.key != key)
      return FakeHttp::status(404, "<Error><Code>NoSuchUpload</Code></Error>");
    Upload &upload = found->second;
    if (request.method == "DELETE") return uploads.erase(found), FakeHttp::status(204);
    if (request.method == "GET") return list_parts(upload, query["part-number-marker"]);
    if (request.method == "POST") return complete(request.body, found);
    Part part;
    part.bytes = body_of(request);
    part.etag = hex_digest(Hash::md5, part.bytes);
    part_bytes_sent += part.bytes.size();
    HttpResponse answer = FakeHttp::status(200);
    answer.headers["etag"] = "\"" + part.etag + "\"";
    upload.parts[static_cast<unsigned>(std::stoul(query["partNumber"]))] = std::move(part);
    return answer;
  }

  HttpResponse list_parts(const Upload &upload, const std::string &marker) const {
    std::string xml = "<ListPartsResult><StorageClass>STANDARD</StorageClass>";
    std::size_t listed = 0;
    unsigned last = 0;
    for (const auto &[number, part] : upload.parts) {
      if (number <= (marker.empty() ? 0 : std::stoul(marker))) continue;
      if (listed++ == part_page) {
        xml += "<IsTruncated>true</IsTruncated><NextPartNumberMarker>" + std::to_string(last) +
               "</NextPartNumberMarker>";
        break;
      }
      last = number;
      xml += "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>&quot;" + part.etag +
             "&quot;</ETag><Size>" + std::to_string(part.bytes.size()) + "</Size></Part>";
    }
    return FakeHttp::status(200, xml + "</ListPartsResult>");
  }

  HttpResponse complete(const std::string &body, std::map<std::string, Upload>::iterator upload) {
    if (fails_to_complete)
      return FakeHttp::status(200, "<Error><Code>InternalError</Code><Message>again</Message></Error>");
    std::string bytes, digests;
    std::size_t at = 0;
    std::size_t completed = 0;
    for (const auto &[number, part] : upload->second.parts) {
      if (body.find("<PartNumber>" + std::to_string(number) + "</PartNumber>") == body.npos) continue;
      ++completed;
      digests += raw_digest(Hash::md5, part.bytes);
      const std::string said = "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>\"" +
                               part.etag + "\"</ETag></Part>";
      at = body.find(said, at);
      if (at == body.npos) return FakeHttp::status(400, "<Error><Code>InvalidPart</Code></Error>");
      bytes += part.bytes;
    }
    etags_[upload->second.key] = hex_digest(Hash::md5, digests) + "-" + std::to_string(completed);
    objects[upload->second.key] = bytes;
    uploads.erase(upload);
    return FakeHttp::status(200, "<CompleteMultipartUploadResult/>");
  }

  // ListObjectsV2, percent-encoded.
  HttpResponse list_objects(const std::map<std::string, std::string> &query) const {
    const auto text = [&](const char *name) {
      const auto found = query.find(name);
      if (found == query.end()) return std::string();
      const CString plain(g_uri_unescape_string(found->second.c_str(), nullptr));
      return std::string(plain.get());
    };
    std::string xml = "<ListBucketResult><EncodingType>url</EncodingType>";
    std::size_t listed = 0;
    const std::string prefix = text("prefix");
    for (auto at = objects.upper_bound(std::max(text("start-after"), prefix)); at != objects.end(); ++at) {
      if (!at->first.starts_with(prefix)) break;
      if (listed++ == object_page) {
        xml += "<IsTruncated>true</IsTruncated>";
        break;
      }
      const CString key(g_uri_escape_string(at->first.c_str(), "/", FALSE));
      xml += std::string("<Contents><Key>") + key.get() + "</Key><Size>" + std::to_string(at->second.size()) +
             "</Size></Contents>";
    }
    return FakeHttp::status(200, xml + "</ListBucketResult>");
  }

  HttpResponse get(const HttpRequest &request, const std::string &key) const {
    const auto found = objects.find(key);
    if (found == objects.end()) return FakeHttp::status(404);
    const std::string range = header(request, "range");  // "bytes=0-9"
    if (range.empty()) return FakeHttp::status(200, found->second);
    const std::size_t from = std::stoul(range.substr(6));
    const std::size_t last = std::stoul(range.substr(range.find('-') + 1));
    return FakeHttp::status(206, found->second.substr(from, last - from + 1));
  }

  HttpResponse head(const std::string &key) const {
    const auto found = objects.find(key);
    if (found == objects.end()) return FakeHttp::status(404);
    HttpResponse answer = FakeHttp::status(200);
    answer.headers["content-length"] = std::to_string(found->second.size());
    const auto etag = etags_.find(key);
    answer.headers["etag"] =
        "\"" + (etag == etags_.end() ? hex_digest(Hash::md5, found->second) : etag->second) + "\"";
    return answer;
  }

  std::map<std::string, std::string> etags_;  // of objects that came in parts
  std::size_t requests_ = 0;
  unsigned begun_ = 0;
};

// One client of a bucket that others have, too. It outlives them.
class SharedHttp final : public HttpClient {
 public:
  explicit SharedHttp(HttpClient &to) : to_(to) {}
  Result<HttpResponse> send(const HttpRequest &request, GCancellable *cancel) override {
    return to_.send(request, cancel);
  }

 private:
  HttpClient &to_;
};

}  // namespace rec::test
