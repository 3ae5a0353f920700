/** The script of the exported page: a view for each log, links to lines, keys, printing, light and dark. */
import { LogView } from "./log-view.js";

const views = [...document.querySelectorAll(".log-section")].map((section) => new LogView(section));

function forEachView(work) {
  for (const view of views) work(view);
}

function toHash() {
  const [, id, n] = /^#([a-z0-9]+)\.L(\d+)$/.exec(location.hash) ?? [];
  const view = views.find((each) => each.id === id);
  forEachView((each) => {
    if (each !== view) each.forgetTarget();
  });
  view?.jump(Number(n));
}

addEventListener("hashchange", toHash);
addEventListener("resize", () => forEachView((view) => view.resize()));
addEventListener("beforeprint", () => forEachView((view) => view.print(true)));
addEventListener("afterprint", () => forEachView((view) => view.print(false)));
addEventListener("keydown", (event) => {
  if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "")) return;
  event.preventDefault();
  views[0]?.find("search").focus();
});
document.querySelector(".theme").addEventListener("click", () => {
  const root = document.documentElement;
  const isDark =
    root.dataset.theme === "dark" ||
    (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = isDark ? "light" : "dark";
});
document.documentElement.dataset.ready = "yes";
toHash();
