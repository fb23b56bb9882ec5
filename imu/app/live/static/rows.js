// The list of this session's movements, newest first, set by set; a person may overrule each verdict.

const SEP = " · ";
export const percent = (share) => (share === null ? "" : `${Math.round(100 * share)} %`);
export const seconds = (value) => (value === null ? "–" : value.toFixed(1));

export class Rows {
  /** `overrule(id, verdict)` is called when a person chose one. */
  constructor(list, none, overrule) {
    this.list = list;
    this.none = none;
    this.overrule = overrule;
    this.items = new Map();
    this.rows = new Map();
    this.sets = new Map();
    this.hello = null;
  }

  replace(rows, sets) {
    this.rows = new Map(rows.map((row) => [row.id, row]));
    this.sets = new Map(sets.map((set) => [set.set, set]));
    this.show();
  }

  change({ was, row }) {
    if (was !== null) this.rows.delete(was);
    if (row !== null) this.rows.set(row.id, row);
    this.show();
  }

  changeSet(set) {
    if (set.step === "retracted") this.sets.delete(set.set);
    else this.sets.set(set.set, set);
    this.show();
  }

  /** Rows of one set that count, in order. */
  counted(set) {
    const rows = [...this.rows.values()].filter((row) => row.counted && (row.set === set || row.set === null));
    return rows.sort((a, b) => a.start_s - b.start_s);
  }

  /** Put the list in order; what stays is not built anew, so that nobody loses the place where they are. */
  show() {
    const wanted = [];
    let heading = null;
    for (const row of [...this.rows.values()].sort((a, b) => b.start_s - a.start_s)) {
      if (row.set !== null && row.set !== heading) {
        heading = row.set;
        wanted.push([`set ${heading}`, () => this.#heading(heading)]);
      }
      wanted.push([row.id, () => this.#row(row)]);
    }
    const keys = new Set(wanted.map(([key]) => key));
    for (const [key, item] of this.items) {
      if (!keys.has(key)) {
        item.remove();
        this.items.delete(key);
      }
    }
    let before = null;
    for (const [key, fill] of wanted) {
      before = this.#place(key, before);
      fill();
    }
    this.none.hidden = wanted.length > 0;
  }

  #place(key, before) {
    let item = this.items.get(key);
    if (!item) {
      item = document.createElement("li");
      this.items.set(key, item);
    }
    const next = before ? before.nextSibling : this.list.firstChild;
    if (next !== item) this.list.insertBefore(item, next);
    return item;
  }

  #heading(number) {
    const set = this.sets.get(number);
    const parts = [`Set ${number}`];
    if (set?.step === "ended") {
      parts.push(set.reps === 1 ? "1 rep" : `${set.reps} reps`);
      if (set.adherence !== null) parts.push(`tempo kept ${percent(set.adherence)}`);
      if (set.load_kg !== null) parts.push(`${set.load_kg} kg`);
    }
    const item = this.items.get(`set ${number}`);
    item.className = "set";
    put(item, parts.join(SEP));
  }

  #row(row) {
    const item = this.items.get(row.id);
    item.className = row.counted ? "rep" : "rep not";
    if (!item.firstChild) this.#build(item, row.id);
    const [number, words, select] = item.children;
    put(number, row.counted ? String(row.rep) : "–");
    put(words.firstChild, row.counted ? row.tempo : row.verdict_words);
    const parts = [];
    if (row.counted && row.adherence !== null) parts.push(`kept ${percent(row.adherence)}`);
    if (row.rom_deg !== null) parts.push(`range ${Math.round(row.rom_deg)}°`);
    parts.push(...row.flags.map((flag) => flag.toLowerCase().replace("_", " ")));
    if (row.label !== null && row.label !== row.verdict) parts.push(`overruled: ${row.label_words}`);
    put(words.lastChild, parts.join(SEP));
    this.#verdicts(select, row);
  }

  #build(item, id) {
    const number = Object.assign(document.createElement("b"), { className: "no" });
    const words = Object.assign(document.createElement("p"), { className: "words" });
    words.append(document.createElement("span"), document.createElement("small"));
    const select = document.createElement("select");
    select.addEventListener("change", () => this.overrule(id, select.value));
    item.append(number, words, select);
  }

  /** The choices, the program's own apart from the others; what is chosen is the person's word, where there is one. */
  #verdicts(select, row) {
    const verdicts = Object.entries(this.hello?.verdicts ?? {});
    select.hidden = this.hello?.role !== "control";
    select.setAttribute("aria-label", `Verdict of ${row.counted ? `rep ${row.rep}` : "this movement"}`);
    const key = verdicts.length + row.verdict;
    if (select.dataset.key !== key) {
      select.dataset.key = key;
      const own = group("The program says", verdicts.filter(([value]) => value === row.verdict));
      select.replaceChildren(own, group("Overrule it as", verdicts.filter(([value]) => value !== row.verdict)));
    }
    select.value = row.label ?? row.verdict;
    select.classList.toggle("overruled", row.label !== null && row.label !== row.verdict);
  }
}

function group(label, verdicts) {
  const made = Object.assign(document.createElement("optgroup"), { label });
  made.append(...verdicts.map(([value, words]) => new Option(words, value)));
  return made;
}

export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
