// dokku: the client. Also what an ssh key runs (`dokku --ssh-key ID`), and the program sshcommand.
#include <unistd.h>

#include "cli/client/client.h"
#include "cli/client/invocation.h"

int main(int argc, char** argv) {
  return dokku::cli::client_main(dokku::cli::arguments_of({argv, argv + argc}),
                                 dokku::cli::environment_from(environ));
}
