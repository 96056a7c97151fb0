# bash completion for dokku. Installed as /usr/share/bash-completion/completions/dokku; for one
# shell: . packaging/completion/dokku.bash
#
# The daemon knows the commands, apps and process types; this only hands over what was typed.

_dokku() {
  local typed=${COMP_LINE:0:COMP_POINT} line word cut
  local -a words
  # Not COMP_WORDS: bash splits those at ":" and "=".
  read -ra words <<<"$typed"
  [[ $typed != *[[:space:]] ]] || words+=('')
  word=${words[-1]}
  # What bash takes for the word that it replaces begins behind the last ":" or "=".
  cut=${word%"${word##*[:=]}"}
  COMPREPLY=()
  while IFS=$'\t' read -r line _; do
    COMPREPLY+=("${line#"$cut"}")
  done < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
  if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *[:=] ]]; then compopt -o nospace; fi
}

complete -o bashdefault -o default -F _dokku dokku
