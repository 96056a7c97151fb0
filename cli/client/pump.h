// Pump: copies one stream into another, as far as both are willing, without ever blocking long.
//
// For the streams of an attached process: bulk passes client and kernel only. The caller polls
// `wants_input` and `wants_output` and calls `step`; descriptors that are shared with other
// programs (a shell's terminal) keep their blocking mode. Threads: one.
#pragma once

#include <array>
#include <cstddef>

namespace dokku::cli {

class Pump {
 public:
  enum class State {
    open,
    drained,  // end of input, and all of it was written
    refused,  // nobody reads the output any more
  };

  // Both stay the caller's and open. `to_is_ours`: nobody shares it, so it may be non-blocking.
  Pump(int from, int to, bool to_is_ours);

  State state() const { return state_; }
  bool wants_input() const { return state_ == State::open && used_ == 0 && !ended_; }
  bool wants_output() const { return state_ == State::open && used_ > 0; }
  int from() const { return from_; }
  int to() const { return to_; }
  // After poll(2) said so.
  void read_once();
  void write_once();
  // Bytes that were read elsewhere before; at most what the buffer holds.
  void preload(const char* bytes, std::size_t size);
  // Takes no more input; what is in the buffer is still written.
  void end_input();

 private:
  int from_;
  int to_;
  bool to_is_socket_ = false;
  std::size_t write_max_;
  std::array<char, 65536> buffer_{};
  std::size_t at_ = 0;
  std::size_t used_ = 0;
  bool ended_ = false;
  State state_ = State::open;
};

}  // namespace dokku::cli
