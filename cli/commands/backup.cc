// server:backup and server:restore, apps:export and apps:import: everything in one file, and back.
//
// The caller opens the files; a backup on standard output leaves nothing else there.
#include <unistd.h>

#include "base/io.h"
#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "server/backup/backup_key.h"

namespace dokku::cli {
namespace {

using server::App;
using server::AppName;
using server::BackupDone;
using server::Envelope;
using server::OpenWith;
using server::RestoreDone;
using server::SealFor;

constexpr std::size_t kKeyFileMax = 64 << 10;

// Lines for people who cannot read standard output, since a backup goes there.
class QuietOutput final : public server::Progress {
 public:
  QuietOutput(Invocation& call, bool taken) : call_(call), to_stderr_(taken) {}
  void step(std::string_view text) override { say("-----> ", text); }
  void title(std::string_view text) override { say("=====> ", text); }
  void detail(std::string_view text) override { say("       ", text); }
  void warn(std::string_view text) override { call_.print.warn(text); }
  void line(std::string_view text) override { say("", text); }
  const CancelToken& cancel() const override { return call_.session.cancel(); }

 private:
  void say(std::string_view marker, std::string_view text) {
    if (call_.globals.quiet) return;
    const std::string whole = std::string(marker) + std::string(text) + "\n";
    if (to_stderr_) {
      call_.session.err(whole);
    } else {
      call_.session.out(whole);
    }
  }
  Invocation& call_;
  const bool to_stderr_;
};

// --- keys

// What is typed twice is what was meant.
Result<std::string> typed_passphrase(Invocation& call, const char* prompt, bool twice) {
  std::string word = TRY(call.session.ask_secret(prompt));
  if (!twice || word.empty()) return word;
  const std::string again = TRY(call.session.ask_secret("Once more: "));
  if (again != word) return fail(Errc::invalid_argument, "The passphrases differ");
  return word;
}

Result<std::string> text_of(Invocation& call, const std::string& file) {
  if (file == "-") return call.session.read_stdin(kKeyFileMax);
  const Result<UniqueFd> opened = call.session.open_callers_file(file);
  if (!opened) return fail(Errc::invalid_argument, opened.error().message());
  return read_all(opened->get(), kKeyFileMax);
}

// The first line of the file.
Result<std::string> passphrase_of(Invocation& call) {
  const std::string file = call.options.text("passphrase-file");
  const bool at_terminal = file == "-" && call.session.terminal().stdin_is_terminal;
  std::string text =
      TRY(at_terminal ? typed_passphrase(call, "Passphrase: ", false) : text_of(call, file));
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return fail(Errc::invalid_argument, "The passphrase is empty");
  if (text.size() > server::kPassphraseBytesMax) {
    return fail(Errc::limit_exceeded, "The passphrase is longer than 4096 bytes");
  }
  return text;
}

Result<SealFor> seal_for(Invocation& call) {
  SealFor whom;
  for (const std::string& each : call.options.list("recipient")) {
    const server::SealKey key = TRY(server::parse_public_key(each));
    whom.recipients.push_back(key);
  }
  if (call.options.has("passphrase-file")) {
    whom.passphrase = TRY(passphrase_of(call));
  } else if (whom.recipients.empty() && call.session.terminal().stdin_is_terminal) {
    const std::string typed = TRY(typed_passphrase(call, "Passphrase (empty: not sealed): ", true));
    if (!typed.empty()) whom.passphrase = typed;
  }
  return whom;
}

Result<OpenWith> open_with(Invocation& call, const Envelope& envelope, bool stdin_taken) {
  OpenWith with;
  if (envelope.by_key && call.options.has("identity")) {
    const std::string text = TRY(text_of(call, call.options.text("identity")));
    with.secret = TRY(server::parse_secret_key(text));
  }
  if (!envelope.by_passphrase || with.secret) return with;
  if (call.options.has("passphrase-file")) {
    with.passphrase = TRY(passphrase_of(call));
  } else if (call.session.terminal().stdin_is_terminal && !stdin_taken) {
    with.passphrase = TRY(typed_passphrase(call, "Passphrase of the backup: ", false));
  }
  return with;
}

// --- files

// "-" when none is named and nobody sits there.
Result<std::string> file_word(Invocation& call, std::size_t index, bool terminal,
                              const char* what) {
  TRY(at_most(call, index + 1));
  const std::string file = call.args.size() > index ? call.args[index] : "";
  const bool by_ssh = call.session.caller().kind != Caller::Kind::admin;
  if (by_ssh && !file.empty() && file != "-") {
    return fail(Errc::invalid_argument, "Over ssh only - works: the file would be the server's");
  }
  if ((file.empty() || file == "-") && terminal) {
    return fail(Errc::invalid_argument, std::string("Name a file, or ") + what);
  }
  return file.empty() ? "-" : file;
}

Result<UniqueFd> file_to_read(Invocation& call, const std::string& file) {
  for (const char* other : {"passphrase-file", "identity"}) {
    if (file == "-" && call.options.text(other) == "-") {
      return fail(Errc::invalid_argument,
                  std::string("Standard input is the backup: give --") + other + " a file");
    }
  }
  Result<UniqueFd> opened = call.session.open_callers_file(file == "-" ? "" : file);
  if (!opened) return fail(Errc::invalid_argument, opened.error().message());
  return opened;
}

Result<UniqueFd> file_to_write(Invocation& call, const std::string& file) {
  Result<UniqueFd> made = call.session.create_callers_file(file == "-" ? "" : file);
  if (made || !made.error().message().ends_with("File exists")) return made;
  return fail(made.error().code(),
              made.error().message() + "\nNothing is written over: name another file");
}

std::string text_of_size(std::uint64_t bytes) {
  if (bytes < (1U << 20)) return std::to_string((bytes + 1023) >> 10) + " kB";
  return std::to_string(bytes >> 20) + " MB";
}

std::string plural(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// --- out

Result<int> write_backup(Invocation& call, const server::BackupScope& scope,
                         const std::string& file) {
  const SealFor whom = TRY(seal_for(call));
  QuietOutput progress(call, file == "-");
  if (whom.nobody()) {
    call.print.warn(
        "The file will not be sealed: config, keys and certificates are in it in "
        "clear text\nSeal it: --passphrase-file FILE, or --recipient KEY "
        "(server:backup-key)");
  }
  const UniqueFd to = TRY(file_to_write(call, file));
  const BackupDone done = TRY(call.platform.backups.write(to.get(), scope, whom, progress));
  if (::fsync(to.get()) != 0 && errno != EINVAL && errno != EROFS) {
    return fail_syscall("fsync", errno);
  }
  for (const std::string& note : done.notes) call.print.warn(note);
  std::string line = plural(done.manifest.apps.size(), "app") + ", " +
                     plural(done.manifest.images.size(), "image") + ", " + text_of_size(done.bytes);
  record_event(call, scope.app ? scope.app->str() : "",
               line + (whom.nobody() ? ", not sealed" : ", sealed"));
  progress.title((file == "-" ? "Written: " : "Written to " + file + ": ") + line);
  return 0;
}

constexpr const char* kRedirect = "send standard output to one: … - > FILE";

Result<int> backup(Invocation& call) {
  const std::string file =
      TRY(file_word(call, 0, call.session.terminal().stdout_is_terminal, kRedirect));
  return write_backup(call, {.app = {}, .volumes = !call.options.has("no-volumes")}, file);
}

Result<int> export_app(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  const std::string file =
      TRY(file_word(call, 1, call.session.terminal().stdout_is_terminal, kRedirect));
  return write_backup(call, {.app = app.name, .volumes = !call.options.has("no-volumes")}, file);
}

Result<int> backup_key(Invocation& call) {
  TRY(at_most(call, 0));
  const server::BackupKeyPair pair = TRY(server::make_backup_key());
  call.print.line("# The secret key opens what is sealed with the public one. Keep it elsewhere.");
  call.print.line("# public: " + pair.public_text);
  call.print.line(pair.secret_text);
  return 0;
}

// --- in

Result<int> tell(Invocation& call, const RestoreDone& done) {
  for (const std::string& note : done.notes) call.print.warn(note);
  for (const App& app : done.apps) {
    const auto urls = call.platform.domains.urls(app);
    call.print.info2(app.name.str() + (app.stopped ? " (stopped)" : ""));
    if (!urls) continue;
    for (const std::string& url : *urls) call.print.verbose(url);
  }
  std::string names;
  for (const App& app : done.apps) names += (names.empty() ? "" : " ") + app.name.str();
  record_event(call, done.apps.size() == 1 ? done.apps[0].name.str() : "", names);
  return done.not_started.empty() ? 0 : 1;
}

constexpr const char* kFeed = "give it on standard input: … - < FILE";

Result<int> restore(Invocation& call) {
  server::RestoreWish wish;
  wish.force = call.options.has("force");
  if (call.options.has("domain")) {
    wish.domain = TRY(server::Domain::parse(call.options.text("domain")));
  }
  const std::string file =
      TRY(file_word(call, 0, call.session.terminal().stdin_is_terminal, kFeed));
  const UniqueFd from = TRY(file_to_read(call, file));
  wish.keys = [&](const Envelope& envelope) { return open_with(call, envelope, file == "-"); };
  wish.actor = {.by = call.who, .why = call.command};
  PrinterProgress progress(call);
  const RestoreDone done = TRY(call.platform.backups.restore(from.get(), wish, progress));
  call.print.info1("Restored " + plural(done.apps.size(), "app"));
  return tell(call, done);
}

Result<int> import_app(Invocation& call) {
  server::ImportWish wish;
  if (call.options.has("name")) wish.name = TRY(AppName::parse(call.options.text("name")));
  wish.volumes = !call.options.has("no-volumes");
  const std::string file =
      TRY(file_word(call, 0, call.session.terminal().stdin_is_terminal, kFeed));
  const UniqueFd from = TRY(file_to_read(call, file));
  wish.keys = [&](const Envelope& envelope) { return open_with(call, envelope, file == "-"); };
  wish.check_name = [&](const AppName& name) { return call.platform.apps.check_scope(name); };
  wish.actor = {.by = call.who, .why = call.command};
  PrinterProgress progress(call);
  const RestoreDone done = TRY(call.platform.backups.import(from.get(), wish, progress));
  call.print.info1("Imported " + done.apps[0].name.str());
  return tell(call, done);
}

}  // namespace

void add_backup_commands(Registry& registry) {
  const Flag passphrase{"passphrase-file", 0, Flag::Kind::text,
                        "file with the passphrase, - for standard input"};
  const Flag recipient{"recipient", 0, Flag::Kind::list, "public key to seal it for"};
  const Flag identity{"identity", 0, Flag::Kind::text, "file with the secret key that opens it"};
  const Flag bare{"no-volumes", 0, Flag::Kind::boolean, "without what apps have stored"};
  registry.add_topic({"server", "Back up the whole server, and restore it"});
  registry.add({.name = "apps:export",
                .arguments = "<app> [<file>|-]",
                .description = "Write an app, with images and volumes, into a file",
                .access = Access::admin,
                .run = export_app,
                .flags = {passphrase, recipient, bare},
                .long_running = true});
  registry.add(
      {.name = "apps:import",
       .arguments = "[--name <new>] <file>|-",
       .description = "Make an app of a file of apps:export",
       .access = Access::admin,
       .run = import_app,
       .flags = {passphrase, identity, bare, {"name", 0, Flag::Kind::text, "what to call it"}},
       .long_running = true});
  registry.add({.name = "server:backup",
                .arguments = "[<file>|-]",
                .description = "Write all that this server has into a file, while it works",
                .access = Access::admin,
                .run = backup,
                .flags = {passphrase, recipient, bare},
                .examples = {"server:backup --passphrase-file /root/word /srv/backup.dokku"},
                .long_running = true});
  registry.add(
      {.name = "server:backup-key",
       .description = "Make a key pair: the public one seals backups, the secret opens them",
       .access = Access::admin,
       .run = backup_key});
  registry.add({.name = "server:restore",
                .arguments = "[--force] [--domain <new>] <file>|-",
                .description = "Make this server what a file of server:backup says",
                .access = Access::root,
                .run = restore,
                .flags = {{"force", 'f', Flag::Kind::boolean, "destroy the apps that are there"},
                          {"domain", 0, Flag::Kind::text, "instead of the server's domain"},
                          passphrase,
                          identity},
                .long_running = true});
}

}  // namespace dokku::cli
