# tree.sh: the files of the package, laid out below a directory. Used by packaging/deb.
#
# Program files go to /usr/lib/dokku; what runs is a copy of them per version
# (docs/decisions/0010), which system.sh makes on the machine.

tree_programs=(dokku dokku-receive dokkud dokku-worker dokku-proxy dokku-supervise dokku-init
  dokku-log)

# tree_lay_out SOURCE-DIR BIN-DIR DESTINATION
tree_lay_out() {
  local source=$1 bin=$2 to=$3
  umask 022
  tree_place_programs "$source" "$bin" "$to/usr/lib/dokku" &&
    tree_place_shells "$source" "$bin" "$to" &&
    tree_place_system "$source" "$to"
}

tree_place_programs() {
  local source=$1 bin=$2 to=$3 program
  install -d "$to/hooks" "$to/lib" || return
  for program in "${tree_programs[@]}"; do
    install -s -m 0755 "$bin/$program" "$to/$program" || return
  done
  ln -s ../dokku-receive "$to/hooks/pre-receive"
  ln -s dokku "$to/sshcommand"
  cp -r "$source/buildstep/packs" "$to/packs" && chmod -R u=rwX,go=rX "$to/packs" || return
  install -m 0644 "$source"/packaging/lib/{say,daemons,remains,system}.sh "$to/lib/" || return
  install -m 0755 "$source/packaging/debian/end-all" "$to/lib/end-all"
}

# The command, its completion and its manual page.
tree_place_shells() {
  local source=$1 bin=$2 to=$3
  local completion=$source/packaging/completion
  install -d "$to/usr/bin" "$to/usr/sbin" "$to/usr/share/man/man1" || return
  # Those of the version that runs, which is not the package's after an upgrade that was undone.
  ln -s /var/lib/dokku/versions/current/dokku "$to/usr/bin/dokku"
  ln -s /var/lib/dokku/versions/current/dokku-supervise "$to/usr/sbin/dokku-supervise"
  install -D -m 0644 "$completion/dokku.bash" "$to/usr/share/bash-completion/completions/dokku" &&
    install -D -m 0644 "$completion/_dokku" "$to/usr/share/zsh/vendor-completions/_dokku" &&
    install -D -m 0644 "$completion/dokku.fish" \
      "$to/usr/share/fish/vendor_completions.d/dokku.fish" || return
  "$bin/dokkud" --manual | gzip -9n >"$to/usr/share/man/man1/dokku.1.gz" || return
  chmod 0644 "$to/usr/share/man/man1/dokku.1.gz"
}

# What other programs of the system read.
tree_place_system() {
  local source=$1 to=$2 unit
  for unit in "$source"/packaging/systemd/*.{slice,service}; do
    install -D -m 0644 "$unit" "$to/usr/lib/systemd/system/${unit##*/}" || return
  done
  install -D -m 0644 "$source/packaging/systemd/tmpfiles.conf" \
    "$to/usr/lib/tmpfiles.d/dokku.conf" &&
    install -D -m 0644 "$source/packaging/debian/sshd.conf" \
      "$to/etc/ssh/sshd_config.d/dokku.conf" &&
    install -D -m 0440 "$source/packaging/debian/sudoers" "$to/etc/sudoers.d/dokku"
}
