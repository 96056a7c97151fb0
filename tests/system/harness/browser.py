"""A real browser, headless: Debian's chromium, spoken to by the DevTools protocol over pipes."""
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = "/usr/bin/chromium"
STARTS = 60  # seconds, on a busy machine


class Browser:
    """In a `with` statement. One page; its words are those that a person sees."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="dokku-test-browser-")
        self.calls, self.bytes = 0, b""
        self.loaded = 0      # pages since the start
        self.requests = []   # addresses that the page asked for
        self.refused = []    # what the page's own policy did not let through

    def __enter__(self):
        down_read, self.down = os.pipe()
        self.up, up_write = os.pipe()
        # As root there is no sandbox; what is shown is our own.
        command = [PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                   "--disable-dev-shm-usage", "--disable-background-networking",
                   f"--user-data-dir={self.folder}", "--remote-debugging-pipe", "about:blank"]
        with open(os.path.join(self.folder, "stderr"), "wb") as stderr:
            self.process = subprocess.Popen(
                ["bash", "-c", f'exec "$@" 3<&{down_read} 4>&{up_write}', "browser", *command],
                pass_fds=(down_read, up_write), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True,
                env={**os.environ, "HOME": self.folder})
        os.close(down_read)
        os.close(up_write)
        target = self._call("Target.createTarget", {"url": "about:blank"}, STARTS)["targetId"]
        self.session = self._call("Target.attachToTarget",
                                  {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Network", "Audits", "Runtime"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        try:
            self._call("Browser.close", {})
            self.process.wait(20)
        except (OSError, EOFError, TimeoutError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, 9)
            self.process.wait()
        os.close(self.down)
        os.close(self.up)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- what a person does

    def open(self, url):
        self._and_wait_for_page(lambda: self.call("Page.navigate", {"url": url}))

    def type(self, selector, text):
        """Into a field, in place of what stands there."""
        self.run(f"document.querySelector({json.dumps(selector)}).focus();"
                 f"document.querySelector({json.dumps(selector)}).select()")
        self.call("Input.insertText", {"text": text})

    def click(self, selector):
        """With the mouse, in the middle of what is visible."""
        where = self.run(f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
                         "e.scrollIntoView(); const r = e.getBoundingClientRect();"
                         "return [r.x + r.width / 2, r.y + r.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent",
                      {"type": kind, "x": where[0], "y": where[1], "button": "left",
                       "clickCount": 1})

    def submit(self, selector):
        self._and_wait_for_page(lambda: self.click(selector))

    def reload(self):
        self._and_wait_for_page(lambda: self.call("Page.reload"))

    # --- what a person sees

    @property
    def text(self):
        return self.run("document.body.innerText")

    @property
    def title(self):
        return self.run("document.title")

    @property
    def address(self):
        return self.run("location.href")

    def run(self, script):
        answer = self.call("Runtime.evaluate", {"expression": script, "returnByValue": True})
        if "exceptionDetails" in answer:
            raise AssertionError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    # --- the protocol

    def call(self, method, parameters=None, seconds=30):
        return self._call(method, parameters or {}, seconds, self.session)

    def _and_wait_for_page(self, deed, seconds=30):
        before, end = self.loaded, time.monotonic() + seconds
        deed()
        while self.loaded == before:
            self._take(end)

    def _call(self, method, parameters, seconds=30, session=None):
        self.calls += 1
        number, end = self.calls, time.monotonic() + seconds
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.down, json.dumps(message).encode() + b"\0")
        while True:
            got = self._take(end)
            if got.get("id") == number:
                if "error" in got:
                    raise AssertionError(f"{method}: {got['error']}")
                return got["result"]

    def _take(self, end):
        """The next message; notes what the page did."""
        while b"\0" not in self.bytes:
            if not select.select([self.up], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"the browser is silent; it said: {self._stderr()}")
            piece = os.read(self.up, 65536)
            if not piece:
                raise EOFError(f"the browser has ended; it said: {self._stderr()}")
            self.bytes += piece
        line, _, self.bytes = self.bytes.partition(b"\0")
        message = json.loads(line)
        if message.get("method") == "Page.loadEventFired":
            self.loaded += 1
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        if message.get("method") == "Audits.issueAdded":
            issue = message["params"]["issue"]
            if issue["code"] == "ContentSecurityPolicyIssue":
                self.refused.append(issue["details"])
        return message

    def _stderr(self):
        with open(os.path.join(self.folder, "stderr"), encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:]
