/**
 * `liveops completion <shell>`: prints the completion script of a shell. Each script passes the
 * words to `liveops __complete` and reads its lines. No script evaluates a text: no `eval`, no
 * `compgen -W`, no expansion without quotes. So no library makes the scripts: `@bomb.sh/tab` 0.0.22
 * and `@pnpm/tabtab` 0.5.4 pass text to `eval`, and `omelette` 0.4.17 splits values at spaces.
 */
import { Argument, type Command } from "commander";
import { addCommand } from "../../kit/options.js";
import { SHELLS, type Shell } from "./shells.js";

// `compopt` is missing in bash 3.2, so the replies end with their own space.
const BASH = `# bash completion for liveops, liveopsd and liveops-tui
_liveops() {
  local line=\${COMP_LINE:0:COMP_POINT} rest word i
  local -a words=()
  # bash splits words at = and :, so the parts are joined again.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    rest=\${line#"\${line%%[![:space:]]*}"}
    word=\${COMP_WORDS[i]}
    ((i == COMP_CWORD)) && word=$rest
    if ((i > 0)) && [[ -n $line && $rest == "$line" ]]; then
      words[\${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
    line=\${rest#"$word"}
  done
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("$line")
  done < <(command liveops __complete bash "$COMP_TYPE" "$COMP_WORDBREAKS" "\${COLUMNS:-80}" "\${words[@]}" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == $'\\tfiles' ]]; then
    COMPREPLY=()
    compopt +o nospace -o default 2>/dev/null
  fi
}
complete -o nospace -F _liveops liveops liveopsd liveops-tui
`;

const ZSH = `#compdef liveops liveopsd liveops-tui
# zsh completion for liveops, liveopsd and liveops-tui
_liveops() {
  local line word
  local -a typed words_closed texts_closed words_open texts_open
  typed=("\${(@)words[1,CURRENT-1]}")
  typed=("\${(@Q)typed}" "\${(Q)PREFIX}")
  while IFS= read -r line; do
    if [[ $line == $'\\tfiles' ]]; then
      compset -P '*='
      _files
      return
    fi
    word=\${line%%$'\\t'*}
    if [[ $word == *= ]]; then
      words_open+=("$word")
      texts_open+=("\${line#*$'\\t'}")
    else
      words_closed+=("$word")
      texts_closed+=("\${line#*$'\\t'}")
    fi
  done < <(command liveops __complete zsh "\${COLUMNS:-80}" "\${typed[@]}" 2>/dev/null)
  (( $#words_closed )) && compadd -l -V liveops -d texts_closed -a words_closed
  (( $#words_open )) && compadd -l -V liveops -S '' -d texts_open -a words_open
  (( $#words_closed + $#words_open ))
}
if [[ \${funcstack[1]} == _liveops ]]; then
  _liveops "$@"
else
  compdef _liveops liveops liveopsd liveops-tui
fi
`;

const FISH = `# fish completion for liveops, liveopsd and liveops-tui
function __liveops_complete
    # fish before 3.7 has no -x.
    set -l words (commandline -xpc 2>/dev/null; or commandline -opc)
    set -l current (commandline -ct | string collect)
    set -l width 80
    set -q COLUMNS; and set width $COLUMNS
    set -l lines (command liveops __complete fish $width $words "$current" 2>/dev/null)
    if test "$lines" = \\tfiles
        set -l kept (string match -r -- '^.*=' "$current")
        for path in (__fish_complete_path (string replace -r -- '^.*=' '' "$current"))
            printf '%s%s\\n' "$kept" "$path"
        end
    else if set -q lines[1]
        printf '%s\\n' $lines
    end
end
for program in liveops liveopsd liveops-tui
    complete -c $program -f -k -a '(__liveops_complete)'
end
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

const HELP = `
Load the script when the shell starts:
  bash  echo 'source <(liveops completion bash)' >> ~/.bashrc
  zsh   echo 'source <(liveops completion zsh)' >> ~/.zshrc    (after compinit)
  fish  liveops completion fish > ~/.config/fish/completions/liveops.fish

The script also completes liveopsd and liveops-tui. For fish, link it for these:
  ln -s liveops.fish ~/.config/fish/completions/liveopsd.fish
  ln -s liveops.fish ~/.config/fish/completions/liveops-tui.fish`;

export function registerCompletion(root: Command): void {
  addCommand(
    root,
    "completion",
    "Print the completion script of a shell",
    [
      "liveops completion bash",
      "source <(liveops completion bash)",
      "liveops completion fish > ~/.config/fish/completions/liveops.fish",
    ],
    "none",
  )
    .addArgument(new Argument("<shell>", "The shell to complete in").choices(SHELLS))
    .addHelpText("after", HELP)
    .action((shell: Shell) => void process.stdout.write(SCRIPTS[shell]));
}
