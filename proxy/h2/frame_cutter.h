// FrameCutter: finds where frames begin in bytes that come in pieces, so that each head is seen
// when all before it has been worked through.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "proxy/h2/frame_guard.h"

namespace dokku::proxy::h2 {

class FrameCutter {
 public:
  // `preface`: bytes before the first frame.
  explicit FrameCutter(std::size_t preface) : preface_left_(preface) {}

  bool in_preface() const { return preface_left_ > 0; }

  // begins(FrameHead): false ends it; feed(bytes): false ends it, too.
  template <class Begins, class Feed>
  void cut(std::string_view bytes, Begins&& begins, Feed&& feed) {
    while (!bytes.empty()) {
      std::size_t take = 0;
      if (preface_left_ > 0) {
        take = std::min(preface_left_, bytes.size());
        preface_left_ -= take;
      } else if (payload_left_ > 0) {
        take = std::min<std::size_t>(payload_left_, bytes.size());
        payload_left_ -= static_cast<std::uint32_t>(take);
      } else {
        take = std::min(kFrameHeadBytes - head_bytes_, bytes.size());
        std::memcpy(head_.data() + head_bytes_, bytes.data(), take);
        head_bytes_ += take;
        bytes.remove_prefix(take);
        if (head_bytes_ < kFrameHeadBytes) return;
        head_bytes_ = 0;
        const FrameHead head = FrameHead::parse(head_.data());
        payload_left_ = head.length;
        if (!begins(head) || !feed({head_.data(), kFrameHeadBytes})) return;
        continue;
      }
      if (!feed(bytes.substr(0, take))) return;
      bytes.remove_prefix(take);
    }
  }

 private:
  std::size_t preface_left_;
  std::uint32_t payload_left_ = 0;
  std::size_t head_bytes_ = 0;
  std::array<char, kFrameHeadBytes> head_{};
};

}  // namespace dokku::proxy::h2
