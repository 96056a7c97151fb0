# account.sh: the system users `dokku` (ssh, git) and `dokku-proxy`, shared by all instances of a
# machine. Needs say.sh.

account_mark='made by packaging/instance'

account_ensure() {
  # /bin/sh: sshd runs the forced command through it, and it reads no start files. No home of its
  # own: sshd complains about one that does not exist, and the instance's is below its root.
  account_make dokku /bin/sh
  account_make dokku-proxy /usr/sbin/nologin
  account_unlock
}

account_make() {
  getent passwd "$1" >/dev/null && return 0
  useradd --system --user-group --no-create-home --home-dir / --shell "$2" \
    --password '*' --comment "$account_mark" "$1" ||
    say_trouble_and_exit "The user $1 could not be made (useradd failed)."
}

# A password field that begins with "!" locks the account for sshd without PAM, keys included; "*"
# forbids passwords alone.
account_unlock() {
  local field
  field=$(getent shadow dokku | cut -d: -f2)
  [[ $field == '!'* ]] || return 0
  usermod --password '*' dokku
  say_detail "the account dokku was locked (!); now only its password is (*), so that keys work"
}

# Removes the users if an instance made them and no other one runs.
account_forget() {
  local user
  if [[ -n $(ls -A "$instances_dir" 2>/dev/null) ]]; then
    say_detail "the user dokku stays: another instance runs"
    return 0
  fi
  for user in dokku dokku-proxy; do
    [[ $(getent passwd "$user" | cut -d: -f5) == "$account_mark" ]] || continue
    userdel "$user" 2>/dev/null
    ! getent group "$user" >/dev/null || groupdel "$user"
  done
}
