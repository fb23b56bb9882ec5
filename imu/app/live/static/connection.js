// The way to the program: a WebSocket, or where that is refused server-sent events and POST; it comes back by itself.
// Nothing that was missed is asked for: whoever connects anew gets a snapshot first.

export const VERSION = 1;
const SILENT_MS = 3000; // the program says something at least once a second
const WAKING_MS = 1200; // a page that was hidden so long since the last word does not wait for the watchdog
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 3000;
const ANSWER_MS = 5000;
const RELOADED = "reloaded"; // kept for this tab: that it was loaded anew for the program's sake
const ASK_EVERY = 4; // tries; the program may come back at any time, and with other keys
const LONGEST_REFUSAL = 200; // characters

export class Connection {
  /** `hear(message)` takes every message, `change()` is called when it opens or is lost. */
  constructor(hear, change) {
    this.hear = hear;
    this.change = change;
    this.open = false;
    this.refused = ""; // why the program did not let this page in, in its words
    this.heardAt = 0;
    this.tries = 0;
    this.socketWorks = false;
    this.number = 0;
    this.waiting = new Map();
    setInterval(() => this.#watch(), 500);
    for (const [target, kind] of [[document, "visibilitychange"], [window, "pageshow"], [window, "online"]]) {
      target.addEventListener(kind, () => this.#wake());
    }
    this.#begin();
  }

  /** Ask the program to do something; resolves to null, or to what is wrong in a sentence. */
  send(what, keys = {}) {
    const id = this.number++;
    const text = JSON.stringify({ v: VERSION, id, do: what, ...keys });
    if (!this.open) return Promise.resolve("Not connected; nothing was done.");
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answered(id, "No answer; look whether it was done."), ANSWER_MS);
      this.waiting.set(id, { resolve, timer });
      this.way.say(text, (answer) => this.#take(answer), (wrong) => this.#answered(id, wrong));
    });
  }

  #begin() {
    clearTimeout(this.again);
    this.tries += 1;
    const events = this.tries % (this.socketWorks ? 4 : 2) === 0; // where a socket worked it will again, mostly
    this.heardAt = Date.now();
    const ends = { take: (text) => this.#take(text), gone: (way, why) => way === this.way && this.#lost(why) };
    try {
      this.way = events ? new Events(ends) : new Socket(ends);
    } catch {
      this.#lost();
    }
  }

  #take(text) {
    const message = JSON.parse(text);
    this.heardAt = Date.now();
    if (message.v !== VERSION) return this.#outdated();
    if (message.kind === "done" || message.kind === "error") return this.#answered(message.id, message.text ?? null);
    if (message.kind === "hello") {
      this.tries = 0;
      this.refused = "";
      sessionStorage.removeItem(RELOADED);
      this.socketWorks ||= this.way instanceof Socket;
      this.open = true;
      this.change();
    }
    this.hear(message);
  }

  #answered(id, text) {
    const { resolve, timer } = this.waiting.get(id) ?? {};
    clearTimeout(timer);
    this.waiting.delete(id);
    resolve?.(text);
  }

  #lost(why = "") {
    const way = this.way;
    this.way = null;
    way?.close();
    const was = this.open;
    this.open = false;
    if (why) this.refused = why;
    if (this.tries % ASK_EVERY === ASK_EVERY - 1) this.#ask();
    if (was || why) this.change();
    clearTimeout(this.again);
    this.again = setTimeout(() => this.#begin(), Math.min(FIRST_WAIT_MS * 2 ** (this.tries - 1), LONGEST_WAIT_MS));
  }

  #watch() {
    if (this.way && Date.now() - this.heardAt > SILENT_MS) this.#lost();
  }

  #wake() {
    if (document.hidden || (this.way && Date.now() - this.heardAt < WAKING_MS)) return;
    this.tries = 0;
    if (this.way) this.#lost();
    this.#begin();
  }

  /** Nobody is let in without a link; the answer to an ordinary request says so, that to a WebSocket cannot. */
  async #ask() {
    try {
      const answer = await fetch("/", { cache: "no-store" });
      if (!answer.ok) this.refused = (await answer.text()).slice(0, LONGEST_REFUSAL);
    } catch {
      this.refused = "";
    }
    this.change();
  }

  /** A page that is older than the program speaks another language, and is loaded anew; if that did not help, it says so. */
  #outdated() {
    if (sessionStorage.getItem(RELOADED)) {
      this.refused = "This page is not of the version of the program: close it and open it again.";
      return this.change();
    }
    sessionStorage.setItem(RELOADED, "1");
    location.reload();
  }
}

class Socket {
  constructor({ take, gone }) {
    this.socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    this.socket.onmessage = (event) => this.socket && take(event.data);
    this.socket.onerror = () => gone(this);
    this.socket.onclose = (event) => gone(this, event?.reason);
  }

  say(text) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  close() {
    const socket = this.socket;
    this.socket = null;
    socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
  }
}

class Events {
  constructor({ take, gone }) {
    this.source = new EventSource("/events");
    this.source.onmessage = (event) => take(event.data);
    this.source.onerror = () => gone(this);
  }

  /** `answered` takes the answer to a command that was read, `refused` what is wrong with any other. */
  async say(text, answered, refused) {
    const headers = { "content-type": "application/json" };
    const answer = await fetch("/command", { method: "POST", body: text, headers }).catch(() => null);
    const said = await answer?.text().catch(() => null);
    if (!said) return;
    const message = answer.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(said) : { text: said };
    if (message.id === undefined || message.id === null) refused(message.text.slice(0, LONGEST_REFUSAL));
    else answered(said);
  }

  close() {
    this.source.onmessage = this.source.onerror = null;
    this.source.close();
  }
}
