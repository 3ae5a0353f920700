/** `liveops completion <shell>`: prints the completion script of a shell. */
import { Argument, type Command } from "commander";
import { SHELLS, type Shell } from "../kit/completion/shells.js";
import { addCommand } from "../kit/options.js";
import { SCRIPTS } from "./completion-scripts.js";

const HELP = `
Load the script when the shell starts:
  bash  echo 'source <(liveops completion bash)' >> ~/.bashrc
  zsh   echo 'source <(liveops completion zsh)' >> ~/.zshrc    (after compinit)
  fish  liveops completion fish > ~/.config/fish/completions/liveops.fish

The script also completes liveopsd and liveops-tui. For fish, link it for these:
  ln -s liveops.fish ~/.config/fish/completions/liveopsd.fish
  ln -s liveops.fish ~/.config/fish/completions/liveops-tui.fish`;

export function registerCompletion(root: Command): void {
  addCommand(root, "completion", "Print the completion script of a shell", [
    "liveops completion bash",
    "source <(liveops completion bash)",
    "liveops completion fish > ~/.config/fish/completions/liveops.fish",
  ])
    .addArgument(new Argument("<shell>", "The shell to complete in").choices(SHELLS))
    .addHelpText("after", HELP)
    .action((shell: Shell) => void process.stdout.write(SCRIPTS[shell]));
}
