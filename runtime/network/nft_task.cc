// The worker's side of nft.h: the only user of libnftables.
#include <nftables/libnftables.h>
#include <unistd.h>

#include <memory>
#include <string_view>

#include "base/io.h"
#include "runtime/network/nft.h"

namespace dokku::runtime {
namespace {

constexpr std::size_t kCommandBytesMax = 4 << 20;

struct Free {
  void operator()(nft_ctx* context) const { nft_ctx_free(context); }
};

int say(std::string_view text, int status) {
  return write_all(STDOUT_FILENO, text).has_value() ? status : 1;
}

}  // namespace

int nft_task() {
  const Result<std::string> commands = read_all(STDIN_FILENO, kCommandBytesMax);
  if (!commands) return say(commands.error().message(), 1);
  const std::unique_ptr<nft_ctx, Free> context(nft_ctx_new(NFT_CTX_DEFAULT));
  if (context == nullptr) return say("no nftables context", 1);
  nft_ctx_output_set_flags(context.get(), NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_HANDLE);
  if (nft_ctx_buffer_output(context.get()) != 0 || nft_ctx_buffer_error(context.get()) != 0) {
    return say("no memory for nftables' output", 1);
  }
  const int status = nft_run_cmd_from_buffer(context.get(), commands->c_str());
  if (status != 0) return say(nft_ctx_get_error_buffer(context.get()), 1);
  return say(nft_ctx_get_output_buffer(context.get()), 0);
}

}  // namespace dokku::runtime
