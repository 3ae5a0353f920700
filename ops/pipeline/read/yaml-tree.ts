/**
 * Reads YAML 1.2 into a small tree with positions, in which aliases and merge keys are resolved.
 * Bounded: a hostile text takes neither memory nor time beyond its own size.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type ParsedNode,
  parseAllDocuments,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { MAX_BYTES, MAX_NESTING, MAX_VALUES } from "../limits.js";
import { type Place, type Problems, placesIn, quoted } from "./problems.js";
import { syntaxProblem, tagProblem, tagsIn, whyUnreadable, withoutFollowing } from "./yaml-text.js";

export interface ScalarNode {
  kind: "scalar";
  /** As written, without quotes: `3.10`. */
  text: string;
  /** As YAML understands it: 3.1. */
  value: string | number | boolean | null;
  /** Line of the first line of the text. */
  textLine: number;
  /**
   * The position of a part of the text, from its offset; of the value, where escapes hide the part.
   */
  placeOf(offset: number, length: number): Place;
  at: Place;
}

export interface ListNode {
  kind: "list";
  items: readonly TreeNode[];
  at: Place;
}

export interface MapEntry {
  name: string;
  /** Position of the name. */
  at: Place;
  value: TreeNode;
}

export interface MapNode {
  kind: "map";
  entries: readonly MapEntry[];
  at: Place;
}

export type TreeNode = ScalarNode | ListNode | MapNode;

function nothingAt(at: Place): ScalarNode {
  return { kind: "scalar", text: "", value: null, at, textLine: at.line, placeOf: () => at };
}

const START: Place = { line: 1, column: 1 };

/** The tree; null if the text has problems, which are added. Never throws. */
export function readTree(given: string, problems: Problems): TreeNode | null {
  const text = given.length > MAX_BYTES ? "" : given.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const unreadable = whyUnreadable(given, text);
  if (unreadable !== null) {
    problems.add(unreadable.at, "", unreadable.message);
    return null;
  }
  const documents = parseAllDocuments<ParsedNode>(text, {
    // Reported by `TreeReader`, with the position of the first key.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const place = placesIn(text);
  const list: readonly Document.Parsed<ParsedNode>[] = Array.isArray(documents) ? documents : [];
  for (const { tag, at } of tagsIn(text)) problems.add(place(at), "", tagProblem(tag));
  for (const { errors, warnings, directives } of list) {
    for (const error of withoutFollowing([...errors, ...warnings], text)) {
      const { at, message } = syntaxProblem(error, text);
      problems.add(place(at), "", message);
    }
    const { explicit, version } = directives.yaml;
    if (explicit && version !== "1.2")
      problems.add(START, "", `liveops reads YAML 1.2; remove the line %YAML ${version}`);
  }
  if (!problems.isEmpty) return null;
  const [first, second] = list;
  if (first === undefined || first.contents === null || isEmpty(first.contents)) {
    problems.add(START, "", `the file is empty; ${WRITE_ONE}`);
    return null;
  }
  if (second !== undefined) {
    problems.add(
      place(second.range[0]),
      "",
      `the file has ${list.length} documents; a pipeline is one: remove the --- lines`,
    );
    return null;
  }
  const tree = new TreeReader(problems, text, place).read(first.contents);
  return problems.isEmpty ? tree : null;
}

const WRITE_ONE = "liveops new FILE.yaml writes a working pipeline";

function isEmpty(node: ParsedNode): boolean {
  return isScalar(node) && node.value === null;
}

/** A value that is too large, too deep or refers to itself: the rest of the file is not read. */
class Unbounded extends Error {
  constructor(
    readonly at: Place,
    message: string,
  ) {
    super(message);
  }
}

interface Read {
  node: TreeNode;
  /** Values in the node, with aliases. */
  values: number;
}

class TreeReader {
  readonly #anchors = new Map<string, Read | "reading">();

  constructor(
    private readonly problems: Problems,
    private readonly source: string,
    private readonly place: (offset: number) => Place,
  ) {}

  read(node: ParsedNode): TreeNode | null {
    try {
      return this.#node(node, 0).node;
    } catch (error) {
      if (!(error instanceof Unbounded)) throw error;
      this.problems.add(error.at, "", error.message);
      return null;
    }
  }

  #node(node: ParsedNode | null, depth: number): Read {
    const at = this.place(node?.range[0] ?? 0);
    if (depth > MAX_NESTING)
      throw new Unbounded(at, `the file is nested more than ${MAX_NESTING} levels deep`);
    if (node === null) return { node: nothingAt(at), values: 1 };
    if (isAlias(node)) return this.#alias(node, at);
    const { anchor } = node;
    if (anchor !== undefined) this.#anchors.set(anchor, "reading");
    let read: Read;
    if (isMap(node)) read = this.#map(node, at, depth);
    else if (isSeq(node)) read = this.#list(node, at, depth);
    else read = { node: this.#scalarOf(node as ParsedNode & { kind?: never }, at), values: 1 };
    if (read.values > MAX_VALUES)
      throw new Unbounded(at, `the file has more than ${MAX_VALUES} values, with those of aliases`);
    if (anchor !== undefined) this.#anchors.set(anchor, read);
    return read;
  }

  #alias({ source }: Alias.Parsed, at: Place): Read {
    const read = this.#anchors.get(source);
    if (read === "reading")
      throw new Unbounded(at, `the alias *${source} is part of its own anchor`);
    if (read !== undefined) return read;
    const names = [...this.#anchors.keys()];
    const hint = /^\w+$/.test(source) ? "" : "; put a pattern in quotes";
    this.problems.addNear(
      at,
      "",
      `no anchor &${source} is above the alias *${source}${hint}`,
      source,
      names,
    );
    return { node: nothingAt(at), values: 1 };
  }

  #scalarOf(node: ParsedNode, at: Place): ScalarNode {
    const { value, source, type } = node as { value?: unknown; source?: string; type?: string };
    const isBlock = type === "BLOCK_LITERAL" || type === "BLOCK_FOLDED";
    const known = typeof value === "number" || typeof value === "boolean" || value === null;
    const text = source ?? String(value ?? "");
    if (text.includes("\0")) this.problems.add(at, "", "a text must not have a null character");
    if (!text.isWellFormed()) this.problems.add(at, "", "a text must be valid Unicode");
    const [from, to] = node.range;
    // A word of a script is neither folded nor escaped, so it is found where it stands as often as
    // in the text.
    const placeOf = (offset: number, length: number): Place => {
      const part = text.slice(offset, offset + length);
      let found = from - 1;
      for (let n = text.indexOf(part); n !== -1 && n <= offset; n = text.indexOf(part, n + 1)) {
        found = this.source.indexOf(part, found + 1);
        if (found === -1 || found >= to) return at;
      }
      return this.place(found);
    };
    const textLine = isBlock ? at.line + 1 : at.line;
    return { kind: "scalar", text, value: known ? (value as number) : text, at, textLine, placeOf };
  }

  #list(node: YAMLSeq.Parsed, at: Place, depth: number): Read {
    const items: TreeNode[] = [];
    let values = 1;
    for (const item of node.items) {
      const read = this.#node(item as ParsedNode, depth + 1);
      items.push(read.node);
      values += read.values;
    }
    return { node: { kind: "list", items, at }, values };
  }

  #map(node: YAMLMap.Parsed, at: Place, depth: number): Read {
    const own = new Map<string, MapEntry>();
    const merged = new Map<string, MapEntry>();
    let values = 1;
    for (const { key, value } of node.items) {
      const keyAt = this.place(key?.range?.[0] ?? node.range[0]);
      const read = this.#node(value as ParsedNode | null, depth + 1);
      values += read.values;
      // A key without a value has its own position.
      const at = value === null || value.range === undefined ? keyAt : read.node.at;
      const entry = { at: keyAt, value: value === null ? { ...read.node, at } : read.node };
      if (!isScalar(key) || key.value === null)
        this.problems.add(keyAt, "", "a key must be a text, such as name:");
      else if (key.source === "<<" && key.type === "PLAIN") this.#merge(read.node, keyAt, merged);
      else this.#put(own, { name: key.source ?? String(key.value), ...entry });
    }
    // A key of the map itself comes before those that are merged.
    for (const [name, entry] of merged) if (!own.has(name)) own.set(name, entry);
    return { node: { kind: "map", entries: [...own.values()], at }, values };
  }

  #put(entries: Map<string, MapEntry>, entry: MapEntry): void {
    const { name, at } = entry;
    const first = entries.get(name);
    if (first === undefined) entries.set(name, entry);
    else
      this.problems.add(
        at,
        name,
        `${quoted(name)} is given twice; the first is in line ${first.at.line}`,
      );
  }

  #merge(node: TreeNode, at: Place, merged: Map<string, MapEntry>): void {
    const maps = node.kind === "list" ? node.items : [node];
    for (const map of maps) {
      if (map.kind !== "map") {
        this.problems.add(at, "<<", "<< takes a map, or a list of maps, such as *anchor");
        continue;
      }
      for (const entry of map.entries) if (!merged.has(entry.name)) merged.set(entry.name, entry);
    }
  }
}

/** The value of a key; undefined: it is not there, or the node is no map. */
export function nodeOf(node: TreeNode, name: string): TreeNode | undefined {
  return node.kind === "map" ? node.entries.find((entry) => entry.name === name)?.value : undefined;
}
