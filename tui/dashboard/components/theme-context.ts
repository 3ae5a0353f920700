/** The theme of the terminal, for every component. */
import { createContext, useContext } from "react";
import { type Theme, unpainted } from "../text/theme.js";

export const ThemeContext = createContext<Theme>({
  paint: unpainted,
  border: undefined,
  activeBorder: undefined,
  borderStyle: "round",
  sparks: "▁▂▃▄▅▆▇█",
});

export const useTheme = (): Theme => useContext(ThemeContext);
