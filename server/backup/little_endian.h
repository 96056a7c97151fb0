// Numbers in a backup: little-endian, of a fixed size.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace dokku::server {

template <class T>
void put_number(std::string& to, T value) {
  static_assert(std::is_unsigned_v<T>);
  for (std::size_t i = 0; i < sizeof(T); ++i) to += static_cast<char>((value >> (8 * i)) & 0xFF);
}

// The caller has checked that it is there.
template <class T>
T number_at(std::string_view from, std::size_t at) {
  static_assert(std::is_unsigned_v<T>);
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value |
                           static_cast<T>(T{static_cast<unsigned char>(from[at + i])} << (8 * i)));
  }
  return value;
}

}  // namespace dokku::server
