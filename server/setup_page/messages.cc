#include "server/setup_page/messages.h"

#include <array>

namespace dokku::server {
namespace {

template <std::size_t kCount>
std::string join(const std::array<std::string_view, kCount>& fields) {
  std::string bytes;
  for (const std::string_view field : fields) {
    bytes += field;
    bytes += '\0';
  }
  return bytes;
}

template <std::size_t kCount>
std::optional<std::array<std::string, kCount>> split(std::string_view bytes) {
  std::array<std::string, kCount> fields;
  for (std::string& field : fields) {
    const std::size_t end = bytes.find('\0');
    if (end == bytes.npos) return std::nullopt;
    field = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
  }
  if (!bytes.empty()) return std::nullopt;
  return fields;
}

bool is_kind(const std::string& text) {
  return text.size() == 1 && std::string_view("ufrd").find(text[0]) != std::string_view::npos;
}

}  // namespace

std::string encode(const SetupQuestion& question) {
  return join<5>({question.apply ? "apply" : "look", question.token, question.keys, question.domain,
                  question.address});
}

std::string encode(const SetupReply& reply) {
  const char kind = static_cast<char>(reply.kind);
  return join<6>({std::string_view(&kind, 1), reply.address, reply.keys, reply.domain, reply.remote,
                  reply.message});
}

std::optional<SetupQuestion> decode_setup_question(std::string_view bytes) {
  auto fields = split<5>(bytes);
  if (!fields) return std::nullopt;
  auto& [verb, token, keys, domain, address] = *fields;
  if (verb != "apply" && verb != "look") return std::nullopt;
  return SetupQuestion{verb == "apply", std::move(token), std::move(keys), std::move(domain),
                       std::move(address)};
}

std::optional<SetupReply> decode_setup_reply(std::string_view bytes) {
  auto fields = split<6>(bytes);
  if (!fields || !is_kind((*fields)[0])) return std::nullopt;
  auto& [kind, address, keys, domain, remote, message] = *fields;
  return SetupReply{static_cast<SetupReply::Kind>(kind[0]),
                    std::move(address),
                    std::move(keys),
                    std::move(domain),
                    std::move(remote),
                    std::move(message)};
}

}  // namespace dokku::server
