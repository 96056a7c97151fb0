# fish completion for dokku. Installed as /usr/share/fish/vendor_completions.d/dokku.fish; for one
# shell: source packaging/completion/dokku.fish
#
# The daemon knows the commands, apps and process types; this only hands over what was typed.

function __dokku_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l found ($words[1] complete -- $words[2..-1] "$typed" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$typed"
    end
end

complete -c dokku -f -a '(__dokku_complete)'
