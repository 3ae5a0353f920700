/** Reads a line from the terminal without showing it. */

const CTRL_C = "\x03";
const CTRL_D = "\x04";
const CTRL_U = "\x15";

/**
 * @param prompt - written to stderr
 * @throws Error after Ctrl-D; Ctrl-C ends the process as the signal does
 */
export function readHidden(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(prompt);
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  stdin.resume();
  return new Promise((resolve, reject) => {
    let text = "";
    const end = () => {
      stdin.off("data", read);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write("\n");
    };
    const read = (chunk: string) => {
      for (const letter of chunk) {
        if (letter === "\r" || letter === "\n") {
          end();
          return resolve(text);
        }
        if (letter === CTRL_C) {
          end();
          return void process.kill(process.pid, "SIGINT");
        }
        if (letter === CTRL_D && text === "") {
          end();
          return reject(new Error("no secret was typed"));
        }
        if (letter === "\x7f" || letter === "\b") text = [...text].slice(0, -1).join("");
        else if (letter === CTRL_U) text = "";
        else if (letter >= " ") text += letter;
      }
    };
    stdin.on("data", read);
  });
}
