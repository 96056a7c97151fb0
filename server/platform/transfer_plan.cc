#include "server/platform/transfer_plan.h"

#include <array>
#include <sstream>

#include "base/atomic_file.h"
#include "base/io.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

constexpr const char* kFile = "plan";
constexpr const char* kTaken = "backups.taken";

// Names have no blanks: they were parsed before they came here.
struct Kind {
  const char* word;
  std::vector<TransferPlan::Move> TransferPlan::*moves;
};
constexpr std::array kKinds{
    Kind{"image", &TransferPlan::images}, Kind{"sources", &TransferPlan::sources},
    Kind{"volume", &TransferPlan::volumes}, Kind{"aside", &TransferPlan::aside},
    Kind{"repository", &TransferPlan::repositories}};
constexpr const char* kEnvFile = "env-file";

Fail malformed(const std::string& line) {
  return fail(Errc::internal, "a transfer's plan is malformed: " + line);
}

Result<> take_line(const std::string& line, TransferPlan& plan) {
  std::istringstream words(line);
  std::string word;
  std::string from;
  words >> word >> from;
  if (from.empty()) return malformed(line);
  if (word == kEnvFile) {
    plan.env_files.push_back(from);
    return {};
  }
  std::string to;
  words >> to;
  for (const Kind& kind : kKinds) {
    if (word != kind.word || to.empty()) continue;
    (plan.*kind.moves).push_back({from, to});
    return {};
  }
  return malformed(line);
}

}  // namespace

Result<TransferPlan> read_plan(const std::filesystem::path& folder) {
  const std::string text = TRY(read_file(folder / kFile));
  TransferPlan plan;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) TRY(take_line(line, plan));
  return plan;
}

Result<> write_plan(const std::filesystem::path& folder, const TransferPlan& plan) {
  std::string text;
  for (const Kind& kind : kKinds) {
    for (const TransferPlan::Move& move : plan.*kind.moves) {
      text += std::string(kind.word) + " " + move.from + " " + move.to + "\n";
    }
  }
  for (const std::string& app : plan.env_files) text += std::string(kEnvFile) + " " + app + "\n";
  return write_file_atomically(folder / kFile, text);
}

Result<> mark_taken(WriteTx& tx, const std::string& transfer) {
  return set_property(tx, AppId::global, kTaken, transfer);
}

Result<bool> was_taken(const ReadTx& tx, const std::string& transfer) {
  const auto taken = TRY(property(tx, AppId::global, kTaken));
  return taken && *taken == transfer;
}

}  // namespace dokku::server
