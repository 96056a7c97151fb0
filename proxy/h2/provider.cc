#include "proxy/h2/impl.h"

namespace dokku::proxy::h2 {
namespace {

ssize_t read_source(nghttp2_session* session, std::int32_t stream, std::uint8_t* into,
                    std::size_t size, std::uint32_t* flags, nghttp2_data_source* source, void*) {
  auto& body = *static_cast<BodySource*>(source->ptr);
  const Outgoing out = body.pull(stream, reinterpret_cast<char*>(into), size);
  if (out.size == 0 && !out.end) return NGHTTP2_ERR_DEFERRED;
  if (out.end) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!out.trailers.empty()) {
      FieldList fields;
      fields.add_lines(out.trailers);
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      ::nghttp2_submit_trailer(session, stream, fields.data(), fields.size());
    }
  }
  return static_cast<ssize_t>(out.size);
}

}  // namespace

nghttp2_data_provider provider_for(BodySource& source) {
  nghttp2_data_provider provider{};
  provider.source.ptr = &source;
  provider.read_callback = read_source;
  return provider;
}

Options common_options(std::size_t continuations_max) {
  nghttp2_option* option = nullptr;
  if (::nghttp2_option_new(&option) != 0) return nullptr;
  ::nghttp2_option_set_no_auto_window_update(option, 1);
  ::nghttp2_option_set_max_continuations(option, continuations_max);
  ::nghttp2_option_set_max_outbound_ack(option, 256);
  return Options(option);
}

}  // namespace dokku::proxy::h2
