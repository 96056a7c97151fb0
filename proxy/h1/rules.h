// The rules of HTTP/1.1 that the codec enforces, each under a name of its own.
//
// In what is shipped, enforced() is a constant: the compiler leaves nothing of it. The conformance
// tests build the proxy a second time with DOKKU_BREAKABLE_RULES; there each rule can be switched
// off while it runs, and a test shows that a message then gets through which must not
// (tests/conformance/README.md).
#pragma once

#include <cstdint>

namespace dokku::proxy::h1 {

enum class Rule : std::uint8_t {
  // Lines of a request (RFC 9112 §2.2, §3).
  line_ends_with_crlf,
  few_empty_lines_first,
  request_line_limit,
  method_is_token,
  method_length,
  version_is_literal,
  version_major_is_1,
  // Targets (RFC 9112 §3.2).
  target_bytes,
  asterisk_is_for_options,
  connect_is_refused,
  trace_is_refused,
  absolute_host_wins,
  target_has_known_form,
  // Host (RFC 9112 §3.2, RFC 9110 §7.2).
  host_is_there,
  host_is_one,
  host_is_authority,
  // Field lines (RFC 9112 §5, RFC 9110 §5.5).
  no_folding,
  name_is_token,
  value_bytes,
  fields_limit,
  head_limit,
  underscores_are_dropped,
  // Framing (RFC 9112 §6, RFC 9110 §8.6).
  length_is_digits,
  length_is_one,
  coding_is_chunked,
  coding_is_one,
  coding_or_length,
  coding_needs_1_1,
  // What is for one hop only, or not to be believed (RFC 9110 §7.6, §7.8, §10.1.1).
  hop_by_hop_is_dropped,
  forwarding_is_dropped,
  connection_is_tokens,
  connection_names_are_dropped,
  protected_names_stay,
  upgrade_conditions,
  h2c_is_dropped,
  expectation_is_known,
  max_forwards_counts,
  // Chunked bodies, of requests and of answers (RFC 9112 §7.1).
  chunk_size_digits,
  chunk_size_limit,
  chunk_line_end,
  chunk_extension_syntax,
  chunk_extension_limit,
  chunk_data_end,
  trailer_lines,
  trailer_names,
  trailer_limit,
  // Answers (RFC 9112 §4, §6.3, §9; RFC 9110 §15).
  status_line,
  reason_bytes,
  no_101_unasked,
  no_body_by_status,
  reset_content_is_empty,
  lengths_agree,
  answer_coding_is_chunked,
  answer_coding_or_length,
  nothing_behind_an_answer,
  cut_off_is_not_whole,
  no_interim_to_1_0,
  date_is_added,
  // A request's body and what follows it (RFC 9112 §9.3, §9.6).
  early_answer_ends_connection,
  refusal_ends_connection,
  upgrade_waits_for_101,
  kCount,
};

#ifdef DOKKU_BREAKABLE_RULES
bool enforced(Rule rule);
#else
constexpr bool enforced(Rule) { return true; }
#endif

}  // namespace dokku::proxy::h1
