/**
 * The part of the caller's environment that goes with a submit: what tools need to work as they do in the caller's
 * shell.
 *
 * An allow list, because the daemon stores it in clear and shows it to whoever reads the record: tokens, keys and
 * passwords live in variables that nobody can list. What else an operation needs, its user passes as a parameter.
 */
const NAMES = new Set([
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LANGUAGE",
  "TZ",
  "TERM",
  "TMPDIR",
  "EDITOR",
  // Where tools of several languages find their installation.
  "VIRTUAL_ENV",
  "CARGO_HOME",
  "RUSTUP_HOME",
  "GOPATH",
  "GOROOT",
  "JAVA_HOME",
]);

/** `LC_*` is the locale. `NVM_*` only by name: nvm has no secrets, but a prefix would let new ones through. */
const LOCALE = /^LC_[A-Z]+$/;
const NVM = new Set(["NVM_DIR", "NVM_BIN", "NVM_INC", "NVM_CD_FLAGS", "NVM_RC_VERSION"]);

export function capturedEnv(env: Record<string, string | undefined> = process.env): Record<string, string> {
  const captured: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && (NAMES.has(name) || NVM.has(name) || LOCALE.test(name)))
      captured[name] = value;
  }
  return captured;
}
