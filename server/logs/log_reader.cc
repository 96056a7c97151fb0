#include "server/logs/log_reader.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "server/logs/chain.h"
#include "server/logs/segments.h"

namespace dokku::server {
namespace fs = std::filesystem;

namespace {

// A process type "run" has numbers up to 100, a one-off one of four digits.
bool is_run(const std::string& process) {
  constexpr std::string_view kRun = "run.";
  return process.starts_with(kRun) && process.size() >= kRun.size() + 4;
}

}  // namespace

class LogReader::Impl {
 public:
  explicit Impl(const LogQuery& query) : query_(query) {}

  Result<> start() {
    if (query_.follow) {
      inotify_ = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
      if (!inotify_.valid()) {
        return fail(Errc::unavailable, "too many followers at once (inotify instances)");
      }
      ::inotify_add_watch(inotify_.get(), query_.app_dir.c_str(), IN_CREATE | IN_MOVED_TO);
    }
    find_chains();
    begin_with_last_lines();
    return {};
  }

  Result<> read(const std::function<bool(const LogLine&)>& on_line) {
    take_events();
    std::vector<Source*> with_line;  // whose next line is known
    for (Source& source : sources_) {
      if (source.chain.peek() != nullptr) with_line.push_back(&source);
    }
    while (!with_line.empty()) {
      const auto first = std::min_element(with_line.begin(), with_line.end(), earlier);
      Source* const source = *first;
      LogLine line = *source->chain.peek();
      line.process = source->process;
      source->chain.take();
      if (source->chain.peek() == nullptr) with_line.erase(first);
      std::size_t& skipped = skip_[query_.per_process ? source->process : std::string()];
      if (skipped > 0 && line.stream != 's') {
        --skipped;
      } else if (!on_line(line)) {
        return {};
      }
    }
    return {};
  }

  int fd() const { return inotify_.get(); }

 private:
  struct Source {
    std::string process;
    Chain chain;
  };

  static bool earlier(Source* a, Source* b) {
    return std::tie(a->chain.peek()->time, a->process) <
           std::tie(b->chain.peek()->time, b->process);
  }

  bool wanted(const std::string& process) const {
    if (is_run(process) != (query_.of == LogQuery::Of::runs)) return false;
    if (!query_.process || process == *query_.process) return true;
    return process.size() > query_.process->size() && process.starts_with(*query_.process) &&
           process.find_last_of('.') == query_.process->size();
  }

  // Adds what is not known yet, each from its beginning. Watches come first, so that nothing
  // created meanwhile is missed.
  void find_chains() {
    std::error_code error;
    for (fs::directory_iterator at(query_.app_dir, error), end; !error && at != end;
         at.increment(error)) {
      const std::string process = at->path().filename().string();
      std::error_code ignored;
      if (!wanted(process) || !at->is_directory(ignored)) continue;
      if (inotify_.valid()) {
        ::inotify_add_watch(inotify_.get(), at->path().c_str(),
                            IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR);
      }
      std::map<std::string, Segment> first;
      for (Segment& segment : list_segments(at->path())) {
        auto [found, fresh] = first.try_emplace(segment.chain, segment);
        if (!fresh && segment.sequence < found->second.sequence) found->second = segment;
      }
      for (const auto& [name, segment] : first) {
        if (known_.insert(process + "/" + name).second) {
          sources_.push_back({process, Chain(segment)});
        }
      }
    }
  }

  void begin_with_last_lines() {
    std::map<std::string, std::size_t> total;
    for (Source& source : sources_) {
      total[query_.per_process ? source.process : std::string()] +=
          source.chain.seek_last(query_.lines);
    }
    for (const auto& [of, lines] : total) {
      if (lines > query_.lines) skip_[of] = lines - query_.lines;
    }
  }

  // Nothing is believed of the events but that there were some.
  void take_events() {
    if (!inotify_.valid()) return;
    alignas(inotify_event) std::array<char, 4096> events;  // NOLINT: filled by read
    bool created = false;
    for (ssize_t got; (got = ::read(inotify_.get(), events.data(), events.size())) > 0;) {
      for (ssize_t at = 0; at < got;) {
        const auto* event = reinterpret_cast<const inotify_event*>(events.data() + at);
        created = created || (event->mask & (IN_CREATE | IN_MOVED_TO | IN_Q_OVERFLOW)) != 0;
        at += static_cast<ssize_t>(sizeof *event + event->len);
      }
    }
    if (created) find_chains();
  }

  LogQuery query_;
  UniqueFd inotify_;
  std::vector<Source> sources_;
  std::set<std::string> known_;
  std::map<std::string, std::size_t> skip_;  // by process, or "" for all
};

LogReader::LogReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LogReader::LogReader(LogReader&&) noexcept = default;
LogReader& LogReader::operator=(LogReader&&) noexcept = default;
LogReader::~LogReader() = default;

Result<LogReader> LogReader::open(const LogQuery& query) {
  auto impl = std::make_unique<Impl>(query);
  TRY(impl->start());
  return LogReader(std::move(impl));
}

Result<> LogReader::read(const std::function<bool(const LogLine&)>& on_line) {
  return impl_->read(on_line);
}

int LogReader::fd() const { return impl_->fd(); }

}  // namespace dokku::server
