#!/usr/bin/env python3
"""The house style as a test: a dozen checks over all code of this project.

Run by ctest as `tidy.house_style`; by hand: tests/tidy/house_style.py [FILE...].
An exception needs a line in tests/tidy/excused.txt: CHECK PATH: REASON.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = "tests/tidy"

LINE_MAX = 100
FUNCTION_LINES_MAX = 70
SOURCE_LINES_MAX = 500
HEADER_LINES_MAX = 250

CODE_FOLDERS = ("base", "buildstep", "cli", "programs", "proxy", "runtime", "server", "tests")

# Foreign headers and the folders that may see them (their tests may, too).
FOREIGN = [
    (r"(grpc|grpcpp|google/protobuf|github\.com|containerd/)", ("runtime/containerd",)),
    (r"git2", ("buildstep/git",)),
    (r"archive(_entry)?\.h", ("buildstep/source", "buildstep/git", "buildstep/image")),
    (r"sqlite3", ("server/store",)),
    (r"openssl/", ("runtime/digest", "proxy/tls", "server/certificates", "server/backup")),
    (r"yaml-cpp/", ("buildstep/buildpack",)),
    (r"(libmnl|nftables)/", ("runtime/network",)),
    (r"linux/netfilter", ("runtime/network",)),
    (r"nghttp2/", ("proxy/h2",)),
]

# Call, what to use instead, where it is at home.
BANNED = [
    (r"\b(?<![.>])system\(", "base/process.h", ()),
    (r"\bpopen\(", "base/process.h", ()),
    (r"\b(?<![.>:\w])v?fork\(", "base/process.h",
     ("base/process.cc", "programs/dokku_init.cc", "proxy/process/")),
    (r"\bstrcpy\(|\bstrcat\(|\bsprintf\(", "std::string or fmt", ()),
    (r"\bsleep_for\(|\bsleep_until\(|(?<![\w.>:])u?sleep\(|\bnanosleep\(",
     "a condition, a deadline or FakeClock", ()),
    (r"\.detach\(\)", "a thread that is joined", ()),
    (r"(?<![\w])throw\b(?!\()", "Result", ()),
    (r"(?<![\w.>])(?:::)?close\(\w", "UniqueFd",
     ("base/unique_fd.h", "base/process.cc", "programs/dokku_init.cc", "programs/dokku_log.cc")),
]


class Findings:
    def __init__(self):
        self.excused = {}
        self.used = set()
        self.lines = []
        with open(os.path.join(ROOT, HERE, "excused.txt"), encoding="utf-8") as file:
            for line in file:
                match = re.match(r"([a-z-]+) (\S+): (.+)", line)
                if match:
                    self.excused[(match[1], match[2])] = match[3]

    def add(self, check, path, number, text):
        if (check, path) in self.excused:
            self.used.add((check, path))
            return
        self.lines.append(f"{path}:{number}: {check}: {text}")


def project_files():
    listing = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "-co",
         "--exclude-standard"], capture_output=True, text=True, check=False)
    if listing.returncode == 0:
        return sorted(f for f in listing.stdout.split("\n")
                      if f and os.path.isfile(os.path.join(ROOT, f)))
    found = []  # an unpacked archive without git
    for folder, names, files in os.walk(ROOT):
        names[:] = [n for n in names if n not in ("build", ".git", ".cache", "node_modules")]
        found += [os.path.relpath(os.path.join(folder, f), ROOT) for f in files]
    return sorted(found)


def strip_literals(text):
    """Comments, strings and characters become blanks; line numbers and columns stay."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])
    pattern = (r'R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|//[^\n]*|/\*.*?\*/'
               r'|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'')
    return re.sub(pattern, blank, text, flags=re.S)


def check_lines(path, lines, findings):
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX and "http" not in line:
            findings.add("long-line", path, number, f"{len(line)} columns, {LINE_MAX} at most")
        if line != line.rstrip():
            findings.add("trailing-space", path, number, "blanks at the end of the line")


def check_includes(path, lines, findings):
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not match:
            continue
        header = match[1]
        if "../" in header:
            findings.add("parent-include", path, number, "name the module: no ../ in includes")
        if "nlohmann" in header and path.endswith(".h"):
            findings.add("foreign-include", path, number, "JSON stays out of headers")
        for pattern, folders in FOREIGN:
            if re.match(pattern, header) and "<" in line and not path.startswith(
                    folders + tuple("tests/" + f for f in folders)):
                findings.add("foreign-include", path, number,
                             f"{header} belongs to {' or '.join(folders)} only")


def check_banned(path, code_lines, findings):
    for number, line in enumerate(code_lines, 1):
        for pattern, instead, home in BANNED:
            if re.search(pattern, line) and not path.startswith(home or ("\0",)):
                findings.add("banned-call", path, number, f"{line.strip()}: use {instead}")
        if re.search(r"\bTODO\b(?!\([a-z])", line):
            findings.add("todo", path, number, "TODO(topic): with a reason")


def check_try(path, code, findings):
    for match in re.finditer(r"\bTRY\(", code):
        if re.search(r"#define\s+$", code[:match.start()]):
            continue
        depth, end = 1, match.end()
        while depth and end < len(code):
            depth += {"(": 1, ")": -1}.get(code[end], 0)
            end += 1
        before = code[:match.start()].rstrip()
        starts = before.endswith((";", "{", "}", "=", ":", ")", "else")) or not before
        if not starts or not code[end:].lstrip().startswith(";"):
            findings.add("try-operand", path, code.count("\n", 0, match.start()) + 1,
                         "TRY is a whole statement or a whole initialiser")


def check_functions(path, code_lines, findings):
    start = None
    for number, line in enumerate(code_lines, 1):
        if start is None:
            if re.match(r"[A-Za-z_]", line) and not re.match(
                    r"(namespace|class|struct|enum|union|using|extern|template)\b", line):
                start = number
        elif line.startswith("}"):
            if number - start + 1 > FUNCTION_LINES_MAX:
                findings.add("long-function", path, start,
                             f"{number - start + 1} lines, {FUNCTION_LINES_MAX} at most")
            start = None
        # A declaration, or a function on one line.
        if start is not None and line.rstrip().endswith((";", "}")) and not line.startswith(" "):
            start = None


def check_header_comment(path, lines, findings):
    if not lines or not lines[0].startswith("//"):
        findings.add("header-comment", path, 1, "a header begins with what it is for")


def check_size(path, lines, findings):
    limit = HEADER_LINES_MAX if path.endswith(".h") else SOURCE_LINES_MAX
    if len(lines) > limit:
        findings.add("long-file", path, len(lines), f"{len(lines)} lines, {limit} at most")


def check_mirror(path, files, findings):
    if path.startswith(("programs/", "tests/")):
        return
    mirror = "tests/" + path[:-3] + "_test.cc"
    if mirror not in files and mirror.replace("_test.cc", "_system_test.cc") not in files:
        findings.add("no-test", path, 1, f"no {mirror}")


def check_names(path, findings):
    if re.search(r"(^|[/_])(utils?|helpers?|misc|common)\.(h|cc)$", path):
        findings.add("file-name", path, 1, "a helper has a subject or it has no file")


def check_cpp(path, text, files, findings):
    lines = text.split("\n")
    code = strip_literals(text)
    code_lines = code.split("\n")
    check_includes(path, lines, findings)
    check_banned(path, code_lines, findings)
    check_try(path, code, findings)
    check_functions(path, code_lines, findings)
    check_names(path, findings)
    check_size(path, lines, findings)
    if path.endswith(".h"):
        check_header_comment(path, lines, findings)
    else:
        check_mirror(path, files, findings)


def check_type_names(types, findings):
    """Two types of one name in one namespace: the linker takes one for the other, unasked."""
    for (namespace, name), places in sorted(types.items()):
        for path, number in places[1:]:
            findings.add("one-name", path, number,
                         f"{namespace}::{name} is in {places[0][0]}, too")


def types_of(path, code):
    namespace = ""
    for number, line in enumerate(code.split("\n"), 1):
        entered = re.match(r"namespace ([\w:]+) \{", line)
        if entered:
            namespace = entered[1]
        defined = re.match(r"(?:struct|class|enum class)(?: \[\[\w+\]\])? (\w+)[^;]*\{", line)
        if defined:
            yield (namespace, defined[1]), (path, number)


def is_script(path, text):
    return path.endswith((".py", ".sh", ".cmake")) or text.startswith("#!")


def main(arguments):
    findings = Findings()
    files = project_files()
    chosen = [os.path.relpath(a, ROOT) for a in arguments] or files
    types = {}
    for path in chosen:
        with open(os.path.join(ROOT, path), "rb") as file:
            data = file.read()
        if b"\0" in data[:4096] or path.startswith(("tests/data/", "examples/")):
            continue
        text = data.decode("utf-8", "replace")
        cpp = path.endswith((".h", ".cc")) and path.startswith(CODE_FOLDERS)
        if cpp or is_script(path, text):
            check_lines(path, text.split("\n"), findings)
        if cpp:
            check_cpp(path, text, set(files), findings)
        if cpp and path.endswith(".h"):
            for name, place in types_of(path, strip_literals(text)):
                types.setdefault(name, []).append(place)
    check_type_names(types, findings)
    if not arguments:
        for check, path in sorted(set(findings.excused) - findings.used):
            findings.lines.append(f"{HERE}/excused.txt: {check} {path}: no longer needed")
    print("\n".join(findings.lines) or f"{len(chosen)} files follow the house style")
    return 1 if findings.lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
