# What a person sees of the build.
step() { echo "-----> $*"; }
detail() { echo "       $*"; }
warn() { echo " !     $*"; }
stop() {
  for line in "$@"; do warn "$line"; done
  exit 1
}
