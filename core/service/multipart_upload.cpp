// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/multipart_upload.h"

#include <map>
#include <utility>

#include "core/base/digest.h"
#include "core/io/files.h"

namespace rec {
namespace {

constexpr std::size_t kMd5Hex = 32;

class Upload {
 public:
  Upload(BucketClient &bucket, MultipartJob job, GCancellable *cancel)
      : bucket_(bucket), job_(std::move(job)), cancel_(cancel), parts_(parts_of(job_.bytes)) {}

  Status run() {
    if (parts_.empty())
      return Error{Errc::invalid_argument, "'" + job_.path + "' is longer than an object can be"};
    if (!job_.upload_id.empty()) {
      Status resumed = go_on();
      // The store has forgotten it, or it was completed: the answer to that may have been lost.
      if (resumed || resumed.error().code != Errc::not_found) return resumed;
      REC_TRY(const bool is_there, is_complete());
      if (is_there) return ok();
      REC_CHECK(job_.remember(""));
    }
    REC_CHECK(abort_forgotten());
    REC_TRY(const HttpResponse begun, send("POST", {{"uploads", ""}}, job_.content_type));
    REC_TRY(job_.upload_id, parse_upload_id(begun.body));
    REC_CHECK(job_.remember(job_.upload_id));
    sent_.clear();
    return send_and_complete();
  }

 private:
  BucketCall call(const char *method, HeaderList query) const {
    BucketCall call;
    call.method = method;
    call.key = job_.key;
    call.query = std::move(query);
    return call;
  }
  Result<HttpResponse> send(const char *method, HeaderList query, const std::string &content_type = "",
                            std::string body = "") {
    BucketCall one = call(method, std::move(query));
    one.content_type = content_type;
    one.body = std::move(body);
    if (one.query.front().first == "uploads") one.storage_class = job_.storage_class;
    return bucket_.send(one, cancel_);
  }

  // Errors: not_found when the store does not know the upload.
  Status go_on() {
    unsigned marker = 0;
    do {
      HeaderList query = {{"uploadId", job_.upload_id}};
      if (marker > 0) query.emplace_back("part-number-marker", std::to_string(marker));
      REC_TRY(const HttpResponse answer, send("GET", std::move(query)));
      REC_TRY(const PartList list, parse_part_list(answer.body));
      for (const PartAnswer &part : list.parts) {
        if (part.number > parts_.size() || part.bytes != parts_[part.number - 1].bytes) continue;
        REC_TRY(const bool same, is_same(part));
        if (same) sent_[part.number] = part.etag;
      }
      if (list.next <= marker) break;
      marker = list.next;
    } while (true);
    return send_and_complete();
  }

  // Where the store tells the MD5 of a part, as all do for what is not encrypted with a key of its own.
  Result<bool> is_same(const PartAnswer &part) const {
    if (part.etag.size() != kMd5Hex) return true;
    REC_TRY(const std::string md5, digest_of(parts_[part.number - 1]));
    return g_ascii_strcasecmp(to_hex(md5).c_str(), part.etag.c_str()) == 0;
  }

  Status send_and_complete() {
    for (const PartRange &part : parts_)
      if (!sent_.contains(part.number)) REC_CHECK(send_part(part));
    std::string body = "<CompleteMultipartUpload>";
    for (const auto &[number, etag] : sent_) {
      const CString escaped(g_markup_escape_text(etag.data(), static_cast<gssize>(etag.size())));
      body += "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>\"" + escaped.get() +
              "\"</ETag></Part>";
    }
    body += "</CompleteMultipartUpload>";
    REC_CHECK(send("POST", {{"uploadId", job_.upload_id}}, "application/xml", std::move(body)));
    return compare_length();
  }

  Status send_part(const PartRange &part) {
    BucketCall put = call("PUT", {{"partNumber", std::to_string(part.number)}, {"uploadId", job_.upload_id}});
    put.content_type = "application/octet-stream";
    put.body_path = job_.path;
    put.body_offset = part.offset;
    put.body_bytes = part.bytes;
    REC_TRY(const HttpResponse answer, bucket_.send(put, cancel_));
    const auto etag = answer.headers.find("etag");
    if (etag == answer.headers.end() || etag->second.empty())
      return Error{Errc::unavailable,
                   "the store took part " + std::to_string(part.number) + " without an ETag"};
    std::string name = etag->second;
    if (name.front() == '"') name = name.substr(1, name.size() - 2);
    sent_[part.number] = std::move(name);
    return ok();
  }

  Status compare_length() {
    REC_TRY(const HttpResponse head, bucket_.send(call("HEAD", {}), cancel_));
    const auto length = head.headers.find("content-length");
    if (length != head.headers.end() && length->second == std::to_string(job_.bytes)) return ok();
    return Error{Errc::corrupt, "the store's object is not as long as '" + job_.path + "'"};
  }

  // Whether the object is this file, put together from these parts: an older one may be as long. Where the
  // store names objects otherwise (S3: MD5 of the parts' MD5s and their number) the file goes up again.
  Result<bool> is_complete() {
    const auto head = bucket_.send(call("HEAD", {}), cancel_);
    if (!head && head.error().code == Errc::not_found) return false;
    if (!head) return head.error();
    const auto etag = head->headers.find("etag");
    if (etag == head->headers.end() || !compare_length()) return false;
    std::string digests;
    for (const PartRange &part : parts_) {
      REC_TRY(const std::string md5, digest_of(part));
      digests += md5;
    }
    const std::string name = hex_digest(Hash::md5, digests) + "-" + std::to_string(parts_.size());
    return g_ascii_strcasecmp(etag->second.c_str(), ("\"" + name + "\"").c_str()) == 0;
  }

  Result<std::string> digest_of(const PartRange &part) const {
    return digest_of_file(Hash::md5, job_.path, part.offset, part.bytes,
                          [this] { return cancel_ && g_cancellable_is_cancelled(cancel_); });
  }

  // Begun by who died before it could be remembered. Some stores cannot list them: those that nobody
  // completes are then the lifecycle's.
  Status abort_forgotten() {
    BucketCall list;
    list.method = "GET";
    list.query = {{"uploads", ""}, {"prefix", job_.key}};
    const auto answer = bucket_.send(list, cancel_);
    if (!answer)
      return answer.error().retryable() || answer.error().code == Errc::cancelled ? Status(answer.error())
                                                                                  : ok();
    REC_TRY(const auto uploads, parse_upload_list(answer->body));
    for (const UploadAnswer &upload : uploads) {
      if (upload.key != job_.key) continue;
      const auto aborted = send("DELETE", {{"uploadId", upload.upload_id}});
      if (!aborted && aborted.error().code != Errc::not_found) return aborted.error();
    }
    return ok();
  }

  BucketClient &bucket_;
  MultipartJob job_;
  GCancellable *cancel_;
  const std::vector<PartRange> parts_;
  std::map<unsigned, std::string> sent_;  // part -> ETag
};

}  // namespace

Status upload_in_parts(BucketClient &bucket, MultipartJob job, GCancellable *cancel) {
  return Upload(bucket, std::move(job), cancel).run();
}

}  // namespace rec
