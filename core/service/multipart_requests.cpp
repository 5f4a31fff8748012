// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/multipart_requests.h"

#include <glib.h>

#include <utility>

#include "core/base/glib_ptr.h"

namespace rec {

BucketCall MultipartRequests::call(const char *method, HeaderList query) const {
  BucketCall call;
  call.method = method;
  call.key = key_;
  call.query = std::move(query);
  return call;
}

Result<std::string> MultipartRequests::begin(const BucketCall &object) {
  BucketCall begin = call("POST", {{"uploads", ""}});
  begin.content_type = object.content_type;
  begin.storage_class = object.storage_class;
  begin.about = object.about;
  REC_TRY(const HttpResponse begun, send(begin));
  return parse_upload_id(begun.body);
}

Result<std::string> MultipartRequests::send(const std::string &upload_id, const std::string &path,
                                            const PartRange &part) {
  BucketCall put = call("PUT", {{"partNumber", std::to_string(part.number)}, {"uploadId", upload_id}});
  put.content_type = "application/octet-stream";
  put.body_path = path;
  put.body_offset = part.offset;
  put.body_bytes = part.bytes;
  return send_part(put, part.number);
}

Result<std::string> MultipartRequests::send_bytes(const std::string &upload_id, unsigned number,
                                                  const std::string &bytes) {
  BucketCall put = call("PUT", {{"partNumber", std::to_string(number)}, {"uploadId", upload_id}});
  put.content_type = "application/octet-stream";
  put.body = bytes;
  return send_part(put, number);
}

Result<std::string> MultipartRequests::send_part(const BucketCall &put, unsigned number) {
  REC_TRY(const HttpResponse answer, send(put));
  const auto etag = answer.headers.find("etag");
  if (etag == answer.headers.end() || etag->second.empty())
    return Error{Errc::unavailable, "the store took part " + std::to_string(number) + " without an ETag"};
  std::string name = etag->second;
  if (name.size() >= 2 && name.front() == '"') name = name.substr(1, name.size() - 2);
  return name;
}

Result<std::string> MultipartRequests::copy(const std::string &upload_id, const std::string &from,
                                            const PartRange &part) {
  BucketCall put = call("PUT", {{"partNumber", std::to_string(part.number)}, {"uploadId", upload_id}});
  put.copy_from = from;
  put.copy_offset = part.offset;
  put.copy_bytes = part.bytes;
  REC_TRY(const HttpResponse answer, send(put));
  return parse_copied_part(answer.body);
}

Status MultipartRequests::remove() {
  const auto removed = send(call("DELETE", {}));
  if (!removed && removed.error().code != Errc::not_found) return removed.error();
  return ok();
}

Result<std::vector<PartAnswer>> MultipartRequests::list(const std::string &upload_id) {
  std::vector<PartAnswer> parts;
  for (unsigned marker = 0;;) {
    HeaderList query = {{"uploadId", upload_id}};
    if (marker > 0) query.emplace_back("part-number-marker", std::to_string(marker));
    REC_TRY(const HttpResponse answer, send(call("GET", std::move(query))));
    REC_TRY(const PartList page, parse_part_list(answer.body));
    parts.insert(parts.end(), page.parts.begin(), page.parts.end());
    if (page.next <= marker) return parts;
    marker = page.next;
  }
}

Status MultipartRequests::complete(const std::string &upload_id, const PartNames &parts) {
  BucketCall post = call("POST", {{"uploadId", upload_id}});
  post.content_type = "application/xml";
  post.body = "<CompleteMultipartUpload>";
  for (const auto &[number, etag] : parts) {
    const CString escaped(g_markup_escape_text(etag.data(), static_cast<gssize>(etag.size())));
    post.body += "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>\"" + escaped.get() +
                 "\"</ETag></Part>";
  }
  post.body += "</CompleteMultipartUpload>";
  REC_CHECK(send(post));
  return ok();
}

Status MultipartRequests::abort(const std::string &upload_id) {
  const auto aborted = send(call("DELETE", {{"uploadId", upload_id}}));
  if (!aborted && aborted.error().code != Errc::not_found) return aborted.error();
  return ok();
}

Status MultipartRequests::abort_all() {
  BucketCall list;
  list.method = "GET";
  list.query = {{"uploads", ""}, {"prefix", key_}};
  const auto answer = send(list);
  if (!answer)
    return answer.error().retryable() || answer.error().code == Errc::cancelled ? Status(answer.error())
                                                                                : ok();
  REC_TRY(const auto uploads, parse_upload_list(answer->body));
  for (const UploadAnswer &upload : uploads)
    if (upload.key == key_) REC_CHECK(abort(upload.upload_id));
  return ok();
}

Result<std::optional<MultipartRequests::Facts>> MultipartRequests::object() {
  const auto head = send(call("HEAD", {}));
  if (!head && head.error().code == Errc::not_found) return std::optional<Facts>();
  if (!head) return head.error();
  Facts facts;
  if (const auto found = head->headers.find("content-length"); found != head->headers.end())
    facts.length = found->second;
  if (const auto found = head->headers.find("etag"); found != head->headers.end()) facts.etag = found->second;
  return std::optional(std::move(facts));
}

}  // namespace rec
