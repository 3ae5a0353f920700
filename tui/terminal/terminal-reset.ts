/** The sequences that put a terminal back after a program that may have changed it. */

/** Switches off what a program may have left on. It clears nothing. */
export const RESET = [
  "\x1b[0m\x1b(B\x0f", // colours, character set
  "\x1b[?1l\x1b>", // cursor keys, keypad
  "\x1b[?5l\x1b[?7h\x1b[4l\x1b[?25h", // inverse screen, wrap, insert, cursor
  "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l", // mouse and focus
  "\x1b[?2004l\x1b[?2026l", // marks around a paste, held drawing
  "\x1b[>4m\x1b[<9u", // keys in other forms
  "\x1b7\x1b[r\x1b8", // scrolling region
].join("");

/** Leaves the alternate screen. On the main screen, some terminals move the cursor. */
export const LEAVE_ALTERNATE = "\x1b[?1049l";
