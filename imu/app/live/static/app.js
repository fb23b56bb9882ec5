// The page: what the program tells goes into `world`, and `paint` shows it. Nothing is shown as live that is not.

import { keepAwake } from "./awake.js";
import { Connection } from "./connection.js";
import { Controls } from "./controls.js";
import { headline } from "./headline.js";
import { Rows, percent, put, seconds } from "./rows.js";
import { Sound } from "./sound.js";
import { Trace } from "./trace.js";

const byId = (id) => document.getElementById(id);
const NOTICE_MS = 8000;
const MOST_BEADS = 60;
const LOST_MS = 3000;

const world = { online: false, refused: "", bye: "", hello: null, link: null, settings: null, state: null, last: null };
let heardAt = 0; // when the newest age came
let stateAt = 0; // when the newest state came
let noticeTimer;
let lostTimer = null;
let lostTold = false;

const trace = new Trace(byId("trace"));
const sound = new Sound(() => controls?.showSound());
const connection = new Connection(hear, () => {
  Object.assign(world, { online: connection.open, refused: connection.refused });
  if (!connection.open) sound.follow(null);
  tellConnection();
  paint();
});
const controls = new Controls(connection, sound, notice);
const rows = new Rows(byId("rows"), byId("reps-none"), async (rep, verdict) => {
  if (!(await controls.do("overrule", { rep, verdict }))) rows.show(); // as it is, not as it was wished
});

const takes = {
  hello(message) {
    if (message.session !== world.hello?.session) world.bye = ""; // the one that said it may still be ending
    world.hello = rows.hello = message;
    controls.hello(message);
  },
  snapshot(message) {
    const { link, settings, state, line, last } = message;
    Object.assign(world, { link, settings, state, last });
    stateAt = Date.now();
    trace.line = line;
    trace.replace(state.trace);
    rows.replace(message.rows, message.sets);
    controls.settings(settings);
    if (message.remark) notice(message.remark);
  },
  state(message) {
    world.state = message;
    stateAt = Date.now();
    trace.append(message.trace);
    sound.follow(message.pitch_deg);
  },
  rep(message) {
    rows.change(message);
    world.last = message.last;
  },
  set: (message) => rows.changeSet(message),
  cue: ({ cue }) => play(cue),
  link: (message) => (world.link = message),
  settings(message) {
    world.settings = message;
    controls.settings(message);
  },
  line: (message) => (trace.line = message),
  remark: ({ text }) => notice(text),
  bye: ({ text }) => (world.bye = text),
};

function hear(message) {
  world.told_age_s = message.age_s;
  heardAt = Date.now();
  takes[message.kind]?.(message);
  paint();
}

/** Everything that a person sees, but for the list and the trace; only what changed is written. */
function paint() {
  const now = Date.now();
  const age_s = world.told_age_s ?? null;
  world.age_s = age_s === null ? null : age_s + (now - heardAt) / 1000;
  world.stale_s = world.hello?.stale_s ?? 1.5;
  world.since_s = Math.min((now - stateAt) / 1000, world.stale_s);
  const head = headline(world);
  document.body.classList.toggle("stale", head.stale);
  if (head.stale) sound.follow(null);
  paintHeadline(head);
  if (!world.link) return;
  paintCount(head);
  paintLink(head);
  paintTempo();
  controls.show(world);
  if (!head.stale) trace.draw(world.state.t_s + world.since_s);
  else trace.draw();
}

function paintHeadline({ word, time, of, under, tone, share }) {
  put(byId("phase"), word);
  put(byId("timer"), time);
  put(byId("timer-of"), of);
  put(byId("under"), under);
  const now = byId("now");
  if (now.dataset.tone !== tone) now.dataset.tone = tone;
  const meter = byId("meter");
  meter.classList.toggle("none", share === null);
  meter.firstElementChild.style.transform = `scaleX(${share ?? 0})`;
  const whole = share === null ? null : String(Math.round(100 * share));
  if (whole === null) meter.removeAttribute("aria-valuenow");
  else if (meter.getAttribute("aria-valuenow") !== whole) meter.setAttribute("aria-valuenow", whole);
}

function paintCount({ stale }) {
  const { state, settings } = world;
  const { shown, of, isCount } = biggest(stale);
  const count = byId("count");
  if (count.textContent !== shown) {
    put(count, shown);
    count.dataset.digits = shown.length;
    if (isCount && !sound.isOn) put(byId("spoken"), shown === "1" ? "1 rep" : `${shown} reps`);
  }
  put(byId("of"), of);
  const parts = [state.set ? `Set ${state.set}` : "", settings.exercise.name.replace(/ \(.*\)/, "")];
  if (settings.load_kg !== null) parts.push(`${settings.load_kg} kg`);
  put(byId("context"), parts.filter(Boolean).join(" · "));
  paintBeads(state, settings);
}

/** The one number: the count; of a static hold its seconds, and of a straight line those that are left. */
function biggest(stale) {
  const { state, settings } = world;
  if (state.calibrating && !stale) {
    return { shown: String(Math.ceil(state.calibrating.left_s)), of: "seconds to hold", isCount: false };
  }
  if (settings.exercise.static && state.hold && !state.rest) {
    const held = state.hold.held_s + (stale ? 0 : world.since_s);
    return { shown: String(Math.floor(held)), of: `of ${settings.hold_s} seconds`, isCount: false };
  }
  return { shown: String(state.count), of: settings.reps ? `of ${settings.reps}` : "", isCount: true };
}

/** One bead a rep of the set, filled by how much of the tempo was kept; empty ones up to the target. */
function paintBeads(state, settings) {
  const kept = rows.counted(state.set).slice(-MOST_BEADS);
  const wanted = Math.min(Math.max(settings.reps ?? 0, state.count, kept.length), MOST_BEADS);
  const beads = byId("beads");
  while (beads.children.length < wanted) beads.append(document.createElement("li"));
  while (beads.children.length > wanted) beads.lastChild.remove();
  [...beads.children].forEach((bead, i) => {
    const share = kept[i]?.adherence ?? null;
    const kind = i >= state.count ? "open" : share === null ? "done" : share >= 0.75 ? "good" : share >= 0.5 ? "fair" : "poor";
    if (bead.className !== kind) bead.className = kind;
  });
}

function paintLink({ stale }) {
  const { link, settings } = world;
  const place = byId("link");
  const kind = !world.online ? "bad" : link.good ? "good" : stale ? "bad" : "warn";
  if (place.dataset.kind !== kind) place.dataset.kind = kind;
  put(byId("sensor"), link.sensor);
  put(byId("link-words"), !world.online ? "no connection" : link.stage === "recording" ? link.words : link.stage);
  const battery = byId("battery");
  battery.hidden = link.battery_pct === null;
  battery.classList.toggle("low", link.battery_low);
  put(byId("battery-words"), link.battery_pct === null ? "" : `${link.battery_low ? "low " : ""}${link.battery_pct} %`);
  battery.querySelector(".cell i").style.transform = `scaleX(${(link.battery_pct ?? 0) / 100})`;
  byId("synthetic").hidden = !settings.synthetic;
}

function paintTempo() {
  const { settings, last } = world;
  const targets = byId("tempo-target").cells;
  settings.phases_s.forEach((value, i) => put(targets[i + 1], value === null ? "X" : String(value)));
  const set = rows.sets.get(world.state.set);
  const mean = average(rows.counted(world.state.set).map((row) => row.adherence));
  const overall = set?.step === "ended" ? set.adherence : mean;
  put(targets[5], overall === null ? "" : `set ${percent(overall)}`);
  const cells = byId("tempo-last").cells;
  for (let i = 0; i < 4; i += 1) {
    const hit = last?.hits[i] ?? null;
    const mark = hit === null ? "" : hit ? " ✓" : " ✗";
    put(cells[i + 1], last ? seconds(last.phases_s[i]) + mark : "–");
    cells[i + 1].className = hit === null ? "" : hit ? "hit" : "miss";
  }
  put(cells[5], last ? percent(last.adherence) : "");
}

/** Whoever only listens has to hear it, too: silence would pass for nothing to say. A short drop is not worth a word. */
function tellConnection() {
  const say = (text) => play({ what: "say", level: "count", why: "link", text });
  if (connection.open) {
    clearTimeout(lostTimer);
    if (lostTold) say("connection back");
    lostTimer = null;
    lostTold = false;
  } else if (world.hello) {
    lostTimer ??= setTimeout(() => {
      lostTold = true;
      say("connection lost");
    }, LOST_MS);
  }
}

/** What is not heard is told to a screen reader; the count it takes from the number. */
function play(cue) {
  if (sound.isOn) sound.play(cue);
  else if (cue.what === "say" && cue.why !== "count") put(byId("spoken"), cue.text);
}

function average(values) {
  const known = values.filter((value) => value !== null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

function notice(text) {
  put(byId("notice"), text);
  byId("notice").classList.add("shown");
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => {
    byId("notice").classList.remove("shown");
    put(byId("notice"), "");
  }, NOTICE_MS);
}

setInterval(paint, 100); // what lasts goes on between two messages, and what is old shows its age
sound.unlockAtFirstTap();
keepAwake((words, awake) => {
  put(byId("awake-hint"), words);
  byId("sound-on").onclick = awake ? null : () => notice(words); // who wants to listen, wants it to go on
});
