# disk.sh: a place for an instance when the root file system is itself an overlay (a container's).
#
# overlayfs cannot put its upper layer on overlayfs, and both containers and builds need that. Then
# the instance gets a file with an ext4 of its own, ROOT.img, mounted on ROOT. Needs say.sh.

disk_image() { printf '%s.img' "$root"; }

disk_ensure() {
  local free
  mkdir -p "$root"
  [[ $(stat -f -c %T "$root") == overlay* ]] || return 0
  if [[ ! -e $(disk_image) ]]; then
    free=$(df -Pm "$root" | awk 'NR == 2 { print $4 }')
    say_detail "$root lies on overlayfs, where containers cannot: making $(disk_image), an ext4"
    # Sparse: it takes what is written.
    truncate -s "$((free > 21000 ? 20000 : free - 1000))M" "$(disk_image)" &&
      mkfs.ext4 -q -F "$(disk_image)" || disk_failed
  fi
  mount -o loop "$(disk_image)" "$root" || disk_failed
  chmod 0755 "$root"
}

disk_failed() {
  rm -f "$(disk_image)"
  say_trouble_and_exit "$root lies on overlayfs, and no disk image can be mounted there." \
    "Choose a place on a real disk or volume: --root DIR"
}

disk_release() {
  [[ ! -e $(disk_image) ]] || umount "$root" 2>/dev/null || umount -l "$root"
}
