#include "server/setup_door/questions.h"

namespace dokku::server {
namespace {

SetupReply with_facts(Setup& setup, SetupReply reply) {
  const Result<SetupFacts> facts = setup.facts();
  if (!facts) {
    reply.message = facts.error().message();
    return reply;
  }
  reply.address = facts->address;
  reply.keys = std::to_string(facts->keys);
  if (!facts->domains.empty()) reply.domain = facts->domains.front().str();
  reply.remote = facts->remote;
  return reply;
}

}  // namespace

SetupReply answer(Setup& setup, const SetupQuestion& question) {
  using Kind = SetupReply::Kind;
  if (!question.apply) {
    const Result<bool> good = setup.opens(question.token);
    return good && *good ? with_facts(setup, {.kind = Kind::form}) : SetupReply{};
  }
  const Result<SetupDone> done =
      setup.apply_by_link(question.token, {question.keys, question.domain, question.address});
  if (done) return with_facts(setup, {.kind = Kind::done});
  if (done.error().code() == Errc::not_found) return {};
  SetupReply refused = with_facts(setup, {.kind = Kind::refused});
  refused.message = done.error().message();
  return refused;
}

}  // namespace dokku::server
