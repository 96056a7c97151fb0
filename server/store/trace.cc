#include "server/store/trace.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "server/store/trace_notes.h"

namespace dokku::server {
namespace {

thread_local StoreTrace* trace = nullptr;
thread_local StoreDeed* noting = nullptr;

std::string_view next_word(std::string_view& text) {
  constexpr std::string_view kBetween = " \n(),;";
  text.remove_prefix(std::min(text.find_first_not_of(kBetween), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kBetween));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

StoreTrace::StoreTrace(std::function<void(const StoreDeed&)> on_deed)
    : on_deed_(std::move(on_deed)) {
  CHECK(trace == nullptr);
  trace = this;
}

StoreTrace::~StoreTrace() { trace = nullptr; }

DeedUnderWay::DeedUnderWay(bool changes) {
  if (trace == nullptr) return;
  deed_.emplace();
  deed_->changes = changes;
  from_ = std::chrono::steady_clock::now();
}

DeedUnderWay::~DeedUnderWay() {
  if (!deed_ || trace == nullptr) return;
  deed_->took = std::chrono::steady_clock::now() - from_;
  trace->on_deed_(*deed_);
}

NotingStatements::NotingStatements(StoreDeed* deed) : before_(std::exchange(noting, deed)) {}

NotingStatements::~NotingStatements() { noting = before_; }

// Names of tables stand behind one of four words; our statements are simple enough.
void note_statement(std::string_view sql) {
  if (noting == nullptr) return;
  ++noting->statements;
  std::string_view before;
  for (std::string_view word = next_word(sql); !word.empty(); word = next_word(sql)) {
    const bool names =
        before == "FROM" || before == "JOIN" || before == "INTO" || before == "UPDATE";
    if (names) noting->tables.emplace(word);
    before = word;
  }
}

}  // namespace dokku::server
