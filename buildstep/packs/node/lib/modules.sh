# node_modules: npm ci with a lockfile, npm install without.

has_script() { jq -e --arg name "$1" '.scripts[$name]' package.json > /dev/null 2>&1; }

run_script() {
  has_script "$1" || return 0
  detail "Running $1"
  npm run --silent "$1" || stop "The script '$1' of package.json failed."
}

# Changes when an installation would come out differently. Empty: do not rely on it.
modules_signature() {
  [ -f package-lock.json ] || return 0
  local hook
  for hook in preinstall install postinstall prepare; do
    if has_script $hook; then return 0; fi
  done
  # .npmrc, a private registry and local packages can change what a lockfile leads to.
  grep -q '"file:\|"link": true' package-lock.json && return 0
  { cat package.json package-lock.json; cat .npmrc 2> /dev/null || true; cat .heroku/node/.version
    echo "$NODE_ENV ${NPM_CONFIG_PRODUCTION-}"; } | sha256sum | cut -d' ' -f1
}

# Before npm 7 other words say what is left out.
know_npm() {
  npm_major=$(jq -r '.version | split(".")[0]' .heroku/node/lib/node_modules/npm/package.json)
  if [ "$npm_major" -ge 7 ]; then
    with_dev=(--include=dev) without_dev=(--omit=dev)
  else
    with_dev=(--production=false) without_dev=(--production)
  fi
  # Before 7.3 Node.js does not know NODE_EXTRA_CA_CERTS.
  if [ "$npm_major" -lt 7 ] && [ -n "${NODE_EXTRA_CA_CERTS-}" ]; then
    export NPM_CONFIG_CAFILE=${NPM_CONFIG_CAFILE-$NODE_EXTRA_CA_CERTS}
  fi
}

install_modules() {
  local signature lockfile
  if [ -d node_modules ] && [ -n "$(ls -A node_modules)" ]; then
    warn "node_modules is part of the pushed tree; better leave it out (.gitignore)"
  fi
  for lockfile in yarn.lock pnpm-lock.yaml; do
    if [ -f $lockfile ] && [ ! -f package-lock.json ]; then
      warn "$lockfile is not read by this pack, which uses npm"
    fi
  done
  signature=$(modules_signature)
  local known
  known=$(cat "$cache/modules.signature" 2> /dev/null || true)
  if [ -n "$signature" ] && [ "$known" = "$signature" ]; then
    detail "package-lock.json is unchanged: using node_modules from the cache"
    rm -rf node_modules
    cp -a "$cache/node_modules" node_modules
    return
  fi
  rm -rf "$cache/node_modules" "$cache/modules.signature"
  know_npm
  local include=("${with_dev[@]}")
  [ "${NPM_CONFIG_PRODUCTION-}" = true ] && include=("${without_dev[@]}")
  if [ "$npm_major" -ge 5 ] && { [ -f package-lock.json ] || [ -f npm-shrinkwrap.json ]; }; then
    detail "Installing node modules (npm ci)"
    npm ci --prefer-offline "${include[@]}" 2>&1 || modules_failed
  else
    detail "Installing node modules (npm install, no package-lock.json)"
    npm install --no-package-lock "${include[@]}" 2>&1 || modules_failed
  fi
  mkdir -p node_modules
  if [ -n "$signature" ]; then
    cp -a node_modules "$cache/node_modules"
    echo "$signature" > "$cache/modules.signature"
  fi
}

modules_failed() {
  stop "npm could not install the dependencies. The lines above say why." \
    "'npm ci' wants package.json and package-lock.json to agree: run 'npm install' and commit both."
}

prune_modules() {
  [ "$NODE_ENV" = production ] && [ "${NPM_CONFIG_PRODUCTION-}" != true ] || return 0
  jq -e '.devDependencies // {} | length > 0' package.json > /dev/null || return 0
  detail "Removing development dependencies"
  know_npm
  npm prune "${without_dev[@]}" --silent || warn "npm prune failed; development dependencies stay"
}
