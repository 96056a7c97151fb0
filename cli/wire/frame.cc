#include "cli/wire/frame.h"

#include "base/check.h"

namespace dokku::cli::wire {
namespace {

constexpr std::string_view kMagic = "dokku/";

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::size_t payload_max(std::uint8_t type) {
  return type == static_cast<std::uint8_t>(FrameType::call) ? kCallBytesMax : kPayloadBytesMax;
}

bool known(std::uint8_t type, From from) {
  if (from == From::client) return type >= 1 && type <= 7;
  return type >= 32 && type <= 41;
}

}  // namespace

std::string greeting(std::uint16_t version) {
  std::string bytes(kMagic);
  bytes += static_cast<char>(version & 0xff);
  bytes += static_cast<char>(version >> 8);
  return bytes;
}

std::string encode(FrameType type, std::string_view payload, unsigned descriptors) {
  CHECK(payload.size() <= payload_max(static_cast<std::uint8_t>(type)));
  CHECK(descriptors <= kDescriptorsMax);
  std::string bytes;
  bytes.reserve(kHeaderBytes + payload.size());
  for (unsigned shift = 0; shift < 32; shift += 8) {
    bytes += static_cast<char>((payload.size() >> shift) & 0xff);
  }
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(descriptors);
  bytes.append(2, '\0');
  bytes += payload;
  return bytes;
}

Result<std::optional<std::uint16_t>> FrameReader::version() {
  if (greeted_) return std::optional(version_);
  const std::string_view seen = std::string_view(buffer_).substr(0, kMagic.size());
  if (seen != kMagic.substr(0, seen.size())) {
    return fail(Errc::invalid_argument, "the peer does not speak dokku's protocol");
  }
  if (buffer_.size() < kGreetingBytes) return std::optional<std::uint16_t>();
  version_ = static_cast<std::uint16_t>(byte_at(buffer_, 6) | (byte_at(buffer_, 7) << 8));
  greeted_ = true;
  at_ = kGreetingBytes;
  return std::optional(version_);
}

Result<> FrameReader::check(std::uint8_t type, std::size_t length, unsigned descriptors) const {
  if (!known(type, from_)) {
    return fail(Errc::invalid_argument, "unknown frame type " + std::to_string(type));
  }
  if (length > payload_max(type)) {
    return fail(Errc::invalid_argument,
                "a frame of " + std::to_string(length) + " bytes is too long");
  }
  if (descriptors > kDescriptorsMax) {
    return fail(Errc::invalid_argument, "a frame with too many descriptors");
  }
  if (byte_at(buffer_, at_ + 6) != 0 || byte_at(buffer_, at_ + 7) != 0) {
    return fail(Errc::invalid_argument, "a frame with reserved bits set");
  }
  return {};
}

Result<std::optional<Frame>> FrameReader::next() {
  const std::optional<std::uint16_t> greeted = TRY(version());
  if (!greeted || buffer_.size() - at_ < kHeaderBytes) return std::optional<Frame>();
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    length |= static_cast<std::size_t>(byte_at(buffer_, at_ + i)) << (8 * i);
  }
  const std::uint8_t type = byte_at(buffer_, at_ + 4);
  const unsigned descriptors = byte_at(buffer_, at_ + 5);
  TRY(check(type, length, descriptors));
  if (buffer_.size() - at_ - kHeaderBytes < length) return std::optional<Frame>();
  Frame frame{static_cast<FrameType>(type), descriptors,
              buffer_.substr(at_ + kHeaderBytes, length)};
  at_ += kHeaderBytes + length;
  // What was read is dropped in large steps, so that many small frames cost no copying.
  if (at_ == buffer_.size() || at_ > (64U << 10)) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  return std::optional(std::move(frame));
}

}  // namespace dokku::cli::wire
