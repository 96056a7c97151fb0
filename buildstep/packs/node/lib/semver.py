"""semver.py RANGE < VERSIONS: prints the newest version that fits npm's range grammar.

Exit status 1: none fits. Pre-releases fit only when the range names one of the same release.
Also: lts, lts/*, node, stable, latest, current. An even line counts as LTS from its October on.
"""
import datetime
import re
import sys

PARTIAL = r"[v=\s]*(\d+|[xX*])?(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([0-9A-Za-z.-]+))?(?:\+\S*)?"
INFINITE = (1 << 30, 0, 0)


def parse(text):
    match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+\S*)?", text.strip())
    if not match:
        return None
    return (int(match[1]), int(match[2]), int(match[3])), match[4] or ""


def partial(text):
    """The numbers that are given: (1, 2) for 1.2.x; and the pre-release."""
    match = re.fullmatch(PARTIAL, text.strip())
    if not match:
        raise ValueError(text)
    numbers = []
    for group in match.groups()[:3]:
        if group is None or group in "xX*":
            break
        numbers.append(int(group))
    return tuple(numbers), match[4] or ""


def padded(numbers):
    return (tuple(numbers) + (0, 0, 0))[:3]


def bumped(numbers, index):
    """The first release after all that share numbers[:index + 1]."""
    return padded(numbers[:index] + (numbers[index] + 1,))


def bounds(comparator):
    """(lowest, highest exclusive, pre-release that is named) of one comparator."""
    match = re.fullmatch(r"(\^|~>?|>=|<=|>|<|=)?\s*(\S*)", comparator.strip())
    operator, (numbers, pre) = match[1] or "", partial(match[2])
    low = padded(numbers)
    if not numbers:
        return low, ((0, 0, 0) if operator in ("<", ">") else INFINITE), pre
    last = len(numbers) - 1
    if operator == "^":
        first = next((i for i, n in enumerate(numbers) if n > 0), last)
        return low, bumped(numbers, min(first, last)), pre
    if operator in ("~", "~>"):
        return low, bumped(numbers, min(1, last)), pre
    if operator == ">=":
        return low, INFINITE, pre
    if operator == ">":
        return bumped(numbers, last), INFINITE, pre
    if operator == "<":
        return (0, 0, 0), low, pre
    if operator == "<=":
        return (0, 0, 0), bumped(numbers, last), pre
    return low, bumped(numbers, last), pre


def alternatives(text):
    """A range as a list of lists of bounds: any of them, all in it."""
    out = []
    for part in text.split("||"):
        hyphen = re.fullmatch(r"\s*(\S+)\s+-\s+(\S+)\s*", part)
        if hyphen:
            part = ">=%s <=%s" % (hyphen[1], hyphen[2])
        part = re.sub(r"(\^|~>?|>=|<=|>|<|=)\s+", r"\1", part).replace(",", " ")
        out.append([bounds(item) for item in part.split()] or [bounds("*")])
    return out


def fits(version, choices):
    release, pre = version
    for parts in choices:
        if not all(low <= release < high for low, high, _ in parts):
            continue
        if not pre or any(named and release == low for low, _, named in parts):
            return True
    return False


def newest_lts(today):
    """22 came in April 2024 and has been LTS since that October."""
    line = 2 * (today.year - 2013)
    return line if (today.month, today.day) >= (10, 28) else line - 2


def main():
    text = sys.argv[1].strip().lower()
    versions = [v for v in map(parse, sys.stdin) if v]
    if re.fullmatch(r"lts(/\*)?|lts_latest", text):
        text = "<=%d" % newest_lts(datetime.date.today())
        versions = [v for v in versions if v[0][0] % 2 == 0]
    elif text in ("node", "stable", "latest", "current", ""):
        text = "*"
    try:
        choices = alternatives(text)
    except ValueError:
        return 1
    # Of two of one release the one without a pre-release is the newer.
    good = sorted((v for v in versions if fits(v, choices)), key=lambda v: (v[0], v[1] == "", v[1]))
    if not good:
        return 1
    release, pre = good[-1]
    print("%d.%d.%d%s" % (release + ("-" + pre if pre else "",)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
