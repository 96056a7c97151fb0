#include "proxy/control/traffic.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

namespace dokku::proxy {
namespace {

using nlohmann::json;

// The last time that still falls into `bucket`.
std::uint64_t end_of(std::size_t bucket) {
  if (bucket < 4) return bucket;
  const std::size_t width = bucket / 4 + 2;
  const std::uint64_t first = (std::uint64_t{4} + bucket % 4) << (width - 3);
  return first + (std::uint64_t{1} << (width - 3)) - 1;
}

// Name and member of each plain counter: one list for both directions and for sums.
template <class Each>
void each_counter(Traffic& a, Each each) {
  each("requests", a.requests);
  each("open", a.open);
  each("bytes-in", a.bytes_in);
  each("bytes-out", a.bytes_out);
  each("retries", a.retries);
  each("connect-failures", a.connect_failures);
}

template <class Each>
void each_counter(Totals& a, Each each) {
  each("workers", a.workers);
  each("clients", a.clients);
  each("app-connections", a.app_connections);
  each("accepted", a.accepted);
  each("connected", a.connected);
  each("requests", a.requests);
  each("refused", a.refused);
  each("turned-away", a.turned_away);
  each("log-lines-lost", a.log_lines_lost);
}

template <class T>
void sum(T& a, const T& b) {
  std::vector<std::uint64_t> more;
  each_counter(const_cast<T&>(b),
               [&](const char*, std::uint64_t& value) { more.push_back(value); });
  std::size_t at = 0;
  each_counter(a, [&](const char*, std::uint64_t& value) { value += more[at++]; });
}

std::vector<std::uint64_t> numbers_at(const json& object, const char* key) {
  std::vector<std::uint64_t> numbers;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return numbers;
  for (const json& each : *found) {
    numbers.push_back(each.is_number_unsigned() ? each.get<std::uint64_t>() : 0);
  }
  return numbers;
}

template <class T>
void read_counters(const json& object, T& into) {
  each_counter(into, [&](const char* name, std::uint64_t& value) {
    const auto found = object.find(name);
    if (found != object.end() && found->is_number_unsigned()) value = found->get<std::uint64_t>();
  });
}

template <class T>
json counters_of(const T& from) {
  json object = json::object();
  each_counter(const_cast<T&>(from),
               [&](const char* name, std::uint64_t& value) { object[name] = value; });
  return object;
}

json to_json(const Traffic& app) {
  json object = counters_of(app);
  object["key"] = app.key;
  object["release"] = app.generation;
  object["answers"] = app.answers;
  // From the left, as far as anything was counted.
  const auto& counts = app.latencies.counts();
  const auto last = std::find_if(counts.rbegin(), counts.rend(), [](auto n) { return n != 0; });
  object["latency-buckets"] = std::vector<std::uint64_t>(counts.begin(), last.base());
  json percentiles = json::object();
  for (const auto& [name, percent] : {std::pair("p50", 50.0), {"p90", 90.0}, {"p99", 99.0}}) {
    percentiles[name] = app.latencies.percentile(percent);
  }
  object["latency-us"] = std::move(percentiles);
  return object;
}

Result<Traffic> traffic_from(const json& object) {
  const auto key = object.find("key");
  const auto release = object.find("release");
  if (key == object.end() || !key->is_string() || release == object.end() ||
      !release->is_number_unsigned()) {
    return fail(Errc::invalid_argument, "traffic without key and release");
  }
  Traffic app;
  app.key = key->get<std::string>();
  app.generation = release->get<std::uint64_t>();
  read_counters(object, app);
  const std::vector<std::uint64_t> answers = numbers_at(object, "answers");
  std::copy_n(answers.begin(), std::min(answers.size(), app.answers.size()), app.answers.begin());
  app.latencies = TRY(Latencies::from(numbers_at(object, "latency-buckets")));
  return app;
}

}  // namespace

void Latencies::add(const Latencies& other) {
  if (counts_.size() < other.counts_.size()) counts_.resize(kBuckets);
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
}

std::uint64_t Latencies::percentile(double percent) const {
  std::uint64_t all = 0;
  for (const std::uint64_t count : counts_) all += count;
  if (all == 0) return 0;
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(
                                     std::ceil(static_cast<double>(all) * percent / 100.0)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted) return end_of(i);
  }
  return end_of(kBuckets - 1);
}

Result<Latencies> Latencies::from(std::vector<std::uint64_t> counts) {
  Latencies all;
  if (counts.size() > kBuckets) return fail(Errc::invalid_argument, "too many latency buckets");
  if (!counts.empty()) counts.resize(kBuckets);
  all.counts_ = std::move(counts);
  return all;
}

void Traffic::add(const Traffic& other) {
  sum(*this, other);
  for (std::size_t i = 0; i < answers.size(); ++i) answers[i] += other.answers[i];
  latencies.add(other.latencies);
}

void Totals::add(const Totals& other) { sum(*this, other); }

void ProxyTraffic::add(const ProxyTraffic& other) {
  totals.add(other.totals);
  const auto before = [](const Traffic& a, const Traffic& b) {
    return std::tie(a.key, a.generation) < std::tie(b.key, b.generation);
  };
  for (const Traffic& app : other.apps) {
    const auto at = std::lower_bound(apps.begin(), apps.end(), app, before);
    const bool same = at != apps.end() && !before(app, *at);
    if (same) {
      at->add(app);
    } else {
      apps.insert(at, app);
    }
  }
}

std::string encode_traffic(const ProxyTraffic& traffic) {
  json apps = json::array();
  for (const Traffic& app : traffic.apps) apps.push_back(to_json(app));
  const json all = {{"totals", counters_of(traffic.totals)}, {"apps", std::move(apps)}};
  return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<ProxyTraffic> decode_traffic(std::string_view text) {
  const json all = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!all.is_object()) return fail(Errc::invalid_argument, "traffic is not a JSON object");
  ProxyTraffic traffic;
  if (const auto totals = all.find("totals"); totals != all.end() && totals->is_object()) {
    read_counters(*totals, traffic.totals);
  }
  const auto apps = all.find("apps");
  if (apps == all.end() || !apps->is_array()) return traffic;
  for (const json& each : *apps) {
    if (!each.is_object()) return fail(Errc::invalid_argument, "traffic of an app is no object");
    Traffic app = TRY(traffic_from(each));
    traffic.apps.push_back(std::move(app));
  }
  return traffic;
}

}  // namespace dokku::proxy
