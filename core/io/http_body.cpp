// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/io/http_body.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/io/files.h"

namespace {

struct Stretch {
  const rec::HttpRequest &request;
  rec::RandomAccessFile file;
  std::uint64_t at = 0;  // in the stretch
};

}  // namespace

typedef struct {
  GInputStream parent;
  Stretch *stretch;
} RecBodyStream;
typedef struct {
  GInputStreamClass parent;
} RecBodyStreamClass;

GType rec_body_stream_get_type();
static void rec_body_stream_seekable(gpointer iface, gpointer);

G_DEFINE_TYPE_WITH_CODE(RecBodyStream, rec_body_stream, G_TYPE_INPUT_STREAM,
                        G_IMPLEMENT_INTERFACE(G_TYPE_SEEKABLE, rec_body_stream_seekable))

static Stretch &stretch_of(gpointer stream) { return *reinterpret_cast<RecBodyStream *>(stream)->stretch; }

static gssize read_stretch(GInputStream *stream, void *buffer, gsize size, GCancellable *cancel,
                           GError **error) {
  Stretch &s = stretch_of(stream);
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(size, s.request.body_bytes - s.at));
  if (bytes == 0) return 0;
  if (s.request.before_bytes) s.request.before_bytes(bytes);
  if (g_cancellable_set_error_if_cancelled(cancel, error)) return -1;
  if (!s.file.read(s.request.body_offset + s.at, {static_cast<std::uint8_t *>(buffer), bytes})) {
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                        "the file cannot be read or has become shorter");
    return -1;
  }
  s.at += bytes;
  return static_cast<gssize>(bytes);
}

static void rec_body_stream_seekable(gpointer iface, gpointer) {
  auto *seekable = static_cast<GSeekableIface *>(iface);
  seekable->tell = [](GSeekable *stream) { return static_cast<goffset>(stretch_of(stream).at); };
  seekable->can_seek = [](GSeekable *) -> gboolean { return TRUE; };
  seekable->can_truncate = [](GSeekable *) -> gboolean { return FALSE; };
  // A connection that was kept may turn out to be closed: then all is sent again on another one.
  seekable->seek = [](GSeekable *stream, goffset offset, GSeekType type, GCancellable *,
                      GError **error) -> gboolean {
    if (type == G_SEEK_SET && offset == 0) {
      stretch_of(stream).at = 0;
      return TRUE;
    }
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "only to the beginning");
    return FALSE;
  };
}

static void rec_body_stream_init(RecBodyStream *) {}

static void rec_body_stream_class_init(RecBodyStreamClass *klass) {
  G_INPUT_STREAM_CLASS(klass)->read_fn = read_stretch;
  G_OBJECT_CLASS(klass)->finalize = [](GObject *object) {
    delete reinterpret_cast<RecBodyStream *>(object)->stretch;
    G_OBJECT_CLASS(rec_body_stream_parent_class)->finalize(object);
  };
}

namespace rec {

Result<Ref<GInputStream>> open_body(const HttpRequest &request) {
  REC_TRY(auto file, RandomAccessFile::open(request.body_path));
  auto stretch = std::make_unique<Stretch>(Stretch{request, std::move(file)});
  auto *stream = static_cast<RecBodyStream *>(g_object_new(rec_body_stream_get_type(), nullptr));
  stream->stretch = stretch.release();
  return Ref<GInputStream>::adopt(G_INPUT_STREAM(stream));
}

}  // namespace rec
