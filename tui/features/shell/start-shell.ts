/**
 * Starts the person's own shell with the variables of a stage. The shell reads its own files as
 * always; after them, the variables are those of the stage again. They reach the shell by its
 * environment alone: a file would have secrets.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { UsageError } from "../../../protocol/failures.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { shellQuote } from "../../../protocol/text/shell-quote.js";

export interface ShellStart {
  /** Path of the shell. */
  shell: string;
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Commands for its history, the last one first to come with the up key. */
  history: readonly string[];
  /** Stands before its prompt. */
  mark: string;
  /** A private directory. */
  dir: string;
}

/** Variables that describe this terminal: those of the submit described another one. */
const OF_TERMINAL = [
  "TERM",
  "COLORTERM",
  "TERM_PROGRAM",
  "TERM_PROGRAM_VERSION",
  "TMUX",
  "TMUX_PANE",
  "STY",
  "VTE_VERSION",
  "WINDOWID",
  "SSH_TTY",
  "SHELL",
];

/** @returns its exit code, when it has ended. @throws UsageError where it cannot be started */
export function startShell(start: ShellStart): Promise<number> {
  const { shell, cwd, env, dir } = start;
  const { args, more = {} } = (KINDS[basename(shell)] ?? plain)(start);
  const own = Object.fromEntries(OF_TERMINAL.map((name) => [name, process.env[name]]));
  // Ctrl-C is for the shell, also for one without job control.
  const ignore = () => {};
  process.on("SIGINT", ignore);
  return new Promise<number>((resolve, reject) => {
    const child = spawn(shell, args, {
      stdio: "inherit",
      cwd,
      env: { ...env, ...own, SHELL: shell, LIVEOPS_SHELL_DIR: dir, ...more },
    });
    child.on("error", ({ message }) =>
      reject(
        new UsageError(
          `the shell of $SHELL cannot be started in ${cwd}: ${message}`,
          "take another one: SHELL=/bin/sh liveops shell …",
        ),
      ),
    );
    child.on("exit", (code) => resolve(code ?? 1));
  }).finally(() => process.off("SIGINT", ignore));
}

/** Whether the shell gets the commands as its history. */
export function hasHistory(shell: string): boolean {
  return Object.hasOwn(KINDS, basename(shell));
}

interface Kind {
  args: string[];
  more?: Record<string, string>;
}

/** Without a history that we could write to. */
function plain({ mark }: ShellStart): Kind {
  return { args: ["-i"], more: { PS1: `${promptOf(mark)}$ ` } };
}

const promptOf = (mark: string): string => `(${sanitize(mark).replace(/[$`\\%!]/g, "_")}) `;

/**
 * The variables as they were before the files of the person; their names are no others than those
 * of the stage.
 */
const KEEP = "__liveops_env=$(export -p)";
const TAKE_BACK = 'eval "$__liveops_env" 2>/dev/null; unset __liveops_env LIVEOPS_SHELL_DIR';

function bash({ dir, history, mark }: ShellStart): Kind {
  const file = join(dir, "bashrc");
  // Bash reads its history file after this one, so the first prompt adds to the history.
  const text = `${KEEP}
if [ -r ~/.bashrc ]; then . ~/.bashrc; fi
${TAKE_BACK}
PS1=${shellQuote(promptOf(mark))}"$PS1"
__liveops_first() {
${history.map((line) => `  history -s -- ${shellQuote(line)}`).join("\n")}
  PROMPT_COMMAND=("\${PROMPT_COMMAND[@]:1}")
  unset -f __liveops_first
}
PROMPT_COMMAND=(__liveops_first "\${PROMPT_COMMAND[@]}")
`;
  writeFileSync(file, text, { mode: 0o600 });
  return { args: ["--rcfile", file, "-i"] };
}

function zsh({ dir, env, history, mark }: ShellStart): Kind {
  const { ZDOTDIR: own } = env;
  const restore = own === undefined ? "unset ZDOTDIR" : `export ZDOTDIR=${shellQuote(own)}`;
  const read = (name: string) => `${restore}
if [[ -r "\${ZDOTDIR:-$HOME}/${name}" ]]; then . "\${ZDOTDIR:-$HOME}/${name}"; fi`;
  writeFileSync(
    join(dir, ".zshenv"),
    `${restore}\n${KEEP}\n${read(".zshenv")}\nZDOTDIR=$LIVEOPS_SHELL_DIR\n`,
    { mode: 0o600 },
  );
  writeFileSync(
    join(dir, ".zshrc"),
    `if [[ $HISTFILE == $LIVEOPS_SHELL_DIR/* ]]; then HISTFILE=\${HOME}/.zsh_history; fi
${read(".zshrc")}
${TAKE_BACK}
PROMPT=${shellQuote(promptOf(mark))}"$PROMPT"
__liveops_first() {
${history.map((line) => `  print -sr -- ${shellQuote(line)}`).join("\n")}
  precmd_functions=(\${precmd_functions:#__liveops_first})
  unfunction __liveops_first
}
precmd_functions=(__liveops_first $precmd_functions)
`,
    { mode: 0o600 },
  );
  return { args: ["-i"], more: { ZDOTDIR: dir } };
}

function fish({ dir, history, mark }: ShellStart): Kind {
  const file = join(dir, "init.fish");
  const quote = (text: string) => `'${text.replace(/['\\\\]/g, "\\\\$&")}'`;
  // Fish has read its own files by now; Linux still tells the variables with which it was started.
  const text = `if test -r /proc/$fish_pid/environ
  while read -lz __pair
    set -l __both (string split -m 1 = -- $__pair)
    contains -- $__both[1] PWD SHLVL _ LIVEOPS_SHELL_DIR
    or set -gx $__both[1] "$(string join \\n -- $__both[2..-1])" 2>/dev/null
  end </proc/$fish_pid/environ
end
set -e LIVEOPS_SHELL_DIR
${history.map((line) => `builtin history append -- ${quote(line)} 2>/dev/null`).join("\n")}
functions -q fish_prompt; and functions -c fish_prompt __liveops_prompt
function fish_prompt
  echo -n ${quote(promptOf(mark))}
  functions -q __liveops_prompt; and __liveops_prompt; or echo -n '> '
end
`;
  writeFileSync(file, text, { mode: 0o600 });
  return { args: ["-i", "-C", `source ${quote(file)}`] };
}

const KINDS: Readonly<Record<string, (start: ShellStart) => Kind>> = { bash, zsh, fish };
