// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/splicesink/segment_file.h"

namespace rec {

Status OutputStream::status_of(const GError *error, const char *doing) const {
  if (!error) return ok();
  return Error{Errc::unavailable,
               std::string(doing) + " the stream for '" + location_ + "': " + error->message};
}

Status OutputStream::write(std::string_view bytes) {
  ErrorOut e;
  g_output_stream_write_all(stream_.get(), bytes.data(), bytes.size(), nullptr, nullptr, e.out());
  size_ += bytes.size();
  return status_of(e.get(), "writing to");
}

Status OutputStream::close() {
  ErrorOut e;
  g_output_stream_close(stream_.get(), nullptr, e.out());
  return status_of(e.get(), "closing");
}

std::uint64_t SegmentFile::size() const {
  return std::visit([](const auto &to) { return to.size(); }, to_);
}

Status SegmentFile::append(Ref<GstBuffer> buffer) {
  if (auto *file = std::get_if<OutputFile>(&to_)) return file->append(std::move(buffer));
  const MappedBuffer bytes(buffer.get());
  if (!bytes) return Error{Errc::unavailable, "mapping a buffer for a stream failed"};
  return std::get<OutputStream>(to_).write({reinterpret_cast<const char *>(bytes.data()), bytes.size()});
}

Status SegmentFile::flush() {
  auto *file = std::get_if<OutputFile>(&to_);
  return file ? file->flush() : ok();
}

Status SegmentFile::tick() {
  auto *file = std::get_if<OutputFile>(&to_);
  return file ? file->tick() : ok();
}

Result<std::string> SegmentFile::finish(const std::string &final_path) {
  if (auto *file = std::get_if<OutputFile>(&to_)) return file->finish(final_path);
  REC_CHECK(std::get<OutputStream>(to_).close());
  return final_path;
}

}  // namespace rec
