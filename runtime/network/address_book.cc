#include "runtime/network/address_book.h"

#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <string_view>

#include "base/io.h"

namespace dokku::runtime {

Result<AddressBook> AddressBook::load(const std::filesystem::path& file, unsigned first,
                                      unsigned last) {
  AddressBook book(file, first, last);
  Result<std::string> text = read_file(file);
  if (!text && text.error().code() == Errc::not_found) return book;
  if (!text) return Fail(std::move(text).error());
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t space = line.find(' ');
    unsigned number = 0;
    if (space == std::string_view::npos) continue;
    std::from_chars(line.data(), line.data() + space, number);
    const std::string id(line.substr(space + 1));
    if (id == "next") {
      if (number >= first && number <= last) book.next_ = number;
    } else if (number >= first && number <= last) {
      book.adopt(id, number);
    }
  }
  return book;
}

Result<unsigned> AddressBook::assign(const std::string& id) {
  const auto known = by_id_.find(id);
  if (known != by_id_.end()) return known->second;
  for (unsigned tried = first_; tried <= last_; ++tried) {
    const unsigned number = next_;
    next_ = next_ == last_ ? first_ : next_ + 1;
    if (by_number_.contains(number)) continue;
    adopt(id, number);
    return number;
  }
  return fail(Errc::conflict, "all addresses of the subnet are in use");
}

void AddressBook::adopt(const std::string& id, unsigned number) {
  forget(id);
  const auto held = by_number_.find(number);
  if (held != by_number_.end()) by_id_.erase(held->second);
  by_id_[id] = number;
  by_number_[number] = id;
}

void AddressBook::forget(const std::string& id) {
  const auto known = by_id_.find(id);
  if (known == by_id_.end()) return;
  by_number_.erase(known->second);
  by_id_.erase(known);
}

Result<> AddressBook::save() const {
  std::string text = std::to_string(next_) + " next\n";
  for (const auto& [number, id] : by_number_) text += std::to_string(number) + " " + id + "\n";
  std::filesystem::path fresh = file_;
  fresh += ".new";
  UniqueFd file = TRY(open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW));
  TRY(write_all(file.get(), text));
  if (::rename(fresh.c_str(), file_.c_str()) < 0) {
    return fail_syscall("rename to " + file_.string(), errno);
  }
  return {};
}

}  // namespace dokku::runtime
