"""Where the programs, the source and shared things are."""
import os
import socket

SOURCE = os.environ.get("DOKKU_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__)))))
BIN = os.environ.get("DOKKU_BIN") or os.path.join(SOURCE, "build", "dev", "bin")
PACKAGING = os.path.join(SOURCE, "packaging")
INSTANCES = "/run/dokku-instances"

# The built stack is kept per machine, so that no test builds it again.
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or "/var/cache", "dokku-tests")
STACK = os.environ.get("DOKKU_TEST_STACK") or os.path.join(CACHE, "stack")


def free_ports(count):
    """Ports from the kernel that nobody listens on; all different."""
    sockets = []
    try:
        for _ in range(count):
            one = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            one.bind(("::", 0))
            sockets.append(one)
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
