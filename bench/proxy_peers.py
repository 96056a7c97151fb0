"""The proxies that bench/proxy compares: how each is configured and started, and what it used.

All get the same hosts, certificate, forwarded fields and time limits; each keeps connections to the
apps, runs one worker on CPU 0, and else what its package ships. nginx-dokku: as Dokku writes it.
"""
import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("DOKKU_BIN", SOURCE / "build" / "release" / "bin"))

# HAProxy counts two descriptors for each, and starts only when it may have them.
CONNECTIONS_MAX = min(25_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 100)

NGINX = """daemon off; worker_processes 1; pid {folder}/{name}.pid;
error_log {folder}/{name}.log crit;
events {{ worker_connections 19000; }}
http {{ access_log {log}; keepalive_requests 1000000000; keepalive_timeout 75s;
client_header_timeout 10s; server_names_hash_max_size 8192; server_names_hash_bucket_size 128;
client_max_body_size 0; client_body_temp_path {folder}/{name}-b; proxy_temp_path {folder}/{name}-p;
fastcgi_temp_path {folder}/{name}-f; uwsgi_temp_path {folder}/{name}-u;
scgi_temp_path {folder}/{name}-s; ssl_session_cache shared:x:10m;
map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
{http} }}"""
NGINX_HOST = """upstream {id} {{ server {upstream}; keepalive 256; keepalive_requests 1000000000; }}
server {{ listen 127.0.0.1:{port}{queue}; {tls} server_name {host}; location / {{
proxy_pass http://{id}; proxy_http_version 1.1; proxy_request_buffering off; proxy_buffering {buf};
proxy_set_header Connection $connection_upgrade; proxy_set_header Upgrade $http_upgrade;
proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host;
proxy_set_header X-Forwarded-Port $server_port; proxy_set_header X-Request-Id $request_id;
proxy_set_header X-Request-Start $msec; }} }}
"""
DOKKU_HOST = """upstream {id} {{ server {upstream}; }}
server {{ listen 127.0.0.1:{port}{queue}; server_name {host};
location / {{ gzip on; gzip_min_length 1100; gzip_buffers 4 32k; gzip_vary on; gzip_comp_level 6;
gzip_types text/css text/javascript text/xml text/plain application/json application/javascript;
proxy_pass http://{id}; http2_push_preload off; proxy_http_version 1.1; proxy_connect_timeout 60s;
proxy_read_timeout 60s; proxy_send_timeout 60s; proxy_buffering on; proxy_buffer_size 4k;
proxy_buffers 8 4k; proxy_busy_buffers_size 8k; proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $connection_upgrade; proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Port $server_port;
proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Request-Start $msec; }}
client_max_body_size 1m; error_page 404 /400-error.html; error_page 502 /502-error.html; }}
"""
HAPROXY = """global
  nbthread 1
  maxconn {connections}
  tune.ssl.default-dh-param 2048
  {log_global}
defaults
  mode http
  timeout client 75s
  timeout server 60s
  timeout connect 5s
  timeout http-request 10s
  timeout http-keep-alive 75s
  timeout tunnel 1h
  option forwardfor
  http-reuse safe
  {log}
frontend in
  bind 127.0.0.1:{port} backlog 4096
  {tls}
  unique-id-format %{{+X}}o%ci%cp%Ts%rt
  http-request set-header X-Forwarded-Proto http unless {{ ssl_fc }}
  http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Request-Id %[unique-id]
  http-request set-header X-Request-Start %[date]
  use_backend %[req.hdr(host),field(1,:),lower,map({folder}/haproxy.map)]
"""
CADDY_HOST = """{addresses} {{
  {tls}
  {log}
  reverse_proxy {upstream} {{
    flush_interval {flush}
    header_up X-Forwarded-Port {{server_port}}
    header_up X-Request-Id {{http.request.uuid}}
    header_up X-Request-Start {{time.now.unix_ms}}
    transport http {{
      dial_timeout 5s
      keepalive 60s
      keepalive_idle_conns_per_host 256
    }}
  }}
}}
"""
NGINX_GRPC = """upstream g {{ server {upstream}; keepalive 256; keepalive_requests 1000000000; }}
server {{ listen 127.0.0.1:{port} http2 backlog=4096; server_name {host};
http2_max_requests 1000000000; location / {{ grpc_pass grpc://g;
grpc_set_header X-Forwarded-For $remote_addr; grpc_set_header X-Forwarded-Proto $scheme;
grpc_set_header X-Forwarded-Host $http_host; grpc_set_header X-Forwarded-Port $server_port;
grpc_set_header X-Request-Id $request_id; grpc_set_header X-Request-Start $msec; }} }}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process=None):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port)).close()
        if process is not None and process.poll() is not None:
            sys.exit(f" !     {process.args} ended with {process.returncode}")
        time.sleep(0.005)
    return sys.exit(f" !     nothing answers on port {port}")


def family(pid):
    children = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        children += (task / "children").read_text().split()
    return [pid] + [one for child in children for one in family(int(child))]


def cpu_seconds(pid):
    """User and system time of all its processes and threads, in nanosecond steps."""
    total = 0
    for one in family(pid):
        for task in pathlib.Path(f"/proc/{one}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def memory_kb(pid, what="Pss"):
    texts = [pathlib.Path(f"/proc/{one}/smaps_rollup").read_text() for one in family(pid)]
    return sum(int(re.search(rf"^{what}:\s+(\d+)", text, re.M).group(1)) for text in texts)


class Proxy:
    def __init__(self, name, command, port, https, config):
        self.name, self.command, self.port, self.https = name, command, port, https
        self.config = config

    def start(self, cpu=0):
        begin = time.monotonic()
        self.process = subprocess.Popen(["taskset", "-c", str(cpu), *map(str, self.command)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env={**os.environ, "DOKKU_BIN": str(BIN), "HOME": "/tmp"})
        wait_for(self.port, self.process)
        self.start_seconds = time.monotonic() - begin
        return self

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Setup:
    """Where a group of proxies find the same things. `hosts`: (name, upstream) pairs."""

    def __init__(self, folder, hosts, certificate=None, log=False):
        self.folder, self.hosts, self.log = pathlib.Path(folder), hosts, log
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        self.certificate = certificate

    def log_file(self, name):
        return self.folder / f"{name}-access.log" if self.log else None

    def ours(self):
        port, https = free_port(), free_port() if self.certificate else 0
        file = self.folder / "hosts.json"
        file.write_text(json.dumps([{"host": h, "upstream": u} for h, u in self.hosts]))
        command = [SOURCE / "packaging" / "proxy-alone", "--http-port", port, "--hosts", file,
                   "--listen", "127.0.0.1", "--workers", 1, "--access-log",
                   self.log_file("ours") or ""]
        if https:
            command += ["--https-port", https, "--cert", self.certificate[0], "--key",
                        self.certificate[1]]
        return Proxy("ours", command, port, https, " ".join(map(str, command)))

    def nginx(self, name="nginx", template=NGINX_HOST):
        port, https = free_port(), free_port() if self.certificate else 0
        tls = (f"listen 127.0.0.1:{https} ssl http2; ssl_certificate "
               f"{self.certificate[0]}; ssl_certificate_key {self.certificate[1]}; ssl_protocols "
               "TLSv1.2 TLSv1.3;") if https else ""
        http = "".join(template.format(id=f"h{n}", upstream=u, port=port, tls=tls, host=h,
                                       queue=" backlog=4096" if n == 0 else "",
                                       buf="off" if h.startswith("live") else "on")
                       for n, (h, u) in enumerate(self.hosts))
        config = self.folder / f"{name}.conf"
        config.write_text(NGINX.format(folder=self.folder, name=name, http=http,
                                       log=self.log_file(name) or "off"))
        return Proxy(name, ["nginx", "-c", config, "-p", self.folder], port, https,
                     config.read_text()[:4000])

    def nginx_dokku(self):
        return self.nginx("nginx-dokku", DOKKU_HOST)

    def haproxy(self):
        port, https = free_port(), free_port() if self.certificate else 0
        (self.folder / "haproxy.map").write_text(
            "".join(f"{h} b{n}\n" for n, (h, _) in enumerate(self.hosts)))
        pem = self.folder / "haproxy.pem"
        if https:
            pem.write_text("".join(pathlib.Path(part).read_text() for part in self.certificate))
        tls = f"bind 127.0.0.1:{https} ssl crt {pem} alpn h2,http/1.1 backlog 4096" if https else ""
        log_global = "log stdout format raw local0" if self.log else ""
        config = self.folder / "haproxy.cfg"
        config.write_text(
            HAPROXY.format(port=port, connections=CONNECTIONS_MAX, tls=tls, folder=self.folder,
                           log_global=log_global, log="log global\n  option httplog" if self.log else "") +
            "".join(f"backend b{n}\n  server s {u}\n" for n, (_, u) in enumerate(self.hosts)))
        return Proxy("haproxy", ["haproxy", "-f", config], port, https, config.read_text()[:4000])

    def caddy(self):
        port, https = free_port(), free_port() if self.certificate else 0
        log = self.log_file("caddy")
        text = ("{\n auto_https off\n admin off\n default_sni app.test\n"
                " servers {\n timeouts {\n read_header 10s\n idle 75s\n }\n }\n}\n")
        for host, upstream in self.hosts:
            for scheme, at in (("http", port), ("https", https)):
                if not at:
                    continue
                tls = (f"tls {self.certificate[0]} {self.certificate[1]}" if scheme == "https"
                       else "")
                text += CADDY_HOST.format(
                    addresses=f"{scheme}://{host}:{at}", tls=tls, upstream=upstream,
                    flush="-1" if host.startswith("live") else "0",
                    log=f"log {{\n output file {log}\n }}" if log else "")
        config = self.folder / "Caddyfile"
        config.write_text(text)
        return Proxy("caddy", ["env", "GOMAXPROCS=1", "caddy", "run", "--config", config,
                               "--adapter", "caddyfile"], port, https, text[:4000])

    # The same again for gRPC: HTTP/2 in the clear on both sides, one host.

    def ours_grpc(self):
        (host, upstream), port = self.hosts[0], free_port()
        address, app_port = upstream.split(":")
        state = self.folder / "grpc-state"
        state.mkdir()
        (state / "routes.json").write_text(json.dumps([{
            "key": "app", "hosts": [host], "listeners": [{"port": port, "scheme": "grpc"}],
            "targets": [{"address": address, "port": int(app_port)}]}]))
        command = [BIN / "dokku-proxy", "--http-port", free_port(), "--listen", "127.0.0.1",
                   "--workers", 1, "--control", self.folder / "grpc.sock", "--snapshot",
                   state / "routes.json"]
        return Proxy("ours", command, port, 0, " ".join(map(str, command)))

    def nginx_grpc(self):
        (host, upstream), port = self.hosts[0], free_port()
        config = self.folder / "nginx-grpc.conf"
        config.write_text(NGINX.format(
            folder=self.folder, name="nginx-grpc", log="off",
            http=NGINX_GRPC.format(upstream=upstream, port=port, host=host)))
        return Proxy("nginx", ["nginx", "-c", config, "-p", self.folder], port, 0,
                     config.read_text())

    def haproxy_grpc(self):
        proxy = self.haproxy()
        text = (self.folder / "haproxy.cfg").read_text()
        text = text.replace(" backlog 4096", " backlog 4096 proto h2", 1)
        text = re.sub(r"(?m)^(  server .*)$", r"\1 proto h2", text)
        config = self.folder / "haproxy-grpc.cfg"
        config.write_text(text)
        return Proxy("haproxy", ["haproxy", "-f", config], proxy.port, 0, text)

    def caddy_grpc(self):
        proxy = self.caddy()
        text = (self.folder / "Caddyfile").read_text()
        text = text.replace(" servers {\n", " servers {\n protocols h1 h2c\n")
        text = text.replace("transport http {", "transport http {\n      versions h2c")
        config = self.folder / "Caddyfile-grpc"
        config.write_text(text)
        command = [config if str(word).endswith("Caddyfile") else word for word in proxy.command]
        return Proxy("caddy", command, proxy.port, 0, text)

    def all_grpc(self):
        return [self.ours_grpc(), self.nginx_grpc(), self.haproxy_grpc(), self.caddy_grpc()]

    def all(self, dokku=False):
        return [self.ours(), self.nginx(), self.haproxy(), self.caddy()] + (
            [self.nginx_dokku()] if dokku else [])


@contextlib.contextmanager
def running(proxies):
    started = []
    try:
        for proxy in proxies:
            started.append(proxy)
            proxy.start()
        yield proxies
    finally:
        for proxy in started:
            if hasattr(proxy, "process"):
                proxy.stop()
