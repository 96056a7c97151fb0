"""What the kernel tells by netlink, read in a thread between `with` and its end (root)."""
import socket
import threading


class NetlinkReader:
    """A subclass asks in subscribe() for what take(data) then gets, datagram by datagram."""

    def __init__(self, kind, protocol, groups):
        self._socket = socket.socket(socket.AF_NETLINK, kind, protocol)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind((0, groups))
        self._socket.settimeout(0.1)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def subscribe(self):
        raise NotImplementedError

    def take(self, data):
        raise NotImplementedError

    def __enter__(self):
        self.subscribe()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _read(self):
        while not self._stop.is_set():
            try:
                data = self._socket.recv(65536)
            except socket.timeout:
                continue
            self.take(data)
