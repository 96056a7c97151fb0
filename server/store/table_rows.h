// Rows of whole tables as values: out of a store into a backup, and out of a backup by way of a
// staged database into a store.
//
// A staged database is made here, with the schema that the rows had, filled, checked, and then
// opened as any Store: which takes the schema steps that are missing. Its rows go over in one
// transaction of the store that serves. Errors: invalid_argument names what does not fit;
// conflict: a newer schema.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/model/row.h"
#include "server/store/apps.h"

namespace dokku::server {

// All tables but the log of calls and the schema's own, by name.
Result<std::vector<std::string>> kept_tables(const ReadTx& tx);
// Of those the ones whose rows each belong to an app by its number; "apps" first.
Result<std::vector<std::string>> tables_of_apps(const ReadTx& tx);

struct TableWish {
  std::string table;              // one of the above
  std::optional<AppId> app = {};  // only what belongs to it
};
Result<> read_table(const ReadTx& tx, const TableWish& wish,
                    const std::function<Result<>(const std::vector<std::string>&)>& columns,
                    const std::function<Result<>(const Row&)>& row);

class StagedRows {
 public:
  static Result<std::unique_ptr<StagedRows>> create(const std::filesystem::path& file, int schema);
  ~StagedRows();
  StagedRows(const StagedRows&) = delete;
  StagedRows& operator=(const StagedRows&) = delete;

  // What `add` is about. `of_apps`: a table of apps, or it is refused.
  Result<> begin_table(const std::string& name, const std::vector<std::string>& columns,
                       bool of_apps);
  Result<> add(const Row& row);
  // Nothing refers to what is not there. The file is whole after this.
  Result<> finish();

 private:
  explicit StagedRows(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
  std::string insert_;
};

// All that is true becomes what is true in `staged`, which has our schema and is nobody's at work.
Result<> replace_rows(WriteTx& tx, const std::filesystem::path& staged);
// The app `there` of `staged` becomes one more app. already_exists: its name is taken.
Result<App> adopt_app(WriteTx& tx, const std::filesystem::path& staged, const App& there);

}  // namespace dokku::server
