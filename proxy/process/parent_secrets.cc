#include <utility>

#include "base/io.h"
#include "base/log.h"
#include "proxy/process/parent_state.h"
#include "proxy/tls/server.h"

namespace dokku::proxy::process {

// --- at the start

Result<> Parent::start_tls() {
  if (!tickets_) tickets_ = TRY(tls::TicketKeys::make());
  loop_.timers().set(rotate_tickets_, loop_.now() + tls::kTicketKeyLife);
  return {};
}

// Before we give up our rights: the key may be root's alone.
Result<> Parent::read_default_certificate() {
  if (options_.default_certificate.empty()) return {};
  Certificate certificate;
  certificate.id = std::string(64, '0');
  certificate.chain = TRY(read_file(options_.default_certificate));
  certificate.key = TRY(read_file(options_.default_key));
  const Result<> usable = tls::check(certificate);
  if (!usable) {
    Error error = usable.error();
    return Fail(std::move(error).while_(options_.default_certificate.string()));
  }
  default_certificate_ = std::move(certificate);
  return {};
}

// Everything that a worker must know before its first connection.
void Parent::send_secrets(std::size_t slot) {
  WorkerSlot& worker = *workers_[slot];
  if (tickets_) worker.send({MessageKind::tickets, 0, tickets_->encode(), {}});
  for (const std::string& id : keys_.ids()) {
    worker.send({MessageKind::certificate, 0, encode_certificate(keys_.at(id)), {}});
  }
  if (!default_certificate_) return;
  worker.send({MessageKind::certificate, 0, encode_certificate(*default_certificate_), {}});
  worker.send({MessageKind::default_certificate, 0, default_certificate_->id, {}});
}

// --- ticket keys

void Parent::rotate_tickets() {
  loop_.timers().set(rotate_tickets_, loop_.now() + tls::kTicketKeyLife);
  const Result<> rotated = tickets_->rotate();
  if (!rotated) return log::error("ticket keys stay as they are: " + rotated.error().message());
  broadcast(MessageKind::tickets, 0, tickets_->encode());
}

// From the parent that we take over from: its clients resume with us.
void Parent::take_tickets(const std::string& payload) {
  Result<tls::TicketKeys> keys = tls::TicketKeys::decode(payload);
  if (keys) tickets_ = *keys;
}

// --- certificates

Result<> Parent::admit_certificates(const ControlRequest& request) {
  const std::vector<std::string> fresh =
      TRY(keys_.admit(request.groups, request.certificates));
  for (const std::string& id : fresh) {
    broadcast(MessageKind::certificate, 0, encode_certificate(keys_.at(id)));
  }
  return {};
}

// What the groups that this request replaces or removes name now.
std::vector<std::string> Parent::named_before(const ControlRequest& request) const {
  std::vector<std::string> ids;
  const auto add = [&](const Group& group) {
    for (std::string& id : named_certificates(group)) ids.push_back(std::move(id));
  };
  if (request.op == ControlOp::replace_all) {
    for (const Group& group : table_.groups()) add(group);
    return ids;
  }
  const std::string& key = request.op == ControlOp::put ? request.groups.front().key : request.key;
  if (const auto* old = table_.find_key(key); old != nullptr) add((*old)->group);
  return ids;
}

void Parent::sweep_certificates() {
  for (const std::string& id : keys_.sweep()) broadcast(MessageKind::forget_certificate, 0, id);
}

}  // namespace dokku::proxy::process
