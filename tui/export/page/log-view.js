/**
 * The log of the page: search, filters, links to lines. Only the rows in sight are in the document, so that a million
 * lines stay usable. Plain JavaScript, because it runs in a browser.
 */
import { element, fillText, parsed } from "./colours.js";

const ROW = 20;
/** Up to so many lines are all in the document, so that the browser's own search and wrapped lines work. */
const MOST_ROWS = 3000;
/** Browsers have a limit for the height of an element. */
const MOST_HEIGHT = 8e6;
/** Milliseconds of a search before the page is drawn again. */
const SLICE = 12;

const pause = () => new Promise((resolve) => setTimeout(resolve, 0));

export class LogView {
  constructor(section) {
    this.id = section.dataset.id;
    this.stages = JSON.parse(section.dataset.stages);
    this.box = section.querySelector(".log");
    this.rows = element("div", "rows");
    this.box.append(this.rows);
    this.find = (name) => section.querySelector(`[data-tool="${name}"]`);
    this.blocks = [...section.querySelectorAll("script[type='application/json']")];
    this.kept = new Map();
    this.starts = [];
    this.total = 0;
    for (const block of this.blocks) {
      this.starts.push(this.total);
      this.total += Number(block.dataset.count);
    }
    this.pattern = null;
    this.shown = null;
    this.matches = [];
    this.now = -1;
    this.target = -1;
    this.search = 0;
    this.listen();
    this.layOut();
  }

  /** The lines of a block; a few blocks are kept. */
  block(index) {
    let lines = this.kept.get(index);
    if (lines === undefined) {
      lines = JSON.parse(this.blocks[index].textContent);
      if (this.kept.size >= 8) this.kept.delete(this.kept.keys().next().value);
      this.kept.set(index, lines);
    }
    return lines;
  }

  /** A line by its place in the whole log. */
  line(place) {
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle] <= place) low = middle;
      else high = middle - 1;
    }
    return this.block(low)[place - this.starts[low]];
  }

  get count() {
    return this.shown === null ? this.total : this.shown.length;
  }

  place(index) {
    return this.shown === null ? index : this.shown[index];
  }

  layOut() {
    this.isVirtual = this.count > MOST_ROWS;
    this.box.classList.toggle("virtual", this.isVirtual);
    this.box.classList.toggle("wrap", !this.isVirtual && this.find("wrap").checked);
    this.find("wrap").disabled = this.isVirtual;
    this.height = Math.min(this.count * ROW, MOST_HEIGHT);
    this.rows.style.height = this.isVirtual ? `${this.height}px` : "auto";
    this.draw();
  }

  draw() {
    if (!this.isVirtual) return this.fill(0, this.count, 0);
    const seen = Math.ceil(this.box.clientHeight / ROW);
    const share = this.box.scrollTop / Math.max(1, this.height - this.box.clientHeight);
    const first = Math.round(Math.min(1, share) * Math.max(0, this.count - seen));
    const from = Math.max(0, first - 10);
    this.fill(from, Math.min(this.count, first + seen + 10), this.box.scrollTop - (first - from) * ROW);
  }

  fill(from, to, top) {
    const made = document.createDocumentFragment();
    for (let index = from; index < to; index++) made.append(this.row(this.place(index)));
    if (to === 0)
      made.append(element("div", "row", this.total === 0 ? "  The log is empty." : "  No line fits."));
    const holder = element("div");
    holder.append(made);
    if (this.isVirtual) {
      holder.style.position = "absolute";
      holder.style.top = `${top}px`;
      holder.style.minWidth = "100%";
    }
    this.rows.replaceChildren(holder);
  }

  row(place) {
    const [n, at, attempt, stage, stream, text] = this.line(place);
    const row = element("div", `row from-${stream}`);
    row.classList.toggle("target", place === this.target);
    row.classList.toggle("now", this.now >= 0 && this.matches[this.now] === place);
    const link = element("a", "no", String(n));
    link.href = `#${this.id}.L${n}`;
    row.append(link, element("span", "at", at.slice(11, 23)));
    const inside = element("span", "in", stage < 0 ? "" : this.stages[stage]);
    inside.title = `attempt ${attempt}${stage < 0 ? "" : `, ${this.stages[stage]}`}, ${stream}, ${at}`;
    const body = element("span", "text");
    fillText(body, text, this.pattern);
    row.append(inside, body);
    return row;
  }

  /** Scrolls to a line, and draws it as the target of the link, or as the present match. */
  reveal(place) {
    let index = place;
    if (this.shown !== null) {
      index = this.shown.indexOf(place);
      if (index === -1) return;
    }
    if (this.isVirtual) {
      const seen = this.box.clientHeight / ROW;
      const share = Math.max(0, index - seen / 3) / Math.max(1, this.count - seen);
      this.box.scrollTop = Math.min(1, share) * (this.height - this.box.clientHeight);
      this.draw();
    } else {
      this.draw();
      const row = this.rows.firstChild.children[index];
      this.box.scrollTop = row.offsetTop - this.box.clientHeight / 3;
    }
  }

  /** Reads the tools and finds the lines that fit, in slices of time. */
  async refresh() {
    const run = ++this.search;
    const said = this.find("found");
    const text = this.find("search").value;
    try {
      const source = this.find("regex").checked ? text : text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
      this.pattern = text === "" ? null : new RegExp(source, this.find("case").checked ? "u" : "iu");
    } catch (error) {
      said.textContent = error.message;
      said.classList.add("bad");
      return;
    }
    said.classList.remove("bad");
    const [stage, stream, attempt] = ["stage", "stream", "attempt"].map(
      (name) => this.find(name)?.value ?? "",
    );
    const isFiltered = stage !== "" || stream !== "" || attempt !== "";
    const onlyMatches = this.find("only").checked && this.pattern !== null;
    const shown = [];
    const matches = [];
    if (isFiltered || this.pattern !== null) {
      let since = performance.now();
      for (let index = 0; index < this.blocks.length; index++) {
        for (const [offset, line] of JSON.parse(this.blocks[index].textContent).entries()) {
          if (stage !== "" && line[3] !== Number(stage)) continue;
          if (stream !== "" && line[4] !== stream) continue;
          if (attempt !== "" && line[2] !== Number(attempt)) continue;
          const isMatch = this.pattern?.test(parsed(line[5]).text) === true;
          if (isMatch) matches.push(this.starts[index] + offset);
          if (isMatch || !onlyMatches) shown.push(this.starts[index] + offset);
        }
        if (performance.now() - since < SLICE) continue;
        said.textContent = `searching… ${Math.floor((100 * index) / this.blocks.length)}%`;
        await pause();
        if (run !== this.search) return;
        since = performance.now();
      }
    }
    this.shown = isFiltered || onlyMatches ? shown : null;
    this.matches = matches;
    this.now = -1;
    this.layOut();
    if (matches.length > 0) this.step(1);
    else {
      this.box.scrollTop = 0;
      this.say();
    }
  }

  say() {
    const { matches, now } = this;
    const lines = `${this.count.toLocaleString("en")} lines`;
    this.find("found").textContent =
      this.pattern === null
        ? this.shown === null
          ? ""
          : lines
        : matches.length === 0
          ? "no match"
          : `${now + 1} of ${matches.length.toLocaleString("en")}`;
  }

  step(by) {
    if (this.matches.length === 0) return;
    this.now = (this.now + by + this.matches.length) % this.matches.length;
    this.reveal(this.matches[this.now]);
    this.say();
  }

  /** Shows the line of a link; filters that hide it are cleared. */
  async jump(n) {
    const first = this.total === 0 ? 0 : this.line(0)[0];
    const place = n - first;
    if (place < 0 || place >= this.total) return false;
    if (this.shown !== null && !this.shown.includes(place)) {
      for (const name of ["stage", "stream", "attempt"]) if (this.find(name)) this.find(name).value = "";
      this.find("only").checked = false;
      await this.refresh();
    }
    this.target = place;
    this.box.scrollIntoView({ block: "center" });
    this.reveal(place);
    return true;
  }

  forgetTarget() {
    if (this.target === -1) return;
    this.target = -1;
    this.draw();
  }

  resize() {
    if (this.isVirtual) this.draw();
  }

  listen() {
    let wait = 0;
    const later = () => {
      clearTimeout(wait);
      wait = setTimeout(() => this.refresh(), 120);
    };
    this.find("search").addEventListener("input", later);
    for (const name of ["regex", "case", "only", "stage", "stream", "attempt"])
      this.find(name)?.addEventListener("change", () => this.refresh());
    this.find("wrap").addEventListener("change", () => this.layOut());
    this.find("next").addEventListener("click", () => this.step(1));
    this.find("previous").addEventListener("click", () => this.step(-1));
    this.find("search").addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.step(event.shiftKey ? -1 : 1);
    });
    let isDrawn = true;
    this.box.addEventListener("scroll", () => {
      if (!this.isVirtual || !isDrawn) return;
      isDrawn = false;
      requestAnimationFrame(() => {
        isDrawn = true;
        this.draw();
      });
    });
  }

  /** On paper there is no scrolling: the first rows are printed, and how many are left out. */
  print(isPrinting) {
    if (!this.isVirtual && !this.isPrinting) return;
    this.isPrinting = isPrinting;
    if (!isPrinting) return this.layOut();
    this.isVirtual = false;
    this.rows.style.height = "auto";
    this.fill(0, MOST_ROWS, 0);
    this.rows.append(
      element(
        "div",
        "row",
        `${(this.count - MOST_ROWS).toLocaleString("en")} more lines are not printed; filter the log to print others.`,
      ),
    );
  }
}
