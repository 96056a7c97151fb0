// dokku-worker: parses the bytes of strangers for dokkud, and exits.
//
//   dokku-worker TASK ARGUMENTS…    the table in buildstep/buildpack/worker.cc
//   dokku-worker setup-page         the set-up page, to a listener on 3 and dokkud on 4
//   dokku-worker nft                nftables commands from standard input (runtime/network/nft.h)
//
// Only dokkud starts it. It holds the libraries that parse, so that the daemon, which runs always,
// neither maps them nor trusts them.
#include <cstdlib>
#include <string_view>

#include "buildstep/buildpack/worker.h"
#include "buildstep/source/worker_call.h"
#include "runtime/network/nft.h"
#include "server/certificates/tar_pair.h"
#include "server/setup_page/page_server.h"

int main(int argc, char** argv) {
  // At once: what libnftables keeps for its next call a leak checker would call an error.
  if (argc == 2 && std::string_view(argv[1]) == "nft") std::_Exit(dokku::runtime::nft_task());
  if (argc == 2 && std::string_view(argv[1]) == "setup-page") {
    dokku::buildstep::confine_worker();
    return dokku::buildstep::answer(5, dokku::server::show_setup_page(3, 4));
  }
  return dokku::buildstep::worker_main(
      argc, argv, {{dokku::server::kCertificateTarTask, dokku::server::certificate_tar_task}});
}
