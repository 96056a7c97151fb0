#include "cli/wire/messages.h"

namespace dokku::cli::wire {
namespace {

class Writer {
 public:
  Writer& number8(std::uint8_t value) {
    bytes_ += static_cast<char>(value);
    return *this;
  }
  Writer& number16(std::uint16_t value) {
    return number8(static_cast<std::uint8_t>(value & 0xff))
        .number8(static_cast<std::uint8_t>(value >> 8));
  }
  Writer& number32(std::uint32_t value) {
    return number16(static_cast<std::uint16_t>(value & 0xffff))
        .number16(static_cast<std::uint16_t>(value >> 16));
  }
  Writer& text(std::string_view value) {
    number32(static_cast<std::uint32_t>(value.size()));
    bytes_ += value;
    return *this;
  }
  Writer& words(const std::vector<std::string>& values) {
    number32(static_cast<std::uint32_t>(values.size()));
    for (const std::string& value : values) text(value);
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads fields in order; the first that does not fit makes `end` fail with its name.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint32_t number(const char* field, std::size_t size) {
    if (!has(field, size)) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(rest_[i])) << (8 * i);
    }
    rest_.remove_prefix(size);
    return value;
  }
  std::uint8_t number8(const char* field) { return static_cast<std::uint8_t>(number(field, 1)); }
  std::uint16_t number16(const char* field) {
    return static_cast<std::uint16_t>(number(field, 2));
  }
  bool flag(const char* field) {
    const std::uint8_t value = number8(field);
    if (value > 1) wrong(field);
    return value == 1;
  }
  std::string text(const char* field) {
    const std::size_t size = number(field, 4);
    if (!has(field, size)) return {};
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    // Words become arguments and paths, where a zero byte would end them early.
    if (value.find('\0') != std::string::npos) wrong(field);
    return value;
  }
  std::vector<std::string> words(const char* field) {
    const std::uint32_t count = number(field, 4);
    // Each word takes at least the four bytes of its length.
    if (count > kWordsMax || count > rest_.size() / 4) wrong(field);
    std::vector<std::string> values;
    for (std::uint32_t i = 0; i < count && !wrong_; ++i) values.push_back(text(field));
    return values;
  }
  Result<> end() {
    if (!wrong_ && !rest_.empty()) wrong("end");
    if (wrong_) return fail(Errc::invalid_argument, std::string("malformed frame: ") + wrong_);
    return {};
  }

 private:
  void wrong(const char* field) {
    if (!wrong_) wrong_ = field;
  }
  bool has(const char* field, std::size_t size) {
    if (wrong_) return false;
    if (rest_.size() < size) wrong(field);
    return !wrong_;
  }

  std::string_view rest_;
  const char* wrong_ = nullptr;
};

}  // namespace

std::string encode_call(const Call& call) {
  Writer writer;
  writer.words(call.argv);
  writer.number32(static_cast<std::uint32_t>(call.environment.size()));
  for (const auto& [name, value] : call.environment) writer.text(name).text(value);
  writer.text(call.key_id);
  writer.number8(call.stdin_is_terminal).number8(call.stdout_is_terminal);
  writer.number16(call.columns).number16(call.rows);
  return writer.take();
}

Result<Call> decode_call(std::string_view bytes) {
  Reader reader(bytes);
  Call call;
  call.argv = reader.words("argv");
  const std::uint32_t variables = reader.number("environment", 4);
  for (std::uint32_t i = 0; i < variables && i < kWordsMax; ++i) {
    std::string name = reader.text("environment");
    std::string value = reader.text("environment");
    if (name.empty()) break;  // malformed, or a variable without a name: the rest will not fit
    call.environment.insert_or_assign(std::move(name), std::move(value));
  }
  call.key_id = reader.text("key");
  call.stdin_is_terminal = reader.flag("stdin");
  call.stdout_is_terminal = reader.flag("stdout");
  call.columns = reader.number16("columns");
  call.rows = reader.number16("rows");
  TRY(reader.end());
  return call;
}

std::string encode_resize(const Resize& resize) {
  return Writer().number16(resize.columns).number16(resize.rows).take();
}

Result<Resize> decode_resize(std::string_view bytes) {
  Reader reader(bytes);
  Resize resize;
  resize.columns = reader.number16("columns");
  resize.rows = reader.number16("rows");
  TRY(reader.end());
  return resize;
}

std::string encode_attach(const Attach& attach) {
  return Writer()
      .number8(attach.has_in)
      .number8(attach.has_out)
      .number8(attach.has_err)
      .number8(attach.terminal)
      .words(attach.resume)
      .take();
}

Result<Attach> decode_attach(std::string_view bytes) {
  Reader reader(bytes);
  Attach attach;
  attach.has_in = reader.flag("in");
  attach.has_out = reader.flag("out");
  attach.has_err = reader.flag("err");
  attach.terminal = reader.flag("terminal");
  attach.resume = reader.words("resume");
  TRY(reader.end());
  return attach;
}

std::string encode_become(const Become& become) {
  return Writer().words(become.argv).words(become.environment).take();
}

Result<Become> decode_become(std::string_view bytes) {
  Reader reader(bytes);
  Become become;
  become.argv = reader.words("argv");
  become.environment = reader.words("environment");
  TRY(reader.end());
  if (become.argv.empty()) return fail(Errc::invalid_argument, "malformed frame: argv");
  return become;
}

std::string encode_answer(const Answer& answer) {
  return Writer().number8(answer.has_line).text(answer.line).take();
}

Result<Answer> decode_answer(std::string_view bytes) {
  Reader reader(bytes);
  Answer answer;
  answer.has_line = reader.flag("has line");
  answer.line = reader.text("line");
  TRY(reader.end());
  return answer;
}

std::string encode_number(std::uint8_t number) { return Writer().number8(number).take(); }

Result<std::uint8_t> decode_number(std::string_view bytes) {
  Reader reader(bytes);
  const std::uint8_t number = reader.number8("number");
  TRY(reader.end());
  return number;
}

}  // namespace dokku::cli::wire
